/*
 * A preloaded library that counts how often a program puts a question to SQLite. For tests only.
 *
 *   QUERY_COUNT=FILE   at the end of the program the number stands in that file
 *   QUERY_ROWS=1       it is that of the rows, and ends, that the program was given
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

struct sqlite3_stmt;
int sqlite3_reset(struct sqlite3_stmt *query);
int sqlite3_step(struct sqlite3_stmt *query);

static long questions, rows;

int sqlite3_step(struct sqlite3_stmt *query)
{
    int (*real)(struct sqlite3_stmt *) = NULL;

    *(void **)&real = dlsym(RTLD_NEXT, "sqlite3_step");
    rows++;
    return real(query);
}

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
    fprintf(file, "%ld\n", getenv("QUERY_ROWS") != NULL ? rows : questions);
    fclose(file);
}
