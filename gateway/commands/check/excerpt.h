/*
 * The lines of a file that findings point to, cut to fit a terminal. Judging keeps no lines, so that the file is read
 * and unpacked a second time, but only when somebody wants to see them.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_CHECK_EXCERPT_H
#define ECOSGATE_GATEWAY_COMMANDS_CHECK_EXCERPT_H

#include "formats/unpack/unpack.h"

#include <glib.h>

/* Part of one line around one of its columns. */
struct excerpt {
    struct place at; /* the place that was asked for */
    char *text;      /* escaped, at most 100 characters of the line */
    size_t caret;    /* characters of text before the place */
};

struct readings;

/* How the file is unpacked. */
struct excerpt_source {
    const struct unpack_limits *limits;
    const struct readings *readings; /* by whom; NULL: by this process */
};

/* Returns a map from struct place to struct excerpt; g_hash_table_unref frees both. places holds struct place in any
 * order; it is sorted, and may name a place several times. The file is read from its beginning; fd stays open. Places
 * on lines that do not exist, or that cannot be unpacked within the limits, are left out. */
GHashTable *excerpt_places(int fd, enum filename_pack pack, const struct excerpt_source *source, GArray *places);

#endif
