/*
 * Any bytes where the gateway keeps text of its own: the first byte picks which. An envelope, an order, a
 * configuration, an escaped name. Whatever stands there, reading it ends with a result or an error.
 */
#include "formats/text.h"
#include "gateway/config.h"
#include "gateway/orders.h"
#include "spool/job.h"

#include <glib/gstdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *folder;
static struct spool *spool;

static void prepare(void)
{
    if (folder != NULL)
        return;
    folder = g_dir_make_tmp("ecosgate-fuzz.XXXXXX", NULL);
    g_assert_true(spool_create(folder, NULL) && (spool = spool_open(folder, NULL)) != NULL);
    g_assert_true(job_make(STEP_DISPATCH_MADE, spool, JOB_HELD, 1, NULL));
}

static void try_envelope(const char *data, size_t size)
{
    g_autofree char *path = job_path(spool, JOB_HELD, 1, JOB_ENVELOPE);

    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
    g_autoptr(GError) error = NULL;
    g_autofree struct job_envelope *envelope = job_envelope_read(spool, JOB_HELD, 1, &error);
    g_assert_true((envelope == NULL) == (error != NULL));
    g_assert_true(envelope == NULL || (envelope->id == 1 && strlen(envelope->sha256) == DIGEST_HEX_SIZE - 1));
}

static void try_order(const char *data, size_t size)
{
    g_autofree char *path = g_build_filename(spool_orders_dir(spool), "order", NULL);

    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
    g_autoptr(order_t) order = order_read(path, "order", NULL);
    g_assert_true(order->verb == ORDER_VERB_COUNT || (order->job >= 1 && order->reason != NULL));
}

static void try_config(const char *data, size_t size)
{
    g_autofree char *path = g_build_filename(folder, "ecosgate.conf", NULL);

    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
    g_autoptr(GError) error = NULL;
    g_autoptr(config_t) config = config_load(path, &error);
    g_assert_true((config == NULL) == (error != NULL));
}

static void try_name(const char *data, size_t size)
{
    g_autofree char *escaped = text_escape(data, size, 0);
    size_t len = 0;
    g_autofree char *back = text_unescape(escaped, &len);
    g_autofree char *text = g_strndup(data, size);
    g_autofree char *any = text_unescape(text, &len);

    g_assert_true(back != NULL && memcmp(back, data, size) == 0);
    g_assert_true(any == NULL || len <= strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(const char *, size_t) = {try_envelope, try_order, try_config, try_name};

    if (size == 0)
        return 0;
    prepare();
    tries[data[0] % G_N_ELEMENTS(tries)]((const char *)data + 1, size - 1);
    return 0;
}
