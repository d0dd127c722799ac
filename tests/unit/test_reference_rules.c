/* The records of reference data: each field of each type with good and bad values; keys; the row of the ledger. */
#include "validators/reference_rules.h"

#include "formats/instant.h"
#include "spool/disk.h"
#include "tests/unit/codes_of.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static const char *const inventory[INVENTORY_COLUMNS] = {"1",
                                                         "SET",
                                                         "00-DB-12-34-56-78-90-A0",
                                                         "ESME",
                                                         "Commissioned",
                                                         "AB01",
                                                         "010A030B",
                                                         "0002012F",
                                                         "1012345678903",
                                                         "00-DB-12-34-56-78-90-C0",
                                                         "90-B3-D5-1F-30-05-00-01",
                                                         "90-B3-D5-1F-30-06-00-01",
                                                         "Central",
                                                         "2021-04-06",
                                                         "2021-04-07",
                                                         "TCOS",
                                                         ""};
static const char *const events[COS_COLUMNS] = {
    "1", "SET", "1012345678903", "90-B3-D5-1F-30-05-00-01", "90-B3-D5-1F-30-05-00-02", "2024-02-29"};
static const char *const nmm[NMM_COLUMNS] = {"1",        "SET",        "ESME", "ab01", "010a030b",
                                             "0002012f", "2023-07-01", "",     "D117", "0002013f"};
static const char *const party[PARTY_COLUMNS] = {
    "1", "SET", "90-B3-D5-1F-30-05-00-01", "SUPPLIER", "SUP1", "Ünïted Power", "suppliers"};
static const char *const *const rows[LEDGER_REFERENCES] = {inventory, events, nmm, party};
static const size_t columns[LEDGER_REFERENCES] = {INVENTORY_COLUMNS, COS_COLUMNS, NMM_COLUMNS, PARTY_COLUMNS};
static const char *const drops[] = {"mcc", "suppliers", NULL};

static struct findings *findings;
static struct device_set *seen;
static struct rules rules;
static struct reference reference;

static int enter(void **state)
{
    (void)state;
    findings = findings_new(100);
    seen = device_set_new();
    rules_init(&rules);
    rules.drops = drops;
    rules.now = 1688364000; /* 2023-07-03 */
    return 0;
}

static int leave(void **state)
{
    (void)state;
    findings_free(findings);
    device_set_free(seen);
    return 0;
}

/* Begins another file, which has no keys yet. */
static void begin_file(void)
{
    device_set_free(seen);
    seen = device_set_new();
}

/* A changed field of the good record; the last one of a list has column 0. */
struct change {
    size_t column;
    const char *text;
};

static void judge_with(enum ledger_reference table, enum header_mode mode, const struct change *changes)
{
    struct field fields[LAYOUT_MAX_COLUMNS];
    struct record record = {.ordinal = 5, .at = {7, 1}, .n_fields = columns[table], .fields = fields};

    for (size_t i = 0; i < columns[table]; i++)
        fields[i] = (struct field){rows[table][i], strlen(rows[table][i]), {7, (uint32_t)i + 1}};
    for (; changes->column != 0; changes++)
        fields[changes->column] = (struct field){changes->text, strlen(changes->text), {7, 99}};
    findings_free(findings);
    findings = findings_new(100);
    const struct header header = {.mode = mode};
    const struct judged_file file = {.rules = &rules, .header = &header, .seen = seen, .findings = findings};
    assert_true(reference_rules_judge(&file, table, &record, &reference, NULL));
}

static void expect(enum ledger_reference table, size_t column, const char *text, const char *expected)
{
    const struct change changes[] = {{column, text}, {0, NULL}};

    begin_file();
    judge_with(table, HEADER_MODE_DELTA, changes);
    g_autofree char *found = codes_of(findings);
    if (strcmp(found, expected) != 0)
        fail_msg("table %d, column %zu, '%s': expected '%s', found '%s'", (int)table, column, text, expected, found);
    for (size_t i = 0; i < findings_kept(findings); i++) {
        if (strcmp(findings_at(findings, i)->field, reference.row.layout->columns[column].name) != 0)
            fail_msg("'%s': the finding is about %s", text, findings_at(findings, i)->field);
    }
}

