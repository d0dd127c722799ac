/*
 * Hold, counts and incident are in the commit of the verdict: a crash before it leaves nothing of them, and after it no
 * pass orders a Device of the batch. The hold is that of an operator (ledger_holds.h), by an order that the gateway
 * itself gives; so dispatch, `batch release` and the lists know no other kind.
 */
#include "gateway/pipeline/judging/volume.h"

#include "formats/eui64.h"
#include "gateway/answers/incidents.h"
#include "gateway/pipeline/outage.h"
#include "gateway/thresholds.h"
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_holds.h"

#include <inttypes.h>
#include <string.h>

enum { MOST_SUBJECTS = 4096 }; /* of one kind in one file; the others count together, as OTHERS */
#define OTHERS ""

static const char code[] = "A116";

struct volume {
    GHashTable *subjects[LEDGER_VOLUME_KINDS]; /* subject → int64_t, its Devices; of suppliers and models */
    GString *model;                            /* the model of the last Device */
    int64_t devices;
    int64_t now; /* seconds UTC: the time of the verdict */
};

struct volume *volume_new(int64_t now)
{
    struct volume *volume = g_new0(struct volume, 1);

    for (int kind = LEDGER_VOLUME_SUPPLIER; kind < LEDGER_VOLUME_KINDS; kind++)
        volume->subjects[kind] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    volume->model = g_string_new(NULL);
    volume->now = now;
    return volume;
}

void volume_free(struct volume *volume)
{
    if (volume == NULL)
        return;
    for (int kind = LEDGER_VOLUME_SUPPLIER; kind < LEDGER_VOLUME_KINDS; kind++)
        g_hash_table_unref(volume->subjects[kind]);
    (void)g_string_free(volume->model, TRUE);
    g_free(volume);
}

static void count(GHashTable *subjects, const char *subject)
{
    int64_t *devices = g_hash_table_lookup(subjects, subject);

    if (devices == NULL && g_hash_table_size(subjects) >= MOST_SUBJECTS)
        devices = g_hash_table_lookup(subjects, subject = OTHERS);
    if (devices == NULL) {
        devices = g_new0(int64_t, 1);
        (void)g_hash_table_insert(subjects, g_strdup(subject), devices);
    }
    (*devices)++;
}

void volume_count(struct volume *volume, const struct ledger_item *item, uint64_t supplier)
{
    const char *const parts[] = {item->device_type, item->manufacturer, item->model, item->firmware};
    char id[EUI64_TEXT_SIZE];

    if (item->outcome != LEDGER_READY)
        return;
    volume->devices++;
    (void)g_string_truncate(volume->model, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (i > 0)
            (void)g_string_append_c(volume->model, ' ');
        (void)g_string_append(volume->model, parts[i] != NULL ? parts[i] : "-");
    }
    count(volume->subjects[LEDGER_VOLUME_MODEL], volume->model->str);
    if (supplier == 0)
        return;
    eui64_print(supplier, id);
    count(volume->subjects[LEDGER_VOLUME_SUPPLIER], id);
}

/* ---- the decision ---- */

/* What the sums of one file do. */
struct settling {
    struct gateway *gateway;
    int64_t now;
    bool held;    /* a threshold is crossed: the second round adds the Devices as held ones */
    GString *why; /* the first of them */
    int more;     /* how many others are */
};

static bool compare(struct settling *s, enum ledger_volume_kind kind, const char *subject, int64_t devices,
                    GError **error)
{
    struct threshold_state state = {.kind = kind, .subject = subject};

    if (!threshold_find(s->gateway, s->now, &state, error))
        return false;
    g_autofree char *crossed = threshold_crossed(&state, devices);
    if (crossed != NULL && s->held)
        s->more++;
    else if (crossed != NULL)
        (void)g_string_assign(s->why, crossed);
    s->held |= crossed != NULL;
    return true;
}

static bool add(struct settling *s, enum ledger_volume_kind kind, const char *subject, int64_t devices, GError **error)
{
    const struct ledger_volume volume = {.kind = kind,
                                         .subject = subject,
                                         .hour = s->now / LEDGER_VOLUME_HOUR,
                                         .devices = devices,
                                         .held = s->held ? devices : 0};

    return ledger_volume_add(s->gateway->ledger, &volume, error);
}

typedef bool settle_one(struct settling *s, enum ledger_volume_kind kind, const char *subject, int64_t devices,
                        GError **error);

/* Calls `one` for each subject of a kind, in an order that says nothing about a hash. */
static bool each_subject(struct settling *s, const struct volume *volume, enum ledger_volume_kind kind, settle_one *one,
                         GError **error)
{
    g_autoptr(GList) subjects = g_list_sort(g_hash_table_get_keys(volume->subjects[kind]), (GCompareFunc)g_strcmp0);
    bool good = true;

    for (GList *at = subjects; good && at != NULL; at = at->next)
        good = one(s, kind, at->data, *(int64_t *)g_hash_table_lookup(volume->subjects[kind], at->data), error);
    return good;
}

