/*
 * The oracle: one walk over the Devices of the plan, each of which adds to all reports that tell of it. It knows
 * gateway/DEVICES.md and gateway/REPORTS.md, and shares no code with the gateway.
 */
#include "samples/programme.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KINDS = 3,
    REGIONS = 4,
    QUARTERS = 4,
    REFERENCE_HOUR = 4 /* of a Monday, when inventories come */,
    ROW = 256,
    STAMP = 32
};

/* Columns of ECOSMIG-005 behind DeviceType, and of MGMT behind CSPRegion. */
enum { INSTRUCTED, REJECTED, DEFERRED, SUCCEEDED, FAILED, IN_PROGRESS, CUMULATIVE, REMAINING, FIGURES };
enum { IN_SCOPE, MIGRATED, FAILED_ONCE, FAILED_MANY, BARRED, LEFT, SHARES };

struct oracle {
    const struct programme *p;
    unsigned weeks, suppliers, months;
    struct pile *migrated;                        /* [day][Supplier] */
    struct pile *failed;                          /* [quarter of a day][Supplier] */
    struct pile *gained;                          /* [month][Supplier] */
    struct pile *installed;                       /* [month][Supplier] */
    struct pile *stranded;                        /* [week][Supplier] */
    struct pile *assets;                          /* [week][Meter Asset Provider] */
    struct pile *responses, *outcomes, *orders;   /* [day] */
    uint64_t (*activity)[KINDS][FIGURES];         /* [week][Supplier] */
    uint64_t (*models)[GROUPS][KINDS];            /* [week][Supplier] */
    uint64_t (*progress)[KINDS][REGIONS][SHARES]; /* [week] */
};

/* The Device of the walk. */
struct subject {
    const struct life *life;
    char id[EUI64_SIZE];
    uint64_t digest; /* of its id */
    FILE *rows;
};

static void *table(size_t n, size_t size)
{
    void *made = calloc(n, size);

    if (made == NULL)
        programme_die("memory", strerror(errno));
    return made;
}

static time_t month_begin(unsigned month)
{
    struct tm tm = {.tm_year = 123, .tm_mon = 6 + (int)month, .tm_mday = 1}; /* July 2023 is the first */

    return timegm(&tm);
}

static time_t month_end(unsigned month)
{
    return month_begin(month + 1);
}

/* Times in the forms that are compared. */
static void date_of(time_t at, char text[STAMP])
{
    struct tm tm;

    (void)strftime(text, STAMP, "%Y-%m-%d", gmtime_r(&at, &tm)); /* fits */
}

/* A row that begins with the id of the Device; rest begins with a comma, or is empty. */
static void add(struct pile *pile, const struct subject *subject, const char *rest)
{
    pile_add_digest(pile, digest_text(subject->digest, rest));
    if (subject->rows != NULL)
        fprintf(subject->rows, "%s%s\n", subject->id, rest);
}

static bool shows(const struct oracle *o, const char *type)
{
    return o->p->rows != NULL && strcmp(o->p->rows, type) == 0;
}

/* The same Device, with its rows printed if this type was asked for. */
static const struct subject *as(const struct oracle *o, struct subject *subject, const char *type)
{
    subject->rows = shows(o, type) ? stderr : NULL;
    return subject;
}

static unsigned tries_of(const struct event *event)
{
    static const unsigned tries[] = {1, 2, 3, 1, 2, 1};

    return event->kind == SESSION ? tries[event->fate] : 0;
}

/* What the instruction's sender hears, and what is ordered. */
static void add_answers(struct oracle *o, struct subject *subject, const struct event *event)
{
    unsigned day = (event->week - 1) * 7 + subject->life->day;
    bool accepted = event->kind == SESSION, migrated = event_succeeds(event);
    const char *refused = event->kind == NON_MIGRATABLE ? "REJECTED" : "DEFERRED";
    char rest[ROW];

    (void)snprintf(rest, sizeof rest, ",%s,%s", accepted ? "ACCEPTED" : refused, accepted ? "" : event_code(event));
    add(&o->responses[day], as(o, subject, "EMD"), rest);
    (void)snprintf(rest, sizeof rest, ",%s,%s",
                   migrated   ? "MIGRATED"
                   : accepted ? "FAILED"
                              : refused,
                   migrated ? "" : event_code(event));
    add(&o->outcomes[day], as(o, subject, "EMO"), rest);
    for (unsigned try = 1; try <= tries_of(event); try++) {
        (void)snprintf(rest, sizeof rest, ",%u", try);
        add(&o->orders[day], as(o, subject, "EMW"), rest);
    }
}

