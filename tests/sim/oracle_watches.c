/*
 * What the gateway watches when the configuration asks for it: files that do not come in time (A112), numbers that are
 * missing for too long (A113), files that a recipient does not take (A114). Each must be told once, while its cause
 * lasts, and must end by itself.
 *
 * The judge knows when a file was put, acknowledged and taken, not when the gateway picked it up or delivered it. It
 * asks only where all times between the two would mean the same. In a calm run it asks for all; where faults come, that
 * no day and no gap has two incidents, and that none outlives its cause.
 */
#include "tests/sim/oracle_private.h"

#include "tests/sim/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A restart, a look into a server's drop and a backup together take less. */
static const int64_t SLACK = 4 * SIM_HOUR;

/* [expect NAME] */
struct expectation {
    char name[16], type[4];
    unsigned by, from; /* hours of the day, UTC; from is after by: of the day before */
};

/* taken_within of a drop. */
struct taking {
    char drop[16];
    int64_t within;
};

/* A file that stood in a folder of `out`. Nobody saw it there at `before`; it was seen from `from` until `until`. */
struct standing {
    char *name;
    int64_t before, from, until; /* until 0: it has not been taken */
};

struct folder {
    int64_t looked_at;
    GHashTable *names;    /* name → struct standing * that has not been taken */
    GPtrArray *standings; /* all */
};

struct listed {
    char *id, *subject;
    char code[8];
    int64_t begun, cleared; /* cleared 0: it is open */
};

struct closing {
    char code[8];
    int64_t at;
};

struct oracle_watches {
    GArray *expectations, *takings, *closings;
    int64_t missing_after; /* 0: nobody asks */
    GHashTable *folders;   /* name → struct folder * */
    GPtrArray *listed;     /* struct listed * */
};

static void free_standing(void *data)
{
    struct standing *standing = data;

    g_free(standing->name);
    g_free(standing);
}

static void free_folder(void *data)
{
    struct folder *folder = data;

    g_hash_table_destroy(folder->names);
    g_ptr_array_free(folder->standings, TRUE);
    g_free(folder);
}

static void free_listed(void *data)
{
    struct listed *listed = data;

    g_free(listed->id);
    g_free(listed->subject);
    g_free(listed);
}

struct oracle_watches *oracle_watches_new(void)
{
    struct oracle_watches *watches = g_new0(struct oracle_watches, 1);

    watches->expectations = g_array_new(FALSE, FALSE, sizeof(struct expectation));
    watches->takings = g_array_new(FALSE, FALSE, sizeof(struct taking));
    watches->closings = g_array_new(FALSE, FALSE, sizeof(struct closing));
    watches->folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_folder);
    watches->listed = g_ptr_array_new_with_free_func(free_listed);
    return watches;
}

void oracle_watches_free(struct oracle_watches *watches)
{
    g_array_free(watches->expectations, TRUE);
    g_array_free(watches->takings, TRUE);
    g_array_free(watches->closings, TRUE);
    g_hash_table_destroy(watches->folders);
    g_ptr_array_free(watches->listed, TRUE);
    g_free(watches);
}

/* ---- what is told to the judge ---- */

void oracle_expects(struct oracle *oracle, const char *name, const char *type, unsigned by, unsigned from)
{
    struct expectation expectation = {.by = by, .from = from};

    (void)g_strlcpy(expectation.name, name, sizeof expectation.name);
    (void)g_strlcpy(expectation.type, type, sizeof expectation.type);
    g_array_append_val(oracle->watches->expectations, expectation);
}

void oracle_missing_after(struct oracle *oracle, unsigned hours)
{
    oracle->watches->missing_after = hours * SIM_HOUR;
}

void oracle_taken_within(struct oracle *oracle, const char *drop, unsigned hours)
{
    struct taking taking = {.within = hours * SIM_HOUR};

    (void)g_strlcpy(taking.drop, drop, sizeof taking.drop);
    g_array_append_val(oracle->watches->takings, taking);
}

