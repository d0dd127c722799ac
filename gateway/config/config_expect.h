/*
 * The groups [expect NAME]: files that should come (expectation.h). A file of exceptions is part of the configuration:
 * what is wrong with one of its lines is a problem of the setting that names it.
 */
#ifndef ECOSGATE_GATEWAY_CONFIG_CONFIG_EXPECT_H
#define ECOSGATE_GATEWAY_CONFIG_CONFIG_EXPECT_H

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"

/* Reads one group and adds it to c->expectations. */
void config_load_expect(struct config_loading *l, struct config *c, const char *group);
/* Once all groups are known: each expectation must be of a party that may send files of that type. */
void config_check_expect(struct config_loading *l, const struct config *c);

#endif
