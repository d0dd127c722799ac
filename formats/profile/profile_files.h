/*
 * The files of a profile: those of a folder, or those that the build has put into the program. All are in memory, in
 * the order of their names. A file's name is its path in the folder: "records/EMI-D.json".
 *
 * A folder may hold at most 256 files of 256 KiB each, in itself and in records/ and reports/. Names that begin with a
 * dot or end in '~' are left out: editors and version control write such files. The folder may be reached by a symbolic
 * link; one within it must not lead out of it.
 */
#ifndef ECOSGATE_FORMATS_PROFILE_PROFILE_FILES_H
#define ECOSGATE_FORMATS_PROFILE_PROFILE_FILES_H

#include "formats/profile.h"

#include <stdbool.h>
#include <stddef.h>

enum { PROFILE_MAX_FILES = 256, PROFILE_MAX_FILE_BYTES = 256 * 1024 };

struct profile_file {
    const char *name;
    const char *text; /* len bytes and a NUL behind them */
    size_t len;
    /* Of the built-in profile: the same JSON without what the loader has no use for, so that a start reads a third of
     * the bytes. NULL: it reads the text. */
    const char *lean;
    size_t lean_len;
    bool used; /* a part of the loader has asked for it */
};

struct profile_files;

/* The files of the built-in profile. profile_files_free. */
struct profile_files *profile_files_builtin(void);

/* The files of a folder. Tells on_fault of every one that cannot be read. Never NULL. profile_files_free. */
struct profile_files *profile_files_of_folder(const char *folder, profile_fault_fn *on_fault, void *user);

/* No files yet. profile_files_free. */
struct profile_files *profile_files_new(void);

/* Adds a copy of a file. In the order of their names. */
void profile_files_add(struct profile_files *files, const char *name, const char *bytes, size_t len);

/* The file of that name, which is then used. NULL: there is none. */
const struct profile_file *profile_files_find(struct profile_files *files, const char *name);

/* True for a file that the folder has, and that gave a fault in place of a text. */
bool profile_files_refused(const struct profile_files *files, const char *name);

/* False: the folder has more files than are read, which gave a fault. */
bool profile_files_are_whole(const struct profile_files *files);

/* How many there are. */
size_t profile_files_count(const struct profile_files *files);
/* The i-th of them, in the order of their names. */
const struct profile_file *profile_files_at(const struct profile_files *files, size_t i);

/* The digest over all of them: the SHA-256 of what `sha256sum` prints for the files in the order of their names. */
void profile_files_digest(const struct profile_files *files, char digest[PROFILE_DIGEST_SIZE]);

/* NULL is allowed. */
void profile_files_free(struct profile_files *files);

#endif
