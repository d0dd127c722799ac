#include "validators/review_rules.h"

#include "formats/instant.h"
#include "spool/ledger/ledger_earlier_files.h"
#include "spool/ledger/ledger_reference.h"

#include <inttypes.h>
#include <string.h>

static int64_t midnight_before(int64_t at)
{
    return at - at % RULES_DAY;
}

bool review_open(struct review *review, const struct rules *rules, GError **error)
{
    struct ledger_loaded inventory, cos, models;

    *review = (struct review){.rules = rules};
    if (!ledger_reference_get(rules->ledger, LEDGER_INVENTORY, &inventory, error) ||
        !ledger_reference_get(rules->ledger, LEDGER_COS, &cos, error) ||
        !ledger_reference_get(rules->ledger, LEDGER_NMM, &models, error))
        return false;
    review->inventory = inventory.job != 0;
    review->cos = cos.records > 0;
    review->models = models.records > 0;
    return rules->daily_limit == 0 ||
           ledger_accepted_since(rules->ledger, midnight_before(rules->now), &review->counted, error);
}

/* What the rules of one Device share. */
struct judging {
    const struct rules *rules;
    const struct review_subject *subject;
    const struct ledger_inventory *known; /* NULL: not in the inventory, or there is none */
    struct row *row;
    struct findings *findings;
};

/* The code as the settings want it. until: the NextEligible of a code that passes by itself, 0: it does not. */
G_GNUC_PRINTF(5, 6)
static void say(struct judging *j, enum code code, enum instruction_column column, int64_t until, const char *format,
                ...)
{
    bool warning = j->rules->review[code] == REVIEW_WARN;

    if (j->rules->review[code] == REVIEW_OFF)
        return;
    if (j->findings != NULL) {
        va_list args;
        va_start(args, format);
        g_autofree char *text = g_strdup_vprintf(format, args);
        va_end(args);
        row_tell(j->row, j->findings, code, column, warning, text);
    }
    if (warning)
        return;
    row_add_code(j->row, code, until != 0);
    if (until != 0)
        row_wait_until(j->row, until);
}

/* By the inventory, which knows what is on its hub. */
static bool is_gpf(const struct judging *j)
{
    return j->known != NULL && strcmp(j->known->device_type, "GPF") == 0;
}

static void judge_type(struct judging *j)
{
    if (j->subject->type != NULL && strcmp(j->subject->type, j->known->device_type) != 0)
        say(j, C104, INSTRUCTION_DEVICE_TYPE, 0, "the inventory says %s", j->known->device_type);
}

static bool is_one_of(const char *text, const char *const *list)
{
    for (size_t i = 0; list[i] != NULL; i++) {
        if (strcmp(text, list[i]) == 0)
            return true;
    }
    return false;
}

static void judge_status(struct judging *j)
{
    static const char *const good[] = {"Commissioned", "Recovered", NULL};
    static const char *const passing[] = {"InstalledNotCommissioned", "Suspended", "Recovery", NULL};
    const char *status = j->known->status;

    if (!is_one_of(status, good))
        say(j, C105, INSTRUCTION_DEVICE_ID, is_one_of(status, passing) ? j->rules->now + RULES_DAY : 0,
            "expected DeviceStatus Commissioned or Recovered; the inventory says %s", status);
}

static void compare(struct judging *j, enum instruction_column column, const char *found, const char *known)
{
    if (found != NULL && known != NULL && strcmp(found, known) != 0)
        say(j, C106, column, j->rules->now + RULES_DAY, "the inventory says %s", known);
}

static void judge_model(struct judging *j)
{
    compare(j, INSTRUCTION_MANUFACTURER, j->subject->manufacturer, j->known->manufacturer);
    compare(j, INSTRUCTION_MODEL, j->subject->model, j->known->model);
    compare(j, INSTRUCTION_FIRMWARE, j->subject->firmware, j->known->firmware);
}

static bool judge_non_migratable(struct judging *j, GError **error)
{
    const struct review_subject *s = j->subject;
    const struct ledger_nmm model = {
        .device_type = s->type, .manufacturer = s->manufacturer, .model = s->model, .firmware = s->firmware};
    int64_t until;
    char date[INSTANT_TEXT_SIZE] = "";

    if (s->type == NULL || s->manufacturer == NULL || s->model == NULL)
        return true;
    if (!ledger_model_non_migratable_until(j->rules->ledger, &model, j->rules->now, &until, error))
        return false;
    if (until == 0)
        return true;
    if (until != LEDGER_FOR_EVER)
        instant_print(until, date);
    say(j, C107, INSTRUCTION_MODEL, 0, "this model with this firmware is Non-Migratable%s%s",
        until != LEDGER_FOR_EVER ? " until " : "", date);
    return true;
}

