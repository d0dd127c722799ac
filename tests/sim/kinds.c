#include "tests/sim/kinds.h"

#include "tests/sim/shared.h"

#include <inttypes.h>
#include <stdio.h>

#define KIND(name, text) text,
static const char *const texts[KINDS] = {
#include "tests/sim/kinds.def"
};
#undef KIND

void kinds_seen(enum kind kind)
{
    if (shared == NULL)
        return;
    shared->seen[kind]++;
    shared_trace("seen: %s", texts[kind]);
}

void kinds_print(const uint64_t counts[KINDS])
{
    for (int kind = 0; kind < KINDS; kind++)
        printf("seen %" PRIu64 " times: %s\n", counts[kind], texts[kind]);
}
