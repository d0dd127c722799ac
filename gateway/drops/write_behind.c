#include "gateway/drops/write_behind.h"

#include <signal.h>
#include <string.h>

/* Who has to wait goes on only when the other is HALF a ring away: to wake a thread costs more than a piece.
 * ALONE: so many bytes are worth no thread. */
enum { PIECES = 16, PIECE = 64 * 1024, HALF = PIECES / 2, ALONE = 256 * 1024 };

struct piece {
    char *data; /* PIECE bytes */
    size_t len;
};

struct write_behind {
    transport_bytes *sink;
    void *user;
    size_t given;    /* bytes so far */
    GThread *thread; /* NULL: not yet, or no more */
    GMutex lock;     /* of what follows */
    GCond changed;
    struct piece pieces[PIECES]; /* a ring; its owners need no lock for a piece's bytes and length */
    unsigned first, full;        /* the thread's; the next one is being filled */
    bool ending;                 /* no more will be filled */
    bool dropping;               /* and the full ones are not wanted either */
    bool failed;                 /* the sink */
    GError *error;               /* of it, until it is given out */
};

struct write_behind *write_behind_new(transport_bytes *sink, void *user)
{
    struct write_behind *write_behind = g_new0(struct write_behind, 1);

    write_behind->sink = sink;
    write_behind->user = user;
    g_mutex_init(&write_behind->lock);
    g_cond_init(&write_behind->changed);
    return write_behind;
}

/* False: there is nothing left to do. */
static bool wait_for_pieces(struct write_behind *write_behind)
{
    if (write_behind->full == 0) {
        while (write_behind->full < HALF && !write_behind->ending)
            g_cond_wait(&write_behind->changed, &write_behind->lock);
    }
    return write_behind->full > 0 && !write_behind->dropping;
}

static void *work(void *user)
{
    struct write_behind *write_behind = user;

    g_mutex_lock(&write_behind->lock);
    while (!write_behind->failed && wait_for_pieces(write_behind)) {
        const struct piece piece = write_behind->pieces[write_behind->first];
        GError *fault = NULL;
        g_mutex_unlock(&write_behind->lock);
        bool good = write_behind->sink(write_behind->user, piece.data, piece.len, &fault);
        g_mutex_lock(&write_behind->lock);
        write_behind->failed = !good;
        write_behind->error = fault;
        write_behind->pieces[write_behind->first].len = 0;
        write_behind->first = (write_behind->first + 1) % PIECES;
        write_behind->full--;
        if (write_behind->full == HALF || write_behind->failed)
            g_cond_broadcast(&write_behind->changed);
    }
    g_mutex_unlock(&write_behind->lock);
    return NULL;
}

/* Where the system has no thread left all goes on without one. */
static void begin(struct write_behind *write_behind)
{
    sigset_t all, before;

    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* cannot fail: valid arguments */
    write_behind->thread = g_thread_try_new("write-behind", work, write_behind, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    for (unsigned i = 0; write_behind->thread != NULL && i < PIECES; i++)
        write_behind->pieces[i].data = g_malloc(PIECE);
}

static bool fail(struct write_behind *write_behind, GError **error)
{
    g_propagate_error(error, g_steal_pointer(&write_behind->error));
    return false;
}

/* The piece to be filled, once there is one; NULL when the sink has failed. */
static struct piece *wait_for_piece(struct write_behind *write_behind)
{
    g_mutex_lock(&write_behind->lock);
    if (write_behind->full == PIECES) {
        while (write_behind->full > HALF && !write_behind->failed)
            g_cond_wait(&write_behind->changed, &write_behind->lock);
    }
    struct piece *piece =
        write_behind->failed ? NULL : &write_behind->pieces[(write_behind->first + write_behind->full) % PIECES];
    g_mutex_unlock(&write_behind->lock);
    return piece;
}

static void hand_over(struct write_behind *write_behind)
{
    g_mutex_lock(&write_behind->lock);
    if (++write_behind->full == HALF)
        g_cond_broadcast(&write_behind->changed);
    g_mutex_unlock(&write_behind->lock);
}

bool write_behind_write(void *user, const char *data, size_t len, GError **error)
{
    struct write_behind *write_behind = user;

    write_behind->given += len;
    if (write_behind->thread == NULL && write_behind->given > ALONE)
        begin(write_behind);
    if (write_behind->thread == NULL)
        return write_behind->sink(write_behind->user, data, len, error);
    while (len > 0) {
        struct piece *piece = wait_for_piece(write_behind);
        if (piece == NULL)
            return fail(write_behind, error);
        size_t part = MIN(len, PIECE - piece->len);
        memcpy(piece->data + piece->len, data, part);
        piece->len += part;
        data += part;
        len -= part;
        if (piece->len == PIECE)
            hand_over(write_behind);
    }
    return true;
}

static void end_thread(struct write_behind *write_behind, bool dropping)
{
    g_mutex_lock(&write_behind->lock);
    write_behind->ending = true;
    write_behind->dropping = dropping;
    g_cond_broadcast(&write_behind->changed);
    g_mutex_unlock(&write_behind->lock);
    (void)g_thread_join(write_behind->thread); /* gives back NULL */
    write_behind->thread = NULL;
}

bool write_behind_end(struct write_behind *write_behind, GError **error)
{
    if (write_behind->thread == NULL)
        return true;
    const struct piece *last = wait_for_piece(write_behind);
    if (last != NULL && last->len > 0)
        hand_over(write_behind);
    end_thread(write_behind, false);
    return !write_behind->failed || fail(write_behind, error);
}

void write_behind_free(struct write_behind *write_behind)
{
    if (write_behind == NULL)
        return;
    if (write_behind->thread != NULL)
        end_thread(write_behind, true);
    for (unsigned i = 0; i < PIECES; i++)
        g_free(write_behind->pieces[i].data);
    g_clear_error(&write_behind->error);
    g_mutex_clear(&write_behind->lock);
    g_cond_clear(&write_behind->changed);
    g_free(write_behind);
}
