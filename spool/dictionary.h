/*
 * Strings of bytes of which few are different, such as the models of millions of Devices: each is kept once, and a
 * number stands for it wherever it comes again.
 *
 *     dictionary_new → dictionary_put, dictionary_get … → dictionary_free
 *
 * Memory: DICTIONARY_STRINGS strings of DICTIONARY_BYTES together, and some 100 bytes for each. When it is full it
 * takes no new ones: dictionary_put writes those out.
 */
#ifndef ECOSGATE_SPOOL_DICTIONARY_H
#define ECOSGATE_SPOOL_DICTIONARY_H

#include <glib.h>
#include <stdint.h>

enum { DICTIONARY_STRINGS = 1 << 15, DICTIONARY_BYTES = 4 * 1024 * 1024 };

struct dictionary;
typedef struct dictionary dictionary_t;

struct dictionary_entry {
    uint32_t number; /* from 1 on */
    uint32_t len;
    int64_t value;        /* the caller's own; of a new entry -1 */
    const uint8_t *bytes; /* behind this struct: aligned for any type */
};

/* An empty one. */
struct dictionary *dictionary_new(void);
/* Appends to a record the number of the entry of these bytes; without room for them 0, their length and the bytes. The
 * entry; NULL: there is none. */
struct dictionary_entry *dictionary_put(struct dictionary *dictionary, const void *bytes, size_t len,
                                        GByteArray *record);
/* The bytes that dictionary_put has put there, borrowed from the dictionary or from the record. Moves *at behind it.
 * *entry: as of dictionary_put. */
const uint8_t *dictionary_get(const struct dictionary *dictionary, const uint8_t **at,
                              const struct dictionary_entry **entry);

/* NULL is allowed. */
void dictionary_free(struct dictionary *dictionary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(dictionary_t, dictionary_free)

#endif
