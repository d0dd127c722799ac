/* Each question is asked of a file or a row that stands by itself; the first fault found is the one that is told. */
#include "gateway/ledger_check.h"

#include "formats/instant.h"
#include "gateway/home_witness.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_recovery.h"
#include "validators/catalogue.h"

#include <string.h>

/* What ends the fault, for every text. */
#define RECOVER "ecosgate recover --reason TEXT"
static const char GO_ON[] = "; nothing is done until you put the newest ledger and spool back or, if there are none, "
                            "go on with these: " RECOVER;

enum { MOST_NAMED = 3 /* numbers that a text names */ };

void ledger_fault_clear(struct ledger_fault *fault)
{
    g_free(fault->cause);
    g_free(fault->text);
    *fault = (struct ledger_fault){0};
}

const char *ledger_fault_subject(enum ledger_fault_kind kind)
{
    static const char *const subjects[] = {NULL, "behind", "restored", "foreign", "witness"};

    return subjects[kind];
}

/* Takes cause. advice begins with "; ", or is empty. */
static bool found(struct ledger_fault *fault, enum ledger_fault_kind kind, char *cause, const char *advice)
{
    ledger_fault_clear(fault);
    *fault = (struct ledger_fault){kind, cause, g_strconcat(cause, advice, NULL)};
    return true;
}

/* ---- the numbers ---- */

/* An incident's number is raised by the A109 itself, which would hide that the ledger is behind. Every incident that
 * was reported is in an INC, whose number counts. */
static bool counts(const char *name)
{
    return strcmp(name, "incident") != 0;
}

static char *number_text(const char *name, int64_t value)
{
    if (g_str_has_prefix(name, "accepted "))
        return g_strdup_printf("%s %06" G_GINT64_FORMAT, name, value % 1000000);
    if (!g_str_has_prefix(name, "report "))
        return g_strdup_printf("%s %" G_GINT64_FORMAT, name, value);
    char at[INSTANT_TEXT_SIZE] = "none";
    if (value != 0)
        instant_print(value, at);
    return g_strdup_printf("%s %s", name, at);
}

/* "EMW 12, job 31" of the witness and "EMW 10, job 25" of the ledger. */
static void compare_numbers(const struct witness *witness, const struct witness *own, GString *theirs, GString *ours)
{
    g_autoptr(GPtrArray) names = witness_names(witness);
    guint named = 0;

    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        int64_t value = witness_number(witness, name), here = witness_number(own, name);
        if (here >= value || !counts(name) || named++ >= MOST_NAMED)
            continue;
        g_autofree char *a = number_text(name, value), *b = number_text(name, here);
        g_string_append_printf(theirs, "%s%s", theirs->len > 0 ? ", " : "", a);
        g_string_append_printf(ours, "%s%s", ours->len > 0 ? ", " : "", b);
    }
}

bool ledger_check_witness(struct gateway *gateway, const struct witness *witness, bool *foreign, char **ahead,
                          GError **error)
{
    g_autoptr(GString) theirs = g_string_new(NULL), ours = g_string_new(NULL);
    int64_t replaced = -1;

    *ahead = NULL;
    *foreign = strcmp(witness->ledger, gateway->identity.ledger) != 0;
    if (*foreign) {
        if (!ledger_replaced(gateway->ledger, witness->ledger, &replaced, error))
            return false;
        *foreign = replaced < witness->generation;
        return true;
    }
    const struct witness *own = home_witness_now(gateway, error);
    if (own == NULL)
        return false;
    if (witness->generation > own->generation) {
        g_string_printf(theirs, "generation %" G_GINT64_FORMAT, witness->generation);
        g_string_printf(ours, "generation %" G_GINT64_FORMAT, own->generation);
    }
    if (witness_exceeds(witness, own))
        compare_numbers(witness, own, theirs, ours);
    if (theirs->len > 0)
        *ahead = g_strdup_printf("%s, the ledger %s", theirs->str, ours->str);
    return true;
}

/* ---- the witness file ---- */

static bool check_content(struct gateway *gateway, const struct witness *witness, struct ledger_fault *fault,
                          GError **error)
{
    const struct config *config = gateway->config;
    g_autofree char *ahead = NULL;
    char written[INSTANT_TEXT_SIZE];
    bool foreign;

    if (!ledger_check_witness(gateway, witness, &foreign, &ahead, error))
        return false;
    if (foreign)
        return found(fault, LEDGER_FOREIGN,
                     g_strdup_printf("the ledger %s is not the one that the witness %s belongs to", config->ledger,
                                     config->witness),
                     GO_ON);
    instant_print(witness->written, written);
    return ahead == NULL ||
           found(fault, LEDGER_BEHIND,
                 g_strdup_printf("the ledger %s is older than the newest one: the witness %s of %s has %s",
                                 config->ledger, config->witness, written, ahead),
                 GO_ON);
}

