/* No Device is walked: the ledger keeps the sums of each hour. */
#include "gateway/thresholds.h"

#include <inttypes.h>

enum { PERCENT = 100 };

const char *threshold_kind_name(enum ledger_volume_kind kind)
{
    static const char *const names[LEDGER_VOLUME_KINDS] = {"sender", "supplier", "model"};

    return names[kind];
}

static const struct threshold *limits_of(const struct config *config, enum ledger_volume_kind kind, const char *subject)
{
    const struct threshold *own =
        kind == LEDGER_VOLUME_SENDER ? g_hash_table_lookup(config->sender_thresholds, subject) : NULL;

    return own != NULL ? own : &config->thresholds[kind];
}

static bool is_set(const struct threshold *t)
{
    return t->hour > 0 || t->day > 0 || t->usual > 0;
}

bool threshold_applies(const struct config *config, enum ledger_volume_kind kind)
{
    GHashTableIter each;
    gpointer own;
    bool any = is_set(&config->thresholds[kind]);

    g_hash_table_iter_init(&each, config->sender_thresholds);
    while (kind == LEDGER_VOLUME_SENDER && !any && g_hash_table_iter_next(&each, NULL, &own))
        any = is_set(own);
    return any;
}

bool threshold_find(struct gateway *gateway, int64_t now, struct threshold_state *state, GError **error)
{
    const struct ledger_volume of = {.kind = state->kind, .subject = state->subject, .hour = now / LEDGER_VOLUME_HOUR};
    const struct config *config = gateway->config;

    state->limit = *limits_of(config, state->kind, state->subject);
    if (!ledger_volume_get(gateway->ledger, &of, config->usual_days, &state->sums, error))
        return false;
    state->times = state->limit.usual;
    state->limit.usual *= state->sums.usual;
    return true;
}

/* More than the limit, without an overflow. */
static bool over(int64_t limit, int64_t before, int64_t more)
{
    return limit > 0 && more > limit - before;
}

char *threshold_crossed(const struct threshold_state *s, int64_t more)
{
    const char *kind = threshold_kind_name(s->kind), *subject = *s->subject != '\0' ? s->subject : "(others)";
    bool hour = over(s->limit.hour, s->sums.hour, more), day = over(s->limit.day, s->sums.day, more);

    if (hour || day)
        return g_strdup_printf("%s %s: more Devices than the limit of %s: %" PRId64 " in this file, %" PRId64
                               " before it, limit %" PRId64,
                               kind, subject, hour ? "an hour" : "a day", more, hour ? s->sums.hour : s->sums.day,
                               hour ? s->limit.hour : s->limit.day);
    if (over(s->limit.usual, s->sums.day, more))
        return g_strdup_printf("%s %s: more Devices than the limit of a day: %" PRId64 " in this file, %" PRId64
                               " before it, limit %" PRId64 ", which is %" PRId64 " times the usual %" PRId64,
                               kind, subject, more, s->sums.day, s->limit.usual, s->times, s->sums.usual);
    return NULL;
}

static int64_t percent(int64_t limit, int64_t n)
{
    return limit > 0 ? n * PERCENT / limit : -1;
}

int64_t threshold_used(const struct threshold_state *s)
{
    int64_t hour = percent(s->limit.hour, s->sums.hour), day = percent(s->limit.day, s->sums.day);

    return MAX(MAX(hour, day), percent(s->limit.usual, s->sums.day));
}
