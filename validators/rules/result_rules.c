/*
 * The values of a record become a struct retry_result or struct retry_confirmation; retry.h says what that means for
 * the session. The texts that the session keeps are copied into the result, because the record is gone when they are
 * stored.
 */
#include "validators/rules/result_rules.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_resolved.h"
#include "validators/credential_id.h"
#include "validators/retry/retry_orders.h"

#include <inttypes.h>
#include <string.h>

/* The longest pieces of a WorkItemId, and the digits of a number, in characters. */
enum { MAX_ORG = 8, MAX_BATCH = 24, MAX_DIGITS = 9 };

static const struct field *value(const struct result *result, size_t column)
{
    return row_field(&result->row, column);
}

/* ---- values ---- */

/* A copy that lives as long as the result; NULL for an empty field. Hex digits become upper case. The field must be
 * ASCII: result->texts has one byte for each character. */
static const char *copy(struct result *result, const struct field *field)
{
    char *text = result->texts[result->n_texts];
    bool hex = true;

    if (field->len == 0)
        return NULL;
    result->n_texts++;
    for (size_t i = 0; i < field->len; i++) {
        char c = field->text[i];
        hex = hex && (g_ascii_isxdigit(c) || c == '-');
        text[i] = (char)(c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c);
    }
    if (!hex)
        memcpy(text, field->text, field->len);
    text[field->len] = '\0';
    return text;
}

/* Printable ASCII without blanks. */
static bool has_id_form(const struct field *field)
{
    for (size_t i = 0; i < field->len; i++) {
        if (!g_ascii_isgraph(field->text[i]))
            return false;
    }
    return true;
}

/* SubjectId or KeyId of credentials. */
static const char *id_value(struct result *result, size_t column, bool required)
{
    const struct field *field = value(result, column);

    if (!has_id_form(field)) {
        row_error(&result->row, C120, column, "expected printable ASCII without blanks");
        return NULL;
    }
    if (required && field->len == 0) {
        row_error(&result->row, C120, column,
                  "expected the id of the credentials that are on the Device now, found nothing");
        return NULL;
    }
    return copy(result, field);
}

/* ---- times ---- */

/* C120: a warning, for the record counts without that time. limit: the first or the last time that can be. */
static void add_impossible(struct result *result, size_t column, const char *expected, int64_t limit)
{
    char date[INSTANT_TEXT_SIZE];

    instant_print(limit, date);
    row_warning(&result->row, C120, column, "expected a time %s %s; the record counts, this time does not", expected,
                date);
}

/* Seconds since 1970, UTC; 0 for a field that is empty, malformed or in the future. A sender's clock may be ahead by as
 * much as it may be for the creation of a file. */
static int64_t time_value(struct result *result, size_t column)
{
    const struct rules *rules = result->row.file->rules;
    const struct field *field = value(result, column);
    int64_t at = 0;

    if (field->len > 0 && !instant_parse_fraction(field->text, field->len, &at)) {
        row_error(&result->row, C120, column,
                  "expected a real time in UTC as YYYY-MM-DDThh:mm:ssZ, with up to three digits after the seconds, or "
                  "nothing");
        return 0;
    }
    /* 0 says that the field is empty. The second before it is as impossible as the beginning of 1970. */
    if (field->len > 0 && at == 0)
        at = -1;
    if (at <= rules->now + rules->future_tolerance)
        return at;
    add_impossible(result, column, "not after", rules->now + rules->future_tolerance);
    return 0;
}

/* A time of what was ordered at `ordered` (0: not known), or 0 if it cannot be. The sender's clock may be behind as
 * much as it may be ahead. A work item that is withheld may have been ordered before our ledger knows. */
static int64_t time_since_order(struct result *result, size_t column, int64_t at, int64_t ordered)
{
    const struct rules *rules = result->row.file->rules;

    if (at == 0 || ordered == 0 || result->work->withheld || at >= ordered - rules->future_tolerance)
        return at;
    add_impossible(result, column, "not before its order at", ordered);
    return 0;
}

/* The form of a short code of a DSP or a Device. */
struct code_form {
    size_t min, max;      /* characters */
    bool upper, hex;      /* letters allowed beside digits: upper-case ones, or hex digits of either case */
    const char *expected; /* the form in words, for the finding */
    const char *example;  /* a value that has it, behind the words; NULL: none */
};

