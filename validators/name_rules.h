/*
 * The name of an inbound file: B101, B102, B103, B104 (formats/FILES.md, 2). A wrong name is
 * diagnosed segment by segment; what could be guessed is handed on, so that the content is judged too.
 */
#ifndef ECOSGATE_VALIDATORS_NAME_RULES_H
#define ECOSGATE_VALIDATORS_NAME_RULES_H

#include "formats/filename.h"
#include "validators/findings.h"
#include "validators/rules.h"

/* True when the name is in the grammar (its sender and time may still be wrong). */
bool name_rules_judge(const struct rules *rules, const char *name, size_t len, struct filename *filename,
                      struct findings *findings);

#endif
