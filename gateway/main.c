/*
 * The program: options before the command, the table of commands, the exit status. Each command is a function in
 * gateway/commands/.
 */
#include "formats/instant.h"
#include "gateway/cells/cells.h"
#include "gateway/clock.h"
#include "gateway/commands/command.h"
#include "gateway/drops/sftp_drop.h"
#include "gateway/signer/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HELP_COLUMN = 30 /* where the help of a command begins */ };

/* The one place that lists commands. A name of two words belongs to the group that its first word names; the help shows
 * the commands in this order. */
static const struct command commands[] = {
    {"init", "DIR", "[--ledger|--system]", "make a gateway home: ecosgate.conf, drops/, spool/", command_init},
    {"check", "FILE|DIR|- …",
     "[--name NAME] [--answers DIR] [--format FORMAT] [--max-findings N] [--profile NAME|DIR] "
     "[--trust FILE] [--signature FILE]",
     "judge files as the gateway would; changes nothing", command_check},
    {"run", "", "[--once] [--log-format text|json|journal|auto] [--log-level error|warning|notice|info|debug]",
     "run the gateway; --once makes one pass over all work, then ends", command_run},
    {"pickup", "[DROP]", "", "show which files would be picked up now, which not, and why", command_pickup},
    {"config check", "", "[FILE]", "judge the configuration, or FILE in its place; test its drops",
     command_config_check},
    {"doctor", "[DROP]", "", "test what the gateway can do in each drop", command_doctor},
    {"spool list", "",
     "[--state STATE] [--type TYPE] [--sender SENDER] [--batch BATCHID] [--drop DROP] [--verdict AC|WN|PA|RJ] "
     "[--since TIME] [--until TIME] [--limit N] [--after ID]",
     "list the jobs in the spool", command_spool_list},
    {"spool show", "ID", "", "show everything about one job", command_spool_show},
    {"spool cat", "ID [NAME]", "", "print the received bytes, or one file of the job", command_spool_cat},
    {"spool verify", "", "", "check every byte of the spool and every sum of the ledger", command_spool_verify},
    {"spool hold", "ID", "--reason TEXT", "keep back a job that waits for its verdict", command_spool_hold},
    {"spool release", "ID", "--reason TEXT", "let a held job go on", command_spool_release},
    {"spool requeue", "ID", "--reason TEXT", "have a job judged again", command_spool_requeue},
    {"spool reject", "ID", "--reason TEXT", "reject a held job whole, which its sender is told", command_spool_reject},
    {"batch list", "", "[--open]", "list the instructions that were judged, and how far each is", command_batch_list},
    {"batch show", "BATCH", "", "show how far a batch is, by state, and what it waits for", command_batch_show},
    {"batch withdraw", "BATCH", "--reason TEXT", "end the work of a batch that was accepted by mistake",
     command_batch_withdraw},
    {"batch hold", "BATCH", "--reason TEXT", "make no tries of a batch until batch release", command_batch_hold},
    {"batch release", "BATCH", "--reason TEXT", "make tries of a held batch again", command_batch_release},
    {"device show", "DEVICE-ID", "", "show one Device: state, tries, history", command_device_show},
    {"device list", "", "--state STATE|--withheld", "list the work items in one state, or those withheld after recover",
     command_device_list},
    {"device find", "",
     "[--mpxn MPXN] [--hub CHF-ID] [--supplier MPID|EUI-64] [--model MANUFACTURER/MODEL[/FIRMWARE]] [--batch BATCH] "
     "[--state STATE] [--code CODE] [--limit N] [--after KEY]",
     "find Devices by what is known of them", command_device_find},
    {"device withdraw", "DEVICE-ID", "--reason TEXT", "end the work of a Device that was accepted by mistake",
     command_device_withdraw},
    {"device hold", "DEVICE-ID", "--reason TEXT", "make no try of a Device until device release", command_device_hold},
    {"device release", "DEVICE-ID|all", "--reason TEXT",
     "let a Device that is held, withheld or failed be ordered again", command_device_release},
    {"device end", "DEVICE-ID", "--as migrated|failed --reason TEXT",
     "end the work on a Device of which the sides have not agreed", command_device_end},
    {"dispatch pause", "", "--reason TEXT", "make no work orders until dispatch resume", command_dispatch_pause},
    {"dispatch resume", "", "--reason TEXT", "make work orders again", command_dispatch_resume},
    {"drop pause", "DROP", "[--in|--out] --reason TEXT", "leave a drop alone until drop resume", command_drop_pause},
    {"drop resume", "DROP", "[--in|--out] --reason TEXT", "use a drop again", command_drop_resume},
    {"incident list", "", "[--all] [--code CODE] [--drop DROP] [--category a|b|c|d] [--older-than AGE]",
     "list open incidents, or all", command_incident_list},
    {"incident show", "ID", "", "show one incident and the files that reported it", command_incident_show},
    {"incident close", "[ID …]",
     "[--code CODE] [--drop DROP] [--category a|b|c|d] [--older-than AGE] [--yes] --reason TEXT",
     "close incidents by hand; several are shown first", command_incident_close},
    {"why", "ID", "", "say why a file, work item or Device is where it is; what moves it", command_why},
    {"evidence", "ID", "--out FILE", "give an auditor all about a job, Device or batch, with its proof",
     command_evidence},
    {"redeliver", "[FILE …]",
     "[--batch BATCH] [--recipient PARTY|MPID|EUI-64] [--type TYPE] [--since TIME] [--until TIME] --reason TEXT",
     "deliver files of the gateway once more: by name, or those that fit", command_redeliver},
    {"purge", "", "--before DATE [--dry-run] --reason TEXT",
     "remove personal data (MPxN) of work that ended before DATE, for good", command_purge},
    {"report", "REF", "[--period TIME] [--supplier MPID] [--out FILE]",
     "print a report (ECOSMIG-001 …) as issued, or as it would be now", command_report},
    {"report list", "", "", "list issued reports: when, to whom, how many rows", command_report_list},
    {"report redeliver", "FILE …", "--reason TEXT", "the same as redeliver", command_report_redeliver},
    {"thresholds", "", "", "show how near each sender, Supplier and model is to its thresholds", command_thresholds},
    {"expect list", "", "", "list what should come by when, and what has come", command_expect_list},
    {"sequence list", "", "", "list the last sequence number of each sender and file type", command_sequence_list},
    {"sequence set", "SENDER TYPE NUMBER", "[--forget-lost] --reason TEXT",
     "set the last sequence number of a sender and file type", command_sequence_set},
    {"claim list", "", "", "look into each drop and say whose it is", command_claim_list},
    {"claim take", "DROP", "--reason TEXT", "give this gateway a drop that another one claims", command_claim_take},
    {"profile facts", "", "", "list the facts that a column of a file can carry", command_profile_facts},
    {"profile list", "", "", "list the profiles: formats of files as data", command_profile_list},
    {"profile show", "NAME|DIR [RECORD]", "", "show a profile, or the columns of one record or report",
     command_profile_show},
    {"profile diff", "NAME|DIR NAME|DIR", "", "show what differs between two profiles", command_profile_diff},
    {"profile new", "DIR", "--from NAME|DIR", "make a folder with the files of a profile, to be edited",
     command_profile_new},
    {"profile check", "NAME|DIR", "[--samples DIR]", "tell every fault of a profile, and try it on samples",
     command_profile_check},
    {"profile export", "DIR [NAME|DIR]", "", "write XSD, Table Schemas and columns of a profile to a new folder",
     command_profile_export},
    {"backup", "DIR", "[--link]", "copy ledger and spool as of one moment to a new folder", command_backup},
    {"restore", "DIR", "[--replace]", "put a backup in the place of ledger and spool", command_restore},
    {"archive", "", "--before DATE [--dry-run] --out FILE --reason TEXT",
     "move whole ended jobs from the spool to a file", command_archive},
    {"archive list", "FILE",
     "[--type TYPE] [--sender SENDER] [--batch BATCHID] [--drop DROP] [--verdict AC|WN|PA|RJ] [--since TIME] "
     "[--until TIME] [--limit N] [--after ID]",
     "list the jobs of an archive", command_archive_list},
    {"archive verify", "FILE", "", "check an archive against its digests and the ledger", command_archive_verify},
    {"archive restore", "FILE [ID …]", "[--all] --reason TEXT", "bring jobs of an archive back into the spool",
     command_archive_restore},
    {"recover", "", "--reason TEXT | --list", "go on with a ledger not the newest (A109), or list what was done",
     command_recover},
    {"complete", "[WORD …]", "", "print what the last WORD can become, for completion by a shell", command_complete},
    {"status", "", "[--all] [--watch [SECONDS]]", "show what is wrong, drops, Devices by state, disks, next reports",
     command_status},
    {"health", "", "[--max-age S] [--drop-down MINUTES] [--disk-days DAYS]",
     "say for monitoring what is wrong: one line, exit status 0 to 3", command_health},
    {"metrics", "", "[--format openmetrics|prometheus]", "print figures for monitoring, in OpenMetrics text",
     command_metrics},
    {"today", "", "[--date DATE]", "show a day against the same weekday a week before", command_today},
};

