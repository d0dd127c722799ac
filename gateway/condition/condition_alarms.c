/*
 * What is wrong: the only place that decides it.
 *
 * To add an alarm: a cause that opens an incident of category a needs nothing here, and a line in incident_alarms[] if
 * its level or its command is not the usual one. Any other cause is a function called by condition_fill_alarms.
 *
 * Many alarms of one kind are one line with their number, that of the oldest: a screen shows the kinds.
 */
#include "gateway/condition/condition_private.h"

#include "formats/text.h"
#include "gateway/answers/incident_id.h"
#include "gateway/condition/expiry.h"
#include "gateway/condition/explain_hold.h"
#include "spool/ledger/ledger_counts.h"
#include "validators/catalogue.h"

#include <inttypes.h>
#include <string.h>

enum { LONG_PURGE = 24 * 3600 /* seconds */ };

/* ---- the list while it is made ---- */

/* Alarms of one kind. */
struct kind {
    char *key; /* what they have in common */
    int64_t n;
    struct alarm alarm;   /* the oldest */
    const char *for_many; /* the command if there are several */
};

struct making {
    struct gateway *gateway;
    struct condition *condition;
    GArray *kinds;                /* struct kind */
    int64_t disk_low, ledger_old; /* since when A108 and A109 are open; 0: they are not */
};

/* Control characters would break the line, or worse. g_free. */
static char *one_line(char *text)
{
    for (char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7F)
            *at = ' ';
    return text;
}

/* Takes the texts of the alarm. Those that come later are newer. */
static void add(struct making *making, const char *key, const char *for_many, struct alarm alarm)
{
    for (guint k = 0; k < making->kinds->len; k++) {
        struct kind *kind = &g_array_index(making->kinds, struct kind, k);
        if (strcmp(kind->key, key) != 0)
            continue;
        kind->n++;
        kind->alarm.level = MAX(kind->alarm.level, alarm.level);
        g_free(alarm.text);
        g_free(alarm.brief);
        g_free(alarm.command);
        return;
    }
    const struct kind fresh = {g_strdup(key), 1, alarm, for_many};
    g_array_append_val(making->kinds, fresh);
}

/* An alarm that stands alone, and whose text nothing has to be left out of. Takes text; command is copied. */
static void add_plain(struct making *making, enum alarm_level level, int64_t since, char *text, const char *command)
{
    const struct alarm alarm = {level, since, NULL, text, g_strdup(text), g_strdup(command)};

    add(making, text, NULL, alarm);
}

static void finish(struct making *making)
{
    for (guint k = 0; k < making->kinds->len; k++) {
        struct kind *kind = &g_array_index(making->kinds, struct kind, k);
        struct alarm alarm = kind->alarm;
        if (kind->n > 1) {
            alarm.text = g_strdup_printf("%" PRId64 " times, the oldest: %s", kind->n, kind->alarm.text);
            alarm.brief = g_strdup_printf("%" PRId64 " times, the oldest: %s", kind->n, kind->alarm.brief);
            g_free(kind->alarm.text);
            g_free(kind->alarm.brief);
        }
        if (kind->n > 1 && kind->for_many != NULL) {
            g_free(alarm.command);
            alarm.command = g_strdup(kind->for_many);
        }
        alarm.text = one_line(alarm.text);
        alarm.brief = one_line(alarm.brief);
        g_array_append_val(making->condition->alarms, alarm);
        g_free(kind->key);
    }
    g_array_unref(making->kinds);
}

static int worst_first(const void *a, const void *b)
{
    const struct alarm *x = a, *y = b;

    return x->level != y->level ? (x->level < y->level) - (x->level > y->level)
                                : (x->since > y->since) - (x->since < y->since);
}

/* ---- incidents ---- */

/* Those of category a, and D160, which is about a model. `@` in a command stands for the drop of the subject, `#` for
 * the incident's id. A code that is not listed is a warning that `incident show` explains. */
