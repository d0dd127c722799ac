#include "formats/writer.h"

#include "formats/csv_cell.h"

#include <string.h>

/* Big enough that the byte function's cost vanishes, small enough to stay in the cache. */
enum { WRITER_FLUSH_AT = 64 * 1024, WRITER_BUFFER = WRITER_FLUSH_AT + 8 * 1024 };

struct writer {
    enum form form;
    const struct file_type *type;
    writer_bytes_fn *bytes;
    void *user;
    GString *buffer;
    uint64_t declared;
    uint64_t written;
    GError *error;
};

static G_DEFINE_QUARK(ecosgate - writer - error, writer_error)

    static void flush(struct writer *w)
{
    if (w->error == NULL && w->buffer->len > 0 && !w->bytes(w->user, w->buffer->str, w->buffer->len, &w->error) &&
        w->error == NULL)
        g_set_error_literal(&w->error, writer_error_quark(), 0, "the byte function failed without saying why");
    g_string_truncate(w->buffer, 0);
}

static bool given(const char *value)
{
    return value != NULL && *value != '\0';
}

static void csv_line(GString *out, const struct layout_record *record, const char *const *values)
{
    for (size_t i = 0; i < record->n_columns; i++) {
        g_string_append_c(out, ',');
        csv_cell(out, values[i]);
    }
    g_string_append_len(out, "\r\n", 2);
}

static void xml_text(GString *out, const char *value)
{
    for (;;) {
        size_t plain = strcspn(value, "&<>\r");
        g_string_append_len(out, value, (gssize)plain);
        value += plain;
        switch (*value++) {
        case '\0':
            return;
        case '&':
            g_string_append(out, "&amp;");
            break;
        case '<':
            g_string_append(out, "&lt;");
            break;
        case '>':
            g_string_append(out, "&gt;");
            break;
        default:
            g_string_append(out, "&#13;");
            break; /* a parser would make LF of a bare CR */
        }
    }
}

static void xml_tag(GString *out, int indent, const char *open, const char *name, const char *close)
{
    g_string_append_len(out, "        ", 2 * indent);
    g_string_append(out, open);
    g_string_append(out, name);
    g_string_append(out, close);
}

static void xml_children(GString *out, int indent, const struct layout_record *record, const char *const *values)
{
    for (size_t i = 0; i < record->n_columns; i++) {
        if (!given(values[i]))
            continue;
        xml_tag(out, indent, "<", record->columns[i].name, ">");
        xml_text(out, values[i]);
        xml_tag(out, 0, "</", record->columns[i].name, ">\n");
    }
}

static void xml_header(struct writer *w, const char *const *values)
{
    GString *out = w->buffer;

    g_string_append(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml_tag(out, 0, "<", w->type->root, " xmlns=\"" LAYOUT_NAMESPACE "\" schemaVersion=\"" LAYOUT_VERSION "\">\n");
    xml_tag(out, 1, "<", w->type->header->element, ">\n");
    xml_children(out, 2, w->type->header, values);
    xml_tag(out, 2, "<", w->type->count_element, ">");
    g_string_append_printf(out, "%" G_GUINT64_FORMAT, w->declared);
    xml_tag(out, 0, "</", w->type->count_element, ">\n");
    xml_tag(out, 1, "</", w->type->header->element, ">\n");
    if (w->type->rows_element != NULL)
        xml_tag(out, 1, "<", w->type->rows_element, w->declared == 0 ? "/>\n" : ">\n");
}

static void xml_row(struct writer *w, const struct layout_record *record, const char *const *values)
{
    int indent = w->type->rows_element != NULL ? 2 : 1;

    xml_tag(w->buffer, indent, "<", record->element, ">\n");
    xml_children(w->buffer, indent + 1, record, values);
    xml_tag(w->buffer, indent, "</", record->element, ">\n");
}

static void csv_header(struct writer *w, const char *const *values)
{
    g_string_append_printf(w->buffer, "H,%s," LAYOUT_VERSION, w->type->code);
    csv_line(w->buffer, w->type->header, values);
}

static void end_of_text(struct writer *w)
{
    if (w->form == FORM_CSV) {
        g_string_append_printf(w->buffer, "T,%" G_GUINT64_FORMAT "\r\n", w->declared);
        return;
    }
    if (w->type->rows_element != NULL && w->declared > 0)
        xml_tag(w->buffer, 1, "</", w->type->rows_element, ">\n");
    xml_tag(w->buffer, 0, "</", w->type->root, ">\n");
}

struct writer *writer_new(enum form form, const struct file_type *type, writer_bytes_fn *bytes, void *user)
{
    g_assert(form == FORM_CSV || (form == FORM_XML && type->root != NULL));
    g_assert(type->record != NULL);

    struct writer *w = g_new0(struct writer, 1);
    w->form = form;
    w->type = type;
    w->bytes = bytes;
    w->user = user;
    w->buffer = g_string_sized_new(WRITER_BUFFER);
    return w;
}

void writer_header(struct writer *w, const char *const *values, uint64_t count)
{
    w->declared = count;
    if (w->error != NULL)
        return;
    if (w->form == FORM_CSV)
        csv_header(w, values);
    else
        xml_header(w, values);
}

void writer_row(struct writer *w, const struct layout_record *record, const char *const *values)
{
    w->written++;
    if (w->error != NULL)
        return;
    if (w->form == FORM_CSV) {
        g_string_append_c(w->buffer, record->letter);
        csv_line(w->buffer, record, values);
    } else {
        xml_row(w, record, values);
    }
    if (w->buffer->len >= WRITER_FLUSH_AT)
        flush(w);
}

bool writer_finish(struct writer *w, GError **error)
{
    /* The count stands in the XML header before the rows do: a file that belies it must not go out.
     */
    if (w->error == NULL && w->written != w->declared)
        g_set_error(&w->error, writer_error_quark(), 0,
                    "%s: %" G_GUINT64_FORMAT " rows declared, %" G_GUINT64_FORMAT " written", w->type->code,
                    w->declared, w->written);
    if (w->error == NULL)
        end_of_text(w);
    flush(w);
    if (w->error == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&w->error));
    return false;
}

void writer_free(struct writer *w)
{
    if (w == NULL)
        return;
    (void)g_string_free(w->buffer, TRUE); /* returns NULL then */
    g_clear_error(&w->error);
    g_free(w);
}
