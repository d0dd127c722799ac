/*
 * The data of records lie one after the other in an arena. An array of their places, with their keys, is sorted. When
 * the arena is full it is written to the file as a run. The runs are merged by a heap of one reader each.
 *
 * In the file a record takes the bytes of its data and few more: keys that follow each other in a run are near each
 * other, so that the differences of most of them have few bytes. With keys as they are in memory and padded data, the
 * files of a week's reports were three times as large.
 */
#include "spool/sorter.h"

#include "spool/disk.h"
#include "spool/pulse.h"
#include "spool/spool_error.h"
#include "spool/varint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The place of a record in the arena, with its keys: so that sorting does not touch the arena. */
struct place {
    uint64_t a, b;
    guint at, len;
};

enum {
    READ = 64 * 1024,
    WRITE = 256 * 1024,
    SLACK = 32, /* bytes that are copied at once: most data have fewer, and a call for so few takes longer */
    EARLY = 16, /* records between one that is asked for and one that is written */
    HEAD = 2 * VARINT64_SIZE + VARINT32_SIZE /* at most, of what stands before the data of a record in the file */
};

/* A run, and a piece of it that is read. */
struct run {
    off_t start, end; /* in the file */
    off_t next;       /* where the next piece begins */
    char *buffer;
    size_t size, held, used; /* of the buffer: bytes, those that were read, those before the data of the record */
    uint64_t a, b;           /* the present record: its keys, */
    uint32_t len;            /* and of how many bytes its data are */
};