static bool check_witness_file(struct gateway *gateway, struct ledger_fault *fault, GError **error)
{
    const char *path = gateway->config->witness;
    const struct witness *witness = NULL;
    g_autoptr(GError) cause = NULL;

    if (witness_read_kept(path, &gateway->witness_read, &witness, &cause))
        return witness == NULL || check_content(gateway, witness, fault, error);
    bool damaged = g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_CORRUPT);
    return found(fault, LEDGER_WITHOUT_WITNESS, g_strdup(cause->message),
                 damaged ? "; nothing is done until you remove that file, if the ledger is the newest one, or go on "
                           "with an older ledger: " RECOVER
                         : "");
}

void ledger_check_unwritable(struct ledger_fault *fault, GError *cause)
{
    (void)found(fault, LEDGER_WITHOUT_WITNESS,
                g_strdup_printf("the witness cannot be written, and without it nothing leaves: %s", cause->message),
                "");
    g_error_free(cause);
}

/* ---- claims found in drops ---- */

struct claims {
    struct gateway *gateway;
    struct ledger_fault *fault;
};

static bool check_claim(void *user, const char *drop, const char *text, GError **error)
{
    const struct claims *claims = user;
    g_autoptr(witness_t) claim = witness_parse(text, strlen(text), NULL);
    g_autofree char *ahead = NULL;
    bool foreign;

    if (claim == NULL || claims->fault->kind != LEDGER_SOUND)
        return true;
    if (!ledger_check_witness(claims->gateway, claim, &foreign, &ahead, error))
        return false;
    return ahead == NULL ||
           found(
               claims->fault, LEDGER_BEHIND,
               g_strdup_printf("the ledger %s is older than the newest one: the claim in drop %s, written by host %s, "
                               "has %s",
                               claims->gateway->config->ledger, drop, claim->host, ahead),
               GO_ON);
}

/* ---- the spool ---- */

static char *id_path(const struct gateway *gateway)
{
    return g_build_filename(spool_dir(gateway->spool), SPOOL_LEDGER_ID, NULL);
}

bool ledger_check_spool_id(struct gateway *gateway, char **id, bool *damaged, GError **error)
{
    g_autofree char *path = id_path(gateway), *text = NULL;
    g_autoptr(GError) cause = NULL;
    gsize len = 0;

    *id = NULL;
    *damaged = false;
    if (!g_file_get_contents(path, &text, &len, &cause)) {
        if (g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return true;
        g_set_error_literal(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, cause->message);
        return false;
    }
    *damaged = len != LEDGER_ID_SIZE || text[len - 1] != '\n' || strspn(text, "0123456789abcdef") != LEDGER_ID_SIZE - 1;
    if (!*damaged)
        *id = g_strndup(text, LEDGER_ID_SIZE - 1);
    return true;
}

static bool check_spool(struct gateway *gateway, struct ledger_fault *fault, GError **error)
{
    const char *spool = spool_dir(gateway->spool);
    g_autofree char *id = NULL;
    int64_t replaced = -1;
    bool damaged;

    if (!ledger_check_spool_id(gateway, &id, &damaged, error))
        return false;
    if (damaged)
        return found(fault, LEDGER_WITHOUT_WITNESS,
                     g_strdup_printf("%s/ledger-id is damaged, so nobody can tell whether the ledger %s belongs to it",
                                     spool, gateway->config->ledger),
                     "; nothing is done until you remove that file, if it does");
    if (id == NULL || strcmp(id, gateway->identity.ledger) == 0)
        return true;
    return ledger_replaced(gateway->ledger, id, &replaced, error) &&
           (replaced >= 0 || found(fault, LEDGER_FOREIGN,
                                   g_strdup_printf("the ledger %s is not the one that the spool %s belongs to",
                                                   gateway->config->ledger, spool),
                                   GO_ON));
}

/* The highest ID of a job with a folder that only a job with a row has, and where it stands; 0: there is none. */
static bool newest_job(const struct spool *spool, int64_t *newest, enum job_state *where, GError **error)
{
    *newest = 0;
    for (int state = JOB_READY; state < JOB_STATE_COUNT; state++) {
        int64_t id;
        if (!job_newest(spool, (enum job_state)state, &id, error))
            return false;
        if (id <= *newest)
            continue;
        *newest = id;
        *where = (enum job_state)state;
    }
    return true;
}

/* *proved: a gateway runs that has listed them at its start, and makes every new job itself. While A109 is open it may
 * have found that they contradict the ledger. */
static bool are_proved(struct gateway *gateway, bool *proved, GError **error)
{
    g_autoptr(GPtrArray) open = NULL;
    int64_t writer;

    *proved = gateway->writing;
    if (*gateway->instance != '\0')
        return true; /* this process is the writer */
    if (!spool_writer(gateway->spool, &writer, error) ||
        !ledger_incident_subjects(gateway->ledger, catalogue_entry(A109)->id, &open, error))
        return false;
    *proved = writer != 0 && open->len == 0;
    return true;
}

/* The folders are listed before the ledger is asked: a writer that works meanwhile makes the row first. Commands beside
 * a running gateway do not list them: 200,000 jobs are 0.1 s of a processor. */
static bool check_jobs(struct gateway *gateway, struct ledger_fault *fault, GError **error)
{
    enum job_state where = JOB_NOWHERE;
    int64_t newest;
    bool proved;

    if (!are_proved(gateway, &proved, error))
        return false;
    if (proved)
        return true;
    if (!newest_job(gateway->spool, &newest, &where, error))
        return false;
    const struct witness *own = home_witness_now(gateway, error);
    if (own == NULL)
        return false;
    int64_t known = witness_number(own, "job");
    return known >= newest ||
           found(fault, LEDGER_BEHIND,
                 g_strdup_printf("the ledger %s is older than the newest one: the spool %s has job %08" G_GINT64_FORMAT
                                 " in %s, the newest job of the ledger is %08" G_GINT64_FORMAT,
                                 gateway->config->ledger, spool_dir(gateway->spool), newest, job_state_name(where),
                                 known),
                 GO_ON);
}

bool ledger_check_bind_spool(struct gateway *gateway, GError **error)
{
    g_autofree char *path = id_path(gateway), *id = NULL;
    bool damaged;

    if (!ledger_check_spool_id(gateway, &id, &damaged, error))
        return false;
    if (id != NULL && strcmp(id, gateway->identity.ledger) == 0)
        return true;
    g_autofree char *text = g_strconcat(gateway->identity.ledger, "\n", NULL);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);
    return file != NULL && disk_file_write(file, text, strlen(text), error) &&
           disk_file_publish(STEP_SPOOL_BOUND, file, error);
}

