/*
 * A record is read column by column into the struct that the ledger stores. The readers below (text, choice, id, date
 * …) return the value, or add an error and return NULL or 0. The order of the calls is the order of the findings.
 */
#include "validators/rules/reference_rules.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "formats/profile.h"
#include "spool/ledger/ledger_estate.h"
#include "validators/rules/field_rules.h"

#include <inttypes.h>
#include <string.h>

static const struct field *value(const struct reference *r, size_t column)
{
    return row_field(&r->row, column);
}

/* ---- fields as texts and numbers ---- */

/* A copy that lives as long as the reference; "" for an empty field. upper: hex digits in upper case. */
static const char *text(struct reference *r, size_t column, bool upper)
{
    const struct field *field = value(r, column);
    char *copy = r->texts + r->used;

    for (size_t i = 0; i < field->len; i++)
        copy[i] = upper ? g_ascii_toupper(field->text[i]) : field->text[i];
    copy[field->len] = '\0';
    r->used += field->len + 1;
    return copy;
}

/* A supply point as the ledger keeps it, so that its joins compare by value; NULL for an empty field. */
static const char *point(struct reference *r, size_t column)
{
    return value(r, column)->len > 0 ? field_rules_point_value(text(r, column, false)) : NULL;
}

static const char *text_or_null(struct reference *r, size_t column, bool upper)
{
    return value(r, column)->len > 0 ? text(r, column, upper) : NULL;
}

/* One of the values that the field may have (fact_values.def); for another one C120 and NULL. NULL for an empty field
 * that is optional. */
static const char *choice(struct reference *r, size_t column, bool required)
{
    int chosen = row_choice(&r->row, column);

    if (chosen >= 0)
        return fact_values(r->row.layout->fields[column])[chosen];
    if (value(r, column)->len == 0 && !required)
        return NULL;
    g_autofree char *words = row_words(&r->row, column, ", ", ", ");
    row_error(&r->row, C120, column, "expected one of %s%s", words, required ? "" : ", or nothing");
    return NULL;
}

/* Text without control characters: reports show it. */
static const char *free_text(struct reference *r, size_t column)
{
    const struct field *field = value(r, column);

    for (size_t i = 0; i < field->len; i++) {
        if (g_ascii_iscntrl(field->text[i])) {
            row_error(&r->row, C120, column, "expected text without control characters");
            return NULL;
        }
    }
    return text_or_null(r, column, false);
}

/* An EUI-64; 0, with code, for anything else. */
static uint64_t id(struct reference *r, enum code code, size_t column, bool required)
{
    const struct field *field = value(r, column);
    uint64_t found = 0;

    if (field->len == 0 && !required)
        return 0;
    if (!eui64_parse(field->text, field->len, &found))
        row_error(&r->row, code, column, "expected an EUI-64 of eight hex pairs joined by '-'%s",
                  required ? "" : ", or nothing");
    return found;
}

/* A date is parsed as the instant at 00:00 UTC of that day. */
static bool date_parse(const struct field *field, int64_t *at)
{
    char whole[INSTANT_TEXT_SIZE] = "YYYY-MM-DDT00:00:00Z";

    if (field->len != strlen("YYYY-MM-DD"))
        return false;
    memcpy(whole, field->text, field->len);
    return instant_parse(whole, strlen(whole), at);
}

/* 00:00 UTC of a date; `absent` for an empty field. */
static int64_t date(struct reference *r, size_t column, bool required, int64_t absent)
{
    const struct field *field = value(r, column);
    int64_t at = absent;

    if ((field->len > 0 || required) && !date_parse(field, &at))
        row_error(&r->row, C120, column, "expected a real date as YYYY-MM-DD%s", required ? "" : ", or nothing");
    return at;
}

/* ---- keys ---- */

static void add_repeated(struct reference *r, size_t column)
{
    row_error(&r->row, C102, column, "expected each key once per file; an earlier record has it already");
}

/* C102: the key must be new in this file. A malformed key is not compared: it has its own error already. */
static void judge_key(struct reference *r, size_t column, const char *key)
{
    if (!row_has_errors(&r->row) && !device_set_add_key(r->row.file->seen, key))
        add_repeated(r, column);
}

