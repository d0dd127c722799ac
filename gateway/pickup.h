/*
 * Custody: complete files of the drops become jobs in ready/, and only then leave the drop
 * (NOTES.md, Promises 1, The way of a file 1).
 *
 *   struct pickup *pickup = pickup_new(&gateway);
 *   pickup_recover(pickup, &error);                 once, before the first pass
 *   pickup_pass(pickup, &settling, &error); …       each look at all drops
 *   pickup_free(pickup);
 *
 * A false result is a fault of spool or ledger that ends the run; what fails in one drop or for one file
 * is said and left for the next look.
 */
#ifndef ECOSGATE_GATEWAY_PICKUP_H
#define ECOSGATE_GATEWAY_PICKUP_H

#include "gateway/gateway.h"

struct pickup;

struct pickup *pickup_new(struct gateway *gateway);
void pickup_free(struct pickup *pickup);

/* Ends what a crash left half done: incoming directories and senders' copies. */
bool pickup_recover(struct pickup *pickup, GError **error);

/* *settling: microseconds after which a file that is still settling may be whole; 0 when none is. */
bool pickup_pass(struct pickup *pickup, int64_t *settling, GError **error);

#endif