#define LONG "0123456789012345678901234567890123456789012345678901234567890123"
/* One field of the good record changed, and the codes that it has then. */
struct field_case {
    enum ledger_reference table;
    size_t column;
    const char *text, *codes;
};

static void expect_cases(const struct field_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        expect(cases[i].table, cases[i].column, cases[i].text, cases[i].codes);
}

static void test_reference_rules__key_or_model_of_the_inventory_changed__has_its_code(void **state)
{
    static const struct field_case cases[] = {
        {LEDGER_INVENTORY, INVENTORY_ACTION, "SET", ""},
        {LEDGER_INVENTORY, INVENTORY_ACTION, "set", "C120"},
        {LEDGER_INVENTORY, INVENTORY_ACTION, "", "C120"},
        {LEDGER_INVENTORY, INVENTORY_DEVICE_ID, "00-db-12-34-56-78-90-a0", ""},
        {LEDGER_INVENTORY, INVENTORY_DEVICE_ID, "", "C101"},
        {LEDGER_INVENTORY, INVENTORY_DEVICE_ID, "00-DB-12-34-56-78-90", "C101"},
        {LEDGER_INVENTORY, INVENTORY_DEVICE_TYPE, "PPMID", ""},
        {LEDGER_INVENTORY, INVENTORY_DEVICE_TYPE, "", "C104"},
        {LEDGER_INVENTORY, INVENTORY_DEVICE_TYPE, "esme", "C104"},
        {LEDGER_INVENTORY, INVENTORY_DEVICE_TYPE, "ABCDEFGHIJKLMNOPQ", "C104"},
        {LEDGER_INVENTORY, INVENTORY_DEVICE_STATUS, "Pending", ""},
        {LEDGER_INVENTORY, INVENTORY_DEVICE_STATUS, "Whitelisted", ""},
        {LEDGER_INVENTORY, INVENTORY_DEVICE_STATUS, "Recovered", ""},
        {LEDGER_INVENTORY, INVENTORY_DEVICE_STATUS, "recovered", "C120"},
        {LEDGER_INVENTORY, INVENTORY_DEVICE_STATUS, "", "C120"},
        {LEDGER_INVENTORY, INVENTORY_MANUFACTURER, "", ""},
        {LEDGER_INVENTORY, INVENTORY_MANUFACTURER, "AB0", "C117"},
        {LEDGER_INVENTORY, INVENTORY_MODEL, "", ""},
        {LEDGER_INVENTORY, INVENTORY_MODEL, "010A030G", "C117"},
        {LEDGER_INVENTORY, INVENTORY_FIRMWARE, "", ""},
        {LEDGER_INVENTORY, INVENTORY_FIRMWARE, "0002012F0", "C117"},
        {LEDGER_INVENTORY, INVENTORY_MPXN, "", ""},
        {LEDGER_INVENTORY, INVENTORY_MPXN, "1012345678904", "C113?"},
        {LEDGER_INVENTORY, INVENTORY_MPXN, "3938424403", "C113"},
    };

    (void)state;
    expect_cases(cases, G_N_ELEMENTS(cases));
}

