/*
 * What a column may contain, in the words of the format: limits as the folder gives them (enum, pattern, lengths) with
 * the words of codes.json in place of the values that they are for. The exported Table Schemas and the XSD have them.
 *
 *   json_t *shown = profile_export_limits(profile, FACT_header_environment, true, limits);
 *   … {"enum": ["LIVE", "TEST"]} has become {"enum": ["production", "trial"]} …
 *   json_decref(shown);
 *
 * All words of a value are named: the gateway reads them all. It writes the first one.
 */
#ifndef ECOSGATE_FORMATS_PROFILE_PROFILE_EXPORT_WORDS_H
#define ECOSGATE_FORMATS_PROFILE_PROFILE_EXPORT_WORDS_H

#include "formats/profile.h"

#include <jansson.h>

/* The fact that a field of a Table Schema carries; FACT_NONE: none. */
enum fact profile_export_fact(const json_t *field);

/* The limits of a column with that fact. inbound: it stands in a file that arrives, which can say only what has a word.
 * limits may be NULL, and may hold other members, which are kept. The caller owns the reference; NULL: there are none.
 */
json_t *profile_export_limits(const struct profile *profile, enum fact fact, bool inbound, json_t *limits);

/* Adds the most characters that the gateway reads to limits that say nothing about the value: a file that arrives would
 * be refused for more. Takes the limits, which may be NULL, and returns the caller's reference. */
json_t *profile_export_cap(json_t *limits, json_int_t characters);

#endif
