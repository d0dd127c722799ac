/*
 * A108: the spool's or the ledger's disk has less free than its reserve. Nothing is picked up meanwhile; what is in
 * custody is judged, answered and delivered as far as the room goes.
 *
 *   room_watch → the pass, in which an inbox may call room_report_file → room_settle
 *
 * A pass looks once, at its start, and the next one at the poll interval. The design that was there before asked in the
 * inbox alone: the inbox then was due at once, for ever, and each pass wrote a line.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_WATCHES_ROOM_WATCH_H
#define ECOSGATE_GATEWAY_PIPELINE_WATCHES_ROOM_WATCH_H

#include "gateway/gateway.h"

/* Opens an A108 for each disk that is below its reserve, with one message, and sets gateway->no_room (pickup asks it)
 * and gateway->failed. False: a disk cannot be asked, or the ledger failed for another reason than a full disk. */
bool room_watch(struct gateway *gateway, GError **error);
/* A file of `size` bytes does not fit beside the reserve: the A108 of the spool says so, once. drop and name (escaped)
 * are for its text. */
bool room_report_file(struct gateway *gateway, const char *drop, const char *name, int64_t size, GError **error);
/* Closes those that are over. False: the ledger failed. */
bool room_settle(struct gateway *gateway, GError **error);

#endif