/* The rows of 001 and 002. All sessions end between six and twelve o'clock; one without an answer a day later. */
static void add_end(struct oracle *o, struct subject *subject, const struct event *event)
{
    const struct life *life = subject->life;
    bool late = event->fate == SILENT;
    time_t day = week_begin(event->week) + (time_t)(life->day + (late ? 1 : 0)) * DAY;
    size_t n = (event->week - 1) * 7 + life->day + (late ? 1 : 0);
    char rest[ROW];

    if (event->kind != SESSION || life->leader == 0)
        return;
    if (event_succeeds(event)) {
        add(&o->migrated[n * o->suppliers + life_supplier(life, day + DAY)], as(o, subject, "ECOSMIG-001"), "");
        return;
    }
    (void)snprintf(rest, sizeof rest, ",%s", event_code(event));
    add(&o->failed[(n * QUARTERS + 1) * o->suppliers + life_supplier(life, day + DAY / 2)],
        as(o, subject, "ECOSMIG-002"), rest);
}

/* The rows of 003 and 006: each is in the first report whose period ends after it is known and has happened. */
static void add_once(struct oracle *o, struct subject *subject)
{
    const struct life *life = subject->life;
    char rest[ROW], date[STAMP];
    unsigned month = 0;

    if (life->leader == 0)
        return;
    if (life->change != 0) {
        while (month < o->months && month_end(month) <= life_change(life))
            month++;
        date_of(life_change(life), date);
        (void)snprintf(rest, sizeof rest, ",%s", date); /* fits, as all rows do */
        if (month < o->months)
            add(&o->gained[month * o->suppliers + life->gaining], as(o, subject, "ECOSMIG-003"), rest);
    }
    if (life->born_ecos) {
        time_t known = week_begin(life->installed + 1) + REFERENCE_HOUR * 3600;
        for (month = 0; month < o->months && month_end(month) <= known;)
            month++;
        if (month < o->months)
            add(&o->installed[month * o->suppliers + life_supplier(life, month_end(month))],
                as(o, subject, "ECOSMIG-006"), "");
    }
}

/* The Device at the end of a week. */
struct standing {
    unsigned week;
    time_t end;
    const struct event *event; /* of this week */
    bool migrated, barred;
    unsigned failed; /* sessions */
    time_t at;       /* of the migration */
};

static const char *status_of(const struct life *life, const struct standing *now)
{
    return now->migrated || life->born_ecos ? "ECOS"
           : now->barred                    ? "NON_MIGRATABLE"
           : now->failed > 0                ? "FAILED_RETRY"
                                            : "TCOS";
}

static void add_activity(struct oracle *o, const struct life *life, const struct standing *now)
{
    size_t at = (now->week - 1) * o->suppliers + life_supplier(life, now->end);
    uint64_t *figures = o->activity[at][life->traits.kind];
    bool remains = !now->migrated && !life->born_ecos;

    if (now->event != NULL) {
        bool session = now->event->kind == SESSION, succeeds = event_succeeds(now->event);
        figures[INSTRUCTED]++;
        figures[REJECTED] += now->event->kind == NON_MIGRATABLE;
        figures[DEFERRED] += now->event->kind == CHANGING_SUPPLIER;
        figures[SUCCEEDED] += succeeds;
        figures[FAILED] += session && !succeeds;
    }
    figures[CUMULATIVE] += now->migrated;
    figures[REMAINING] += remains;
    if (remains && now->barred)
        o->models[at][life->group][life->traits.kind]++;
}

static void add_progress(struct oracle *o, const struct life *life, const struct standing *now)
{
    uint64_t *shares = o->progress[now->week - 1][life->traits.kind][life->traits.region];
    bool remains = !now->migrated && !life->born_ecos;

    shares[IN_SCOPE]++;
    shares[MIGRATED] += !remains;
    shares[LEFT] += remains;
    shares[FAILED_ONCE] += remains && now->failed == 1;
    shares[FAILED_MANY] += remains && now->failed > 1;
    shares[BARRED] += remains && now->barred;
}

static void add_standing(struct oracle *o, struct subject *subject, const struct standing *now)
{
    const struct life *life = subject->life;
    const char *status = status_of(life, now);
    char rest[ROW], date[STAMP] = "";

    add_progress(o, life, now);
    if (life->leader == 0)
        return;
    add_activity(o, life, now);
    unsigned supplier = life_supplier(life, now->end);
    if (now->week + o->p->stranded_weeks > o->weeks && strcmp(status, "ECOS") != 0) {
        (void)snprintf(rest, sizeof rest, ",%s", status);
        add(&o->stranded[(now->week - 1) * o->suppliers + supplier], as(o, subject, "STRAND"), rest);
    }
    if (life->traits.kind == GPF)
        return;
    if (now->migrated)
        date_of(now->at, date);
    (void)snprintf(rest, sizeof rest, ",S%03u,%s,%s", supplier + 1, status, date);
    add(&o->assets[(now->week - 1) * MAPS_OF_PLAN + life->map], as(o, subject, "MAPR"), rest);
}

