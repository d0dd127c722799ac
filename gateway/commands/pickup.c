/*
 * The command `pickup`: which files of the drops would be picked up now, which not, and why. It lists the drops itself,
 * beside a running gateway too, and changes nothing. How long a file has been unchanged it cannot see in one listing;
 * it takes that from the ledger, where the gateway records what its own listings saw.
 */
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/commands/claim_seen.h"
#include "gateway/commands/command.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "gateway/commands/words.h"
#include "gateway/pipeline/pickup/completeness.h"
#include "gateway/pipeline/pickup/signature_wait.h"
#include "gateway/room.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_pickups.h"

#include <stdio.h>
#include <string.h>

enum { MICROSECONDS = 1000000 /* in a second */ };

/* What may keep the gateway from picking up anything. */
struct hindrances {
    const char *of_all; /* the reason for all drops (A108, A109); NULL: none */
    struct claim_viewer viewer;
};

/* One drop and what it lists. */
struct viewing {
    struct gateway *gateway;
    const struct drop *drop;
    GPtrArray *entries;     /* struct drop_entry, each with a name of its own */
    GHashTable *names;      /* seen so far */
    GHashTable *signatures; /* name of a file → struct drop_entry: its signature */
    GHashTable *markers;    /* names that have a marker file, without DROP_MARKER */
    GHashTable *custody;    /* escaped name → struct ledger_job: in the spool, but the copy is still in the drop */
    GHashTable *taken;      /* raw name that a copy has before it is removed → the same struct ledger_job */
    GPtrArray *jobs;        /* owns the values of custody */
    GPtrArray *faults;      /* struct ledger_pickup: what the gateway could not take, or not remove */
    GPtrArray *stuck;       /* escaped names of files that cannot be taken, by the ledger or by this listing */
    json_t *rows;
    const struct hindrances *hindrances;
    char *hindrance; /* why nothing is picked up at all (A108, A109, A110); NULL: nothing hinders it */
};

static void free_entry(gpointer user)
{
    struct drop_entry *entry = user;

    g_free((char *)entry->name);
    g_free(entry);
}

/* Keeps an entry until the listing is complete: the marker of a file may be listed after the file. */
static bool keep_entry(void *user, const struct drop_entry *entry)
{
    struct viewing *v = user;
    struct drop_entry *copy;

    if (!g_hash_table_add(v->names, g_strdup(entry->name)))
        return true; /* a server that names it twice has it once */
    copy = g_memdup2(entry, sizeof *entry);
    copy->name = g_strdup(entry->name);
    g_ptr_array_add(v->entries, copy);
    if (signature_wait_is_one(v->drop, entry->name))
        g_hash_table_insert(v->signatures, g_strndup(entry->name, strlen(entry->name) - strlen(SIGNATURE_SUFFIX)),
                            copy);
    if (entry->regular && g_str_has_suffix(entry->name, DROP_MARKER))
        g_hash_table_add(v->markers, g_strndup(entry->name, strlen(entry->name) - strlen(DROP_MARKER)));
    return true;
}

static int by_name(gconstpointer a, gconstpointer b)
{
    const struct drop_entry *x = *(struct drop_entry *const *)a, *y = *(struct drop_entry *const *)b;

    return strcmp(x->name, y->name);
}

/* Seconds since the gateway first saw the file as it is now; -1: it has not seen it so. */
static int64_t unchanged_seconds(const struct ledger_pickup *known, const struct drop_entry *entry)
{
    if (known == NULL || known->size != entry->identity.size || known->modified != entry->modified ||
        strcmp(known->decision, "gone") == 0)
        return -1;
    return MAX(clock_now() - known->since, 0);
}

/* The rule's reason, and for a file that has to stay unchanged how long it still has to. */
static char *explain(const struct completeness_result *result, int64_t unchanged)
{
    int64_t left = (result->wait + MICROSECONDS - 1) / MICROSECONDS;

    if (result->wait == 0)
        return g_strdup(result->reason);
    if (unchanged < 0)
        return g_strdup_printf("%s; the gateway has not seen it with this size and time yet, %" G_GINT64_FORMAT
                               " s to go",
                               result->reason, left);
    return g_strdup_printf("%s; it changed %" G_GINT64_FORMAT " s ago, %" G_GINT64_FORMAT " s to go", result->reason,
                           unchanged, left);
}

/* The fault of an entry as the gateway met it; NULL: none, or the entry has changed since. */
static const struct ledger_pickup *fault_of(const struct viewing *v, const struct drop_entry *entry,
                                            const char *escaped)
{
    for (guint i = 0; i < v->faults->len; i++) {
        const struct ledger_pickup *fault = v->faults->pdata[i];
        if (strcmp(fault->name, escaped) == 0 && fault->size == entry->identity.size &&
            fault->modified == entry->modified)
            return fault;
    }
    return NULL;
}

