/*
 * The transport of a drop on a local disk (transport.h). Links, pipes and folders are never opened.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_LOCAL_DROP_H
#define ECOSGATE_GATEWAY_DROPS_LOCAL_DROP_H

#include "gateway/drops/transport.h"

extern const struct transport local_transport;

#endif