static const struct incident_alarm {
    const char *code;
    enum alarm_level level;
    bool of_drop; /* the subject is a drop: each is told, and is critical when it lasts (setting drop_down) */
    const char *command, *for_many;
} incident_alarms[] = {
    {"A101", ALARM_WARNING, true, "ecosgate doctor @", NULL},
    {"A102", ALARM_WARNING, true, "ecosgate doctor @", NULL},
    {"A103", ALARM_WARNING, true, "ecosgate doctor @", NULL},
    {"A105", ALARM_CRITICAL, false, "ecosgate incident show #", "ecosgate incident list"},
    {"A106", ALARM_WARNING, false, "ecosgate report list", "ecosgate report list"},
    {"A107", ALARM_WARNING, false, "ecosgate pickup @", "ecosgate pickup"},
    {"A110", ALARM_CRITICAL, true, "ecosgate claim list", NULL},
    {"A111", ALARM_WARNING, false, "ecosgate incident show #", "ecosgate spool verify"},
    {"A116", ALARM_WARNING, false, "ecosgate incident show #", "ecosgate incident list"},
    {"A117", ALARM_WARNING, false, "ecosgate spool list --state held", "ecosgate spool list --state held"},
    {"A119", ALARM_CRITICAL, false, "ecosgate doctor", "ecosgate doctor"},
    {"A120", ALARM_CRITICAL, false, "ecosgate doctor", "ecosgate doctor"},
    {NULL, ALARM_WARNING, false, "ecosgate incident show #", "ecosgate incident list"},
};

static const struct incident_alarm *incident_alarm_of(const char *code)
{
    const struct incident_alarm *alarm = incident_alarms;

    while (alarm->code != NULL && strcmp(alarm->code, code) != 0)
        alarm++;
    return alarm;
}

/* The subject up to the first '/': the drop, where a code's subject begins with one. g_free. */
static char *drop_of(const char *subject)
{
    return g_strndup(subject, strcspn(subject, "/"));
}

/* g_free. */
static char *command_of(const char *form, const struct ledger_incident *incident)
{
    char id[INCIDENT_ID_SIZE];
    g_autofree char *drop = drop_of(incident->subject);
    GString *command = g_string_new(form);

    (void)g_string_replace(command, "@", drop, 0);
    (void)g_string_replace(command, "#", incident_id(incident->id, id), 0);
    return g_string_free(command, FALSE);
}

/* What a code is called, and of which drop it is, if it is of one. g_free. */
static char *brief_of(struct making *making, const struct incident_alarm *kind, const struct ledger_incident *incident)
{
    enum code code;
    g_autofree char *drop = drop_of(incident->subject);
    const char *name = catalogue_find(incident->code, &code) ? catalogue_entry(code)->name : "";

    if (kind->of_drop)
        return g_strdup_printf("%s %s: %s", incident->code, drop, incident->text);
    return condition_drop(making->condition, drop) != NULL ? g_strdup_printf("%s %s: %s", incident->code, drop, name)
                                                           : g_strdup_printf("%s %s", incident->code, name);
}

static const char *code_constant(const char *id)
{
    enum code code;

    return catalogue_find(id, &code) ? catalogue_entry(code)->id : NULL;
}

static void note_down(struct direction *direction, const struct ledger_incident *incident)
{
    if (direction->down != 0 && direction->down <= incident->opened)
        return;
    g_free(direction->why);
    direction->down = incident->opened;
    direction->why = one_line(g_strdup_printf("%s %s", incident->code, incident->text));
}

/* The directions that an outage is about; the text of a share's A101 names each that is down. */
static void note_outage(struct making *making, const struct ledger_incident *incident)
{
    struct drop_condition *drop = condition_drop(making->condition, incident->subject);
    bool both = strcmp(incident->code, "A110") == 0, share = strcmp(incident->code, "A101") == 0;

    if (drop == NULL)
        return;
    if (both || strcmp(incident->code, "A102") == 0 || (share && strstr(incident->text, "it cannot be read") != NULL))
        note_down(&drop->in, incident);
    if (both || strcmp(incident->code, "A103") == 0 ||
        (share && strstr(incident->text, "it cannot be written") != NULL))
        note_down(&drop->out, incident);
}

