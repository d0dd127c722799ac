/*
 * A command of the program: one const table in main.c names them all. Facts go to standard output (text
 * for people, or one JSON object per line), messages to standard error.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_COMMAND_H
#define ECOSGATE_GATEWAY_COMMANDS_COMMAND_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum exit_status { EXIT_GOOD = 0, EXIT_REFUSED = 1, EXIT_UNABLE = 2 };

struct invocation {
    const char *config_path; /* as chosen by -c, ECOSGATE_CONF or the usual places */
    bool config_is_explicit; /* by -c or ECOSGATE_CONF */
    bool json;
    int argc;    /* arguments after the command's name; argv[0] is the first of them */
    char **argv; /* NULL-terminated */
};

/* Each returns an exit status. */
int command_init(const struct invocation *invocation);
int command_check(const struct invocation *invocation);
int command_pickup(const struct invocation *invocation);
int command_doctor(const struct invocation *invocation);
int command_run(const struct invocation *invocation);
int command_spool(const struct invocation *invocation);
int command_device(const struct invocation *invocation);
int command_incident(const struct invocation *invocation);
int command_why(const struct invocation *invocation);
int command_report(const struct invocation *invocation);
int command_status(const struct invocation *invocation);

/* Parses a command's own options, printing the fault of a bad call: -1, else the number of arguments left,
 * which then stand in invocation->argv. usage is the command with its arguments, "spool cat ID [NAME]",
 * without options; entries is a GOptionEntry array, NULL for none. --help is answered here and ends the program. */
int command_options(struct invocation *invocation, const char *usage, const void *entries);

/* "ecosgate: …" on standard error; returns EXIT_UNABLE. Frees error. */
int command_unable(void *error);

/* The same for a command without options of its own; false, told, unless there are min to max arguments. */
bool command_arguments(struct invocation *invocation, const char *usage, int min, int max);

/* "ecosgate: call it as: ecosgate <usage>"; returns EXIT_UNABLE. */
int command_usage(const char *usage);

/* An argument as messages show it: escaped, for it may be a name from outside, and cut. Owned by the caller. */
char *command_shown(const char *argument);

/* One line on standard output; takes the reference. */
void command_print_json(json_t *object);

/* An instant as JSON text, null for 0; a text as JSON, null for NULL. */
json_t *command_json_instant(int64_t at);
json_t *command_json_text(const char *text);

#endif
