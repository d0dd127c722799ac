#include "validators/reference_rules.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "validators/field_rules.h"

#include <inttypes.h>
#include <string.h>

/* What the rules of one record share. */
struct judging {
    const struct rules *rules;
    struct device_set *seen;
    struct findings *findings;
    struct reference *reference;
};

#define say(j, code, column, warning, ...)                                                                             \
    row_say(&(j)->reference->row, (j)->findings, code, column, warning, __VA_ARGS__)

static const struct field *value(const struct judging *j, size_t column)
{
    return &j->reference->row.record->fields[column];
}

/* ---- fields as texts and numbers ---- */

/* "" for an empty field. upper: hex digits. */
static const char *text(struct judging *j, size_t column, bool upper)
{
    const struct field *field = value(j, column);
    struct reference *r = j->reference;
    char *copy = r->texts + r->used;

    for (size_t i = 0; i < field->len; i++)
        copy[i] = upper ? g_ascii_toupper(field->text[i]) : field->text[i];
    copy[field->len] = '\0';
    r->used += field->len + 1;
    return copy;
}

static const char *text_or_null(struct judging *j, size_t column, bool upper)
{
    return value(j, column)->len > 0 ? text(j, column, upper) : NULL;
}

/* A text of a list: what it is in the list, NULL with C120 where it is none. "" in the list: it may be missing. */
static const char *word(struct judging *j, size_t column, const char *const *list)
{
    const struct field *field = value(j, column);

    for (size_t i = 0; list[i] != NULL; i++) {
        if (field_is(field, list[i]) || (field->len == 0 && *list[i] == '\0'))
            return list[i];
    }
    bool optional = *list[0] == '\0';
    g_autofree char *known = g_strjoinv(", ", (char **)(list + optional));
    say(j, C120, column, false, "expected one of %s%s", known, optional ? ", or nothing" : "");
    return NULL;
}

/* No control characters: it may come to stand in a report. */
static const char *free_text(struct judging *j, size_t column)
{
    const struct field *field = value(j, column);

    for (size_t i = 0; i < field->len; i++) {
        if (g_ascii_iscntrl(field->text[i])) {
            say(j, C120, column, false, "expected text without control characters");
            return NULL;
        }
    }
    return text_or_null(j, column, false);
}

static uint64_t id(struct judging *j, enum code code, size_t column, bool required)
{
    const struct field *field = value(j, column);
    uint64_t found = 0;

    if (field->len == 0 && !required)
        return 0;
    if (!eui64_parse(field->text, field->len, &found))
        say(j, code, column, false, "expected an EUI-64 of eight hex pairs joined by '-'%s",
            required ? "" : ", or nothing");
    return found;
}

static bool date_parse(const struct field *field, int64_t *at)
{
    char whole[INSTANT_TEXT_SIZE] = "YYYY-MM-DDT00:00:00Z";

    if (field->len != strlen("YYYY-MM-DD"))
        return false;
    memcpy(whole, field->text, field->len);
    return instant_parse(whole, strlen(whole), at);
}

/* 00:00 of a date; absent where there is none. */
static int64_t date(struct judging *j, size_t column, bool required, int64_t absent)
{
    const struct field *field = value(j, column);
    int64_t at = absent;

    if ((field->len > 0 || required) && !date_parse(field, &at))
        say(j, C120, column, false, "expected a real date as YYYY-MM-DD%s", required ? "" : ", or nothing");
    return at;
}

/* ---- keys ---- */

static void say_repeated(struct judging *j, size_t column)
{
    say(j, C102, column, false, "expected each key once per file; an earlier record has it already");
}

/* A key that is not well formed is told already. */
static void judge_key(struct judging *j, size_t column, const char *key)
{
    if (!row_has_errors(&j->reference->row) && !device_set_add_key(j->seen, key))
        say_repeated(j, column);
}

static const char *device_type(struct judging *j, size_t column)
{
    const struct field *field = value(j, column);
    bool good = field->len > 0 && field->len <= 16;

    for (size_t i = 0; good && i < field->len; i++)
        good = g_ascii_isupper(field->text[i]) || g_ascii_isdigit(field->text[i]);
    if (!good)
        say(j, C104, column, false, "expected a Device type of upper-case letters and digits");
    return good ? text(j, column, false) : NULL;
}

static const char *hex(struct judging *j, size_t column, size_t digits, bool required)
{
    field_rules_hex(&j->reference->row, j->findings, column, digits, required);
    return text_or_null(j, column, true);
}

/* ---- the records of each type: the key, the other fields ---- */

