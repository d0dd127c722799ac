/*
 * Writes answers, work orders and INCs. Which value belongs to a column is looked up by its fact when the
 * first record of a kind comes, and kept as an index: a row then costs one array access for each cell.
 */
#include "formats/writer.h"

#include "formats/csv_cell.h"
#include "formats/profile.h"

#include <string.h>

/* Large enough that a call of the byte function costs little for each byte, small enough to stay in the CPU's cache. */
enum { WRITER_FLUSH_AT = 64 * 1024, WRITER_BUFFER = WRITER_FLUSH_AT + 8 * 1024 };

/* Where the values of one record's columns are found. */
struct binding {
    const enum fact *ids; /* of the facts that it was made for; NULL: not made yet */
    size_t n;
    size_t source[LAYOUT_MAX_COLUMNS];                /* of each column: the index of its fact */
    const struct value_map *maps[LAYOUT_MAX_COLUMNS]; /* of each column: the profile's words for its values, or NULL */
};

struct writer {
    enum form form;
    const struct file_type *type;
    writer_bytes_fn *bytes;
    void *user;
    GString *buffer;
    struct binding header, file, row; /* of the H record, the F record of an EMA, the rows */
    uint64_t declared;                /* rows, as the header says */
    uint64_t written;                 /* rows */
    GError *error;                    /* the first one; nothing is written after it */
};

/* clang-format off: it takes the name for an expression */
static G_DEFINE_QUARK(ecosgate - writer - error, writer_error)
    /* clang-format on */

    static void flush(struct writer *w)
{
    if (w->error == NULL && w->buffer->len > 0 && !w->bytes(w->user, w->buffer->str, w->buffer->len, &w->error) &&
        w->error == NULL)
        g_set_error_literal(&w->error, writer_error_quark(), 0, "the byte function failed without saying why");
    g_string_truncate(w->buffer, 0);
}

/* Finds the fact of each column. The loader of profiles has proved that there is one (outgoing_facts.h); this check is
 * for a caller that gives the facts of another record. */
static bool bind(struct writer *w, const struct layout_record *record, const struct facts *facts,
                 struct binding *binding)
{
    for (size_t i = 0; i < record->n_columns; i++) {
        binding->maps[i] = w->type->profile->values[record->columns[i].fact];
        if (facts_find(facts->ids, facts->n, record->columns[i].fact, &binding->source[i]))
            continue;
        g_set_error(&w->error, writer_error_quark(), 0, "layout %s, record %c, column %s: no value of the fact %s",
                    w->type->code, record->letter, record->columns[i].name, fact_entry(record->columns[i].fact)->name);
        return false;
    }
    binding->ids = facts->ids;
    binding->n = facts->n;
    return true;
}

/* False: the record cannot be written, or an earlier call has failed. */
static bool is_bound(struct writer *w, const struct layout_record *record, const struct facts *facts,
                     struct binding *binding)
{
    if (w->error != NULL)
        return false;
    return (binding->ids == facts->ids && binding->n == facts->n) || bind(w, record, facts, binding);
}

static bool given(const char *value)
{
    return value != NULL && *value != '\0';
}

/* The text of column i. */
static inline const char *cell(const struct binding *binding, const struct facts *facts, size_t i)
{
    const char *value = facts->values[binding->source[i]];

    return binding->maps[i] == NULL ? value : value_word(binding->maps[i], value);
}

static void csv_line(GString *out, const struct layout_record *record, const struct binding *binding,
                     const struct facts *facts)
{
    for (size_t i = 0; i < record->n_columns; i++) {
        g_string_append_c(out, ',');
        csv_cell(out, cell(binding, facts, i));
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
            break; /* a parser turns a bare CR into LF */
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

static void xml_children(GString *out, int indent, const struct layout_record *record, const struct binding *binding,
                         const struct facts *facts)
{
    for (size_t i = 0; i < record->n_columns; i++) {
        const char *value = cell(binding, facts, i);
        if (!given(value))
            continue;
        xml_tag(out, indent, "<", record->columns[i].name, ">");
        xml_text(out, value);
        xml_tag(out, 0, "</", record->columns[i].name, ">\n");
    }
}

static void xml_header(struct writer *w, const struct facts *facts)
{
    const struct profile *profile = w->type->profile;
    GString *out = w->buffer;

    g_string_append(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml_tag(out, 0, "<", w->type->root, "");
    g_string_append_printf(out, " xmlns=\"%s\" %s=\"%s\">\n", profile->namespace, profile->version_attribute,
                           profile->xml_version);
    xml_tag(out, 1, "<", w->type->header->element, ">\n");
    xml_children(out, 2, w->type->header, &w->header, facts);
    xml_tag(out, 2, "<", w->type->count_element, ">");
    g_string_append_printf(out, "%" G_GUINT64_FORMAT, w->declared);
    xml_tag(out, 0, "</", w->type->count_element, ">\n");
    xml_tag(out, 1, "</", w->type->header->element, ">\n");
    if (w->type->rows_element != NULL)
        xml_tag(out, 1, "<", w->type->rows_element, w->declared == 0 ? "/>\n" : ">\n");
}

static void xml_row(struct writer *w, const struct layout_record *record, const struct binding *binding,
                    const struct facts *facts)
{
    int indent = w->type->rows_element != NULL ? 2 : 1;

    xml_tag(w->buffer, indent, "<", record->element, ">\n");
    xml_children(w->buffer, indent + 1, record, binding, facts);
    xml_tag(w->buffer, indent, "</", record->element, ">\n");
}

static void csv_header(struct writer *w, const struct facts *facts)
{
    g_string_append_printf(w->buffer, "H,%s,%s", w->type->published, w->type->version);
    csv_line(w->buffer, w->type->header, &w->header, facts);
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

void writer_header(struct writer *w, const struct facts *facts, uint64_t count)
{
    w->declared = count;
    if (!is_bound(w, w->type->header, facts, &w->header))
        return;
    if (w->form == FORM_CSV)
        csv_header(w, facts);
    else
        xml_header(w, facts);
}

static void write_record(struct writer *w, const struct layout_record *record, const struct facts *facts,
                         struct binding *binding)
{
    w->written++;
    if (!is_bound(w, record, facts, binding))
        return;
    if (w->form == FORM_CSV) {
        g_string_append_c(w->buffer, record->letter);
        csv_line(w->buffer, record, binding, facts);
    } else {
        xml_row(w, record, binding, facts);
    }
    if (w->buffer->len >= WRITER_FLUSH_AT)
        flush(w);
}

void writer_file(struct writer *w, const struct facts *facts)
{
    write_record(w, w->type->file, facts, &w->file);
}

void writer_row(struct writer *w, const struct facts *facts)
{
    write_record(w, w->type->record, facts, &w->row);
}

bool writer_finish(struct writer *w, GError **error)
{
    /* The XML header states the count before the rows are written: a file with another number of rows must not leave.
     */
    if (w->error == NULL && w->written != w->declared)
        g_set_error(&w->error, writer_error_quark(), 0,
                    "%s: %" G_GUINT64_FORMAT " rows were written, expected %" G_GUINT64_FORMAT " as its header says",
                    w->type->code, w->written, w->declared);
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
    (void)g_string_free(w->buffer, TRUE); /* returns NULL when it frees the text too */
    g_clear_error(&w->error);
    g_free(w);
}