/* ---- help ---- */

static void append_help(GString *text, const struct command *command)
{
    g_autoptr(GString) call = g_string_new(command->name);

    if (*command->arguments != '\0')
        g_string_append_printf(call, " %s", command->arguments);
    if (*command->options != '\0')
        g_string_append_printf(call, " %s", command->options);
    glong width = g_utf8_strlen(call->str, -1);
    g_autofree char *wrapped = command_wrapped(call->str);
    if (width < HELP_COLUMN)
        g_string_append_printf(text, "  %s%*s%s\n", call->str, (int)(HELP_COLUMN - width), "", command->help);
    else
        g_string_append_printf(text, "  %s\n  %*s%s\n", wrapped, HELP_COLUMN, "", command->help);
}

static char *help_text(void)
{
    GString *text = g_string_new("Commands:\n");

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        append_help(text, &commands[i]);
    g_string_append(text, "\nThe options above stand before the command; 'ecosgate COMMAND --help' lists its own.\n"
                          "Exit status: 0 good; 1 a file was rejected or had rejected or deferred Devices, or what\n"
                          "was asked for does not exist; 2 the command could not run. More: man ecosgate.");
    return g_string_free(text, FALSE);
}

/* ---- finding the command ---- */

/* The number of words of the name that the arguments begin with: 1, 2, or 0 for none. */
static int words_matched(const struct command *command, const struct invocation *invocation)
{
    const char *space = strchr(command->name, ' ');
    size_t len = space != NULL ? (size_t)(space - command->name) : strlen(command->name);

    if (strncmp(command->name, invocation->argv[0], len) != 0 || invocation->argv[0][len] != '\0')
        return 0;
    if (space == NULL)
        return 1;
    return invocation->argc > 1 && strcmp(space + 1, invocation->argv[1]) == 0 ? 2 : 0;
}

