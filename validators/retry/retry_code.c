/* The tables of values that stand for a code: alerts, GBCS statuses, DUIS codes. */
#include "validators/retry/retry_code.h"

#include <glib.h>
#include <string.h>

/* A value of an EMT, the code that it stands for (CODE_COUNT: none), and what it says, where we tell that. */
struct meaning {
    const char *said;
    enum code code;
    const char *text;
};

static const struct meaning duis_codes[] = {
#define DUIS(said, code, text) {said, code, text},
#include "validators/duis.def"
#undef DUIS
};

static const struct meaning *find_meaning(const struct meaning *meanings, size_t n, const char *said)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(meanings[i].said, said) == 0)
            return &meanings[i];
    }
    return NULL;
}

const char *retry_duis_meaning(const char *duis)
{
    const struct meaning *meaning = find_meaning(duis_codes, G_N_ELEMENTS(duis_codes), duis);

    return meaning != NULL ? meaning->text : NULL;
}

/* Marks the code of a value. False: the value is not listed. */
static bool mark_code(const struct meaning *meanings, size_t n, const char *said, bool *codes)
{
    const struct meaning *meaning = find_meaning(meanings, n, said);

    if (meaning != NULL && meaning->code != CODE_COUNT)
        codes[meaning->code] = true;
    return meaning != NULL;
}

/* Marks the codes of all values. A status that means success stands for no code; one that is not listed is D127. An
 * alert that is not listed has nothing to do with the try (gateway/DEVICES.md, States). */
static void mark_codes(const struct retry_result *result, bool *codes)
{
    static const struct meaning alerts[] = {
        {"8F1E", D140, NULL}, {"8F30", D140, NULL}, {"8F3D", D140, NULL}, {"819D", D141, NULL}, {"8F84", D141, NULL},
    };
    static const struct meaning gbcs[] = {
        {"5", D105, NULL}, {"10", D110, NULL}, {"17", D117, NULL}, {"25", D125, NULL}, {"30", D130, NULL},
    };

    if (result->alert != NULL)
        (void)mark_code(alerts, G_N_ELEMENTS(alerts), result->alert, codes); /* see above */
    if (result->gbcs != NULL && strcmp(result->gbcs, "0") != 0 &&
        !mark_code(gbcs, G_N_ELEMENTS(gbcs), result->gbcs, codes))
        codes[D127] = true;
    if (result->duis != NULL && !mark_code(duis_codes, G_N_ELEMENTS(duis_codes), result->duis, codes))
        codes[D127] = true;
}

bool retry_says_error(const struct retry_result *result)
{
    bool codes[CODE_COUNT] = {false};

    mark_codes(result, codes);
    for (enum code code = D101; code < CODE_COUNT; code++) {
        if (codes[code])
            return true;
    }
    return false;
}

enum code retry_code(const struct retry_result *result)
{
    bool codes[CODE_COUNT] = {false};
    enum code first = CODE_COUNT;

    mark_codes(result, codes);
    for (enum code code = D101; code < CODE_COUNT; code++) {
        if (codes[code] && !catalogue_entry(code)->transient)
            return code;
        if (codes[code] && first == CODE_COUNT)
            first = code;
    }
    if (first != CODE_COUNT)
        return first;
    return result->kind == RESULT_TIMEOUT ? D103 : D127;
}
