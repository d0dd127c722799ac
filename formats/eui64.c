/* Reading without branches on digits, which are random: a file of a million Devices holds two million of these
 * identifiers. "00-DB-12" are eight bytes; with three such numbers, of which the last two share a pair, a text is read
 * in half the time that a table of digits took. */
#include "formats/eui64.h"

#include "formats/eight.h"

/* The bytes of eight that are no digits in three pairs: the third and the sixth. */
#define BETWEEN(byte) (UINT64_C(0x0000010000010000) * (byte))

/* True where the word is three pairs with '-' between them. */
static inline bool are_pairs(uint64_t word)
{
    return (word & BETWEEN(0xff)) == BETWEEN('-') && eight_are_hex(word ^ BETWEEN('-' ^ '0'));
}

/* Reads three pairs. */
static inline uint64_t read_pairs(uint64_t word)
{
    uint64_t digits = word ^ BETWEEN('-' ^ '0');
    uint64_t halves = (digits & EIGHT(0xf)) + (digits >> 6 & EIGHT(1)) * 9; /* 'A' and 'a' end in 1 */
    uint64_t pairs = halves << 4 | halves >> 8;

    return (pairs & 0xff) << 16 | (pairs >> 24 & 0xff) << 8 | (pairs >> 48 & 0xff);
}

bool eui64_is_one(const char *text, size_t len)
{
    return len == EUI64_TEXT_LENGTH && text[8] == '-' && are_pairs(eight_load(text)) &&
           are_pairs(eight_load(text + 9)) && are_pairs(eight_load(text + 15));
}

bool eui64_parse(const char *text, size_t len, uint64_t *id)
{
    if (!eui64_is_one(text, len))
        return false;
    /* the pair that the last two words share is the same in both */
    *id =
        read_pairs(eight_load(text)) << 40 | read_pairs(eight_load(text + 9)) << 16 | read_pairs(eight_load(text + 15));
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
