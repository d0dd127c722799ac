#include "formats/eui64.h"

/* -1 for anything but a hex digit. Not isxdigit(): that depends on the locale. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool eui64_parse(const char *text, size_t len, uint64_t *id)
{
    uint64_t value = 0;

    if (len != EUI64_TEXT_LENGTH)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (i % 3 == 2) {
            if (text[i] != '-')
                return false;
            continue;
        }
        int digit = hex_value(text[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (uint64_t)digit;
    }
    *id = value;
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
