/* The command `metrics`: what gateway/metrics/ collects, on standard output. */
#include "gateway/metrics/metrics.h"

#include "gateway/commands/command.h"
#include "gateway/commands/read_access.h"

#include <stdio.h>
#include <string.h>

static bool form_of(const char *name, enum metrics_form *form)
{
    bool prometheus = name != NULL && strcmp(name, "prometheus") == 0;

    *form = prometheus ? METRICS_PROMETHEUS : METRICS_OPENMETRICS;
    if (prometheus || name == NULL || strcmp(name, "openmetrics") == 0)
        return true;
    g_printerr("ecosgate: metrics: --format: expected openmetrics or prometheus, found '%.128s'\n", name);
    return false;
}

int command_metrics(struct invocation *invocation)
{
    char *name = NULL;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &name, "openmetrics (default), or prometheus, as the file has it",
         "FORMAT"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    enum metrics_form form;
    struct read_access access;
    g_autofree char *text = NULL;
    GError *error = NULL;

    bool called = command_arguments(invocation, entries, 0, 0) && form_of(name, &form);
    g_free(name);
    if (!called || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    bool good = metrics_text(&access.gateway, form, &text, &error);
    read_access_close(&access);
    if (!good)
        return command_unable(error);
    (void)fputs(text, stdout); /* main.c reports what could not be written */
    return EXIT_GOOD;
}
