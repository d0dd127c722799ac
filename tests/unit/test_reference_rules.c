/* The records of reference data: keys, removals, and the row of the ledger. */
#include "formats/profile.h"
#include "validators/rules/reference_rules.h"

#include "spool/disk.h"
#include "tests/unit/reference_records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

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
    static const struct change other_party_again[] = {{PARTY_PARTY_ID, "90-B3-D5-1F-30-05-00-02"}, {0, NULL}};

    (void)state;
    begin_file();
    judge_with(LEDGER_PARTY, HEADER_MODE_FULL, as_it_is);
    judge_with(LEDGER_PARTY, HEADER_MODE_FULL, other_role);
    assert_int_equal(findings_kept(findings), 0);
    judge_with(LEDGER_PARTY, HEADER_MODE_FULL, other_party);
    g_autofree char *found = codes_of(findings);
    assert_string_equal(found, "C120");
    judge_with(LEDGER_PARTY, HEADER_MODE_FULL, other_party_again);
    g_autofree char *again = codes_of(findings);
    assert_string_equal(again, "C120");
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
    for (size_t i = 0; i < profile_builtin()->n_types; i++) {
        if (reference_rules_table(&profile_builtin()->types[i], &table))
            assert_int_equal(table, tables++);
    }
    assert_int_equal(tables, LEDGER_REFERENCES);
    assert_false(reference_rules_table(profile_type(profile_builtin(), "EMI", 3), &table));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
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
