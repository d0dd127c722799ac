/*
 * A114: a recipient has not taken its files. Every few minutes the transfer worker reads the names in `out`, and in the
 * folders of recipients below it; the ledger knows which of them are ours, and since when they stand there. Hidden
 * names, temporary ones and those of others are none of ours. Asking for each delivered file by its name was the other
 * design: it would ask for years of files that are gone.
 *
 * A look that fails says nothing: whether the drop is down, the transfers tell (A103). A drop whose names cannot be
 * read may be one that can be written.
 *
 * Nothing is kept over a restart but the incidents: the next look finds the same.
 */
#include "gateway/pipeline/delivery/outbox_private.h"

#include "formats/instant.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/pauses.h"
#include "spool/ledger/ledger_incidents.h"

#include <inttypes.h>
#include <string.h>

enum { LOOK_SECONDS = 300, MOST_NAMES = 20000, MOST_FOLDERS = 1000, MPID_LEN = 4 };

static const char code[] = "A114";

void outbox_taken_init(struct outbox *outbox)
{
    outbox->untaken.names = g_ptr_array_new_with_free_func(g_free);
    outbox->untaken.standing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void outbox_taken_clear(struct outbox *outbox)
{
    g_clear_pointer(&outbox->untaken.names, g_ptr_array_unref);
    g_clear_pointer(&outbox->untaken.standing, g_hash_table_unref);
    g_clear_error(&outbox->untaken.error);
}

int64_t outbox_taken_wait(const struct outbox *outbox)
{
    return outbox->drop->taken_within == 0 ? G_MAXINT64 : MAX(outbox->untaken.next - clock_monotonic(), 0);
}

/* ---- in the transfer worker's thread ---- */

struct reading {
    struct outbox_untaken *taken;
    const char *folder; /* NULL: `out` itself */
    GPtrArray *folders; /* char *: recipients' folders in `out` */
};

/* Reports stand in folders with the recipient's Market Participant ID. */
static bool is_mpid(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isupper(name[i]) && !g_ascii_isdigit(name[i]))
            return false;
    }
    return len == MPID_LEN;
}

static bool keep_name(void *user, const char *name)
{
    struct reading *reading = user;
    struct outbox_untaken *taken = reading->taken;

    if (*name == '.')
        return true;
    taken->more = taken->names->len == MOST_NAMES;
    if (taken->more)
        return false;
    if (reading->folder == NULL && is_mpid(name) && reading->folders->len < MOST_FOLDERS)
        g_ptr_array_add(reading->folders, g_strdup(name));
    else
        g_ptr_array_add(taken->names,
                        reading->folder != NULL ? g_strconcat(reading->folder, "/", name, NULL) : g_strdup(name));
    return true;
}

static void read_names(const struct transport *transport, struct connection *connection, void *user)
{
    struct outbox *outbox = user;
    g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);
    struct reading reading = {&outbox->untaken, NULL, folders};

    if (!claim_look(outbox->guard, transport, connection, &outbox->error))
        return;
    bool good = transport->names(connection, NULL, keep_name, &reading, &outbox->untaken.error);
    for (guint i = 0; good && !outbox->untaken.more && i < folders->len; i++) {
        reading.folder = folders->pdata[i];
        good = transport->names(connection, reading.folder, keep_name, &reading, &outbox->untaken.error);
    }
}

/* ---- in the gateway's thread ---- */

bool outbox_taken_begin(struct outbox *outbox, GError **error)
{
    struct outbox_untaken *taken = &outbox->untaken;

    taken->next = clock_monotonic() + (int64_t)LOOK_SECONDS * G_USEC_PER_SEC;
    if (!transfer_worker_ready(outbox->worker, NULL))
        return true;
    if (!claims_prepare(outbox->gateway->claims, outbox->guard, false, error))
        return false;
    g_ptr_array_set_size(taken->names, 0);
    taken->more = false;
    outbox->task = OUTBOX_TAKEN;
    transfer_worker_begin(outbox->worker, read_names, outbox);
    return true;
}

