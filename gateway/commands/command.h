/*
 * What every command of the program gets and shares. The table of commands is in main.c: it parses the options before
 * the command and calls the command's function, which is in the file of the same name: `ecosgate spool list` is
 * command_spool_list in spool_list.c.
 *
 *   int command_NAME(struct invocation *invocation)
 *   {
 *       if (!command_arguments(invocation, entries, 1, 2))
 *           return EXIT_UNABLE;
 *       … the arguments are now invocation->argv[0] and [1]
 *   }
 *
 * Output goes to standard output: aligned text for people, or one JSON object on a line. Messages go to standard error.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_COMMAND_H
#define ECOSGATE_GATEWAY_COMMANDS_COMMAND_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct config;

enum exit_status {
    EXIT_GOOD = 0,
    EXIT_REFUSED = 1, /* it worked; a file was not wholly accepted, or what was asked for does not exist */
    EXIT_UNABLE = 2,  /* it could not run, or not to its end */
};

struct invocation;

/* A command, as the table in main.c has it. A name of two words belongs to the group that its first word names. */
struct command {
    const char *name;
    const char *arguments; /* what follows it: "ID [NAME]"; "" for nothing */
    const char *options;   /* its own options: "--reason TEXT"; "" for none */
    const char *help;      /* what it does */
    int (*run)(struct invocation *invocation);
};

/* One call of the program. Borrows all texts. */
struct invocation {
    const struct command *commands; /* all of them, */
    size_t n_commands;              /* so many */
    const char *config_path;        /* chosen by -c, ECOSGATE_CONF or the usual places; never NULL, may not exist */
    bool config_is_explicit;        /* chosen by -c or ECOSGATE_CONF */
    bool json;                      /* --json: output for programs */
    const char *command;            /* "spool cat" */
    const char *arguments;          /* what follows it: "ID [NAME]"; "" for nothing */
    const char *options;            /* its own options: "--reason TEXT"; "" for none */
    const char *help;               /* what the command does, for its --help; NULL: nothing is said */
    int argc;                       /* arguments after the command; argv[0] is the first of them */
    char **argv;                    /* NULL-terminated; argv[-1] exists */
};

/* The commands (one file each). Each returns an exit status and has printed what is to be said. */
int command_init(struct invocation *invocation);   /* makes a gateway home */
int command_check(struct invocation *invocation);  /* judges files; changes nothing */
int command_run(struct invocation *invocation);    /* the gateway itself */
int command_pickup(struct invocation *invocation); /* what would be picked up from the drops now */
int command_config_check(struct invocation *invocation);
int command_doctor(struct invocation *invocation);           /* probes the drops */
int command_spool_list(struct invocation *invocation);       /* all jobs, or those in one state */
int command_spool_show(struct invocation *invocation);       /* one job */
int command_spool_cat(struct invocation *invocation);        /* the bytes of one file of a job */
int command_spool_verify(struct invocation *invocation);     /* checks the whole spool and ledger */
int command_batch_list(struct invocation *invocation);       /* which batches there are */
int command_batch_show(struct invocation *invocation);       /* how far one is */
int command_batch_hold(struct invocation *invocation);       /* an order: make no tries of it (batch_orders.c) */
int command_batch_release(struct invocation *invocation);    /* an order: make them again (batch_orders.c) */
int command_device_hold(struct invocation *invocation);      /* an order: make no try of a Device (device_orders.c) */
int command_batch_withdraw(struct invocation *invocation);   /* an order: end its work (batch_orders.c) */
int command_device_withdraw(struct invocation *invocation);  /* an order: end the work of a Device (device_orders.c) */
int command_dispatch_pause(struct invocation *invocation);   /* an order: make no work orders (dispatch_orders.c) */
int command_dispatch_resume(struct invocation *invocation);  /* an order: make them again (dispatch_orders.c) */
int command_drop_pause(struct invocation *invocation);       /* an order: leave a drop alone (drop_orders.c) */
int command_drop_resume(struct invocation *invocation);      /* an order: use it again (drop_orders.c) */
int command_spool_hold(struct invocation *invocation);       /* an order: keep a job back (spool_orders.c) */
int command_spool_release(struct invocation *invocation);    /* an order: let it go on (spool_orders.c) */
int command_spool_requeue(struct invocation *invocation);    /* an order: judge it again (spool_orders.c) */
int command_spool_reject(struct invocation *invocation);     /* an order: reject it whole (spool_orders.c) */
int command_device_show(struct invocation *invocation);      /* one Device */
int command_device_list(struct invocation *invocation);      /* the work items in one state */
int command_device_find(struct invocation *invocation);      /* Devices by what is known of them */
int command_device_end(struct invocation *invocation);       /* an order: end work of which the sides have not agreed */
int command_device_release(struct invocation *invocation);   /* an order: let withheld ones be ordered */
int command_recover(struct invocation *invocation);          /* an order: go on with an older ledger */
int command_incident_list(struct invocation *invocation);    /* incidents */
int command_incident_show(struct invocation *invocation);    /* one incident */
int command_incident_close(struct invocation *invocation);   /* an order: close an incident */
int command_archive(struct invocation *invocation);          /* moves whole ended jobs out of the spool */
int command_archive_list(struct invocation *invocation);     /* the jobs of an archive */
int command_archive_verify(struct invocation *invocation);   /* checks an archive */
int command_archive_restore(struct invocation *invocation);  /* an order: jobs come back from an archive */
int command_evidence(struct invocation *invocation);         /* an archive that proves itself */
int command_why(struct invocation *invocation);              /* why something is where it is */
int command_report(struct invocation *invocation);           /* the files of one report */
int command_report_list(struct invocation *invocation);      /* the files of all issued reports */
int command_purge(struct invocation *invocation);            /* an order: remove personal data */
int command_redeliver(struct invocation *invocation);        /* an order: deliver files once more */
int command_report_redeliver(struct invocation *invocation); /* the same (redeliver.c) */
int command_thresholds(struct invocation *invocation);       /* how near each sender is to its thresholds */
int command_expect_list(struct invocation *invocation);      /* what should come, and what has come */
int command_sequence_list(struct invocation *invocation);    /* the last sequence number of each sender and type */
int command_claim_list(struct invocation *invocation);       /* whose each drop is */
int command_claim_take(struct invocation *invocation);       /* an order: give us a drop */
int command_sequence_set(struct invocation *invocation);     /* an order: set it */
int command_profile_facts(struct invocation *invocation);    /* all facts that a column can carry */
int command_profile_list(struct invocation *invocation);     /* the profiles */
int command_profile_show(struct invocation *invocation);     /* one profile, or one record of it */
int command_profile_diff(struct invocation *invocation);     /* what differs between two */
int command_profile_new(struct invocation *invocation);      /* makes the folder of a new one */
int command_profile_check(struct invocation *invocation);    /* its faults; tries it on samples */
int command_profile_export(struct invocation *invocation);   /* writes what it publishes */
int command_backup(struct invocation *invocation);           /* copies ledger and spool as of one moment */
int command_restore(struct invocation *invocation);          /* puts such a copy in their place */
int command_complete(struct invocation *invocation);         /* what the next word can be, for a shell */
int command_health(struct invocation *invocation);           /* one line for monitoring */
int command_metrics(struct invocation *invocation);          /* figures for monitoring */
int command_today(struct invocation *invocation);            /* a day at a glance */
int command_status(struct invocation *invocation);           /* the state of the whole gateway */

