/*
 * The command `thresholds`: how near each sender, Responsible Supplier and Device Model is to its thresholds, so that
 * an operator can choose them, and sees what would be held before it is.
 */
#include "gateway/thresholds.h"

#include "gateway/clock.h"
#include "gateway/commands/command.h"
#include "gateway/commands/home_list.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"

/* The rows of one kind while they are made. */
struct adding {
    struct gateway *gateway;
    enum ledger_volume_kind kind;
    int64_t now;
    struct output_list *rows;
};

/* A limit that there is not is null. */
static void set_limit(json_t *row, const char *member, int64_t limit)
{
    output_set(row, member, limit > 0 ? json_integer(limit) : json_null());
}

static bool add(void *user, const char *subject, GError **error)
{
    const struct adding *a = user;
    struct threshold_state state = {.kind = a->kind, .subject = subject};

    if (!threshold_find(a->gateway, a->now, &state, error))
        return false;
    int64_t used = threshold_used(&state);
    json_t *row = json_object();
    output_set_text(row, "kind", threshold_kind_name(a->kind));
    output_set_text(row, "subject", *subject != '\0' ? subject : "(others)");
    output_set_number(row, "hour", state.sums.hour);
    set_limit(row, "hour_limit", state.limit.hour);
    output_set_number(row, "day", state.sums.day);
    set_limit(row, "day_limit", state.limit.day);
    set_limit(row, "usual", state.sums.usual);
    set_limit(row, "usual_limit", state.limit.usual);
    output_set(row, "used_percent", used >= 0 ? json_integer(used) : json_null());
    output_list_add(a->rows, row);
    return true;
}

/* Parties that may send instructions are listed before they send one. */
static bool add_senders(struct adding *a, const struct config *config, GError **error)
{
    bool good = true;

    for (guint i = 0; good && i < config->parties->len; i++) {
        const struct party *party = &g_array_index(config->parties, struct party, i);
        if (g_strv_contains(party->types, "EMI"))
            good = add(a, party->org, error);
    }
    return good;
}

static bool add_all(void *user, struct read_access *access, struct output_list *rows, GError **error)
{
    struct adding adding = {&access->gateway, LEDGER_VOLUME_SENDER, clock_now(), rows};
    bool good = add_senders(&adding, access->config, error);

    (void)user; /* the list has no options */
    for (int kind = LEDGER_VOLUME_SUPPLIER; good && kind < LEDGER_VOLUME_KINDS; kind++) {
        adding.kind = (enum ledger_volume_kind)kind;
        good = ledger_volume_each(access->gateway.ledger, adding.kind, add, &adding, error);
    }
    return good;
}

int command_thresholds(struct invocation *invocation)
{
    static const char *const columns[] = {"kind",      "subject", "hour",        "hour_limit",   "day",
                                          "day_limit", "usual",   "usual_limit", "used_percent", NULL};
    static const struct home_list list = {add_all, NULL, columns, "no party of the configuration may send an EMI",
                                          OUTPUT_MOST_ROWS};

    return command_arguments(invocation, NULL, 0, 0) ? home_list_print(invocation, &list) : EXIT_UNABLE;
}
