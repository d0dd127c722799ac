/*
 * The files that partners write and read, as formats/FILES.md describes them. Shares no code with the gateway.
 *
 *     struct draft *draft = draft_new("EMI", 7, now);      sequence number 7
 *     draft_add(draft, values);                            one value for each column of the type, NULL or "" for none
 *     char *text = draft_text(draft, &size);               g_free; the name is in draft->name
 *     draft_free(draft);
 *
 *     struct document *document = document_read(name, bytes, size);
 *     for (unsigned n = 0; n < document->n; n++)
 *         if (document->records[n].kind == 'D')
 *             … record_get(&document->records[n], "DeviceID") …
 *     document_free(document);
 */
#ifndef ECOSGATE_TESTS_SIM_FILES_H
#define ECOSGATE_TESTS_SIM_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

enum { FILES_COLUMNS = 24, FILES_NAME = 160 };

/* Who sends a type of file, and through which drop. */
struct sender {
    const char *type, *org, *eui64, *drop;
};

/* NULL: nobody sends it to the gateway. */
const struct sender *sender_of(const char *type);

#define GATEWAY_EUI64 "90-B3-D5-1F-30-00-00-04"

struct draft {
    const struct sender *sender;
    bool xml, gzip;
    unsigned sequence;
    int64_t at;
    char name[FILES_NAME];
    char batch[32], resubmission_of[FILES_NAME], mode[8], environment[8];
    int declared; /* the count that the file says; -1: the true one */
    unsigned n;
    GString *rows;
};

struct draft *draft_new(const char *type, unsigned sequence, int64_t at, bool xml);
/* Adds a record; of the types that have an Action it is the first value. */
void draft_add(struct draft *draft, const char *const *values);
/* The bytes, packed if draft->gzip; sets draft->name unless the caller has. g_free. */
char *draft_text(struct draft *draft, size_t *size);
void draft_free(struct draft *draft);

struct record {
    char kind; /* H, F, E, D as in CSV; the same in XML */
    unsigned n;
    const char *names[FILES_COLUMNS], *values[FILES_COLUMNS];
};

struct document {
    char *name;
    char type[16]; /* EMA, …, ECOSMIG-001, …; that of its name */
    bool whole;    /* it has its end: a trailer, or the closing tag */
    unsigned n;
    struct record *records;
    char *text;
    GArray *array;
};

/* NULL: it is neither CSV nor XML that somebody could read. The caller frees it by document_free. */
struct document *document_read(const char *name, const char *bytes, size_t size);
void document_free(struct document *document);
/* "" if it has none. */
const char *record_get(const struct record *record, const char *column);
/* The first record of that kind; NULL: none. */
const struct record *document_first(const struct document *document, char kind);

#endif
