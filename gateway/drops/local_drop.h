/*
 * The transport of a drop whose folders are on a disk of this machine (transport.h).
 */
#ifndef ECOSGATE_GATEWAY_DROPS_LOCAL_DROP_H
#define ECOSGATE_GATEWAY_DROPS_LOCAL_DROP_H

#include "gateway/drops/transport.h"

extern const struct transport local_transport;

/* Its probe for `doctor` (local_probe.c): lists `in`, writes, renames and removes files of its own. */
void local_probe(const struct probe *probe);

/* The claim (local_claim.c), as the members of transport.h describe it. Errors of the disk are SPOOL_ERROR. */
bool local_claim_read(const struct drop *drop, struct claim_text *claim, GError **error);
/* The same; SPOOL_ERROR_EXISTS if something stands there. */
bool local_claim_make(const struct drop *drop, const char *text, GError **error);
/* The same. */
bool local_claim_write(const struct drop *drop, const char *text, GError **error);

#endif
