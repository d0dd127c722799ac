/*
 * A byte sink that does its work in a thread of its own, so that a large file is written and digested while the
 * next bytes of it are received. A few pieces are under way at most: who is faster waits.
 *
 *   relay = relay_new(sink, user);
 *   relay_write(relay, data, len, &error) …        a transport_bytes; the bytes are copied
 *   relay_end(relay, &error)                       all of them have passed the sink, in order, and it took them
 *   relay_free(relay);
 *
 * From the first write until relay_end or relay_free comes back `user` belongs to the relay: nobody else touches it.
 * The thread begins with the first bytes that are too many to be worth none; fewer go to the sink at once. An error of
 * the sink is given out by the next write or by the end, once; after it nothing more passes, and only relay_free may
 * follow. relay_free without an end drops what has not passed yet. Signals are not for the thread.
 */
#ifndef ECOSGATE_GATEWAY_RELAY_H
#define ECOSGATE_GATEWAY_RELAY_H

#include "gateway/transport.h"

struct relay;

struct relay *relay_new(transport_bytes *sink, void *user);
bool relay_write(void *relay, const char *data, size_t len, GError **error);
bool relay_end(struct relay *relay, GError **error);
/* NULL is fine. Waits for the sink's call that is under way. */
void relay_free(struct relay *relay);
typedef struct relay relay_t;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(relay_t, relay_free)

#endif
