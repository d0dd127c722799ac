/* Look-ups in layouts. The layouts themselves are made by the loader of profiles (profile/). */
#include "formats/layout.h"

#include <string.h>

const struct dialect layout_dialect = {',', '"', "\r\n", FRAME_RECORDS, true};

size_t layout_field_of(const struct layout_record *layout, size_t column)
{
    size_t field;

    if (facts_find(layout->fields, layout->n_fields, layout->columns[column].fact, &field))
        return field;
    for (size_t i = 0; i < layout->n_kept; i++)
        if (strcmp(layout->kept[i], layout->columns[column].name) == 0)
            return layout->n_fields + i;
    return LAYOUT_NO_FIELD;
}

const char *layout_column_of(const struct layout_record *layout, size_t field)
{
    for (size_t i = 0; i < layout->n_columns; i++)
        if (layout->columns[i].fact == layout->fields[field])
            return layout->columns[i].name;
    return NULL;
}

const char *layout_name_of(const struct layout_record *layout, size_t field)
{
    const char *name = layout_column_of(layout, field);

    return name != NULL ? name : fact_entry(layout->fields[field])->name;
}

const char *layout_type_name(const struct file_type *type)
{
    return type->published != NULL ? type->published : type->code;
}

const char *layout_frame_name(enum frame frame)
{
    static const char *const names[] = {[FRAME_RECORDS] = "records", [FRAME_TITLE] = "title", [FRAME_ROWS] = "rows"};

    return names[frame];
}

const char *form_name(enum form form)
{
    switch (form) {
    case FORM_XML:
        return "xml";
    case FORM_CSV:
        return "csv";
    case FORM_UNKNOWN:
        break;
    }
    return "unknown";
}

bool layout_has_header(const struct file_type *type, enum form form)
{
    return form == FORM_XML ? type->header->element != NULL : type->dialect->frame == FRAME_RECORDS;
}

bool layout_header_has(const struct file_type *type, enum form form, size_t field)
{
    return layout_has_header(type, form) && layout_column_of(type->header, field) != NULL;
}