static bool has_form(const struct field *field, const struct code_form *form)
{
    bool good = field->len >= form->min && field->len <= form->max;

    for (size_t i = 0; good && i < field->len; i++) {
        char c = field->text[i];
        good = g_ascii_isdigit(c) || (form->upper && g_ascii_isupper(c)) || (form->hex && g_ascii_isxdigit(c));
    }
    return good;
}

/* A short code, or nothing: NULL. */
static const char *code_value(struct result *result, size_t column, const struct code_form *form)
{
    const struct field *field = value(result, column);

    if (field->len > 0 && !has_form(field, form)) {
        row_error(&result->row, C120, column, "expected %s%s, or nothing", form->expected,
                  form->example != NULL ? row_word(&result->row, column, form->example) : "");
        return NULL;
    }
    return copy(result, field);
}

/* C101 */
static void judge_id(struct result *result, size_t column)
{
    const struct field *field = value(result, column);

    result->has_id = eui64_parse(field->text, field->len, &result->id);
    if (!result->has_id)
        row_error(&result->row, C101, column, "expected an EUI-64 of eight hex pairs joined by '-'");
}

/* ---- the work item that a record speaks about ---- */

/* Takes <org>.<BatchId>.<RecordNumber> apart. False: it has another form. */
static bool parse_work_item_id(const struct field *field, char org[MAX_ORG + 1], char batch[MAX_BATCH + 1],
                               uint32_t *record)
{
    const char *end = field->text + field->len;
    const char *dot = field->len > 0 ? memchr(field->text, '.', field->len) : NULL;
    const char *last = dot != NULL ? memrchr(dot + 1, '.', (size_t)(end - dot - 1)) : NULL;

    if (last == NULL || dot - field->text > MAX_ORG || last - dot - 1 > MAX_BATCH)
        return false;
    *record = field_number(&(struct field){.text = last + 1, .len = (size_t)(end - last - 1)}, MAX_DIGITS);
    memcpy(org, field->text, (size_t)(dot - field->text));
    org[dot - field->text] = '\0';
    memcpy(batch, dot + 1, (size_t)(last - dot - 1));
    batch[last - dot - 1] = '\0';
    return *record > 0 && memchr(field->text, '\0', field->len) == NULL;
}

/* C118. Sets result->work to the work item, if there is one. False: an error of the ledger. */
static bool find_work(struct result *result, size_t column, GError **error)
{
    struct ledger *ledger = result->row.file->rules->ledger;
    char org[MAX_ORG + 1], batch[MAX_BATCH + 1];
    uint32_t record;

    if (!parse_work_item_id(value(result, column), org, batch, &record)) {
        row_error(&result->row, C118, column, "expected a %s, <org>.<%s>.<%s>, as in the work order",
                  row_name(&result->row, column),
                  layout_name_of(result->row.file->filename->type->header, HEADER_BATCH_ID),
                  row_name(&result->row, RECORD_NUMBER_FIELD));
        return true;
    }
    if (ledger == NULL)
        return true;
    if (!ledger_work_by_id(ledger, &(struct ledger_work_item_id){org, batch, record}, &result->work, error))
        return false;
    if (result->work == NULL)
        row_error(&result->row, C118, column, "expected the %s of a work order of this gateway; there is no such item",
                  row_name(&result->row, column));
    return true;
}

/* C118: the record names another Device than the work item. The finding names both: the sender sees the mix-up. */
static void judge_device(struct result *result, size_t column)
{
    char known[EUI64_TEXT_SIZE];

    if (result->work == NULL || !result->has_id)
        return;
    if (result->work->item.has_device && result->work->item.device == result->id)
        return;
    eui64_print(result->work->item.device, known);
    row_error(&result->row, C118, column, "expected %s, the Device of that work item",
              result->work->item.has_device ? known : "no Device: the instruction named none");
}

/* ---- what it means for the session ---- */

/* add_not_ordered() points to the WorkItemId of either type. */
G_STATIC_ASSERT((int)RESULT_WORK_ITEM_ID == (int)CONFIRMATION_WORK_ITEM_ID);

/* What the sender's format calls a state of the work. */
static const char *state_word(const struct result *result, enum ledger_state state)
{
    return profile_word(row_profile(&result->row), FACT_end_outcome, ledger_state_name(state));
}

