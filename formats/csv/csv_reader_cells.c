/*
 * Which cells each kind of record of CSV has. In most frames the layout says so; where a title row names the columns,
 * the file does, and may have them in any order and leave out those that are not required.
 *
 * A title row that is faulty makes all rows doubtful: only its own faults are told. What stands in the place of a
 * column that is missing is most likely meant to be it, and gives one fault and not two.
 */
#include "formats/csv/csv_reader_private.h"

#include "formats/csv/csv_cell.h"
#include "formats/text.h"

#include <string.h>

enum { SHOWN_CHARS = 64 }; /* of a title in a fault's text */

/* --- By the layout ------------------------------------------------------------------------------ */

static void add(struct csv_cells *cells, const char *name, size_t field)
{
    cells->names[cells->n] = name;
    cells->fields[cells->n++] = field;
}

static void add_columns(struct csv_cells *cells, const struct layout_record *layout)
{
    for (size_t i = 0; i < layout->n_columns; i++)
        add(cells, layout->columns[i].name, layout_field_of(layout, i));
}

/* All cells of the kind have been added. */
static void settle(struct csv_cells *cells, const struct layout_record *layout)
{
    cells->in_order = cells->n - cells->first == layout->n_fields + layout->n_kept;
    for (size_t i = cells->first; i < cells->n; i++)
        cells->in_order = cells->in_order && cells->fields[i] == i - cells->first;
}

/* What each byte is in a field without quotes. */
static void fill_bytes(struct csv *c)
{
    for (size_t byte = 0x80; byte < 0xc0; byte++)
        c->bytes[byte] = CSV_BYTE_CONTINUED;
    c->bytes[(unsigned char)c->delimiter] = c->bytes[(unsigned char)c->quote] = c->bytes['\r'] = CSV_BYTE_STOP;
}

/* The H record: its columns stand between the cells for type and version. */
static void fill_header(struct csv_cells *cells, const struct file_type *type)
{
    const struct frame_cells *frame = type->cells;

    add(cells, frame->letter, LAYOUT_NO_FIELD);
    for (size_t column = 0; column < type->header->n_columns || cells->n <= MAX(frame->type_at, frame->version_at);) {
        if (cells->n == frame->type_at)
            add(cells, frame->type, LAYOUT_NO_FIELD);
        else if (cells->n == frame->version_at)
            add(cells, frame->version, LAYOUT_NO_FIELD);
        else
            add(cells, type->header->columns[column].name, layout_field_of(type->header, column)), column++;
    }
    cells->first = 1;
    while (cells->first < cells->n && (cells->first == frame->type_at || cells->first == frame->version_at))
        cells->first++;
}

void csv_cells_fill(struct csv *c)
{
    const struct file_type *type = c->type;
    const struct csv_separator *delimiter = csv_separator(type->dialect->delimiter);

    c->frame = type->dialect->frame;
    c->delimiter = type->dialect->delimiter;
    c->quote = type->dialect->quote;
    c->delimiter_name = delimiter->name;
    fill_bytes(c);
    if (c->frame == FRAME_RECORDS) {
        fill_header(&c->cells[CSV_HEADER], type);
        add(&c->cells[CSV_ROW], type->cells->letter, LAYOUT_NO_FIELD);
        add(&c->cells[CSV_TRAILER], type->cells->letter, LAYOUT_NO_FIELD);
        add(&c->cells[CSV_TRAILER], type->cells->count, LAYOUT_NO_FIELD);
        c->cells[CSV_ROW].first = c->cells[CSV_TRAILER].first = 1;
    }
    add_columns(&c->cells[CSV_ROW], type->record);
    settle(&c->cells[CSV_HEADER], type->header);
    settle(&c->cells[CSV_ROW], type->record);
    c->cells[CSV_TITLE].n = type->record->n_columns;
}

/* --- By the title row --------------------------------------------------------------------------- */

/* The title row while it is read. */
struct title {
    struct csv *c;
    const struct layout_record *layout;
    struct csv_cells cells;
    uint32_t seen;  /* set of columns of the layout that are there, or that a fault has named */
    size_t unknown; /* cells that name no column */
    bool good;
};

/* The layout's column of that title; n_columns: there is none. */
static size_t find_column(const struct layout_record *layout, const struct field *title)
{
    size_t i = 0;

    while (i < layout->n_columns && !field_is(title, layout->columns[i].name))
        i++;
    return i;
}