/* The name of a file that cannot be taken and that this one waits behind; NULL: there is none. */
static const char *name_ahead(const struct viewing *v, const char *name)
{
    struct filename file, other;
    const struct config_arrival arrival = {v->drop->name, clock_now(), 0};
    const struct config *config = v->gateway->config;

    if (!config_parse_name(config, &arrival, name, strlen(name), &file))
        return NULL;
    for (guint i = 0; i < v->stuck->len; i++) {
        const char *stuck = v->stuck->pdata[i];
        if (config_parse_name(config, &arrival, stuck, strlen(stuck), &other) &&
            completeness_waits_behind(&file, &other))
            return stuck;
    }
    return NULL;
}

/* Why the copy of a job's file cannot be removed; NULL: nothing is known of that. */
static const char *stuck_reason(const struct viewing *v, const struct ledger_job *job)
{
    for (guint i = 0; i < v->faults->len; i++) {
        const struct ledger_pickup *fault = v->faults->pdata[i];
        if (fault->job == job->id && strcmp(fault->decision, pickup_decision_name(PICKUP_FAULT)) != 0)
            return fault->reason;
    }
    return NULL;
}

/* True, and *result filled, if the file is in the spool already. */
static bool is_in_custody(const struct viewing *v, const struct drop_entry *entry, const char *escaped,
                          struct completeness_result *result)
{
    const struct ledger_job *job = g_hash_table_lookup(v->custody, escaped);

    if (job != NULL && !completeness_is_copy(&job->source, entry))
        job = NULL;
    if (job == NULL)
        job = g_hash_table_lookup(v->taken, entry->name);
    if (job == NULL)
        return false;
    const char *stuck = stuck_reason(v, job);
    *result = (struct completeness_result){
        .decision = PICKUP_LEAVE, .reason = stuck != NULL ? g_strdup(stuck) : completeness_in_custody(job->id)};
    return true;
}

/* What the gateway has met with the entry, or with one before it, decides before its own rule. */
static void keep_back(const struct viewing *v, const struct drop_entry *entry, const char *escaped,
                      struct completeness_result *result)
{
    const struct ledger_pickup *fault = fault_of(v, entry, escaped);
    const char *ahead = name_ahead(v, entry->name);
    const struct config_arrival arrival = {v->drop->name, clock_now(), 0};
    const struct party *stopped = config_stopped_sender(v->gateway->config, &arrival, entry->name, strlen(entry->name));

    if (result->decision != PICKUP_TAKE && !g_str_has_prefix(entry->name, FILENAME_TAKEN_PREFIX))
        return;
    if (stopped != NULL && result->decision == PICKUP_TAKE) {
        g_free(result->reason);
        *result = (struct completeness_result){.decision = PICKUP_WAIT, .reason = completeness_awaits(stopped)};
    } else if (ahead != NULL) {
        g_free(result->reason);
        *result = (struct completeness_result){.decision = PICKUP_WAIT, .reason = completeness_behind(ahead)};
    } else if (fault != NULL && strcmp(fault->decision, pickup_decision_name(PICKUP_FAULT)) == 0) {
        g_free(result->reason);
        *result = (struct completeness_result){.decision = PICKUP_FAULT, .reason = g_strdup(fault->reason)};
    }
}

/* One entry and what is decided about it. */
struct viewed {
    const struct drop_entry *entry;
    char *escaped; /* its name */
    int64_t unchanged;
    bool by_rule; /* the drop's rule has decided, so that another entry or a hindrance may keep it back */
    struct completeness_result result;
};

static void clear_viewed(gpointer user)
{
    struct viewed *viewed = user;

    g_free(viewed->escaped);
    g_free(viewed->result.reason);
}

/* Whether a file that would be taken has to wait for its signature. */
static bool await_signature(struct viewing *v, const struct drop_entry *entry, struct completeness_result *result,
                            GError **error)
{
    const struct drop_entry *signature = g_hash_table_lookup(v->signatures, entry->name);
    g_autofree char *escaped = signature != NULL ? text_escape(signature->name, strlen(signature->name), 0) : NULL;
    g_autofree struct ledger_pickup *known = NULL;
    bool taken;

    if (result->decision != PICKUP_TAKE)
        return true;
    if (signature != NULL && !ledger_pickup_get(v->gateway->ledger, v->drop->name, escaped, &known, error))
        return false;
    int64_t unchanged = signature != NULL ? unchanged_seconds(known, signature) : 0;
    const struct signature_wait wait = {v->gateway, v->drop, entry, signature, MAX(unchanged, 0) * MICROSECONDS};

    return signature_wait_decide(&wait, result, &taken, error);
}

