/*
 * One pass: everything that is due, stage after stage, meeting in the spool only (NOTES.md, Shape).
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_H
#define ECOSGATE_GATEWAY_PIPELINE_H

#include "gateway/gateway.h"
#include "gateway/pickup.h"

/* Orders, custody, then verdict, dispatch and delivery job by job. *settling as in pickup_pass. False: a
 * fault of spool or ledger that no other file would escape either. */
bool pipeline_pass(struct gateway *gateway, struct pickup *pickup, int64_t *settling, GError **error);

#endif
