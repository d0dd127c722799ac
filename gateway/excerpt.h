/*
 * Lines of a file as people want to see them beside a finding: read a second time, unpacked like the first.
 */
#ifndef ECOSGATE_GATEWAY_EXCERPT_H
#define ECOSGATE_GATEWAY_EXCERPT_H

#include "formats/unpack.h"

#include <glib.h>

/* Line number (as pointer) → printable text of the line, cut to what fits a terminal around its column.
 * `wanted` holds struct place, in any order. Lines that cannot be read again are left out.
 * g_hash_table_unref. */
GHashTable *excerpt_lines(int fd, enum filename_pack pack, const struct unpack_limits *limits, GArray *wanted);

/* One line with a caret under the column. */
struct excerpt {
    char *text;   /* printable */
    size_t caret; /* characters before it */
};

#endif
