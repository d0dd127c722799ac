/*
 * What happened within an interval, as counts: for the day at a glance and for how fast the disk fills. Rows that are
 * only ever added stand in the order of time, so that the first of an interval is found by halving their numbers,
 * without an index and whatever the number of rows. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_DAYS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_DAYS_H

#include "spool/ledger/ledger.h"

/* How much has come since a time. */
struct ledger_growth {
    int64_t first;            /* when the first job was received, seconds UTC; 0: there is none */
    int64_t bytes;            /* of files that came in or were planned since */
    int64_t items, all_items; /* work items of instructions that were judged since, and of all */
};
/* Fills *growth. */
bool ledger_growth_since(struct ledger *ledger, int64_t since, struct ledger_growth *growth, GError **error);

typedef bool (*ledger_files_visit)(void *user, const char *type, const char *outcome, int64_t n, GError **error);
/* Visits the files that came in within an interval, by type (NULL: not known) and newest verdict (NULL: not yet). */
bool ledger_files_in_each(struct ledger *ledger, const struct ledger_interval *when, ledger_files_visit visit,
                          void *user, GError **error);

/* The work of an interval, in Devices. */
struct ledger_day_work {
    int64_t instructed, accepted, rejected, deferred; /* of instructions that were judged in it, by their review */
    int64_t ordered;                                  /* on work orders that were made in it; each try counts */
    int64_t migrated, failed;                         /* sessions that ended so in it */
};
/* Fills *work. */
bool ledger_day_work(struct ledger *ledger, const struct ledger_interval *when, struct ledger_day_work *work,
                     GError **error);
/* Visits the codes of the sessions that failed within an interval, the most frequent one first. */
bool ledger_failed_codes_each(struct ledger *ledger, const struct ledger_interval *when, ledger_count_visit visit,
                              void *user, GError **error);

/* What else happened in an interval. */
struct ledger_day_events {
    int64_t planned, owed; /* files that were planned in it, and how many of them are not yet delivered */
    struct {
        int64_t system, files, devices; /* of the gateway's surroundings and models, of files, of Devices */
    } opened, closed;                   /* incidents */
    int64_t reports;                    /* periods that were issued */
};
/* Fills *events. */
bool ledger_day_events(struct ledger *ledger, const struct ledger_interval *when, struct ledger_day_events *events,
                       GError **error);

#endif
