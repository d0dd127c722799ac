/*
 * Category c as far as reference data and a Device's past tell: C103 to C109, C111, C112, C114 to C116
 * (gateway/DEVICES.md, Review). Judged at the split, and once more right before dispatch.
 *
 *   struct review review;
 *   review_open(&review, rules, &error)                              what is known at all, once for many Devices
 *   review_judge(&review, &subject, &past, &row, findings, &error) …
 *
 * Needs rules->ledger, changes nothing. A false result is the ledger's error. What no reference data speak of costs
 * nothing.
 */
#ifndef ECOSGATE_VALIDATORS_REVIEW_RULES_H
#define ECOSGATE_VALIDATORS_REVIEW_RULES_H

#include "spool/ledger/ledger_devices.h"
#include "validators/row.h"
#include "validators/rules.h"

struct review {
    const struct rules *rules;
    bool inventory, cos, models; /* there are such reference data */
    int64_t counted; /* Devices that count for daily_limit; who judges several adds those that he lets pass */
};

/* A Device as its instruction describes it: hex digits in upper case. NULL: malformed or missing, not compared. */
struct review_subject {
    uint64_t device;
    const char *type, *manufacturer, *model, *firmware, *mpxn;
};

/* counted: the Devices of instructions judged since 00:00 that were accepted. */
bool review_open(struct review *review, const struct rules *rules, GError **error);

/* Adds codes, and the latest NextEligible of those that pass, to row, which may have some. findings NULL: nothing is
 * told, and row needs no record; else it is that of an instruction. */
bool review_judge(const struct review *review, const struct review_subject *subject,
                  const struct ledger_earlier_work *past, struct row *row, struct findings *findings, GError **error);

#endif
