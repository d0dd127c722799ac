/*
 * Each rule looks at the Device's row of the inventory, at a table of reference data, or at its earlier work, and adds
 * a cause against its migration. The rules run in the order of their codes, which is the order of findings in answers.
 */
#include "validators/rules/review_rules.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "formats/profile.h"
#include "formats/text.h"
#include "spool/ledger/ledger_earlier_files.h"
#include "spool/ledger/ledger_estate.h"
#include "spool/ledger/ledger_reference.h"
#include "validators/rules/field_rules.h"

#include <inttypes.h>
#include <string.h>

/* The 00:00 UTC of that day. */
static int64_t midnight_before(int64_t at)
{
    return at - at % RULES_DAY;
}

/* An inventory counts once one was accepted: a Device that it does not name is C103, even if it names none. The other
 * tables count once they have a row. */
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

/* The Device under review: what the rules of one Device share. */
struct candidate {
    const struct rules *rules;
    const struct review_subject *subject;
    const struct ledger_inventory *known; /* its row of the inventory; NULL: it has none, or there is no inventory */
    struct row *row;
};

/* Something that speaks against its migration now. */
struct cause {
    enum code code;
    enum instruction_field column; /* of the instruction, where the finding points */
    int64_t until;                 /* when it will be gone; 0: it is permanent */
};

/* Asked of the inventory, not of the instruction: only the inventory knows the meters on the hub. */
static bool is_gpf(const struct candidate *c)
{
    return c->known != NULL && strcmp(c->known->device_type, "GPF") == 0;
}

static enum review_mode mode_of(const struct candidate *c, const struct cause *cause)
{
    if (cause->code == C114 && is_gpf(c))
        return c->rules->gpf_supplier;
    if (cause->code == C125 && cause->column == INSTRUCTION_CSP_REGION)
        return c->rules->region;
    return c->rules->review[cause->code];
}

/* Adds a cause as the settings want it: as an error, as a warning, or not at all. */
G_GNUC_PRINTF(3, 4)
static void add(struct candidate *c, struct cause cause, const char *format, ...)
{
    enum review_mode mode = mode_of(c, &cause);
    bool warning = mode == REVIEW_WARN;

    if (mode == REVIEW_OFF)
        return;
    if (c->row->file != NULL) {
        va_list args;
        va_start(args, format);
        g_autofree char *text = g_strdup_vprintf(format, args);
        va_end(args);
        row_add_finding(c->row, cause.code, cause.column, warning, text);
    }
    if (warning)
        return;
    row_add_code(c->row, cause.code, cause.until != 0);
    if (cause.until != 0)
        row_wait_until(c->row, cause.until);
}

/* NextEligible of a cause that may last any time: the sender asks again tomorrow. */
static int64_t tomorrow(const struct candidate *c)
{
    return c->rules->now + RULES_DAY;
}

/* C104 */
static void judge_type(struct candidate *c)
{
    if (c->subject->type != NULL && strcmp(c->subject->type, c->known->device_type) != 0)
        add(c, (struct cause){C104, INSTRUCTION_DEVICE_TYPE, 0}, "the inventory says %s",
            profile_word(row_profile(c->row), FACT_device_type, c->known->device_type));
}

static bool is_one_of(const char *text, const char *const *list)
{
    for (size_t i = 0; list[i] != NULL; i++) {
        if (strcmp(text, list[i]) == 0)
            return true;
    }
    return false;
}

static const char *status_word(const struct candidate *c, const char *status)
{
    return profile_word(row_profile(c->row), FACT_device_status, status);
}

/* C105. The second list holds the states from which a Device comes back. */
static void judge_status(struct candidate *c)
{
    static const char *const good[] = {"Commissioned", "Recovered", NULL};
    static const char *const transient[] = {"InstalledNotCommissioned", "Suspended", "Recovery", NULL};
    const char *status = c->known->status;

    if (!is_one_of(status, good))
        add(c, (struct cause){C105, INSTRUCTION_DEVICE_ID, is_one_of(status, transient) ? tomorrow(c) : 0},
            "expected the status %s or %s; the inventory says %s", status_word(c, "Commissioned"),
            status_word(c, "Recovered"), status_word(c, status));
}

/* C106, of one value. A value that one of the two does not have is not compared. */
static void compare(struct candidate *c, enum instruction_field column, const char *found, const char *known)
{
    if (found != NULL && known != NULL && strcmp(found, known) != 0)
        add(c, (struct cause){C106, column, tomorrow(c)}, "the inventory says %s", known);
}