/* C104. Any type is allowed, also one that is never migrated: hubs and displays stand in the inventory too. */
static const char *device_type(struct reference *r, size_t column)
{
    const struct field *field = value(r, column);
    bool good = field->len > 0 && field->len <= 16;

    for (size_t i = 0; good && i < field->len; i++)
        good = g_ascii_isupper(field->text[i]) || g_ascii_isdigit(field->text[i]);
    if (!good)
        row_error(&r->row, C104, column, "expected a Device type of upper-case letters and digits");
    return good ? text(r, column, false) : NULL;
}

/* C117. That many hex digits, in upper case; NULL for an empty field. */
static const char *hex(struct reference *r, size_t column, size_t digits, bool required)
{
    field_rules_hex(&r->row, column, digits, required);
    return text_or_null(r, column, true);
}

/* ---- each table: its key, its other values, whether the ledger has the key ---- */

/* The key of a Device is its DeviceID. */
static void inventory_key(struct reference *r)
{
    struct ledger_inventory *inventory = &r->inventory;

    *inventory = (struct ledger_inventory){.device = id(r, C101, INVENTORY_DEVICE_ID, true)};
    if (!row_has_code(&r->row, C101) && !device_set_add(r->row.file->seen, inventory->device))
        add_repeated(r, INVENTORY_DEVICE_ID);
}

/* Most values may be missing: the inventory has Devices of every age and type, hubs and displays among them. */
static void inventory_rest(struct reference *r)
{
    struct ledger_inventory *inventory = &r->inventory;

    inventory->device_type = device_type(r, INVENTORY_DEVICE_TYPE);
    inventory->status = choice(r, INVENTORY_DEVICE_STATUS, true);
    inventory->manufacturer = hex(r, INVENTORY_MANUFACTURER, 4, false);
    inventory->model = hex(r, INVENTORY_MODEL, 8, false);
    inventory->firmware = hex(r, INVENTORY_FIRMWARE, 8, false);
    field_rules_mpxn(&r->row, INVENTORY_DEVICE_TYPE, INVENTORY_MPXN, false);
    inventory->mpxn = point(r, INVENTORY_MPXN);
    inventory->chf = id(r, C117, INVENTORY_CHF_DEVICE_ID, false);
    inventory->supplier = id(r, C120, INVENTORY_SUPPLIER_ID, false);
    inventory->map = id(r, C120, INVENTORY_MAP_ID, false);
    field_rules_region(&r->row, INVENTORY_CSP_REGION);
    inventory->region = text_or_null(r, INVENTORY_CSP_REGION, false);
    inventory->installed = date(r, INVENTORY_INSTALLED_DATE, false, 0);
    inventory->commissioned = date(r, INVENTORY_COMMISSIONED_DATE, false, 0);
    inventory->credentials = choice(r, INVENTORY_CREDENTIALS, true);
    inventory->pending = choice(r, INVENTORY_PENDING, false);
}

static bool inventory_known(struct ledger *ledger, const struct reference *r, bool *known, GError **error)
{
    return ledger_inventory_exists(ledger, &r->inventory, known, error);
}

/* The key of a change of supplier is its MPxN and SupplyStartDate. */
static void cos_key(struct reference *r)
{
    struct ledger_cos *cos = &r->cos;

    field_rules_supply_point(&r->row, COS_MPXN);
    *cos = (struct ledger_cos){.mpxn = point(r, COS_MPXN), .starts = date(r, COS_SUPPLY_START_DATE, true, 0)};
    if (cos->mpxn == NULL)
        return; /* it has C113 */
    g_autofree char *key = g_strdup_printf("%s %" PRId64, cos->mpxn, cos->starts);
    judge_key(r, COS_MPXN, key);
}

static void cos_rest(struct reference *r)
{
    struct ledger_cos *cos = &r->cos;

    cos->losing = id(r, C120, COS_LOSING_SUPPLIER_ID, false);
    cos->gaining = id(r, C120, COS_GAINING_SUPPLIER_ID, true);
}

/* C124: events that are taken, and probably do not mean what they say. Smart meters are younger than FIRST_SUPPLY, and
 * a change of supplier is known some weeks ahead. */
static bool judge_event(struct reference *r, GError **error)
{
    enum { FIRST_SUPPLY = 1262304000, YEAR = 366 * RULES_DAY }; /* 2010-01-01; seconds */
    const struct ledger_cos *cos = &r->cos;
    const struct rules *rules = r->row.file->rules;
    bool met = true;

    if (rules->ledger != NULL && !ledger_point_met(rules->ledger, cos->mpxn, &met, error))
        return false;
    if (!met)
        row_warning(&r->row, C124, COS_MPXN, "the inventory has no Device at this supply point");
    if (cos->losing == cos->gaining)
        row_warning(&r->row, C124, COS_GAINING_SUPPLIER_ID, "expected another Supplier than the losing one");
    if (cos->starts < FIRST_SUPPLY || cos->starts > rules->now + YEAR)
        row_warning(&r->row, C124, COS_SUPPLY_START_DATE, "expected a date from 2010 on and at most a year ahead");
    return true;
}

