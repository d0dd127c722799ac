/* Opening and closing a home in one place, so that every command leaves it the same way. */
#include "gateway/gateway.h"

#include "gateway/clock.h"
#include "gateway/home_witness.h"
#include "gateway/profiles.h"

#include <string.h>

/* A process may open its home more than once: it stays the same instance. */
static const char *instance_of_process(void)
{
    static char instance[GATEWAY_INSTANCE_SIZE];

    for (size_t i = 0; instance[GATEWAY_INSTANCE_SIZE - 2] == '\0' && i < 4; i++)
        (void)g_snprintf(instance + 8 * i, 9, "%08x", g_random_int());
    return instance;
}

/* The witness comes after the generation: the other way round, a stop in between would leave a witness that is ahead of
 * its ledger. */
static bool begin_generation(struct gateway *gateway, GError **error)
{
    GError *cause = NULL;

    if (!gateway->writing) {
        if (!ledger_identity_begin_generation(gateway->ledger, &gateway->identity, error))
            return false;
        gateway->unchecked |= gateway->identity.running;
    }
    gateway->writing = true;
    if (!ledger_check_bind_spool(gateway, error))
        return false;
    if (!home_witness_keep(gateway, &cause))
        ledger_check_unwritable(&gateway->fault, cause);
    return true;
}

/* The generation is raised only by a ledger that is the newest: else a ledger that is behind would catch up with its
 * witness, start by start. */
bool gateway_check_ledger(struct gateway *gateway, GError **error)
{
    struct ledger_identity identity;

    if (!ledger_in_place(gateway->ledger)) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "the ledger %s was removed or replaced while it was open",
                    gateway->config->ledger);
        return false;
    }
    if (!ledger_identity_get(gateway->ledger, &identity, error))
        return false;
    /* A writer that opens its home again goes on in its own generation, unless the ledger is another one. */
    gateway->writing = gateway->writing && identity.generation == gateway->identity.generation &&
                       strcmp(identity.ledger, gateway->identity.ledger) == 0;
    gateway->identity = identity;
    return ledger_check(gateway, &gateway->fault, error) &&
           (gateway->fault.kind != LEDGER_SOUND || begin_generation(gateway, error));
}

static void tell_upgrade(const struct ledger_upgrade *upgrade)
{
    log_event(LOG(EVENT_LEDGER_UPGRADE, .counts = LOG_COUNTS({"from", upgrade->from}, {"to", upgrade->to})),
              "the ledger's tables go from version %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
              ": it has %" G_GUINT64_FORMAT " MiB, needs up to %" G_GUINT64_FORMAT
              " MiB beside it of %" G_GUINT64_FORMAT " MiB that are free, and takes about %" G_GUINT64_FORMAT
              " s; older programs cannot open it any more then; a stop in between loses nothing",
              upgrade->from, upgrade->to, upgrade->size >> 20, upgrade->room >> 20, upgrade->free >> 20,
              upgrade->seconds);
}

static bool open_ledger(struct gateway *gateway, enum gateway_mode mode, GError **error)
{
    const char *path = gateway->config->ledger;
    GError *cause = NULL;

    gateway->ledger =
        mode == GATEWAY_WRITER ? ledger_open_writer(path, tell_upgrade, &cause) : ledger_open_reader(path, &cause);
    if (g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_MISSING))
        ledger_check_missing(gateway, &cause);
    if (cause != NULL)
        g_propagate_error(error, cause);
    return gateway->ledger != NULL;
}

static bool open_spool_and_ledger(struct gateway *gateway, enum gateway_mode mode, GError **error)
{
    gateway->spool = spool_open(gateway->config->spool, error);
    if (gateway->spool == NULL || (mode == GATEWAY_WRITER && !spool_lock(gateway->spool, error)) ||
        !open_ledger(gateway, mode, error))
        return false;
    if (mode == GATEWAY_WRITER)
        log_ledger(gateway->ledger);
    if (mode == GATEWAY_READER)
        return ledger_identity_get(gateway->ledger, &gateway->identity, error);
    g_strlcpy(gateway->instance, instance_of_process(), sizeof gateway->instance);
    return gateway_check_ledger(gateway, error);
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
    g_clear_pointer(&gateway->own, witness_free);
    witness_kept_clear(&gateway->witness_read);
    g_clear_pointer(&gateway->held, g_hash_table_unref);
    profiles_forget(gateway);
    g_clear_pointer(&gateway->withdrawing.order_id, g_free);
    g_clear_pointer(&gateway->reports_wait, g_free);
    g_clear_pointer(&gateway->report_waits, g_free);
    g_clear_pointer(&gateway->unsigned_for, g_free);
    ledger_fault_clear(&gateway->fault);
}

bool gateway_stopping(const struct gateway *gateway)
{
    return gateway->stop != NULL && *gateway->stop;
}

bool gateway_time_is_up(const struct gateway *gateway, int64_t until)
{
    return gateway_stopping(gateway) || (until != 0 && clock_monotonic() >= until);
}

void gateway_fail(struct gateway *gateway, GError *error, const struct log_event *event, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    gateway->failed = true;
    log_event(event, "%s%s%s", text, error ? ": " : "", error ? error->message : "");
    g_clear_error(&error);
}
