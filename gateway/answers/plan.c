/*
 * The names of answers are derived from the name of the file that they answer, and unique in the ledger; those of other
 * files hold a number that the ledger counts for each kind.
 */
#include "gateway/answers/plan.h"

#include "formats/eui64.h"
#include "formats/name/filename.h"
#include "gateway/config/config_signature.h"
#include "gateway/profiles.h"

#include <string.h>

/* Its row stands before or after that of its file, in the order in which both are delivered. first: none, if the name
 * of the file is taken, as the caller will find out. */
static bool plan_signature(struct gateway *gateway, const struct ledger_outgoing *file, bool first, GError **error)
{
    g_autofree char *name = g_strconcat(file->name, LEDGER_SIGNATURE, NULL);
    g_autofree char *kind = g_strconcat(file->kind, LEDGER_SIGNATURE, NULL);
    g_autofree struct ledger_outgoing *taken = NULL;
    struct ledger_outgoing signature = *file;

    if (first && !ledger_outgoing_named(gateway->ledger, file->name, &taken, error))
        return false;
    if (taken != NULL)
        return true;
    signature.name = name;
    signature.kind = kind;
    signature.form = LEDGER_SIGNATURE + 1;
    signature.sequence = 0;
    signature.rows = 0;
    return ledger_outgoing_plan(gateway->ledger, &signature, NULL, error);
}

bool plan_outgoing(struct gateway *gateway, const struct ledger_outgoing *outgoing, int64_t *id, GError **error)
{
    struct ledger_outgoing whole = *outgoing;
    char own[EUI64_TEXT_SIZE];

    eui64_print(gateway->config->eui64, own);
    whole.sender = own;
    whole.environment = gateway->config->environment;
    whole.size = -1;
    const struct drop *drop = gateway->spool != NULL ? config_drop(gateway->config, outgoing->drop) : NULL;
    if (!config_signs(gateway->config, drop)) /* a dry run has neither drops nor a key */
        return ledger_outgoing_plan(gateway->ledger, &whole, id, error);
    if (drop->sign == DROP_SIGN_BEFORE)
        return plan_signature(gateway, &whole, true, error) && ledger_outgoing_plan(gateway->ledger, &whole, id, error);
    return ledger_outgoing_plan(gateway->ledger, &whole, id, error) && plan_signature(gateway, &whole, false, error);
}

/* "xml" where that is wanted and the profile has such a form of the kind; else "csv", which every kind has. */
static const char *form_in(const struct profile *profile, const char *kind, enum form wanted)
{
    const struct file_type *type = profile_type(profile, kind, strlen(kind));

    return form_name(wanted == FORM_XML && type->root != NULL ? FORM_XML : FORM_CSV);
}

/* ---- jobs of our own ---- */

bool plan_job(struct gateway *gateway, struct ledger_job *job, GError **error)
{
    struct ledger *ledger = gateway->ledger;
    char own[EUI64_TEXT_SIZE];

    if (job->id == 0 && !ledger_job_reserve_ids(ledger, 1, &job->id, error))
        return false;
    struct ledger_job whole = *job;
    eui64_print(gateway->config->eui64, own);
    whole.direction = LEDGER_OUT;
    whole.org = gateway->config->org;
    whole.sender = own;
    return ledger_job_insert(ledger, &whole, NULL, error);
}

enum { MAX_TRIES = 1000000 }; /* names of one file: more than six digits have */

static bool no_name_left(const struct ledger_outgoing *outgoing, const struct profile *profile, GError **error)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                "no name is left for another %s: files had all names that %s-%s gives them; make a profile whose names "
                "of it have a date and a time",
                outgoing->kind, profile->name, profile->version);
    return false;
}

/* Gives the file its number and, unless it answers another file, its name (*name: g_free). Numbers go on from 1 after
 * the greatest one that the names have room for. The ledger keeps all names, delivered or not; a number whose name was
 * used before is left out. Where all numbers of a second are used, or names have none, the file is dated one second
 * later. Names that tell no second have enough numbers (names.c). */
static bool number_file(struct gateway *gateway, const struct profile *profile, struct ledger_outgoing *outgoing,
                        char **name, GError **error)
{
    const struct config *config = gateway->config;
    bool used = true;

    *name = NULL;
    if (outgoing->name != NULL)
        return ledger_counter_next_sequence(gateway->ledger, outgoing->kind, &outgoing->sequence, error);
    uint32_t most = filename_own_sequence_max(profile, outgoing->kind);
    for (uint32_t tried = 0; used; tried++) {
        g_autofree struct ledger_outgoing *before = NULL;
        if (tried > MAX_TRIES)
            return no_name_left(outgoing, profile, error);
        if (!ledger_counter_next_sequence(gateway->ledger, outgoing->kind, &outgoing->sequence, error))
            return false;
        if (most != 0)
            outgoing->sequence = (outgoing->sequence - 1) % most + 1;
        if (tried > 0 && tried % MAX(most, 1) == 0)
            outgoing->created++;
        const struct filename_own own = {
            outgoing->kind, config->org, config->eui64, outgoing->created, (uint32_t)outgoing->sequence,
            outgoing->form};
        g_free(*name);
        outgoing->name = *name = filename_own(profile, &own);
        if (!ledger_outgoing_named(gateway->ledger, *name, &before, error))
            return false;
        used = before != NULL;
    }
    return true;
}

