/*
 * Facts: what an inbound file tells about Devices, while an instruction asks for work on them. Reference data (INV,
 * COS, NMM, PTY), results (EMT) and confirmations (EMC) tell facts. Work is ordered, and ended by the time, only after
 * the facts that came in time are judged (queue.h).
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_FACTS_H
#define ECOSGATE_GATEWAY_PIPELINE_FACTS_H

#include "formats/layout.h"

/* In the order of judging. */
enum facts { FACTS_REFERENCE, FACTS_STATEMENTS, FACTS_NONE };

/* Which facts a file of that type tells. NULL: the type is not known. */
enum facts facts_of(const struct file_type *type);

#endif
