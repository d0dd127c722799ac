/* Each setting has two numbers of days, PACK;REMOVE, so that one line says all about one kind of file. */
#include "gateway/config/config_retention.h"

#include "gateway/drops/drop.h"

#include <string.h>

enum { DAY = 86400, MOST_DAYS = 3650 };

static const struct {
    enum retention_kind kind;
    const char *type;
} types[] = {
    {RETENTION_INSTRUCTIONS, "EMI"}, {RETENTION_RESULTS, "EMT"},     {RETENTION_RESULTS, "EMC"},
    {RETENTION_REFERENCE, "INV"},    {RETENTION_REFERENCE, "COS"},   {RETENTION_REFERENCE, "NMM"},
    {RETENTION_REFERENCE, "PTY"},    {RETENTION_WORK_ORDERS, "EMW"}, {RETENTION_OUTCOMES, "EMO"},
    {RETENTION_INCIDENTS, "INC"},    {RETENTION_ASSETS, "MAPR"},
};

enum retention_kind retention_kind_of(const char *type, bool full)
{
    if (type == NULL)
        return RETENTION_OTHER;
    if (full && strcmp(type, "INV") == 0)
        return RETENTION_INVENTORY;
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (strcmp(types[i].type, type) == 0)
            return types[i].kind;
    }
    return RETENTION_REPORTS;
}

const char *retention_setting(enum retention_kind kind)
{
    static const char *const names[RETENTION_KINDS] = {"instructions", "results",  "inventory", "reference",
                                                       "work_orders",  "outcomes", "incidents", "assets",
                                                       "reports",      "other"};

    return names[kind];
}

/* Days, or "never", which is 0 seconds. */
static bool parse_days(const char *text, int64_t *seconds)
{
    gint64 days = 0;

    if (strcmp(text, "never") != 0 && !g_ascii_string_to_signed(text, 10, 1, MOST_DAYS, &days, NULL))
        return false;
    *seconds = DAY * days;
    return true;
}

/* Takes the list. */
static void take_rule(struct config_loading *l, struct config *c, enum retention_kind kind, char **days)
{
    static const char form[] = "PACK;REMOVE: days from 1 to 3650 after the end of the job, or never, such as 1;never";
    struct retention_rule *rule = &c->retention[kind];
    const char *key = retention_setting(kind);

    if (g_strv_length(days) != 2 || !parse_days(days[0], &rule->pack) || !parse_days(days[1], &rule->remove)) {
        config_problem(l, "retention", key, form);
        *rule = (struct retention_rule){0};
    } else if (rule->pack != 0 && rule->remove != 0 && rule->remove <= rule->pack) {
        config_problem(l, "retention", key,
                       "more days until the files are removed than until they are packed, or never;REMOVE");
    }
    g_strfreev(days);
}

/* A report that is removed cannot be built again: so it stays at least as long as a drop gives its recipient to take it
 * (A114), and to say that it is lost. */
static void check_reports(struct config_loading *l, const struct config *c, enum retention_kind kind)
{
    int64_t remove = c->retention[kind].remove;

    for (guint i = 0; remove != 0 && i < c->drops->len; i++) {
        const struct drop *drop = c->drops->pdata[i];
        if (drop->taken_within <= remove)
            continue;
        g_autofree char *text =
            g_strdup_printf("reports that stay longer than taken_within of [drop %s], %" G_GINT64_FORMAT
                            " hours, in which its recipients may take them, for they cannot be built again",
                            drop->name, drop->taken_within / 3600);
        config_problem(l, "retention", retention_setting(kind), text);
    }
}

void config_check_retention(struct config_loading *l, const struct config *c)
{
    check_reports(l, c, RETENTION_ASSETS);
    check_reports(l, c, RETENTION_REPORTS);
}

void config_load_retention(struct config_loading *l, struct config *c)
{
    const char *g = "retention";

    take_rule(l, c, RETENTION_INSTRUCTIONS, config_list_value(l, g, "instructions", "1;never"));
    take_rule(l, c, RETENTION_RESULTS, config_list_value(l, g, "results", "1;never"));
    take_rule(l, c, RETENTION_INVENTORY, config_list_value(l, g, "inventory", "1;35"));
    take_rule(l, c, RETENTION_REFERENCE, config_list_value(l, g, "reference", "1;never"));
    take_rule(l, c, RETENTION_WORK_ORDERS, config_list_value(l, g, "work_orders", "1;never"));
    take_rule(l, c, RETENTION_OUTCOMES, config_list_value(l, g, "outcomes", "1;never"));
    take_rule(l, c, RETENTION_INCIDENTS, config_list_value(l, g, "incidents", "1;never"));
    take_rule(l, c, RETENTION_ASSETS, config_list_value(l, g, "assets", "1;35"));
    take_rule(l, c, RETENTION_REPORTS, config_list_value(l, g, "reports", "1;never"));
    take_rule(l, c, RETENTION_OTHER, config_list_value(l, g, "other", "1;never"));
}