void oracle_closes(struct oracle *oracle, const char *code)
{
    struct closing closing = {.at = sim_now(oracle->sim)};

    (void)g_strlcpy(closing.code, code, sizeof closing.code);
    g_array_append_val(oracle->watches->closings, closing);
}

static void stands(struct folder *folder, const char *name, int64_t now)
{
    struct standing *standing = g_new0(struct standing, 1);

    standing->name = g_strdup(name);
    standing->before = folder->looked_at;
    standing->from = now;
    g_hash_table_insert(folder->names, standing->name, standing);
    g_ptr_array_add(folder->standings, standing);
}

void oracle_looked(struct oracle *oracle, const char *name, const GPtrArray *names, bool takes)
{
    struct folder *folder = g_hash_table_lookup(oracle->watches->folders, name);
    int64_t now = sim_now(oracle->sim);

    if (oracle->watches->takings->len == 0)
        return;
    if (folder == NULL) {
        folder = g_new0(struct folder, 1);
        folder->looked_at = sim_begun(oracle->sim);
        folder->names = g_hash_table_new(g_str_hash, g_str_equal);
        folder->standings = g_ptr_array_new_with_free_func(free_standing);
        g_hash_table_insert(oracle->watches->folders, g_strdup(name), folder);
    }
    for (unsigned i = 0; i < names->len; i++) {
        if (!g_hash_table_contains(folder->names, names->pdata[i]))
            stands(folder, names->pdata[i], now);
        struct standing *standing = g_hash_table_lookup(folder->names, names->pdata[i]);
        if (takes) {
            standing->until = now;
            (void)g_hash_table_remove(folder->names, names->pdata[i]);
        }
    }
    folder->looked_at = now;
}

void oracle_listed(struct oracle *oracle, const struct oracle_incident *incident)
{
    static const char *const codes[] = {"A112", "A113", "A114", NULL};

    if (!g_strv_contains(codes, incident->code))
        return;
    struct listed *listed = g_new0(struct listed, 1);
    listed->id = g_strdup(incident->id);
    listed->subject = g_strdup(incident->subject);
    (void)g_strlcpy(listed->code, incident->code, sizeof listed->code);
    listed->begun = when_parse(incident->begun);
    listed->cleared = when_parse(incident->cleared);
    g_ptr_array_add(oracle->watches->listed, listed);
}

/* ---- questions ---- */

/* The newest incident of that code and subject that was open at any time of the span; NULL: none was. */
static const struct listed *find_incident(const struct oracle *oracle, const char *code, const char *subject,
                                          int64_t from, int64_t until)
{
    const struct listed *found = NULL;

    for (unsigned i = 0; i < oracle->watches->listed->len; i++) {
        const struct listed *listed = oracle->watches->listed->pdata[i];
        if (strcmp(listed->code, code) == 0 && strcmp(listed->subject, subject) == 0 && listed->begun <= until &&
            (listed->cleared == 0 || listed->cleared >= from))
            found = listed;
    }
    return found;
}

static bool was_closed_by_hand(const struct oracle *oracle, const struct listed *listed)
{
    for (unsigned i = 0; i < oracle->watches->closings->len; i++) {
        const struct closing *closing = &g_array_index(oracle->watches->closings, struct closing, i);
        if (strcmp(closing->code, listed->code) == 0 && listed->cleared >= closing->at - SIM_HOUR &&
            listed->cleared <= closing->at + SIM_HOUR)
            return true;
    }
    return false;
}

static int64_t answered_at(const struct inbound *inbound)
{
    return inbound->verdicts->len > 0 ? ((const struct verdict *)inbound->verdicts->pdata[0])->at : INT64_MAX;
}

static bool was_accepted(const struct inbound *inbound)
{
    return inbound->verdicts->len > 0 &&
           strcmp(((const struct verdict *)inbound->verdicts->pdata[0])->outcome, "RJ") != 0;
}

/* ---- A112 ---- */