static void test_reference_rules__other_value_of_the_inventory_changed__has_its_code(void **state)
{
    static const struct field_case cases[] = {
        {LEDGER_INVENTORY, INVENTORY_CHF_DEVICE_ID, "", ""},
        {LEDGER_INVENTORY, INVENTORY_CHF_DEVICE_ID, "00-DB", "C117"},
        {LEDGER_INVENTORY, INVENTORY_SUPPLIER_ID, "", ""},
        {LEDGER_INVENTORY, INVENTORY_SUPPLIER_ID, "SUP1", "C120"},
        {LEDGER_INVENTORY, INVENTORY_MAP_ID, "", ""},
        {LEDGER_INVENTORY, INVENTORY_MAP_ID, "MAP1", "C120"},
        {LEDGER_INVENTORY, INVENTORY_CSP_REGION, "", ""},
        {LEDGER_INVENTORY, INVENTORY_CSP_REGION, "West", "C117"},
        {LEDGER_INVENTORY, INVENTORY_INSTALLED_DATE, "", ""},
        {LEDGER_INVENTORY, INVENTORY_INSTALLED_DATE, "2023-02-29", "C120"},
        {LEDGER_INVENTORY, INVENTORY_INSTALLED_DATE, "2024-02-29", ""},
        {LEDGER_INVENTORY, INVENTORY_INSTALLED_DATE, "20240229", "C120"},
        {LEDGER_INVENTORY, INVENTORY_INSTALLED_DATE, "2024-02-29T00:00:00Z", "C120"},
        {LEDGER_INVENTORY, INVENTORY_COMMISSIONED_DATE, "", ""},
        {LEDGER_INVENTORY, INVENTORY_COMMISSIONED_DATE, "29/02/2024", "C120"},
        {LEDGER_INVENTORY, INVENTORY_CREDENTIALS, "ECOS", ""},
        {LEDGER_INVENTORY, INVENTORY_CREDENTIALS, "", "C120"},
        {LEDGER_INVENTORY, INVENTORY_CREDENTIALS, "NONE", "C120"},
        {LEDGER_INVENTORY, INVENTORY_PENDING, "USC", ""},
        {LEDGER_INVENTORY, INVENTORY_PENDING, "FW", ""},
        {LEDGER_INVENTORY, INVENTORY_PENDING, "fw", "C120"},
    };

    (void)state;
    expect_cases(cases, G_N_ELEMENTS(cases));
}

static void test_reference_rules__field_of_a_change_of_supplier_changed__has_its_code(void **state)
{
    static const struct field_case cases[] = {
        {LEDGER_COS, COS_ACTION, "DELETE", "C120"},
        {LEDGER_COS, COS_MPXN, "3938424403", ""},
        {LEDGER_COS, COS_MPXN, "3938424402", "C113?"},
        {LEDGER_COS, COS_MPXN, "", "C113"},
        {LEDGER_COS, COS_MPXN, "12345", "C113"},
        {LEDGER_COS, COS_MPXN, "12345678901", "C113"},
        {LEDGER_COS, COS_MPXN, "10123456789O3", "C113"},
        {LEDGER_COS, COS_LOSING_SUPPLIER_ID, "", ""},
        {LEDGER_COS, COS_LOSING_SUPPLIER_ID, "x", "C120"},
        {LEDGER_COS, COS_GAINING_SUPPLIER_ID, "", "C120"},
        {LEDGER_COS, COS_GAINING_SUPPLIER_ID, "x", "C120"},
        {LEDGER_COS, COS_SUPPLY_START_DATE, "", "C120"},
        {LEDGER_COS, COS_SUPPLY_START_DATE, "2023-02-29", "C120"},
        {LEDGER_COS, COS_SUPPLY_START_DATE, "0000-01-01", "C120"},
        {LEDGER_COS, COS_SUPPLY_START_DATE, "9999-12-31", "C124?"},
        {LEDGER_COS, COS_SUPPLY_START_DATE, "2009-12-31", "C124?"},
        {LEDGER_COS, COS_SUPPLY_START_DATE, "2010-01-01", ""},
        {LEDGER_COS, COS_SUPPLY_START_DATE, "2024-07-03", ""},
        {LEDGER_COS, COS_SUPPLY_START_DATE, "2024-07-05", "C124?"},
        {LEDGER_COS, COS_GAINING_SUPPLIER_ID, "90-B3-D5-1F-30-05-00-01", "C124?"}, /* the losing one */
    };

    (void)state;
    expect_cases(cases, G_N_ELEMENTS(cases));
}