/* What stands too long in one folder. */
struct standing {
    char *folder;   /* NULL: `out` itself */
    int64_t n;      /* files */
    int64_t oldest; /* seconds UTC of its delivery */
    char *name;     /* of that file */
};

static void free_standing(gpointer user)
{
    struct standing *standing = user;

    g_free(standing->folder);
    g_free(standing->name);
    g_free(standing);
}

static char *subject_of(const struct outbox *outbox, const char *folder)
{
    return folder != NULL ? g_strconcat(outbox->drop->name, "/", folder, NULL) : g_strdup(outbox->drop->name);
}

/* Counts a name in `late` (subject → struct standing) if it is a file of ours that stands too long. */
static bool add_name(struct outbox *outbox, const char *path, GHashTable *late, GError **error)
{
    const char *slash = strchr(path, '/');
    g_autofree char *folder = slash != NULL ? g_strndup(path, (gsize)(slash - path)) : NULL;
    const struct ledger_place place = {outbox->drop->name, slash != NULL ? slash + 1 : path, folder};
    int64_t at = 0;

    if (!g_utf8_validate(place.name, -1, NULL))
        return true; /* ours are ASCII */
    if (!ledger_outgoing_delivered_at(outbox->gateway->ledger, &place, &at, error))
        return false;
    if (at == 0 || clock_now() - at < outbox->drop->taken_within)
        return true;
    g_autofree char *subject = subject_of(outbox, folder);
    struct standing *standing = g_hash_table_lookup(late, subject);
    if (standing == NULL) {
        standing = g_new0(struct standing, 1);
        standing->folder = g_steal_pointer(&folder);
        standing->oldest = G_MAXINT64;
        g_hash_table_insert(late, g_steal_pointer(&subject), standing);
    }
    standing->n++;
    if (at < standing->oldest || (at == standing->oldest && strcmp(place.name, standing->name) < 0)) {
        standing->oldest = at;
        g_free(standing->name);
        standing->name = g_strdup(place.name);
    }
    return true;
}

static char *text_of(const struct outbox *outbox, const struct standing *standing)
{
    char since[INSTANT_TEXT_SIZE];

    g_autofree char *hours = text_count(outbox->drop->taken_within / 3600, "hour");
    instant_print(standing->oldest, since);
    return g_strdup_printf("files that stand in drop %s%s%s for %s or longer: %s%" PRId64
                           "; the oldest is %s, delivered at %s; ask its recipient to take them",
                           outbox->drop->name, standing->folder != NULL ? "/" : "",
                           standing->folder != NULL ? standing->folder : "", hours,
                           outbox->untaken.more ? "at least " : "", standing->n, standing->name, since);
}

/* Opens the incident of a subject, or gives the open one its present text. */
static bool state(struct outbox *outbox, const char *subject, const char *text, GError **error)
{
    struct gateway *gateway = outbox->gateway;
    const char *slash = strchr(subject, '/');
    g_autofree char *parties =
        slash != NULL ? g_strdup(slash + 1) : incidents_parties_of(gateway->config, outbox->drop->name);
    g_autoptr(GString) whole = g_string_new(text);
    enum incidents_news news;

    if (!pauses_append(gateway, LEDGER_HOLD_OUT, outbox->drop->name, whole, error))
        return false;
    const struct ledger_incident incident = {.code = code, .subject = subject, .parties = parties, .text = whole->str};
    if (!outage_commit_cause(gateway, &incident, &news, error))
        return false;
    return true;
}

/* The drop's own subject is its name; those of its folders begin with it. */
static bool is_of(const struct drop *drop, const char *subject)
{
    size_t len = strlen(drop->name);

    return strncmp(subject, drop->name, len) == 0 && (subject[len] == '\0' || subject[len] == '/');
}

static bool close_taken(struct outbox *outbox, GHashTable *late, GError **error)
{
    g_autoptr(GPtrArray) subjects = NULL;

    if (!ledger_incident_subjects(outbox->gateway->ledger, code, &subjects, error))
        return false;
    for (guint i = 0; i < subjects->len; i++) {
        const char *subject = subjects->pdata[i];
        if (!is_of(outbox->drop, subject) || g_hash_table_contains(late, subject))
            continue;
        log_event(LOG(EVENT_INCIDENT_OVER, .code = code, .subject = subject), "%s (%s): its files are taken", subject,
                  code);
        if (!outage_commit_incident(outbox->gateway, code, subject, NULL, error))
            return false;
    }
    return true;
}