/* Files of one due time, as far as they are known. */
struct arrivals {
    bool any;       /* one may have come in time, or was put soon after */
    bool in_time;   /* one has, for sure */
    int64_t first;  /* when the first that may count was put; INT64_MAX: none was */
    int64_t met_at; /* by when one counts for sure; INT64_MAX: none does */
};

static struct arrivals find_arrivals(const struct oracle *oracle, const char *type, int64_t from, int64_t due)
{
    struct arrivals found = {.first = INT64_MAX, .met_at = INT64_MAX};

    for (unsigned i = 0; i < oracle->order_of_inbound->len; i++) {
        const struct inbound *inbound = oracle->order_of_inbound->pdata[i];
        int64_t put = inbound->put_at, answered = answered_at(inbound);
        if (strcmp(inbound->type, type) != 0 || answered < from || put >= from + SIM_DAY)
            continue;
        bool sure = put >= from && answered < from + SIM_DAY && was_accepted(inbound);
        found.any |= put <= due + SLACK;
        found.in_time |= sure && answered <= due;
        found.first = MIN(found.first, put);
        found.met_at = sure ? MIN(found.met_at, answered) : found.met_at;
    }
    return found;
}

static void judge_due(struct oracle *oracle, const struct expectation *expectation, int64_t day)
{
    char date[WHEN_SIZE];
    int64_t due = day + expectation->by * SIM_HOUR, now = sim_now(oracle->sim);
    int64_t from = day + expectation->from * SIM_HOUR - (expectation->from >= expectation->by ? SIM_DAY : 0);
    const struct arrivals came = find_arrivals(oracle, expectation->type, from, due);
    g_autofree char *subject = g_strdup_printf("%s %s", expectation->name, when_date(day, date));
    const struct listed *incident = find_incident(oracle, "A112", subject, 0, INT64_MAX);

    if (incident == NULL && !came.any && due + SLACK < now)
        sim_broken(oracle->sim, "expected", "%s: no %s came by %s, and no A112 was opened", subject, expectation->type,
                   when_text(due, date));
    if (incident == NULL)
        return;
    int64_t over = MIN(MAX(came.met_at, due), due + SIM_DAY), ended = incident->cleared ? incident->cleared : now;
    if (came.in_time || incident->begun < due || (!came.any && incident->begun > due + SLACK))
        sim_broken(oracle->sim, "expected", "%s: %s is opened at %s, and that is not right", subject, incident->id,
                   when_text(incident->begun, date));
    if (ended > over + SLACK)
        sim_broken(oracle->sim, "expected", "%s: %s was over at %s and is closed late or never", subject, incident->id,
                   when_text(over, date));
    if (incident->cleared != 0 && incident->cleared < MIN(due + SIM_DAY, came.first - SIM_SECOND))
        sim_broken(oracle->sim, "expected", "%s: %s is closed at %s, before a file came", subject, incident->id,
                   when_text(incident->cleared, date));
}

static void judge_expectations(struct oracle *oracle)
{
    for (unsigned i = 0; i < oracle->watches->expectations->len; i++) {
        int64_t day = (sim_begun(oracle->sim) / SIM_DAY + 2) * SIM_DAY;
        for (; day < sim_now(oracle->sim); day += SIM_DAY)
            judge_due(oracle, &g_array_index(oracle->watches->expectations, struct expectation, i), day);
    }
}

/* ---- A113 ---- */

/* The number of a file's name; 0: it has none. */
static unsigned number_of(const char *name)
{
    const char *bar = strrchr(name, '_');

    return bar != NULL ? oracle_number(bar + 1) : 0;
}

static char *number_key(const char *type, unsigned number)
{
    return g_strdup_printf("%s %u", type, number);
}

static GHashTable *by_number(const struct oracle *oracle)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (unsigned i = 0; i < oracle->order_of_inbound->len; i++) {
        struct inbound *inbound = oracle->order_of_inbound->pdata[i];
        if (number_of(inbound->name) != 0)
            g_hash_table_insert(table, number_key(inbound->type, number_of(inbound->name)), inbound);
    }
    return table;
}

