/*
 * Records of reference data for tests of validators/rules/reference_rules.h: a good record of each type, and changes to
 * it.
 *
 *   enter, leave          set-up and tear-down for cmocka
 *   begin_file            the records after it are those of another file
 *   judge_with            judges a good record with changes; what is found is in `findings`, the row in `reference`
 */
#ifndef ECOSGATE_TESTS_REFERENCE_RECORDS_H
#define ECOSGATE_TESTS_REFERENCE_RECORDS_H

#include "formats/profile.h"
#include "tests/unit/codes_of.h"
#include "validators/rules/reference_rules.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static const char *const inventory[INVENTORY_FIELDS] = {"1",
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
static const char *const events[COS_FIELDS] = {
    "1", "SET", "1012345678903", "90-B3-D5-1F-30-05-00-01", "90-B3-D5-1F-30-05-00-02", "2024-02-29"};
static const char *const nmm[NMM_FIELDS] = {"1",        "SET",        "ESME", "ab01", "010a030b",
                                            "0002012f", "2023-07-01", "",     "D117", "0002013f"};
static const char *const party[PARTY_FIELDS] = {
    "1", "SET", "90-B3-D5-1F-30-05-00-01", "SUPPLIER", "SUP1", "Ünïted Power", "suppliers"};
static const char *const *const rows[LEDGER_REFERENCES] = {inventory, events, nmm, party};
static const size_t columns[LEDGER_REFERENCES] = {INVENTORY_FIELDS, COS_FIELDS, NMM_FIELDS, PARTY_FIELDS};
static const char *const drops[] = {"mcc", "suppliers", NULL};

static struct findings *findings;
static struct device_set *seen;
static struct rules rules;
static struct reference reference;

static inline int enter(void **state)
{
    (void)state;
    findings = findings_new(100);
    seen = device_set_new();
    rules_init(&rules);
    rules.drops = drops;
    rules.now = 1688364000; /* 2023-07-03 */
    return 0;
}

static inline int leave(void **state)
{
    (void)state;
    findings_free(findings);
    device_set_free(seen);
    return 0;
}

/* Begins another file, which has no keys yet. */
static inline void begin_file(void)
{
    device_set_free(seen);
    seen = device_set_new();
}

/* A changed field of the good record; the last one of a list has column 0. */
struct change {
    size_t column;
    const char *text;
};

static const char *const types[] = {
    [LEDGER_INVENTORY] = "INV", [LEDGER_COS] = "COS", [LEDGER_NMM] = "NMM", [LEDGER_PARTY] = "PTY"};

static inline void judge_with(enum ledger_reference table, enum header_mode mode, const struct change *changes)
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
    const struct filename filename = {.type = profile_type(profile_builtin(), types[table], 3)};
    const struct judged_file file = {
        .rules = &rules, .filename = &filename, .header = &header, .seen = seen, .findings = findings};
    assert_true(reference_rules_judge(&file, table, &record, &reference, NULL));
}

#endif