/* Of a file that answers none: what its recipient reads now. */
static const struct profile *profile_to(const struct gateway *gateway, const struct ledger_outgoing *outgoing)
{
    uint64_t recipient = 0;

    (void)eui64_parse(outgoing->recipient, strlen(outgoing->recipient), &recipient);
    return config_profile_to(gateway->config, recipient, outgoing->created);
}

bool plan_file(struct gateway *gateway, const struct ledger_outgoing *file, int64_t *job, GError **error)
{
    struct ledger_outgoing outgoing = *file;
    const struct profile *profile = profile_to(gateway, file);
    g_autofree char *name = NULL;

    if (file->name == NULL) {
        outgoing.profile = profile->digest;
        outgoing.form =
            form_in(profile, file->kind, strcmp(file->form, form_name(FORM_XML)) == 0 ? FORM_XML : FORM_CSV);
    }
    if ((file->name == NULL && !profiles_keep(gateway->ledger, profile, error)) ||
        !number_file(gateway, profile, &outgoing, &name, error))
        return false;
    struct ledger_job row = {.id = outgoing.job,
                             .name = outgoing.name,
                             .type = outgoing.kind,
                             .form = outgoing.form,
                             .sequence = outgoing.sequence,
                             .drop = outgoing.drop,
                             .received = outgoing.created};
    if (!plan_job(gateway, &row, error))
        return false;
    *job = outgoing.job = row.id;
    return plan_outgoing(gateway, &outgoing, NULL, error);
}

/* ---- answers ---- */

/* g_free. */
static char *answer_name(const struct plan_judged *judged, const char *kind, int64_t revision)
{
    char sha256[DIGEST_HEX_SIZE];

    if (judged->verdict->name_is_known)
        return filename_answer(judged->verdict->profile, judged->raw_name, kind, (unsigned)revision);
    digest_text(judged->raw_name, sha256);
    return filename_unknown_answer(judged->verdict->profile, sha256, (unsigned)revision);
}

/* The party that sent the file. If neither name nor header says its EUI-64, the party whose drop the file came through,
 * or "" where several parties have that drop. So it is of a file whose name has the short code of an unknown sender and
 * no EUI-64: the answer goes into that drop, and its owner is the one who reads it. */
static void recipient_of(const struct gateway *gateway, const struct plan_judged *judged,
                         char recipient[EUI64_TEXT_SIZE])
{
    const struct party *party;

    recipient[0] = '\0';
    if (judged->verdict->name_is_known && judged->verdict->filename.eui64 != 0)
        eui64_print(judged->verdict->filename.eui64, recipient);
    else if ((party = config_party_of_drop(gateway->config, judged->job->drop)) != NULL)
        eui64_print(party->eui64, recipient);
}

static bool plan(struct gateway *gateway, struct ledger_outgoing *outgoing, const struct plan_judged *judged,
                 int64_t revision, GError **error)
{
    g_autofree char *name = answer_name(judged, outgoing->kind, revision);

    outgoing->name = name;
    return plan_outgoing(gateway, outgoing, NULL, error);
}

/* Names that differ only in packing (.xml and .xml.gz), or in what the names of answers do not say, give the same name
 * of an answer. So the number behind R, *revision, goes on until the name is free. */
static bool plan_free(struct gateway *gateway, struct ledger_outgoing *outgoing, const struct plan_judged *judged,
                      int64_t *revision, GError **error)
{
    GError *cause = NULL;

    while (!plan(gateway, outgoing, judged, *revision, &cause)) {
        if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_EXISTS)) {
            g_propagate_error(error, cause);
            return false;
        }
        g_clear_error(&cause);
        ++*revision;
    }
    return true;
}

bool plan_answers(struct gateway *gateway, const struct plan_judged *judged, GError **error)
{
    const struct ledger_job *job = judged->job;
    const struct verdict *verdict = judged->verdict;
    char recipient[EUI64_TEXT_SIZE];
    int64_t revision = job->revision;
    enum form form = verdict->name_is_known ? verdict->filename.form : FORM_CSV;
    struct ledger_outgoing outgoing = {.job = job->id,
                                       .revision = job->revision,
                                       .form = form_in(verdict->profile, "EMA", form),
                                       .drop = job->drop,
                                       .recipient = recipient,
                                       .created = judged->at,
                                       .rows = -1,
                                       .profile = verdict->profile->digest};

    recipient_of(gateway, judged, recipient);
    outgoing.kind = "EMA";
    if (!ledger_counter_next_sequence(gateway->ledger, outgoing.kind, &outgoing.sequence, error) ||
        !plan_free(gateway, &outgoing, judged, &revision, error))
        return false;
    if (verdict->outcome == OUTCOME_RJ || g_strcmp0(job->type, "EMI") != 0)
        return true;
    /* From the number on that the EMA got: the names show that both belong together. */
    outgoing.kind = "EMD";
    outgoing.form = form_in(verdict->profile, outgoing.kind, form);
    return ledger_counter_next_sequence(gateway->ledger, outgoing.kind, &outgoing.sequence, error) &&
           plan_free(gateway, &outgoing, judged, &revision, error);
}