/* A signature whose file is not in the drop. */
static bool judge_alone(const struct viewing *v, const struct drop_entry *entry, struct completeness_result *result,
                        GError **error)
{
    g_autofree char *file =
        g_strndup(entry->name, strlen(entry->name) - MIN(strlen(entry->name), strlen(SIGNATURE_SUFFIX)));

    return g_hash_table_contains(v->names, file) || signature_wait_alone(v->gateway, v->drop, entry, result, error);
}

/* Decides by the entry itself. */
static bool decide(struct viewing *v, const struct drop_entry *entry, GArray *all, GError **error)
{
    struct viewed viewed = {.entry = entry, .escaped = text_escape(entry->name, strlen(entry->name), 0)};
    g_autofree struct ledger_pickup *known = NULL;

    if (!ledger_pickup_get(v->gateway->ledger, v->drop->name, viewed.escaped, &known, error)) {
        g_free(viewed.escaped);
        return false;
    }
    viewed.unchanged = unchanged_seconds(known, entry);
    viewed.by_rule = !is_in_custody(v, entry, viewed.escaped, &viewed.result) &&
                     !completeness_is_own(entry, v->gateway->config, &viewed.result);
    if (viewed.by_rule)
        completeness_decide(v->drop, entry, g_hash_table_contains(v->markers, entry->name),
                            MAX(viewed.unchanged, 0) * MICROSECONDS, &viewed.result);
    if (viewed.by_rule &&
        (!await_signature(v, entry, &viewed.result, error) || !judge_alone(v, entry, &viewed.result, error))) {
        clear_viewed(&viewed);
        return false;
    }
    if (viewed.result.decision == PICKUP_FAULT)
        g_ptr_array_add(v->stuck, g_strdup(viewed.escaped));
    g_array_append_val(all, viewed);
    return true;
}

/* Takes into account what else is in the drop, and what keeps the gateway from picking up anything. */
static void add_row(struct viewing *v, struct viewed *viewed)
{
    const struct drop_entry *entry = viewed->entry;
    struct completeness_result *result = &viewed->result;
    json_t *row = json_object();

    if (viewed->by_rule)
        keep_back(v, entry, viewed->escaped, result);
    if (viewed->by_rule && result->decision == PICKUP_TAKE && v->hindrance != NULL) {
        g_free(result->reason);
        result->decision = PICKUP_WAIT;
        result->reason = g_strdup(v->hindrance);
    }
    g_autofree char *reason = explain(result, viewed->unchanged);
    output_set_text(row, "drop", v->drop->name);
    output_set_text(row, "name", viewed->escaped);
    output_set_number(row, "size", entry->identity.size);
    output_set(row, "modified", command_json_instant(entry->modified));
    output_set_text(row, "decision", pickup_decision_name(result->decision));
    output_set_text(row, "reason", reason);
    (void)json_array_append_new(v->rows, row); /* fails only without memory, which ends the program */
}

/* What the ledger knows of the drop. */
static bool load_known(struct viewing *v, GError **error)
{
    struct ledger *ledger = v->gateway->ledger;

    if (!ledger_jobs_with_source(ledger, v->drop->name, &v->jobs, error) ||
        !ledger_pickups_failing(ledger, v->drop->name, &v->faults, error))
        return false;
    for (guint i = 0; i < v->jobs->len; i++) {
        struct ledger_job *job = v->jobs->pdata[i];
        size_t len;
        g_autofree char *name = text_unescape(job->name, &len);
        g_hash_table_insert(v->custody, (gpointer)job->name, job);
        if (name != NULL)
            g_hash_table_insert(v->taken, transport_taken_name(job->id, name), job);
    }
    for (guint i = 0; i < v->faults->len; i++) {
        const struct ledger_pickup *fault = v->faults->pdata[i];
        if (strcmp(fault->decision, pickup_decision_name(PICKUP_FAULT)) == 0 &&
            g_hash_table_contains(v->names, fault->name))
            g_ptr_array_add(v->stuck, g_strdup(fault->name));
    }
    return true;
}

/* Why nothing is picked up from this drop: the reason for all drops, or its claim; NULL: nothing hinders it. g_free. */
static char *hindrance_of(const struct hindrances *hindrances, const struct drop *drop)
{
    struct claim_seen seen;

    if (hindrances->of_all != NULL)
        return g_strdup(hindrances->of_all);
    claim_seen_look(&seen, drop, &hindrances->viewer);
    char *text = seen.good ? NULL : g_strdup_printf("A110: nothing is picked up from this drop: %s", seen.text);
    claim_seen_clear(&seen);
    return text;
}

