/* Reading without branches on digits: a file of a million Devices holds two million of these identifiers. */
#include "formats/eui64.h"

/* A hex digit's value and one more; 0 for anything else. A table, because digits are random: most of the time went into
 * branches that the processor had guessed wrong. */
static const unsigned char hex_plus_one[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
    ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

bool eui64_parse(const char *text, size_t len, uint64_t *id)
{
    uint64_t value = 0;
    bool good = true;

    if (len != EUI64_TEXT_LENGTH)
        return false;
    for (size_t i = 0; i < EUI64_TEXT_LENGTH; i += 3) {
        unsigned high = hex_plus_one[(unsigned char)text[i]];
        unsigned low = hex_plus_one[(unsigned char)text[i + 1]];
        good &= high != 0 && low != 0 && (i + 2 == EUI64_TEXT_LENGTH || text[i + 2] == '-');
        value = value << 8 | (uint64_t)((high - 1) & 0xF) << 4 | ((low - 1) & 0xF);
    }
    if (good)
        *id = value;
    return good;
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
