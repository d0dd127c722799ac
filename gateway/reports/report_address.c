/*
 * The decision is made from PTY as it is now, each time that a file is about to move, and not when a PTY is accepted: a
 * file that is planned, withdrawn or delivered again later needs no other check.
 */
#include "gateway/reports/report_address.h"

#include "formats/eui64.h"
#include "gateway/answers/incidents.h"
#include "gateway/clock.h"
#include "gateway/pauses.h"
#include "gateway/reports/report.h"
#include "spool/ledger/ledger_estate.h"

#include <inttypes.h>
#include <string.h>

static const char code[] = "A118";

/* ---- one file ---- */

/* The role in which PTY names the file's recipient; NULL: the file is for everybody, or of no report. */
static const char *role_of(const struct ledger_outgoing *file)
{
    const struct report_kind *kind = report_kind_find(file->kind);

    return kind != NULL && file->folder != NULL ? kind->role : NULL;
}

bool report_address_find(struct gateway *gateway, const struct ledger_outgoing *file, struct report_address *address,
                         GError **error)
{
    const char *role = role_of(file);
    struct ledger_party former = {.mpid = file->folder};
    g_autofree struct ledger_party *named = NULL;

    *address = (struct report_address){0};
    if (role == NULL) {
        address->folder = g_strdup(file->folder);
        return true;
    }
    if (!eui64_parse(file->recipient, strlen(file->recipient), &former.id)) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "ledger, outgoing file %s: the recipient is no EUI-64",
                    file->name);
        return false;
    }
    if (!ledger_party_get(gateway->ledger, former.id, role, &named, error) ||
        (named == NULL && !ledger_party_mpid_taken(gateway->ledger, &former, &address->waits, error)))
        return false;
    if (!address->waits)
        address->folder = g_strdup(named != NULL ? named->mpid : file->folder);
    return true;
}

bool report_address_holds(const struct report_address *address, const struct ledger_outgoing *file)
{
    return !address->waits && g_strcmp0(address->folder, file->folder) == 0;
}

/* ---- all files that wait ---- */

/* The subject of the incident: "SUPPLIER 90-B3-D5-1F-30-05-00-01". g_free. */
static char *subject_of(const struct ledger_outgoing *file)
{
    return g_strdup_printf("%s %s", role_of(file), file->recipient);
}

typedef bool visit_fn(void *user, const struct ledger_outgoing *file, GError **error);

/* Visits the files that may go nowhere. */
static bool each_waiting(struct gateway *gateway, visit_fn *visit, void *user, GError **error)
{
    g_autoptr(GPtrArray) files = NULL;
    bool good = ledger_outgoing_files_to_folders(gateway->ledger, &files, error);

    for (guint i = 0; good && i < files->len; i++) {
        struct report_address address;
        good = report_address_find(gateway, files->pdata[i], &address, error) &&
               (!address.waits || visit(user, files->pdata[i], error));
        g_free(address.folder);
    }
    return good;
}

/* What waits for one recipient. */
struct waiting {
    char *mpid; /* of the folder that is another party's */
    char *drop; /* of the newest file */
    int64_t files;
};

static void free_waiting(gpointer user)
{
    struct waiting *waiting = user;

    g_free(waiting->mpid);
    g_free(waiting->drop);
    g_free(waiting);
}

/* Adds the file to the table: subject → struct waiting. */
static bool count(void *user, const struct ledger_outgoing *file, GError **error)
{
    g_autofree char *subject = subject_of(file);
    struct waiting *waiting = g_hash_table_lookup(user, subject);

    (void)error; /* nothing here can fail */
    if (waiting == NULL) {
        waiting = g_new0(struct waiting, 1);
        waiting->mpid = g_strdup(file->folder);
        g_hash_table_insert(user, g_steal_pointer(&subject), waiting);
    }
    g_free(waiting->drop);
    waiting->drop = g_strdup(file->drop);
    waiting->files++;
    return true;
}

static bool state(struct gateway *gateway, const char *subject, const struct waiting *waiting, GError **error)
{
    g_autofree char *parties = incidents_parties_of(gateway->config, "PTY");
    g_autoptr(GString) text = g_string_new(NULL);
    enum incidents_news news;

    g_string_printf(
        text,
        "PTY no longer names %s, and another party has its MPID %s, whose folder the reports were to go into; number "
        "of files that wait: %" PRId64 "; send a PTY that names this party; if nobody is to get these files, have the "
        "operator close this incident",
        subject, waiting->mpid, waiting->files);
    if (!pauses_append(gateway, LEDGER_HOLD_OUT, waiting->drop, text, error))
        return false;
    const struct ledger_incident incident = {
        .code = code, .subject = subject, .parties = parties, .opened = clock_now(), .text = text->str};
    if (!incidents_state(gateway, &incident, &news, error))
        return false;
    return true;
}

static bool close_over(struct gateway *gateway, GHashTable *waiting, const GPtrArray *open, GError **error)
{
    for (guint i = 0; i < open->len; i++) {
        if (!g_hash_table_contains(waiting, open->pdata[i]) &&
            !ledger_incident_close(gateway->ledger, code, open->pdata[i], clock_now(), error))
            return false;
    }
    return true;
}

/* By subject, so that the order of incidents says nothing about a hash. */
static bool update(struct gateway *gateway, GHashTable *waiting, const GPtrArray *open, GError **error)
{
    g_autoptr(GList) subjects = g_list_sort(g_hash_table_get_keys(waiting), (GCompareFunc)g_strcmp0);
    bool good = close_over(gateway, waiting, open, error);

    for (GList *at = subjects; good && at != NULL; at = at->next)
        good = state(gateway, at->data, g_hash_table_lookup(waiting, at->data), error);
    return good;
}

bool report_address_watch(struct gateway *gateway, GError **error)
{
    g_autoptr(GHashTable) waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_waiting);
    g_autoptr(GPtrArray) open = NULL;

    if (!each_waiting(gateway, count, waiting, error) || !ledger_incident_subjects(gateway->ledger, code, &open, error))
        return false;
    if (g_hash_table_size(waiting) == 0 && open->len == 0)
        return true;
    if (!ledger_begin(gateway->ledger, error))
        return false;
    if (update(gateway, waiting, open, error) && ledger_commit(STEP_OUTAGE_NOTED, gateway->ledger, error))
        return true;
    ledger_rollback(gateway->ledger);
    return false;
}

/* ---- giving up ---- */

struct giving_up {
    struct ledger *ledger;
    const char *subject;
};

static bool give_up_one(void *user, const struct ledger_outgoing *file, GError **error)
{
    const struct giving_up *g = user;
    g_autofree char *subject = subject_of(file);

    return strcmp(subject, g->subject) != 0 || ledger_outgoing_give_up(g->ledger, file->id, error);
}

bool report_address_give_up(struct gateway *gateway, const struct ledger_incident *incident, GError **error)
{
    struct giving_up g = {gateway->ledger, incident->subject};

    return strcmp(incident->code, code) != 0 || each_waiting(gateway, give_up_one, &g, error);
}
