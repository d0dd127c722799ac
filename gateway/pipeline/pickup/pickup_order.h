/*
 * The order in which the files of one listing are picked up: that of their names. For one type and sender it is the
 * order of their numbers; of those made in one second, the greatest number that such names may have comes before 1.
 *
 *   pickup_order_sort(inbox->entries)
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_PICKUP_PICKUP_ORDER_H
#define ECOSGATE_GATEWAY_PIPELINE_PICKUP_PICKUP_ORDER_H

#include "gateway/pipeline/pickup/inbox_private.h"

/* Sorts them (struct listed *) by `order`, a name in the order of the built-in profile. Whatever the names are, the
 * result depends on the names alone, not on the order in which they were listed. */
void pickup_order_sort(GPtrArray *listed);

#endif