/* ---- a restored ledger ---- */

static char *restored_path(const char *spool)
{
    return g_build_filename(spool, "restored", NULL);
}

bool ledger_check_mark_restored(const char *spool, const char *time, int64_t generation, GError **error)
{
    g_autofree char *path = restored_path(spool);
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT " %s\n", generation, time);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);

    return file != NULL && disk_file_write(file, text, strlen(text), error) &&
           disk_file_publish(STEP_SPOOL_BOUND, file, error);
}

bool ledger_check_unmark_restored(const char *spool, GError **error)
{
    g_autofree char *path = restored_path(spool);
    bool exists = false;

    return disk_exists(path, &exists, error) && (!exists || disk_unlink(STEP_SPOOL_BOUND, path, error));
}

/* Whatever the witness knows: deliveries and operators' orders raise no number. A ledger that has all numbers may have
 * lost them, and would deliver a work order once more. A mark of an earlier generation says nothing: the recovery that
 * began the present one could not remove it. */
static bool check_restored(struct gateway *gateway, struct ledger_fault *fault, GError **error)
{
    g_autofree char *path = restored_path(spool_dir(gateway->spool)), *text = NULL;
    g_autoptr(GError) cause = NULL;

    if (!g_file_get_contents(path, &text, NULL, &cause)) {
        if (g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return true;
        g_set_error_literal(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, cause->message);
        return false;
    }
    if (gateway->identity.generation > g_ascii_strtoll(text, NULL, 10))
        return true;
    const char *time = strchr(text, ' ');
    g_autofree char *advice = g_strdup_printf("%s; if nothing was done since, remove %s", GO_ON, path);
    return found(fault, LEDGER_RESTORED,
                 g_strdup_printf("the ledger %s was restored from a backup of%s", gateway->config->ledger,
                                 time != NULL ? g_strchomp((char *)time) : " an unknown time"),
                 advice);
}

/* ---- all ---- */

bool ledger_check(struct gateway *gateway, struct ledger_fault *fault, GError **error)
{
    struct claims claims = {gateway, fault};

    ledger_fault_clear(fault);
    return check_spool(gateway, fault, error) &&
           (fault->kind != LEDGER_SOUND || check_witness_file(gateway, fault, error)) &&
           (fault->kind != LEDGER_SOUND || ledger_claims_each(gateway->ledger, check_claim, &claims, error)) &&
           (fault->kind != LEDGER_SOUND || check_jobs(gateway, fault, error)) &&
           (fault->kind != LEDGER_SOUND || check_restored(gateway, fault, error));
}

/* How many jobs stand in the spool; 0 if that cannot be read. */
static guint count_jobs(const struct spool *spool)
{
    guint n = 0;

    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        g_autoptr(GArray) ids = job_list(spool, (enum job_state)state, NULL);
        n += ids != NULL ? ids->len : 0;
    }
    return n;
}

void ledger_check_missing(struct gateway *gateway, GError **error)
{
    guint jobs = count_jobs(gateway->spool);
    g_autofree char *held =
        g_strdup_printf(", and the spool %s holds jobs that it knew: %u", spool_dir(gateway->spool), jobs);
    g_autofree char *text =
        g_strdup_printf("%s%s; restore the newest backup of ledger and spool or, if there is none, make a new ledger "
                        "with ecosgate init "
                        "--ledger%s",
                        (*error)->message, jobs > 0 ? held : "", jobs > 0 ? " and then give " RECOVER : "");

    g_free((*error)->message);
    (*error)->message = g_steal_pointer(&text);
}
