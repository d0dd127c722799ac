/*
 * Options, arguments and messages, the same for every command. The option parser is GLib's. Its help begins with the
 * program's name, so the whole call ("ecosgate spool hold ID --reason TEXT") is set as that name. GLib appends
 * "[OPTION…]" to it, which would say that --reason may be left out; print_help removes that.
 */
#include "gateway/commands/command.h"

#include "formats/instant.h"
#include "formats/nearest.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/config/config.h"
#include "gateway/log/log.h"
#include "spool/job.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_SHOWN = 128 /* characters of an argument in a message */ };
enum { HELP_WIDTH = 98 /* columns of a call in a help, behind its indent of two */ };

/* "ecosgate spool hold ID --reason TEXT", with a space only between parts that are not empty. */
static char *usage_of(const struct invocation *invocation)
{
    return g_strconcat("ecosgate ", invocation->command, *invocation->arguments != '\0' ? " " : "",
                       invocation->arguments, *invocation->options != '\0' ? " " : "", invocation->options, NULL);
}

/* Breaks before options alone, so that an option and its value stay on one line. */
char *command_wrapped(const char *call)
{
    GString *text = g_string_new(NULL);
    glong column = 0;

    while (*call != '\0') {
        const char *option = strstr(call + 1, " [--");
        const char *plain = strstr(call + 1, " --");
        const char *end = option != NULL && (plain == NULL || option < plain) ? option : plain;
        glong len = g_utf8_strlen(call, end != NULL ? end - call : -1);
        if (column > 0 && column + len > HELP_WIDTH) {
            g_string_append(text, "\n     ");
            column = 3;
        }
        g_string_append_len(text, call, end != NULL ? end - call : -1);
        column += len;
        call = end != NULL ? end : "";
    }
    return g_string_free(text, FALSE);
}

/* Prints the call, what the command does, and its options. */
static void print_help(const struct invocation *invocation, GOptionContext *context)
{
    g_autofree char *usage = usage_of(invocation);
    g_autofree char *wrapped = command_wrapped(usage);

    g_set_prgname(wrapped);
    g_option_context_set_summary(context, invocation->help);
    g_autofree char *text = g_option_context_get_help(context, TRUE, NULL);
    g_auto(GStrv) parts = g_strsplit(text, " [OPTION…]", 2);
    printf("%s%s", parts[0], parts[1] != NULL ? parts[1] : "");
}

char *command_meant(const char *text, const char *const *words)
{
    struct nearest nearest = nearest_to(text);

    for (; *words != NULL; words++)
        nearest_try(&nearest, *words);
    return nearest.word != NULL ? g_strdup_printf("; did you mean %s?", nearest.word) : g_strdup("");
}

/* GLib's message ends with the option that it does not know. */
char *command_option_meant(const void *error, const void *entries)
{
    const GError *e = error;
    const GOptionEntry *entry = entries;
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

    if (!g_error_matches(e, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION) || strrchr(e->message, ' ') == NULL)
        return g_strdup("");
    for (; entry != NULL && entry->long_name != NULL; entry++)
        g_ptr_array_add(words, g_strconcat("--", entry->long_name, NULL));
    g_ptr_array_add(words, g_strdup("--help"));
    g_ptr_array_add(words, NULL);
    return command_meant(strrchr(e->message, ' ') + 1, (const char *const *)words->pdata);
}

/* GLib says of a value that is no UTF-8 only that it is none, not which. NULL: the error is another one. g_free. */
static char *bytes_problem(const GError *error, const struct invocation *invocation)
{
    for (int i = 0; error->domain == G_CONVERT_ERROR && i < invocation->argc; i++) {
        if (g_utf8_validate(invocation->argv[i], -1, NULL))
            continue;
        g_autofree char *shown = command_shown(invocation->argv[i]);
        return g_strdup_printf("'%s' is no UTF-8 text, which every option's value has to be", shown);
    }
    return NULL;
}

static bool parse_options(struct invocation *invocation, const void *entries)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    gboolean help = FALSE;
    /* Our own --help instead of GLib's, which prints its own text. `-?` is GLib's other name for it. */
    const GOptionEntry helps[] = {
        {"help", 'h', 0, G_OPTION_ARG_NONE, &help, "print this help", NULL},
        {"help-all", '?', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &help, NULL, NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    GError *error = NULL;
    char **argv = invocation->argv - 1; /* the parser expects a program's name before the arguments and skips it */
    int argc = invocation->argc + 1;

    g_option_context_set_help_enabled(context, FALSE);
    if (entries != NULL)
        g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, helps, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_autofree char *meant = command_option_meant(error, entries);
        g_autofree char *bytes = bytes_problem(error, invocation);
        g_printerr("ecosgate: %s: %s%s; 'ecosgate %s --help' lists its options, and the options of all commands "
                   "(-c, --now, --json) stand before the command\n",
                   invocation->command, bytes != NULL ? bytes : error->message, meant, invocation->command);
        g_error_free(error);
        return false;
    }
    if (help) {
        print_help(invocation, context);
        exit(EXIT_GOOD);
    }
    invocation->argc = argc - 1;
    return true;
}

