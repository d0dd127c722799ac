/* Opening and closing a home in one place, so that every command leaves it the same way. */
#include "gateway/gateway.h"

#include "gateway/home_witness.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A process may open its home more than once: it stays the same instance. */
static const char *instance_of_process(void)
{
    static char instance[GATEWAY_INSTANCE_SIZE];

    for (size_t i = 0; instance[GATEWAY_INSTANCE_SIZE - 2] == '\0' && i < 4; i++)
        (void)g_snprintf(instance + 8 * i, 9, "%08x", g_random_int());
    return instance;
}

/* The writer's start: a generation of its own, then the witness of it. A writer that opens its home again goes on in
 * its own generation. */
static bool begin_writing(struct gateway *gateway, GError **error)
{
    g_strlcpy(gateway->instance, instance_of_process(), sizeof gateway->instance);
    return (gateway->identity.generation != 0 ||
            ledger_identity_begin_generation(gateway->ledger, &gateway->identity, error)) &&
           home_witness_keep(gateway, error);
}

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
    return mode == GATEWAY_READER || begin_writing(gateway, error);
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
    g_clear_pointer(&gateway->witness, witness_free);
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