/* C118 */
static void add_not_ordered(struct result *result, const struct ledger_session *session)
{
    if (session->try > 0)
        row_error(&result->row, C118, RESULT_TRY, "expected a try that was ordered, 1 to %" PRId64, session->try);
    else
        row_error(&result->row, C118, RESULT_WORK_ITEM_ID,
                  "expected work that was ordered; it is %s and has had no try", state_word(result, session->state));
}

/* The finding for an effect, at the column that says what happened. outdated: the record is about an earlier order. */
static void add_effect(struct result *result, enum retry_effect effect, size_t column, bool outdated)
{
    const struct ledger_session *session = &result->session;
    const char *state = state_word(result, session->state);

    switch (effect) {
    case RETRY_APPLIES:
        break;
    case RETRY_RECORDED:
        if (result->superseded)
            row_warning(&result->row, C119, column,
                        "its work had ended as %s; recorded, nothing else was changed, for the Device has migrated by "
                        "another work item",
                        state);
        else
            row_warning(&result->row, C119, column,
                        "its work had ended as %s; recorded, it becomes %s when both sides state the same credentials",
                        state, state_word(result, LEDGER_MIGRATED));
        break;
    case RETRY_NOTHING_NEW:
        if (outdated)
            row_warning(&result->row, C119, column, "it is about an earlier order of that try; nothing was changed");
        else
            row_warning(&result->row, C119, column, "its work is %s, try %" PRId64 "; nothing was changed", state,
                        session->try);
        break;
    case RETRY_CONTRADICTS:
        row_error(&result->row, C121, column,
                  "contradicts an earlier statement, by which its work is %s; expected the same", state);
        break;
    case RETRY_NOT_ORDERED:
        add_not_ordered(result, session);
        break;
    }
}

/* Copies the session as it is into the result, to be changed there. False: nothing can be said about a session, because
 * the record has errors or no work item. */
static bool copy_session(struct result *result)
{
    if (row_has_errors(&result->row) || result->work == NULL)
        return false;
    result->session = result->work->session;
    if (!result->work->has_session)
        result->session.state = result->work->item.outcome;
    return true;
}

/* Whether another work item of the Device has migrated, and no operator has overruled that. Asked of one that has ended
 * without that, or whose own migration is overruled: the migration ends all that is live. False: an error of the
 * ledger. */
static bool find_superseded(struct result *result, bool *superseded, GError **error)
{
    struct ledger_migrated other = {0};

    if (retry_has_ended(&result->session) && (result->session.state != LEDGER_MIGRATED || result->work->overruled) &&
        !ledger_migrated_before(result->row.file->rules->ledger, result->id, G_MAXINT64, &other, error))
        return false;
    *superseded = result->superseded = other.at != 0;
    return true;
}

/* ---- EMT ---- */

G_STATIC_ASSERT(RESULT_SUCCESS == 0 && RESULT_FAILED == 1 && RESULT_TIMEOUT == 2 && RESULT_NOT_ATTEMPTED == 3);

/* Result, in the order of fact_values.def. False: C120. */
static bool kind_value(struct result *result, enum retry_result_kind *kind)
{
    int chosen = row_choice(&result->row, RESULT_RESULT);

    if (chosen >= 0) {
        *kind = (enum retry_result_kind)chosen;
        return true;
    }
    g_autofree char *words = row_words(&result->row, RESULT_RESULT, ", ", " or ");
    row_error(&result->row, C120, RESULT_RESULT, "expected %s", words);
    return false;
}

/* GBCSStatus. Leading zeros are refused, so that the table of codes in retry_code.c can compare texts. */
static const char *gbcs_value(struct result *result)
{
    static const struct code_form form = {
        1, 3, false, false, "a GBCS status, a number of 1 to 3 digits without leading zeros", NULL};
    const struct field *field = value(result, RESULT_GBCS_STATUS);

    if (field->len > 1 && field->text[0] == '0') {
        row_error(&result->row, C120, RESULT_GBCS_STATUS, "expected %s, or nothing", form.expected);
        return NULL;
    }
    return code_value(result, RESULT_GBCS_STATUS, &form);
}

