/*
 * The settings signature= and signer_…= of a party, and those of the gateway's own keys.
 */
#ifndef ECOSGATE_GATEWAY_CONFIG_CONFIG_SIGNATURE_H
#define ECOSGATE_GATEWAY_CONFIG_CONFIG_SIGNATURE_H

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"

/* Reads them from the group g and loads the trust anchors. Problems go to l. */
void config_load_party_signature(struct config_loading *l, struct config *c, const char *g, struct party *party);
/* Reads the settings of the keys that outgoing files are signed with from [gateway], and the certificates; not the
 * keys, which only `run` may read. Problems go to l. */
void config_load_signing(struct config_loading *l, struct config *c);
/* Frees what it has read. */
void config_clear_signing(struct config *c);
/* Opens the keys. Each problem is told once. A token that cannot be reached now is none, for its service may start
 * after the gateway; config_each_away tells it. To be called by those that sign or judge the configuration for them. */
void config_open_keys(const struct config *c, void (*tell)(void *user, const char *problem), void *user);
/* Tells of each key whose token could not be reached when it was opened. */
void config_each_away(const struct config *c, void (*tell)(void *user, const char *why), void *user);
/* Ends the processes that sign, if there are any; the next signature starts another one. */
void config_rest_keys(const struct config *c);
/* The key that signs at the time `now` (seconds UTC): of those whose certificates are valid the one whose certificate
 * began last. NULL: none is valid (G_FILE_ERROR). */
const struct signature_key *config_signing_key(const struct config *c, int64_t now, GError **error);
/* Whether a file that is planned for the drop gets a signature. */
bool config_signs(const struct config *c, const struct drop *drop);

/* Marks the drops through which signatures come. To be called once all groups are read. */
void config_mark_signed_drops(struct config *c);

#endif
