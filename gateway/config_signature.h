/*
 * The settings signature= and signer_…= of a party.
 */
#ifndef ECOSGATE_GATEWAY_CONFIG_SIGNATURE_H
#define ECOSGATE_GATEWAY_CONFIG_SIGNATURE_H

#include "gateway/config.h"
#include "gateway/config_file.h"

/* Reads them from the group g and loads the trust anchors. Problems go to l. */
void config_load_party_signature(struct config_loading *l, struct config *c, const char *g, struct party *party);
/* Marks the drops through which signatures come. To be called once all groups are read. */
void config_mark_signed_drops(struct config *c);

#endif
