/*
 * What `doctor` finds, for `config check` too: findings about one subject, printed together, and the probes of the
 * gateway and all its drops.
 *
 *   struct doctor_findings findings = {.rows = json_array()};
 *   doctor_add(&findings, "name", PROBE_BAD, text) …
 *   doctor_print(invocation, &findings, "gateway");          prints and frees the rows
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_DOCTOR_H
#define ECOSGATE_GATEWAY_COMMANDS_DOCTOR_H

#include "gateway/commands/command.h"
#include "gateway/config/config.h"
#include "gateway/drops/probe.h"

/* What was found about one subject so far. */
struct doctor_findings {
    const struct drop *drop; /* NULL: the gateway itself */
    json_t *rows;            /* {"drop", "probe", "result", "text"} */
    bool unfit;              /* one of them is bad */
    bool no_write;           /* no file can be written in `out` */
};

/* A probe_tell, whose user is a struct doctor_findings. */
void doctor_add(void *findings, const char *name, enum probe_result result, const char *text);
/* Prints them under a title and frees the rows. */
void doctor_print(const struct invocation *invocation, struct doctor_findings *findings, const char *title);

/* Probes the gateway and each drop, or only the drop of that name, and prints what is found. Returns EXIT_GOOD, or
 * EXIT_REFUSED if something is bad or there is no such drop. */
int doctor_probe_all(const struct invocation *invocation, const struct config *config, const char *only);

#endif