static void test_reference_rules__field_of_a_model_changed__has_its_code(void **state)
{
    static const struct field_case cases[] = {
        {LEDGER_NMM, NMM_ACTION, "", "C120"},
        {LEDGER_NMM, NMM_DEVICE_TYPE, "", "C104"},
        {LEDGER_NMM, NMM_MANUFACTURER, "", "C117"},
        {LEDGER_NMM, NMM_MODEL, "", "C117"},
        {LEDGER_NMM, NMM_FIRMWARE, "", ""},
        {LEDGER_NMM, NMM_FIRMWARE, "1", "C117"},
        {LEDGER_NMM, NMM_NON_MIGRATABLE_FROM, "", "C120"},
        {LEDGER_NMM, NMM_NON_MIGRATABLE_FROM, "2023-07-32", "C120"},
        {LEDGER_NMM, NMM_NON_MIGRATABLE_TO, "2023-07-02", ""},
        {LEDGER_NMM, NMM_NON_MIGRATABLE_TO, "2023-07-01", "C120"},
        {LEDGER_NMM, NMM_NON_MIGRATABLE_TO, "2022-07-02", "C120"},
        {LEDGER_NMM, NMM_NON_MIGRATABLE_TO, "later", "C120"},
        {LEDGER_NMM, NMM_REASON_CODE, "", ""},
        {LEDGER_NMM, NMM_REASON_CODE, "=1+1", ""},
        {LEDGER_NMM, NMM_REASON_CODE, "a\nb", "C120"},
        {LEDGER_NMM, NMM_FIXED_IN_FIRMWARE, "", ""},
        {LEDGER_NMM, NMM_FIXED_IN_FIRMWARE, "soon", "C117"},
    };

    (void)state;
    expect_cases(cases, G_N_ELEMENTS(cases));
}

static void test_reference_rules__field_of_a_party_changed__has_its_code(void **state)
{
    static const struct field_case cases[] = {
        {LEDGER_PARTY, PARTY_ACTION, "ADD", "C120"},
        {LEDGER_PARTY, PARTY_PARTY_ID, "", "C120"},
        {LEDGER_PARTY, PARTY_PARTY_ID, "SUP1", "C120"},
        {LEDGER_PARTY, PARTY_ROLE, "MAP", ""},
        {LEDGER_PARTY, PARTY_ROLE, "", "C120"},
        {LEDGER_PARTY, PARTY_ROLE, "supplier", "C120"},
        {LEDGER_PARTY, PARTY_MPID, "", "C120"},
        {LEDGER_PARTY, PARTY_MPID, "SUP", "C120"},
        {LEDGER_PARTY, PARTY_MPID, "SUPP1", "C120"},
        {LEDGER_PARTY, PARTY_MPID, "sup1", "C120"},
        {LEDGER_PARTY, PARTY_MPID, "../1", "C120"},
        {LEDGER_PARTY, PARTY_NAME, "", ""},
        {LEDGER_PARTY, PARTY_NAME, LONG, ""},
        {LEDGER_PARTY, PARTY_NAME, "\x1b[31m", "C120"},
        {LEDGER_PARTY, PARTY_DROP, "", ""},
        {LEDGER_PARTY, PARTY_DROP, "mcc", ""},
        {LEDGER_PARTY, PARTY_DROP, "nowhere", "C120"},
        {LEDGER_PARTY, PARTY_DROP, "../mcc", "C120"},
    };

    (void)state;
    expect_cases(cases, G_N_ELEMENTS(cases));
    rules.drops = NULL; /* as in a bare `check` */
    expect(LEDGER_PARTY, PARTY_DROP, "nowhere", "");
}

