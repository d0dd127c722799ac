#include "formats/instant.h"
#include "gateway/clock.h"
#include "gateway/commands/command.h"

#include <errno.h>
#include <glib.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command {
    const char *name;
    const char *help;
    int (*run)(const struct invocation *invocation);
} commands[] = {
    {"init", "  init DIR                      make a gateway home: ecosgate.conf, drops/, spool/\n", command_init},
    {"check", "  check FILE…                   judge files as the gateway would; changes nothing\n", command_check},
    {"run", "  run [--once]                  the gateway; --once does all that is due, then ends\n", command_run},
    {"pickup", "  pickup [DROP]                 what would be taken now, what not, and why not\n", command_pickup},
    {"doctor", "  doctor [DROP]                 probe the drops: what the gateway can do there\n", command_doctor},
    {"spool",
     "  spool list [--state STATE]    the jobs that the spool holds\n"
     "  spool show ID                 everything about one job\n"
     "  spool cat ID [NAME]           the bytes received, or of one of its files\n"
     "  spool verify                  prove the whole spool and ledger sound\n"
     "  spool hold|release|requeue ID --reason TEXT\n"
     "                                keep a job back, let it go on, have it judged again\n",
     command_spool},
    {"device",
     "  device show DEVICE-ID         one Device: state, tries, history, next eligible\n"
     "  device list --state STATE     the work items in a state\n",
     command_device},
    {"incident",
     "  incident list [--all]         incidents that last, or all\n"
     "  incident show ID              one incident: what it is about, and which files told of it\n"
     "  incident close ID --reason TEXT\n"
     "                                end one by hand\n",
     command_incident},
    {"why", "  why ID                        why a file, work item or Device is where it is, what would move it\n",
     command_why},
    {"report",
     "  report REF [--period TIME] [--supplier MPID] [--out FILE]\n"
     "                                the bytes of a report that was issued, else what is known now\n"
     "  report list                   what was issued, when, to whom\n"
     "  report redeliver FILE --reason TEXT\n"
     "                                have a file of a report delivered once more\n",
     command_report},
    {"status", "  status                        counts by state, the drops, last and next report times\n",
     command_status},
};

static char *help_text(void)
{
    GString *text = g_string_new("Commands:\n");

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        g_string_append(text, commands[i].help);
    g_string_append(text, "\nThe options above stand before the command; 'ecosgate COMMAND --help' lists its own.\n"
                          "Exit status: 0 good, 1 a file was rejected or had rejected or deferred Devices, or\n"
                          "something asked for is not there, 2 the command could not run. More: man ecosgate.");
    return g_string_free(text, FALSE);
}

/* The configuration that the user chose, else the first of the usual places that is there. */
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

static int dispatch(struct invocation *invocation)
{
    const char *name = invocation->argv[0];

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            invocation->argv++;
            invocation->argc--;
            return commands[i].run(invocation);
        }
    }
    g_printerr("ecosgate: there is no command '%s'; 'ecosgate --help' lists them\n", name);
    return EXIT_UNABLE;
}

/* A full disk or a closed pipe under our own output is a failure like any other; a command that could do nothing has
 * said why. */
static int close_output(int status)
{
    bool failed = ferror(stdout) != 0;
    int fault = fflush(stdout) == 0 ? 0 : errno;

    if (fault == 0 && !failed)
        return status;
    if (status != EXIT_UNABLE)
        g_printerr("ecosgate: standard output could not be written whole%s%s\n", fault != 0 ? ": " : "",
                   fault != 0 ? g_strerror(fault) : "");
    return EXIT_UNABLE;
}

int main(int argc, char **argv)
{
    g_autofree char *config = NULL;
    g_autofree char *now = NULL;
    gboolean json = FALSE, version = FALSE;
    const GOptionEntry entries[] = {
        {"config", 'c', 0, G_OPTION_ARG_FILENAME, &config, "the configuration (else ECOSGATE_CONF, ./ecosgate.conf)",
         "FILE"},
        {"now", 0, 0, G_OPTION_ARG_STRING, &now, "act as at that time, such as 2023-07-03T06:00:00Z", "TIME"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "facts as JSON, one object on a line", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &version, "say the version", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new("COMMAND …");
    g_autofree char *help = help_text();
    GError *error = NULL;
    int64_t at;

    setlocale(LC_CTYPE, "C.UTF-8");
    (void)signal(SIGIO, SIG_IGN);   /* a lease on a drop's file may be broken while we hold it */
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error like any other */
    g_option_context_set_strict_posix(context, TRUE);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_description(context, help);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("ecosgate: %s; 'ecosgate --help' lists the options and commands\n", error->message);
        g_error_free(error);
        return EXIT_UNABLE;
    }
    if (version) {
        puts("ecosgate " PACKAGE_VERSION);
        return EXIT_GOOD;
    }
    if (now != NULL) {
        if (!instant_parse(now, strlen(now), &at)) {
            g_printerr("ecosgate: --now: expected a time like 2023-07-03T06:00:00Z, found '%s'\n", now);
            return EXIT_UNABLE;
        }
        clock_stop_at(at);
    }
    if (argc < 2) {
        g_autofree char *whole = g_option_context_get_help(context, TRUE, NULL);
        g_printerr("%s", whole);
        return EXIT_UNABLE;
    }
    struct invocation invocation = {.json = json, .argc = argc - 1, .argv = argv + 1};
    invocation.config_path = find_config(config, &invocation.config_is_explicit);
    return close_output(dispatch(&invocation));
}