static void inventory_key(struct judging *j)
{
    struct ledger_inventory *r = &j->reference->inventory;

    *r = (struct ledger_inventory){.device = id(j, C101, INVENTORY_DEVICE_ID, true)};
    if (!row_has_code(&j->reference->row, C101) && !device_set_add(j->seen, r->device))
        say_repeated(j, INVENTORY_DEVICE_ID);
}

static void inventory_rest(struct judging *j)
{
    static const char *const statuses[] = {"Pending",
                                           "Whitelisted",
                                           "InstalledNotCommissioned",
                                           "Commissioned",
                                           "Decommissioned",
                                           "Withdrawn",
                                           "Suspended",
                                           "Recovery",
                                           "Recovered",
                                           NULL};
    static const char *const credentials[] = {"TCOS", "ECOS", NULL};
    static const char *const pending[] = {"", "USC", "FW", NULL};
    struct row *row = &j->reference->row;
    struct ledger_inventory *r = &j->reference->inventory;

    r->device_type = device_type(j, INVENTORY_DEVICE_TYPE);
    r->status = word(j, INVENTORY_DEVICE_STATUS, statuses);
    r->manufacturer = hex(j, INVENTORY_MANUFACTURER, 4, false);
    r->model = hex(j, INVENTORY_MODEL, 8, false);
    r->firmware = hex(j, INVENTORY_FIRMWARE, 8, false);
    field_rules_mpxn(j->rules, row, j->findings, INVENTORY_DEVICE_TYPE, INVENTORY_MPXN, false);
    r->mpxn = text_or_null(j, INVENTORY_MPXN, false);
    r->chf = id(j, C117, INVENTORY_CHF_DEVICE_ID, false);
    r->supplier = id(j, C120, INVENTORY_SUPPLIER_ID, false);
    r->map = id(j, C120, INVENTORY_MAP_ID, false);
    field_rules_region(row, j->findings, INVENTORY_CSP_REGION);
    r->region = text_or_null(j, INVENTORY_CSP_REGION, false);
    r->installed = date(j, INVENTORY_INSTALLED_DATE, false, 0);
    r->commissioned = date(j, INVENTORY_COMMISSIONED_DATE, false, 0);
    r->credentials = word(j, INVENTORY_CREDENTIALS, credentials);
    r->pending = word(j, INVENTORY_PENDING, pending);
    if (r->pending != NULL && *r->pending == '\0')
        r->pending = NULL;
}

static bool inventory_known(struct ledger *ledger, const struct reference *r, bool *known, GError **error)
{
    return ledger_inventory_exists(ledger, &r->inventory, known, error);
}

static void cos_key(struct judging *j)
{
    struct ledger_cos *r = &j->reference->cos;

    field_rules_supply_point(j->rules, &j->reference->row, j->findings, COS_MPXN);
    *r = (struct ledger_cos){.mpxn = text(j, COS_MPXN, false), .starts = date(j, COS_SUPPLY_START_DATE, true, 0)};
    g_autofree char *key = g_strdup_printf("%s %" PRId64, r->mpxn, r->starts);
    judge_key(j, COS_MPXN, key);
}

static void cos_rest(struct judging *j)
{
    struct ledger_cos *r = &j->reference->cos;

    r->losing = id(j, C120, COS_LOSING_SUPPLIER_ID, false);
    r->gaining = id(j, C120, COS_GAINING_SUPPLIER_ID, true);
}

static bool cos_known(struct ledger *ledger, const struct reference *r, bool *known, GError **error)
{
    return ledger_cos_exists(ledger, &r->cos, known, error);
}

static void nmm_key(struct judging *j)
{
    struct ledger_nmm *r = &j->reference->nmm;

    *r = (struct ledger_nmm){.device_type = device_type(j, NMM_DEVICE_TYPE),
                             .manufacturer = hex(j, NMM_MANUFACTURER, 4, true),
                             .model = hex(j, NMM_MODEL, 8, true),
                             .firmware = hex(j, NMM_FIRMWARE, 8, false),
                             .since = date(j, NMM_NON_MIGRATABLE_FROM, true, 0)};
    if (r->firmware == NULL)
        r->firmware = "";
    g_autofree char *key =
        g_strdup_printf("%s %s %s %s %" PRId64, r->device_type, r->manufacturer, r->model, r->firmware, r->since);
    judge_key(j, NMM_MODEL, key);
}

static void nmm_rest(struct judging *j)
{
    struct ledger_nmm *r = &j->reference->nmm;

    r->until = date(j, NMM_NON_MIGRATABLE_TO, false, LEDGER_FOR_EVER);
    if (r->until <= r->since && !row_has_errors(&j->reference->row))
        say(j, C120, NMM_NON_MIGRATABLE_TO, false, "expected a date after NonMigratableFrom, or nothing");
    r->reason = free_text(j, NMM_REASON_CODE);
    r->fixed_in = hex(j, NMM_FIXED_IN_FIRMWARE, 8, false);
}

