/*
 * A reading that a cell does. The cell sends batches and does not wait, so it parses while the gateway judges; where
 * there are two processors, that takes less time than one process.
 *
 * A cell that ends without END, says nothing for long, or says what no reader says is ended, and the reading fails.
 * What the sink was told before is undone by the caller, as after an error of the disk.
 */
#include "gateway/cells/cell_guard.h"
#include "gateway/cells/cell_message.h"
#include "gateway/cells/cells_private.h"

#include "gateway/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLICE = 1000 /* milliseconds of a wait, after which the caller may stop */ };

struct far {
    struct reading reading; /* first */
    struct reading_request request;
    struct cells *cells;
    struct cell_ear ear;
    int fd;            /* the cell's socket; -1: there is no cell */
    GError *error;     /* why there is none */
    int64_t heard;     /* monotonic microseconds: when it said something last */
    size_t begin, end; /* of the bytes that were received and not heard */
    unsigned char bytes[2 * CELL_MAX_MESSAGE];
};

/* ---- how it ended ---- */

/* The name of a signal: "SIGSYS". */
static const char *signal_word(int number)
{
    const char *name = sigabbrev_np(number);

    return name != NULL ? name : "?";
}

/* g_free */
static char *end_of(const struct cells_status *status)
{
    if (!status->made)
        return g_strdup_printf("it could not be made: %s",
                               status->errnum != 0 ? g_strerror(status->errnum) : "its profile is not known");
    if (WIFEXITED(status->status))
        return g_strdup_printf("it ended too early with status %d", WEXITSTATUS(status->status));
    int number = WTERMSIG(status->status);
    return g_strdup_printf("it was ended by signal %d (SIG%s%s)", number, signal_word(number),
                           number == SIGSYS    ? ": a system call that parsing does not take"
                           : number == SIGXCPU ? ": too much time of a processor"
                                               : "");
}

static enum reading_state fail(GError **error, enum reading_error code, const char *text)
{
    static const char *const words[] = {
        [READING_ERROR_DIED] = "the process that parsed the file (its cell) failed",
        [READING_ERROR_LOST] = "the process that parsed the file (its cell) was lost",
        [READING_ERROR_UNABLE] = "no process can be had that parses the file (a cell)",
    };

    g_set_error(error, READING_ERROR, code, "%s: %s", words[code], text);
    return READING_FAILED;
}

/* The cell has closed its socket without having said END. */
static enum reading_state find_end(struct far *f, GError **error)
{
    struct cells_status status;

    if (!cells_ask_status(f->cells, &status))
        return fail(error, READING_ERROR_LOST, "the helper that makes cells has ended; another one is started");
    g_autofree char *text = end_of(&status);
    return fail(error, status.made ? READING_ERROR_DIED : READING_ERROR_UNABLE, text);
}

/* Ends the cell for what it did. */
static enum reading_state end_cell(struct far *f, const char *text, GError **error)
{
    const struct cells_order order = {.kind = CELLS_KILL};

    if (f->cells->alone)
        cells_alone_end(f->cells);
    else
        (void)cells_send(f->cells, &order, NULL, NULL); /* without a helper there is no cell */
    return fail(error, READING_ERROR_DIED, text);
}

/* ---- steps ---- */

static enum reading_state hear(struct far *f, GError **error)
{
    bool greeted = f->ear.hello;
    size_t used = cell_hear(&f->ear, f->bytes + f->begin, f->end - f->begin);

    f->begin += used;
    if (f->ear.nonsense != NULL) {
        g_autofree char *text = g_strconcat("it said what no parser says: ", f->ear.nonsense, NULL);
        return end_cell(f, text, error);
    }
    if (!greeted && f->ear.hello && f->cells->mode == CELLS_REQUIRED && f->ear.guards != CELL_GUARDS_ALL) {
        const char *lacks = cell_guards_lacking(f->ear.guards);
        g_autofree char *text = g_strdup_printf("cells=required, and this kernel or build lacks %s", lacks);
        return fail(error, READING_ERROR_UNABLE, text);
    }
    if (f->reading.stopped)
        return READING_CUT;
    if (f->ear.failure != NULL)
        g_propagate_error(error, g_steal_pointer(&f->ear.failure));
    return f->ear.over ? f->ear.end : READING_MORE;
}

/* Receives what has come. READING_MORE: there is something to hear. */
static enum reading_state receive(struct far *f, GError **error)
{
    struct pollfd fd = {.fd = f->fd, .events = POLLIN};
    int64_t left = f->cells->silence - (clock_monotonic() - f->heard) / 1000;

    if (left <= 0) {
        g_autofree char *text =
            g_strdup_printf("it has said nothing for %" G_GINT64_FORMAT " seconds", f->cells->silence / 1000);
        return end_cell(f, text, error);
    }
    if (poll(&fd, 1, (int)MIN(left, SLICE)) <= 0)
        return READING_WAITS;
    memmove(f->bytes, f->bytes + f->begin, f->end - f->begin);
    f->end -= f->begin;
    f->begin = 0;
    ssize_t n = recv(f->fd, f->bytes + f->end, sizeof f->bytes - f->end, 0);
    if (n < 0 && errno == EINTR)
        return READING_WAITS;
    if (n <= 0)
        return find_end(f, error);
    f->end += (size_t)n;
    f->heard = clock_monotonic();
    return READING_MORE;
}

static enum reading_state step(struct reading *reading, GError **error)
{
    struct far *f = (struct far *)reading;

