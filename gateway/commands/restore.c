/*
 * The command `restore`: proves a backup and puts it in the place of spool and ledger (spool/restore.h). It proves the
 * ledger too, which spool/ cannot.
 */
#include "formats/instant.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/commands/backup_facts.h"
#include "gateway/commands/command.h"
#include "gateway/commands/run/interruption.h"
#include "gateway/commands/output.h"
#include "gateway/commands/run/progress.h"
#include "gateway/gateway.h"
#include "spool/ledger/ledger_backup.h"
#include "spool/ledger/ledger_proof.h"
#include "spool/restore.h"
#include "spool/witness.h"

#include <string.h>

static void on_progress(void *user, uint64_t done, uint64_t total)
{
    progress_show(user, "copying", done, total);
}

/* Takes the first complaint of SQLite's own check. */
static bool complain(void *user, const char *complaint, int64_t n, GError **error)
{
    (void)user, (void)n;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "%s", complaint);
    return false;
}

/* The copy of the ledger must be sound, and the one that BACKUP speaks of. */
static bool prove_ledger(const struct restore *restore, GError **error)
{
    g_autoptr(ledger_t) ledger = ledger_open_copy(restore_staged_ledger(restore), error);
    const struct backup_facts *facts = restore_facts(restore);
    struct ledger_identity identity;

    if (ledger == NULL || !ledger_integrity_each(ledger, complain, NULL, error) ||
        !ledger_identity_get(ledger, &identity, error)) {
        g_prefix_error(error, "the ledger of the backup is damaged, and nothing was changed; take another backup: ");
        return false;
    }
    if (strcmp(identity.ledger, facts->ledger) == 0 && identity.generation == facts->generation)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                "the ledger of the backup is %s of generation %" G_GINT64_FORMAT ", its BACKUP says %s of generation "
                "%" G_GINT64_FORMAT ": files of two backups are mixed, and nothing was changed; take another backup",
                identity.ledger, identity.generation, facts->ledger, facts->generation);
    return false;
}

static bool stage(struct restore *restore, const struct config *config, bool replace, GError **error)
{
    bool replaces = false;

    if (!restore_replaces(restore, &replaces, error))
        return false;
    if (replaces && !replace) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_EXISTS,
                    "there is a spool at %s or a ledger at %s; with --replace they are moved to before-<time> in the "
                    "spool's folder, and nothing of them is removed",
                    config->spool, config->ledger);
        return false;
    }
    return restore_stage(restore, error) && prove_ledger(restore, error) && restore_settle(restore, error);
}

/* Where no witness is left, nothing but this restore knows that the ledger is not the newest. So it leaves one that is
 * a generation ahead, and A109 comes in any case. One that exists knows more than we do, and is left alone. */
static void leave_witness(const struct restore *restore, const struct config *config)
{
    const struct backup_facts *facts = restore_facts(restore);
    g_autoptr(GError) cause = NULL;
    g_autoptr(witness_t) found = NULL;

    if (!witness_read(config->witness, &found, NULL) || found != NULL)
        return;
    g_autoptr(witness_t) made = witness_new();
    g_free(made->ledger);
    made->ledger = g_strdup(facts->ledger);
    made->generation = facts->generation + 1;
    made->written = clock_now();
    if (witness_write(STEP_WITNESS_WRITTEN, config->witness, made, &cause))
        command_note("restore: the witness %s is missing; one was made that says that a newer ledger has existed",
                     config->witness);
    else
        command_note(
            "restore: the witness %s is missing, and none can be made: %s; the next run may not notice that the "
            "ledger is older than what went out",
            config->witness, cause->message);
}

/* *continued: an earlier restore was brought to its end instead of this one. */
static bool put_in_place(struct restore *restore, const struct config *config, bool replace, bool *continued,
                         GError **error)
{
    if (!restore_lock(restore, error) || !restore_begun(restore, continued, error) ||
        !(*continued || stage(restore, config, replace, error)))
        return false;
    leave_witness(restore, config);
    return restore_switch(restore, error);
}

static void print_restored(const struct invocation *invocation, const struct restore *restore,
                           const struct config *config)
{
    const struct backup_facts *facts = restore_facts(restore);
    const char *before = restore_before(restore);
    g_autofree char *spool = text_escape(config->spool, strlen(config->spool), 0);
    g_autofree char *moved = before != NULL ? text_escape(before, strlen(before), 0) : NULL;
    json_t *object = json_object();

    output_set_text(object, "spool", spool);
    backup_facts_set(facts, object);
    output_set_text(object, "before", moved);
    output_object(invocation->json, object);
}

static void print_what_is_next(const struct restore *restore, bool continued)
{
    const struct backup_facts *facts = restore_facts(restore);

    if (continued)
        command_note("restore: an earlier restore had been stopped and is at its end now; give the command again with "
                     "--replace if it was that of another backup");
    if (facts->faults > 0)
        command_note("restore: %" G_GINT64_FORMAT
                     " files were missing, unreadable or damaged when the backup was made; "
                     "'ecosgate spool verify' says which",
                     facts->faults);
    command_note("restore: the ledger is as it was at %s. What was done since then it does not know, so the next "
                 "'ecosgate run' says A109 and does nothing else until 'ecosgate recover --reason TEXT': that goes on "
                 "above every number that was used since, holds back files that had been accepted since, and orders no "
                 "Device again that may have been ordered since",
                 facts->time);
}

static int restore(struct invocation *invocation, const struct config *config, const char *dir, bool replace)
{
    char date[INSTANT_DATE_SIZE], at[INSTANT_TIME_SIZE];
    struct progress progress;
    GError *error = NULL;
    bool continued = false;

    instant_print_name(clock_now(), date, at);
    g_autofree char *time = g_strdup_printf("%s_%s", date, at);
    progress_init(&progress);
    const struct restore_options options = {dir,         config->spool, config->ledger, time, interruption_catch(),
                                            on_progress, &progress};
    g_autoptr(restore_t) restore = restore_new(&options, &error);
    bool good = restore != NULL && put_in_place(restore, config, replace, &continued, &error) &&
                ledger_check_mark_restored(config->spool, restore_facts(restore)->time,
                                           restore_facts(restore)->generation, &error);
    progress_clear(&progress);
    if (!good) {
        g_prefix_error(&error, "restore: ");
        return command_unable(error);
    }
    print_restored(invocation, restore, config);
    print_what_is_next(restore, continued);
    return EXIT_GOOD;
}

int command_restore(struct invocation *invocation)
{
    gboolean replace = FALSE;
    const GOptionEntry entries[] = {
        {"replace", 0, 0, G_OPTION_ARG_NONE, &replace, "move the spool and the ledger that exist out of the way", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };

    if (!command_arguments(invocation, entries, 1, 1))
        return EXIT_UNABLE;
    g_autoptr(config_t) config = command_config(invocation);
    if (config == NULL)
        return EXIT_UNABLE;
    g_autofree char *dir = g_canonicalize_filename(invocation->argv[0], NULL);
    return restore(invocation, config, dir, replace);
}
