/*
 * Who else may write what the gateway trusts: its configuration, the folders of the spool and of orders, and the
 * known_hosts of SFTP drops; and their keys and passphrases, which nobody else may read either. Looks at the disk, and
 * belongs to the start of `run` and to each time the configuration is read again.
 */
#ifndef ECOSGATE_GATEWAY_CONFIG_CONFIG_RIGHTS_H
#define ECOSGATE_GATEWAY_CONFIG_CONFIG_RIGHTS_H

#include "gateway/config/config.h"

/* What is wrong, one a line, each with what helps; NULL: nothing. A file that is missing is no fault here, but for the
 * keys that outgoing files are signed with, which are opened (config_open_keys): each must be that of its certificate.
 * place: the configuration in whose folder relative paths begin. g_free. */
char *config_rights_problems(const struct config *config, const char *place);
/* The same without opening keys, for those who may not read them. */
char *config_modes_problems(const struct config *config, const char *place);

#endif