    if (f->error != NULL) {
        g_propagate_error(error, g_steal_pointer(&f->error));
        return READING_FAILED;
    }
    enum reading_state state = receive(f, error);
    return state == READING_MORE ? hear(f, error) : state;
}

static void stop(struct reading *reading)
{
    (void)reading; /* the cell ends when its socket is closed */
}

static void close_far(struct reading *reading)
{
    struct far *f = (struct far *)reading;

    if (f->fd >= 0)
        (void)close(f->fd); /* ends the cell if it still writes */
    cell_ear_clear(&f->ear);
    g_clear_error(&f->error);
    g_free(f);
}

static const struct reading_calls far_calls = {step, stop, close_far};

/* ---- the beginning ---- */

/* False: the helper cannot get the profile. */
static bool make_known(struct cells *cells, const struct profile *profile, GError **error)
{
    struct cells_order order = {.kind = CELLS_PROFILE};

    if (cells->alone || profile == profile_builtin() || g_hash_table_contains(cells->known, profile->digest))
        return true;
    int fd = cells_profile_pack(profile);
    if (fd < 0)
        return cells_unable(error, "no memory for a profile", errno);
    const int fds[CELLS_FDS] = {fd, fd};
    (void)g_strlcpy(order.profile, profile->digest, sizeof order.profile); /* they have the same size */
    bool good = cells_send(cells, &order, fds, error);
    (void)close(fd); /* the helper has its own */
    if (good)
        g_hash_table_add(cells->known, g_strdup(profile->digest));
    return good;
}

static bool fill_order(struct cells_order *order, const struct reading_request *request, GError **error)
{
    *order = (struct cells_order){.kind = CELLS_READ,
                                  .form = request->form,
                                  .pack = request->pack,
                                  .unpack = *request->unpack,
                                  .max_records = request->max_records,
                                  .head = request->head,
                                  .signature = request->signature,
                                  .has_stem = request->stem != NULL,
                                  .stem_len = request->stem != NULL ? request->stem_len : 0};
    if (order->stem_len >= sizeof order->stem) {
        g_set_error_literal(error, READING_ERROR, READING_ERROR_UNABLE, "the name of the content is too long");
        return false;
    }
    if (order->stem_len > 0)
        memcpy(order->stem, request->stem, order->stem_len);
    if (request->type != NULL) {
        (void)g_strlcpy(order->profile, request->type->profile->digest, sizeof order->profile);
        (void)g_strlcpy(order->type, request->type->code, sizeof order->type);
    }
    return true;
}

/* f->fd: the gateway's end of the cell's socket; -1: f->error says why there is none. */
static void order_cell(struct far *f, const struct cells_order *order)
{
    const struct file_type *type = f->request.type;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        (void)cells_unable(&f->error, "no socket for a cell", errno);
        return;
    }
    const int fds[CELLS_FDS] = {f->request.fd, pair[1]};
    bool good = f->cells->alone ? cells_alone_make(f->cells, order, type != NULL ? type->profile : NULL, fds, &f->error)
                                : cells_send(f->cells, order, fds, &f->error);
    (void)close(pair[1]); /* the cell has its own */
    if (good)
        f->fd = pair[0];
    else
        (void)close(pair[0]);
}

static void begin(struct far *f)
{
    struct cells_order order;
    struct stat st;

    if (fstat(f->request.fd, &st) == 0)
        f->ear.file_size = (uint64_t)st.st_size;
    /* A helper that has ended since then is started anew, and does not know the profile: a second time. */
    for (int i = 0; i < 2 && f->fd < 0 && f->error == NULL; i++) {
        if (!fill_order(&order, &f->request, &f->error) ||
            (f->request.type != NULL && !make_known(f->cells, f->request.type->profile, &f->error)))
            return;
        pid_t helper = f->cells->helper;
        order_cell(f, &order);
        if (f->fd < 0 || f->cells->helper == helper || i > 0)
            return;
        (void)close(f->fd); /* it knows no profile, and makes no cell */
        f->fd = -1;
    }
}

struct reading *cells_open_reading(const struct readings *by, const struct reading_request *request)
{
    struct far *f = g_new(struct far, 1);

    f->reading = (struct reading){.calls = &far_calls};
    f->request = *request;
    f->cells = (struct cells *)by; /* its first member */
    f->ear = (struct cell_ear){.reading = &f->reading, .request = &f->request};
    f->fd = -1;
    f->error = NULL;
    f->begin = f->end = 0;
    f->heard = clock_monotonic();
    begin(f);
    return &f->reading;
}

bool cells_probe(struct cells *cells, char **lacks, GError **error)
{
    const struct unpack_limits limits = {.max_bytes = 1};
    const struct reading_request request = {.fd = STDIN_FILENO, .unpack = &limits};
    struct far *f = g_new0(struct far, 1);
    const struct cells_order order = {.kind = CELLS_PROBE, .unpack = limits};
    enum reading_state state = READING_WAITS;

    f->reading.calls = &far_calls;
    f->request = request;
    f->cells = cells;
    f->ear = (struct cell_ear){.reading = &f->reading, .request = &f->request};
    f->fd = -1;
    f->heard = clock_monotonic();
    order_cell(f, &order);
    while (state == READING_WAITS || state == READING_MORE)
        state = step(&f->reading, error);
    *lacks = state == READING_WHOLE ? g_strdup(cell_guards_lacking(f->ear.guards)) : NULL;
    close_far(&f->reading);
    return state == READING_WHOLE;
}