static void add_system(struct making *making, const struct ledger_incident *incident)
{
    const struct incident_alarm *kind = incident_alarm_of(incident->code);
    int64_t age = making->condition->now - incident->opened;
    bool lasts = kind->of_drop && age >= making->gateway->config->health.drop_down;
    g_autofree char *key = g_strconcat(incident->code, kind->of_drop ? incident->subject : "", NULL);

    making->condition->system_incidents++;
    if (kind->of_drop)
        note_outage(making, incident);
    /* Disks and ledger are asked themselves: that is right, too, while no gateway runs. */
    int64_t *asked = strcmp(incident->code, "A108") == 0   ? &making->disk_low
                     : strcmp(incident->code, "A109") == 0 ? &making->ledger_old
                                                           : NULL;
    if (asked != NULL) {
        *asked = *asked == 0 ? incident->opened : *asked;
        return;
    }
    add(making, key, kind->for_many,
        (struct alarm){lasts ? ALARM_CRITICAL : kind->level, incident->opened, code_constant(incident->code),
                       g_strdup_printf("%s %s: %s", incident->code, incident->subject, incident->text),
                       brief_of(making, kind, incident), command_of(kind->command, incident)});
}

static bool take_incident(void *user, const struct ledger_incident *incident, GError **error)
{
    struct making *making = user;
    struct incident_kind kind;

    (void)error; /* nothing here can fail */
    if (!incident_kind_of(incident, &kind) || kind.category[0] != 'b') {
        add_system(making, incident);
        return true;
    }
    if (making->condition->file_incidents++ == 0)
        making->condition->oldest_file_incident = incident->opened;
    return true;
}

static bool count_of_devices(void *user, const struct ledger_incident_count *count, GError **error)
{
    struct condition *condition = user;

    (void)error; /* nothing here can fail */
    condition->device_incidents += count->of_device ? count->n : 0;
    return true;
}

/* Those of files and Devices are counted: they are for their senders, and there may be many. */
static bool add_incidents(struct making *making, GError **error)
{
    struct condition *condition = making->condition;

    if (!ledger_incidents_recent(making->gateway->ledger, 0, take_incident, making, error) ||
        !ledger_incident_counts_each(making->gateway->ledger, count_of_devices, condition, error))
        return false;
    if (condition->file_incidents > 0)
        add_plain(
            making, ALARM_NOTE, condition->oldest_file_incident,
            g_strdup_printf("files that were rejected whole and not sent anew: %" PRId64, condition->file_incidents),
            "ecosgate incident list");
    if (condition->device_incidents > 0)
        add_plain(making, ALARM_NOTE, 0,
                  g_strdup_printf("incidents of Devices that are open: %" PRId64, condition->device_incidents),
                  "ecosgate incident list");
    return true;
}

/* ---- what the ledger does not know ---- */

static void add_unwritten(struct making *making, const struct heartbeat_file *file, const char *what)
{
    if (file->cause != NULL)
        add_plain(making, ALARM_WARNING, file->since, g_strdup_printf("%s: %s", what, file->cause), "ecosgate doctor");
}

/* The newest sign of life: the end of a pass, or the start of the program. A clock that went back leaves a later time
 * than now, which says nothing of how long ago it was. */
