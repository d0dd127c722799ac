/* The settings of [thresholds], and those of the same kind in [party ORG] (config_file.h). */
#ifndef ECOSGATE_GATEWAY_CONFIG_CONFIG_THRESHOLDS_H
#define ECOSGATE_GATEWAY_CONFIG_CONFIG_THRESHOLDS_H

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"

/* To be called when [gateway] and all parties are loaded: the defaults depend on the environment, and those of a party
 * on [thresholds]. */
void config_load_thresholds(struct config_loading *l, struct config *c);

#endif
