/*
 * What monitoring asks again and again, as numbers. metrics.def declares each metric once; the values come from the
 * condition (gateway/condition/), the heartbeat and the totals of the ledger (ledger_tally.h).
 *
 * There are two forms of the same samples, for no text satisfies both readers: OpenMetrics names the family of a
 * counter without _total, and node_exporter's textfile collector reads the older form of Prometheus, in which the
 * family has the name of its samples.
 */
#ifndef ECOSGATE_GATEWAY_METRICS_METRICS_H
#define ECOSGATE_GATEWAY_METRICS_METRICS_H

#include "gateway/condition/kept_file.h"
#include "gateway/gateway.h"

enum metrics_form { METRICS_OPENMETRICS, METRICS_PROMETHEUS };

/* *text: all metrics in that form, UTF-8; g_free. False: spool or ledger failed. */
bool metrics_text(struct gateway *gateway, enum metrics_form form, char **text, GError **error);

/* Keeps the configured file for node_exporter; nothing if there is none. */
void metrics_keep(struct kept_file *file, struct gateway *gateway, bool last);

#endif
