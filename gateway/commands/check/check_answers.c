/*
 * Two designs were compared: a home that is made in a temporary folder and a real pass over it, and rows in a ledger
 * that is never stored. The first would run rules that a dry run does not judge, such as C103 for want of an inventory,
 * and would need a drop for each sender.
 *
 * One transaction for each file is rolled back at its end. So the numbers begin with 1 for each file, and the ledger
 * does not grow.
 */
#include "gateway/commands/check/check_answers.h"

#include "formats/text.h"
#include "gateway/answers/answer.h"
#include "gateway/answers/plan.h"
#include "gateway/commands/check/check_files.h"
#include "gateway/drops/transport.h"
#include "gateway/pipeline/judging/recording.h"
#include "gateway/profiles.h"
#include "spool/disk.h"
#include "spool/ledger/ledger_outgoing.h"
#include "validators/profile_choice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIGEST_BYTES = 256 * 1024, ONLY_JOB = 1 };

struct check_answers {
    const char *dir;
    const struct config *config; /* NULL: there is none */
    int64_t now;
    struct config stand_in; /* where there is none: who the gateway is, by the file's header */
    struct gateway gateway; /* its ledger is the scratch ledger; it has no spool */
    GHashTable *begun;      /* names of the files so far, owned */
    /* the file that was begun: */
    char *name, *escaped;
    struct filename parsed;
    char sender[EUI64_TEXT_SIZE], sha256[DIGEST_HEX_SIZE];
    struct ledger_job job;
    struct recording recording;
};

/* ---- the folder ---- */

G_GNUC_PRINTF(2, 3)
static bool refuse(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, text);
    return false;
}

/* True if the folder is `owned`, or stands in it; links are resolved. */
static bool is_within(const char *resolved, const char *owned)
{
    char *of = realpath(owned, NULL); /* of malloc */
    size_t len = of != NULL ? strlen(of) : 0;
    bool within = of != NULL && strncmp(resolved, of, len) == 0 && (resolved[len] == '\0' || resolved[len] == '/');

    free(of);
    return within;
}

/* An answer of a dry run in a drop would be taken for a real one. */
static bool is_gateways(const char *resolved, const struct config *config)
{
    g_autofree char *claim = g_build_filename(resolved, CLAIM_NAME, NULL);
    bool owned = g_file_test(claim, G_FILE_TEST_EXISTS);

    if (config == NULL)
        return owned;
    for (guint i = 0; i < config->drops->len; i++) {
        const struct drop *drop = config->drops->pdata[i];
        owned |= drop->transport->local_folders && (is_within(resolved, drop->in) || is_within(resolved, drop->out));
    }
    return owned || is_within(resolved, config->spool);
}

