/* The distance is that of Levenshtein: letters to insert, remove or replace. Upper and lower case count as the same. */
#include "formats/nearest.h"

#include <glib.h>
#include <string.h>

enum { MAX_BYTES = 64 /* of a word that is compared */ };

/* The distance of two texts of at most MAX_BYTES; a has len of them. */
static size_t distance(const char *a, size_t len, const char *b)
{
    size_t row[MAX_BYTES + 1], n = strlen(b);

    for (size_t k = 0; k <= n; k++)
        row[k] = k;
    for (size_t i = 1; i <= len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= n; k++) {
            size_t replaced = diagonal + (g_ascii_tolower(a[i - 1]) != g_ascii_tolower(b[k - 1]));
            diagonal = row[k];
            row[k] = MIN(replaced, MIN(row[k], row[k - 1]) + 1);
        }
    }
    return row[n];
}

struct nearest nearest_to(const char *text)
{
    size_t len = strlen(text);

    /* One character of one is all of it: nothing is near. */
    return (struct nearest){.text = text, .distance = len > 1 ? 1 + len / 3 : 0};
}

size_t nearest_distance(const char *text, size_t len, const char *word)
{
    return len <= MAX_BYTES && strlen(word) <= MAX_BYTES ? distance(text, len, word) : MAX_BYTES;
}

void nearest_try(struct nearest *nearest, const char *word)
{
    if (word == NULL || strlen(word) > MAX_BYTES || strlen(nearest->text) > MAX_BYTES)
        return;
    size_t found = distance(nearest->text, strlen(nearest->text), word);
    if (found < nearest->distance || (found == nearest->distance && nearest->word == NULL)) {
        nearest->word = word;
        nearest->distance = found;
    }
}
