/*
 * Which algorithms are offered to the server, and in which order: of an allow list what this libssh2 has, or what
 * the drop's settings kex=, host_keys=, ciphers= and macs= say.
 *
 * A `method` is one of LIBSSH2_METHOD_…. Lists are names joined by ',', the preferred one first.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_ALGORITHMS_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_ALGORITHMS_H

#include "gateway/drops/sftp/sftp_state.h"

/* What the libssh2 that runs has for a method, in its own order; "" if it has none. g_free. */
char *sftp_supported(struct direct *sftp, int method);
/* True if it has that algorithm. */
bool sftp_supports(struct direct *sftp, int method, const char *algorithm);
/* True if the list holds the name. Blanks around names are allowed. */
bool sftp_is_listed(const char *list, const char *algorithm);

/* The key exchanges that are offered where the drop's settings name none: of `supported` what is not old; ciphers in
 * order of cost, encrypt-then-MAC first. g_free. */
char *sftp_good_kex(const char *supported);
/* The same of ciphers. g_free. */
char *sftp_good_ciphers(const char *supported);
/* The same of MACs. g_free. */
char *sftp_good_macs(const char *supported);

/* Call this before the handshake. Sets the algorithms of sftp->ssh; host_keys is a list of sftp_trust. PROTOCOL if
 * libssh2 knows none of those that a setting names. */
bool sftp_prefer_algorithms(struct direct *sftp, const char *host_keys, GError **error);

#endif
