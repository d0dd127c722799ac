/*
 * Thresholds: an instruction whose Devices would bring its sender, a Responsible Supplier or a Device Model over what
 * the configuration allows in an hour or on a day is accepted and answered, but no work order is made of it until an
 * operator releases its batch (incident A116, gateway/INCIDENTS.md).
 *
 * Devices that a threshold has held count for none: not while they wait, for none is ordered, and not after a release,
 * for a person has seen them. So it holds, whatever comes in which order: without a person no more Devices are ordered
 * than the limit says.
 *
 * Here the counts are compared with the limits, for the verdict (gateway/pipeline/judging/volume.h) and for those
 * who look.
 */
#ifndef ECOSGATE_GATEWAY_THRESHOLDS_H
#define ECOSGATE_GATEWAY_THRESHOLDS_H

#include "gateway/config/config.h"
#include "gateway/gateway.h"
#include "spool/ledger/ledger_volume.h"

/* What is counted, and how near it is to its limits. */
struct threshold_state {
    enum ledger_volume_kind kind;
    const char *subject;
    struct threshold limit; /* `usual` is a number of Devices here; 0: it does not apply (yet) */
    int64_t times;          /* the multiple; 0: there is none */
    struct ledger_volume_sums sums;
};

/* "sender", "supplier" or "model". */
const char *threshold_kind_name(enum ledger_volume_kind kind);
/* Whether any threshold of the kind is set, of whatever subject. */
bool threshold_applies(const struct config *config, enum ledger_volume_kind kind);
/* Fills the state of one subject, whose kind and subject are set, at a time. False: an error of the ledger. */
bool threshold_find(struct gateway *gateway, int64_t now, struct threshold_state *state, GError **error);
/* Why so many Devices more are too many: the first limit that they cross, in words. NULL: they are not. g_free. */
char *threshold_crossed(const struct threshold_state *state, int64_t more);
/* How much of its nearest limit is used, in percent; -1: there is none. */
int64_t threshold_used(const struct threshold_state *state);

#endif
