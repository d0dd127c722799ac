/* The numbers of our own files stand in their headers, as the profile of their names has them. The name of an answer
 * has the number of the file that it answers. */
#include "gateway/pipeline/recovery/recover_spool.h"

#include "formats/eui64.h"
#include "formats/name/filename.h"
#include "formats/header_number.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/pipeline/judging/recording.h"
#include "spool/custody.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/packed.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_BYTES = 2048 /* of a file, within which its header is */ };

#define LOST LEDGER_LOST_REASON

/* One job without a row. */
struct stray {
    int64_t id;
    enum job_state state;          /* after the move */
    bool removed;                  /* its payload is: it has ended, and only the envelope is left */
    struct job_envelope *envelope; /* NULL: it has none that can be read */
    char *name;                    /* of a job of our own: its first file's; NULL: it was received */
};

static void clear_stray(gpointer user)
{
    struct stray *stray = user;

    g_free(stray->envelope);
    g_free(stray->name);
}

void recover_spool_clear(struct recover_spool *spool)
{
    g_clear_pointer(&spool->strays, g_array_unref);
}

/* ---- numbers ---- */

/* The number in the beginning of a file of ours. 0: it has none. */
static int64_t number_in(const struct file_type *type, const char *path)
{
    char head[HEAD_BYTES + 1];
    g_autoptr(packed_reader_t) reader = packed_open(path, NULL);
    size_t len = 0;

    if (reader == NULL || !packed_read(reader, head, HEAD_BYTES, &len, NULL) || len == 0)
        return 0;
    head[len] = '\0';
    return MIN(header_number(type, head), LEDGER_SEQUENCE_MAX);
}

/* Raises the counter of each file of ours in a job's folder. In a format without a header the name may have the number.
 */
static bool raise_own(struct gateway *gateway, const struct stray *at, struct witness *known, GError **error)
{
    g_auto(GStrv) names = job_files(gateway->spool, at->state, at->id, error);

    for (char **name = names; name != NULL && *name != NULL; name++) {
        uint32_t named = 0;
        g_autofree char *plain = packed_plain_name(*name);
        const struct file_type *type = config_own_type(gateway->config, plain, &named);
        if (type == NULL)
            continue;
        g_autofree char *path = job_path(gateway->spool, at->state, at->id, plain);
        (void)witness_raise(known, type->code, MAX(number_in(type, path), named));
    }
    return names != NULL;
}

static bool parse_name(const struct gateway *gateway, const struct job_envelope *envelope, struct filename *parsed,
                       char sender[EUI64_TEXT_SIZE])
{
    const struct config_arrival arrival = {envelope->drop, envelope->received, 0};
    size_t len;
    g_autofree char *raw = text_unescape(envelope->name, &len);

    if (raw == NULL || !config_parse_name(gateway->config, &arrival, raw, len, parsed))
        return false;
    eui64_print(parsed->eui64, sender);
    return true;
}

/* A file that ended in done/ was accepted with its number. */
static void raise_accepted(const struct gateway *gateway, const struct stray *stray, struct witness *known)
{
    struct filename parsed;
    char sender[EUI64_TEXT_SIZE];

    if (stray->state != JOB_DONE || stray->envelope == NULL || !parse_name(gateway, stray->envelope, &parsed, sender) ||
        parsed.org[0] == '\0' || parsed.eui64 == 0 || parsed.sequence == 0)
        return; /* nothing but its header told sender or number */
    g_autofree char *name = g_strdup_printf("accepted %s %s %s", sender, parsed.type->code, parsed.org);
    (void)witness_raise(known, name, parsed.sequence);
}

/* ---- jobs without a row ---- */

/* Which file it is; *own: it has no payload. */
static bool identify(struct gateway *gateway, struct stray *stray, bool *own, GError **error)
{
    g_auto(GStrv) names = job_files(gateway->spool, stray->state, stray->id, error);

    if (names == NULL)
        return false;
    bool payload = g_strv_contains((const char *const *)names, JOB_PAYLOAD) ||
                   g_strv_contains((const char *const *)names, JOB_PAYLOAD PACKED_SUFFIX);
    *own = !payload && !g_strv_contains((const char *const *)names, JOB_ENVELOPE);
    stray->removed = !payload && !*own && (stray->state == JOB_DONE || stray->state == JOB_REJECTED);
    if (*own)
        stray->name = names[0] != NULL ? packed_plain_name(names[0]) : g_strdup("empty");
    else
        stray->envelope = job_envelope_read(gateway->spool, stray->state, stray->id, NULL); /* NULL: damaged */
    return true;
}

static enum job_state place_of(const struct stray *stray)
{
    bool begun = stray->state == JOB_READY || stray->state == JOB_ACTIVE;

