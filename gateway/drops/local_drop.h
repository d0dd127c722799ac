/*
 * The transport of a drop whose folders are on a disk of this machine (transport.h).
 */
#ifndef ECOSGATE_GATEWAY_DROPS_LOCAL_DROP_H
#define ECOSGATE_GATEWAY_DROPS_LOCAL_DROP_H

#include "gateway/drops/transport.h"

extern const struct transport local_transport;

/* Its probe for `doctor` (local_probe.c): lists `in`, writes, renames and removes files of its own. */
void local_probe(const struct probe *probe);

#endif
