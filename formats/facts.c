/* Facts are looked up by name once for each file and column; a row then uses the index (writer.c, report_writer.c). */
#include "formats/facts.h"

#include <string.h>

bool facts_find(const char *const *names, size_t n, const char *name, size_t *at)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0) {
            *at = i;
            return true;
        }
    }
    return false;
}
