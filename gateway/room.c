/*
 * The file system is asked each time: other programs use it too.
 *
 * A reserve of 0 is allowed, and a disk that is wholly full is low all the same. Names are counted beside bytes: a file
 * system with a fixed number of inodes refuses new files while bytes are free. File systems that have no such number
 * say 0.
 */
#include "gateway/room.h"

#include "spool/disk.h"

enum { LEAST_RESERVE = 1 << 20 /* bytes */, LEAST_NAMES = 1024 };

bool room_look(const struct config *config, enum room_disk which, struct room *room, GError **error)
{
    g_autofree char *folder = which == ROOM_SPOOL ? g_strdup(config->spool) : g_path_get_dirname(config->ledger);
    struct disk_room disk, other;

    *room = (struct room){.subject = which == ROOM_SPOOL ? "spool" : "ledger"};
    if (!disk_room(folder, &disk, error) || (which == ROOM_LEDGER && !disk_room(config->spool, &other, error)))
        return false;
    room->shared = which == ROOM_LEDGER && other.device == disk.device;
    room->disk = disk_mount_point(folder);
    room->free = (int64_t)MIN(disk.bytes, (uint64_t)G_MAXINT64);
    room->reserve = MAX(config->reserve, LEAST_RESERVE);
    room->no_names = disk.names < LEAST_NAMES;
    room->low = room->free < room->reserve || room->no_names;
    return true;
}

char *room_problem(const struct room *room)
{
    if (room->no_names && room->free >= room->reserve)
        return g_strdup_printf("the %s's disk (%s) has less than %d names left for new files (df -i); no file is "
                               "picked up until there are more: remove files there, or give it more inodes",
                               room->subject, room->disk, LEAST_NAMES);
    return g_strdup_printf("the %s's disk (%s) has less free than its reserve of %" G_GINT64_FORMAT
                           " MiB; no file is picked up until there is room: free space there",
                           room->subject, room->disk, room->reserve >> 20);
}

void room_clear(struct room *room)
{
    g_clear_pointer(&room->disk, g_free);
}
