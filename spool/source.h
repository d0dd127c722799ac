/*
 * The identity of a sender's copy: what proves that the file in a drop is still the one that was listed, or fetched.
 *
 * On a local disk all fields are set. A server behind a network transport tells size and time only: there dev and ino
 * are 0, ctime_ns is the time of the last change in whole seconds, and equal identities prove less (sftp_drop.h).
 */
#ifndef ECOSGATE_SPOOL_SOURCE_H
#define ECOSGATE_SPOOL_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

struct source_identity {
    bool set;         /* false: nothing is known, or the sender's copy is gone */
    int64_t dev, ino; /* device and inode, 0 where the transport has none */
    int64_t ctime_ns; /* nanoseconds since 1970, UTC, by the clock of the drop */
    int64_t size;     /* bytes */
};

/* True if both describe the same file, unchanged. Does not compare `set`. */
static inline bool source_identity_same(const struct source_identity *a, const struct source_identity *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->ctime_ns == b->ctime_ns && a->size == b->size;
}

/* True if what stands under the name of a copy that was fetched may be that copy, seen another way: the drop has moved
 * to another address since, files and all, or somebody changed the copy's rights. Its bytes must be compared then.
 * modified: seconds UTC, when the file there was written last; 0: unknown. A file that was sent again was written after
 * the copy was fetched, or stands as another inode on the same device: it is a new one, whatever its bytes. */
static inline bool source_identity_may_be(const struct source_identity *fetched, const struct source_identity *found,
                                          int64_t modified)
{
    bool server = fetched->ino == 0 && found->ino == 0; /* both times are those of the last change */
    bool moved = fetched->dev != found->dev || fetched->ino == found->ino;

    return !server && moved && fetched->size == found->size && modified > 0 &&
           modified <= fetched->ctime_ns / 1000000000;
}

#endif
