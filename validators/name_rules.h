/*
 * The name of an inbound file: B101 to B104 (formats/FILES.md, 2). Each segment of a wrong name gets its own finding.
 * The parts that can be guessed are used all the same, so that the content is judged too and one answer tells
 * everything.
 */
#ifndef ECOSGATE_VALIDATORS_NAME_RULES_H
#define ECOSGATE_VALIDATORS_NAME_RULES_H

#include "formats/filename.h"
#include "validators/findings.h"
#include "validators/rules.h"

/* Fills filename as far as the name can be read, and adds what is wrong to findings. name: raw bytes, len of them.
 * True when the name is in the grammar, even if its sender or its time is wrong. */
bool name_rules_judge(const struct rules *rules, const char *name, size_t len, struct filename *filename,
                      struct findings *findings);

#endif
