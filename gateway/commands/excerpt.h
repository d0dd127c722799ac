/*
 * Lines of a file as people want to see them beside a finding: read a second time, unpacked like the first.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_EXCERPT_H
#define ECOSGATE_GATEWAY_COMMANDS_EXCERPT_H

#include "formats/unpack.h"

#include <glib.h>

/* One line, cut to what fits a terminal around a column of it, with a caret under that column. */
struct excerpt {
    struct place at;
    char *text;   /* printable */
    size_t caret; /* characters before it */
};

/* struct place → struct excerpt. `wanted` holds struct place, in any order, and is sorted. Lines that cannot
 * be read again are left out. g_hash_table_unref. */
GHashTable *excerpt_places(int fd, enum filename_pack pack, const struct unpack_limits *limits, GArray *wanted);

#endif
