/*
 * Writes reports. Which value belongs to a column is looked up by its fact at the first row and kept as an
 * index: a row then costs one array access for each cell.
 */
#include "formats/report_writer.h"

#include "formats/csv/csv_cell.h"
#include "formats/profile.h"

#include <string.h>

/* As in writer.c: few calls of the byte function, and a buffer that stays in the CPU's cache. */
enum { FLUSH_AT = 64 * 1024, BUFFER = FLUSH_AT + 8 * 1024 };

struct report_writer {
    const struct report_layout *layout;
    writer_bytes_fn *bytes;
    void *user;
    GString *buffer;
    const enum fact *ids; /* of the facts for which source was made; NULL: not made yet */
    size_t n_facts;
    size_t source[REPORT_MAX_COLUMNS];                /* of each column: the index of its fact */
    const struct value_map *maps[REPORT_MAX_COLUMNS]; /* of each column: the profile's words for its values, or NULL */
    int64_t rows;
    bool failed; /* nothing is written after it */
    GError *error;
};

/* clang-format off: it takes the name for an expression */
static G_DEFINE_QUARK(ecosgate - report - writer - error, report_writer_error)
    /* clang-format on */

    static void flush(struct report_writer *w)
{
    if (!w->failed && w->buffer->len > 0)
        w->failed = !w->bytes(w->user, w->buffer->str, w->buffer->len, &w->error);
    g_string_truncate(w->buffer, 0);
}

struct report_writer *report_writer_new(const struct report_layout *layout, writer_bytes_fn *bytes, void *user)
{
    struct report_writer *w = g_new0(struct report_writer, 1);

    w->layout = layout;
    w->bytes = bytes;
    w->user = user;
    w->buffer = g_string_sized_new(BUFFER);
    for (size_t i = 0; i < layout->n_columns && layout->dialect->frame == FRAME_TITLE; i++) {
        if (i > 0)
            g_string_append_c(w->buffer, layout->dialect->delimiter);
        csv_cell(w->buffer, layout->dialect, layout->columns[i].name);
    }
    if (layout->dialect->frame == FRAME_TITLE)
        g_string_append(w->buffer, layout->dialect->line_end);
    return w;
}

/* Finds the fact of each column; the loader of profiles has proved that there is one (outgoing_facts.h). */
static bool bind(struct report_writer *w, const struct facts *facts)
{
    for (size_t i = 0; i < w->layout->n_columns; i++) {
        const struct report_column *column = &w->layout->columns[i];
        w->maps[i] = w->layout->profile->values[column->fact];
        if (facts_find(facts->ids, facts->n, column->fact, &w->source[i]))
            continue;
        g_set_error(&w->error, report_writer_error_quark(), 0, "layout %s, column %s: no value of the fact %s",
                    w->layout->ref, column->name, fact_entry(column->fact)->name);
        w->failed = true;
        return false;
    }
    w->ids = facts->ids;
    w->n_facts = facts->n;
    return true;
}

void report_writer_row(struct report_writer *w, const struct facts *facts)
{
    const struct dialect *dialect = w->layout->dialect;

    w->rows++;
    if (w->failed || ((w->ids != facts->ids || w->n_facts != facts->n) && !bind(w, facts)))
        return;
    for (size_t i = 0; i < w->layout->n_columns; i++) {
        const char *value = facts->values[w->source[i]];
        if (w->maps[i] != NULL)
            value = value_word(w->maps[i], value);
        if (i > 0)
            g_string_append_c(w->buffer, dialect->delimiter);
        if (w->layout->columns[i].text)
            csv_text_cell(w->buffer, dialect, value);
        else
            csv_cell(w->buffer, dialect, value);
    }
    g_string_append(w->buffer, dialect->line_end);
    if (w->buffer->len >= FLUSH_AT)
        flush(w);
}

/* Appends the layout's last line, with the number of rows where it says {rows}. */
static void append_footer(struct report_writer *w)
{
    static const char rows[] = "{rows}";
    const char *footer = w->layout->footer, *at = footer != NULL ? strstr(footer, rows) : NULL;

    if (footer == NULL)
        return;
    if (at == NULL)
        g_string_append(w->buffer, footer);
    else
        g_string_append_printf(w->buffer, "%.*s%" G_GINT64_FORMAT "%s", (int)(at - footer), footer, w->rows,
                               at + strlen(rows));
    g_string_append(w->buffer, w->layout->dialect->line_end);
}

bool report_writer_finish(struct report_writer *w, GError **error)
{
    append_footer(w);
    flush(w);
    if (w->failed) {
        g_propagate_error(error, g_steal_pointer(&w->error));
        return false;
    }
    return true;
}

void report_writer_free(struct report_writer *w)
{
    if (w == NULL)
        return;
    (void)g_string_free(w->buffer, TRUE); /* returns NULL when it frees the text too */
    g_clear_error(&w->error);
    g_free(w);
}