static void judge_model(struct candidate *c)
{
    compare(c, INSTRUCTION_MANUFACTURER, c->subject->manufacturer, c->known->manufacturer);
    compare(c, INSTRUCTION_MODEL, c->subject->model, c->known->model);
    compare(c, INSTRUCTION_FIRMWARE, c->subject->firmware, c->known->firmware);
}

/* C107. Without a firmware (malformed or missing) only entries that mean every firmware count. */
static bool judge_non_migratable(struct candidate *c, GError **error)
{
    const struct review_subject *s = c->subject;
    const struct ledger_nmm model = {
        .device_type = s->type, .manufacturer = s->manufacturer, .model = s->model, .firmware = s->firmware};
    int64_t until;
    char date[INSTANT_TEXT_SIZE] = "";

    if (s->type == NULL || s->manufacturer == NULL || s->model == NULL)
        return true;
    if (!ledger_model_non_migratable_until(c->rules->ledger, &model, c->rules->now, &until, error))
        return false;
    if (until == 0)
        return true;
    if (until != LEDGER_FOR_EVER)
        instant_print(until, date);
    add(c, (struct cause){C107, INSTRUCTION_MODEL, 0}, "this model with this firmware is Non-Migratable%s%s",
        until != LEDGER_FOR_EVER ? " until " : "", date);
    return true;
}

/* C108. Our own record of a success counts even if the inventory does not know it yet. */
static void judge_credentials(struct candidate *c, const struct ledger_earlier_work *past)
{
    if (past->replaced)
        add(c, (struct cause){C108, INSTRUCTION_DEVICE_ID, 0},
            "an earlier instruction for this Device led to its replacement");
    else if (c->known != NULL && strcmp(c->known->credentials, "ECOS") == 0)
        add(c, (struct cause){C108, INSTRUCTION_DEVICE_ID, 0}, "the inventory says that it holds ECoS credentials");
}

/* C109. The supplier of a GPF changes with that of the meter on its hub; a GPF has no MPxN of its own. */
static bool judge_cos(struct candidate *c, GError **error)
{
    const char *mpxn = c->known != NULL && c->known->mpxn != NULL ? c->known->mpxn : c->subject->mpxn;
    bool gpf = is_gpf(c);
    const struct ledger_cos_search search = {.mpxn = gpf || mpxn == NULL ? NULL : field_rules_point_value(mpxn),
                                             .gpf = c->subject->device,
                                             .after = c->rules->now,
                                             .until = c->rules->now + c->rules->cos_window};
    int64_t starts = 0;
    char date[INSTANT_TEXT_SIZE];

    if (!gpf && mpxn == NULL)
        return true;
    if (!ledger_cos_last(c->rules->ledger, &search, &starts, error))
        return false;
    if (starts == 0)
        return true;
    instant_print(starts, date);
    add(c, (struct cause){C109, gpf ? INSTRUCTION_CHF_DEVICE_ID : INSTRUCTION_MPXN, starts + RULES_DAY},
        "the supplier changes at %s", date);
    return true;
}

/* C111, C112 */
static void judge_pending(struct candidate *c)
{
    const char *pending = c->known->pending != NULL ? c->known->pending : "";

    if (strcmp(pending, "USC") == 0)
        add(c, (struct cause){C111, INSTRUCTION_DEVICE_ID, tomorrow(c)},
            "the inventory says that an update of its security credentials is pending");
    if (strcmp(pending, "FW") == 0)
        add(c, (struct cause){C112, INSTRUCTION_DEVICE_ID, tomorrow(c)},
            "the inventory says that an update of its firmware is pending");
}

/* C114. Asks the ledger for the supplier of a GPF in any case, because it follows from the meters on its hub. */
static bool judge_supplier(struct candidate *c, GError **error)
{
    bool gpf = is_gpf(c);
    uint64_t supplier = c->known->supplier;

    if (mode_of(c, &(struct cause){.code = C114}) == REVIEW_OFF)
        return true;
    if ((gpf || supplier == 0) &&
        !ledger_supplier_of(c->rules->ledger, c->subject->device, c->rules->now, &supplier, error))
        return false;
    if (supplier == 0)
        add(c, (struct cause){C114, INSTRUCTION_DEVICE_ID, 0},
            gpf ? "the inventory has no meter with a supplier on its hub"
                : "neither the inventory nor a change of supplier says who is responsible for it");
    return true;
}

