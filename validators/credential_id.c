/* Nothing is converted and kept: both ids are walked at once, so that the ledger has each as it was stated. */
#include "validators/credential_id.h"

#include <glib.h>
#include <stddef.h>
#include <string.h>

/* The digits of an id, or its end, from there on. */
static const char *skip_separators(const char *at)
{
    while (*at == '-' || *at == ':' || *at == '.') /* strspn() was a third of the time of a confirmation's rules */
        at++;
    return at;
}

/* The digits of an id of whole bytes; NULL: it is no such id. */
static const char *digits_of(const char *id)
{
    const char *begin = id[0] == '0' && (id[1] == 'x' || id[1] == 'X') ? id + 2 : id;
    size_t n = 0;

    for (const char *at = begin; *at != '\0'; at = skip_separators(at + 1)) {
        if (!g_ascii_isxdigit(*at))
            return NULL;
        n++;
    }
    return n > 0 && n % 2 == 0 ? begin : NULL;
}

bool credential_id_same(const char *a, const char *b)
{
    if (g_strcmp0(a, b) == 0) /* nearly always */
        return true;
    const char *x = a != NULL ? digits_of(a) : NULL, *y = b != NULL ? digits_of(b) : NULL;

    if (x == NULL || y == NULL)
        return false;
    while (*x != '\0' && g_ascii_xdigit_value(*x) == g_ascii_xdigit_value(*y)) {
        x = skip_separators(x + 1);
        y = skip_separators(y + 1);
    }
    return *x == *y; /* both have ended */
}

char *credential_id_key(const char *id)
{
    const char *digits = digits_of(id);
    char *key = g_strdup(id), *end = key; /* the key is never longer than the id */

    for (; digits != NULL && *digits != '\0'; digits = skip_separators(digits + 1))
        *end++ = g_ascii_toupper(*digits);
    if (digits != NULL)
        *end = '\0';
    return key;
}
