/*
 * What the files of the local transport share: its connection, and the errors of a folder of this machine.
 *
 *   local_drop         the transport's table, settings, the claim's errors
 *   local_pickup       list, fetch
 *   local_discard      discard
 *   local_delivery     upload, look, publish
 *   local_names        names
 *   local_claim        the claim in `out` (local_drop.h)
 *   local_probe        the probe for `doctor` (local_drop.h)
 */
#ifndef ECOSGATE_GATEWAY_DROPS_LOCAL_CONNECTION_H
#define ECOSGATE_GATEWAY_DROPS_LOCAL_CONNECTION_H

#include "gateway/drops/transport.h"

#include <sys/stat.h>

struct connection {
    const struct drop *drop;
    enum connection_direction direction;
    gint interrupted; /* atomic: set from any thread */
    bool discards;    /* copies in `in` are removed in a batch, whose end syncs the folder */
    int fs;       /* of a batch (local_begin_batch): the file system of `out`, which is synced at its end; else -1 */
    dev_t device; /* with fs: which file system that is */
};

/* Each sets an error of transport.h and returns false. errnum says why; of a limit of ours the text says so. */
bool local_down(GError **error, const char *path, const char *what, int errnum);
/* TRANSPORT_ERROR_CHANGED. */
bool local_changed(GError **error, const char *name, const char *how);
/* False, with an error, once the connection was interrupted. */
bool local_still_running(struct connection *connection, GError **error);
/* Returns good. If it is false, passes *cause to error: what failed on the drop's disk is an outage of the drop, not a
 * failure of our spool. */
bool local_on_drop(bool good, GError **cause, GError **error);

/* The identity of a file of this machine: all four members are set. */
struct source_identity local_identity(const struct stat *st);
/* True if the open file still has that identity. */
bool local_is_still(int fd, const struct source_identity *identity);

/* Member list (local_pickup.c). */
bool local_list(struct connection *connection, transport_visit *visit, void *user, GError **error);
/* Member fetch (local_pickup.c). */
bool local_fetch(struct connection *connection, const char *name, const struct source_identity *identity,
                 const struct byte_sink *sink, GError **error);
/* Member discard (local_discard.c). */
bool local_discard(struct connection *connection, const struct drop_copy *copy, GError **error);
/* Member upload (local_delivery.c). */
bool local_upload(struct connection *connection, const char *path, const struct outgoing_file *file,
                  enum publication_state *state, GError **error);
/* Member look (local_delivery.c). */
bool local_look(struct connection *connection, const struct outgoing_file *file, struct publication *publication,
                GError **error);
/* Member names (local_names.c). */
bool local_names(struct connection *connection, const char *folder, transport_name_visit *visit, void *user,
                 GError **error);
/* Makes the removals of a batch durable (local_discard.c). */
bool local_end_discards(struct connection *connection, GError **error);
/* Member begin_batch (local_delivery.c). */
void local_begin_batch(struct connection *connection, size_t n);
/* Member end_batch (local_delivery.c). */
bool local_end_batch(struct connection *connection, GError **error);
/* Member withdraw (local_delivery.c). */
bool local_withdraw(struct connection *connection, const struct outgoing_file *file, struct publication *publication,
                    GError **error);
/* Member publish (local_delivery.c). */
bool local_publish(struct connection *connection, const struct outgoing_file *file, struct publication *publication,
                   GError **error);

#endif
