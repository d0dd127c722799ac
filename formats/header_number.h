/*
 * The number that the gateway gave to a file of its own, read from the file: a recovery asks for it when no ledger is
 * left that knows it. For what writer.h writes only, not for files from outside.
 */
#ifndef ECOSGATE_FORMATS_HEADER_NUMBER_H
#define ECOSGATE_FORMATS_HEADER_NUMBER_H

#include "formats/layout.h"

#include <stdint.h>

/* The number (header.sequence) that the text has, which begins as a file of that type: in its header, or in the first
 * row where the format has it there. 0: the text has none. */
int64_t header_number(const struct file_type *type, const char *text);

#endif