/* The numbers before that of a file that had not come when it came. */
struct gap {
    unsigned n;
    bool all_came;               /* in the end */
    int64_t first_put, answered; /* when the last one to come was put; acknowledged */
};

static struct gap find_gap(const struct oracle *oracle, GHashTable *numbers, const struct inbound *behind)
{
    struct gap gap = {.all_came = true};
    unsigned number = number_of(behind->name);

    (void)oracle;
    for (unsigned before = number - 1; number > 1 && before > 0; before--) {
        g_autofree char *key = number_key(behind->type, before);
        const struct inbound *inbound = g_hash_table_lookup(numbers, key);
        if (inbound != NULL && inbound->put_at <= behind->put_at)
            return gap;
        gap.n++;
        gap.all_came &= inbound != NULL;
        gap.first_put = MAX(gap.first_put, inbound != NULL ? inbound->put_at : INT64_MAX);
        gap.answered = MAX(gap.answered, inbound != NULL ? answered_at(inbound) : INT64_MAX);
    }
    return (struct gap){0}; /* those before the first file are in none */
}

static void judge_gap(struct oracle *oracle, const struct inbound *behind, const struct gap *gap)
{
    int64_t after = oracle->watches->missing_after, now = sim_now(oracle->sim);
    int64_t latest = answered_at(behind) + after + SLACK;
    g_autofree char *subject =
        g_strdup_printf("%s %s %u", sender_of(behind->type)->org, behind->type, number_of(behind->name));
    const struct listed *incident = find_incident(oracle, "A113", subject, 0, INT64_MAX);

    if (incident == NULL && latest < now && gap->first_put > latest)
        sim_broken(oracle->sim, "missing", "%s: numbers before it are missing for too long, and no A113 was opened",
                   subject);
    if (incident == NULL)
        return;
    if (gap->answered <= behind->put_at + after || incident->begun < behind->put_at + after - SIM_SECOND ||
        incident->begun > latest)
        sim_broken(oracle->sim, "missing", "%s: %s is opened, and that is not right", subject, incident->id);
    if (was_closed_by_hand(oracle, incident))
        return;
    if (incident->cleared != 0 && incident->cleared < gap->first_put - SIM_SECOND)
        sim_broken(oracle->sim, "missing", "%s: %s is closed before all numbers came", subject, incident->id);
    if (gap->all_came && (incident->cleared ? incident->cleared : now) > MAX(gap->answered, incident->begun) + SLACK)
        sim_broken(oracle->sim, "missing", "%s: %s is closed late or never; all numbers came", subject, incident->id);
}

static void judge_numbers(struct oracle *oracle)
{
    g_autoptr(GHashTable) numbers = by_number(oracle);

    for (unsigned i = 0; i < oracle->order_of_inbound->len; i++) {
        const struct inbound *inbound = oracle->order_of_inbound->pdata[i];
        struct gap gap = number_of(inbound->name) > 1 && inbound->verdicts->len > 0 ? find_gap(oracle, numbers, inbound)
                                                                                    : (struct gap){0};
        if (gap.n > 0)
            judge_gap(oracle, inbound, &gap);
    }
}

/* ---- A114 ---- */

static int64_t within_of(const struct oracle *oracle, const char *folder)
{
    for (unsigned i = 0; i < oracle->watches->takings->len; i++) {
        const struct taking *taking = &g_array_index(oracle->watches->takings, struct taking, i);
        size_t len = strlen(taking->drop);
        if (strncmp(folder, taking->drop, len) == 0 && (folder[len] == '\0' || folder[len] == '/'))
            return taking->within;
    }
    return 0;
}

/* A file that stands too long for sure is told while it does. */
static void judge_standing(struct oracle *oracle, const char *folder, const struct standing *standing, int64_t within)
{
    int64_t until = standing->until != 0 ? standing->until : sim_now(oracle->sim);
    int64_t latest = standing->from + within + SLACK;

    if (until <= latest)
        return;
    const struct listed *incident = find_incident(oracle, "A114", folder, latest, latest);
    if (incident == NULL || (incident->cleared != 0 && incident->cleared < until))
        sim_broken(oracle->sim, "untaken", "%s stood in %s for %d hours at least, and %s", standing->name, folder,
                   (int)((until - standing->from) / SIM_HOUR),
                   incident == NULL ? "no A114 was opened" : "its A114 was closed before it was taken");
}

