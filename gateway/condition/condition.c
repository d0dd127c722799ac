/* The figures. Each is asked for once; what is wrong about them is said in condition_alarms.c. */
#include "gateway/condition/condition_private.h"

#include "gateway/clock.h"
#include "gateway/reports/report_schedule.h"
#include "spool/ledger/ledger_archive.h"
#include "spool/ledger/ledger_counts.h"
#include "spool/ledger/ledger_days.h"
#include "spool/ledger/ledger_recovery.h"
#include "spool/ledger/ledger_reports.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, WEEK = 7 * DAY };

const char *alarm_level_name(enum alarm_level level)
{
    static const char *const names[] = {"note", "warning", "critical"};

    return names[level];
}

enum alarm_level condition_level(const struct condition *condition)
{
    return condition->alarms->len > 0 ? g_array_index(condition->alarms, struct alarm, 0).level : ALARM_NOTE;
}

const char *condition_span(int64_t since, int64_t now, char text[CONDITION_SPAN_SIZE])
{
    int64_t span = MAX(now - since, 0);

    if (span < 2 * MINUTE)
        (void)g_snprintf(text, CONDITION_SPAN_SIZE, "%" PRId64 " s", span);
    else if (span < 2 * HOUR)
        (void)g_snprintf(text, CONDITION_SPAN_SIZE, "%" PRId64 " min", span / MINUTE);
    else if (span < 2 * DAY)
        (void)g_snprintf(text, CONDITION_SPAN_SIZE, "%" PRId64 " h", span / HOUR);
    else
        (void)g_snprintf(text, CONDITION_SPAN_SIZE, "%" PRId64 " d", span / DAY);
    return text;
}

static bool add_row(void *user, const struct ledger_job_count *count, GError **error)
{
    (void)error; /* nothing here can fail */
    *(int64_t *)user += count->n;
    return true;
}

/* How many of the jobs in incoming/ have a row: those that have none are still being copied. */
static bool count_noted(struct gateway *gateway, const GArray *ids, int64_t *n, GError **error)
{
    *n = 0;
    for (guint i = 0; i < ids->len; i++) {
        g_autofree struct ledger_job *job = NULL;
        if (!ledger_job_get(gateway->ledger, g_array_index(ids, int64_t, i), &job, error))
            return false;
        *n += job != NULL;
    }
    return true;
}

/* Counted in the folders, because the folder is the job's state; the ledger keeps no copy of it. done/ alone is not
 * listed, which would take 0.3 s for 1,000,000 jobs: every row that stands nowhere else, nor in an archive, stands
 * there. */
static bool count_jobs(struct gateway *gateway, struct condition *condition, GError **error)
{
    int64_t rows = 0;

    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        g_autoptr(GArray) ids = state != JOB_DONE ? job_list(gateway->spool, (enum job_state)state, error) : NULL;
        int64_t noted = ids != NULL ? ids->len : 0;
        if ((ids == NULL && state != JOB_DONE) || (state == JOB_INCOMING && !count_noted(gateway, ids, &noted, error)))
            return false;
        condition->jobs[state] = ids != NULL ? ids->len : 0;
        rows -= noted;
    }
    if (!ledger_job_counts_each(gateway->ledger, add_row, &rows, error) ||
        !ledger_archive_left(gateway->ledger, &condition->archived, error))
        return false;
    condition->jobs[JOB_DONE] = MAX(rows - condition->archived, 0);
    return true;
}

static bool add_state(void *user, const char *name, int64_t n, GError **error)
{
    struct condition *condition = user;
    const struct state_count count = {name, n}; /* the names of states are constants */

    (void)error; /* nothing here can fail */
    g_array_append_val(condition->states, count);
    return true;
}

/* Bytes that the ledger's file has; 0: it cannot be asked. */
static int64_t ledger_bytes(const struct config *config)
{
    struct stat seen;

    return stat(config->ledger, &seen) == 0 ? (int64_t)seen.st_size : 0;
}

/* Bytes that the spool and the ledger have got in each day of the last week; less than a whole day counts as one. */
struct pace {
    double spool, ledger;
};

static bool find_pace(struct gateway *gateway, int64_t now, struct pace *pace, GError **error)
{
    struct ledger_growth growth;

    if (!ledger_growth_since(gateway->ledger, now - WEEK, &growth, error))
        return false;
    int64_t days = growth.first == 0 ? 1 : CLAMP((now - growth.first + DAY - 1) / DAY, 1, WEEK / DAY);
    double part = (double)growth.items / (double)MAX(growth.all_items, 1);
    pace->spool = (double)growth.bytes / (double)days;
    pace->ledger = (double)ledger_bytes(gateway->config) * part / (double)days;
    return true;
}

