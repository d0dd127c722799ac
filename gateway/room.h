/*
 * Is there room? The spool and the ledger may lie on different disks, and each needs its reserve. What is in custody
 * still has to be answered, and every answer takes room: so the gateway stops picking up while some is left (A108).
 *
 *   struct room room;
 *   if (!room_look(config, ROOM_SPOOL, &room, &error)) …
 *   room_clear(&room);
 *
 * Nothing here changes anything: commands with read-only access ask the same questions as the passes.
 */
#ifndef ECOSGATE_GATEWAY_ROOM_H
#define ECOSGATE_GATEWAY_ROOM_H

#include "gateway/config/config.h"

/* The two disks that need a reserve; they may be one. */
enum room_disk { ROOM_SPOOL, ROOM_LEDGER, ROOM_DISKS };

/* What was found at one of them. */
struct room {
    const char *subject; /* "spool" or "ledger": the subject of an A108 */
    char *disk;          /* where its file system is mounted */
    int64_t free;        /* bytes that the gateway may still write */
    bool low;            /* less than the reserve, or no names for new files */
    bool no_names;       /* low because the file system has no more names (inodes) for new files */
    bool shared;         /* the ledger's, and it is the spool's disk: only the spool's is told */
    int64_t reserve;     /* bytes; at least one MiB: a disk without any room is low whatever the setting says */
};
typedef struct room room_t;

/* Asks the file system. False: it cannot be asked. */
bool room_look(const struct config *config, enum room_disk which, struct room *room, GError **error);
/* What is wrong and what to do, without the number of bytes that are free: the same words as long as it lasts. g_free.
 */
char *room_problem(const struct room *room);
/* Frees what the struct holds. */
void room_clear(struct room *room);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(room_t, room_clear)

#endif
