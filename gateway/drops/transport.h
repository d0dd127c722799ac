/*
 * What carries bytes between the spool and the two folders of a drop. Each transport is one `struct transport`: what it
 * is, its settings, its probe for the command `doctor`, and what can be done on a connection. drop->transport is the
 * one of a drop; nothing outside this folder asks which transport that is.
 *
 *   connection = transport->open(drop, CONNECTION_IN);          touches nothing yet: connects when first used
 *   transport->list → transport->fetch → transport->discard     CONNECTION_IN, the drop's `in`
 *   transport->upload → (transport->look →) transport->publish  CONNECTION_OUT, the drop's `out`
 *   transport->upload → (transport->look →) transport->withdraw the same, of a file that must not get its name there
 *   transport->names                                            CONNECTION_OUT: what its recipient has not taken
 *   transport->begin_batch → several of one kind → transport->end_batch         where the transport has them
 *   transport->claim_read → transport->claim_make or transport->claim_write      either, before each task (claim.h)
 *   transport->close(connection)
 *
 * Each direction of a drop has a connection of its own, which one thread uses at a time. Calls block, each within the
 * limits that the drop's settings give. After `interrupt`, which any thread may call, they fail at once with
 * TRANSPORT_ERROR_DOWN.
 *
 * A connection that broke connects again by itself at the next call. A call never repeats itself after a loss: whether
 * the last request was carried out is found out by looking, so discard and publish may be called again after any
 * failure.
 *
 * Looking proves little once the temporary file of an upload is gone: the rename may have been carried out and the
 * recipient may have taken the file, or somebody has cleared away what was never renamed. So publish is told whether a
 * rename was sent before whose answer never came (publication.open). Only then does it conclude that the file was
 * delivered. The other design, to upload again in every case, would deliver a file twice whenever the connection breaks
 * during a rename.
 *
 * Names are raw bytes from outside, without '/' and NUL. Names of uploads are ours; they may stand in one folder below
 * `out` ("ABCD/name").
 *
 * Adding a transport:
 *   1. Write `const struct transport NAME_transport` in a file of this folder, NAME_drop.c; declare it in NAME_drop.h;
 *      add both to Makefile.am. All members must be set, but `keys`, `free_settings`, `begin_batch` and
 *      `end_batch` may be NULL.
 *   2. Add it to the table in transport.c. From then on transport=NAME is accepted in [drop NAME].
 *   3. Its `load` reads the settings of the drop's group with the functions of gateway/config/config_file.h, the
 *      folders `in` and `out` among them. Name its own settings in `keys`: drops of other transports may not have them.
 *      Describe each in ecosgate.conf.5, with its unit, range, default and an example (tests/lint.sh compares the
 *      settings of config and drops with that page).
 *   4. Set `first_rule`: COMPLETE_CLOSED only if the transport can tell that a sender still writes a file.
 *   5. Pass the crash points that the members below name, around the request that changes something in the drop.
 *      tests/e2e/crash.py stops the gateway at each.
 *   6. Its `probe` tells what an operator must know before the first file, in the order of finding (probe.h).
 *   7. Copy the tests tests/unit/test_sftp_drop_*.c and tests/e2e/sftp.py: what they demand holds for every transport.
 *   Pickup, delivery, outages, `pickup`, `status` and `doctor` need no change. A library that the transport needs is
 *   included in a folder of its own below this one only; tests/lint.sh has a line for each such library.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_TRANSPORT_H
#define ECOSGATE_GATEWAY_DROPS_TRANSPORT_H

#include "gateway/drops/drop.h"
#include "spool/source.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define TRANSPORT_ERROR (transport_error_quark())
enum transport_error {
    TRANSPORT_ERROR_DOWN,    /* the drop is unreachable, unreadable, unwritable or full: an outage (outage.h) */
    TRANSPORT_ERROR_CHANGED, /* the file changed, or is gone, since it was listed: the next listing tells more */
    TRANSPORT_ERROR_ENTRY,   /* this entry of `in` cannot be read or removed, while the drop itself works (A107) */
    TRANSPORT_ERROR_TAKEN,   /* the drop holds other bytes under the name: an operator must decide (A107) */
    TRANSPORT_ERROR_CLAIMED, /* the drop belongs to another gateway, or nobody can tell whether it does (A110) */
};
/* The error domain for what is wrong with a drop. Errors of our own disk are SPOOL_ERROR. */
GQuark transport_error_quark(void);

