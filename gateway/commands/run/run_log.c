/* What an option says comes before the configuration, also before one that is read again. */
#include "gateway/commands/run/run_log.h"

#include "gateway/commands/command.h"
#include "gateway/config/config_signature.h"

#include <string.h>

/* One of the names; -1, and a message, if the text is none of them. */
static int choice_of(const char *option, const char *text, const char *const *names)
{
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    g_autofree char *shown = command_shown(text), *meant = command_meant(text, names);
    g_autofree char *all = g_strjoinv(", ", (char **)names);
    g_printerr("ecosgate: run: %s '%s' is none of %s%s\n", option, shown, all, meant);
    return -1;
}

bool run_log_parse(const char *format, const char *level, struct run_log *log)
{
    int chosen_format = format != NULL ? choice_of("--log-format", format, log_format_names) : 0;
    int chosen_level = level != NULL ? choice_of("--log-level", level, log_level_names) : LOG_LEVEL_INFO;

    *log = (struct run_log){.has_format = format != NULL, .has_level = level != NULL};
    if (chosen_format < 0 || chosen_level < 0)
        return false;
    log->settings = (struct log_settings){(enum log_format)chosen_format, (enum log_level)chosen_level};
    return true;
}

void run_log_begin(const struct run_log *log, const struct config *config)
{
    struct log_settings settings = log->settings;

    if (config != NULL && !log->has_format)
        settings.format = config->log.format;
    if (config != NULL && !log->has_level)
        settings.level = config->log.level;
    log_begin(&settings);
}

static void tell_away(void *user, const char *why)
{
    (void)user;
    log_event(LOG(EVENT_UNSTORED, .subject = "signing"),
              "the token does not answer; the gateway works, and what is to be signed waits until it does: %s", why);
}

void run_log_tell_away(const struct config *config)
{
    log_over(LOG(EVENT_UNSTORED, .subject = "signing"));
    config_each_away(config, tell_away, NULL);
}
