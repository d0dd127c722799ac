/* Reading without branches on digits, which are random: a file of a million Devices holds two million of these
 * identifiers. "00-DB-12" are eight bytes; with three such numbers, of which the last two share a pair, a text is read
 * in half the time that a table of digits took. */
#include "formats/eui64.h"

#include "formats/eight.h"

/* The bytes of eight that are no digits in three pairs: the third and the sixth. */
#define BETWEEN(byte) (UINT64_C(0x0000010000010000) * (byte))

/* Reads three pairs. */
static inline bool read_pairs(const char *text, uint64_t *value)
{
    uint64_t word = eight_load(text), digits = word ^ BETWEEN('-' ^ '0');
    uint64_t halves = (digits & EIGHT(0xf)) + (digits >> 6 & EIGHT(1)) * 9; /* 'A' and 'a' end in 1 */
    uint64_t pairs = halves << 4 | halves >> 8;

    *value = (pairs & 0xff) << 16 | (pairs >> 24 & 0xff) << 8 | (pairs >> 48 & 0xff);
    return (word & BETWEEN(0xff)) == BETWEEN('-') && eight_are_hex(digits);
}

bool eui64_parse(const char *text, size_t len, uint64_t *id)
{
    uint64_t first, second, third;

    if (len != EUI64_TEXT_LENGTH || !read_pairs(text, &first) || text[8] != '-' || !read_pairs(text + 9, &second) ||
        !read_pairs(text + 15, &third))
        return false;
    *id = first << 40 | second << 16 | third; /* the shared pair is the same in both */
    return true;
}

void eui64_print(uint64_t id, char out[EUI64_TEXT_SIZE])
{
    static const char digits[] = "0123456789ABCDEF";
    char *p = out;

    for (int shift = 56; shift >= 0; shift -= 8) {
        *p++ = digits[id >> (shift + 4) & 0xF];
        *p++ = digits[id >> shift & 0xF];
        *p++ = '-';
    }
    p[-1] = '\0'; /* instead of the last '-' */
}
