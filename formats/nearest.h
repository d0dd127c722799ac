/*
 * "Did you mean …": which word of a list is meant by one that is not in it.
 *
 *   struct nearest nearest = nearest_to("device.idd");
 *   for each word of the list: nearest_try(&nearest, word);
 *   if (nearest.word != NULL) … "; did you mean device.id?"
 */
#ifndef ECOSGATE_FORMATS_NEAREST_H
#define ECOSGATE_FORMATS_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *text; /* what somebody wrote; borrowed */
    const char *word; /* the best word so far; NULL: none is near enough to be meant. Borrowed */
    size_t distance;  /* characters that differ between the two */
};

/* Begins a search. */
struct nearest nearest_to(const char *text);

/* How many characters differ between a text of len bytes and a word, at most 64: of texts that are longer, 64. */
size_t nearest_distance(const char *text, size_t len, const char *word);

/* Offers a word of the list. NULL is allowed. */
void nearest_try(struct nearest *nearest, const char *word);

#endif
