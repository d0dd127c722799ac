/*
 * A file may have a million findings on one line of a gigabyte, so that each line is passed once and no line is kept
 * whole. The wanted places are sorted. A window moves over them: `begun` opens a text when its part of the line begins,
 * `full` leaves it when it has enough bytes. Both only go forward.
 */
#include "gateway/commands/check/excerpt.h"

#include "formats/reading.h"
#include "formats/text.h"

#include <string.h>

enum {
    LINE_BYTES = 512,  /* of a line that one excerpt reads */
    SHOWN_BEFORE = 40, /* characters before the place */
    SHOWN_CHARS = 100, /* characters of the excerpt */
};

struct excerpting {
    GHashTable *excerpts; /* the result */
    GArray *wanted;       /* struct place, sorted */
    GPtrArray *texts;     /* GString for each of them; NULL until its part of the line begins */
    guint next;           /* the first of wanted whose line has not ended */
    guint full;           /* the first of wanted whose text needs more bytes */
    guint begun;          /* the first of wanted whose part of the line has not begun */
    uint32_t line;        /* number of the line being read */
    uint32_t column;      /* its characters that were passed */
    bool any;             /* a byte has come */
};

static guint hash_place(gconstpointer place)
{
    const struct place *at = place;

    return at->line * 31 + at->column;
}

static gboolean is_same_place(gconstpointer a, gconstpointer b)
{
    const struct place *x = a, *y = b;

    return x->line == y->line && x->column == y->column;
}

static int by_place(gconstpointer a, gconstpointer b)
{
    const struct place *x = a, *y = b;

    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

static void free_excerpt(gpointer excerpt)
{
    g_free(((struct excerpt *)excerpt)->text);
    g_free(excerpt);
}

static void free_text(gpointer text)
{
    if (text != NULL)
        (void)g_string_free(text, TRUE); /* returns NULL for TRUE */
}

/* The i-th wanted place, if it is on the line being read; else NULL. */
static const struct place *wanted_here(const struct excerpting *x, guint i)
{
    const struct place *place = i < x->wanted->len ? &g_array_index(x->wanted, struct place, i) : NULL;

    return place != NULL && place->line == x->line ? place : NULL;
}

/* The first column that is shown. */
static uint32_t first_shown(const struct place *place)
{
    return place->column > SHOWN_BEFORE ? place->column - SHOWN_BEFORE : 1;
}

/* Makes the excerpt of one place from the bytes around it. */
static void keep(struct excerpting *x, const struct place *place, GString *text)
{
    struct excerpt *excerpt = g_new(struct excerpt, 1);
    size_t before = place->column - first_shown(place);
    size_t mark = 0;

    if (text->len > 0 && text->str[text->len - 1] == '\r')
        g_string_truncate(text, text->len - 1);
    /* The bytes may be no UTF-8 and may hold NUL. So characters are counted as readers count columns: bytes that do not
     * continue a character. A place is behind `before` of them; the first byte there may itself continue one. */
    for (size_t i = 0; before > 0 && mark < text->len; mark++) {
        i += ((unsigned char)text->str[mark] & 0xC0) != 0x80;
        if (i > before)
            break;
    }
    g_autofree char *head = text_escape(text->str, mark, 0);
    excerpt->at = *place;
    excerpt->text = text_escape(text->str, text->len, SHOWN_CHARS);
    excerpt->caret = text_characters(head, strlen(head));
    g_hash_table_replace(x->excerpts, &excerpt->at, excerpt);
}

static void begin_text(struct excerpting *x, guint i)
{
    x->texts->pdata[i] = g_string_new(NULL);
    x->begun = i + 1;
}

/* The line has ended: makes the excerpts of all places on it. */
static void keep_line(struct excerpting *x)
{
    const struct place *place;

    for (; (place = wanted_here(x, x->next)) != NULL; x->next++) {
        if (x->next >= x->begun)
            begin_text(x, x->next); /* the place is after the line's end: the text is empty */
        keep(x, place, x->texts->pdata[x->next]);
        free_text(g_steal_pointer(&x->texts->pdata[x->next]));
    }
    x->full = x->begun = x->next;
}

/* Appends a piece of the line to every text that has begun and is not full. */
static void append(struct excerpting *x, const char *data, size_t len)
{
    for (size_t i = 0; i < len && wanted_here(x, x->full) != NULL; i++) {
        const struct place *place;
        x->column += ((unsigned char)data[i] & 0xC0) != 0x80;
        /* A byte that continues no character may begin the line: it is before column 1, and is shown with it. */
        while ((place = wanted_here(x, x->begun)) != NULL && MAX(x->column, 1) >= first_shown(place))
            begin_text(x, x->begun);
        for (guint k = x->full; k < x->begun; k++)
            g_string_append_c((GString *)x->texts->pdata[k], data[i]);
        while (x->full < x->begun && ((GString *)x->texts->pdata[x->full])->len >= LINE_BYTES)
            x->full++;
    }
}

/* Splits a piece of the file into lines. */
static void feed(struct excerpting *x, const char *data, size_t len)
{
    while (len > 0) {
        const char *end = memchr(data, '\n', len);
        size_t n = end ? (size_t)(end - data) : len;
        append(x, data, n);
        if (end == NULL)
            return;
        keep_line(x);
        x->line++;
        x->column = 0;
        data += n + 1;
        len -= n + 1;
    }
}

/* The length of a byte order mark at the beginning: columns are counted from after it. */
static size_t mark_bytes(const char *data, size_t len)
{
    return len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static void on_bytes(void *user, const char *data, size_t len)
{
    struct excerpting *x = user;
    size_t mark = x->any ? 0 : mark_bytes(data, len);

    x->any = true;
    feed(x, data + mark, len - mark);
}

GHashTable *excerpt_places(int fd, enum filename_pack pack, const struct excerpt_source *source, GArray *places)
{
    struct excerpting x = {.wanted = places, .line = 1};
    const struct reading_request request = {
        .fd = fd, .pack = pack, .unpack = source->limits, .sink = {.user = &x}, .on_bytes = on_bytes};
    enum reading_state state = READING_MORE;

    x.excerpts = g_hash_table_new_full(hash_place, is_same_place, NULL, free_excerpt);
    x.texts = g_ptr_array_new_with_free_func(free_text);
    g_ptr_array_set_size(x.texts, (gint)places->len);
    g_array_sort(places, by_place);
    struct reading *reading = places->len > 0 ? reading_open(source->readings, &request) : NULL;
    while (x.next < places->len && (state == READING_MORE || state == READING_WAITS))
        state = reading_step(reading, NULL);
    keep_line(&x);
    g_ptr_array_unref(x.texts);
    reading_close(reading);
    return x.excerpts;
}
