/*
 * Each piece of memory begins with its length, so that free knows how much to give back. Limiting the process
 * (RLIMIT_AS) was the other way: it would end the program for the fault of one server.
 */
#include "gateway/drops/sftp/sftp_memory.h"

#include "gateway/drops/sftp/sftp_limits.h"

#include <stdlib.h>

/* What stands before each piece. */
union head {
    size_t len; /* bytes, with the head */
    max_align_t aligned;
};

/* A piece of `count` bytes, in place of `old` if that is not NULL. NULL: over the limit, or no memory is left; then
 * `old` stays as it is. */
static void *resize(struct direct *sftp, union head *old, size_t count)
{
    size_t before = old != NULL ? old->len : 0, len = sizeof(union head) + count;

    if (count > SFTP_MOST_SSH || sftp->ssh_bytes - before + len > SFTP_MOST_SSH) {
        sftp->ssh_refused = true;
        return NULL;
    }
    union head *head = realloc(old, len);
    if (head == NULL)
        return NULL;
    head->len = len;
    sftp->ssh_bytes += len - before;
    return head + 1;
}

/* The callbacks of libssh2. */
static void *take(size_t count, void **abstract)
{
    return resize(*abstract, NULL, count);
}

static void *take_again(void *piece, size_t count, void **abstract)
{
    return resize(*abstract, piece != NULL ? (union head *)piece - 1 : NULL, count);
}

static void give_back(void *piece, void **abstract)
{
    struct direct *sftp = *abstract;
    union head *head = piece;

    if (piece == NULL)
        return;
    head--;
    sftp->ssh_bytes -= head->len;
    free(head);
}

LIBSSH2_SESSION *sftp_memory_session(struct direct *sftp)
{
    sftp->ssh_bytes = 0;
    sftp->ssh_refused = false;
    return libssh2_session_init_ex(take, give_back, take_again, sftp);
}
