/*
 * Where the signature is made: once its file is STORED, in steps of its own, so that nothing that stores files knows of
 * signatures, and a certificate that has expired keeps no file from being stored, only from being delivered. The other
 * design stores a file and its signature in one commit; then each place that stores files must sign, and what the
 * ledger says of a file depends on a key.
 *
 * A stop between the two steps leaves a signature without a row that says so. It is made again, with other bytes.
 */
#include "gateway/pipeline/delivery/signing.h"

#include "gateway/clock.h"
#include "gateway/config/config_signature.h"
#include "spool/disk.h"
#include "validators/signature/signature_key.h"

#include <string.h>

enum { BATCH_FILES = 64 /* that one commit serves */ };

/* *file: the one that it is the signature of; g_free. */
static bool find_signed(struct gateway *gateway, const struct ledger_outgoing *signature, struct ledger_outgoing **file,
                        GError **error)
{
    g_autofree char *name = g_strndup(signature->name, strlen(signature->name) - strlen(LEDGER_SIGNATURE));

    return ledger_outgoing_named(gateway->ledger, name, file, error);
}

/* Stores the bytes; the row's new members stand in *signature, of which sha256 is to be freed. */
static bool store(struct gateway *gateway, const struct ledger_outgoing *file, struct ledger_outgoing *signature,
                  GError **error)
{
    int64_t now = clock_now();
    const struct signature_key *key = config_signing_key(gateway->config, now, error);
    size_t len = 0;

    if (key == NULL)
        return false;
    g_autofree unsigned char *der = signature_make(key, file->sha256, now, &len, error);
    g_autofree char *path = job_path(gateway->spool, JOB_ACTIVE, signature->job, signature->name);
    g_autoptr(disk_file_t) out = der != NULL ? disk_file_create(path, 0, error) : NULL;
    if (out == NULL || !disk_file_write(out, (const char *)der, len, error) ||
        !disk_file_publish(STEP_SIGNATURE_STORED, out, error))
        return false;
    signature->state = LEDGER_STORED;
    signature->size = (int64_t)len;
    signature->sha256 = g_strdup(disk_file_sha256(out));
    return true;
}

/* Frees cause. Files that wait for the same reason are one record. */
static void report_unsigned(struct gateway *gateway, const char *name, GError *cause)
{
    gateway->failed = true;
    g_free(gateway->unsigned_for);
    gateway->unsigned_for = g_strdup(cause->message);
    log_event(LOG(EVENT_UNSTORED, .file = name), "%s cannot be stored, and its file waits for it: %s", name,
              cause->message);
    g_error_free(cause);
}

static bool record(struct gateway *gateway, const GPtrArray *made, GError **error)
{
    bool good = ledger_begin(gateway->ledger, error);

    if (!good)
        return false;
    for (guint i = 0; good && i < made->len; i++)
        good = ledger_outgoing_update(gateway->ledger, made->pdata[i], error);
    if (good && ledger_commit(STEP_SIGNATURES_NOTED, gateway->ledger, error))
        return true;
    ledger_rollback(gateway->ledger);
    return false;
}

static void free_made(gpointer user)
{
    struct ledger_outgoing *made = user;

    g_free((gpointer)made->sha256);
    g_free(made);
}

/* Makes those of planned[from …] that one commit serves. *next: where the following batch begins. */
static bool store_batch(struct gateway *gateway, const GPtrArray *planned, guint from, guint *next, GError **error)
{
    g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func(free_made);
    guint i = from;
    GError *cause = NULL;

    for (; cause == NULL && i < planned->len && made->len < BATCH_FILES && !gateway_stopping(gateway); i++) {
        g_autofree struct ledger_outgoing *file = NULL;
        struct ledger_outgoing *signature = planned->pdata[i];
        if (!ledger_outgoing_is_signature(signature))
            continue;
        if (!find_signed(gateway, signature, &file, error))
            return false;
        if (file == NULL || file->sha256 == NULL)
            continue;
        struct ledger_outgoing *row = g_memdup2(signature, sizeof *signature); /* texts are borrowed from planned */
        row->sha256 = NULL;
        g_ptr_array_add(made, row);
        if (store(gateway, file, row, &cause))
            continue;
        g_ptr_array_set_size(made, (gint)made->len - 1);
        report_unsigned(gateway, signature->name, cause);
        i = planned->len; /* the others would fail likewise */
        break;
    }
    *next = gateway_stopping(gateway) ? planned->len : i;
    return made->len == 0 || record(gateway, made, error);
}

bool signing_store(struct gateway *gateway, GError **error)
{
    g_autoptr(GPtrArray) planned = NULL;
    bool good = ledger_outgoing_files_planned(gateway->ledger, &planned, error);

    g_clear_pointer(&gateway->unsigned_for, g_free);
    for (guint next = 0; good && next < planned->len;)
        good = store_batch(gateway, planned, next, &next, error);
    config_rest_keys(gateway->config);
    return good;
}

bool signing_renew(struct gateway *gateway, const struct ledger_outgoing *signature, GError **error)
{
    if (!ledger_begin(gateway->ledger, error))
        return false;
    if (ledger_outgoing_sign_again(gateway->ledger, signature->id, error) &&
        ledger_commit(STEP_SIGNATURE_RENEWED, gateway->ledger, error))
        return true;
    ledger_rollback(gateway->ledger);
    return false;
}