G_GNUC_PRINTF(4, 5)
static void fault_title(struct title *t, const struct field *at, const char *column, const char *format, ...)
{
    struct fault fault = {.kind = FAULT_FIELD_COUNT, .at = at->at, .field = column};
    va_list args;

    if (at->text) {
        fault.value = at->text;
        fault.value_len = at->len;
    }
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    reader_fault_with(t->c->reader, &fault, "%s", text);
    t->good = false;
}

/* Reads the cells that name a column, and counts the others. */
static void read_known(struct title *t)
{
    const struct csv *c = t->c;

    for (size_t i = 0; i < MIN(c->n_fields, CSV_MAX_FIELDS); i++) {
        size_t column = find_column(t->layout, &c->fields[i]);

        if (column == t->layout->n_columns) {
            t->unknown++;
            add(&t->cells, NULL, LAYOUT_NO_FIELD);
            continue;
        }
        const char *name = t->layout->columns[column].name;
        if (t->seen & 1u << column)
            fault_title(t, &c->fields[i], name, "expected one column %s, found another", name);
        t->seen |= 1u << column;
        add(&t->cells, name, layout_field_of(t->layout, column));
    }
}

/* The column that a title which names none was meant to name: one of the same letters, else the next required one that
 * is missing. n_columns: there is none. */
static size_t guess(const struct title *t, const struct field *title)
{
    const struct layout_record *layout = t->layout;
    size_t missing = layout->n_columns;

    for (size_t i = layout->n_columns; i-- > 0;) {
        const char *name = layout->columns[i].name;

        if (t->seen & 1u << i)
            continue;
        if (title->len == strlen(name) && g_ascii_strncasecmp(title->text, name, title->len) == 0)
            return i;
        missing = layout->columns[i].required ? i : missing;
    }
    return missing;
}

static void fault_unknown(struct title *t, const struct field *title)
{
    size_t column = guess(t, title);
    const char *name = column < t->layout->n_columns ? t->layout->columns[column].name : NULL;
    g_autofree char *shown = text_escape(title->text, title->len, SHOWN_CHARS);

    if (name == NULL) {
        fault_title(t, title, NULL, "expected a title of this layout, found \"%s\"; remove this column", shown);
        return;
    }
    t->seen |= 1u << column;
    fault_title(t, title, name, "expected the column %s in the title row, found \"%s\"", name, shown);
}

static void fault_missing(struct title *t)
{
    struct field end = {.at = csv_place_in_record(t->c, t->c->len)};

    for (size_t i = 0; i < t->layout->n_columns; i++) {
        const char *name = t->layout->columns[i].name;

        if (t->layout->columns[i].required && !(t->seen & 1u << i))
            fault_title(t, &end, name, "expected the column %s in the title row, found the line's end", name);
    }
}

/* No cell is a title: the row is most likely missing. */
static void fault_no_title(struct csv *c, const struct layout_record *layout)
{
    struct fault fault = csv_record_fault(c, FAULT_HEADER_RECORD);
    g_autofree char *shown = text_escape(c->fields[0].text, c->fields[0].len, SHOWN_CHARS);

    reader_fault_with(c->reader, &fault,
                      "expected the title row first, with the columns %s to %s, found a row that begins with \"%s\"",
                      layout->columns[0].name, layout->columns[layout->n_columns - 1].name, shown);
}

bool csv_cells_read_title(struct csv *c)
{
    struct title t = {.c = c, .layout = c->type->record, .good = true};

    read_known(&t);
    if (t.unknown == t.cells.n) {
        fault_no_title(c, t.layout);
        return false;
    }
    for (size_t i = 0; t.unknown > 0 && i < t.cells.n; i++)
        if (t.cells.names[i] == NULL)
            fault_unknown(&t, &c->fields[i]);
    fault_missing(&t);
    if (c->n_fields > CSV_MAX_FIELDS)
        fault_title(&t, &c->fields[CSV_MAX_FIELDS - 1], NULL, "expected at most %d columns, found %zu", CSV_MAX_FIELDS,
                    c->n_fields);
    settle(&t.cells, t.layout);
    if (t.good)
        c->cells[CSV_ROW] = t.cells;
    return t.good;
}
