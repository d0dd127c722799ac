/*
 * Options that choose from a list, where several commands have them: how their values are read, and what is said of a
 * value that names nothing. Such a call is wrong, and ends with EXIT_UNABLE: a list that is empty because of a typing
 * mistake would be believed.
 *
 * Words of a closed list (types, states, codes, verdicts, categories) and short codes of parties are taken in any
 * case. Names that somebody has chosen (drops, batches) are taken as they are written.
 *
 *   static const struct selection type = {"spool list", "type"};
 *   if (!selection_word(&type, "type of files", words_types(), &options.type))
 *       return EXIT_UNABLE;
 *   … with the home opened: if (!selection_drop(&access, &drop, options.drop, &error)) return command_unable(error);
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_SELECTION_H
#define ECOSGATE_GATEWAY_COMMANDS_SELECTION_H

#include "gateway/commands/read_access.h"
#include "spool/ledger/ledger_batches.h"
#include "spool/ledger/ledger_jobs.h"

/* Whose value is read: messages begin with the command and name the option. */
struct selection {
    const char *command, *option; /* "spool list", "type" */
};

/* ---- what needs no home; false: it is none, and a message has been printed. NULL is allowed, and good ---- */

/* Reads a time such as 2023-07-03T06:00:00Z, or a day, which begins at 00:00 UTC. *at: seconds UTC; unchanged if text
 * is NULL. */
bool selection_time(const char *command, const char *option, const char *text, int64_t *at);

/* Reads an age such as 30m, 12h or 2d. *seconds is unchanged if text is NULL. */
bool selection_age(const char *command, const char *option, const char *text, int64_t *seconds);

/* False: a limit below 0. */
bool selection_limit(const char *command, int limit);

/* One of a list that ends with NULL, in any case; what: "type of files". *text, which g_free takes, becomes the word as
 * the list has it. */
bool selection_word(const struct selection *of, const char *what, const char *const *words, char **text);

/* A code of the catalogue, likewise. */
bool selection_code(const struct selection *of, char **text);

/* ---- what only the home knows; false: it knows none (G_OPTION_ERROR), or the ledger's error ---- */

/* A drop of the configuration, or one of which the ledger has a job. */
bool selection_drop(struct read_access *access, const struct selection *of, const char *name, GError **error);

/* The sender of jobs, by its short code or EUI-64: sets find->sender. */
bool selection_sender(struct read_access *access, const struct selection *of, const char *text,
                      struct ledger_job_find *find, GError **error);

/* The BatchId of jobs, or SENDER.BATCHID: sets find->batch and, for the latter, find->sender. Both texts are kept until
 * the ledger is closed. */
bool selection_job_batch(struct read_access *access, const struct selection *of, const char *text,
                         struct ledger_job_find *find, GError **error);

/* An instruction, by all that names one (batch.h). g_free *batch. */
bool selection_batch(struct read_access *access, const struct selection *of, const char *text,
                     struct ledger_batch **batch, GError **error);

/* How a party of the estate is named. */
struct selection_party {
    struct selection of;
    bool codes;               /* by its short code in the configuration, too */
    const char *const *roles; /* its roles in PTY, "SUPPLIER"; the list ends with NULL */
    const char *none;         /* "no Supplier's MPID in the newest PTY, and no EUI-64" */
};
/* *id: the party's EUI-64, by that or by its MPID in the newest PTY; unchanged by a text of NULL. */
bool selection_party(struct read_access *access, const struct selection_party *party, const char *text, uint64_t *id,
                     GError **error);

#endif
