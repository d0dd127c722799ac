/*
 * Writes answers, work orders and INCs. Which value belongs to a column is looked up by its fact when the
 * first record of a kind comes, and kept as an index: a row then costs one array access for each cell.
 */
#include "formats/writer.h"

#include "formats/csv/csv_cell.h"
#include "formats/profile.h"

#include <jansson.h>
#include <string.h>

/* Large enough that a call of the byte function costs little for each byte, small enough to stay in the CPU's cache. */
enum { WRITER_FLUSH_AT = 64 * 1024, WRITER_BUFFER = WRITER_FLUSH_AT + 8 * 1024 };

#define NO_VALUE SIZE_MAX /* in place of the index of a fact */

/* Facts of the header, or of the F record of an EMA: rows may repeat them. */
struct kept {
    const enum fact *ids;
    char **values;
    size_t n;
};

/* Where the values of one record's columns are found. */
struct binding {
    const enum fact *ids; /* of the facts that it was made for; NULL: not made yet */
    size_t n;
    size_t source[LAYOUT_MAX_COLUMNS];                /* of each column: the index of its fact */
    const struct kept *from[LAYOUT_MAX_COLUMNS];      /* which the index belongs to; NULL: the record's own facts */
    const struct value_map *maps[LAYOUT_MAX_COLUMNS]; /* of each column: the profile's words for its values, or NULL */
    const char *passed[LAYOUT_MAX_COLUMNS];           /* of each column: whose text it passes on, or NULL */
};

struct writer {
    enum form form;
    const struct file_type *type;
    writer_bytes_fn *bytes;
    void *user;
    GString *buffer;
    struct binding header, file, row; /* of the H record, the F record of an EMA, the rows */
    struct kept of_header, of_file;   /* in a frame without F records a row may have both */
    json_t *passing;                  /* the texts that the row can pass on; NULL: there are none */
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

static void keep(struct kept *kept, const struct facts *facts)
{
    kept->ids = facts->ids;
    kept->n = facts->n;
    kept->values = g_new0(char *, facts->n);
    for (size_t i = 0; i < facts->n; i++)
        kept->values[i] = g_strdup(facts->values[i]);
}

static void kept_clear(struct kept *kept)
{
    for (size_t i = 0; i < kept->n; i++)
        g_free(kept->values[i]);
    g_free(kept->values);
}

/* Finds the fact of column i among those of the record, of the file and of the header. */
static bool bind_column(struct writer *w, enum fact fact, const struct facts *facts, struct binding *binding, size_t i)
{
    const struct kept *const kept[] = {&w->of_file, &w->of_header};

    binding->from[i] = NULL;
    if (facts_find(facts->ids, facts->n, fact, &binding->source[i]))
        return true;
    for (size_t k = 0; k < G_N_ELEMENTS(kept); k++) {
        if (!facts_find(kept[k]->ids, kept[k]->n, fact, &binding->source[i]))
            continue;
        binding->from[i] = kept[k];
        return true;
    }
    binding->source[i] = NO_VALUE;
    return false;
}

/* Finds the fact of each column. The loader of profiles has proved that there is one (outgoing_facts.h); this check is
 * for a caller that gives the facts of another record. In a frame without F records the row about the file has columns
 * about findings, which stay empty. */
static bool bind(struct writer *w, const struct layout_record *record, const struct facts *facts,
                 struct binding *binding)
{
    bool may_lack = binding == &w->file && record != w->type->file;