/* Opens in the order of subjects, so that the order of incidents says nothing about a hash. */
static bool open_late(struct outbox *outbox, GHashTable *late, GError **error)
{
    g_autoptr(GList) subjects = g_list_sort(g_hash_table_get_keys(late), (GCompareFunc)g_strcmp0);
    bool good = true;

    g_hash_table_remove_all(outbox->untaken.standing);
    for (GList *at = subjects; good && at != NULL; at = at->next) {
        char *text = text_of(outbox, g_hash_table_lookup(late, at->data));
        g_hash_table_insert(outbox->untaken.standing, g_strdup(at->data), text);
        good = state(outbox, at->data, text, error);
    }
    return good;
}

/* Frees cause. */
static void tell_failure(const struct outbox *outbox, GError *cause)
{
    log_event(LOG(EVENT_UNTAKEN_UNKNOWN, .drop = outbox->drop->name),
              "drop %s: nobody knows which files were taken: %s; it is looked at again", outbox->drop->name,
              cause->message);
    g_error_free(cause);
}

bool outbox_taken_end(struct outbox *outbox, GError **error)
{
    struct outbox_untaken *taken = &outbox->untaken;
    struct claims *claims = outbox->gateway->claims;
    g_autoptr(GHashTable) late = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_standing);

    if (g_error_matches(outbox->error, TRANSPORT_ERROR, TRANSPORT_ERROR_CLAIMED)) {
        taken->next = 0; /* the claim of an earlier start is taken over; for another one claims_wait says when */
        return claims_settle(claims, outbox->guard, g_steal_pointer(&outbox->error), error);
    }
    if (outbox->error != NULL || taken->error != NULL) {
        GError **cause = outbox->error != NULL ? &outbox->error : &taken->error;
        tell_failure(outbox, g_steal_pointer(cause));
        return true;
    }
    if (!claims_confirm(claims, outbox->guard, error))
        return false;
    log_over(LOG(EVENT_UNTAKEN_UNKNOWN, .drop = outbox->drop->name));
    for (guint i = 0; i < taken->names->len; i++) {
        if (!add_name(outbox, taken->names->pdata[i], late, error))
            return false;
    }
    g_ptr_array_set_size(taken->names, 0);
    /* Of more names than are kept, those that were not read may be ours. */
    return (taken->more || close_taken(outbox, late, error)) && open_late(outbox, late, error);
}

bool outbox_taken_tell_pause(struct outbox *outbox, GError **error)
{
    GHashTableIter at;
    gpointer subject, text;
    bool good = true, open = false;

    g_hash_table_iter_init(&at, outbox->untaken.standing);
    while (good && g_hash_table_iter_next(&at, &subject, &text))
        good = ledger_incident_is_open(outbox->gateway->ledger, code, subject, &open, error) &&
               (!open || state(outbox, subject, text, error));
    return good;
}

static bool is_asked(const struct config *config, const char *subject)
{
    for (guint i = 0; i < config->drops->len; i++) {
        const struct drop *drop = config->drops->pdata[i];
        if (drop->taken_within != 0 && is_of(drop, subject))
            return true;
    }
    return false;
}

bool outbox_close_unasked(struct gateway *gateway, GError **error)
{
    g_autoptr(GPtrArray) subjects = NULL;

    if (!ledger_incident_subjects(gateway->ledger, code, &subjects, error))
        return false;
    for (guint i = 0; i < subjects->len; i++) {
        if (is_asked(gateway->config, subjects->pdata[i]))
            continue;
        log_event(LOG(EVENT_INCIDENT_OVER, .code = code, .subject = subjects->pdata[i]),
                  "%s (%s): the configuration no longer says within which time files are taken there",
                  (const char *)subjects->pdata[i], code);
        if (!outage_commit_incident(gateway, code, subjects->pdata[i], NULL, error))
            return false;
    }
    return true;
}
