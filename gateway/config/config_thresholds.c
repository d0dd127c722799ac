/*
 * ecosgate.conf.5 describes each setting; tests/lint.sh compares the two, so each call of config_number_value stands on
 * a line with the setting's name.
 */
#include "gateway/config/config_thresholds.h"

#include <string.h>

enum { MOST_DEVICES = 1000000000, MOST_TIMES = 1000000, DAYS_A_WEEK = 7 };

/* A gateway that nobody has configured orders no more than this on a day of one sender without a person. */
enum { LIVE_SENDER_DAY = 200000 };

/* Two limits of which the shorter is the larger hold what no operator meant. */
static void check(struct config_loading *l, const char *group, const char *key, const struct threshold *threshold)
{
    if (threshold->hour > 0 && threshold->day > 0 && threshold->hour > threshold->day)
        config_problem(l, group, key, "no more Devices in an hour than the limit of a day has");
}

static void load_senders(struct config_loading *l, struct config *c, const char *g)
{
    struct threshold *t = &c->thresholds[LEDGER_VOLUME_SENDER];
    int64_t day = g_strcmp0(c->environment, "LIVE") == 0 ? LIVE_SENDER_DAY : 0;

    t->hour = config_number_value(l, g, "sender_hour", (struct config_range){0, 0, MOST_DEVICES});
    t->day = config_number_value(l, g, "sender_day", (struct config_range){day, 0, MOST_DEVICES});
    t->usual = config_number_value(l, g, "sender_usual", (struct config_range){0, 0, MOST_TIMES});
    check(l, g, "sender_hour", t);
}

static void load_suppliers(struct config_loading *l, struct config *c, const char *g)
{
    struct threshold *t = &c->thresholds[LEDGER_VOLUME_SUPPLIER];

    t->hour = config_number_value(l, g, "supplier_hour", (struct config_range){0, 0, MOST_DEVICES});
    t->day = config_number_value(l, g, "supplier_day", (struct config_range){0, 0, MOST_DEVICES});
    t->usual = config_number_value(l, g, "supplier_usual", (struct config_range){0, 0, MOST_TIMES});
    check(l, g, "supplier_hour", t);
}

static void load_models(struct config_loading *l, struct config *c, const char *g)
{
    struct threshold *t = &c->thresholds[LEDGER_VOLUME_MODEL];

    t->hour = config_number_value(l, g, "model_hour", (struct config_range){0, 0, MOST_DEVICES});
    t->day = config_number_value(l, g, "model_day", (struct config_range){0, 0, MOST_DEVICES});
    t->usual = config_number_value(l, g, "model_usual", (struct config_range){0, 0, MOST_TIMES});
    check(l, g, "model_hour", t);
}

/* What a party has not of its own is that of all senders. */
static void load_party(struct config_loading *l, struct config *c, const char *org)
{
    const struct threshold *all = &c->thresholds[LEDGER_VOLUME_SENDER];
    struct threshold *t = g_new0(struct threshold, 1);
    g_autofree char *g = g_strconcat("party ", org, NULL);

    t->hour = config_number_value(l, g, "threshold_hour", (struct config_range){all->hour, 0, MOST_DEVICES});
    t->day = config_number_value(l, g, "threshold_day", (struct config_range){all->day, 0, MOST_DEVICES});
    t->usual = config_number_value(l, g, "threshold_usual", (struct config_range){all->usual, 0, MOST_TIMES});
    if (g_key_file_has_key(l->file, g, "threshold_hour", NULL) || g_key_file_has_key(l->file, g, "threshold_day", NULL))
        check(l, g, "threshold_hour", t);
    g_hash_table_replace(c->sender_thresholds, g_strdup(org), t);
}

void config_load_thresholds(struct config_loading *l, struct config *c)
{
    const char *g = "thresholds";

    load_senders(l, c, g);
    load_suppliers(l, c, g);
    load_models(l, c, g);
    c->usual_days = DAYS_A_WEEK * config_number_value(l, g, "weeks", (struct config_range){4, 1, 52});
    for (guint i = 0; i < c->parties->len; i++)
        load_party(l, c, g_array_index(c->parties, struct party, i).org);
}
