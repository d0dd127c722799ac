/*
 * The settings of each group of the configuration.
 */
#ifndef ECOSGATE_GATEWAY_CONFIG_CONFIG_GROUPS_H
#define ECOSGATE_GATEWAY_CONFIG_CONFIG_GROUPS_H

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"

/* Reads all groups into c, which is zeroed but for its containers. Problems go to l. */
void config_load_groups(struct config_loading *l, struct config *c);

#endif
