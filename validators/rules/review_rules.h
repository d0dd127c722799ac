/*
 * The review: a Device against reference data and against its own past: C103 to C116 without C110 and C113, C122, C125
 * (gateway/DEVICES.md, Review). A Device is reviewed twice: when its instruction is judged, and again right before its
 * work order is written, as reference data may have changed in between.
 *
 *   struct review review;
 *   review_open(&review, rules, &error)                       once for many Devices: which reference data exist
 *   review_judge(&review, &subject, &past, &row, &error) …    for each Device
 *
 * Needs rules->ledger and changes nothing. Each code can be switched off or made a warning (rules->review). A rule
 * whose reference table is empty is skipped without a query. A false result is an error of the ledger.
 */
#ifndef ECOSGATE_VALIDATORS_RULES_REVIEW_RULES_H
#define ECOSGATE_VALIDATORS_RULES_REVIEW_RULES_H

#include "spool/ledger/ledger_devices.h"
#include "validators/row.h"

struct review {
    const struct rules *rules;
    bool inventory, cos, models; /* the ledger has an inventory, changes of supplier, Non-Migratable models */
    int64_t counted;             /* Devices that count towards rules->daily_limit; the caller adds those it accepts */
};

/* A Device as its instruction describes it, in upper case. A text that was missing or malformed is NULL and
 * is not compared. */
struct review_subject {
    uint64_t device;
    const char *type, *manufacturer, *model, *firmware, *mpxn;
    uint64_t hub; /* EUI-64; 0: missing or malformed */
    const char *region;
};

/* Looks up which reference data exist. counted becomes the number of Devices that were accepted since 00:00 UTC. */
bool review_open(struct review *review, const struct rules *rules, GError **error);

/* Adds to row the codes of everything that speaks against migrating the Device now, and when the transient causes will
 * be gone. past: the Device's earlier work. With row->file, findings are added too, and row->record must be the record
 * of an instruction; without, codes only. */
bool review_judge(const struct review *review, const struct review_subject *subject,
                  const struct ledger_earlier_work *past, struct row *row, GError **error);

/* C122 alone, which needs the configuration and no ledger. review_judge judges it, too. */
void review_judge_closing(const struct rules *rules, struct row *row);

#endif
