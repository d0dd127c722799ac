#include "validators/row.h"

#include <stdarg.h>

static uint64_t bit(enum code code)
{
    return UINT64_C(1) << (code - C101);
}

void row_add_code(struct row *row, enum code code, bool passes)
{
    row->codes |= bit(code);
    if (!passes)
        row->permanent |= bit(code);
}

bool row_has_code(const struct row *row, enum code code)
{
    return (row->codes & bit(code)) != 0;
}

bool row_has_permanent(const struct row *row, enum code code)
{
    return (row->permanent & bit(code)) != 0;
}

bool row_has_errors(const struct row *row)
{
    return row->codes != 0;
}

bool row_is_deferred(const struct row *row)
{
    return row->codes != 0 && row->permanent == 0;
}

enum code row_first_code(const struct row *row)
{
    return C101 + (enum code)__builtin_ctzll(row->codes);
}

void row_wait_until(struct row *row, int64_t at)
{
    row->next_eligible = MAX(row->next_eligible, at);
}

void row_tell(struct row *row, struct findings *findings, enum code code, size_t column, bool warning, const char *text)
{
    const struct field *field = &row->record->fields[column];

    findings_add(findings,
                 &(struct finding){.code = code,
                                   .warning = warning,
                                   .at = field->at.line ? field->at : row->record->at,
                                   .ordinal = row->record->ordinal,
                                   .field = row->layout->columns[column].name,
                                   .text = text},
                 field->text ? field->text : "", field->len);
    if (warning)
        row->warned = true;
}

enum code row_first_permanent(const struct row *row)
{
    return C101 + (enum code)__builtin_ctzll(row->permanent);
}

void row_say(struct row *row, struct findings *findings, enum code code, size_t column, bool warning,
             const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    row_tell(row, findings, code, column, warning, text);
    if (!warning)
        row_add_code(row, code, catalogue_entry(code)->transient);
}
