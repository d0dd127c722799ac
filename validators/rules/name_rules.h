/*
 * The name of an inbound file: B101 to B104 (formats/FILES.md, 2). Each segment of a wrong name gets its own finding.
 * The parts that can be guessed are used all the same, so that the content is judged too and one answer tells
 * everything.
 */
#ifndef ECOSGATE_VALIDATORS_RULES_NAME_RULES_H
#define ECOSGATE_VALIDATORS_RULES_NAME_RULES_H

#include "validators/judged_file.h"

/* Fills filename as far as the name can be read by file->profile, and adds what is wrong to file->findings. name: raw
 * bytes, len of them. True when the name is in the grammar, even if its sender or its time is wrong. */
bool name_rules_judge(const struct judged_file *file, const char *name, size_t len, struct filename *filename);

#endif
