/*
 * EUI-64 identifiers as text: eight hex pairs joined by '-', as in "00-DB-12-34-56-78-90-A0" (FILES.md, text before
 * section 1). Lower case is read; upper case is written.
 */
#ifndef ECOSGATE_FORMATS_EUI64_H
#define ECOSGATE_FORMATS_EUI64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EUI64_TEXT_LENGTH = 23, EUI64_TEXT_SIZE = EUI64_TEXT_LENGTH + 1 };

/* True when the len bytes at text are exactly one EUI-64, which *id is set to. Else *id stays as it is. */
bool eui64_parse(const char *text, size_t len, uint64_t *id);

/* True when they are one. */
bool eui64_is_one(const char *text, size_t len);

/* Writes id as upper-case text with a closing NUL into out. */
void eui64_print(uint64_t id, char out[EUI64_TEXT_SIZE]);

#endif
