/*
 * The findings of one file. The first ones are kept whole, all of them are counted by code, so that a file with a
 * million errors costs no more memory than one with a thousand. A finding is data about a sender's file
 * (formats/FILES.md, 5), no error of the gateway.
 *
 *   struct findings *findings = findings_new(FINDINGS_DEFAULT_MAX);
 *   findings_add(findings, &(struct finding){.code = B208, …}, value, value_len);     copies everything
 *   findings_at(findings, i) for i < findings_kept(findings); findings_count(findings, B208)
 *   findings_free(findings);
 *
 * No function fails.
 */
#ifndef ECOSGATE_VALIDATORS_FINDINGS_H
#define ECOSGATE_VALIDATORS_FINDINGS_H

#include "formats/reader.h"
#include "validators/catalogue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Findings that are kept by default; characters of a value that are kept. */
enum { FINDINGS_DEFAULT_MAX = 1000, FINDINGS_VALUE_CHARS = 64 };

/* Texts of a kept finding belong to struct findings. */
struct finding {
    enum code code;
    bool warning;      /* false: an error */
    struct place at;   /* line 0 and a column: a character of the file's name; both 0: no place */
    uint32_t ordinal;  /* number of the record, counted from 1; 0: not about a record */
    const char *field; /* name of the column or of the name's segment; NULL: none */
    const char *value; /* what was found: printable, at most FINDINGS_VALUE_CHARS characters; NULL: none */
    const char *text;  /* what was expected */
};

struct findings;

/* An empty list that keeps max_kept findings; findings_free. */
struct findings *findings_new(size_t max_kept);

/* NULL is allowed. */
void findings_free(struct findings *findings);

/* Adds a copy of finding. value: the raw bytes that were found, value_len of them; they are made printable, cut, and
 * take the place of finding->value. NULL: none. */
void findings_add(struct findings *findings, const struct finding *finding, const char *value, size_t value_len);

/* How many findings are kept. */
size_t findings_kept(const struct findings *findings);

/* The i-th kept finding, in the order in which they were added; borrowed. i must be below findings_kept. */
const struct finding *findings_at(const struct findings *findings, size_t i);

/* How often a code was added, as an error or as a warning. */
uint64_t findings_count(const struct findings *findings, enum code code);

/* How many findings were added. */
uint64_t findings_total(const struct findings *findings);

/* Whether more findings were added than are kept. */
bool findings_truncated(const struct findings *findings);

/* Whether an error of that category, 'b' or 'c', was added. */
bool findings_has_errors(const struct findings *findings, char category);

/* The first warning, or the first error, of that category; it is kept even after max_kept. NULL: none. Borrowed. */
const struct finding *findings_first(const struct findings *findings, char category, bool warning);

#endif