static bool cos_known(struct ledger *ledger, const struct reference *r, bool *known, GError **error)
{
    return ledger_cos_exists(ledger, &r->cos, known, error);
}

/* The key of a Non-Migratable model is Device type, manufacturer, model, firmware and the day from which it holds. No
 * firmware means every firmware of the model. */
static void nmm_key(struct reference *r)
{
    struct ledger_nmm *nmm = &r->nmm;

    *nmm = (struct ledger_nmm){.device_type = device_type(r, NMM_DEVICE_TYPE),
                               .manufacturer = hex(r, NMM_MANUFACTURER, 4, true),
                               .model = hex(r, NMM_MODEL, 8, true),
                               .firmware = hex(r, NMM_FIRMWARE, 8, false),
                               .since = date(r, NMM_NON_MIGRATABLE_FROM, true, 0)};
    if (nmm->firmware == NULL)
        nmm->firmware = "";
    g_autofree char *key = g_strdup_printf("%s %s %s %s %" PRId64, nmm->device_type, nmm->manufacturer, nmm->model,
                                           nmm->firmware, nmm->since);
    judge_key(r, NMM_MODEL, key);
}

static void nmm_rest(struct reference *r)
{
    struct ledger_nmm *nmm = &r->nmm;

    nmm->until = date(r, NMM_NON_MIGRATABLE_TO, false, LEDGER_FOR_EVER);
    if (nmm->until <= nmm->since && !row_has_errors(&r->row))
        row_error(&r->row, C120, NMM_NON_MIGRATABLE_TO, "expected a date after %s, or nothing",
                  row_name(&r->row, NMM_NON_MIGRATABLE_FROM));
    nmm->reason = free_text(r, NMM_REASON_CODE);
    nmm->fixed_in = hex(r, NMM_FIXED_IN_FIRMWARE, 8, false);
}

static bool nmm_known(struct ledger *ledger, const struct reference *r, bool *known, GError **error)
{
    return ledger_nmm_exists(ledger, &r->nmm, known, error);
}

/* The key of a party is its PartyID and role: one company may be a Supplier and a MAP. */
static void party_key(struct reference *r)
{
    struct ledger_party *party = &r->party;

    *party = (struct ledger_party){.id = id(r, C120, PARTY_PARTY_ID, true), .role = choice(r, PARTY_ROLE, true)};
    g_autofree char *key = g_strdup_printf("%" PRIx64 " %s", party->id, party->role);
    judge_key(r, PARTY_PARTY_ID, key);
}

/* C120 */
static const char *mpid(struct reference *r)
{
    const struct field *field = value(r, PARTY_MPID);
    bool good = field->len == 4;

    for (size_t i = 0; good && i < field->len; i++)
        good = g_ascii_isupper(field->text[i]) || g_ascii_isdigit(field->text[i]);
    if (!good)
        row_error(&r->row, C120, PARTY_MPID, "expected a Market Participant ID of 4 upper-case letters and digits");
    return text(r, PARTY_MPID, false);
}

/* Whether another party of this file had this MPID before. Remembers the first party of each MPID. A party that is
 * refused is not remembered: it is refused in its next record, too. */
static bool is_of_another(struct reference *r)
{
    struct device_set *seen = r->row.file->seen;
    g_autofree char *alone = g_strconcat("MPID ", r->party.mpid, NULL);
    g_autofree char *with_party = g_strdup_printf("%s %" PRIx64, alone, r->party.id);

    if (!device_set_add_key(seen, alone))
        return !device_set_has_key(seen, with_party);
    (void)device_set_add_key(seen, with_party);
    return false;
}

/* C120: reports go into a folder of the MPID's name. Two parties with one MPID would read each other's rows. The ledger
 * has the records of a DELTA so far; a FULL file has emptied the table, and nothing may be asked of it. */