/* Parses the command's own options; those removed, the arguments are left in invocation->argv and argc. entries is an
 * array of GOptionEntry that ends with an empty one, or NULL. Answers --help, which ends the program. False after a
 * wrong option or a number of arguments outside min to max: a message has been printed, return EXIT_UNABLE. */
bool command_arguments(struct invocation *invocation, const void *entries, int min, int max);

/* Loads the configuration of this call. NULL: a message has been printed, return EXIT_UNABLE. config_free. */
struct config *command_config(const struct invocation *invocation);

/* True if the configuration has a profile that cannot be used: a message has been printed, return EXIT_UNABLE. For the
 * commands that judge by profiles; the others go on, and command_config has warned. */
bool command_needs_profiles(const struct invocation *invocation, const struct config *config);

/* True if the clock was stopped with --now and the environment is LIVE: a message has been printed, return EXIT_UNABLE.
 * For the commands that change something, before they do. */
bool command_refuses_now(const struct invocation *invocation, const struct config *config);

/* Prints "ecosgate: …" on standard error and frees the error, a GError. Returns EXIT_UNABLE. */
int command_unable(void *error);

/* What a message says behind a word that is none of the list, which ends with NULL: "; did you mean ready?", or "" if
 * none is near. g_free. */
char *command_meant(const char *text, const char *const *words);

/* The call as a help shows it: broken before an option where a line would be over 100 columns. g_free. */
char *command_wrapped(const char *call);

/* What the message about an option that does not exist ends with: "; did you mean --reason?", or "". error is GLib's,
 * entries an array of GOptionEntry that ends with an empty one, or NULL. g_free. */
char *command_option_meant(const void *error, const void *entries);

/* Prints a message for the person who gave the command: "ecosgate: …" on standard error. What the gateway itself does
 * is logged (gateway/log/log.h). */
void command_note(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* An argument as a message shows it: escaped, because it may be a name from outside, and cut to 128 characters. The
 * caller frees it (g_free). */
char *command_shown(const char *argument);

/* Prints the object as one line on standard output. Takes the reference. */
void command_print_json(json_t *object);

/* An instant (seconds UTC) as JSON text; JSON null for 0. A new reference. */
json_t *command_json_instant(int64_t at);
/* A text as JSON text; JSON null for NULL. A new reference. */
json_t *command_json_text(const char *text);
/* A job's ID as JSON text of at least eight digits. A new reference. */
json_t *command_json_job(int64_t id);

/* A job's ID from the command line. False: it is none, and a message has been printed. */
bool command_parse_job(const char *text, int64_t *id);
/* Prints that there is no such job. Returns EXIT_REFUSED. */
int command_no_job(int64_t id);

#endif