/* Each week's end from the first one on at which the inventory has the Device. */
static void add_weeks(struct oracle *o, struct subject *subject)
{
    const struct life *life = subject->life;
    struct standing now = {0};

    for (unsigned week = 1; week <= o->weeks; week++) {
        now.week = week;
        now.end = week_begin(week + 1);
        now.event = life_event(life, week);
        now.barred = group_is_barred(&o->p->plan, life->group, week + 1);
        if (now.event != NULL && event_succeeds(now.event)) {
            now.migrated = true;
            now.at = week_begin(week) + (time_t)life->day * DAY;
        } else if (now.event != NULL && now.event->kind == SESSION)
            now.failed++;
        if (life->installed == 0 || life->installed + 1 <= week)
            add_standing(o, subject, &now);
    }
}

/* --- What is printed ------------------------------------------------------------------------------ */

static void print_one(const struct pile *pile, const char *type, const char *recipient, time_t begin)
{
    bool exchange = strncmp(type, "EM", 2) == 0; /* of these all files of a day are one */
    char period[STAMP];
    struct tm tm;

    (void)strftime(period, sizeof period, "%Y%m%d_%H%M%S", gmtime_r(&begin, &tm)); /* fits */
    period[exchange ? strlen("20230703") : strlen(period)] = '\0';
    pile_print(pile, type, recipient, period);
}

static void print_suppliers(const struct oracle *o, const struct pile *piles, const char *type, time_t begin)
{
    char mpid[16];

    for (unsigned s = 0; s < o->suppliers; s++) {
        (void)snprintf(mpid, sizeof mpid, "S%03u", s + 1);
        print_one(&piles[s], type, mpid, begin);
    }
}

static void add_text(const struct oracle *o, struct pile *pile, const char *type, const char *row)
{
    pile_add(pile, row);
    if (shows(o, type))
        fprintf(stderr, "%s\n", row);
}

static struct pile pile_of_activity(const struct oracle *o, size_t at)
{
    struct pile pile = {0, 0};

    for (enum kind kind = ESME; kind <= GPF; kind++) {
        const uint64_t *figures = o->activity[at][kind];
        char row[ROW];
        int n = snprintf(row, sizeof row, "%s", kind_text(kind));
        bool any = false;
        for (unsigned i = 0; i < FIGURES; i++) {
            any = any || figures[i] != 0;
            n += snprintf(row + n, sizeof row - (size_t)n, ",%" PRIu64, figures[i]); /* fits: 8 times 21 bytes */
        }
        if (any)
            add_text(o, &pile, "ECOSMIG-005", row);
    }
    return pile;
}

static struct pile pile_of_models(const struct oracle *o, size_t at)
{
    struct pile pile = {0, 0};

    for (enum group group = NEVER; group < GROUPS; group++)
        for (enum kind kind = ESME; kind <= GPF; kind++) {
            struct model m = model_of_traits(kind, group_model(group));
            char row[ROW];
            if (o->models[at][group][kind] == 0)
                continue;
            (void)snprintf(row, sizeof row, "%s,%s,%s,%s,%" PRIu64, m.type, m.manufacturer, m.model, m.firmware,
                           o->models[at][group][kind]);
            add_text(o, &pile, "ECOSMIG-004", row);
        }
    return pile;
}

static struct pile pile_of_progress(const struct oracle *o, unsigned week)
{
    struct pile pile = {0, 0};

    for (enum kind kind = ESME; kind <= GPF; kind++)
        for (unsigned region = 0; region < REGIONS; region++) {
            const uint64_t *s = o->progress[week][kind][region];
            char row[ROW];
            if (s[IN_SCOPE] == 0)
                continue;
            (void)snprintf(row, sizeof row,
                           "%s,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64,
                           kind_text(kind), region_text(region), s[IN_SCOPE], s[MIGRATED], s[FAILED_ONCE],
                           s[FAILED_MANY], s[BARRED], s[LEFT]);
            add_text(o, &pile, "MGMT", row);
        }
    return pile;
}

static void print_week(const struct oracle *o, unsigned week)
{
    time_t begin = week_begin(week + 1);
    struct pile pile;
    char mpid[16];

    for (unsigned s = 0; s < o->suppliers; s++) {
        size_t at = week * o->suppliers + s;
        (void)snprintf(mpid, sizeof mpid, "S%03u", s + 1);
        pile = pile_of_models(o, at);
        print_one(&pile, "ECOSMIG-004", mpid, begin);
        pile = pile_of_activity(o, at);
        print_one(&pile, "ECOSMIG-005", mpid, begin);
    }
    if (week + o->p->stranded_weeks >= o->weeks)
        print_suppliers(o, &o->stranded[week * o->suppliers], "STRAND", begin);
    for (unsigned map = 0; map < MAPS_OF_PLAN; map++) {
        (void)snprintf(mpid, sizeof mpid, "M%03u", map + 1);
        print_one(&o->assets[week * MAPS_OF_PLAN + map], "MAPR", mpid, begin);
    }
    pile = pile_of_progress(o, week);
    print_one(&pile, "MGMT", "-", begin);
    print_one(&(struct pile){0, 0}, "MGMT-PAGE", "-", begin);
}

