/* Goes to the one cell or element that has the number; the rest of the text is not looked at. */
#include "formats/header_number.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* False: the record has no column for it. */
static bool find_column(const struct layout_record *record, size_t *column)
{
    for (*column = 0; *column < record->n_columns; ++*column)
        if (record->columns[*column].fact == FACT_header_sequence)
            return true;
    return false;
}

/* The cell of a column of the H record, behind the letter and the cells for type and version. */
static size_t header_cell(const struct frame_cells *cells, size_t column)
{
    size_t cell = 1;

    for (;; cell++) {
        if (cell != cells->type_at && cell != cells->version_at && column-- == 0)
            return cell;
    }
}

static const char *csv_cell_at(const char *text, const struct dialect *dialect, size_t line, size_t cell)
{
    bool quoted = false;

    for (; *text != '\0' && (line > 0 || cell > 0); text++) {
        if (*text == dialect->quote)
            quoted = !quoted;
        if (quoted)
            continue;
        if (*text == '\n' && line-- == 0)
            return "";
        if (line == 0 && *text == dialect->delimiter)
            cell--;
    }
    return *text == dialect->quote ? text + 1 : text;
}

static const char *in_csv(const struct file_type *type, const char *text)
{
    bool records = type->dialect->frame == FRAME_RECORDS;
    size_t column;

    if (!find_column(records ? type->header : type->record, &column))
        return "";
    if (records)
        return csv_cell_at(text, type->dialect, 0, header_cell(type->cells, column));
    return csv_cell_at(text, type->dialect, type->dialect->frame == FRAME_TITLE, column);
}

/* Behind the next start tag of that name, which is len bytes long; the end of the text if there is none. */
static const char *behind_tag(const char *text, const char *name, size_t len)
{
    for (; (text = strchr(text, '<')) != NULL; text++)
        if (strncmp(text + 1, name, len) == 0 && text[1 + len] == '>')
            return text + len + 2;
    return "";
}

static const char *in_xml(const struct file_type *type, const char *text)
{
    const struct layout_record *record = type->header;
    size_t column;

    if (record->element == NULL || !find_column(record, &column))
        record = type->record;
    if (record->element == NULL || !find_column(record, &column))
        return "";
    text = behind_tag(text, record->element, strlen(record->element));
    for (const char *step = layout_path(&record->columns[column]); *step != '\0'; step += *step == '/') {
        size_t len = strcspn(step, "/");
        text = behind_tag(text, step, len);
        step += len;
    }
    return text;
}

int64_t header_number(const struct file_type *type, const char *text)
{
    int64_t number = strtoll(text[0] == '<' ? in_xml(type, text) : in_csv(type, text), NULL, 10);

    return number > 0 ? number : 0;
}