bool command_arguments(struct invocation *invocation, const void *entries, int min, int max)
{
    if (!parse_options(invocation, entries))
        return false;
    if (invocation->argc >= min && invocation->argc <= max)
        return true;
    g_autofree char *usage = usage_of(invocation);
    g_printerr("ecosgate: %s: too %s arguments, found %d; call it as: %s\n", invocation->command,
               invocation->argc < min ? "few" : "many", invocation->argc, usage);
    return false;
}

/* A profile that cannot be used stops one partner, and no command that only looks. */
static void warn_of_profiles(const struct config *config)
{
    g_auto(GStrv) faults = g_strsplit(config->profile_faults != NULL ? config->profile_faults : "", "\n", -1);

    for (char **fault = faults; *fault != NULL; fault++)
        log_event(LOG(EVENT_PROFILE_FAULT), "warning: %s", *fault);
    for (size_t i = 0; i < config->identity.n_parties; i++) {
        if (config->identity.parties[i].stopped != NULL)
            log_event(LOG(EVENT_PROFILE_FAULT),
                      "warning: the files of %s, and those for it, wait until its profiles can be used (A119)",
                      config->identity.parties[i].org);
    }
    if (config->reports_stopped != NULL)
        log_event(LOG(EVENT_PROFILE_FAULT),
                  "warning: no report is issued until the profiles of reports can be used (A119)");
}

struct config *command_config(const struct invocation *invocation)
{
    GError *error = NULL;

    /* Without -c and ECOSGATE_CONF the path is the last of the usual places that were tried. */
    if (!invocation->config_is_explicit && !g_file_test(invocation->config_path, G_FILE_TEST_EXISTS)) {
        log_event(LOG(EVENT_UNABLE),
                  "configuration: there is neither ./ecosgate.conf nor %s; go to the gateway's home, name "
                  "the file with -c, or make a home with 'ecosgate init DIR'",
                  invocation->config_path);
        return NULL;
    }
    struct config *config = config_load(invocation->config_path, &error);
    if (config == NULL)
        (void)command_unable(error); /* the caller returns its status */
    else
        warn_of_profiles(config);
    return config;
}

bool command_needs_profiles(const struct invocation *invocation, const struct config *config)
{
    if (config->profile_faults == NULL)
        return false;
    g_printerr("ecosgate: %s needs every profile of the configuration; mend the faults above\n", invocation->command);
    return true;
}

/* What is done at a wrong time cannot be taken back: reports, ends of sessions, work orders. An order records the time,
 * and the ledger's newest time is the earliest at which the gateway acts from then on. */
bool command_refuses_now(const struct invocation *invocation, const struct config *config)
{
    if (!clock_is_stopped() || strcmp(config->environment, "LIVE") != 0)
        return false;
    log_event(LOG(EVENT_UNABLE),
              "%s refuses --now with environment=LIVE: what is done at a wrong time cannot be taken back; "
              "leave --now out, or rehearse in a home with environment=TEST",
              invocation->command);
    return true;
}

void command_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    /* On a terminal the line may hold a progress bar: clear it first. */
    g_printerr("%secosgate: %s\n", isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "", text);
}

int command_unable(void *error)
{
    GError *e = error;

    log_lines(LOG(EVENT_UNABLE), e->message);
    g_error_free(e);
    return EXIT_UNABLE;
}

char *command_shown(const char *argument)
{
    return text_escape(argument, strlen(argument), MOST_SHOWN);
}

void command_print_json(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);

    puts(text);
    g_free(text); /* main() lets jansson allocate with GLib */
    json_decref(object);
}

json_t *command_json_instant(int64_t at)
{
    char text[INSTANT_TEXT_SIZE];

    if (at == 0)
        return json_null();
    instant_print(at, text);
    return json_string(text);
}

json_t *command_json_text(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

json_t *command_json_job(int64_t id)
{
    char text[JOB_ID_SIZE];

    job_id_print(id, text);
    return json_string(text);
}

bool command_parse_job(const char *text, int64_t *id)
{
    if (job_id_parse(text, id))
        return true;
    g_autofree char *shown = command_shown(text);
    g_printerr(
        "ecosgate: '%s' is no job's ID: expected digits such as 00000012; 'ecosgate spool list' lists the jobs\n",
        shown);
    return false;
}

int command_no_job(int64_t id)
{
    g_printerr("ecosgate: there is no job %08" G_GINT64_FORMAT "; 'ecosgate spool list' lists the jobs\n", id);
    return EXIT_REFUSED;
}
