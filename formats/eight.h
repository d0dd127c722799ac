/*
 * Eight bytes at once, as one number: a question about each of them is one about the highest bits of its bytes. In
 * standard C, and a few instructions on any processor of 64 bits. Files hold hardly anything but ASCII; what these
 * functions say of other bytes is written with each.
 */
#ifndef ECOSGATE_FORMATS_EIGHT_H
#define ECOSGATE_FORMATS_EIGHT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The same byte eight times. */
#define EIGHT(byte) (UINT64_C(0x0101010101010101) * (byte))
#define EIGHT_HIGH EIGHT(0x80)

/* The first byte is the lowest one. */
static inline uint64_t eight_load(const char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return GUINT64_FROM_LE(word);
}

/* Texts of at most eight bytes as a number, without a byte beside them: NUL stands for those that are missing. So two
 * texts without a NUL are the same where their numbers are. */
static inline uint64_t eight_short(const char *text, size_t len)
{
    uint32_t first, last;
    uint64_t word = 0;

    if (len == sizeof word)
        return eight_load(text);
    if (len >= sizeof first) { /* two that overlap, whatever the length is */
        memcpy(&first, text, sizeof first);
        memcpy(&last, text + len - sizeof last, sizeof last);
        return GUINT32_FROM_LE(first) | (uint64_t)GUINT32_FROM_LE(last) << 8 * (len - sizeof last);
    }
    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)(unsigned char)text[i] << 8 * i;
    return word;
}

/* The highest bit of each byte is set where it is at least `least`, which is 1 to 0x80. Of bytes below 0x80: adding to
 * them never carries into the next one. */
static inline uint64_t eight_from(uint64_t word, unsigned least)
{
    return word + EIGHT(0x80 - least);
}

/* The highest bit of each byte is set where it is another than `byte`. Both are below 0x80. */
static inline uint64_t eight_other_than(uint64_t word, unsigned byte)
{
    return (word ^ EIGHT(byte)) + EIGHT(0x7f);
}

/* True where all eight are decimal digits. For any bytes. */
static inline bool eight_are_digits(uint64_t word)
{
    return (eight_from(word, '0') & ~eight_from(word, '9' + 1) & ~word & EIGHT_HIGH) == EIGHT_HIGH;
}

/* The number of eight decimal digits. */
static inline uint32_t eight_decimal(uint64_t word)
{
    const uint64_t lowest = UINT64_C(0x000000ff000000ff);

    word -= EIGHT('0');
    word = word * 10 + (word >> 8); /* in every second byte the number of two digits */
    word = (word & lowest) * (100 + (UINT64_C(1000000) << 32)) + (word >> 16 & lowest) * (1 + (UINT64_C(10000) << 32));
    return (uint32_t)(word >> 32);
}

/* True where all eight are hex digits, in either case. For any bytes. */
static inline bool eight_are_hex(uint64_t word)
{
    uint64_t lower = word | EIGHT('a' - 'A');
    uint64_t digits = eight_from(word, '0') & ~eight_from(word, '9' + 1);
    uint64_t letters = eight_from(lower, 'a') & ~eight_from(lower, 'f' + 1);

    return ((digits | letters) & ~word & EIGHT_HIGH) == EIGHT_HIGH;
}

/* The sum of all bytes. */
static inline uint64_t eight_sum(const char *bytes, size_t len)
{
    enum { PAIRS = 0xffff / (2 * 0xff) }; /* words, after which a sum of pairs of bytes may overflow */
    const uint64_t low = UINT64_C(0x00ff00ff00ff00ff);
    uint64_t sum = 0;
    size_t i = 0;

    while (len - i >= sizeof sum) {
        uint64_t pairs = 0;
        for (size_t n = 0; n < PAIRS && len - i >= sizeof sum; n++, i += sizeof sum) {
            uint64_t word = eight_load(bytes + i);
            pairs += (word & low) + (word >> 8 & low);
        }
        sum += (pairs & 0xffff) + (pairs >> 16 & 0xffff) + (pairs >> 32 & 0xffff) + (pairs >> 48);
    }
    for (; i < len; i++)
        sum += (unsigned char)bytes[i];
    return sum;
}

/* The highest bit of at least one byte is set where one is NUL or no ASCII: taking one from a NUL sets it. */
static inline uint64_t eight_odd(uint64_t word)
{
    return word | (word - EIGHT(1));
}

/* The same of len bytes, a multiple of 32, in registers of 16. Of rows of CSV, which are looked at together, that takes
 * less than half the time. */
static inline uint64_t eight_odd_of_many(const char *text, size_t len)
{
    typedef uint64_t pair __attribute__((vector_size(16)));
    const pair one = {EIGHT(1), EIGHT(1)};
    pair odd = {0}, other = {0}, word;

    for (size_t i = 0; i < len; i += 2 * sizeof word) {
        memcpy(&word, text + i, sizeof word);
        odd |= word | (word - one);
        memcpy(&word, text + i + sizeof word, sizeof word);
        other |= word | (word - one);
    }
    odd |= other;
    return odd[0] | odd[1];
}

/* True where all bytes are ASCII but NUL. Nearly all texts are: to leave at the first other byte costs more than it
 * saves. */
static inline bool eight_is_ascii(const char *text, size_t len)
{
    enum { MANY = 32 };
    uint64_t odd = len >= 4 * MANY ? eight_odd_of_many(text, len / MANY * MANY) : 0;
    size_t i = len >= 4 * MANY ? len / MANY * MANY : 0;

    if (len < sizeof odd) {
        while (i < len && text[i] > 0)
            i++;
        return i == len;
    }
    for (; i + sizeof odd < len; i += sizeof odd)
        odd |= eight_odd(eight_load(text + i));
    return ((odd | eight_odd(eight_load(text + len - sizeof odd))) & EIGHT_HIGH) == 0;
}

#endif
