/* Any bytes as a name: parsing never crashes, faults lie within the name, a verdict of false always
 * has a reason, and an answer can be named for every good name. */
#include "formats/filename.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    const char *name;
    size_t len;
    size_t last;
    unsigned n;
};

static void on_fault(void *user, const struct filename_fault *fault)
{
    struct seen *seen = user;

    g_assert(fault->position >= 1 && fault->position <= seen->len + 1);
    g_assert(fault->position >= seen->last); /* left to right */
    g_assert(fault->found >= seen->name && fault->found <= seen->name + seen->len);
    g_assert(fault->found_len <= (size_t)(seen->name + seen->len - fault->found));
    g_assert(fault->segment != NULL && fault->expected[0] != '\0');
    seen->last = fault->position;
    seen->n++;
}

static void answer(const char *name, size_t len, const struct filename *f)
{
    g_autofree char *text = g_strndup(name, len);
    g_autofree char *ema = filename_answer(text, "EMA", 1);
    struct filename again;

    g_assert(f->type != NULL && f->form != FORM_UNKNOWN && f->sequence > 0);
    g_assert(f->stem_len <= len && strlen(ema) <= FILENAME_MAX_BYTES);
    /* Answers are no inbound files. */
    g_assert(!filename_parse(ema, strlen(ema), &again, NULL, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *name =
        g_memdup2(data, size); /* exact size: the sanitizer sees one byte over */
    struct seen seen = {.name = name, .len = size};
    struct filename f;
    bool ok = filename_parse(name, size, &f, on_fault, &seen);

    g_assert(ok == (seen.n == 0));
    g_assert(f.stem_len <= size);
    if (ok)
        answer(name, size, &f);
    return 0;
}