/* The command with the most words: `report list` is not the `report` of a report named list. */
static const struct command *find_command(const struct invocation *invocation, int *words)
{
    const struct command *found = NULL;

    *words = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        int n = words_matched(&commands[i], invocation);
        if (n > *words) {
            found = &commands[i];
            *words = n;
        }
    }
    return found;
}

/* "list|show|close" of the group; NULL when no command begins with that word. g_free. */
static char *group_verbs(const char *group)
{
    GString *verbs = g_string_new(NULL);
    g_autofree char *prefix = g_strconcat(group, " ", NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_str_has_prefix(commands[i].name, prefix))
            g_string_append_printf(verbs, "%s%s", verbs->len > 0 ? "|" : "", commands[i].name + strlen(prefix));
    }
    return g_string_free(verbs, verbs->len == 0);
}

/* "; did you mean spool?" of a word that begins no command. A verb alone may be of several groups. */
static char *group_meant(const char *word)
{
    g_autoptr(GPtrArray) firsts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) groups = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        const char *space = strchr(commands[i].name, ' ');
        g_ptr_array_add(firsts, space != NULL ? g_strndup(commands[i].name, (size_t)(space - commands[i].name))
                                              : g_strdup(commands[i].name));
        if (space != NULL && strcmp(space + 1, word) == 0)
            g_string_append_printf(groups, "%s%s", groups->len > 0 ? " or " : "", commands[i].name);
    }
    g_ptr_array_add(firsts, NULL);
    return groups->len > 0 ? g_strdup_printf("; did you mean %s?", groups->str)
                           : command_meant(word, (const char *const *)firsts->pdata);
}