static bool good_folder(const char *dir, const struct config *config, GError **error)
{
    g_autofree char *shown = text_escape(dir, strlen(dir), 0);
    struct stat st;

    if (stat(dir, &st) != 0)
        return refuse(error, "--answers %s: %s; make the folder first", shown, g_strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return refuse(error, "--answers %s is no folder; name a folder for the answers", shown);
    if (access(dir, W_OK | X_OK) != 0)
        return refuse(error, "--answers %s cannot be written to: %s; name another folder", shown, g_strerror(errno));
    char *resolved = realpath(dir, NULL); /* of malloc */
    bool owned = resolved != NULL && is_gateways(resolved, config);
    free(resolved);
    return !owned || refuse(error,
                            "--answers %s is a folder of a gateway, where an answer of a dry run would be taken for a "
                            "real one; name a folder of your own",
                            shown);
}

struct check_answers *check_answers_new(const char *dir, const struct config *config, int64_t now, GError **error)
{
    struct ledger *ledger = good_folder(dir, config, error) ? ledger_make_scratch(error) : NULL;

    if (ledger == NULL)
        return NULL;
    struct check_answers *answers = g_new0(struct check_answers, 1);
    answers->dir = dir;
    answers->config = config;
    answers->now = now;
    answers->gateway = (struct gateway){.config = config != NULL ? config : &answers->stand_in, .ledger = ledger};
    answers->begun = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return answers;
}

void check_answers_free(struct check_answers *answers)
{
    if (answers == NULL)
        return;
    check_answers_abandon(answers);
    profiles_forget(&answers->gateway);
    ledger_close(answers->gateway.ledger);
    g_hash_table_unref(answers->begun);
    g_free(answers);
}

/* ---- one file ---- */

static bool digest_content(int fd, char sha256[DIGEST_HEX_SIZE], int64_t *size, GError **error)
{
    g_autoptr(digest_t) digest = digest_new();
    g_autofree char *buffer = g_malloc(DIGEST_BYTES);
    ssize_t got;

    *size = 0;
    while ((got = pread(fd, buffer, DIGEST_BYTES, *size)) > 0) {
        digest_update(digest, buffer, (size_t)got);
        *size += got;
    }
    digest_hex(digest, sha256);
    return got == 0 || refuse(error, "cannot be read: %s", g_strerror(errno));
}

/* The drop of the party that the name says: "" if nobody knows. */
static const char *drop_of(const struct check_answers *answers)
{
    const struct party *party =
        answers->config != NULL ? rules_party(&answers->config->identity, answers->parsed.org) : NULL;

    return party != NULL ? party->drop : "";
}

static bool may_answer(struct check_answers *answers, const struct rules *rules, const char *name, GError **error)
{
    const struct check_names names = {answers->config, rules->profiles != NULL ? rules->profiles[0] : NULL};
    g_autofree char *reason = check_files_left_alone(name, &names, NULL);

    if (reason != NULL)
        return refuse(error, "is not answered: %s", reason);
    if (!g_hash_table_add(answers->begun, g_strdup(name)))
        return refuse(error, "is not answered: a file of the same name came before it, and its answers have the same "
                             "names; check one of them with another --answers");
    return true;
}

bool check_answers_begin(struct check_answers *answers, const struct rules *rules, const char *name, int fd,
                         GError **error)
{
    const struct profile_choice choice = profile_choice_of(rules);
    const struct profile *profile;
    struct ledger *ledger = answers->gateway.ledger;

    check_answers_abandon(answers);
    if (!may_answer(answers, rules, name, error))
        return false;
    answers->name = g_strdup(name);
    answers->escaped = text_escape(name, strlen(name), 0);
    /* What is wrong with the name is judged later. */
    (void)profile_choose_by_name(&choice, name, strlen(name), &answers->parsed, &profile);
    answers->job = (struct ledger_job){.id = ONLY_JOB,
                                       .direction = LEDGER_IN,
                                       .name = answers->escaped,
                                       .drop = drop_of(answers),
                                       .received = answers->now,
                                       .sha256 = answers->sha256};
    recording_describe(&answers->job, &answers->parsed, answers->sender);
    answers->recording = (struct recording){.ledger = ledger, .job = &answers->job, .now = answers->now};
    return digest_content(fd, answers->sha256, &answers->job.size, error) && ledger_begin(ledger, error) &&
           ledger_job_insert(ledger, &answers->job, &answers->job.revision, error);
}

bool check_answers_take(struct check_answers *answers, const struct file_type *type, const struct row *row,
                        GError **error)
{
    return strcmp(type->code, "EMI") != 0 || recording_add_device(&answers->recording, device_of(row), error);
}

/* Who answers: by the configuration, else by the file, which names the gateway that it is for. */
static void identify(struct check_answers *answers, const struct verdict *verdict)
{
    const char *environment = verdict->header.environment;

    answers->stand_in.eui64 = verdict->header.recipient;
    answers->stand_in.environment = (char *)(*environment != '\0' ? environment : "TEST");
}

static bool all_free(const struct check_answers *answers, const GPtrArray *files, GError **error)
{
    for (guint i = 0; i < files->len; i++) {
        const struct ledger_outgoing *file = files->pdata[i];
        g_autofree char *path = g_build_filename(answers->dir, file->name, NULL);
        bool taken;
        if (!disk_exists(path, &taken, error))
            return false;
        if (taken)
            return refuse(error,
                          "is not answered: %s stands in the folder of --answers already; remove it, or name "
                          "another folder",
                          file->name);
    }
    return true;
}

static bool write_file(struct check_answers *answers, const struct ledger_outgoing *outgoing, GPtrArray *written,
                       GError **error)
{
    g_autofree char *path = g_build_filename(answers->dir, outgoing->name, NULL);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);

    if (file == NULL || !answer_write(&answers->gateway, outgoing, disk_file_write, file, error) ||
        !disk_file_publish_new(STEP_DRY_ANSWER, file, path, error))
        return false;
    g_ptr_array_add(written, g_steal_pointer(&path));
    return true;
}

static bool write_files(struct check_answers *answers, GPtrArray *written, GError **error)
{
    g_autoptr(GPtrArray) files = NULL;

    if (!ledger_outgoing_files_of(answers->gateway.ledger, ONLY_JOB, &files, error) || !all_free(answers, files, error))
        return false;
    for (guint i = 0; i < files->len; i++) {
        if (!write_file(answers, files->pdata[i], written, error))
            return false;
    }
    return true;
}

bool check_answers_write(struct check_answers *answers, const struct verdict *verdict, GPtrArray *written,
                         GError **error)
{
    const struct plan_judged judged = {&answers->job, answers->name, verdict, answers->now};

    if (answers->config == NULL)
        identify(answers, verdict);
    bool good = recording_add_verdict(&answers->recording, verdict, error) &&
                plan_answers(&answers->gateway, &judged, error) && write_files(answers, written, error);
    check_answers_abandon(answers);
    return good;
}

void check_answers_abandon(struct check_answers *answers)
{
    ledger_rollback(answers->gateway.ledger);
    g_clear_pointer(&answers->name, g_free);
    g_clear_pointer(&answers->escaped, g_free);
}
