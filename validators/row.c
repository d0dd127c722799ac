/*
 * The codes of a record are kept as bits, so that "the first code" is the lowest bit and a record costs no memory.
 * Category c may therefore have at most 64 codes, counted from C101.
 */
#include "validators/row.h"

#include "formats/profile.h"

#include <stdarg.h>

G_STATIC_ASSERT(D101 - C101 <= 64);

static uint64_t bit(enum code code)
{
    return UINT64_C(1) << (code - C101);
}

void row_add_code(struct row *row, enum code code, bool transient)
{
    row->codes |= bit(code);
    if (!transient)
        row->permanent |= bit(code);
}

void row_wait_until(struct row *row, int64_t at)
{
    row->next_eligible = MAX(row->next_eligible, at);
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

enum code row_first_permanent(const struct row *row)
{
    return C101 + (enum code)__builtin_ctzll(row->permanent);
}

const struct profile *row_profile(const struct row *row)
{
    return row->file != NULL ? row->file->filename->type->profile : profile_builtin();
}

const char *row_name(const struct row *row, size_t field)
{
    return layout_name_of(row->layout, field);
}

const char *row_word(const struct row *row, size_t field, const char *value)
{
    return profile_word(row_profile(row), row->layout->fields[field], value);
}

char *row_words(const struct row *row, size_t field, const char *joint, const char *last_joint)
{
    enum fact fact = row->layout->fields[field];

    return profile_words(row_profile(row), fact, fact_values(fact), joint, last_joint);
}

int row_choice(const struct row *row, size_t field)
{
    const char *const *list = fact_values(row->layout->fields[field]);
    const struct field *found = row_field(row, field);

    for (int i = 0; found->len > 0 && list[i] != NULL; i++) {
        if (field_is(found, list[i]))
            return i;
    }
    return -1;
}

void row_add_finding(struct row *row, enum code code, size_t column, bool warning, const char *text)
{
    const struct field *field = record_words(row->record, column);

    findings_add(row->file->findings,
                 &(struct finding){.code = code,
                                   .warning = warning,
                                   /* a field that is missing in XML has no place of its own */
                                   .at = field->at.line ? field->at : row->record->at,
                                   .ordinal = row->record->ordinal,
                                   .field = layout_column_of(row->layout, column),
                                   .text = text},
                 field->text ? field->text : "", field->len);
    if (warning)
        row->warned = true;
}

void row_error(struct row *row, enum code code, size_t column, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    row_add_finding(row, code, column, false, text);
    row_add_code(row, code, catalogue_entry(code)->transient);
}

void row_warning(struct row *row, enum code code, size_t column, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    row_add_finding(row, code, column, true, text);
}
