/*
 * The verdicts of `check` as text for people: the file, its verdict, each finding with a caret under its place, and a
 * summary at the end. Goes to standard output, with colour on a terminal only.
 *
 *   struct verdict_totals totals = {0};
 *   verdict_text_count(&totals, &verdict); verdict_text_print(path, fd, &rules, &verdict);   for each file
 *   verdict_text_summary(&totals, &rules);
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_CHECK_VERDICT_TEXT_H
#define ECOSGATE_GATEWAY_COMMANDS_CHECK_VERDICT_TEXT_H

#include "validators/judge.h"

struct verdict_totals {
    uint64_t files[4];                              /* by outcome: AC, WN, PA, RJ */
    uint64_t unable;                                /* files that could not be judged */
    uint64_t unanswered;                            /* files that were judged and could not be answered */
    uint64_t left_out;                              /* entries of folders that a drop would leave alone */
    uint64_t devices, accepted, rejected, deferred; /* Devices of all instructions */
};

/* What a verdict says, "rejected whole: 3 Devices, 0 accepted, 3 rejected, 0 deferred". g_free. */
char *verdict_text_of(const struct verdict *verdict);
/* A code as the sender's profile calls it, and behind it the catalogue's if that is another: "E-108 (C108)". g_free. */
char *verdict_text_code(const struct verdict *verdict, enum code code);
/* What the code means: the text of the profile, else the catalogue's name. */
const char *verdict_text_name(const struct verdict *verdict, enum code code);
/* Where a finding is and what stands there, "  line 5, column 3  DeviceCount  \"4\"". g_free. */
char *verdict_text_place(const struct finding *finding);

/* Adds a verdict to the totals. */
void verdict_text_count(struct verdict_totals *totals, const struct verdict *verdict);
/* Prints one file's verdict and findings. Reads fd again from its beginning, for the lines around the findings; the
 * caller keeps and closes it. path is escaped here. */
void verdict_text_print(const char *path, int fd, const struct rules *rules, const struct verdict *verdict);
/* Prints the totals, and the codes that a dry run does not judge. */
void verdict_text_summary(const struct verdict_totals *totals, const struct rules *rules);

#endif
