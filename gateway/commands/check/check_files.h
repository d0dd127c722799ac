/*
 * What `check` is asked to judge: the files of its arguments, in their order. A folder stands for the files in it,
 * sorted by name, as a drop would see them: what a drop leaves alone is left out, with the reason. A folder in a folder
 * is left out, too.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_CHECK_CHECK_FILES_H
#define ECOSGATE_GATEWAY_COMMANDS_CHECK_CHECK_FILES_H

#include "gateway/config/config.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The argument that stands for standard input. */
#define CHECK_INPUT_ARGUMENT "-"

enum check_entry_kind {
    CHECK_FILE,     /* to be judged */
    CHECK_INPUT,    /* standard input, to be judged under the name `path` */
    CHECK_UNABLE,   /* cannot be judged: an error */
    CHECK_LEFT_OUT, /* an entry of a folder that a drop would leave alone */
};

struct check_entry {
    enum check_entry_kind kind;
    char *path;    /* raw bytes, as the argument gave it or below the folder that it gave */
    char *reason;  /* CHECK_UNABLE, CHECK_LEFT_OUT: one line for people; else NULL */
    uint64_t size; /* bytes, for a progress bar; 0: not known */
};

/* Whose names a gateway writes. */
struct check_names {
    const struct config *config;   /* NULL: there is none */
    const struct profile *profile; /* by which names are read without one; NULL: the built-in one */
};

/* The entries (struct check_entry) of n arguments; the array owns them. input_name: the name for standard input. With a
 * configuration a folder that is the `in` of one of its drops is seen by the rules of that drop. */
GPtrArray *check_files_find(int n, char **arguments, const char *input_name, const struct check_names *names);

/* Why a drop would leave a file of that name alone, so that the gateway never answers it; NULL: it would not. g_free.
 * drop NULL: by the default settings. */
char *check_files_left_alone(const char *name, const struct check_names *names, const struct drop *drop);

/* Copies standard input to a temporary file without a name, for a verdict needs a file. Returns it, open for reading;
 * the caller closes it. -1 with an error: it cannot be read or stored, or it has more than max_bytes. */
int check_files_store_input(uint64_t max_bytes, GError **error);

#endif