/* Any file may have stood there too long at some time of the span. */
static bool has_cause(const struct oracle *oracle, const struct folder *folder, int64_t within, int64_t from,
                      int64_t until)
{
    for (unsigned i = 0; i < folder->standings->len; i++) {
        const struct standing *standing = folder->standings->pdata[i];
        int64_t taken = standing->until != 0 ? standing->until : sim_now(oracle->sim);
        if (standing->before + within <= until + SIM_SECOND && taken >= from && taken >= standing->before + within)
            return true;
    }
    return false;
}

static void judge_untaken(struct oracle *oracle, const struct listed *incident)
{
    const struct folder *folder = g_hash_table_lookup(oracle->watches->folders, incident->subject);
    int64_t within = within_of(oracle, incident->subject), ended = incident->cleared;

    ended = ended != 0 ? ended : sim_now(oracle->sim);
    if (folder == NULL || within == 0 ||
        !has_cause(oracle, folder, within, incident->begun - SIM_HOUR, incident->begun))
        sim_broken(oracle->sim, "untaken", "%s is opened for %s, where no file stood so long", incident->id,
                   incident->subject);
    else if (!has_cause(oracle, folder, within, ended - SLACK, ended))
        sim_broken(oracle->sim, "untaken", "%s of %s is closed late or never; its files were taken", incident->id,
                   incident->subject);
}

static void judge_takings(struct oracle *oracle)
{
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(oracle->watches->folders), (GCompareFunc)strcmp);

    for (const GList *name = names; name != NULL; name = name->next) {
        const struct folder *folder = g_hash_table_lookup(oracle->watches->folders, name->data);
        int64_t within = within_of(oracle, name->data);
        for (unsigned i = 0; i < folder->standings->len && within != 0; i++)
            judge_standing(oracle, name->data, folder->standings->pdata[i], within);
    }
    for (unsigned i = 0; i < oracle->watches->listed->len; i++) {
        const struct listed *listed = oracle->watches->listed->pdata[i];
        if (strcmp(listed->code, "A114") == 0)
            judge_untaken(oracle, listed);
    }
}

/* ---- where faults come ---- */

/* The day of an A112's subject is its last word. */
static bool outlives_cause(const struct oracle *oracle, const struct listed *listed)
{
    const char *word = strrchr(listed->subject, ' ');
    int64_t now = sim_now(oracle->sim);

    if (listed->cleared != 0)
        return false;
    if (strcmp(listed->code, "A112") == 0)
        return word == NULL || when_parse(word + 1) + 2 * SIM_DAY + SLACK < now;
    return strcmp(listed->code, "A114") == 0; /* at the end all recipients take theirs within hours */
}

static void judge_once(struct oracle *oracle)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (unsigned i = 0; i < oracle->watches->listed->len; i++) {
        const struct listed *listed = oracle->watches->listed->pdata[i];
        char *what = g_strdup_printf("%s %s", listed->code, listed->subject);
        bool twice = !g_hash_table_add(seen, what);
        if (twice && strcmp(listed->code, "A112") == 0 && oracle->restores == 0 && !oracle->clock_wrong)
            sim_broken(oracle->sim, "expected", "%s: a second incident, %s", listed->subject, listed->id);
        if (outlives_cause(oracle, listed))
            sim_broken(oracle->sim, strcmp(listed->code, "A112") == 0 ? "expected" : "untaken",
                       "%s of %s is still open, and is over", listed->id, listed->subject);
    }
}

void oracle_judge_watches(struct oracle *oracle)
{
    judge_once(oracle);
    if (sim_profile(oracle->sim) != SIM_CALM)
        return;
    judge_expectations(oracle);
    if (oracle->watches->missing_after != 0)
        judge_numbers(oracle);
    judge_takings(oracle);
}
