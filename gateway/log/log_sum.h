/*
 * Events that are written once a pass, as sums: what happens a million times is no line each time. What was added
 * within a transaction counts from its commit on, and not at all if it is rolled back.
 */
#ifndef ECOSGATE_GATEWAY_LOG_LOG_SUM_H
#define ECOSGATE_GATEWAY_LOG_LOG_SUM_H

#include "gateway/log/log_private.h"

/* Adds n to the number `name` of the event; name is a constant. */
void log_sum_add(enum log_event_id id, const char *name, int64_t n);
/* Adds it within a transaction: until log_sum_commit it can be undone. */
void log_sum_hold(enum log_event_id id, const char *name, int64_t n);
/* A transaction begins: it may be undone without those that joined its group before. */
void log_sum_begin(void);
/* The transaction's savepoint is set. */
void log_sum_save(void);
/* What was added since the savepoint is undone; or what was added in the transaction. */
void log_sum_undo(bool to_savepoint);
void log_sum_lose(void);   /* what is held is undone */
void log_sum_commit(void); /* what is held counts */

/* Calls tell with each event that has numbers, which end with {NULL, 0}; they are 0 again then. */
void log_sum_settle(void (*tell)(const struct log_event *event));

#endif
