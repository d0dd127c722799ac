/*
 * What the sources of the condition share. Only gateway/condition/ includes this header.
 */
#ifndef ECOSGATE_GATEWAY_CONDITION_CONDITION_PRIVATE_H
#define ECOSGATE_GATEWAY_CONDITION_CONDITION_PRIVATE_H

#include "gateway/condition/condition.h"

/* Adds the drops of the configuration and those that files are still owed to (condition_drops.c). */
bool condition_fill_drops(struct gateway *gateway, bool list_drops, struct condition *condition, GError **error);
/* The drop of that name; NULL if there is none. */
struct drop_condition *condition_drop(struct condition *condition, const char *name);

/* Adds all alarms and counts the incidents; all else is filled (condition_alarms.c). */
bool condition_fill_alarms(struct gateway *gateway, struct condition *condition, GError **error);

#endif
