/* The records of reference data: each field of each type with good and bad values, and the codes that they give. */
#include "validators/rules/reference_rules.h"

#include "tests/unit/reference_records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static void expect(enum ledger_reference table, size_t column, const char *text, const char *expected)
{
    const struct change changes[] = {{column, text}, {0, NULL}};

    begin_file();
    judge_with(table, HEADER_MODE_DELTA, changes);
    g_autofree char *found = codes_of(findings);
    if (strcmp(found, expected) != 0)
        fail_msg("table %d, column %zu, '%s': expected '%s', found '%s'", (int)table, column, text, expected, found);
    for (size_t i = 0; i < findings_kept(findings); i++) {
        if (strcmp(findings_at(findings, i)->field, layout_column_of(reference.row.layout, column)) != 0)
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
