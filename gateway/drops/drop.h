/*
 * A drop as the configuration describes it: a place where files are exchanged with parties, with two folders. Loaded by
 * config.h; nothing here changes afterwards.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_DROP_H
#define ECOSGATE_GATEWAY_DROPS_DROP_H

#include "spool/file_rights.h"

#include <stdbool.h>
#include <stdint.h>

/* The rule by which a file in `in` counts as whole (complete= in ecosgate.conf(5)); decided by completeness.h. */
enum completeness {
    COMPLETE_CLOSED,  /* no process has it open for writing: only where the transport can tell */
    COMPLETE_STABLE,  /* size and time are the same for stable_seconds */
    COMPLETE_MARKER,  /* a file of its name and DROP_MARKER exists */
    COMPLETE_AT_ONCE, /* as soon as it is listed: the sender renames */
};

/* By the rule `marker` a file counts as whole once there is a file of its name followed by this. */
#define DROP_MARKER ".done"

/* The default form of the names under which outgoing files are uploaded: NAME stands for the file's name. */
#define DROP_UPLOAD_NAME ".NAME.part"

/* The setting sign= of a drop, while the gateway has a key to sign with. */
enum drop_sign {
    DROP_SIGN_AFTER,  /* the signature comes after its file */
    DROP_SIGN_BEFORE, /* before it */
    DROP_SIGN_NO,     /* files that go there are not signed */
};

struct transport;

struct drop {
    char *name;                        /* NAME of [drop NAME] */
    const struct transport *transport; /* how its folders are reached; never NULL */
    char *in;                          /* folder that senders write to: a path as the transport understands it */
    char *out;                         /* folder that recipients read from */
    char *upload_name;                 /* the form of temporary names in `out`, with NAME in it */
    enum completeness complete;
    int64_t stable_seconds;
    const char *const *temporary; /* patterns of names that are no files yet (filename.h), NULL-terminated; owned */
    int64_t taken_within;         /* seconds after which a file that stands in `out` is an incident (A114); 0: never */
    struct file_rights file_rights;   /* of the files that the gateway leaves in `out` */
    struct file_rights folder_rights; /* of the recipients' folders that it makes there */
    bool claim;                       /* the gateway keeps a claim in `out` (claim.h) */
    bool signatures;                  /* somebody signs the files that come through it (SIGNATURE_SUFFIX) */
    enum drop_sign sign;              /* of the files that the gateway leaves in `out` */
    bool share;                       /* a document share: its outages are A101 */
    bool guarded;                     /* a process that connects to it must have all guards (cells=required) */
    void *settings;                   /* the transport's own; NULL where it has none */
};

#endif
