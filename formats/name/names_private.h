/* What names.c asks of names_check.c: whether a name can fit two grammars.
 *
 *   struct names_cells *a = names_cells_new(grammar, word), *b = …
 *   if (names_may_meet(a, b, false)) …
 *   g_free(a);
 *
 * The cells of a grammar are made once and compared with those of all others: made for each pair they were a third of
 * the program's start. */
#ifndef ECOSGATE_FORMATS_NAME_NAMES_PRIVATE_H
#define ECOSGATE_FORMATS_NAME_NAMES_PRIVATE_H

#include "formats/name/filename.h"

/* The names of one type, or one of the gateway's own. */
struct names_cells;

/* Those of a grammar with that word for the type. g_free. */
struct names_cells *names_cells_new(const struct name_grammar *grammar, const char *word);

/* True when there may be a name that is both. packed: such files may be packed, both of them. */
bool names_may_meet(const struct names_cells *a, const struct names_cells *b, bool packed);

#endif