static void add_disk(struct condition *condition, const struct room *room, double bytes_a_day)
{
    const struct disk_condition disk = {
        .name = room->subject,
        .disk = g_strdup(room->disk),
        .free = room->free,
        .reserve = room->reserve,
        .low = room->low,
        .days = bytes_a_day >= 1 ? (int64_t)((double)MAX(room->free - room->reserve, 0) / bytes_a_day) : -1,
    };

    g_array_append_val(condition->disks, disk);
}

/* The disks that need a reserve, asked now. */
static bool add_disks(struct gateway *gateway, struct condition *condition, GError **error)
{
    g_auto(room_t) spool = {0}, ledger = {0};
    struct pace pace;

    if (!room_look(gateway->config, ROOM_SPOOL, &spool, error) ||
        !room_look(gateway->config, ROOM_LEDGER, &ledger, error) || !find_pace(gateway, condition->now, &pace, error))
        return false;
    add_disk(condition, &spool, pace.spool + (ledger.shared ? pace.ledger : 0));
    if (!ledger.shared)
        add_disk(condition, &ledger, pace.ledger);
    return true;
}

/* When the newest period was issued, and when the next one ends. */
static bool add_report(struct gateway *gateway, const struct report_kind *kind, struct condition *condition,
                       GError **error)
{
    g_autofree struct ledger_period *last = NULL;
    struct period next;

    if (!ledger_period_last(gateway->ledger, kind->ref, G_MAXINT64, &last, error) ||
        !report_schedule_period(gateway, kind, &next, error))
        return false;
    const struct report_condition report = {.ref = kind->ref,
                                            .issued = last != NULL ? last->issued : 0,
                                            .starts = last != NULL ? last->starts : 0,
                                            .next = next.ends != G_MAXINT64 ? next.ends : 0};
    g_array_append_val(condition->reports, report);
    return true;
}

static bool add_reports(struct gateway *gateway, struct condition *condition, GError **error)
{
    for (size_t i = 0; i < report_n_kinds; i++) {
        if (!add_report(gateway, &report_kinds[i], condition, error))
            return false;
    }
    return true;
}

static bool add_expected(struct gateway *gateway, struct condition *condition, GError **error)
{
    const GPtrArray *all = gateway->config->expectations;

    for (guint e = 0; e < all->len; e++) {
        struct expected_condition one = {.expect = all->pdata[e]};
        if (!expected_find(gateway, one.expect, condition->now, &one.found, error))
            return false;
        g_array_append_val(condition->expected, one);
    }
    return true;
}

static void clear_alarm(void *element)
{
    struct alarm *alarm = element;

    g_free(alarm->text);
    g_free(alarm->brief);
    g_free(alarm->command);
}

static void clear_drop(void *element)
{
    struct drop_condition *drop = element;

    g_free(drop->name);
    g_free(drop->in.why);
    g_free(drop->out.why);
}

static void clear_disk(void *element)
{
    g_free(((struct disk_condition *)element)->disk);
}

static GArray *new_array(guint size, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, TRUE, size);

    if (clear != NULL)
        g_array_set_clear_func(array, clear);
    return array;
}

static void begin(struct condition *condition)
{
    *condition = (struct condition){
        .now = clock_now(),
        .alarms = new_array(sizeof(struct alarm), clear_alarm),
        .drops = new_array(sizeof(struct drop_condition), clear_drop),
        .disks = new_array(sizeof(struct disk_condition), clear_disk),
        .reports = new_array(sizeof(struct report_condition), NULL),
        .expected = new_array(sizeof(struct expected_condition), NULL),
        .states = new_array(sizeof(struct state_count), NULL),
    };
}

void condition_clear(struct condition *condition)
{
    g_array_unref(condition->alarms);
    g_array_unref(condition->drops);
    g_array_unref(condition->disks);
    g_array_unref(condition->reports);
    g_array_unref(condition->expected);
    g_array_unref(condition->states);
    heartbeat_clear(&condition->last);
    purge_state_clear(&condition->purge);
    *condition = (struct condition){0};
}

/* A lock does not tell its own holder that it is held. */
static bool find_writer(struct gateway *gateway, int64_t *pid, GError **error)
{
    *pid = getpid();
    return *gateway->instance != '\0' || spool_writer(gateway->spool, pid, error);
}

bool condition_look(struct gateway *gateway, bool list_drops, struct condition *condition, GError **error)
{
    begin(condition);
    heartbeat_read(gateway->config->spool, &condition->last);
    if (find_writer(gateway, &condition->pid, error) && count_jobs(gateway, condition, error) &&
        ledger_state_counts_each(gateway->ledger, add_state, condition, error) &&
        ledger_withheld_count(gateway->ledger, &condition->withheld, error) &&
        purge_state_look(gateway, condition->pid, &condition->purge, error) &&
        condition_fill_drops(gateway, list_drops, condition, error) && add_disks(gateway, condition, error) &&
        add_reports(gateway, condition, error) && add_expected(gateway, condition, error) &&
        condition_fill_alarms(gateway, condition, error))
        return true;
    condition_clear(condition);
    return false;
}