/* C120: a SUCCESS comes with no status, code or alert that stands for a failure. */
static void judge_success(struct result *result, const struct retry_result *said)
{
    const char *success = row_word(&result->row, RESULT_RESULT, "SUCCESS");

    if (retry_says_error(&(struct retry_result){.gbcs = said->gbcs}))
        row_error(&result->row, C120, RESULT_GBCS_STATUS, "expected %s or nothing beside %s",
                  row_word(&result->row, RESULT_GBCS_STATUS, "0"), success);
    if (retry_says_error(&(struct retry_result){.duis = said->duis}))
        row_error(&result->row, C120, RESULT_DUIS_CODE, "expected %s or nothing beside %s",
                  row_word(&result->row, RESULT_DUIS_CODE, "I0"), success);
    if (retry_says_error(&(struct retry_result){.alert = said->alert}))
        row_error(&result->row, C120, RESULT_ALERT_CODE, "expected no alert that stands for a failure beside %s",
                  success);
}

/* C121: a SubjectId that another Device had before it migrated. False: an error of the ledger. */
static bool judge_known_subject(struct result *result, size_t column, const char *now, GError **error)
{
    g_autofree char *key = credential_id_key(now);
    char device[EUI64_TEXT_SIZE];
    bool known = false;
    uint64_t first;

    if (!ledger_subject_before(result->row.file->rules->ledger, key, &known, &first, error))
        return false;
    if (!known)
        return true;
    eui64_print(first, device);
    row_error(&result->row, C121, column,
              "expected the id of the new credentials; the Device %s had this one before it migrated; if "
              "that statement was wrong, the operator of the gateway sets ecos_subject",
              device);
    return true;
}

/* C121: the SubjectId of credentials that are on the Device now cannot be the one before, nor, if the settings name the
 * one of ECoS, another. Without that setting, it cannot be one that other Devices had before they migrated. False: an
 * error of the ledger. */
static bool judge_subject(struct result *result, size_t column, const char *now, const char *before, GError **error)
{
    const struct rules *rules = result->row.file->rules;

    if (now == NULL)
        return true;
    if (rules->ecos_subject != NULL && !credential_id_same(now, rules->ecos_subject))
        row_error(&result->row, C121, column, "expected %s, the id of the ECoS credentials (ecos_subject)",
                  rules->ecos_subject);
    else if (before != NULL && credential_id_same(now, before))
        row_error(&result->row, C121, column,
                  "expected the id of the new credentials; this one was on the Device before");
    else if (rules->ecos_subject == NULL && rules->ledger != NULL)
        return judge_known_subject(result, column, now, error);
    return true;
}

/* Everything that the record says of the try. Values that the ledger does not keep are judged all the same. False: an
 * error of the ledger. */
static bool judge_values(struct result *result, struct retry_result *said, GError **error)
{
    static const struct code_form duis = {1, 8, true, false, "a DUIS response code such as ", "E20"};
    static const struct code_form alert = {4, 4, false, true, "an alert code of 4 hex digits", NULL};
    bool known = kind_value(result, &said->kind);
    bool success = known && said->kind == RESULT_SUCCESS;

    said->gbcs = gbcs_value(result);
    said->duis = code_value(result, RESULT_DUIS_CODE, &duis);
    said->alert = code_value(result, RESULT_ALERT_CODE, &alert);
    said->try = field_number(value(result, RESULT_TRY), MAX_DIGITS);
    if (said->try == 0)
        row_error(&result->row, C120, RESULT_TRY, "expected the number of the try, 1 or more");
    int64_t first = time_value(result, RESULT_FIRST_TRY); /* not kept: the ledger has its own time of the first try */
    said->at = time_value(result, RESULT_LAST_TRY);
    if (said->at != 0 && said->at < first) {
        g_autofree char *expected = g_strdup_printf("not before %s,", row_name(&result->row, RESULT_FIRST_TRY));
        add_impossible(result, RESULT_LAST_TRY, expected, first);
        said->at = 0;
    }
    said->subject_id = id_value(result, RESULT_REPLACING_SUBJECT_ID, success);
    said->key_id = id_value(result, RESULT_REPLACING_KEY_ID, success);
    if (!success)
        return true;
    const struct field *existing = value(result, RESULT_EXISTING_SUBJECT_ID);
    said->existing_id = has_id_form(existing) ? copy(result, existing) : NULL; /* its form is not judged */
    judge_success(result, said);
    return judge_subject(result, RESULT_REPLACING_SUBJECT_ID, said->subject_id, said->existing_id, error);
}

/* Feeds find_order() with the transitions of the ledger, the oldest first. */
static bool add_transition(void *user, const struct ledger_transition *transition, GError **error)
{
    (void)error; /* cannot fail */
    retry_orders_add(user, transition);
    return true;
}

