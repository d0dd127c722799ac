/*
 * Findings as a text, for tests that compare them with an expected text.
 */
#ifndef ECOSGATE_TESTS_CODES_OF_H
#define ECOSGATE_TESTS_CODES_OF_H

#include "validators/findings.h"

#include <glib.h>

/* The codes of the kept findings, "C101 C113?" (?: a warning); g_free. */
static inline char *codes_of(const struct findings *findings)
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < findings_kept(findings); i++)
        g_string_append_printf(text, "%s%s%s", i ? " " : "", catalogue_entry(findings_at(findings, i)->code)->id,
                               findings_at(findings, i)->warning ? "?" : "");
    return g_string_free(text, FALSE);
}

#endif
