/* Opening and closing a home in one place, so that every command leaves it the same way. */
#include "gateway/gateway.h"

#include <stdio.h>
#include <unistd.h>

static bool open_spool_and_ledger(struct gateway *gateway, enum gateway_mode mode, GError **error)
{
    const struct config *config = gateway->config;

    gateway->spool = spool_open(config->spool, error);
    if (gateway->spool == NULL)
        return false;
    if (mode == GATEWAY_WRITER && !spool_lock(gateway->spool, error))
        return false;
    gateway->ledger =
        mode == GATEWAY_WRITER ? ledger_open_writer(config->ledger, error) : ledger_open_reader(config->ledger, error);
    if (gateway->ledger == NULL)
        return false;
    /* A writer that opens its home again goes on in its own generation. */
    return gateway->identity.generation == 0 && mode == GATEWAY_WRITER
               ? ledger_identity_begin_generation(gateway->ledger, &gateway->identity, error)
               : true;
}

bool gateway_open(struct gateway *gateway, const struct config *config, enum gateway_mode mode, GError **error)
{
    *gateway = (struct gateway){.config = config};
    if (open_spool_and_ledger(gateway, mode, error))
        return true;
    gateway_close(gateway);
    return false;
}

bool gateway_reopen(struct gateway *gateway, GError **error)
{
    gateway_close(gateway);
    if (open_spool_and_ledger(gateway, GATEWAY_WRITER, error))
        return true;
    gateway_close(gateway);
    return false;
}

void gateway_close(struct gateway *gateway)
{
    ledger_close(gateway->ledger);
    spool_close(gateway->spool);
    gateway->ledger = NULL;
    gateway->spool = NULL;
}

bool gateway_stopping(const struct gateway *gateway)
{
    return gateway->stop != NULL && *gateway->stop;
}

void gateway_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    /* On a terminal the line may hold a progress bar: clear it first. */
    g_printerr("%secosgate: %s\n", isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "", text);
}

void gateway_fail(struct gateway *gateway, GError *error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    gateway->failed = true;
    gateway_note("%s%s%s", text, error ? ": " : "", error ? error->message : "");
    g_clear_error(&error);
}