/* Lists with a connection of its own, which the gateway's connections do not notice. */
static bool list_drop(struct viewing *v, GError **error)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct viewed));
    const struct transport *transport = v->drop->transport;
    struct connection *connection = transport->open(v->drop, CONNECTION_IN);
    bool good = transport->list(connection, keep_entry, v, error) && load_known(v, error);

    transport->close(connection);
    if (good)
        v->hindrance = hindrance_of(v->hindrances, v->drop);
    g_ptr_array_sort(v->entries, by_name);
    g_array_set_clear_func(all, clear_viewed);
    for (guint i = 0; good && i < v->entries->len; i++)
        good = decide(v, v->entries->pdata[i], all, error);
    for (guint i = 0; good && i < all->len; i++)
        add_row(v, &g_array_index(all, struct viewed, i));
    return good;
}

static void print_rows(const struct invocation *invocation, const struct drop *drop, const json_t *rows)
{
    static const char *const columns[] = {"decision", "size", "modified", "name", "reason", NULL};
    const json_t *row;
    size_t i;

    if (!invocation->json) {
        printf("%s%s\n", drop->name, json_array_size(rows) == 0 ? ": nothing there" : "");
        output_table(rows, columns, OUTPUT_MOST_ROWS, "  ");
        return;
    }
    json_array_foreach(rows, i, row) command_print_json(json_incref((json_t *)row));
}

/* False: the drop cannot be listed, and a message has been printed. */
static bool view_drop(const struct invocation *invocation, struct gateway *gateway, const struct drop *drop,
                      const struct hindrances *hindrances)
{
    struct viewing v = {.gateway = gateway,
                        .hindrances = hindrances,
                        .drop = drop,
                        .entries = g_ptr_array_new_with_free_func(free_entry),
                        .stuck = g_ptr_array_new_with_free_func(g_free),
                        .custody = g_hash_table_new(g_str_hash, g_str_equal),
                        .taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                        .names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                        .signatures = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                        .markers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                        .rows = json_array()};
    g_autoptr(GError) error = NULL;
    bool good = list_drop(&v, &error);

    if (good)
        print_rows(invocation, drop, v.rows);
    else
        command_note("drop %s: %s; 'ecosgate doctor %s' tests it", drop->name, error->message, drop->name);
    g_free(v.hindrance);
    g_ptr_array_unref(v.entries);
    g_hash_table_unref(v.names);
    g_hash_table_unref(v.custody);
    g_hash_table_unref(v.taken);
    if (v.jobs != NULL)
        g_ptr_array_unref(v.jobs);
    if (v.faults != NULL)
        g_ptr_array_unref(v.faults);
    g_ptr_array_unref(v.stuck);
    g_hash_table_unref(v.markers);
    g_hash_table_unref(v.signatures);
    json_decref(v.rows);
    return good;
}

/* *problem: why nothing is picked up from any drop; NULL: nothing hinders that. g_free. */
static bool find_problem(struct gateway *gateway, char **problem, GError **error)
{
    struct ledger_fault fault = {0};

    if (!ledger_check(gateway, &fault, error))
        return false;
    if (fault.kind != LEDGER_SOUND)
        *problem = g_strdup_printf("A109: nothing is picked up: %s", fault.cause);
    ledger_fault_clear(&fault);
    for (int which = 0; *problem == NULL && which < ROOM_DISKS; which++) {
        g_auto(room_t) room = {0};
        if (!room_look(gateway->config, (enum room_disk)which, &room, error))
            return false;
        *problem = room.low ? room_problem(&room) : NULL;
    }
    return true;
}

static int view(const struct invocation *invocation, struct gateway *gateway, const char *only)
{
    const GPtrArray *drops = gateway->config->drops;
    g_autofree char *problem = NULL;
    GError *error = NULL;
    bool good = true;

    if (only != NULL && config_drop(gateway->config, only) == NULL) {
        words_no_drop("pickup", gateway->config, only);
        return EXIT_REFUSED;
    }
    if (!find_problem(gateway, &problem, &error))
        return command_unable(error);
    struct hindrances hindrances = {.of_all = problem};
    claim_viewer_init(&hindrances.viewer, gateway);
    for (guint i = 0; i < drops->len; i++) {
        const struct drop *drop = drops->pdata[i];
        if (only == NULL || strcmp(only, drop->name) == 0)
            good = view_drop(invocation, gateway, drop, &hindrances) && good;
    }
    return good ? EXIT_GOOD : EXIT_UNABLE;
}

int command_pickup(struct invocation *invocation)
{
    struct read_access access;

    GError *error = NULL;

    if (!command_arguments(invocation, NULL, 0, 1) || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    int status = config_check_folders(access.gateway.config, &error)
                     ? view(invocation, &access.gateway, invocation->argc > 0 ? invocation->argv[0] : NULL)
                     : command_unable(error);
    read_access_close(&access);
    return status;
}
