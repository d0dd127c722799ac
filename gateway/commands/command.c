#include "gateway/commands/command.h"

#include "formats/instant.h"
#include "formats/text.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SHOWN = 128 };

int command_options(struct invocation *invocation, const char *usage, const void *entries)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autofree char *call = g_strconcat("ecosgate ", usage, NULL);
    GError *error = NULL;
    char **argv = invocation->argv - 1; /* the command's own name stands where a program's would */
    int argc = invocation->argc + 1;

    if (entries != NULL)
        g_option_context_add_main_entries(context, entries, NULL);
    g_set_prgname(call); /* the help of the option parser begins with it */
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_autofree char *words = g_strndup(usage, strspn(usage, "abcdefghijklmnopqrstuvwxyz "));
        g_printerr("ecosgate: %s; 'ecosgate %s --help' lists its options, and those of all commands (-c, --now, "
                   "--json) stand before it\n",
                   error->message, g_strchomp(words));
        g_error_free(error);
        return -1;
    }
    invocation->argc = argc - 1;
    return invocation->argc;
}

bool command_arguments(struct invocation *invocation, const char *usage, int min, int max)
{
    int left = command_options(invocation, usage, NULL);

    if (left >= 0 && (left < min || left > max))
        (void)command_usage(usage); /* the caller returns the status */
    return left >= min && left <= max;
}

int command_usage(const char *usage)
{
    g_printerr("ecosgate: call it as: ecosgate %s\n", usage);
    return EXIT_UNABLE;
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
    free(text);
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