static bool judge_mpid_alone(struct reference *r, GError **error)
{
    const struct judged_file *file = r->row.file;
    bool taken = false;

    if (file->rules->ledger == NULL || file->header->mode != HEADER_MODE_DELTA)
        taken = is_of_another(r);
    else if (!ledger_party_mpid_taken(file->rules->ledger, &r->party, &taken, error))
        return false;
    if (taken)
        row_error(&r->row, C120, PARTY_MPID,
                  "expected a Market Participant ID that no other party has; remove the other party first");
    return true;
}

/* Any name if the drops are not known, as in a bare `check`. */
static bool is_drop(const struct rules *rules, const char *name)
{
    for (size_t i = 0; rules->drops != NULL && rules->drops[i] != NULL; i++) {
        if (strcmp(rules->drops[i], name) == 0)
            return true;
    }
    return rules->drops == NULL;
}

static void party_rest(struct reference *r)
{
    struct ledger_party *party = &r->party;

    party->mpid = mpid(r);
    party->name = free_text(r, PARTY_NAME);
    party->drop = text_or_null(r, PARTY_DROP, false);
    if (party->drop != NULL && !is_drop(r->row.file->rules, party->drop))
        row_error(&r->row, C120, PARTY_DROP, "expected the name of a drop of the gateway's configuration, or nothing");
}

static bool party_known(struct ledger *ledger, const struct reference *r, bool *known, GError **error)
{
    return ledger_party_exists(ledger, &r->party, known, error);
}

static const struct table {
    const char *type; /* code of the file type */
    size_t action_column;
    void (*key)(struct reference *r);  /* sets the key */
    void (*rest)(struct reference *r); /* sets the other values */
    /* *known: the ledger has the key */
    bool (*known)(struct ledger *ledger, const struct reference *reference, bool *known, GError **error);
} tables[LEDGER_REFERENCES] = {
    [LEDGER_INVENTORY] = {"INV", INVENTORY_ACTION, inventory_key, inventory_rest, inventory_known},
    [LEDGER_COS] = {"COS", COS_ACTION, cos_key, cos_rest, cos_known},
    [LEDGER_NMM] = {"NMM", NMM_ACTION, nmm_key, nmm_rest, nmm_known},
    [LEDGER_PARTY] = {"PTY", PARTY_ACTION, party_key, party_rest, party_known},
};

bool reference_rules_table(const struct file_type *type, enum ledger_reference *table)
{
    for (size_t i = 0; i < LEDGER_REFERENCES; i++) {
        if (strcmp(tables[i].type, type->code) != 0)
            continue;
        *table = (enum ledger_reference)i;
        return true;
    }
    return false;
}

/* C120. A format without this column removes nothing but what a FULL file does not name. */
static void judge_action(struct reference *r, const struct table *table)
{
    bool absent = value(r, table->action_column)->len == 0 && !row_has_column(&r->row, table->action_column);
    const char *action = absent ? "SET" : choice(r, table->action_column, true);

    r->remove = g_strcmp0(action, "REMOVE") == 0;
    if (r->remove && r->row.file->header->mode == HEADER_MODE_FULL)
        row_error(&r->row, C120, table->action_column, "expected %s: a %s file removes what it does not name",
                  row_word(&r->row, table->action_column, "SET"),
                  profile_word(row_profile(&r->row), FACT_header_mode, "FULL"));
}

/* C119: a key that the ledger does not have cannot be removed. The records before this one cannot have brought it: a
 * key may stand once in a file (C102). */
static bool judge_removal(struct reference *r, const struct table *table, GError **error)
{
    struct ledger *ledger = r->row.file->rules->ledger;
    bool known = true;

    if (ledger != NULL && !row_has_errors(&r->row) && !table->known(ledger, r, &known, error))
        return false;
    if (!known)
        row_warning(&r->row, C119, table->action_column, "there is no record with this key; nothing is removed");
    return true;
}

bool reference_rules_judge(const struct judged_file *file, enum ledger_reference table, const struct record *record,
                           struct reference *reference, GError **error)
{
    /* texts is left as it is: it is large, and only its first `used` bytes are ever read. */
    reference->row = (struct row){.file = file, .record = record, .layout = file->filename->type->record};
    reference->table = table;
    reference->used = 0;
    judge_action(reference, &tables[table]);
    tables[table].key(reference);
    if (reference->remove)
        return judge_removal(reference, &tables[table], error);
    tables[table].rest(reference);
    if (row_has_errors(&reference->row))
        return true;
    return table == LEDGER_PARTY ? judge_mpid_alone(reference, error)
                                 : table != LEDGER_COS || judge_event(reference, error);
}