/* NMDM is issued when the list has changed: by the first week's file, and by each that adds a group. */
static void print_lists(const struct oracle *o)
{
    struct pile pile = {0, 0};

    for (unsigned week = 1; week <= o->weeks; week++) {
        uint64_t before = pile.rows;
        for (enum group group = NEVER; group < GROUPS; group++) {
            unsigned from = group_from(&o->p->plan, group);
            for (enum kind kind = ESME; kind <= GPF && week == (from == 0 ? 1 : from - 1); kind++) {
                struct model m = model_of_traits(kind, group_model(group));
                char row[ROW];
                (void)snprintf(row, sizeof row, "%s,%s,%s,%s", m.type, m.manufacturer, m.model, m.firmware);
                add_text(o, &pile, "NMDM", row);
            }
        }
        if (pile.rows != before)
            print_one(&pile, "NMDM", "-", week_begin(week) + REFERENCE_HOUR * 3600);
    }
}

static void print_all(const struct oracle *o)
{
    for (unsigned day = 0; day < o->weeks * 7; day++) {
        time_t begin = week_begin(1) + (time_t)day * DAY;
        print_suppliers(o, &o->migrated[day * o->suppliers], "ECOSMIG-001", begin);
        for (unsigned q = 0; q < QUARTERS; q++)
            print_suppliers(o, &o->failed[(day * QUARTERS + q) * o->suppliers], "ECOSMIG-002",
                            begin + (time_t)q * DAY / QUARTERS);
        if (o->responses[day].rows == 0)
            continue;
        print_one(&o->responses[day], "EMD", "-", begin);
        print_one(&o->outcomes[day], "EMO", "-", begin);
        print_one(&o->orders[day], "EMW", "-", begin);
    }
    for (unsigned month = 0; month < o->months; month++) {
        time_t begin = month_begin(month);
        print_suppliers(o, &o->gained[month * o->suppliers], "ECOSMIG-003", begin);
        print_suppliers(o, &o->installed[month * o->suppliers], "ECOSMIG-006", begin);
    }
    for (unsigned week = 0; week < o->weeks; week++)
        print_week(o, week);
    print_lists(o);
}

static void prepare(struct oracle *o, const struct programme *p)
{
    size_t days = 7 * (size_t)p->plan.weeks, suppliers = p->plan.suppliers;

    *o = (struct oracle){.p = p, .weeks = p->plan.weeks, .suppliers = p->plan.suppliers};
    while (month_end(o->months) <= week_begin(o->weeks + 1))
        o->months++;
    o->migrated = table(days * suppliers, sizeof *o->migrated);
    o->failed = table(days * QUARTERS * suppliers, sizeof *o->failed);
    o->gained = table((o->months + 1) * suppliers, sizeof *o->gained);
    o->installed = table((o->months + 1) * suppliers, sizeof *o->installed);
    o->stranded = table(o->weeks * suppliers, sizeof *o->stranded);
    o->assets = table((size_t)o->weeks * MAPS_OF_PLAN, sizeof *o->assets);
    o->responses = table(days, sizeof *o->responses);
    o->outcomes = table(days, sizeof *o->outcomes);
    o->orders = table(days, sizeof *o->orders);
    o->activity = table(o->weeks * suppliers, sizeof *o->activity);
    o->models = table(o->weeks * suppliers, sizeof *o->models);
    o->progress = table(o->weeks, sizeof *o->progress);
}

static void clear(struct oracle *o)
{
    void *tables[] = {o->migrated,  o->failed,   o->gained, o->installed, o->stranded, o->assets,
                      o->responses, o->outcomes, o->orders, o->activity,  o->models,   o->progress};

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        free(tables[i]);
}

void programme_expect(const struct programme *p)
{
    struct oracle oracle;
    struct life life;
    struct subject subject = {.life = &life};

    prepare(&oracle, p);
    for (uint64_t n = 1; n <= p->plan.devices; n++) {
        plan_life(&p->plan, n, &life);
        device_id(p->plan.seed, n, subject.id);
        subject.digest = digest_text(0, subject.id);
        for (unsigned i = 0; i < life.n; i++) {
            add_answers(&oracle, &subject, &life.events[i]);
            add_end(&oracle, &subject, &life.events[i]);
        }
        add_once(&oracle, &subject);
        add_weeks(&oracle, &subject);
    }
    print_all(&oracle);
    clear(&oracle);
}