static bool compare_all(struct settling *s, const struct volume *volume, const char *org, GError **error)
{
    const struct config *config = s->gateway->config;

    if (threshold_applies(config, LEDGER_VOLUME_SENDER) &&
        !compare(s, LEDGER_VOLUME_SENDER, org, volume->devices, error))
        return false;
    for (int kind = LEDGER_VOLUME_SUPPLIER; kind < LEDGER_VOLUME_KINDS; kind++) {
        if (threshold_applies(config, (enum ledger_volume_kind)kind) &&
            !each_subject(s, volume, (enum ledger_volume_kind)kind, compare, error))
            return false;
    }
    if (s->more > 0)
        g_string_append_printf(s->why, "; further thresholds that it crosses: %d", s->more);
    return true;
}

static bool add_all(struct settling *s, const struct volume *volume, const char *org, GError **error)
{
    int64_t days = s->gateway->config->usual_days + 2; /* today, and the day that the clock may go back to */

    return ledger_volume_forget(s->gateway->ledger, s->now / LEDGER_VOLUME_HOUR - days * LEDGER_VOLUME_DAY, error) &&
           add(s, LEDGER_VOLUME_SENDER, org, volume->devices, error) &&
           each_subject(s, volume, LEDGER_VOLUME_SUPPLIER, add, error) &&
           each_subject(s, volume, LEDGER_VOLUME_MODEL, add, error);
}

/* ---- the hold ---- */

/* The batch as `ecosgate batch` takes it. g_free. */
static char *subject_of(const char *org, const char *batch, int64_t job)
{
    return batch != NULL ? g_strdup_printf("%s.%s", org, batch) : g_strdup_printf("%08" PRId64, job);
}

/* g_free. */
static char *incident_text(const char *subject, const char *why, int64_t job)
{
    return g_strdup_printf("batch %s is held: %s; it is accepted and answered, and no Device of it is ordered; ask its "
                           "sender whether it means this, then `ecosgate batch release %08" PRId64
                           " --reason TEXT` or `batch withdraw`",
                           subject, why, job);
}

static bool hold(struct settling *s, const struct ledger_job *job, const char *batch, int64_t devices, GError **error)
{
    struct ledger *ledger = s->gateway->ledger;
    g_autofree char *order_id = g_strdup_printf(LEDGER_HOLD_THRESHOLD "-%08" PRId64, job->id);
    g_autofree char *subject = subject_of(job->org, batch, job->id),
                    *text = incident_text(subject, s->why->str, job->id);
    const struct ledger_hold held = {.kind = LEDGER_HOLD_BATCH, .number = job->id};
    const struct ledger_action action = {.order_id = order_id,
                                         .job = job->id,
                                         .verb = LEDGER_HOLD_THRESHOLD,
                                         .reason = s->why->str,
                                         .who = "ecosgate",
                                         .at = s->now,
                                         .result = "done"};
    const struct ledger_incident incident = {
        .code = code, .subject = subject, .parties = job->org, .opened = s->now, .text = text};
    enum incidents_news news;

    log_event(LOG(EVENT_BATCH_HELD, .job = job->id, .party = job->org, .code = code, .batch = batch,
                  .counts = LOG_COUNTS({"devices", devices})),
              "job %08" PRId64 ": batch %s is held: %s", job->id, subject, s->why->str);
    return ledger_action_insert(ledger, &action, error) && ledger_hold_put(ledger, &held, order_id, error) &&
           incidents_state(s->gateway, &incident, &news, error);
}

bool volume_settle(struct gateway *gateway, const struct volume *volume, const struct ledger_job *job,
                   const struct verdict *verdict, GError **error)
{
    struct settling s = {.gateway = gateway, .now = volume->now};

    if (volume->devices == 0 || job->org == NULL)
        return true;
    s.why = g_string_new(NULL);
    bool good = compare_all(&s, volume, job->org, error) && add_all(&s, volume, job->org, error) &&
                (!s.held || hold(&s, job, verdict->header.batch[0] != '\0' ? verdict->header.batch : NULL,
                                 volume->devices, error));
    (void)g_string_free(s.why, TRUE);
    return good;
}

/* ---- as long as it holds ---- */

/* Removes from `open` the subject of a batch that is held, and states its incident: somebody may have closed it. */
static bool state(struct gateway *gateway, const struct ledger_held *held, GHashTable *open, GError **error)
{
    g_autofree char *subject = subject_of(held->org, held->batch, held->hold.number);
    g_autofree char *text = incident_text(subject, held->reason, held->hold.number);
    const struct ledger_incident incident = {.code = code, .subject = subject, .parties = held->org, .text = text};
    enum incidents_news news;

    return g_hash_table_remove(open, subject) || outage_commit_cause(gateway, &incident, &news, error);
}

bool volume_watch(struct gateway *gateway, GError **error)
{
    g_autoptr(GPtrArray) held = NULL, subjects = NULL;
    g_autoptr(GHashTable) open = g_hash_table_new(g_str_hash, g_str_equal);
    bool good = ledger_holds_of_thresholds(gateway->ledger, &held, error) &&
                ledger_incident_subjects(gateway->ledger, code, &subjects, error);

    for (guint i = 0; good && i < subjects->len; i++)
        (void)g_hash_table_add(open, subjects->pdata[i]);
    for (guint i = 0; good && i < held->len; i++)
        good = state(gateway, held->pdata[i], open, error);
    for (guint i = 0; good && i < subjects->len; i++)
        good = !g_hash_table_contains(open, subjects->pdata[i]) ||
               outage_commit_incident(gateway, code, subjects->pdata[i], NULL, error);
    return good;
}
