/*
 * Whether what the gateway writes into the drops could come back to it as input. It would answer its own answers, for
 * ever. So `run`, `pickup` and `doctor` call this each time they start; links are resolved at that moment.
 *
 * An `out` that is also an `in` is a problem, of one drop or of two. So is an `in` that is a folder which reports go
 * into: `out/<MPID>`. Any other `in` below an `out`, or `out` below an `in`, is none, for a listing opens no folder.
 *
 * A transport tells by a key whether two folders are the same one (transport.h, folder_key). Rejected: comparing the
 * texts of the settings when the configuration is loaded. That knows no links, and would stop `status` and `spool show`
 * too, which an operator needs then.
 *
 * No server is asked. Paths of two users, or one relative and one absolute path, may lead to the same folder of a
 * server. Such folders are not found here: the names of the files protect there (filename_is_own).
 */
#ifndef ECOSGATE_GATEWAY_DROPS_DROP_FOLDERS_H
#define ECOSGATE_GATEWAY_DROPS_DROP_FOLDERS_H

#include "gateway/drops/drop.h"

#include <glib.h>

/* The problems of all drops (struct drop), or of those that concern `only` if it is not NULL; joined by "; ". Each
 * names both drops, both settings and both folders. NULL: there is none. g_free. */
char *drop_folders_problems(const GPtrArray *drops, const struct drop *only);

#endif