/* The same of a verb of the group. */
static char *verb_meant(const char *verbs, const char *word)
{
    g_auto(GStrv) all = g_strsplit(verbs, "|", -1);

    return command_meant(word, (const char *const *)all);
}

/* The help of a group's commands. g_free. */
static char *group_help(const char *group)
{
    GString *text = g_string_new(NULL);
    g_autofree char *prefix = g_strconcat(group, " ", NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        if (g_str_has_prefix(commands[i].name, prefix))
            append_help(text, &commands[i]);
    if (text->len > 0)
        g_string_truncate(text, text->len - 1); /* GLib ends it with its own */
    return g_string_free(text, FALSE);
}

/* The arguments name no command: a wrong word, or a group without one of its verbs. */
static int no_command(struct invocation *invocation)
{
    g_autofree char *first = command_shown(invocation->argv[0]);
    g_autofree char *verbs = group_verbs(invocation->argv[0]);

    if (verbs == NULL) {
        g_autofree char *meant = group_meant(invocation->argv[0]);
        g_printerr("ecosgate: there is no command '%s'%s; 'ecosgate --help' lists the commands\n", first, meant);
        return EXIT_UNABLE;
    }
    g_autofree char *usage = g_strconcat(verbs, " …", NULL);
    invocation->command = invocation->argv[0];
    invocation->arguments = usage;
    invocation->options = "";
    g_autofree char *help = group_help(invocation->argv[0]);
    invocation->help = help;
    invocation->argc--;
    invocation->argv++;
    /* `spool --help` is answered here, and another option is refused. */
    if (!command_arguments(invocation, NULL, 1, G_MAXINT))
        return EXIT_UNABLE;
    g_autofree char *second = command_shown(invocation->argv[0]);
    g_autofree char *meant = verb_meant(verbs, invocation->argv[0]);
    g_printerr("ecosgate: there is no command '%s %s'%s; call it as: ecosgate %s %s\n", first, second, meant, first,
               usage);
    return EXIT_UNABLE;
}

/* What the command does; of one that is a group too (`archive`), also which commands the group has. g_free. */
static char *command_help(const struct command *command)
{
    g_autofree char *verbs = group_verbs(command->name);

    return verbs == NULL ? g_strdup(command->help)
                         : g_strdup_printf("%s\n\nSee also: ecosgate %s %s …", command->help, command->name, verbs);
}

static int dispatch(struct invocation *invocation)
{
    int words;
    const struct command *command = find_command(invocation, &words);

    if (command == NULL)
        return no_command(invocation);
    invocation->command = command->name;
    invocation->arguments = command->arguments;
    invocation->options = command->options;
    g_autofree char *help = command_help(command);
    invocation->help = help;
    invocation->argv += words;
    invocation->argc -= words;
    return command->run(invocation);
}

/* ---- the program ---- */

/* The configuration that the user chose, else the first of the usual places that exists. */
static const char *find_config(const char *option, bool *is_explicit)
{
    const char *chosen = option ? option : g_getenv("ECOSGATE_CONF");

    *is_explicit = chosen != NULL && *chosen != '\0';
    if (*is_explicit)
        return chosen;
    if (g_file_test("ecosgate.conf", G_FILE_TEST_EXISTS))
        return "./ecosgate.conf";
    return "/etc/ecosgate/ecosgate.conf";
}

/* A full disk or a closed pipe behind standard output shows only when the buffer is written, so that each command would
 * end well. It is reported here, unless the command has failed and said so itself. */
static int close_output(int status)
{
    bool failed = ferror(stdout) != 0;
    int errnum = fflush(stdout) == 0 ? 0 : errno;

    if (errnum == 0 && !failed)
        return status;
    if (status != EXIT_UNABLE)
        g_printerr("ecosgate: standard output could not be written to its end%s%s\n", errnum != 0 ? ": " : "",
                   errnum != 0 ? g_strerror(errnum) : "");
    return EXIT_UNABLE;
}

/* Stops the clock at the time of --now, if there is one. */
static bool set_clock(const char *now)
{
    int64_t at;

    if (now == NULL)
        return true;
    if (!instant_parse(now, strlen(now), &at)) {
        g_autofree char *shown = command_shown(now);
        g_printerr("ecosgate: --now: '%s' is no time; expected one such as 2023-07-03T06:00:00Z\n", shown);
        return false;
    }
    clock_stop_at(at);
    return true;
}

/* A program that is started with one of them closed would get its number for the next file that it opens, and print
 * into that file. /dev/null is opened so that every use of the descriptor still fails. */
static bool hold_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return false; /* the lower ones are open: it gets that number */
    }
    return true;
}

