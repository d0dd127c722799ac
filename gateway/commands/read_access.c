/*
 * No lock is taken: a lock would make the gateway wait for every `status`. What is seen twice in the same place has not
 * moved; that is enough for every answer here.
 */
#include "gateway/commands/read_access.h"

#include "formats/instant.h"

#include <string.h>

/* How often a job that moves between being found and being read is looked for. */
enum { MOST_LOOKS = 20 };

bool read_access_open(struct read_access *access, const struct invocation *invocation)
{
    GError *error = NULL;

    access->config = command_config(invocation);
    if (access->config == NULL)
        return false;
    if (gateway_open(&access->gateway, access->config, GATEWAY_READER, &error))
        return true;
    config_free(access->config);
    (void)command_unable(error); /* the caller returns its status */
    return false;
}

void read_access_close(struct read_access *access)
{
    gateway_close(&access->gateway);
    config_free(access->config);
}

static int by_id(gconstpointer a, gconstpointer b)
{
    const struct job_place *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

GArray *read_access_places(const struct spool *spool, GError **error)
{
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(struct job_place));

    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        g_autoptr(GArray) ids = job_list(spool, (enum job_state)state, error);
        if (ids == NULL)
            return NULL;
        for (guint i = 0; i < ids->len; i++) {
            struct job_place place = {g_array_index(ids, int64_t, i), (enum job_state)state};
            g_array_append_val(places, place);
        }
    }
    g_array_sort(places, by_id);
    return g_steal_pointer(&places);
}

struct packed_reader *read_access_open_file(const struct spool *spool, int64_t id, const char *file, GError **error)
{
    enum job_state before = JOB_NOWHERE, state = JOB_NOWHERE;

    for (int looks = 0; looks < MOST_LOOKS; looks++) {
        GError *cause = NULL;
        if (!job_find(spool, id, &state, error))
            return NULL;
        g_autofree char *path = job_path(spool, state, id, file);
        struct packed_reader *reader = path != NULL ? packed_open(path, &cause) : NULL;
        if (cause != NULL)
            g_propagate_error(error, cause);
        if (reader != NULL || cause != NULL)
            return reader;
        if (looks > 0 && state == before)
            return NULL; /* the job has not moved: the file does not exist */
        before = state;
    }
    return NULL;
}

char *read_access_removed(int64_t at, bool purged)
{
    char text[INSTANT_TEXT_SIZE];

    instant_print(at, text);
    return g_strdup_printf("its bytes were removed from the spool at %s (%s); the ledger keeps its size, its "
                           "SHA-256 and all that it led to; a backup made before that time has the bytes",
                           text, purged ? "purge" : "[retention]");
}

/* The packed form of a file whose plain one stands there too is taken out: it is being packed, or a stop has left both.
 */
static char **one_form_each(char **names)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    char **kept = names;

    for (char **name = names; *name != NULL; name++)
        g_hash_table_add(seen, *name);
    g_autoptr(GPtrArray) twice = g_ptr_array_new_with_free_func(g_free);
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *plain = packed_plain_name(*name);
        if (strcmp(plain, *name) != 0 && g_hash_table_contains(seen, plain))
            g_ptr_array_add(twice, *name); /* the set still borrows it */
        else
            *kept++ = *name;
    }
    *kept = NULL;
    return names;
}

char **read_access_files(const struct spool *spool, int64_t id, enum job_state *state, GError **error)
{
    for (int looks = 0; looks < MOST_LOOKS; looks++) {
        g_autoptr(GError) cause = NULL;
        char **names;

        if (!job_find(spool, id, state, error))
            return NULL;
        if (*state == JOB_NOWHERE)
            return NULL;
        names = job_files(spool, *state, id, &cause);
        if (names != NULL)
            return one_form_each(names);
        if (looks == MOST_LOOKS - 1)
            g_propagate_error(error, g_steal_pointer(&cause));
    }
    return NULL;
}
