/*
 * Which files go first. Reference data (INV, COS, NMM, PTY) and statements of the Service Providers (EMT, EMC) tell how
 * it is with Devices, while an instruction asks for work on them. Work is ordered, and ended by the time, only after
 * what came in time is judged (queue.h).
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_PRECEDENCE_H
#define ECOSGATE_GATEWAY_PIPELINE_PRECEDENCE_H

#include "formats/layout.h"

/* In the order of judging. */
enum precedence { PRECEDENCE_REFERENCE, PRECEDENCE_STATEMENTS, PRECEDENCE_LAST };

/* That of a file of the type. NULL: the type is not known. */
enum precedence precedence_of(const struct file_type *type);

#endif
