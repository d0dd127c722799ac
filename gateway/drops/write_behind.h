/*
 * A byte sink that does its work in a thread of its own, so that a large file is written and digested while the
 * next bytes of it are received. A few pieces are under way at most: who is faster waits.
 *
 *   write_behind = write_behind_new(sink, user);
 *   write_behind_write(write_behind, data, len, &error) …        a transport_bytes; the bytes are copied
 *   write_behind_end(write_behind, &error)                       all of them have passed the sink, in order, and it
 * took them write_behind_free(write_behind);
 *
 * From the first write until write_behind_end or write_behind_free comes back `user` belongs to the relay: nobody else
 * touches it. The thread begins with the first bytes that are too many to be worth none; fewer go to the sink at once.
 * An error of the sink is given out by the next write or by the end, once; after it nothing more passes, and only
 * write_behind_free may follow. write_behind_free without an end drops what has not passed yet. Signals are not for the
 * thread.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_WRITE_BEHIND_H
#define ECOSGATE_GATEWAY_DROPS_WRITE_BEHIND_H

#include "gateway/drops/transport.h"

struct write_behind;

struct write_behind *write_behind_new(transport_bytes *sink, void *user);
bool write_behind_write(void *write_behind, const char *data, size_t len, GError **error);
bool write_behind_end(struct write_behind *write_behind, GError **error);
/* NULL is fine. Waits for the sink's call that is under way. */
void write_behind_free(struct write_behind *write_behind);
typedef struct write_behind write_behind_t;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(write_behind_t, write_behind_free)

#endif
