#include "gateway/excerpt.h"

#include "formats/text.h"

#include <string.h>

enum { READ_SIZE = 64 * 1024, LINE_BYTES = 512, SHOWN_BEFORE = 40, SHOWN_CHARS = 100 };

struct excerpting {
    GHashTable *lines; /* the result */
    GArray *wanted;    /* struct place, sorted */
    guint next;        /* first of wanted that was not passed */
    uint32_t line;     /* the one being read */
    uint32_t column;   /* characters of it passed */
    GString *window;   /* what is shown of it */
};

static int by_line(gconstpointer a, gconstpointer b)
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

static const struct place *wanted(const struct excerpting *x)
{
    return x->next < x->wanted->len ? &g_array_index(x->wanted, struct place, x->next) : NULL;
}

static uint32_t first_shown(const struct place *place)
{
    return place->column > SHOWN_BEFORE ? place->column - SHOWN_BEFORE : 1;
}

static void keep_line(struct excerpting *x)
{
    const struct place *place = wanted(x);
    struct excerpt *excerpt = g_new(struct excerpt, 1);
    size_t before = place->column - first_shown(place);
    const char *mark = x->window->str;

    if (x->window->len > 0 && x->window->str[x->window->len - 1] == '\r')
        g_string_truncate(x->window, x->window->len - 1);
    for (size_t i = 0; i < before && *mark != '\0'; i++)
        mark = g_utf8_next_char(mark);
    mark = MIN(mark, x->window->str + x->window->len);
    g_autofree char *head = text_escape(x->window->str, (size_t)(mark - x->window->str), 0);
    excerpt->text = text_escape(x->window->str, x->window->len, SHOWN_CHARS);
    excerpt->caret = text_characters(head, strlen(head));
    g_hash_table_insert(x->lines, GUINT_TO_POINTER(x->line), excerpt);
    while (wanted(x) != NULL && wanted(x)->line == x->line)
        x->next++;
}

static void take(struct excerpting *x, const char *data, size_t len)
{
    const struct place *place = wanted(x);

    if (place == NULL || place->line != x->line)
        return;
    for (size_t i = 0; i < len && x->window->len < LINE_BYTES; i++) {
        if (((unsigned char)data[i] & 0xC0) != 0x80)
            x->column++;
        if (x->column >= first_shown(place))
            g_string_append_c(x->window, data[i]);
    }
}

static void feed(struct excerpting *x, const char *data, size_t len)
{
    while (len > 0) {
        const char *end = memchr(data, '\n', len);
        size_t n = end ? (size_t)(end - data) : len;
        take(x, data, n);
        if (end == NULL)
            return;
        if (wanted(x) != NULL && wanted(x)->line == x->line)
            keep_line(x);
        x->line++;
        x->column = 0;
        g_string_truncate(x->window, 0);
        data += n + 1;
        len -= n + 1;
    }
}

GHashTable *excerpt_lines(int fd, enum filename_pack pack, const struct unpack_limits *limits, GArray *places)
{
    struct excerpting x = {.wanted = places, .line = 1, .window = g_string_new(NULL)};
    struct unpack *unpack = unpack_new(fd, pack, NULL, 0, limits);
    g_autofree char *buffer = g_malloc(READ_SIZE);
    ssize_t n;

    x.lines = g_hash_table_new_full(NULL, NULL, NULL, free_excerpt);
    g_array_sort(places, by_line);
    while (wanted(&x) != NULL && (n = unpack_read(unpack, buffer, READ_SIZE, NULL)) > 0)
        feed(&x, buffer, (size_t)n);
    if (wanted(&x) != NULL && wanted(&x)->line == x.line)
        keep_line(&x);
    g_string_free(x.window, TRUE);
    unpack_free(unpack);
    return x.lines;
}