static bool nmm_known(struct ledger *ledger, const struct reference *r, bool *known, GError **error)
{
    return ledger_nmm_exists(ledger, &r->nmm, known, error);
}

static void party_key(struct judging *j)
{
    static const char *const roles[] = {"SUPPLIER", "MAP", NULL};
    struct ledger_party *r = &j->reference->party;

    *r = (struct ledger_party){.id = id(j, C120, PARTY_PARTY_ID, true), .role = word(j, PARTY_ROLE, roles)};
    g_autofree char *key = g_strdup_printf("%" PRIx64 " %s", r->id, r->role);
    judge_key(j, PARTY_PARTY_ID, key);
}

static const char *mpid(struct judging *j)
{
    const struct field *field = value(j, PARTY_MPID);
    bool good = field->len == 4;

    for (size_t i = 0; good && i < field->len; i++)
        good = g_ascii_isupper(field->text[i]) || g_ascii_isdigit(field->text[i]);
    if (!good)
        say(j, C120, PARTY_MPID, false, "expected a Market Participant ID of 4 upper-case letters and digits");
    return text(j, PARTY_MPID, false);
}

static bool is_drop(const struct rules *rules, const char *name)
{
    for (size_t i = 0; rules->drops != NULL && rules->drops[i] != NULL; i++) {
        if (strcmp(rules->drops[i], name) == 0)
            return true;
    }
    return rules->drops == NULL;
}

static void party_rest(struct judging *j)
{
    struct ledger_party *r = &j->reference->party;

    r->mpid = mpid(j);
    r->name = free_text(j, PARTY_NAME);
    r->drop = text_or_null(j, PARTY_DROP, false);
    if (r->drop != NULL && !is_drop(j->rules, r->drop))
        say(j, C120, PARTY_DROP, false, "expected the name of a drop of the gateway's configuration, or nothing");
}

static bool party_known(struct ledger *ledger, const struct reference *r, bool *known, GError **error)
{
    return ledger_party_exists(ledger, &r->party, known, error);
}

static const struct table {
    const struct layout_record *layout;
    size_t action_column;
    void (*key)(struct judging *j);
    void (*rest)(struct judging *j);
    bool (*known)(struct ledger *ledger, const struct reference *reference, bool *known, GError **error);
} tables[LEDGER_REFERENCES] = {
    [LEDGER_INVENTORY] = {&layout_inventory, INVENTORY_ACTION, inventory_key, inventory_rest, inventory_known},
    [LEDGER_COS] = {&layout_cos, COS_ACTION, cos_key, cos_rest, cos_known},
    [LEDGER_NMM] = {&layout_nmm, NMM_ACTION, nmm_key, nmm_rest, nmm_known},
    [LEDGER_PARTY] = {&layout_party, PARTY_ACTION, party_key, party_rest, party_known},
};

bool reference_rules_table(const struct file_type *type, enum ledger_reference *table)
{
    for (size_t i = 0; i < LEDGER_REFERENCES; i++) {
        if (tables[i].layout != type->record)
            continue;
        *table = (enum ledger_reference)i;
        return true;
    }
    return false;
}

static void judge_action(struct judging *j, const struct table *table, enum header_mode mode)
{
    static const char *const actions[] = {"SET", "REMOVE", NULL};
    const char *action = word(j, table->action_column, actions);

    j->reference->remove = action == actions[1];
    if (j->reference->remove && mode == HEADER_MODE_FULL)
        say(j, C120, table->action_column, false, "expected SET: a FULL file removes what it does not name");
}

/* What is not there cannot be removed; the file's own records do not count, for a key stands in it once. */
static bool judge_removal(struct judging *j, const struct table *table, GError **error)
{
    bool known = true;

    if (j->rules->ledger != NULL && !row_has_errors(&j->reference->row) &&
        !table->known(j->rules->ledger, j->reference, &known, error))
        return false;
    if (!known)
        say(j, C119, table->action_column, true, "there is no record with this key");
    return true;
}

bool reference_rules_judge(const struct rules *rules, enum ledger_reference table, enum header_mode mode,
                           struct device_set *seen, const struct record *record, struct findings *findings,
                           struct reference *reference, GError **error)
{
    struct judging j = {rules, seen, findings, reference};

    reference->row = (struct row){.record = record, .layout = tables[table].layout};
    reference->table = table;
    reference->used = 0;
    judge_action(&j, &tables[table], mode);
    tables[table].key(&j);
    if (reference->remove)
        return judge_removal(&j, &tables[table], error);
    tables[table].rest(&j);
    return true;
}
