#include "formats/instant.h"
#include "gateway/clock.h"
#include "gateway/command.h"

#include <glib.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command {
    const char *name;
    const char *arguments;
    const char *purpose;
    int (*run)(const struct invocation *invocation);
} commands[] = {
    {"init", "DIR", "make a gateway home: ecosgate.conf, drops/, spool/", command_init},
    {"check", "FILE…", "validation-only dry run", command_check},
    {"run", "[--once]", "the gateway; --once does all that is due, then ends", command_run},
    {"pickup", "[DROP]", "what would be taken from the drops now, what not, and why not", command_pickup},
    {"spool", "list|show|cat|verify|hold|release|requeue …", "what the spool holds, and operators' orders",
     command_spool},
    {"device", "show DEVICE-ID", "one Device: state, tries, history, next eligible", command_device},
    {"status", "", "counts by state, drops", command_status},
};

static char *usage_text(void)
{
    GString *text = g_string_new("Commands:\n");

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        g_string_append_printf(text, "  %-6s %-44s %s\n", commands[i].name, commands[i].arguments,
                               commands[i].purpose);
    g_string_append(text, "\nExit status: 0 good, 1 a file was rejected or had rejected or deferred Devices, or\n"
                          "something asked for is not there, 2 the command could not run.");
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

int main(int argc, char **argv)
{
    g_autofree char *config = NULL;
    g_autofree char *now = NULL;
    gboolean json = FALSE, version = FALSE;
    const GOptionEntry entries[] = {
        {"config", 'c', 0, G_OPTION_ARG_FILENAME, &config, "the configuration", "FILE"},
        {"now", 0, 0, G_OPTION_ARG_STRING, &now, "act as at that time, 2023-07-03T06:00:00Z", "TIME"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "one JSON object per line", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &version, "say the version", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new("COMMAND …");
    g_autofree char *usage = usage_text();
    GError *error = NULL;
    int64_t at;

    setlocale(LC_CTYPE, "C.UTF-8");
    (void)signal(SIGIO, SIG_IGN);   /* a lease on a drop's file may be broken while we hold it */
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error like any other */
    g_option_context_set_strict_posix(context, TRUE);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_description(context, usage);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        return command_unable(error);
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
        g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
        g_printerr("%s", help);
        return EXIT_UNABLE;
    }
    struct invocation invocation = {.json = json, .argc = argc - 1, .argv = argv + 1};
    invocation.config_path = find_config(config, &invocation.config_is_explicit);
    return dispatch(&invocation);
}
