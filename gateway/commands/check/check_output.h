/*
 * What `check` prints, in one of the formats of --format. Everything goes to standard output while files are judged;
 * memory does not grow with the number of findings.
 *
 *   struct check_output output;
 *   check_output_begin(&output, format, &rules);
 *   check_output_judged | check_output_unable | check_output_left_out      for each entry, in order
 *   check_output_end(&output, status);
 *
 * Paths are raw bytes; each format escapes them. Messages for people on standard error are the caller's.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_CHECK_CHECK_OUTPUT_H
#define ECOSGATE_GATEWAY_COMMANDS_CHECK_CHECK_OUTPUT_H

#include "gateway/commands/check/verdict_text.h"

#include <jansson.h>

/* One file that was judged. */
struct check_judged {
    const char *path;
    int fd;                        /* the content; it may be read again */
    uint64_t size;                 /* bytes */
    int64_t duration;              /* microseconds that judging took */
    const struct verdict *verdict; /* borrowed, like all else */
    const GPtrArray *answers;      /* the paths (raw) of its answers that were written; NULL: none were asked for */
};

struct check_output {
    const struct check_format *format;
    const struct rules *rules;
    struct verdict_totals totals;
    uint64_t results;       /* sarif: written so far; junit: suites */
    json_t *artifacts;      /* sarif: the files */
    json_t *notifications;  /* sarif: what could not be judged, or was left out */
    GHashTable *known_uris; /* sarif: of the artifacts; the keys are owned */
};

/* One format: a line in the table of check_output.c. A member may be NULL: nothing is printed then. */
struct check_format {
    const char *name;
    void (*begin)(struct check_output *output);
    void (*judged)(struct check_output *output, const struct check_judged *judged);
    void (*unable)(struct check_output *output, const char *path, const char *reason);
    void (*left_out)(struct check_output *output, const char *path, const char *reason);
    void (*end)(struct check_output *output, int status);
};

/* The formats: check_text.c, check_json.c, check_junit.c, check_sarif.c. */
extern const struct check_format check_text, check_json, check_junit, check_sarif;

/* The format of that name; NULL: there is none. */
const struct check_format *check_format_find(const char *name);

/* Prints what comes before the first file. */
void check_output_begin(struct check_output *output, const struct check_format *format, const struct rules *rules);
/* Prints a verdict. */
void check_output_judged(struct check_output *output, const struct check_judged *judged);
/* A file that could not be judged. */
void check_output_unable(struct check_output *output, const char *path, const char *reason);
/* A file that was judged, but whose answers could not be written. Comes before its verdict. */
void check_output_unanswered(struct check_output *output, const char *path, const char *reason);
/* An entry of a folder that was left out. */
void check_output_left_out(struct check_output *output, const char *path, const char *reason);
/* Prints what comes after the last file. status: the exit status so far. */
void check_output_end(struct check_output *output, int status);

/* The codes that were not judged in a file of that type, joined by blanks. g_free. */
char *check_output_not_judged(const struct check_output *output, const struct file_type *type);
/* A text of a message or finding as XML and JSON can hold it. g_free. */
char *check_output_plain(const char *text);

#endif