/* C115 */
static void judge_past(struct candidate *c, const struct ledger_earlier_work *past)
{
    char date[INSTANT_TEXT_SIZE];

    if (c->rules->now >= past->next_eligible)
        return;
    instant_print(past->next_eligible, date);
    add(c, (struct cause){C115, INSTRUCTION_DEVICE_ID, past->next_eligible},
        "its last session failed; expected not before %s", date);
}

/* C116 */
static void judge_limit(struct candidate *c, int64_t counted)
{
    int64_t limit = c->rules->daily_limit;
    g_autofree char *devices = text_count(limit, "Device");

    if (limit > 0 && counted >= limit)
        add(c, (struct cause){C116, INSTRUCTION_DEVICE_ID, midnight_before(c->rules->now) + RULES_DAY},
            "accepted today: %s, as many as daily_limit allows", devices);
}

/* C125. Leading zeros do not tell supply points apart. A value that one of the two does not have is not compared. */
static void judge_place(struct candidate *c)
{
    static const char *const regions[] = {"NORTH", "CENTRAL", "SOUTH", NULL};
    const struct review_subject *s = c->subject;
    const struct ledger_inventory *known = c->known;
    char hub[EUI64_TEXT_SIZE];

    if (s->mpxn != NULL && known->mpxn != NULL &&
        strcmp(field_rules_point_value(s->mpxn), field_rules_point_value(known->mpxn)) != 0)
        add(c, (struct cause){C125, INSTRUCTION_MPXN, 0}, "the inventory says %s", known->mpxn);
    if (s->hub != 0 && known->chf != 0 && s->hub != known->chf) {
        eui64_print(known->chf, hub);
        add(c, (struct cause){C125, INSTRUCTION_CHF_DEVICE_ID, 0}, "the inventory says %s", hub);
    }
    if (s->region != NULL && known->region != NULL && is_one_of(s->region, regions) &&
        g_ascii_strcasecmp(s->region, known->region) != 0)
        add(c, (struct cause){C125, INSTRUCTION_CSP_REGION, 0}, "the inventory says %s",
            profile_word(row_profile(c->row), FACT_device_region, known->region));
}

/* The rules that need a row of the inventory stand in three groups, so that all rules run in the order of their codes:
 * C103 to C106 here, C111 to C114 in judge_known_last(), C125 in judge_place(). */
static void judge_known_first(struct candidate *c)
{
    if (c->known == NULL) {
        add(c, (struct cause){C103, INSTRUCTION_DEVICE_ID, 0}, "expected a Device of the inventory");
        return;
    }
    judge_type(c);
    judge_status(c);
    judge_model(c);
}

static bool judge_known_last(struct candidate *c, GError **error)
{
    if (c->known == NULL)
        return true;
    judge_pending(c);
    return judge_supplier(c, error);
}

void review_judge_closing(const struct rules *rules, struct row *row)
{
    struct candidate c = {rules, NULL, NULL, row};
    char date[INSTANT_TEXT_SIZE];

    if (retry_may_try(&rules->retry, rules->now))
        return;
    instant_print(rules->retry.tcos_closes, date);
    add(&c, (struct cause){C122, INSTRUCTION_DEVICE_ID, 0}, "TCoS %s at %s",
        rules->now < rules->retry.tcos_closes ? "closes" : "has closed", date);
}

bool review_judge(const struct review *review, const struct review_subject *subject,
                  const struct ledger_earlier_work *past, struct row *row, GError **error)
{
    struct candidate c = {review->rules, subject, NULL, row};
    g_autofree struct ledger_inventory *known = NULL;

    if (review->inventory && !ledger_inventory_get(review->rules->ledger, subject->device, &known, error))
        return false;
    c.known = known;
    row->supplier = known != NULL ? known->supplier : 0;
    if (review->inventory)
        judge_known_first(&c);
    if (review->models && !judge_non_migratable(&c, error))
        return false;
    judge_credentials(&c, past);
    if ((review->cos && !judge_cos(&c, error)) || !judge_known_last(&c, error))
        return false;
    judge_past(&c, past);
    judge_limit(&c, review->counted);
    review_judge_closing(review->rules, row);
    if (known != NULL)
        judge_place(&c);
    return true;
}