static void judge_credentials(struct judging *j, const struct ledger_earlier_work *past)
{
    if (past->replaced)
        say(j, C108, INSTRUCTION_DEVICE_ID, 0, "an earlier instruction for this Device led to its replacement");
    else if (j->known != NULL && strcmp(j->known->credentials, "ECOS") == 0)
        say(j, C108, INSTRUCTION_DEVICE_ID, 0, "the inventory says that it holds ECoS credentials");
}

/* The supplier of a GPF changes with that of the meter on its hub. */
static bool judge_cos(struct judging *j, GError **error)
{
    const char *mpxn = j->known != NULL && j->known->mpxn != NULL ? j->known->mpxn : j->subject->mpxn;
    bool gpf = is_gpf(j);
    const struct ledger_cos_search search = {.mpxn = gpf ? NULL : mpxn,
                                             .gpf = j->subject->device,
                                             .after = j->rules->now,
                                             .until = j->rules->now + j->rules->cos_window};
    int64_t starts = 0;
    char date[INSTANT_TEXT_SIZE];

    if (!gpf && mpxn == NULL)
        return true;
    if (!ledger_cos_last(j->rules->ledger, &search, &starts, error))
        return false;
    if (starts == 0)
        return true;
    instant_print(starts, date);
    say(j, C109, gpf ? INSTRUCTION_CHF_DEVICE_ID : INSTRUCTION_MPXN, starts + RULES_DAY, "the supplier changes at %s",
        date);
    return true;
}

static void judge_pending(struct judging *j)
{
    const char *pending = j->known->pending != NULL ? j->known->pending : "";

    if (strcmp(pending, "USC") == 0)
        say(j, C111, INSTRUCTION_DEVICE_ID, j->rules->now + RULES_DAY,
            "the inventory says that an update of its security credentials is pending");
    if (strcmp(pending, "FW") == 0)
        say(j, C112, INSTRUCTION_DEVICE_ID, j->rules->now + RULES_DAY,
            "the inventory says that an update of its firmware is pending");
}

static bool judge_supplier(struct judging *j, GError **error)
{
    bool gpf = is_gpf(j);
    uint64_t supplier = j->known->supplier;

    if ((gpf || supplier == 0) &&
        !ledger_supplier_of(j->rules->ledger, j->subject->device, j->rules->now, &supplier, error))
        return false;
    if (supplier == 0)
        say(j, C114, INSTRUCTION_DEVICE_ID, 0,
            gpf ? "the inventory has no meter with a supplier on this GPF's hub"
                : "neither the inventory nor a change of supplier says who is responsible for it");
    return true;
}

static void judge_past(struct judging *j, const struct ledger_earlier_work *past)
{
    char date[INSTANT_TEXT_SIZE];

    if (j->rules->now >= past->next_eligible)
        return;
    instant_print(past->next_eligible, date);
    say(j, C115, INSTRUCTION_DEVICE_ID, past->next_eligible, "its last session failed; expected not before %s", date);
}

static void judge_limit(struct judging *j, int64_t counted)
{
    int64_t limit = j->rules->daily_limit;

    if (limit > 0 && counted >= limit)
        say(j, C116, INSTRUCTION_DEVICE_ID, midnight_before(j->rules->now) + RULES_DAY,
            "%" PRId64 " Devices were accepted today, as many as daily_limit allows", limit);
}

/* The rules that need a row of the inventory stand in two groups, around those that do not: the order is the codes'. */
static void judge_known_first(struct judging *j)
{
    if (j->known == NULL) {
        say(j, C103, INSTRUCTION_DEVICE_ID, 0, "expected a Device of the inventory");
        return;
    }
    judge_type(j);
    judge_status(j);
    judge_model(j);
}

static bool judge_known_last(struct judging *j, GError **error)
{
    if (j->known == NULL)
        return true;
    judge_pending(j);
    return judge_supplier(j, error);
}

bool review_judge(const struct review *review, const struct review_subject *subject,
                  const struct ledger_earlier_work *past, struct row *row, struct findings *findings, GError **error)
{
    struct judging j = {review->rules, subject, NULL, row, findings};
    g_autofree struct ledger_inventory *known = NULL;

    if (review->inventory && !ledger_inventory_get(review->rules->ledger, subject->device, &known, error))
        return false;
    j.known = known;
    if (review->inventory)
        judge_known_first(&j);
    if (review->models && !judge_non_migratable(&j, error))
        return false;
    judge_credentials(&j, past);
    if ((review->cos && !judge_cos(&j, error)) || !judge_known_last(&j, error))
        return false;
    judge_past(&j, past);
    judge_limit(&j, review->counted);
    return true;
}
