/*
 * What the readers of a name's parts share: filename_scan.c and filename_scan_eui64.c. A reader of a part begins at
 * s->pos with scan_begin_segment, moves s->pos behind what it has read, and adds at most one fault. Offsets are bytes
 * from the beginning of the name; nothing from s->limit on is read as a part of it.
 */
#ifndef ECOSGATE_FORMATS_NAME_FILENAME_SCAN_PRIVATE_H
#define ECOSGATE_FORMATS_NAME_FILENAME_SCAN_PRIVATE_H

#include "formats/name/filename_scan.h"

/* True for a letter or digit (ASCII) at that offset; false from the limit on. */
bool scan_is_alnum(const struct scan *s, size_t at);

/* The offset after the letters and digits that begin there. */
size_t scan_run_end(const struct scan *s, size_t at);

/* True when the text is that word, in upper or lower case. */
bool scan_is_word(const char *text, size_t len, const char *word);

/* True at the end of the name and where its ".form" begins: no further segment can stand here. */
bool scan_at_tail(const struct scan *s, size_t at);

/* True when there is a segment at all. Else adds its fault, unless an earlier segment is missing too. */
bool scan_begin_segment(struct scan *s, const struct name_part *part, const char *expected);

/* Adds a fault of the grammar in the bytes of a part from start up to end. */
void scan_add_fault_of(struct scan *s, const struct name_part *part, size_t start, size_t end, const char *expected);

/* Reads the sender's EUI-64 into s->out. */
void scan_eui64(struct scan *s, const struct name_part *part);

#endif