struct sorter {
    char *dir;
    size_t memory;
    guint8 *arena; /* SLACK bytes more than it has room for, so that short data are copied by their greatest length */
    guint used, size; /* of the arena */
    GArray *places;   /* struct place */
    GArray *room;     /* for as many while they are sorted */
    bool in_order;    /* the records in the arena have come in the order of both keys */
    bool b_in_order;  /* they have come in the order of b */
    bool sorted;      /* nothing may be added */
    int fd;           /* of the temporary file; -1: everything is in the arena */
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
    s->arena = g_malloc(SLACK); /* a place in it is never NULL */
    s->places = g_array_new(FALSE, FALSE, sizeof(struct place));
    s->room = g_array_new(FALSE, FALSE, sizeof(struct place));
    s->in_order = s->b_in_order = true;
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
    g_free(sorter->arena);
    g_array_unref(sorter->places);
    g_array_unref(sorter->room);
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

enum { KEY_BYTES = 8, BYTE_VALUES = 256 };

/* The key of a place that stands there in it. */
static uint64_t key_of(const struct place *place, size_t offset)
{
    return *(const uint64_t *)(const void *)((const char *)place + offset);
}

/* Sorts the places by one byte of a key. before: of each value of it, how many places have a lesser one. */
static void sort_by_byte(struct sorter *s, size_t offset, guint byte, guint before[BYTE_VALUES])
{
    GArray *from = s->places, *to = s->room;

    g_array_set_size(to, from->len);
    for (guint i = 0; i < from->len; i++) {
        const struct place *place = &g_array_index(from, struct place, i);
        guint value = key_of(place, offset) >> 8 * byte & (BYTE_VALUES - 1);
        g_array_index(to, struct place, before[value]++) = *place;
    }
    s->places = to;
    s->room = from;
}

/* Sorts the places by a key, and leaves those with the same key in their order. Byte by byte, the last one first; a
 * byte that is the same in all keys, as most of an id are, is passed over. qsort took four to seven times as long. */
static void sort_by_key(struct sorter *s, size_t offset)
{
    guint counts[KEY_BYTES][BYTE_VALUES] = {{0}};

    for (guint i = 0; i < s->places->len; i++) {
        uint64_t key = key_of(&g_array_index(s->places, struct place, i), offset);
        for (guint byte = 0; byte < KEY_BYTES; byte++)
            counts[byte][key >> 8 * byte & (BYTE_VALUES - 1)]++;
    }
    for (guint byte = 0; byte < KEY_BYTES; byte++) {
        guint before = 0, most = 0;
        for (guint value = 0; value < BYTE_VALUES; value++) {
            guint count = counts[byte][value];
            most = MAX(most, count);
            counts[byte][value] = before;
            before += count;
        }
        if (most < s->places->len)
            sort_by_byte(s, offset, byte, counts[byte]);
    }
}

static void sort_arena(struct sorter *s)
{
    if (!s->in_order && !s->b_in_order)
        sort_by_key(s, offsetof(struct place, b));
    if (!s->in_order)
        sort_by_key(s, offsetof(struct place, a));
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

/* Writes a record as it stands in the file. before: the one before it in the run; zeros for the first. Returns where
 * its bytes end. */
static guint8 *put(guint8 *to, const struct place *before, const struct place *place, const guint8 *data)
{
    to = varint_put(to, place->a - before->a);
    to = varint_put(to, place->a == before->a ? place->b - before->b : place->b);
    to = varint_put(to, place->len);
    memcpy(to, data, SLACK);
    if (place->len > SLACK)
        memcpy(to + SLACK, data + SLACK, place->len - SLACK);
    return to + place->len;
}

/* Asks the processor for the data of a record that is written soon: the records have come in another order, and each
 * would be waited for. That was 6 % of the weekly reports. */
static void fetch_early(const struct sorter *s, guint i)
{
    if (i < s->places->len)
        __builtin_prefetch(s->arena + g_array_index(s->places, struct place, i).at);
}

/* Writes the arena as a run, and empties it. */
static bool spill(struct sorter *s, GError **error)
{
    g_autofree guint8 *out = g_malloc(WRITE);
    struct run run = {.start = s->written};
    const struct place zeros = {0}, *before = &zeros;
    size_t size = WRITE, len = 0;

    if (s->fd < 0 && (s->fd = disk_temporary(s->dir, error)) < 0)
        return false;
    sort_arena(s);
    for (guint i = 0; i < s->places->len; i++) {
        const struct place *place = &g_array_index(s->places, struct place, i);
        size_t needed = HEAD + (size_t)place->len + SLACK;
        if (needed > size - len) {
            if (!write_all(s, (const char *)out, len, error))
                return false;
            len = 0;
        }
        if (needed > size)
            out = g_realloc(out, size = needed);
        fetch_early(s, i + EARLY);
        len = (size_t)(put(out + len, before, place, s->arena + place->at) - out);
        before = place;
    }
    if (!write_all(s, (const char *)out, len, error))
        return false;
    run.end = s->written;
    g_array_append_val(s->runs, run);
    s->used = 0;
    g_array_set_size(s->places, 0);
    s->in_order = s->b_in_order = true;
    return true;
}

/* Sees whether a record that is added comes after the last one. */
static void compare_to_last(struct sorter *s, const struct sorter_record *record)
{
    if (s->places->len == 0)
        return;
    const struct place *last = &g_array_index(s->places, struct place, s->places->len - 1);
    s->b_in_order = s->b_in_order && record->b >= last->b;
    s->in_order = s->in_order && (record->a > last->a || (record->a == last->a && record->b >= last->b));
}

bool sorter_add(struct sorter *s, const struct sorter_record *record, GError **error)
{
    const struct place place = {record->a, record->b, s->used, record->len};

    g_assert(!s->sorted && record->len <= G_MAXUINT - s->used);
    compare_to_last(s, record);
    if (record->len > s->size - s->used) {
        s->size = MAX(2 * s->size, s->used + record->len);
        s->arena = g_realloc(s->arena, (gsize)s->size + SLACK);
    }
    if (record->len > 0)
        memcpy(s->arena + s->used, record->data, record->len);
    s->used += record->len;
    g_array_append_val(s->places, place);
    /* The places take their room once more while they are sorted. */
    return s->used + 2 * s->places->len * sizeof(struct place) < s->memory || spill(s, error);
}

/* ---- reading ---- */

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

/* Goes to the next record of a run, which is whole in its buffer then. */
static bool load(struct sorter *s, struct run *run, GError **error)
{
    size_t left = run->held - run->used + (size_t)(run->end - run->next);

    if (!fill(s, run, MIN(HEAD, left), error))
        return false;
    const uint8_t *head = (const uint8_t *)run->buffer + run->used, *at = head;
    uint64_t a = varint_get(&at), b = varint_get(&at);
    run->a += a;
    run->b = a == 0 ? run->b + b : b;
    run->len = (uint32_t)varint_get(&at);
    run->used += (size_t)(at - head);
    return fill(s, run, run->len, error);
}

/* True: run x comes before run y. Runs are in the order in which their records were added. */
static bool before(const struct sorter *s, guint x, guint y)
{
    const struct run *p = &g_array_index(s->runs, struct run, x), *q = &g_array_index(s->runs, struct run, y);

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
    s->standing = s->fd >= 0 ? s->heap->len > 0 : s->at < s->places->len;
    if (!s->standing)
        return;
    if (s->fd >= 0) {
        const struct run *run = &g_array_index(s->runs, struct run, g_array_index(s->heap, guint, 0));
        s->present = (struct sorter_record){run->a, run->b, run->buffer + run->used, run->len};
        return;
    }
    const struct place *place = &g_array_index(s->places, struct place, s->at);
    s->present = (struct sorter_record){place->a, place->b, s->arena + place->at, place->len};
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
        run->a = run->b = 0;
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
        g_free(s->arena);
        s->arena = g_malloc(SLACK);
        s->used = s->size = 0;
        g_array_unref(s->places);
        s->places = g_array_new(FALSE, FALSE, sizeof(struct place));
        g_array_unref(s->room);
        s->room = g_array_new(FALSE, FALSE, sizeof(struct place));
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
    run->used += run->len;
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
