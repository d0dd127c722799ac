/*
 * Numbers in as few bytes as they need: seven bits in each, the lowest first; the highest bit says that more follow.
 * For records of temporary files that this program itself reads again: nothing here is checked.
 */
#ifndef ECOSGATE_SPOOL_VARINT_H
#define ECOSGATE_SPOOL_VARINT_H

#include <glib.h>
#include <stdint.h>

enum { VARINT64_SIZE = 10, VARINT32_SIZE = 5 }; /* at most */

/* Writes the number. Returns where its bytes end. */
static inline uint8_t *varint_put(uint8_t *to, uint64_t number)
{
    for (; number > 0x7F; number >>= 7)
        *to++ = (uint8_t)(number | 0x80);
    *to++ = (uint8_t)number;
    return to;
}

/* Reads a number, and moves *from behind it. */
static inline uint64_t varint_get(const uint8_t **from)
{
    uint64_t number = 0;

    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *(*from)++;
        number |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0)
            return number;
    }
}

/* Appends a number. */
static inline void varint_append(GByteArray *to, uint64_t number)
{
    uint8_t bytes[VARINT64_SIZE];

    g_byte_array_append(to, bytes, (guint)(varint_put(bytes, number) - bytes));
}

/* A number that may be below zero, in few bytes also then: its sign stands in the lowest bit. */
static inline uint64_t varint_fold(int64_t number)
{
    return (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);
}

static inline int64_t varint_unfold(uint64_t folded)
{
    return (int64_t)(folded >> 1 ^ ((folded & 1) != 0 ? UINT64_MAX : 0));
}

#endif