    for (size_t i = 0; i < record->n_columns; i++) {
        binding->maps[i] = w->type->profile->values[record->columns[i].fact];
        binding->passed[i] = record->columns[i].passed;
        if (record->columns[i].passed != NULL || bind_column(w, record->columns[i].fact, facts, binding, i) || may_lack)
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

/* The value of column i. */
static const char *value_of(const struct writer *w, const struct binding *binding, const struct facts *facts, size_t i)
{
    if (binding->passed[i] != NULL)
        return json_string_value(json_object_get(w->passing, binding->passed[i]));
    if (binding->from[i] != NULL)
        return binding->from[i]->values[binding->source[i]];
    return binding->source[i] != NO_VALUE ? facts->values[binding->source[i]] : NULL;
}

/* The text of column i. */
static const char *cell(const struct writer *w, const struct binding *binding, const struct facts *facts, size_t i)
{
    const char *value = value_of(w, binding, facts, i);

    return binding->maps[i] == NULL ? value : value_word(binding->maps[i], value);
}

/* A row, or the F record of an EMA. */
static void csv_line(struct writer *w, const struct layout_record *record, const struct binding *binding,
                     const struct facts *facts)
{
    const struct dialect *dialect = w->type->dialect;

    if (dialect->frame == FRAME_RECORDS)
        g_string_append_c(w->buffer, record->letter);
    for (size_t i = 0; i < record->n_columns; i++) {
        if (i > 0 || dialect->frame == FRAME_RECORDS)
            g_string_append_c(w->buffer, dialect->delimiter);
        csv_cell(w->buffer, dialect, cell(w, binding, facts, i));
    }
    g_string_append(w->buffer, dialect->line_end);
}

/* Bytes that xml_text looks at: markup, CR, what XML cannot hold (other controls, and U+FFFE and U+FFFF, which begin
 * with 0xEF), and the NUL at the end. */
static const bool xml_special[256] = {
    [0 ... '\t' - 1] = true, ['\n' + 1 ... ' ' - 1] = true, ['&'] = true, ['<'] = true, ['>'] = true, [0xEF] = true};

static void xml_text(GString *out, const char *value)
{
    static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

    for (;;) {
        const char *plain = value;
        while (!xml_special[(unsigned char)*value])
            value++;
        g_string_append_len(out, plain, value - plain);
        switch ((unsigned char)*value++) {
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
        case '\r':
            g_string_append(out, "&#13;"); /* a parser turns a bare CR into LF */
            break;
        case 0xEF:
            if (strncmp(value, "\xBF\xBE", 2) == 0 || strncmp(value, "\xBF\xBF", 2) == 0) {
                g_string_append(out, replacement);
                value += 2;
            } else {
                g_string_append_c(out, (char)0xEF);
            }
            break;
        default:
            g_string_append(out, replacement);
        }
    }
}

static void xml_tag(GString *out, int indent, const char *open, const char *name, const char *close)
{
    static const char blanks[2 * (3 + LAYOUT_MAX_STEPS) + 1] = "              ";

    g_string_append_len(out, blanks, 2 * indent);
    g_string_append(out, open);
    g_string_append(out, name);
    g_string_append(out, close);
}

/* Closes the groups that are open beyond the first `shared` bytes of their path. */
static void xml_close_groups(GString *out, int indent, const char *path, size_t len, size_t shared)
{
    while (len > shared) {
        size_t from = len;

        while (from > shared && path[from - 1] != '/')
            from--;
        int depth = 0;
        for (size_t i = 0; i < from; i++)
            depth += path[i] == '/';
        xml_tag(out, indent + depth, "</", "", "");
        g_string_append_len(out, path + from, (gssize)(len - from));
        g_string_append(out, ">\n");
        len = from > 0 ? from - 1 : 0;
    }
}

/* Goes from the open group to that of the path: closes what they do not share, opens what is new. A group is a path
 * without its last step. Returns how many groups are open then; *len: bytes of their path. */
static int xml_enter_group(GString *out, int indent, const char *open, size_t *len, const char *path)
{
    const char *last = strrchr(path, '/');
    size_t want = last != NULL ? (size_t)(last - path) : 0, shared = 0;
    int depth = 0;

    for (size_t i = 0; i <= MIN(want, *len); i++) {
        bool step = (i == want || path[i] == '/') && (i == *len || open[i] == '/');
        shared = step ? i : shared;
        if (i == MIN(want, *len) || open[i] != path[i])
            break;
    }
    xml_close_groups(out, indent, open, *len, shared);
    for (size_t i = 0; i < want;) {
        size_t step = strcspn(path + i, "/");
        if (i >= shared) {
            xml_tag(out, indent + depth, "<", "", "");
            g_string_append_len(out, path + i, (gssize)step);
            g_string_append(out, ">\n");
        }
        depth++;
        i += step + 1;
    }
    *len = want;
    return depth;
}

static void xml_children(struct writer *w, int indent, const struct layout_record *record,
                         const struct binding *binding, const struct facts *facts)
{
    GString *out = w->buffer;
    const char *open = "";
    size_t len = 0;

    for (size_t i = 0; i < record->n_columns; i++) {
        const char *value = cell(w, binding, facts, i), *path = layout_path(&record->columns[i]), *name = path;
        int depth = 0;
        if (!given(value))
            continue;
        if (len > 0 || strchr(path, '/') != NULL) {
            depth = xml_enter_group(out, indent, open, &len, path);
            open = path;
            name = len > 0 ? path + len + 1 : path;
        }
        xml_tag(out, indent + depth, "<", name, ">");
        xml_text(out, value);
        xml_tag(out, 0, "</", name, ">\n");
    }
    xml_close_groups(out, indent, open, len, 0);
}

static void xml_attribute(GString *out, const char *name, const char *value)
{
    g_autofree char *escaped = g_markup_escape_text(value, -1);

    g_string_append_printf(out, " %s=\"%s\"", name, escaped);
}

static void xml_root(struct writer *w)
{
    const struct profile *profile = w->type->profile;
    GString *out = w->buffer;

    g_string_append(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml_tag(out, 0, "<", w->type->root, "");
    if (profile->namespace != NULL)
        xml_attribute(out, "xmlns", profile->namespace);
    if (profile->version_attribute != NULL)
        xml_attribute(out, profile->version_attribute, profile->xml_version);
    g_string_append(out, ">\n");
}

/* Whether rows follow: the F record is none of them. */
static bool has_rows(const struct writer *w)
{
    return w->declared > (w->type->file != NULL);
}

/* The element around the rows, which stands behind the F record. */
static void xml_begin_rows(struct writer *w)
{
    if (w->type->rows_element != NULL)
        xml_tag(w->buffer, 1, "<", w->type->rows_element, has_rows(w) ? ">\n" : "/>\n");
}

static void xml_header(struct writer *w, const struct facts *facts)
{
    const struct file_type *type = w->type;
    GString *out = w->buffer;

    xml_root(w);
    if (type->header->element != NULL) {
        xml_tag(out, 1, "<", type->header->element, ">\n");
        xml_children(w, 2, type->header, &w->header, facts);
        if (type->count_element != NULL) {
            xml_tag(out, 2, "<", type->count_element, ">");
            g_string_append_printf(out, "%" G_GUINT64_FORMAT, w->declared);
            xml_tag(out, 0, "</", type->count_element, ">\n");
        }
        xml_tag(out, 1, "</", type->header->element, ">\n");
    }
    if (type->file == NULL)
        xml_begin_rows(w);
}

static void xml_row(struct writer *w, const struct layout_record *record, const struct binding *binding,
                    const struct facts *facts)
{
    int indent = w->type->rows_element != NULL && record != w->type->file ? 2 : 1;

    xml_tag(w->buffer, indent, "<", record->element, ">\n");
    xml_children(w, indent + 1, record, binding, facts);
    xml_tag(w->buffer, indent, "</", record->element, ">\n");
}

/* The H record: its letter, and its columns between the cells of the frame. */
static void csv_header(struct writer *w, const struct facts *facts)
{
    const struct file_type *type = w->type;
    const struct frame_cells *cells = type->cells;
    size_t column = 0;

    g_string_append_c(w->buffer, type->header->letter);
    for (size_t i = 1; column < type->header->n_columns || i <= MAX(cells->type_at, cells->version_at); i++) {
        const char *value;

        if (i == cells->type_at)
            value = type->published;
        else if (i == cells->version_at)
            value = type->version;
        else
            value = cell(w, &w->header, facts, column++);
        g_string_append_c(w->buffer, type->dialect->delimiter);
        csv_cell(w->buffer, type->dialect, value);
    }
    g_string_append(w->buffer, type->dialect->line_end);
}

static void csv_title(struct writer *w)
{
    const struct layout_record *record = w->type->record;
    const struct dialect *dialect = w->type->dialect;

    for (size_t i = 0; i < record->n_columns; i++) {
        if (i > 0)
            g_string_append_c(w->buffer, dialect->delimiter);
        csv_cell(w->buffer, dialect, record->columns[i].name);
    }
    g_string_append(w->buffer, dialect->line_end);
}

static void end_of_text(struct writer *w)
{
    const struct dialect *dialect = w->type->dialect;

    if (w->form == FORM_CSV) {
        if (dialect->frame == FRAME_RECORDS && w->type->cells->trailer != '\0')
            g_string_append_printf(w->buffer, "%c%c%" G_GUINT64_FORMAT "%s", w->type->cells->trailer,
                                   dialect->delimiter, w->declared, dialect->line_end);
        return;
    }
    if (w->type->rows_element != NULL && has_rows(w))
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
    keep(&w->of_header, facts);
    if (w->form == FORM_CSV && w->type->dialect->frame != FRAME_RECORDS) {
        if (w->type->dialect->frame == FRAME_TITLE)
            csv_title(w);
        return;
    }
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
    if (w->form == FORM_CSV)
        csv_line(w, record, binding, facts);
    else
        xml_row(w, record, binding, facts);
    if (w->buffer->len >= WRITER_FLUSH_AT)
        flush(w);
}

void writer_file(struct writer *w, const struct facts *facts)
{
    bool has_records = w->form == FORM_XML || w->type->dialect->frame == FRAME_RECORDS;

    keep(&w->of_file, facts);
    write_record(w, has_records ? w->type->file : w->type->record, facts, &w->file);
    if (w->form == FORM_XML)
        xml_begin_rows(w);
}

void writer_row(struct writer *w, const struct facts *facts)
{
    write_record(w, w->type->record, facts, &w->row);
}

static bool passes(const struct layout_record *record)
{
    for (size_t i = 0; i < record->n_columns; i++)
        if (record->columns[i].passed != NULL)
            return true;
    return false;
}

void writer_row_passing(struct writer *w, const struct facts *facts, const char *kept)
{
    if (kept != NULL && passes(w->type->record))
        w->passing = json_loads(kept, 0, NULL); /* NULL, and so no texts, if it is no JSON object */
    writer_row(w, facts);
    json_decref(g_steal_pointer(&w->passing));
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
    kept_clear(&w->of_header);
    kept_clear(&w->of_file);
    g_clear_error(&w->error);
    g_free(w);
}
