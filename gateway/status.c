/*
 * The command `status`: is the gateway running, what is where, and what waits at the drops.
 */
#include "gateway/command.h"

#include "formats/filename.h"
#include "gateway/clock.h"
#include "gateway/facts.h"
#include "gateway/local_drop.h"
#include "gateway/looking.h"

#include <stdio.h>

enum { MOST_ROWS = 1000 };

static bool add_running(struct gateway *gateway, json_t *fact, GError **error)
{
    int64_t pid;

    if (!spool_writer(gateway->spool, &pid, error))
        return false;
    facts_set(fact, "running", json_boolean(pid != 0));
    if (pid > 0)
        facts_set_number(fact, "pid", pid);
    return true;
}

static bool add_jobs(struct gateway *gateway, json_t *fact, GError **error)
{
    json_t *counts = json_object();

    facts_set(fact, "jobs", counts);
    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        g_autoptr(GArray) ids = job_list(gateway->spool, (enum job_state)state, error);
        if (ids == NULL)
            return false;
        facts_set_number(counts, job_state_name((enum job_state)state), ids->len);
    }
    return true;
}

static bool add_state(void *user, const char *name, int64_t n, GError **error)
{
    (void)error; /* nothing can go wrong */
    facts_set_number(user, name, n);
    return true;
}

static bool add_devices(struct gateway *gateway, json_t *fact, GError **error)
{
    json_t *counts = json_object();

    facts_set(fact, "devices", counts);
    return ledger_states_each(gateway->ledger, add_state, counts, error);
}

static bool is_waiting(const struct drop *drop, const char *name)
{
    g_autofree char *path = g_build_filename(drop->in, name, NULL);

    /* In a drop with markers the marker announces a file and is none. */
    return !filename_is_temporary(name) &&
           !(drop->complete == COMPLETE_MARKER && g_str_has_suffix(name, LOCAL_DROP_MARKER)) &&
           g_file_test(path, G_FILE_TEST_IS_REGULAR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK);
}

/* Files in the in-folder that are, or will be, the gateway's to take; null when it cannot be read,
 * which is a fact about the drop and no failure of ours. */
static json_t *count_waiting(const struct drop *drop)
{
    g_autoptr(GError) fault = NULL;
    g_auto(GStrv) names = disk_names(drop->in, &fault);
    json_int_t n = 0;

    if (names == NULL) {
        gateway_note("drop %s: %s; make the folder or correct the configuration", drop->name,
                     fault->message);
        return json_null();
    }
    for (char **name = names; *name != NULL; name++)
        n += is_waiting(drop, *name);
    return json_integer(n);
}

static bool add_drops(struct gateway *gateway, json_t *fact, GError **error)
{
    json_t *drops = json_array();
    g_autoptr(GPtrArray) owed = NULL;

    facts_set(fact, "drops", drops);
    if (!ledger_parts_owed(gateway->ledger, 0, &owed, error))
        return false;
    for (guint d = 0; d < gateway->config->drops->len; d++) {
        const struct drop *drop = gateway->config->drops->pdata[d];
        json_t *row = json_object();
        json_int_t n = 0;
        for (guint i = 0; i < owed->len; i++)
            n += g_strcmp0(((const struct ledger_part *)owed->pdata[i])->drop, drop->name) == 0;
        facts_set_text(row, "name", drop->name);
        facts_set(row, "waiting", count_waiting(drop));
        facts_set_number(row, "owed", n);
        (void)json_array_append_new(drops, row); /* memory aborts */
    }
    return true;
}

static void print_text(const json_t *fact)
{
    static const char *const columns[] = {"name", "waiting", "owed", NULL};
    const json_t *devices = json_object_get(fact, "devices");

    facts_print(fact);
    puts("\njobs");
    facts_print(json_object_get(fact, "jobs"));
    if (json_object_size(devices) > 0)
        puts("\nDevices");
    facts_print(devices);
    facts_section("\ndrops", json_object_get(fact, "drops"), columns, MOST_ROWS);
}

int command_status(const struct invocation *invocation)
{
    struct invocation rest = *invocation;
    struct looking looking;
    GError *error = NULL;

    if (!command_arguments(&rest, "status", 0, 0) || !looking_open(&looking, invocation))
        return EXIT_UNABLE;
    json_t *fact = json_object();
    facts_set(fact, "now", command_json_instant(clock_now()));
    bool good =
        add_running(&looking.gateway, fact, &error) && add_jobs(&looking.gateway, fact, &error) &&
        add_devices(&looking.gateway, fact, &error) && add_drops(&looking.gateway, fact, &error);
    looking_close(&looking);
    if (good && invocation->json)
        command_print_json(json_incref(fact));
    else if (good)
        print_text(fact);
    json_decref(fact);
    return good ? EXIT_GOOD : command_unable(error);
}
