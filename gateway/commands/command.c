/*
 * Options, arguments and messages, the same for every command. The option parser is GLib's; it prints the help from
 * the program's name, so that the whole command ("ecosgate spool cat ID") is set as that name.
 */
#include "gateway/commands/command.h"

#include "formats/instant.h"
#include "formats/text.h"
#include "spool/job.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

enum { MOST_SHOWN = 128 /* characters of an argument in a message */ };

/* "ecosgate spool cat ID [NAME]", with a space only between parts that are not empty. */
static char *usage_of(const struct invocation *invocation, const char *options)
{
    return g_strconcat("ecosgate ", invocation->command, *invocation->arguments != '\0' ? " " : "",
                       invocation->arguments, *options != '\0' ? " " : "", options, NULL);
}

static bool parse_options(struct invocation *invocation, const void *entries)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autofree char *name = usage_of(invocation, "");
    GError *error = NULL;
    char **argv = invocation->argv - 1; /* the parser expects a program's name before the arguments and skips it */
    int argc = invocation->argc + 1;

    if (entries != NULL)
        g_option_context_add_main_entries(context, entries, NULL);
    g_set_prgname(name); /* begins the help text */
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("ecosgate: %s: %s; 'ecosgate %s --help' lists its options, and the options of all commands "
                   "(-c, --now, --json) stand before the command\n",
                   invocation->command, error->message, invocation->command);
        g_error_free(error);
        return false;
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
    g_autofree char *usage = usage_of(invocation, invocation->options);
    g_printerr("ecosgate: %s: too %s arguments, found %d; call it as: %s\n", invocation->command,
               invocation->argc < min ? "few" : "many", invocation->argc, usage);
    return false;
}

int command_unable(void *error)
{
    GError *e = error;

    g_printerr("ecosgate: %s\n", e->message);
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