enum connection_direction { CONNECTION_IN, CONNECTION_OUT };
struct connection; /* each transport defines its own */
struct config_loading;
struct probe;

/* One entry of the drop's `in`, of any kind. */
struct drop_entry {
    const char *name;      /* valid during the visit */
    bool regular;          /* a regular file; links, pipes and folders are never opened */
    const char *fault;     /* why nobody knows whether the entry is a file, or how long it is: a text that
                                      * stays valid. NULL: that is known */
    const char *forbidden; /* why the gateway's user may not read it: a text that stays valid. NULL: it may, or
                                      * only a try shows that */
    bool written;          /* it is open for writing (only by the rule `closed`) */
    bool unsure;           /* the system does not say whether it is: then the rule `stable` decides */
    struct source_identity identity; /* size and time always; device and inode where the transport has them */
    int64_t modified;                /* seconds UTC by the drop's clock; 0: unknown */
};

/* Called for each entry; false ends the listing. */
typedef bool transport_visit(void *user, const struct drop_entry *entry);
/* Called for each name of `out`; false ends the listing. */
typedef bool transport_name_visit(void *user, const char *name);
/* Takes the next bytes of a file. */
typedef bool transport_bytes(void *user, const char *data, size_t len, GError **error);

/* Where the bytes of a fetch go. */
struct byte_sink {
    transport_bytes *write;
    void *user; /* of write */
};

/* A copy in `in` of a file that is in custody, which is to go. All is borrowed. */
struct drop_copy {
    const char *name;
    const char *taken_name; /* transport_taken_name: what it is called between taking it and removing it */
    const struct source_identity *identity; /* as it was fetched */
    const char *sha256;
};

/* The name of the claim in `out` (claim.h). */
#define CLAIM_NAME ".ecosgate-claim"

/* The beginning of an error's text where the drop refuses the claim. */
#define CLAIM_REFUSED "the claim cannot be written; allow it, or set claim=no if this drop must hold no such file: "

/* What stands under CLAIM_NAME. */
struct claim_text {
    bool folder; /* `out` exists */
    char *text;  /* NULL: there is no such file; g_free */
    size_t len;  /* bytes, at most WITNESS_MAX_SIZE */
};

/* What proves that two files hold the same bytes. */
struct content {
    int64_t size;       /* bytes */
    const char *sha256; /* hex digits, lower case; borrowed */
};

/* An outgoing file. Both names are relative to `out` and stand in the same folder; all is borrowed. */
struct outgoing_file {
    const char *name, *temporary;
    struct content content;
};

/* What the drop shows of an outgoing file that was uploaded. */
enum publication_state {
    PUBLICATION_READY,     /* it is there under its temporary name, and its own name is free */
    PUBLICATION_SEEN,      /* it stands under its name; or the drop said so, and it was taken before the look at it */
    PUBLICATION_CONCLUDED, /* both names are gone, and a rename was sent to which no answer came */
    PUBLICATION_MISSING,   /* both names are gone, and no rename explains that */
};

struct publication {
    bool open; /* a rename was sent, and its answer never came: before the call, and after it, also after a failure */
    enum publication_state state; /* set on success */
};