    if (stray->name != NULL)
        return JOB_DONE;
    if (stray->envelope == NULL)
        return JOB_CORRUPT;
    return begun ? JOB_HELD : stray->state;
}

static bool take_stray(struct gateway *gateway, struct recover_spool *spool, struct stray *stray, GError **error)
{
    bool own = false;

    if (!identify(gateway, stray, &own, error))
        return false;
    enum job_state to = place_of(stray);
    if (to != stray->state &&
        !job_move(gateway->spool, stray->id, &(struct job_move){STEP_JOB_SET_ASIDE, stray->state, to}, error))
        return false;
    stray->state = to;
    g_array_append_val(spool->strays, *stray);
    return true;
}

static bool look_at(struct gateway *gateway, struct recover_spool *spool, const struct stray *at, struct witness *known,
                    GError **error)
{
    struct stray stray = *at;
    g_autofree struct ledger_job *job = NULL;

    (void)witness_raise(known, "job", at->id);
    if (!ledger_job_get(gateway->ledger, at->id, &job, error))
        return false;
    if (job != NULL)
        return true; /* the counters know its files */
    if (!raise_own(gateway, at, known, error))
        return false;
    if (!take_stray(gateway, spool, &stray, error)) {
        clear_stray(&stray);
        return false;
    }
    raise_accepted(gateway, &stray, known);
    return true;
}

/* All jobs of the spool as they stand before the first one moves; else one that moved would be found twice. */
static GArray *all_jobs(const struct spool *spool, GError **error)
{
    g_autoptr(GArray) jobs = g_array_new(FALSE, FALSE, sizeof(struct stray));

    for (int state = JOB_READY; state < JOB_STATE_COUNT; state++) {
        g_autoptr(GArray) ids = job_list(spool, (enum job_state)state, error);
        for (guint i = 0; ids != NULL && i < ids->len; i++) {
            const struct stray at = {.id = g_array_index(ids, int64_t, i), .state = (enum job_state)state};
            g_array_append_val(jobs, at);
        }
        if (ids == NULL)
            return NULL;
    }
    return g_steal_pointer(&jobs);
}

bool recover_spool_look(struct gateway *gateway, struct recover_spool *spool, struct witness *known, GError **error)
{
    g_autoptr(GArray) jobs = all_jobs(gateway->spool, error);

    spool->strays = g_array_new(FALSE, FALSE, sizeof(struct stray));
    g_array_set_clear_func(spool->strays, clear_stray);
    for (guint i = 0; jobs != NULL && i < jobs->len; i++) {
        if (!look_at(gateway, spool, &g_array_index(jobs, struct stray, i), known, error))
            return false;
    }
    return jobs != NULL;
}

/* ---- their rows ---- */

static const char *reason_of(const struct stray *stray)
{
    if (stray->name != NULL)
        return LOST
            "whether it was delivered is not known; ask its recipient, and hand it over by hand if it is missing";
    if (stray->envelope == NULL)
        return LOST "its envelope is damaged; ask the sender for the file again";
    if (stray->state == JOB_HELD)
        return LOST "it may have been judged and its Devices ordered; release it to have it judged";
    return LEDGER_LOST_ENDED;
}

/* Parameters: the texts of *job are in *parsed and sender. */
static void describe(const struct gateway *gateway, const struct stray *stray, struct ledger_job *job,
                     struct filename *parsed, char sender[EUI64_TEXT_SIZE])
{
    const struct job_envelope *envelope = stray->envelope;

    *job = (struct ledger_job){.id = stray->id, .direction = LEDGER_IN, .name = "unknown", .reason = reason_of(stray)};
    if (stray->name != NULL) {
        job->direction = LEDGER_OUT;
        job->name = stray->name;
        return;
    }
    if (envelope == NULL)
        return;
    job->name = envelope->name;
    job->drop = envelope->drop;
    job->received = envelope->received;
    job->size = (int64_t)envelope->size;
    job->sha256 = envelope->sha256;
    job->removed = stray->removed ? clock_now() : 0; /* at the latest */
    if (parse_name(gateway, envelope, parsed, sender))
        recording_describe(job, parsed, sender);
}

bool recover_spool_record(struct gateway *gateway, const struct recover_spool *spool, struct ledger_recovery *recovery,
                          GError **error)
{
    for (guint i = 0; i < spool->strays->len; i++) {
        const struct stray *stray = &g_array_index(spool->strays, struct stray, i);
        struct ledger_job job;
        struct filename parsed;
        char sender[EUI64_TEXT_SIZE];

        describe(gateway, stray, &job, &parsed, sender);
        if (!ledger_job_insert(gateway->ledger, &job, NULL, error) ||
            !ledger_recovery_raise_revision(gateway->ledger, recovery->id, job.id, error))
            return false;
        recovery->jobs++;
    }
    return true;
}
