/*
 * Records lie one after the other in an arena, each with its keys and its length before it. An array of their places is
 * sorted. When the arena is full it is written to the file as a run. The runs are merged by a heap of one reader each.
 */
#include "spool/sorter.h"

#include "spool/disk.h"
#include "spool/pulse.h"
#include "spool/spool_error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What stands before the data of a record, in memory and in the file. Records are padded to its alignment. */
struct head {
    uint64_t a, b;
    uint32_t len;
    uint32_t room; /* of the data with their padding */
};

/* The place of a record in the arena, with its keys: so that sorting does not touch the arena. */
struct place {
    uint64_t a, b;
    size_t at;
};

enum { READ = 64 * 1024, WRITE = 256 * 1024 };

/* A run, and a piece of it that is read. */
struct run {
    off_t start, end; /* in the file */
    off_t next;       /* where the next piece begins */
    char *buffer;
    size_t size, held, used; /* of the buffer: bytes, those that were read, those before the present record */
};

struct sorter {
    char *dir;
    size_t memory;
    GByteArray *arena;
    GArray *places; /* struct place */
    bool sorted;    /* nothing may be added */
    int fd;         /* of the temporary file; -1: everything is in the arena */
    off_t written;
    GArray *runs;  /* struct run */
    GArray *heap;  /* guint: indexes of runs that are not read to their end, the one with the least record first */
    guint at;      /* without a file: the present place */
    bool standing; /* present is a record */
    struct sorter_record present;
};

static void clear_run(gpointer user)
{
    g_free(((struct run *)user)->buffer);
}

struct sorter *sorter_new(const char *dir, size_t memory)
{
    struct sorter *s = g_new0(struct sorter, 1);

    s->dir = g_strdup(dir);
    s->memory = memory;
    s->arena = g_byte_array_new();
    s->places = g_array_new(FALSE, FALSE, sizeof(struct place));
    s->fd = -1;
    s->runs = g_array_new(FALSE, TRUE, sizeof(struct run));
    g_array_set_clear_func(s->runs, clear_run);
    s->heap = g_array_new(FALSE, FALSE, sizeof(guint));
    return s;
}

void sorter_free(struct sorter *sorter)
{
    if (sorter == NULL)
        return;
    if (sorter->fd >= 0)
        (void)close(sorter->fd); /* nobody needs its bytes any more */
    g_byte_array_unref(sorter->arena);
    g_array_unref(sorter->places);
    g_array_unref(sorter->runs);
    g_array_unref(sorter->heap);
    g_free(sorter->dir);
    g_free(sorter);
}

static bool fail(const struct sorter *s, const char *what, GError **error)
{
    int errnum = errno;

    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot %s a temporary file in %s: %s%s", what, s->dir,
                g_strerror(errnum), errnum == ENOSPC || errnum == EDQUOT ? "; free space there" : "");
    return false;
}

/* ---- adding ---- */

static int by_keys(const void *p, const void *q)
{
    const struct place *x = p, *y = q;

    if (x->a != y->a)
        return (x->a > y->a) - (x->a < y->a);
    if (x->b != y->b)
        return (x->b > y->b) - (x->b < y->b);
    return (x->at > y->at) - (x->at < y->at);
}

static void sort_arena(struct sorter *s)
{
    if (s->places->len > 1)
        qsort(s->places->data, s->places->len, sizeof(struct place), by_keys);
    pulse();
}

static bool write_all(struct sorter *s, const char *data, size_t len, GError **error)
{
    while (len > 0) {
        ssize_t done = pwrite(s->fd, data, len, s->written);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return fail(s, "write", error);
        data += done;
        len -= (size_t)done;
        s->written += done;
    }
    return true;
}

/* Writes the arena as a run, and empties it. */
static bool spill(struct sorter *s, GError **error)
{
    g_autoptr(GByteArray) out = g_byte_array_sized_new(WRITE + READ);
    struct run run = {.start = s->written};

    if (s->fd < 0 && (s->fd = disk_temporary(s->dir, error)) < 0)
        return false;
    sort_arena(s);
    for (guint i = 0; i < s->places->len; i++) {
        const guint8 *record = s->arena->data + g_array_index(s->places, struct place, i).at;
        const struct head *head = (const struct head *)(const void *)record;
        g_byte_array_append(out, record, (guint)sizeof *head + head->room);
        if (out->len < WRITE && i + 1 < s->places->len)
            continue;
        if (!write_all(s, (const char *)out->data, out->len, error))
            return false;
        g_byte_array_set_size(out, 0);
    }
    run.end = s->written;
    g_array_append_val(s->runs, run);
    g_byte_array_set_size(s->arena, 0);
    g_array_set_size(s->places, 0);
    return true;
}

bool sorter_add(struct sorter *s, const struct sorter_record *record, GError **error)
{
    const uint32_t align = (uint32_t)sizeof(uint64_t), room = (record->len + align - 1) / align * align;
    const struct head head = {record->a, record->b, record->len, room};
    const struct place place = {record->a, record->b, s->arena->len};
    static const guint8 padding[sizeof(uint64_t)];

    g_assert(!s->sorted);
    g_byte_array_append(s->arena, (const guint8 *)&head, sizeof head);
    if (record->len > 0)
        g_byte_array_append(s->arena, record->data, record->len);
    g_byte_array_append(s->arena, padding, room - record->len);
    g_array_append_val(s->places, place);
    return s->arena->len + s->places->len * sizeof(struct place) < s->memory || spill(s, error);
}