struct transport {
    /* What it is. */
    const char *name;             /* the value of transport=, as `status` and `doctor` print it */
    bool local_folders;           /* in and out are folders of this machine: they can be watched with inotify(7) and
                                   * counted without a connection */
    enum completeness first_rule; /* the default of complete=; the rules before it in the enum are not accepted */
    const char *const *keys;      /* names of its own settings, NULL-terminated; NULL: none */

    /* Reads in, out and its own settings of the group into the drop; what is wrong goes to config_problem. */
    void (*load)(struct config_loading *loading, const char *group, struct drop *drop);
    /* Frees drop->settings, which is not NULL. */
    void (*free_settings)(void *settings);
    /* A text that is the same for two folders of any drops if they are known to be one folder, and only then
     * (drop_folders.h). It may begin or end with "..". Asks no server. g_free. */
    char *(*folder_key)(const struct drop *drop, const char *folder);
    /* Tells with the functions of probe.h what the gateway can do in the drop. Leaves nothing behind there. */
    void (*probe)(const struct probe *probe);

    /* A connection of one direction. Never NULL; touches nothing yet. */
    struct connection *(*open)(const struct drop *drop, enum connection_direction direction);
    /* Visits each entry of `in`, in any order. */
    bool (*list)(struct connection *connection, transport_visit *visit, void *user, GError **error);
    /* Writes all bytes of a file to the sink. TRANSPORT_ERROR_CHANGED if the file does not have that identity before
     * and after. TRANSPORT_ERROR_ENTRY if it cannot be read although the drop can be listed, or if it holds another
     * number of bytes than the drop tells. An error of the sink ends the fetch and is passed on. */
    bool (*fetch)(struct connection *connection, const char *name, const struct source_identity *identity,
                  const struct byte_sink *sink, GError **error);
    /* Removes the drop's copy, or moves it away where the settings say so, if it is still the one that was fetched:
     * same identity and, where that alone proves too little, same bytes. The name may be given to a newer file at any
     * moment, and no request removes a file only if it is a certain one. So the copy is renamed to copy->taken_name,
     * looked at there, and removed under that name. If it is a newer file, it gets its name back without replacing
     * anything. What a stop leaves under that name is settled by the next call. By the rule `marker` the marker is
     * taken first, and comes back with a newer file. Where a rename is refused, the copy is looked at and then removed
     * under its name.
     * Another file of the name, or none, is left as it is, which is no error. TRANSPORT_ERROR_ENTRY if that is refused
     * although the drop can be listed, or if a newer file cannot get its name back. Passes STEP_SOURCE_TAKEN,
     * STEP_SOURCE_RETURNED and STEP_SOURCE_REMOVED. */
    bool (*discard)(struct connection *connection, const struct drop_copy *copy, GError **error);
    /* Writes the file at path, which must have file->content, under its temporary name, as durable as the drop can make
     * it (end_batch). Makes the folder of the name where it is missing. The state is READY, or MISSING if the file is
     * not there afterwards; the own name is not looked at. SPOOL_ERROR_CORRUPT if the file at path has other content.
     * Passes STEP_DELIVERY_FOLDER, STEP_DELIVERY_UPLOADED. */
    bool (*upload)(struct connection *connection, const char *path, const struct outgoing_file *file,
                   enum publication_state *state, GError **error);
    /* Finds out what has become of a file that was uploaded earlier. If its name holds this content, removes the
     * temporary file; TRANSPORT_ERROR_TAKEN if it holds other content, or the drop tells it so. If the temporary file
     * is still there, open becomes false. CONCLUDED and MISSING only if the drop's folder is there. Passes
     * STEP_DELIVERY_DROPPED. */
    bool (*look)(struct connection *connection, const struct outgoing_file *file, struct publication *publication,
                 GError **error);
    /* Gives a file that was READY its name, without replacing, and looks whether it stands there. The caller has made
     * durable that the rename is sent. open becomes true if no answer comes, if the look after an answer fails for
     * another reason than TAKEN, or if a refused rename is followed by TAKEN and the temporary file is gone; else
     * false. Then the state is that of a look, and a file that is still READY is an error: the rename was refused.
     * Errors as of look. Passes STEP_DELIVERY_PUBLISHED, STEP_DELIVERY_DROPPED. */
    bool (*publish)(struct connection *connection, const struct outgoing_file *file, struct publication *publication,
                    GError **error);
    /* Removes what an upload of the file has left under its temporary name; nothing there is no error. Nobody may have
     * sent a rename whose answer never came. The state is MISSING. Passes STEP_DELIVERY_DROPPED. */
    bool (*withdraw)(struct connection *connection, const struct outgoing_file *file, struct publication *publication,
                     GError **error);
    /* Visits each name in `out`, in any order, or in a folder below it; folder NULL: in `out` itself. A folder that is
     * missing has none. TRANSPORT_ERROR_DOWN, too, if files can be written there and the names cannot be read. */
    bool (*names)(struct connection *connection, const char *folder, transport_name_visit *visit, void *user,
                  GError **error);
    /* Says that n files are to be discarded, uploaded or published next. From here on these calls may leave what they
     * did to end_batch, which makes it durable for all of them at once. NULL, like end_batch: each call does that
     * itself. */
    void (*begin_batch)(struct connection *connection, size_t n);
    /* Makes durable what was done since begin_batch; until it has succeeded none of that counts. Does nothing without a
     * begin_batch. Passes STEP_SOURCE_SYNCED, STEP_DELIVERY_SYNCED. */
    bool (*end_batch)(struct connection *connection, GError **error);
    /* Reads the claim; for a connection of either direction, as are the next two. TRANSPORT_ERROR_CLAIMED if something
     * stands there that is no regular file, that we may not read, or that is larger than a claim. */
    bool (*claim_read)(struct connection *connection, struct claim_text *claim, GError **error);
    /* Makes the claim durably, whole or not at all where the drop can do that. TRANSPORT_ERROR_CHANGED if something
     * stands there already: of several that make it at once, one succeeds. Passes STEP_CLAIM_MADE. */
    bool (*claim_make)(struct connection *connection, const char *text, GError **error);
    /* Writes over the claim in place, durably, and over the rest of a longer one with line ends.
     * TRANSPORT_ERROR_CHANGED if it is gone. Passes STEP_CLAIM_WRITTEN. */
    bool (*claim_write)(struct connection *connection, const char *text, GError **error);
    /* From any thread: the call under way fails soon, later ones at once. */
    void (*interrupt)(struct connection *connection);
    /* Frees the connection. NULL is allowed. */
    void (*close)(struct connection *connection);
};

/* The transports in the order of the table; the first is the default of transport=. NULL after the last. */
const struct transport *transport_at(size_t index);

/* transport->fetch, but the sink of a large file works in a thread of its own (write_behind.h), so that the file is
 * written and digested while its next bytes are received. That thread has ended when this returns; until then the
 * sink's `user` belongs to it. */
bool transport_fetch(const struct transport *transport, struct connection *connection, const struct drop_entry *entry,
                     const struct byte_sink *sink, GError **error);

/* Sets the error that our own file at path, which is to be uploaded, cannot be read, as errno says. Returns false. */
bool transport_read_failed(const char *path, GError **error);
/* The temporary name of an outgoing file: `form` (drop->upload_name) with the file's name for NAME, in the same folder.
 * g_free. */
char *transport_temporary_name(const char *form, const char *name);

/* The name in `in` that a copy of this name gets before it is removed: it says which job has the file, and what it was
 * called. The gateway never picks up such a name. g_free. */
char *transport_taken_name(int64_t job, const char *name);
/* Likewise for the marker of a copy with that taken_name. g_free. */
char *transport_taken_marker(const char *taken_name);

/* Frees a drop, its texts and its settings. NULL is allowed. */
void drop_free(struct drop *drop);

#endif