static void add_heartbeat(struct making *making)
{
    const struct condition *condition = making->condition;
    const struct heartbeat *last = &condition->last;
    bool ahead = last->begun > condition->now && last->at != 0;
    int64_t sign = ahead ? last->at : MAX(last->at, last->begun), age = condition->now - sign;
    int64_t max_age = making->gateway->config->health.max_age;
    char span[CONDITION_SPAN_SIZE];

    if (sign == 0 && condition->pid == 0)
        add_plain(making, ALARM_CRITICAL, 0, g_strdup("the gateway does not run, and no pass is known"),
                  "ecosgate run");
    else if (condition->pid == 0 && !last->once)
        add_plain(making, ALARM_CRITICAL, sign, g_strdup("the gateway does not run"), "ecosgate run");
    else if (-age > max_age)
        add_plain(making, ALARM_CRITICAL, condition->now,
                  g_strdup_printf("the last pass ended %s after now: the clock was or is wrong",
                                  condition_span(condition->now, sign, span)),
                  "ecosgate run");
    else if (age > max_age)
        add_plain(making, ALARM_CRITICAL, sign,
                  g_strdup_printf("no pass has ended for %s%s", condition_span(sign, condition->now, span),
                                  condition->pid == 0 ? ", and the gateway does not run" : ""),
                  "ecosgate run");
    if (last->cause != NULL)
        add_plain(making, ALARM_CRITICAL, last->at, g_strdup_printf("the last pass ended early: %s", last->cause),
                  "ecosgate doctor");
    add_unwritten(making, &last->files[HEARTBEAT_PAGE], "the live page cannot be written, its readers see an old one");
    add_unwritten(making, &last->files[HEARTBEAT_METRICS], "the metrics cannot be written, monitoring sees old ones");
}

/* What the ledger is behind of (A109). */
static bool add_ledger(struct making *making, GError **error)
{
    struct ledger_fault fault = {0};

    if (!ledger_check(making->gateway, &fault, error))
        return false;
    if (fault.text != NULL)
        add(making, "A109", NULL,
            (struct alarm){ALARM_CRITICAL, making->ledger_old, catalogue_entry(A109)->id,
                           g_strdup_printf("A109 %s", fault.text),
                           g_strdup_printf("A109 %s", catalogue_entry(A109)->name), g_strdup("ecosgate doctor")});
    ledger_fault_clear(&fault);
    return true;
}

static void add_disks(struct making *making)
{
    const struct condition *condition = making->condition;

    for (guint d = 0; d < condition->disks->len; d++) {
        const struct disk_condition *disk = &g_array_index(condition->disks, struct disk_condition, d);
        g_autofree char *command = g_strdup_printf("df -h %s", disk->disk), *days = text_count(disk->days, "day");
        if (disk->low)
            add_plain(making, ALARM_CRITICAL, making->disk_low,
                      g_strdup_printf("A108 %s: less than %" PRId64 " MiB free: nothing is picked up", disk->name,
                                      disk->reserve >> 20),
                      command);
        else if (disk->days >= 0 && disk->days < making->gateway->config->health.disk_days)
            add_plain(
                making, ALARM_WARNING, 0,
                g_strdup_printf("the disk of the %s is full in %s at the pace of the last week", disk->name, days),
                command);
    }
}

static void add_jobs(struct making *making)
{
    const struct condition *condition = making->condition;

    if (condition->jobs[JOB_CORRUPT] > 0)
        add_plain(making, ALARM_CRITICAL, 0,
                  g_strdup_printf("jobs that cannot go on, in corrupt/: %" PRId64, condition->jobs[JOB_CORRUPT]),
                  "ecosgate spool list --state corrupt");
    if (condition->jobs[JOB_HELD] > 0)
        add_plain(making, ALARM_NOTE, 0,
                  g_strdup_printf("jobs that are held until an operator decides: %" PRId64, condition->jobs[JOB_HELD]),
                  "ecosgate spool list --state held");
    if (condition->withheld > 0)
        add_plain(making, ALARM_WARNING, 0,
                  g_strdup_printf("Devices that are withheld since a recovery: %" PRId64, condition->withheld),
                  "ecosgate device list --withheld");
}

/* Files of orders that others may have written, or that are none; somebody has to look, and then to remove them. */
static void add_refused(struct making *making)
{
    g_autofree char *dir = g_build_filename(spool_dir(making->gateway->spool), "refused", NULL);
    g_auto(GStrv) names = disk_names(dir, NULL); /* NULL: there is none, or it may not be read */
    guint n = names != NULL ? g_strv_length(names) : 0;

    making->condition->refused_orders = n;
    if (n > 0)
        add_plain(making, ALARM_WARNING, 0,
                  g_strdup_printf("files of orders that were refused, and not carried out: %u", n), "ecosgate doctor");
}