static void test_reference_rules__mpxn__depends_on_the_device_type(void **state)
{
    static const struct {
        const char *type, *mpxn, *codes;
    } cases[] = {{"GSME", "3938424403", ""},    {"GSME", "1012345678903", "C113"},
                 {"GPF", "3938424403", "C113"}, {"GPF", "", ""},
                 {"PPMID", "whatever", ""},     {"GSME", "", ""}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct change changes[] = {
            {INVENTORY_DEVICE_TYPE, cases[i].type}, {INVENTORY_MPXN, cases[i].mpxn}, {0, NULL}};
        begin_file();
        judge_with(LEDGER_INVENTORY, HEADER_MODE_DELTA, changes);
        g_autofree char *found = codes_of(findings);
        assert_string_equal(found, cases[i].codes);
    }
}

static const struct change as_it_is[] = {{0, NULL}};

static void test_reference_rules__good_record__is_a_row_of_the_ledger(void **state)
{
    (void)state;
    judge_with(LEDGER_INVENTORY, HEADER_MODE_FULL, as_it_is);
    const struct ledger_inventory *r = &reference.inventory;
    assert_true(r->device == UINT64_C(0x00DB1234567890A0) && r->chf == UINT64_C(0x00DB1234567890C0));
    assert_true(r->supplier == UINT64_C(0x90B3D51F30050001) && r->map == UINT64_C(0x90B3D51F30060001));
    g_autofree char *texts = g_strjoin("|", r->device_type, r->status, r->manufacturer, r->model, r->firmware, r->mpxn,
                                       r->region, r->credentials, NULL);
    assert_string_equal(texts, "ESME|Commissioned|AB01|010A030B|0002012F|1012345678903|Central|TCOS");
    assert_null(r->pending);
    assert_int_equal(r->commissioned - r->installed, 86400);
    assert_int_equal(r->installed, 1617667200);

    judge_with(LEDGER_COS, HEADER_MODE_FULL, as_it_is);
    assert_string_equal(reference.cos.mpxn, "1012345678903");
    assert_int_equal(reference.cos.starts, 1709164800);
    assert_true(reference.cos.gaining - reference.cos.losing == 1);

    judge_with(LEDGER_NMM, HEADER_MODE_FULL, as_it_is);
    const struct ledger_nmm *m = &reference.nmm;
    g_autofree char *model =
        g_strjoin("|", m->device_type, m->manufacturer, m->model, m->firmware, m->reason, m->fixed_in, NULL);
    assert_string_equal(model, "ESME|AB01|010A030B|0002012F|D117|0002013F");
    assert_true(m->since == 1688169600 && m->until == LEDGER_FOR_EVER);

    judge_with(LEDGER_PARTY, HEADER_MODE_FULL, as_it_is);
    const struct ledger_party *p = &reference.party;
    g_autofree char *who = g_strjoin("|", p->role, p->mpid, p->name, p->drop, NULL);
    assert_string_equal(who, "SUPPLIER|SUP1|Ünïted Power|suppliers");
}

