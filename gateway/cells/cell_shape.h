/*
 * Records that are written alike. In a file that a program has written, the places of a record follow from those of the
 * record before and from the lengths of its texts: the same tags and delimiters stand between them. Cell and gateway
 * both remember how, so that such a record is said by its lengths and texts alone (CELL_ALIKE): a fifth fewer bytes,
 * and a third of the numbers to write and read.
 */
#ifndef ECOSGATE_GATEWAY_CELLS_CELL_SHAPE_H
#define ECOSGATE_GATEWAY_CELLS_CELL_SHAPE_H

#include "formats/reader.h"

/* Of the last record that was said. All zero: none was. */
struct cell_shape {
    uint32_t ordinal; /* its number */
    struct place end; /* behind its last text, as if each byte were a character */
    /* From the end of the text before to each field, and from that of the last record to the record. A column counts
     * from there if the line is the same, else from the line's beginning. */
    struct place to_record, to_fields[LAYOUT_MAX_COLUMNS];
};

/* Numbers of lines and columns wrap around on both sides alike: a cell says what it likes. */
static inline struct place cell_shape_after(struct place end, struct place step)
{
    return (struct place){end.line + step.line, step.column + (step.line == 0 ? end.column : 0)};
}

static inline struct place cell_shape_step(struct place end, struct place at)
{
    uint32_t lines = at.line - end.line;

    return (struct place){lines, at.column - (lines == 0 ? end.column : 0)};
}

static inline struct place cell_shape_behind(const struct field *field)
{
    return (struct place){field->at.line, field->at.column + (uint32_t)field->len};
}

/* Remembers a record that was said in full. The step to a field that it has not stays as it was. */
static inline void cell_shape_learn(struct cell_shape *shape, const struct record *record)
{
    struct place end = record->at;

    shape->ordinal = record->ordinal;
    shape->to_record = cell_shape_step(shape->end, record->at);
    for (size_t i = 0; i < record->n_fields; i++) {
        if (record->fields[i].text == NULL)
            continue;
        shape->to_fields[i] = cell_shape_step(end, record->fields[i].at);
        end = cell_shape_behind(&record->fields[i]);
    }
    shape->end = end;
}

#endif
