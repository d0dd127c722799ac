#include "validators/result_rules.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "spool/ledger/ledger_devices.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_ORG = 8, MAX_BATCH = 24, MAX_DIGITS = 9 };

/* What the rules of one record share. */
struct judging {
    const struct rules *rules;
    struct findings *findings;
    struct result *result;
    bool outdated; /* an EMT's: about an earlier order of its try */
};

#define say(j, code, column, warning, ...) row_say(&(j)->result->row, (j)->findings, code, column, warning, __VA_ARGS__)

static const struct field *value(const struct judging *j, size_t column)
{
    return &j->result->row.record->fields[column];
}

/* ---- values ---- */

static bool consists_of(const struct field *field, bool upper, bool hex)
{
    for (size_t i = 0; i < field->len; i++) {
        char c = field->text[i];
        if (!g_ascii_isdigit(c) && !(upper && g_ascii_isupper(c)) && !(hex && g_ascii_isxdigit(c)))
            return false;
    }
    return true;
}

/* A copy that lives as long as the result; NULL for an empty field. Hex is made upper case, so that both sides' ids
 * can be compared. Only fields known to be plain ASCII are copied. */
static const char *copy(struct judging *j, const struct field *field)
{
    char *text = j->result->texts[j->result->n_texts];
    bool hex = true;

    if (field->len == 0)
        return NULL;
    j->result->n_texts++;
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

static const char *id_value(struct judging *j, size_t column, bool required)
{
    const struct field *field = value(j, column);

    for (size_t i = 0; i < field->len; i++) {
        if (!g_ascii_isgraph(field->text[i])) {
            say(j, C120, column, false, "expected printable ASCII without blanks");
            return NULL;
        }
    }
    if (required && field->len == 0) {
        say(j, C120, column, false, "expected the id of the credentials that are on the Device now, found nothing");
        return NULL;
    }
    return copy(j, field);
}

static int64_t time_value(struct judging *j, size_t column)
{
    const struct field *field = value(j, column);
    int64_t at = 0;

    if (field->len > 0 && !instant_parse(field->text, field->len, &at))
        say(j, C120, column, false, "expected a real time in UTC as YYYY-MM-DDThh:mm:ssZ, or nothing");
    return at;
}

/* A short code, empty or of min to max characters of its alphabet. */
static const char *code_value(struct judging *j, size_t column, size_t min, size_t max, bool upper, bool hex,
                              const char *expected)
{
    const struct field *field = value(j, column);

    if ((field->len > 0 && field->len < min) || field->len > max || !consists_of(field, upper, hex)) {
        say(j, C120, column, false, "expected %s, or nothing", expected);
        return NULL;
    }
    return copy(j, field);
}

static void judge_id(struct judging *j, size_t column)
{
    const struct field *field = value(j, column);
    struct result *result = j->result;

    result->has_id = eui64_parse(field->text, field->len, &result->id);
    if (!result->has_id)
        say(j, C101, column, false, "expected an EUI-64 of eight hex pairs joined by '-'");
}

/* ---- the work that a record belongs to ---- */

/* <org>.<BatchId>.<RecordNumber> in its pieces. */
static bool split_work_item_id(const struct field *field, char org[MAX_ORG + 1], char batch[MAX_BATCH + 1],
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

static bool find_work(struct judging *j, size_t column, GError **error)
{
    struct ledger *ledger = j->rules->ledger;
    struct result *result = j->result;
    char org[MAX_ORG + 1], batch[MAX_BATCH + 1];
    uint32_t record;

    if (!split_work_item_id(value(j, column), org, batch, &record)) {
        say(j, C118, column, false, "expected a WorkItemId, <org>.<BatchId>.<RecordNumber>, as in the work order");
        return true;
    }
    if (ledger == NULL)
        return true;
    if (!ledger_work_by_id(ledger, &(struct ledger_work_item_id){org, batch, record}, &result->work, error))
        return false;
    if (result->work == NULL)
        say(j, C118, column, false, "expected the WorkItemId of a work order of this gateway; there is none such");
    return true;
}

/* Names the Device of the work item, so that a mix-up can be seen. */
static void judge_device(struct judging *j, size_t column)
{
    const struct result *result = j->result;
    char known[EUI64_TEXT_SIZE];

    if (result->work == NULL || !result->has_id)
        return;
    if (result->work->item.has_device && result->work->item.device == result->id)
        return;
    eui64_print(result->work->item.device, known);
    say(j, C118, column, false, "expected %s, the Device of that work item",
        result->work->item.has_device ? known : "no Device: the instruction named none");
}

/* ---- what it means there ---- */

/* The WorkItemId stands in the same column of both. */
G_STATIC_ASSERT((int)RESULT_WORK_ITEM_ID == (int)CONFIRMATION_WORK_ITEM_ID);

static void say_not_ordered(struct judging *j, const struct ledger_session *session)
{
    if (session->try > 0)
        say(j, C118, RESULT_TRY, false, "expected a try that was ordered, 1 to %" PRId64, session->try);
    else
        say(j, C118, RESULT_WORK_ITEM_ID, false, "expected work that was ordered; it is %s and has had no try",
            ledger_state_name(session->state));
}

static void say_effect(struct judging *j, enum retry_effect effect, size_t column)
{
    const struct ledger_session *session = &j->result->session;
    const char *state = ledger_state_name(session->state);

    switch (effect) {
    case RETRY_APPLIES:
        break;
    case RETRY_NOTED:
        say(j, C119, column, true, "its work had ended as %s; noted, the outcome stays", state);
        break;
    case RETRY_REPEATS:
        if (j->outdated) {
            say(j, C119, column, true, "it is about an earlier order of that try; nothing was changed");
            break;
        }
        say(j, C119, column, true, "its work is %s, try %" PRId64 "; nothing was changed", state, session->try);
        break;
    case RETRY_CONTRADICTS:
        say(j, C121, column, false, "its work is %s after what was said before; expected the same", state);
        break;
    case RETRY_NOT_ORDERED:
        say_not_ordered(j, session);
        break;
    }
}

/* The session as it is, before an effect changes the copy. */
static bool begin(struct judging *j)
{
    struct result *result = j->result;

    if (row_has_errors(&result->row) || result->work == NULL)
        return false;
    result->session = result->work->session;
    if (!result->work->has_session)
        result->session.state = result->work->item.outcome;
    return true;
}

static void end(struct judging *j, enum retry_effect effect, size_t column)
{
    struct result *result = j->result;

    say_effect(j, effect, column);
    result->changes = retry_changes(effect);
}

/* ---- EMT ---- */

static bool kind_value(struct judging *j, enum retry_result_kind *kind)
{
    static const char *const kinds[] = {"SUCCESS", "FAILED", "TIMEOUT", "NOT_ATTEMPTED"};
    const struct field *field = value(j, RESULT_RESULT);

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (field_is(field, kinds[i])) {
            *kind = (enum retry_result_kind)i;
            return true;
        }
    }
    say(j, C120, RESULT_RESULT, false, "expected SUCCESS, FAILED, TIMEOUT or NOT_ATTEMPTED");
    return false;
}

static const char *gbcs_value(struct judging *j)
{
    static const char expected[] = "a GBCS status, a number of 1 to 3 digits without leading zeros";
    const struct field *field = value(j, RESULT_GBCS_STATUS);

    if (field->len > 1 && field->text[0] == '0') {
        say(j, C120, RESULT_GBCS_STATUS, false, "expected %s, or nothing", expected);
        return NULL;
    }
    return code_value(j, RESULT_GBCS_STATUS, 1, 3, false, false, expected);
}

static void judge_values(struct judging *j, struct retry_result *said)
{
    bool known = kind_value(j, &said->kind);
    bool success = known && said->kind == RESULT_SUCCESS;

    said->gbcs = gbcs_value(j);
    said->duis = code_value(j, RESULT_DUIS_CODE, 1, 8, true, false, "a DUIS response code such as E20");
    said->alert = code_value(j, RESULT_ALERT_CODE, 4, 4, false, true, "an alert code of 4 hex digits");
    said->try = field_number(value(j, RESULT_TRY), MAX_DIGITS);
    if (said->try == 0)
        say(j, C120, RESULT_TRY, false, "expected the number of the try, 1 or more");
    (void)time_value(j, RESULT_FIRST_TRY); /* only judged: the ledger knows its own first try */
    said->at = time_value(j, RESULT_LAST_TRY);
    said->subject_id = id_value(j, RESULT_REPLACING_SUBJECT_ID, success);
    said->key_id = id_value(j, RESULT_REPLACING_KEY_ID, success);
    if (success && retry_says_error(&(struct retry_result){.gbcs = said->gbcs}))
        say(j, C120, RESULT_GBCS_STATUS, false, "expected 0 or nothing beside SUCCESS");
    if (success && retry_says_error(&(struct retry_result){.duis = said->duis}))
        say(j, C120, RESULT_DUIS_CODE, false, "expected I0 or nothing beside SUCCESS");
    if (success && retry_says_error(&(struct retry_result){.alert = said->alert}))
        say(j, C120, RESULT_ALERT_CODE, false, "expected no alert that stands for a failure beside SUCCESS");
}

static bool add_transition(void *user, const struct ledger_transition *transition, GError **error)
{
    (void)error; /* of the ledger alone */
    retry_orders_add(user, transition);
    return true;
}

/* With no more transitions than an order and an answer for each try none was ordered twice. */
static bool find_order(struct judging *j, int64_t created, struct retry_result *said, GError **error)
{
    const struct result *result = j->result;
    struct retry_orders orders = {.try = said->try};

    if (said->kind == RESULT_SUCCESS || result->session.transitions <= 2 * result->session.try)
        return true;
    if (!ledger_transitions_each(j->rules->ledger, result->work->item.item, add_transition, &orders, error))
        return false;
    j->outdated = said->outdated = retry_orders_outdate(&orders, said, created);
    return true;
}

bool result_rules_judge_result(const struct rules *rules, int64_t created, const struct record *record,
                               struct findings *findings, struct result *result, GError **error)
{
    struct judging j = {.rules = rules, .findings = findings, .result = result};
    struct retry_result said = {0};

    *result = (struct result){.row = {.record = record, .layout = &layout_result}};
    if (!find_work(&j, RESULT_WORK_ITEM_ID, error))
        return false;
    judge_id(&j, RESULT_DEVICE_ID);
    judge_device(&j, RESULT_DEVICE_ID);
    judge_values(&j, &said);
    if (!begin(&j))
        return true;
    if (!find_order(&j, created, &said, error))
        return false;
    end(&j, retry_take_result(&rules->retry, rules->now, &said, &result->session, &result->transition), RESULT_RESULT);
    return true;
}

/* ---- EMC ---- */

bool result_rules_judge_confirmation(const struct rules *rules, const struct record *record, struct findings *findings,
                                     struct result *result, GError **error)
{
    struct judging j = {.rules = rules, .findings = findings, .result = result};
    struct retry_confirmation said = {0};

    *result = (struct result){.row = {.record = record, .layout = &layout_confirmation}};
    if (!find_work(&j, CONFIRMATION_WORK_ITEM_ID, error))
        return false;
    judge_id(&j, CONFIRMATION_DEVICE_ID);
    judge_device(&j, CONFIRMATION_DEVICE_ID);
    said.confirmed = field_is(value(&j, CONFIRMATION_CONFIRMED), "Y");
    if (!said.confirmed && !field_is(value(&j, CONFIRMATION_CONFIRMED), "N"))
        say(&j, C120, CONFIRMATION_CONFIRMED, false, "expected Y or N");
    said.at = time_value(&j, CONFIRMATION_CONFIRMED_AT);
    said.subject_id = id_value(&j, CONFIRMATION_SUBJECT_ID, said.confirmed);
    said.key_id = id_value(&j, CONFIRMATION_KEY_ID, said.confirmed);
    if (begin(&j))
        end(&j, retry_take_confirmation(&rules->retry, rules->now, &said, &result->session, &result->transition),
            CONFIRMATION_CONFIRMED);
    return true;
}

void result_clear(struct result *result)
{
    g_clear_pointer(&result->work, g_free);
}
