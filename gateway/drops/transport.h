/*
 * What carries bytes between the spool and the two folders of a drop: the one interface with two
 * implementations (local_drop.c, sftp_drop.c). Each direction of a drop has a connection of its own, which
 * one thread uses at a time; calls block, each within the limits that the drop's configuration sets, and
 * return at once with TRANSPORT_ERROR_DOWN after connection_interrupt from any thread.
 *
 *   connection = transport->open(drop, CONNECTION_IN);               touches nothing yet: connects when first used
 *   transport->list → transport->fetch → transport->discard    CONNECTION_IN, the drop's `in`
 *   transport->upload → transport->publish                     CONNECTION_OUT, the drop's `out`
 *   transport->close(connection)
 *
 * A connection that lost its connection connects again by itself at its next call. What a lost answer leaves
 * open is settled by looking: discard and publish may be called again after any failure.
 * Names are raw bytes from outside without '/' and NUL; those of uploads are ours.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_TRANSPORT_H
#define ECOSGATE_GATEWAY_DROPS_TRANSPORT_H

#include "gateway/config.h"
#include "spool/ledger/ledger_jobs.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define TRANSPORT_ERROR (transport_error_quark())
enum transport_error {
    TRANSPORT_ERROR_DOWN,    /* the drop: unreachable, unreadable, unwritable or full; an outage (A102, A103) */
    TRANSPORT_ERROR_CHANGED, /* the file: changed, or gone, since it was listed; the next look tells more */
    TRANSPORT_ERROR_TAKEN,   /* the name: the drop holds other bytes under it; an operator must look */
};
/* Errors of our own disk are SPOOL_ERROR. */
GQuark transport_error_quark(void);

/* By the rule `marker` a file counts as whole once there is one of its name and this. */
#define DROP_MARKER ".done"

enum connection_direction { CONNECTION_IN, CONNECTION_OUT };
struct connection; /* each transport's own */

/* One entry of the drop's `in`, whatever it is. */
struct drop_entry {
    const char *name;              /* valid during the visit */
    bool regular;                  /* a regular file: links, pipes and folders are never opened */
    bool written;                  /* known to be open for writing (local, rule `closed` only) */
    bool unsure;                   /* the system will not say whether it is (then `stable` decides) */
    struct source_identity identity; /* size and time always; device and inode where there are such */
    int64_t modified;              /* seconds UTC as the drop's clock says, 0: not said */
};

typedef bool transport_visit(void *user, const struct drop_entry *entry); /* false: enough */
typedef bool transport_bytes(void *user, const char *data, size_t len, GError **error);

struct transport {
    const char *name; /* "local", "sftp" */
    struct connection *(*open)(const struct drop *drop, enum connection_direction direction);
    bool (*list)(struct connection *connection, transport_visit *visit, void *user, GError **error);
    /* All bytes of a file into sink; TRANSPORT_ERROR_CHANGED when it is not the one of that identity before
     * and after. */
    bool (*fetch)(struct connection *connection, const char *name, const struct source_identity *identity,
                  transport_bytes *sink, void *user, GError **error);
    /* The drop's copy goes (is removed, or moved to the drop's `taken`) if it is still that one: same identity
     * and, where that alone proves too little, same bytes. Another file of the name, or none, is left as it
     * is, which is no error. The marker of the rule `marker` goes first. Passes STEP_SOURCE_REMOVED. */
    bool (*discard)(struct connection *connection, const char *name, const struct source_identity *identity,
                    const char *sha256, GError **error);
    /* The file at path, of that size and SHA-256, whole and as durable as the drop can make it, under a
     * temporary name beside `name`, which may stand in a folder of its own ("ABCD/name"), made when missing. Passes
     * STEP_DELIVERY_FOLDER, STEP_DELIVERY_UPLOADED. */
    bool (*upload)(struct connection *connection, const char *path, const char *name, int64_t size, const char *sha256,
                   GError **error);
    /* What upload left gets its name, without replacing. It is done already when the temporary file is gone
     * (the recipient may even have taken the file), or when the name holds these very bytes. Passes
     * STEP_DELIVERY_PUBLISHED, or STEP_DELIVERY_DROPPED for a temporary file that nobody needs. */
    bool (*publish)(struct connection *connection, const char *name, int64_t size, const char *sha256, GError **error);
    /* From any thread: what is under way ends soon, and what comes later at once. */
    void (*interrupt)(struct connection *connection);
    void (*close)(struct connection *connection);
};

/* The transport of a drop by its configuration. */
const struct transport *transport_of(const struct drop *drop);
bool transport_is_local(const struct drop *drop);

#endif
