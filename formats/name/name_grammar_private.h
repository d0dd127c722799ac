/* What name_grammar.c asks of name_picture.c. */
#ifndef ECOSGATE_FORMATS_NAME_NAME_GRAMMAR_PRIVATE_H
#define ECOSGATE_FORMATS_NAME_NAME_GRAMMAR_PRIVATE_H

#include "formats/name/name_grammar.h"

/* What the picture of such a part has to be. NULL: it is that. */
const char *name_picture_fault(enum name_part_kind kind, const char *picture);

/* Fills part->expected from its picture. */
void name_picture_expect(struct name_part *part);

/* The seconds that a time of this picture stands for: 1, 60, 3600 or 86400. */
int64_t name_picture_precision(const struct name_part *part);

#endif
