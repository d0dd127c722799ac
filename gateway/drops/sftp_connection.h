/*
 * What the files of the SFTP transport share: its connection, and what is known of one path of the server.
 *
 *   sftp_drop         the transport's table, listing
 *   sftp_pickup       fetch, discard
 *   sftp_delivery     upload, publish
 *   sftp_claim        the claim in `out`
 *   sftp_probe        the probe for `doctor`
 *
 * Errors of these functions are SFTP_ERROR, or our own disk's; sftp_connection_pass turns them into those of
 * transport.h at the edge.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_CONNECTION_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_CONNECTION_H

#include "gateway/drops/sftp_settings.h"
#include "gateway/drops/transport.h"
#include "spool/step.h"

/* Entries of a table of struct connection, about 100 bytes each. */
enum { SFTP_MOST_REMEMBERED = 100000 };

struct connection {
    const struct drop *drop;
    struct sftp *sftp;
    GHashTable *types; /* name → struct sftp_attributes: what was asked of an entry that the server tells no type of */
    bool no_rename;    /* the server refuses to rename in `in`, and allows to remove there */
    GHashTable *fetched; /* name → struct source_identity: fetched on this connection and not discarded yet */
};

/* A path of the server, and what is known of it. */
struct remote_file {
    const char *path; /* borrowed */
    bool there;
    struct sftp_attributes attributes; /* if it is there */
};

/* folder/name; g_free. */
char *sftp_path(const char *folder, const char *name);

/* Connects, if there is no connection, or if the one that was idle is not answered any more. Call it before the first
 * request of each call. */
bool sftp_connection_ready(struct connection *connection, GError **error);
/* Sets file->there and its attributes. `folder` must exist then: a name that is missing in a missing folder is an
 * error. NULL: the folder is known to exist. */
bool sftp_connection_look(struct connection *connection, const char *folder, struct remote_file *file, GError **error);
/* Sets *same to whether the file, which was looked at, is a regular one with that content. Reads it only if its size is
 * right, and if it is regular or, where the server tells no type, not empty: a pipe is. */
bool sftp_connection_compare(struct connection *connection, const struct remote_file *file,
                             const struct content *content, bool *same, GError **error);
/* Removes a file; one that is gone counts as removed. Passes the crash point. */
bool sftp_connection_remove(struct connection *connection, enum step step, const char *path, GError **error);

/* True if the cause is that error of the session. */
bool sftp_connection_failed_by(const GError *cause, enum sftp_error code);
/* The identity that the server's attributes give. */
struct source_identity sftp_connection_identity(const struct sftp_attributes *attributes);
/* Returns good. If it is false, passes *cause to error: SFTP_ERROR becomes TRANSPORT_ERROR_DOWN, others stay. */
bool sftp_connection_pass(bool good, GError **cause, GError **error);

/* Member fetch of the transport (sftp_pickup.c). */
bool sftp_pickup_fetch(struct connection *connection, const char *name, const struct source_identity *identity,
                       const struct byte_sink *sink, GError **error);
/* Member discard (sftp_pickup.c). */
bool sftp_pickup_discard(struct connection *connection, const struct drop_copy *copy, GError **error);
/* Member upload (sftp_delivery.c). */
bool sftp_delivery_upload(struct connection *connection, const char *path, const struct outgoing_file *file,
                          enum publication_state *state, GError **error);
/* Member look (sftp_delivery.c). */
bool sftp_delivery_look(struct connection *connection, const struct outgoing_file *file,
                        struct publication *publication, GError **error);
/* Member withdraw (sftp_delivery.c). */
bool sftp_delivery_withdraw(struct connection *connection, const struct outgoing_file *file,
                            struct publication *publication, GError **error);
/* Member publish (sftp_delivery.c). */
bool sftp_delivery_publish(struct connection *connection, const struct outgoing_file *file,
                           struct publication *publication, GError **error);
/* Member claim_read (sftp_claim.c). */
bool sftp_claim_read(struct connection *connection, struct claim_text *claim, GError **error);
/* Member claim_make (sftp_claim.c). */
bool sftp_claim_make(struct connection *connection, const char *text, GError **error);
/* Member claim_write (sftp_claim.c). */
bool sftp_claim_write(struct connection *connection, const char *text, GError **error);
/* Member probe (sftp_probe.c). */
void sftp_probe(const struct probe *probe);

#endif
