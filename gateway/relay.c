#include "gateway/relay.h"

#include <signal.h>
#include <string.h>

/* Who has to wait goes on only when the other is HALF a ring away: to wake a thread costs more than a piece.
 * ALONE: so many bytes are worth no thread. */
enum { PIECES = 16, PIECE = 64 * 1024, HALF = PIECES / 2, ALONE = 256 * 1024 };

struct piece {
    char *data; /* PIECE bytes */
    size_t len;
};

struct relay {
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

struct relay *relay_new(transport_bytes *sink, void *user)
{
    struct relay *relay = g_new0(struct relay, 1);

    relay->sink = sink;
    relay->user = user;
    g_mutex_init(&relay->lock);
    g_cond_init(&relay->changed);
    return relay;
}

/* False: there is nothing left to do. */
static bool wait_for_pieces(struct relay *relay)
{
    if (relay->full == 0) {
        while (relay->full < HALF && !relay->ending)
            g_cond_wait(&relay->changed, &relay->lock);
    }
    return relay->full > 0 && !relay->dropping;
}

static void *work(void *user)
{
    struct relay *relay = user;

    g_mutex_lock(&relay->lock);
    while (!relay->failed && wait_for_pieces(relay)) {
        const struct piece piece = relay->pieces[relay->first];
        GError *fault = NULL;
        g_mutex_unlock(&relay->lock);
        bool good = relay->sink(relay->user, piece.data, piece.len, &fault);
        g_mutex_lock(&relay->lock);
        relay->failed = !good;
        relay->error = fault;
        relay->pieces[relay->first].len = 0;
        relay->first = (relay->first + 1) % PIECES;
        relay->full--;
        if (relay->full == HALF || relay->failed)
            g_cond_broadcast(&relay->changed);
    }
    g_mutex_unlock(&relay->lock);
    return NULL;
}

/* Where the system has no thread left all goes on without one. */
static void begin(struct relay *relay)
{
    sigset_t all, before;

    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* cannot fail: valid arguments */
    relay->thread = g_thread_try_new("relay", work, relay, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    for (unsigned i = 0; relay->thread != NULL && i < PIECES; i++)
        relay->pieces[i].data = g_malloc(PIECE);
}

static bool fail(struct relay *relay, GError **error)
{
    g_propagate_error(error, g_steal_pointer(&relay->error));
    return false;
}

/* The piece to be filled, once there is one; NULL when the sink has failed. */
static struct piece *wait_for_piece(struct relay *relay)
{
    g_mutex_lock(&relay->lock);
    if (relay->full == PIECES) {
        while (relay->full > HALF && !relay->failed)
            g_cond_wait(&relay->changed, &relay->lock);
    }
    struct piece *piece = relay->failed ? NULL : &relay->pieces[(relay->first + relay->full) % PIECES];
    g_mutex_unlock(&relay->lock);
    return piece;
}

static void hand_over(struct relay *relay)
{
    g_mutex_lock(&relay->lock);
    if (++relay->full == HALF)
        g_cond_broadcast(&relay->changed);
    g_mutex_unlock(&relay->lock);
}

bool relay_write(void *user, const char *data, size_t len, GError **error)
{
    struct relay *relay = user;

    relay->given += len;
    if (relay->thread == NULL && relay->given > ALONE)
        begin(relay);
    if (relay->thread == NULL)
        return relay->sink(relay->user, data, len, error);
    while (len > 0) {
        struct piece *piece = wait_for_piece(relay);
        if (piece == NULL)
            return fail(relay, error);
        size_t part = MIN(len, PIECE - piece->len);
        memcpy(piece->data + piece->len, data, part);
        piece->len += part;
        data += part;
        len -= part;
        if (piece->len == PIECE)
            hand_over(relay);
    }
    return true;
}

static void end_thread(struct relay *relay, bool dropping)
{
    g_mutex_lock(&relay->lock);
    relay->ending = true;
    relay->dropping = dropping;
    g_cond_broadcast(&relay->changed);
    g_mutex_unlock(&relay->lock);
    (void)g_thread_join(relay->thread); /* gives back NULL */
    relay->thread = NULL;
}

bool relay_end(struct relay *relay, GError **error)
{
    if (relay->thread == NULL)
        return true;
    const struct piece *last = wait_for_piece(relay);
    if (last != NULL && last->len > 0)
        hand_over(relay);
    end_thread(relay, false);
    return !relay->failed || fail(relay, error);
}

void relay_free(struct relay *relay)
{
    if (relay == NULL)
        return;
    if (relay->thread != NULL)
        end_thread(relay, true);
    for (unsigned i = 0; i < PIECES; i++)
        g_free(relay->pieces[i].data);
    g_clear_error(&relay->error);
    g_mutex_clear(&relay->lock);
    g_cond_clear(&relay->changed);
    g_free(relay);
}