/* ---- reading ---- */

static const struct head *head_of(const struct run *run)
{
    return (const struct head *)(const void *)(run->buffer + run->used);
}

/* Reads on until the buffer holds `wanted` bytes from the present record on. */
static bool fill(struct sorter *s, struct run *run, size_t wanted, GError **error)
{
    if (run->held - run->used >= wanted)
        return true;
    memmove(run->buffer, run->buffer + run->used, run->held - run->used);
    run->held -= run->used;
    run->used = 0;
    if (wanted > run->size) {
        run->size = wanted;
        run->buffer = g_realloc(run->buffer, run->size);
    }
    while (run->held < wanted) {
        size_t room = MIN(run->size - run->held, (size_t)(run->end - run->next));
        ssize_t got = pread(s->fd, run->buffer + run->held, room, run->next);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO; /* shorter than what was written */
        if (got <= 0)
            return fail(s, "read", error);
        run->held += (size_t)got;
        run->next += got;
    }
    return true;
}

/* Makes the present record of a run whole in its buffer. */
static bool load(struct sorter *s, struct run *run, GError **error)
{
    return fill(s, run, sizeof(struct head), error) && fill(s, run, sizeof(struct head) + head_of(run)->room, error);
}

/* True: run x comes before run y. Runs are in the order in which their records were added. */
static bool before(const struct sorter *s, guint x, guint y)
{
    const struct head *p = head_of(&g_array_index(s->runs, struct run, x));
    const struct head *q = head_of(&g_array_index(s->runs, struct run, y));

    if (p->a != q->a)
        return p->a < q->a;
    return p->b != q->b ? p->b < q->b : x < y;
}

/* Moves the member `at` down to its place. */
static void sink(struct sorter *s, guint at)
{
    guint *heap = &g_array_index(s->heap, guint, 0), n = s->heap->len;

    for (guint least = at;; at = least) {
        for (guint child = 2 * at + 1; child <= 2 * at + 2 && child < n; child++) {
            if (before(s, heap[child], heap[least]))
                least = child;
        }
        if (least == at)
            return;
        guint moved = heap[at];
        heap[at] = heap[least];
        heap[least] = moved;
    }
}

/* The record that comes first is the present one. */
static void stand(struct sorter *s)
{
    const struct head *head = NULL;

    if (s->fd >= 0 && s->heap->len > 0)
        head = head_of(&g_array_index(s->runs, struct run, g_array_index(s->heap, guint, 0)));
    else if (s->fd < 0 && s->at < s->places->len)
        head = (const struct head *)(const void *)(s->arena->data + g_array_index(s->places, struct place, s->at).at);
    s->standing = head != NULL;
    if (head != NULL)
        s->present = (struct sorter_record){head->a, head->b, head + 1, head->len};
}

static bool rewind_runs(struct sorter *s, GError **error)
{
    g_array_set_size(s->heap, 0);
    for (guint i = 0; i < s->runs->len; i++) {
        struct run *run = &g_array_index(s->runs, struct run, i);
        if (run->buffer == NULL) {
            run->size = READ;
            run->buffer = g_malloc(run->size);
        }
        run->next = run->start;
        run->held = run->used = 0;
        if (!load(s, run, error))
            return false;
        g_array_append_val(s->heap, i);
    }
    for (guint i = s->heap->len / 2; i-- > 0;)
        sink(s, i);
    return true;
}

bool sorter_rewind(struct sorter *s, GError **error)
{
    if (!s->sorted && s->fd < 0)
        sort_arena(s);
    else if (!s->sorted && s->places->len > 0 && !spill(s, error))
        return false;
    if (!s->sorted && s->fd >= 0) { /* nothing is added any more */
        g_byte_array_unref(s->arena);
        s->arena = g_byte_array_new();
        g_array_unref(s->places);
        s->places = g_array_new(FALSE, FALSE, sizeof(struct place));
    }
    s->sorted = true;
    s->at = 0;
    if (!rewind_runs(s, error))
        return false;
    stand(s);
    return true;
}

const struct sorter_record *sorter_peek(const struct sorter *s)
{
    return s->standing ? &s->present : NULL;
}

bool sorter_skip(struct sorter *s, GError **error)
{
    if (s->fd < 0) {
        s->at++;
        stand(s);
        return true;
    }
    struct run *run = &g_array_index(s->runs, struct run, g_array_index(s->heap, guint, 0));
    run->used += sizeof(struct head) + head_of(run)->room;
    if (run->next < run->end || run->used < run->held) {
        if (!load(s, run, error))
            return false;
    } else {
        g_array_index(s->heap, guint, 0) = g_array_index(s->heap, guint, s->heap->len - 1);
        g_array_set_size(s->heap, s->heap->len - 1);
    }
    if (s->heap->len > 1)
        sink(s, 0);
    stand(s);
    return true;
}
