/*
 * A byte sink that does its work in a thread of its own, so that a large file is written and digested while its next
 * bytes are received. At most 1 MiB is under way: whoever is faster waits.
 *
 *   write_behind = write_behind_new(sink, user);
 *   write_behind_write(write_behind, data, len, &error) …        a transport_bytes; the bytes are copied
 *   write_behind_end(write_behind, &error)                       all bytes have passed the sink, in order
 *   write_behind_free(write_behind);
 *
 * From the first write until write_behind_end or write_behind_free returns, `user` belongs to the thread: no other
 * code touches it. The thread is started once more than 256 KiB were written; smaller inputs go to the sink directly.
 *
 * An error of the sink is reported once, by the next write or by the end. After it no more bytes pass, and only
 * write_behind_free may be called.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_WRITE_BEHIND_H
#define ECOSGATE_GATEWAY_DROPS_WRITE_BEHIND_H

#include "gateway/drops/transport.h"

struct write_behind;

/* Never NULL. */
struct write_behind *write_behind_new(transport_bytes *sink, void *user);
/* Passes bytes on. False with an error of the sink, perhaps for bytes of an earlier write. */
bool write_behind_write(void *write_behind, const char *data, size_t len, GError **error);
/* Waits until the sink has all bytes. False with an error of the sink. */
bool write_behind_end(struct write_behind *write_behind, GError **error);
/* Waits for the sink's call that is under way. Without an end before, bytes that have not passed yet are lost. NULL is
 * allowed. */
void write_behind_free(struct write_behind *write_behind);
typedef struct write_behind write_behind_t;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(write_behind_t, write_behind_free)

#endif
