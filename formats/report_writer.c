#include "formats/report_writer.h"

#include "formats/csv_cell.h"

enum { FLUSH_AT = 64 * 1024, BUFFER = FLUSH_AT + 8 * 1024 };

struct report_writer {
    const struct report_layout *layout;
    writer_bytes_fn *bytes;
    void *user;
    GString *buffer;
    int64_t rows;
    bool failed;
    GError *error;
};

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
    for (size_t i = 0; i < layout->n_columns; i++)
        g_string_append_printf(w->buffer, "%s%s", i > 0 ? "," : "", layout->columns[i].name);
    g_string_append(w->buffer, "\r\n");
    return w;
}

void report_writer_row(struct report_writer *w, const char *const *values)
{
    w->rows++;
    if (w->failed)
        return;
    for (size_t i = 0; i < w->layout->n_columns; i++) {
        if (i > 0)
            g_string_append_c(w->buffer, ',');
        if (w->layout->columns[i].text)
            csv_text_cell(w->buffer, values[i]);
        else
            csv_cell(w->buffer, values[i]);
    }
    g_string_append_len(w->buffer, "\r\n", 2);
    if (w->buffer->len >= FLUSH_AT)
        flush(w);
}

bool report_writer_finish(struct report_writer *w, GError **error)
{
    g_string_append_printf(w->buffer, "#COUNT,%" G_GINT64_FORMAT "\r\n", w->rows);
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
    (void)g_string_free(w->buffer, TRUE); /* returns NULL then */
    g_clear_error(&w->error);
    g_free(w);
}
