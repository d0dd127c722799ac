/*
 * The commands behind `ecosgate spool`. Each gets the arguments that follow its own name.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_SPOOL_H
#define ECOSGATE_GATEWAY_COMMANDS_SPOOL_H

#include "gateway/commands/command.h"
#include "gateway/pipeline/orders.h"

int spool_list(const struct invocation *invocation);
int spool_show(const struct invocation *invocation);
int spool_cat(const struct invocation *invocation);
int spool_verify(const struct invocation *invocation);
int spool_order(const struct invocation *invocation, enum order_verb verb);

/* A job's id from the command line; a fault is told. */
bool spool_parse_id(const char *text, int64_t *id);
/* "there is no job …" on standard error; returns EXIT_REFUSED. */
int spool_no_job(int64_t id);

json_t *spool_json_id(int64_t id);

#endif
