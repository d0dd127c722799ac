/*
 * A ring of pieces between two threads. The one that writes fills pieces, the other one gives them to the sink.
 *
 * A wake-up costs more than a piece. Whoever has to wait is therefore woken only when the other one is half a ring
 * ahead: the sink's thread when half the ring is full, the writer when half of it is empty.
 */
#include "gateway/drops/write_behind.h"

#include <signal.h>
#include <string.h>

/* PIECE, ALONE: bytes. A thread is started for more than ALONE. */
enum { PIECES = 16, PIECE = 64 * 1024, HALF = PIECES / 2, ALONE = 256 * 1024 };

struct piece {
    char *data; /* PIECE bytes */
    size_t len;
};

struct write_behind {
    transport_bytes *sink;
    void *user;
    size_t given;    /* bytes written so far */
    GThread *thread; /* NULL: not started, or ended */
    GMutex lock;     /* guards what follows */
    GCond changed;
    struct piece pieces[PIECES]; /* a ring; the bytes and length of a piece belong to one thread and need no lock */
    unsigned first, full;        /* the full pieces belong to the sink's thread, the next one to the writer */
    bool ending;                 /* no more pieces will be filled */
    bool dropping;               /* and the full ones are not wanted */
    bool failed;                 /* the sink failed */
    GError *error;               /* why; NULL once it was reported */
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

/* Waits for half a ring of pieces, or the end. False if nothing is left to do. */
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
        GError *cause = NULL;
        g_mutex_unlock(&write_behind->lock);
        bool good = write_behind->sink(write_behind->user, piece.data, piece.len, &cause);
        g_mutex_lock(&write_behind->lock);
        write_behind->failed = !good;
        write_behind->error = cause;
        write_behind->pieces[write_behind->first].len = 0;
        write_behind->first = (write_behind->first + 1) % PIECES;
        write_behind->full--;
        if (write_behind->full == HALF || write_behind->failed)
            g_cond_broadcast(&write_behind->changed);
    }
    g_mutex_unlock(&write_behind->lock);
    return NULL;
}

/* Starts the thread. If the system has none left, the bytes go to the sink directly as before. */
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

/* Reports the error of the sink. */
static bool fail(struct write_behind *write_behind, GError **error)
{
    g_propagate_error(error, g_steal_pointer(&write_behind->error));
    return false;
}

/* Waits for a piece that can be filled; NULL if the sink has failed. */
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

/* Gives the piece that was filled to the sink's thread. */
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
        size_t n = MIN(len, PIECE - piece->len);
        memcpy(piece->data + piece->len, data, n);
        piece->len += n;
        data += n;
        len -= n;
        if (piece->len == PIECE)
            hand_over(write_behind);
    }
    return true;
}

/* Waits for the thread's end; dropping: full pieces are not given to the sink any more. */
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
