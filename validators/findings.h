/*
 * The findings of one file: the first ones whole, all of them counted. A finding is data about a
 * sender's file, not an error of the gateway (formats/FILES.md, 5).
 *
 *   struct findings *list = findings_new(1000);
 *   findings_add(list, &(struct finding){.code = B208, …});     texts are copied and made printable
 *   findings_at(list, i), findings_kept(list), findings_count(list, B208)
 */
#ifndef ECOSGATE_VALIDATORS_FINDINGS_H
#define ECOSGATE_VALIDATORS_FINDINGS_H

#include "formats/reader.h"
#include "validators/catalogue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FINDINGS_DEFAULT_MAX = 1000, FINDINGS_VALUE_CHARS = 64 };

struct finding {
    enum code code;
    bool warning;
    struct place at;   /* line 0, column set: counts in the file's name; both 0: no place */
    uint32_t ordinal;  /* number of the record, 0: none */
    const char *field; /* NULL: none */
    const char *value; /* printable, cut to 64 characters; NULL: none */
    const char *text;
};

struct findings;

struct findings *findings_new(size_t max_kept);
void findings_free(struct findings *findings);

/* Adds a copy. value is raw bytes (value_len of them) and replaces finding->value; NULL: none. */
void findings_add(struct findings *findings, const struct finding *finding, const char *value, size_t value_len);

size_t findings_kept(const struct findings *findings);
const struct finding *findings_at(const struct findings *findings, size_t i);
uint64_t findings_count(const struct findings *findings, enum code code);
uint64_t findings_total(const struct findings *findings);
bool findings_truncated(const struct findings *findings);

/* True when an error of that category ('b', 'c') was found. */
bool findings_has_errors(const struct findings *findings, char category);

/* The first kept finding that is (not) a warning in that category; NULL: none. */
const struct finding *findings_first(const struct findings *findings, char category, bool warning);

#endif
