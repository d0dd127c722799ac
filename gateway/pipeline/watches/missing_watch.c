/*
 * The gaps are found again from the rows of jobs, so nothing is kept. A row for each number that is left out was the
 * other design: it would have to be kept right by each way in which a number may come, go or begin anew.
 */
#include "gateway/pipeline/watches/missing_watch.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "gateway/clock.h"
#include "gateway/pauses.h"
#include "gateway/pipeline/outage.h"
#include "spool/ledger/ledger_missing.h"

#include <inttypes.h>

enum { LOOK_SECONDS = 60, RANGES_SHOWN = 8 };

static const char code[] = "A113";

struct missing_watch {
    struct gateway *gateway;
    bool looked;         /* once at least */
    int64_t looked_at;   /* monotonic microseconds: the last time */
    int64_t changes;     /* of the ledger, then */
    int64_t next;        /* seconds UTC when a number becomes due; G_MAXINT64: none does */
    GHashTable *settled; /* subjects of incidents that are closed and not opened again */
    GHashTable *from; /* "SENDER TYPE ORG" → number below which no gap is of interest any more, unless one changes */
};

struct missing_watch *missing_watch_new(struct gateway *gateway)
{
    struct missing_watch *watch = g_new0(struct missing_watch, 1);

    watch->gateway = gateway;
    watch->next = G_MAXINT64;
    watch->settled = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    watch->from = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return watch;
}

void missing_watch_free(struct missing_watch *watch)
{
    if (watch == NULL)
        return;
    g_hash_table_unref(watch->settled);
    g_hash_table_unref(watch->from);
    g_free(watch);
}

/* One look at all senders and types. */
struct looking {
    struct missing_watch *watch;
    const struct party *party;
    struct ledger_file of;
    int64_t now;
    GHashTable *present; /* subjects whose numbers are missing for too long */
};

/* ---- texts ---- */

/* Appends ", 5 to 7" for a range of numbers; of many, the first ones. */
static void append_range(GString *text, int64_t first, int64_t last, int *shown)
{
    if (first > last || ++*shown > RANGES_SHOWN)
        return;
    g_string_append_printf(text, "%s%" PRId64, *shown == 1 ? "" : ", ", first);
    if (last > first)
        g_string_append_printf(text, " to %" PRId64, last);
}

/* The numbers of the gap but those that came. */
static void append_missing(GString *text, const struct ledger_gap *gap, const GArray *came)
{
    int64_t first = gap->first;
    int shown = 0;

    for (guint i = 0; i < came->len; i++) {
        append_range(text, first, g_array_index(came, int64_t, i) - 1, &shown);
        first = g_array_index(came, int64_t, i) + 1;
    }
    append_range(text, first, gap->last, &shown);
    if (shown > RANGES_SHOWN)
        g_string_append(text, " …");
}

/* ---- one gap ---- */

static bool state(const struct looking *l, const struct ledger_gap *gap, const GArray *came, const char *subject,
                  GError **error)
{
    struct gateway *gateway = l->watch->gateway;
    g_autoptr(GString) text = g_string_new(NULL);
    char since[INSTANT_TEXT_SIZE];
    enum incidents_news news;

    instant_print(gap->since, since);
    g_string_printf(text, "%s of %s with these numbers have not come: ", l->of.type, l->of.org);
    append_missing(text, gap, came);
    g_string_append_printf(text,
                           "; number %" PRId64 " came at %s; ask %s what became of them: a file that comes now is "
                           "rejected (B107), so its content needs a new number; if there never was one, close this "
                           "incident",
                           gap->last + 1, since, l->of.org);
    if (!pauses_append(gateway, LEDGER_HOLD_IN, l->party->drop, text, error))
        return false;
    const struct ledger_incident incident = {.code = code, .subject = subject, .parties = l->of.org, .text = text->str};
    if (!outage_commit_cause(gateway, &incident, &news, error))
        return false;
    return true;
}

/* *settled: an incident of this gap was closed, and says all that there is to say. */
static bool is_settled(const struct looking *l, const struct ledger_gap *gap, const char *subject, bool *settled,
                       GError **error)
{
    g_autofree struct ledger_incident *known = NULL;
    bool open = false;

    *settled = g_hash_table_contains(l->watch->settled, subject);
    if (*settled || !ledger_incident_is_open(l->watch->gateway->ledger, code, subject, &open, error))
        return *settled;
    if (open)
        return true;
    if (!ledger_incident_newest(l->watch->gateway->ledger, code, subject, &known, error))
        return false;
    /* A number comes again in a later round. */
    *settled = known != NULL && known->opened >= gap->since;
    if (*settled)
        g_hash_table_add(l->watch->settled, g_strdup(subject));
    return true;
}