static void set_signals(void)
{
    (void)signal(SIGIO, SIG_IGN);   /* the kernel breaks our lease on a file of a drop when a writer opens that file */
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is then a write error like any other */
}

/* What stands before the command. */
struct options {
    char *config, *now;
    gboolean json, version;
};

/* Parses them; argv is left with the command and what follows it. */
static bool parse_options(struct options *options, GOptionContext *context, int *argc, char ***argv)
{
    const GOptionEntry entries[] = {
        {"config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config,
         "read FILE; else ECOSGATE_CONF, ./ecosgate.conf, /etc/ecosgate/ecosgate.conf", "FILE"},
        {"now", 0, 0, G_OPTION_ARG_STRING, &options->now, "act as if it were that time, such as 2023-07-03T06:00:00Z",
         "TIME"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options->json, "print JSON, one object on a line", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &options->version, "print the version", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    g_autofree char *help = help_text();
    GError *error = NULL;

    g_option_context_set_strict_posix(context, TRUE); /* options after the command belong to the command */
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_description(context, help);
    if (g_option_context_parse(context, argc, argv, &error))
        return true;
    g_autofree char *meant = command_option_meant(error, entries);
    g_printerr("ecosgate: %s%s; 'ecosgate --help' lists the options and commands\n", error->message, meant);
    g_error_free(error);
    return false;
}

static int run(const struct options *options, GOptionContext *context, int argc, char **argv)
{
    struct invocation invocation = {.commands = commands,
                                    .n_commands = G_N_ELEMENTS(commands),
                                    .json = options->json,
                                    .argc = argc - 1,
                                    .argv = argv + 1};

    if (options->version) {
        puts("ecosgate " PACKAGE_VERSION);
        return EXIT_GOOD;
    }
    if (!set_clock(options->now))
        return EXIT_UNABLE;
    if (argc < 2) {
        g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
        g_printerr("%s", help);
        return EXIT_UNABLE;
    }
    invocation.config_path = find_config(options->config, &invocation.config_is_explicit);
    return close_output(dispatch(&invocation));
}

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("COMMAND …");
    struct options options = {.config = NULL};

    if (!hold_standard_descriptors())
        return EXIT_UNABLE;                 /* there is nowhere to say why */
    setlocale(LC_CTYPE, "C.UTF-8");         /* messages hold UTF-8, whatever the user's locale */
    json_set_alloc_funcs(g_malloc, g_free); /* without memory the program ends, so that no output lacks a member */
    set_signals();
    if (argc == 2 && strcmp(argv[1], CELLS_HELPER) == 0)
        return cells_help();
    sftp_drop_serve_if_asked(argc, argv);
    signer_serve_if_asked(argc, argv);
    int status = parse_options(&options, context, &argc, &argv) ? run(&options, context, argc, argv) : EXIT_UNABLE;
    g_free(options.config);
    g_free(options.now);
    return status;
}