/* Two records of one key, and two that differ in one column of the key. */
static void test_reference_rules__key_again__is_c102(void **state)
{
    static const struct {
        enum ledger_reference table;
        size_t column;
        const char *other;
    } keys[] = {
        {LEDGER_INVENTORY, INVENTORY_DEVICE_ID, "00-DB-12-34-56-78-90-A1"},
        {LEDGER_COS, COS_MPXN, "1012345678940"},
        {LEDGER_COS, COS_SUPPLY_START_DATE, "2024-03-01"},
        {LEDGER_NMM, NMM_DEVICE_TYPE, "GSME"},
        {LEDGER_NMM, NMM_MANUFACTURER, "AB02"},
        {LEDGER_NMM, NMM_MODEL, "010A030C"},
        {LEDGER_NMM, NMM_FIRMWARE, ""},
        {LEDGER_NMM, NMM_NON_MIGRATABLE_FROM, "2023-07-02"},
        {LEDGER_PARTY, PARTY_PARTY_ID, "90-B3-D5-1F-30-05-00-02"},
        {LEDGER_PARTY, PARTY_ROLE, "MAP"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        bool of_party = keys[i].table == LEDGER_PARTY && keys[i].column == PARTY_PARTY_ID;
        const struct change other[] = {
            {keys[i].column, keys[i].other}, {of_party ? PARTY_MPID : 0, of_party ? "SUP2" : NULL}, {0, NULL}};
        begin_file();
        judge_with(keys[i].table, HEADER_MODE_DELTA, as_it_is);
        assert_int_equal(findings_kept(findings), 0);
        judge_with(keys[i].table, HEADER_MODE_DELTA, other);
        assert_int_equal(findings_kept(findings), 0);
        judge_with(keys[i].table, HEADER_MODE_DELTA, as_it_is);
        g_autofree char *found = codes_of(findings);
        assert_string_equal(found, "C102");
    }
}

static void test_reference_rules__mpid_of_another_party__is_c120(void **state)
{
    static const struct change other_role[] = {{PARTY_ROLE, "MAP"}, {0, NULL}};
    static const struct change other_party[] = {
        {PARTY_PARTY_ID, "90-B3-D5-1F-30-05-00-02"}, {PARTY_ROLE, "MAP"}, {0, NULL}};

    (void)state;
    begin_file();
    judge_with(LEDGER_PARTY, HEADER_MODE_FULL, as_it_is);
    judge_with(LEDGER_PARTY, HEADER_MODE_FULL, other_role);
    assert_int_equal(findings_kept(findings), 0);
    judge_with(LEDGER_PARTY, HEADER_MODE_FULL, other_party);
    g_autofree char *found = codes_of(findings);
    assert_string_equal(found, "C120");
}

static void test_reference_rules__remove__judges_the_key_only(void **state)
{
    static const struct change empty[LEDGER_REFERENCES][16] = {
        [LEDGER_INVENTORY] = {{INVENTORY_ACTION, "REMOVE"},
                              {INVENTORY_DEVICE_TYPE, ""},
                              {INVENTORY_DEVICE_STATUS, "x"},
                              {INVENTORY_MANUFACTURER, "x"},
                              {INVENTORY_CREDENTIALS, ""}},
        [LEDGER_COS] = {{COS_ACTION, "REMOVE"}, {COS_GAINING_SUPPLIER_ID, ""}},
        [LEDGER_NMM] = {{NMM_ACTION, "REMOVE"}, {NMM_NON_MIGRATABLE_TO, "x"}},
        [LEDGER_PARTY] = {{PARTY_ACTION, "REMOVE"}, {PARTY_MPID, ""}, {PARTY_DROP, "x"}},
    };

    (void)state;
    for (int table = 0; table < LEDGER_REFERENCES; table++) {
        judge_with((enum ledger_reference)table, HEADER_MODE_DELTA, empty[table]);
        assert_int_equal(findings_kept(findings), 0);
        assert_true(reference.remove);
        begin_file();
        judge_with((enum ledger_reference)table, HEADER_MODE_FULL, empty[table]);
        g_autofree char *found = codes_of(findings);
        assert_string_equal(found, "C120");
    }
}

static void test_reference_rules__remove_of_an_unknown_key__is_c119(void **state)
{
    static const struct change removed[LEDGER_REFERENCES][2] = {
        {{INVENTORY_ACTION, "REMOVE"}}, {{COS_ACTION, "REMOVE"}}, {{NMM_ACTION, "REMOVE"}}, {{PARTY_ACTION, "REMOVE"}}};
    g_autofree char *dir = g_dir_make_tmp("ecosgate-rules-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "ledger.db", NULL);
    g_autoptr(ledger_t) ledger = ledger_make(path, NULL);

    (void)state;
    rules.ledger = ledger;
    assert_true(ledger_begin(ledger, NULL));
    for (int table = 0; table < LEDGER_REFERENCES; table++) {
        begin_file();
        judge_with((enum ledger_reference)table, HEADER_MODE_DELTA, removed[table]);
        g_autofree char *found = codes_of(findings);
        assert_string_equal(found, "C119?");
        assert_false(row_has_errors(&reference.row));
    }
    begin_file();
    judge_with(LEDGER_INVENTORY, HEADER_MODE_DELTA, as_it_is);
    assert_true(ledger_inventory_put(ledger, &reference.inventory, NULL));
    judge_with(LEDGER_COS, HEADER_MODE_DELTA, as_it_is);
    assert_true(ledger_cos_put(ledger, &reference.cos, NULL));
    judge_with(LEDGER_NMM, HEADER_MODE_DELTA, as_it_is);
    assert_true(ledger_nmm_put(ledger, &reference.nmm, NULL));
    judge_with(LEDGER_PARTY, HEADER_MODE_DELTA, as_it_is);
    assert_true(ledger_party_put(ledger, &reference.party, NULL));
    for (int table = 0; table < LEDGER_REFERENCES; table++) {
        begin_file();
        judge_with((enum ledger_reference)table, HEADER_MODE_DELTA, removed[table]);
        assert_int_equal(findings_kept(findings), 0);
    }
    assert_true(disk_remove_dir(STEP_ORPHAN_DROPPED, dir, NULL));
}

/* The longest values of all fields of a record fit into struct reference. */
static void test_reference_rules__longest_fields__fit(void **state)
{
    GString *wide = g_string_new(NULL);

    (void)state;
    for (int i = 0; i < LAYOUT_FIELD_MAX_CHARS; i++)
        g_string_append(wide, "\xF0\x9F\x98\x80");
    for (int table = 0; table < LEDGER_REFERENCES; table++) {
        struct change changes[LAYOUT_MAX_COLUMNS + 1] = {{0, NULL}};
        size_t n = 0;
        for (size_t column = 2; column < columns[table]; column++)
            changes[n++] = (struct change){column, wide->str};
        judge_with((enum ledger_reference)table, HEADER_MODE_DELTA, changes);
        assert_true(reference.used <= sizeof reference.texts);
        assert_true(row_has_errors(&reference.row));
    }
    g_string_free(wide, TRUE);
}

/* Fields that are cut, doubled, damaged or exchanged. */
static const char *spoilt(GRand *chance, GPtrArray *texts)
{
    static const char *const pieces[] = {"",         "\x01", "é",    "-",    "0",          "SET", "REMOVE",
                                         "GPF",      "GSME", "ECOS", "9999", "2024-02-29", "FW",  "\xF0\x9F\x98\x80",
                                         "suppliers"};
    int table = g_rand_int_range(chance, 0, LEDGER_REFERENCES);
    const char *base = rows[table][g_rand_int_range(chance, 0, (gint32)columns[table])];
    const char *piece = pieces[g_rand_int_range(chance, 0, G_N_ELEMENTS(pieces))];
    size_t keep = g_rand_boolean(chance) ? strlen(base) : (size_t)g_rand_int_range(chance, 0, (gint32)strlen(base) + 1);
    g_autofree char *head = g_strndup(base, keep);
    char *text = g_rand_boolean(chance) ? g_strdup(piece) : g_strconcat(head, piece, NULL);

    g_ptr_array_add(texts, text);
    return text;
}

/* Stores, looks up and removes every record without errors: the ledger accepts it. */
static void expect_takable(struct ledger *ledger, enum ledger_reference table)
{
    bool known = false;
    bool good = true;

    switch (table) {
    case LEDGER_INVENTORY:
        good = (reference.remove || ledger_inventory_put(ledger, &reference.inventory, NULL)) &&
               ledger_inventory_exists(ledger, &reference.inventory, &known, NULL) &&
               ledger_inventory_remove(ledger, &reference.inventory, NULL);
        break;
    case LEDGER_COS:
        good = (reference.remove || ledger_cos_put(ledger, &reference.cos, NULL)) &&
               ledger_cos_exists(ledger, &reference.cos, &known, NULL) &&
               ledger_cos_remove(ledger, &reference.cos, NULL);
        break;
    case LEDGER_NMM:
        good = (reference.remove || ledger_nmm_put(ledger, &reference.nmm, NULL)) &&
               ledger_nmm_exists(ledger, &reference.nmm, &known, NULL) &&
               ledger_nmm_remove(ledger, &reference.nmm, NULL);
        break;
    case LEDGER_PARTY:
        good = (reference.remove || ledger_party_put(ledger, &reference.party, NULL)) &&
               ledger_party_exists(ledger, &reference.party, &known, NULL) &&
               ledger_party_remove(ledger, &reference.party, NULL);
        break;
    case LEDGER_REFERENCES:
        break;
    }
    assert_true(good);
    assert_int_equal(known, !reference.remove);
}

static void test_reference_rules__random_fields__can_be_stored_or_have_errors(void **state)
{
    g_autofree char *dir = g_dir_make_tmp("ecosgate-rules-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "ledger.db", NULL);
    g_autoptr(ledger_t) ledger = ledger_make(path, NULL);
    GRand *chance = g_rand_new_with_seed(20230703);
    int good = 0;

    (void)state;
    assert_true(ledger_begin(ledger, NULL));
    for (int turn = 0; turn < 40000; turn++) {
        g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
        enum ledger_reference table = (enum ledger_reference)(turn % LEDGER_REFERENCES);
        struct change changes[LAYOUT_MAX_COLUMNS + 1] = {{0, NULL}};
        int n = g_rand_int_range(chance, 0, 4);
        for (int i = 0; i < n; i++)
            changes[i] =
                (struct change){(size_t)g_rand_int_range(chance, 1, (gint32)columns[table]), spoilt(chance, texts)};
        begin_file();
        judge_with(table, g_rand_boolean(chance) ? HEADER_MODE_FULL : HEADER_MODE_DELTA, changes);
        assert_true(reference.used <= sizeof reference.texts);
        assert_int_equal(row_has_errors(&reference.row), findings_has_errors(findings, 'c'));
        if (row_has_errors(&reference.row))
            continue;
        expect_takable(ledger, table);
        good++;
    }
    assert_in_range(good, 10000, 38000);
    g_rand_free(chance);
    ledger_rollback(ledger);
    assert_true(disk_remove_dir(STEP_ORPHAN_DROPPED, dir, NULL));
}

static void test_reference_rules__four_types__have_a_table(void **state)
{
    enum ledger_reference table;
    int tables = 0;

    (void)state;
    for (size_t i = 0; i < layout_n_types; i++) {
        if (reference_rules_table(&layout_types[i], &table))
            assert_int_equal(table, tables++);
    }
    assert_int_equal(tables, LEDGER_REFERENCES);
    assert_false(reference_rules_table(layout_find("EMI", 3), &table));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_reference_rules__key_or_model_of_the_inventory_changed__has_its_code),
        T(test_reference_rules__other_value_of_the_inventory_changed__has_its_code),
        T(test_reference_rules__field_of_a_change_of_supplier_changed__has_its_code),
        T(test_reference_rules__field_of_a_model_changed__has_its_code),
        T(test_reference_rules__field_of_a_party_changed__has_its_code),
        T(test_reference_rules__mpxn__depends_on_the_device_type),
        T(test_reference_rules__good_record__is_a_row_of_the_ledger),
        T(test_reference_rules__key_again__is_c102),
        T(test_reference_rules__mpid_of_another_party__is_c120),
        T(test_reference_rules__remove__judges_the_key_only),
        T(test_reference_rules__remove_of_an_unknown_key__is_c119),
        T(test_reference_rules__longest_fields__fit),
        T(test_reference_rules__random_fields__can_be_stored_or_have_errors),
        T(test_reference_rules__four_types__have_a_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