/* A file that is not picked up though its drop works: it is not whole, or what it waits for does not come. */
static void add_waiting(struct making *making)
{
    const struct condition *condition = making->condition;

    for (guint d = 0; d < condition->drops->len; d++) {
        const struct drop_condition *drop = &g_array_index(condition->drops, struct drop_condition, d);
        int64_t age = condition->now - drop->oldest_waiting;
        g_autofree char *command = g_strdup_printf("ecosgate pickup %s", drop->name);
        if (drop->waiting > 0 && drop->in.down == 0 && drop->in.paused == 0 &&
            age >= making->gateway->config->health.drop_down)
            add_plain(
                making, ALARM_WARNING, drop->oldest_waiting,
                g_strdup_printf("drop %s: files that wait and are not picked up: %" PRId64, drop->name, drop->waiting),
                command);
    }
}

/* ---- what operators keep back ---- */

static void note_pause(struct making *making, const struct ledger_held *held)
{
    struct drop_condition *drop = held->hold.drop ? condition_drop(making->condition, held->hold.drop) : NULL;

    if (drop != NULL && held->hold.kind == LEDGER_HOLD_IN)
        drop->in.paused = held->at;
    if (drop != NULL && held->hold.kind == LEDGER_HOLD_OUT)
        drop->out.paused = held->at;
}

static bool take_hold(void *user, const struct ledger_held *held, GError **error)
{
    struct making *making = user;
    bool one = held->hold.kind == LEDGER_HOLD_BATCH || held->hold.kind == LEDGER_HOLD_DEVICE;
    const char *done = one ? "held" : "paused";
    g_autofree char *what = explain_hold_subject(held);
    g_autofree char *end = explain_hold_end(held);
    g_autofree char *key = one ? g_strdup_printf("hold %d", (int)held->hold.kind) : g_strdup_printf("hold %s", what);

    (void)error; /* nothing here can fail */
    making->condition->kept_back[held->hold.kind]++;
    note_pause(making, held);
    if (held->threshold) /* its A116 says it */
        return true;
    add(making, key, "ecosgate status --all",
        (struct alarm){ALARM_NOTE, held->at, NULL,
                       g_strdup_printf("%s is %s by %s: %s", what, done, held->who, explain_hold_reason(held)),
                       held->hold.kind == LEDGER_HOLD_DEVICE ? g_strdup("a Device is held")
                                                             : g_strdup_printf("%s is %s", what, done),
                       g_strdup_printf("%s --reason TEXT", end)});
    return true;
}

/* What the law asks for should not take for ever. */
static void add_purge(struct making *making)
{
    const struct purge_state *purge = &making->condition->purge;

    if (purge->row != NULL)
        add_plain(making, making->condition->now - purge->row->begun > LONG_PURGE ? ALARM_WARNING : ALARM_NOTE,
                  purge->row->begun, g_strdup(purge->text), purge->command);
}

static void add_expiring(void *user, enum alarm_level level, int64_t until, const char *text)
{
    struct making *making = user;

    add_plain(making, level, level == ALARM_CRITICAL ? until : 0, g_strdup(text), "ecosgate doctor");
}

bool condition_fill_alarms(struct gateway *gateway, struct condition *condition, GError **error)
{
    struct making making = {gateway, condition, g_array_new(FALSE, FALSE, sizeof(struct kind)), 0, 0};

    add_heartbeat(&making);
    bool good = add_incidents(&making, error) && add_ledger(&making, error) &&
                ledger_holds_each(gateway->ledger, take_hold, &making, error);
    add_disks(&making);
    add_jobs(&making);
    add_refused(&making);
    add_waiting(&making);
    add_purge(&making);
    expiry_each(gateway->config, condition->now, add_expiring, &making);
    finish(&making);
    g_array_sort(condition->alarms, worst_first);
    return good;
}
