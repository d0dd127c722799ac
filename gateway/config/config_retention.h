/* The group [retention]: when stored files are packed and removed (retention_rules.h). */
#ifndef ECOSGATE_GATEWAY_CONFIG_CONFIG_RETENTION_H
#define ECOSGATE_GATEWAY_CONFIG_CONFIG_RETENTION_H

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"

/* Reads it, also if it is missing: then all defaults hold. */
void config_load_retention(struct config_loading *l, struct config *c);
/* What contradicts other groups; to be called when all are read. */
void config_check_retention(struct config_loading *l, const struct config *c);

#endif
