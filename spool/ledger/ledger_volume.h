/*
 * How many Devices were accepted in each hour: of each sender, of each Responsible Supplier and of each Device Model.
 * The thresholds ask it (gateway/thresholds.h). Rows are added in the transaction of the verdict that they count, so
 * that a crash or a rollback cannot part them; no question walks work items. Hours that no threshold asks about any
 * more are removed. The rules of all subjects: ledger.h.
 *
 *   ledger_volume_get … → ledger_volume_add …, ledger_volume_forget        when an instruction is accepted
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_VOLUME_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_VOLUME_H

#include "spool/ledger/ledger.h"

enum { LEDGER_VOLUME_HOUR = 3600, LEDGER_VOLUME_DAY = 24 };      /* seconds; hours */
enum { LEDGER_VOLUME_DAYS_LEAST = 7, LEDGER_VOLUME_DAYS = 366 }; /* that a median is made of */

/* What Devices have in common. Stored by name. */
enum ledger_volume_kind { LEDGER_VOLUME_SENDER, LEDGER_VOLUME_SUPPLIER, LEDGER_VOLUME_MODEL, LEDGER_VOLUME_KINDS };

/* Devices that were accepted in one hour. */
struct ledger_volume {
    enum ledger_volume_kind kind;
    const char *subject; /* a code (MCC), an EUI-64, or "ESME AB02 02010001 00010203" */
    int64_t hour;        /* since 1970 */
    int64_t devices;
    int64_t held; /* of these: in files that crossed a threshold */
};

/* What a threshold is compared with. */
struct ledger_volume_sums {
    int64_t hour, day; /* Devices that no threshold has held: in this hour; in it and the 23 hours before */
    int64_t usual;     /* the median of the Devices accepted on a day (UTC); 0: fewer than DAYS_LEAST days had any */
};

/* Adds to an hour. */
bool ledger_volume_add(struct ledger *ledger, const struct ledger_volume *volume, GError **error);
/* The sums of a kind and subject (its other members do not count) in an hour. days: how many whole days before the
 * day of that hour the median is made of, at most LEDGER_VOLUME_DAYS; days without a Device do not count. 0: none. */
bool ledger_volume_get(struct ledger *ledger, const struct ledger_volume *of, int64_t days,
                       struct ledger_volume_sums *sums, GError **error);
/* Removes the hours before that one. */
bool ledger_volume_forget(struct ledger *ledger, int64_t before, GError **error);
typedef bool (*ledger_volume_visit)(void *user, const char *subject, GError **error);
/* Visits the subjects of a kind that there are. */
bool ledger_volume_each(struct ledger *ledger, enum ledger_volume_kind kind, ledger_volume_visit visit, void *user,
                        GError **error);

#endif
