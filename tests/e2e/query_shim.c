/*
 * A preloaded library that counts how often a program puts a question to SQLite. For tests only.
 *
 *   QUERY_COUNT=FILE   at the end of the program the number stands in that file
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

struct sqlite3_stmt;
int sqlite3_reset(struct sqlite3_stmt *query);

static long questions;

/* The gateway resets each statement once after its last row. */
int sqlite3_reset(struct sqlite3_stmt *query)
{
    int (*real)(struct sqlite3_stmt *) = NULL;

    *(void **)&real = dlsym(RTLD_NEXT, "sqlite3_reset");
    questions++;
    return real(query);
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("QUERY_COUNT");
    FILE *file = path != NULL && questions > 0 ? fopen(path, "we") : NULL;

    if (file == NULL)
        return;
    fprintf(file, "%ld\n", questions);
    fclose(file);
}
