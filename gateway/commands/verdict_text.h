/*
 * The verdict of `check` as people read it: file, verdict, findings with a caret, a summary. Colour only on
 * a terminal.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_VERDICT_TEXT_H
#define ECOSGATE_GATEWAY_COMMANDS_VERDICT_TEXT_H

#include "validators/judge.h"

struct report_totals {
    uint64_t files[4]; /* by outcome */
    uint64_t unable;
    uint64_t devices, accepted, rejected, deferred;
};

void report_count(struct report_totals *totals, const struct verdict *verdict);
/* fd is read again for the lines that findings stand in. */
void report_file(const char *path, int fd, const struct unpack_limits *limits, const struct verdict *verdict);
void report_summary(const struct report_totals *totals, const struct rules *rules);

#endif
