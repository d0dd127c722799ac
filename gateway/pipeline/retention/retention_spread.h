/*
 * Moves the jobs that an earlier release, or a restore, has left in done/ itself into its subfolders (spool/job.h), in
 * the slices of retention.h. Once there are none, none come: the folder is read once.
 *
 *   struct spreading spreading = {0}; → spreading_go_on … → spreading_clear
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_RETENTION_RETENTION_SPREAD_H
#define ECOSGATE_GATEWAY_PIPELINE_RETENTION_RETENTION_SPREAD_H

#include "gateway/gateway.h"

struct spreading {
    GArray *flat; /* int64_t: jobs that stand in done/ itself; NULL: not looked yet */
};

/* Moves jobs until the time is up (gateway_time_is_up), and logs how many. False: the spool's folders failed. A job
 * that stands twice is told, and holds up no other. */
bool spreading_go_on(struct spreading *spreading, struct gateway *gateway, int64_t until, GError **error);
/* Forgets what is left. */
void spreading_clear(struct spreading *spreading);

#endif