/* Finds out when the try was ordered, and whether the result is about an earlier order of it. A session with no more
 * transitions than an order and an answer for each try has ordered no try twice, and its first try began it; only
 * others are read. False: an error of the ledger. */
static bool find_order(struct result *result, struct retry_result *said, GError **error)
{
    const struct judged_file *file = result->row.file;
    bool twice = result->session.transitions > 2 * result->session.try && said->kind != RESULT_SUCCESS;
    struct retry_orders orders = {.try = said->try};

    if (!twice && said->try == 1)
        orders.first = result->session.begun;
    else if ((twice || said->at != 0) &&
             !ledger_transitions_each(file->rules->ledger, result->work->item.item, add_transition, &orders, error))
        return false;
    said->at = time_since_order(result, RESULT_LAST_TRY, said->at, orders.first);
    said->outdated = twice && retry_orders_outdate(&orders, said, file->header->created);
    return true;
}

bool result_rules_judge_result(const struct judged_file *file, const struct record *record, struct result *result,
                               GError **error)
{
    struct retry_result said = {0};

    *result = (struct result){.row = {.file = file, .record = record, .layout = file->filename->type->record}};
    if (!find_work(result, RESULT_WORK_ITEM_ID, error))
        return false;
    judge_id(result, RESULT_DEVICE_ID);
    judge_device(result, RESULT_DEVICE_ID);
    if (!judge_values(result, &said, error))
        return false;
    if (!copy_session(result))
        return true;
    if (!find_order(result, &said, error) || !find_superseded(result, &said.superseded, error))
        return false;
    said.overruled = result->work->overruled;
    if (result->work->withheld)
        retry_adopt_try(&file->rules->retry, file->rules->now, said.try, &result->session);
    enum retry_effect effect =
        retry_take_result(&file->rules->retry, file->rules->now, &said, &result->session, &result->transition);
    add_effect(result, effect, RESULT_RESULT, said.outdated);
    result->changes = retry_changes(effect);
    return true;
}

/* ---- EMC ---- */

static void judge_confirmation_values(struct result *result, struct retry_confirmation *said)
{
    int chosen = row_choice(&result->row, CONFIRMATION_CONFIRMED); /* Y, N */

    said->confirmed = chosen == 0;
    if (chosen < 0) {
        g_autofree char *words = row_words(&result->row, CONFIRMATION_CONFIRMED, ", ", " or ");
        row_error(&result->row, C120, CONFIRMATION_CONFIRMED, "expected %s", words);
    }
    said->at = time_value(result, CONFIRMATION_CONFIRMED_AT);
    said->subject_id = id_value(result, CONFIRMATION_SUBJECT_ID, said->confirmed);
    said->key_id = id_value(result, CONFIRMATION_KEY_ID, said->confirmed);
}

bool result_rules_judge_confirmation(const struct judged_file *file, const struct record *record, struct result *result,
                                     GError **error)
{
    struct retry_confirmation said = {0};

    *result = (struct result){.row = {.file = file, .record = record, .layout = file->filename->type->record}};
    if (!find_work(result, CONFIRMATION_WORK_ITEM_ID, error))
        return false;
    judge_id(result, CONFIRMATION_DEVICE_ID);
    judge_device(result, CONFIRMATION_DEVICE_ID);
    judge_confirmation_values(result, &said);
    if (said.confirmed && /* what the TCoS side says of this very Device */
        !judge_subject(result, CONFIRMATION_SUBJECT_ID, said.subject_id,
                       result->work != NULL ? result->work->session.tcos.existing_id : NULL, error))
        return false;
    if (!copy_session(result))
        return true;
    if (!find_superseded(result, &said.superseded, error))
        return false;
    said.overruled = result->work->overruled;
    said.at = time_since_order(result, CONFIRMATION_CONFIRMED_AT, said.at, result->session.begun);
    if (result->work->withheld)
        retry_adopt_try(&file->rules->retry, file->rules->now, MAX(result->session.try, 1), &result->session);
    enum retry_effect effect =
        retry_take_confirmation(&file->rules->retry, file->rules->now, &said, &result->session, &result->transition);
    add_effect(result, effect, CONFIRMATION_CONFIRMED, false);
    result->changes = retry_changes(effect);
    return true;
}

void result_clear(struct result *result)
{
    g_clear_pointer(&result->work, g_free);
}
