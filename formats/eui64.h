/*
 * EUI-64 identifiers as text: eight hex pairs joined by '-' (FILES.md, opening paragraph).
 * Lower case is accepted on input; output is always upper case.
 */
#ifndef ECOSGATE_FORMATS_EUI64_H
#define ECOSGATE_FORMATS_EUI64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EUI64_TEXT_LENGTH = 23, EUI64_TEXT_SIZE = EUI64_TEXT_LENGTH + 1 };

/* True, and *id set, when the len bytes at text are exactly one EUI-64; *id is untouched otherwise. */
bool eui64_parse(const char *text, size_t len, uint64_t *id);

/* Writes the upper-case text and a closing NUL into out. */
void eui64_print(uint64_t id, char out[EUI64_TEXT_SIZE]);

#endif