/* *over: it is settled, or all its numbers have come, and neither changes any more. */
static bool follow_gap(const struct looking *l, const struct ledger_gap *gap, bool *over, GError **error)
{
    int64_t due = gap->since + l->watch->gateway->config->missing_number_after;
    g_autofree char *subject = g_strdup_printf("%s %s %" PRId64, l->of.org, l->of.type, gap->last + 1);
    g_autoptr(GArray) came = NULL;
    bool settled = false;

    *over = false;
    if (due > l->now) {
        l->watch->next = MIN(l->watch->next, due);
        return true;
    }
    if (!is_settled(l, gap, subject, &settled, error) ||
        (!settled && !ledger_gap_came(l->watch->gateway->ledger, &l->of, gap, &came, error)))
        return false;
    *over = settled || (int64_t)came->len > gap->last - gap->first;
    if (*over)
        return true;
    g_hash_table_add(l->present, g_strdup(subject));
    return state(l, gap, came, subject, error);
}

/* ---- all ---- */

/* Where the watch has to begin: borrowed, and written when it is known how far it need not look again. A sender's
 * numbers become ever more, and a look comes each minute. */
static int64_t *begin_of(const struct looking *l)
{
    g_autofree char *name = g_strdup_printf("%s %s %s", l->of.sender, l->of.type, l->of.org);
    int64_t *from = g_hash_table_lookup(l->watch->from, name);

    if (from == NULL) {
        from = g_new0(int64_t, 1);
        g_hash_table_insert(l->watch->from, g_steal_pointer(&name), from);
    }
    return from;
}

static bool follow_type(const struct looking *l, GError **error)
{
    struct ledger *ledger = l->watch->gateway->ledger;
    int64_t *from = begin_of(l), changed = ledger_numbers_changed(ledger, &l->of), highest = 0, first_open = G_MAXINT64;
    const struct ledger_gap_range range = {l->watch->gateway->config->sequence_gap_max, MIN(*from, changed)};
    g_autoptr(GArray) gaps = NULL;

    *from = 0;
    if (!ledger_gaps(ledger, &l->of, &range, &gaps, error) || !ledger_number_highest(ledger, &l->of, &highest, error))
        return false;
    for (guint i = 0; i < gaps->len; i++) {
        const struct ledger_gap *gap = &g_array_index(gaps, struct ledger_gap, i);
        bool over;
        if (!follow_gap(l, gap, &over, error))
            return false;
        if (!over)
            first_open = MIN(first_open, gap->first);
    }
    *from = MIN(first_open, highest);
    return true;
}

static bool follow_party(struct looking *l, GError **error)
{
    char sender[EUI64_TEXT_SIZE];

    eui64_print(l->party->eui64, sender);
    for (size_t i = 0; l->party->types[i] != NULL; i++) {
        l->of = (struct ledger_file){.sender = sender, .type = l->party->types[i], .org = l->party->org};
        if (!follow_type(l, error))
            return false;
    }
    return true;
}

static bool close_others(const struct looking *l, GError **error)
{
    struct gateway *gateway = l->watch->gateway;
    g_autoptr(GPtrArray) subjects = NULL;

    if (!ledger_incident_subjects(gateway->ledger, code, &subjects, error))
        return false;
    for (guint i = 0; i < subjects->len; i++) {
        if (g_hash_table_contains(l->present, subjects->pdata[i]))
            continue;
        log_event(LOG(EVENT_INCIDENT_OVER, .code = code, .subject = subjects->pdata[i]),
                  "%s (%s): no number is missing any more", (const char *)subjects->pdata[i], code);
        if (!outage_commit_incident(gateway, code, subjects->pdata[i], NULL, error))
            return false;
    }
    return true;
}

static bool look(struct missing_watch *watch, int64_t now, GError **error)
{
    const struct identity *identity = &watch->gateway->config->identity;
    g_autoptr(GHashTable) present = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct looking l = {.watch = watch, .now = now, .present = present};
    bool good = true;

    watch->next = G_MAXINT64;
    for (size_t i = 0; good && watch->gateway->config->missing_number_after != 0 && i < identity->n_parties; i++) {
        l.party = &identity->parties[i];
        good = follow_party(&l, error);
    }
    return good && close_others(&l, error);
}

bool missing_watch(struct missing_watch *watch, int64_t now, GError **error)
{
    int64_t changes = ledger_changes(watch->gateway->ledger);
    bool waited = clock_monotonic() - watch->looked_at >= (int64_t)LOOK_SECONDS * G_USEC_PER_SEC;

    if (watch->looked && now < watch->next && (changes == watch->changes || !waited))
        return true;
    if (!look(watch, now, error))
        return false;
    watch->looked = true;
    watch->looked_at = clock_monotonic();
    watch->changes = ledger_changes(watch->gateway->ledger);
    return true;
}

int64_t missing_watch_next(const struct missing_watch *watch)
{
    return watch->next;
}
