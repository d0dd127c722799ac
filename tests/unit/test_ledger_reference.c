/* Reference data in the ledger: rows by key, and whole files at once. */
#include "spool/ledger/ledger_inventory_rows.h"
#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_reference.h"
#include "tests/unit/ledger_rows.h"

#include <glib.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static int rows_of(const char *from)
{
    g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM %s", from);
    sqlite3_stmt *q = NULL;
    int n = -1;

    if (sqlite3_prepare_v2(ledger->db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int(q, 0);
    (void)sqlite3_finalize(q);
    return n;
}

static struct ledger_loaded newest(enum ledger_reference table)
{
    struct ledger_loaded loaded;

    assert_true(ledger_reference_get(ledger, table, &loaded, NULL));
    return loaded;
}

static void test_ledger_reference__inventory_row__comes_back_whole(void **state)
{
    const struct ledger_inventory row = {METER,      "ESME",         "Commissioned",      "AB01", "010A030B",
                                         "0002012F", "0123456",      UINT64_MAX,          1,      2,
                                         "North",    INT64_C(86400), INT64_C(-86400 * 9), "TCOS", "FW"};
    struct ledger_inventory other = {.device = METER, .device_type = "GPF", .status = "Pending", .credentials = "ECOS"};
    g_autofree struct ledger_inventory *found = NULL, *again = NULL, *none = NULL;
    bool known;

    (void)state;
    assert_true(ledger_inventory_exists(ledger, &row, &known, NULL) && !known);
    assert_true(ledger_inventory_put(ledger, &row, NULL));
    assert_true(ledger_inventory_exists(ledger, &row, &known, NULL) && known);
    assert_true(ledger_inventory_get(ledger, METER, &found, NULL));
    assert_true(found->device == METER && found->chf == UINT64_MAX && found->supplier == 1 && found->map == 2);
    assert_int_equal(found->installed, 86400);
    assert_int_equal(found->commissioned, -86400 * 9);
    g_autofree char *texts =
        g_strjoin("|", found->device_type, found->status, found->manufacturer, found->model, found->firmware,
                  found->mpxn, found->region, found->credentials, found->pending, NULL);
    assert_string_equal(texts, "ESME|Commissioned|AB01|010A030B|0002012F|0123456|North|TCOS|FW");
    assert_true(ledger_inventory_put(ledger, &other, NULL));
    assert_true(ledger_inventory_get(ledger, METER, &again, NULL));
    assert_string_equal(again->device_type, "GPF");
    assert_true(again->mpxn == NULL && again->chf == 0 && again->pending == NULL && again->supplier == 0);
    assert_true(ledger_inventory_remove(ledger, &row, NULL) && ledger_inventory_remove(ledger, &row, NULL));
    assert_true(ledger_inventory_get(ledger, METER, &none, NULL) && none == NULL);
}

/* The row of the Device has these values, and is found by those that an index has. */
static void assert_same_row(const struct ledger_inventory *r)
{
    g_autofree struct ledger_inventory *found = NULL;
    g_autofree char *of_model = g_strdup_printf("inventory WHERE model='%s' AND firmware='%s'", r->model, r->firmware);
    g_autofree char *of_point = g_strdup_printf("inventory WHERE mpxn='%s'", r->mpxn != NULL ? r->mpxn : "");
    g_autofree char *of_hub =
        g_strdup_printf("inventory WHERE chf=%d AND device_type='%s'", (int)r->chf, r->device_type);
    g_autofree char *of_supplier = g_strdup_printf("inventory WHERE supplier=%d AND rowid=1", (int)r->supplier);

    assert_true(ledger_inventory_get(ledger, r->device, &found, NULL));
    assert_string_equal(found->device_type, r->device_type);
    assert_string_equal(found->status, r->status);
    assert_int_equal(g_strcmp0(found->manufacturer, r->manufacturer), 0);
    assert_string_equal(found->model, r->model);
    assert_string_equal(found->firmware, r->firmware);
    assert_int_equal(g_strcmp0(found->mpxn, r->mpxn), 0);
    assert_true(found->chf == r->chf && found->supplier == r->supplier && found->map == r->map);
    assert_int_equal(rows_of(of_model), 1);
    assert_int_equal(rows_of(of_point), r->mpxn != NULL);
    assert_int_equal(rows_of(of_hub), r->chf != 0);
    assert_int_equal(rows_of(of_supplier), 1);
}

static void test_ledger_reference__renewed_row__has_each_value_and_stays_in_place(void **state)
{
    const struct ledger_inventory row = {
        METER, "ESME", "Commissioned", "AB01",         "010A030B",          "0002012F", "0123456", 7,
        1,     2,      "North",        INT64_C(86400), INT64_C(-86400 * 9), "TCOS",     "FW"};
    struct ledger_inventory other = {METER, "ESME", "Suspended", "AB01", "010A030B", "0002012F", "0123456", 7,
                                     1,     3,      "South",     1,      2,          "ECOS",     NULL};
    struct ledger_inventory moved[] = {other, other, other, other, other, other, other};
    g_autofree struct ledger_inventory *found = NULL;
    bool renewed = true;

    (void)state;
    assert_true(ledger_inventory_renew(ledger, &row, &renewed, NULL) && !renewed); /* not there */
    assert_true(ledger_inventory_put(ledger, &row, NULL));
    assert_true(ledger_inventory_renew(ledger, &other, &renewed, NULL) && renewed);
    assert_true(ledger_inventory_get(ledger, METER, &found, NULL));
    g_autofree char *texts = g_strjoin("|", found->device_type, found->status, found->model, found->firmware,
                                       found->mpxn, found->region, found->credentials, found->pending, NULL);
    assert_string_equal(texts, "ESME|Suspended|010A030B|0002012F|0123456|South|ECOS");
    assert_true(found->chf == 7 && found->supplier == 1 && found->map == 3 && found->installed == 1 &&
                found->commissioned == 2);
    moved[0].device_type = "GPF";
    moved[1].manufacturer = NULL;
    moved[2].model = "010A030C";
    moved[3].firmware = "00020130";
    moved[4].mpxn = NULL;
    moved[5].chf = 0;
    moved[6].supplier = 9;
    for (size_t i = 0; i < G_N_ELEMENTS(moved); i++) {
        assert_true(ledger_inventory_renew(ledger, &moved[i], &renewed, NULL) && renewed);
        assert_same_row(&moved[i]);
        assert_true(ledger_inventory_renew(ledger, &other, &renewed, NULL) && renewed);
        assert_same_row(&other);
    }
    assert_int_equal(rows_of("pragma_integrity_check WHERE integrity_check<>'ok'"), 0);
    assert_true(ledger_inventory_remove(ledger, &row, NULL));
}

/* A new file of every table, so that its rows are counted anew. */
static void set_all(int64_t job)
{
    const struct ledger_loaded loaded = {.job = job, .created = 4, .loaded = 5};

    for (int table = 0; table < LEDGER_REFERENCES; table++)
        assert_true(ledger_reference_set(ledger, (enum ledger_reference)table, &loaded, NULL));
}

static void test_ledger_reference__keys__tell_rows_apart(void **state)
{
    const struct ledger_nmm models[] = {
        {"ESME", "AB01", "010A030B", "0002012F", 5, 9, "D117", "X"},
        {"GSME", "AB01", "010A030B", "0002012F", 5, 9, "", ""},
        {"ESME", "AB02", "010A030B", "0002012F", 5, 9, "", ""},
        {"ESME", "AB01", "010A030C", "0002012F", 5, 9, "", ""},
        {"ESME", "AB01", "010A030B", "", 5, 9, "", ""},
        {"ESME", "AB01", "010A030B", "0002012F", 6, 9, "", ""},
    };
    const struct ledger_party parties[] = {{1, "SUPPLIER", "SUP1", "One", "suppliers"},
                                           {1, "MAP", "MAP1", NULL, NULL},
                                           {2, "SUPPLIER", "SUP2", NULL, NULL}};
    g_autofree struct ledger_party *party = NULL, *none = NULL;
    bool known;

    (void)state;
    put_cos("1", 5, 7);
    put_cos("1", 6, 7);
    put_cos("2", 5, 7);
    put_cos("2", 5, 8); /* replaces */
    for (size_t i = 0; i < G_N_ELEMENTS(models); i++) {
        assert_true(ledger_nmm_exists(ledger, &models[i], &known, NULL) && !known);
        assert_true(ledger_nmm_put(ledger, &models[i], NULL) && ledger_nmm_put(ledger, &models[i], NULL));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(parties); i++) {
        assert_true(ledger_party_exists(ledger, &parties[i], &known, NULL) && !known);
        assert_true(ledger_party_put(ledger, &parties[i], NULL) && ledger_party_put(ledger, &parties[i], NULL));
    }
    set_all(3);
    assert_int_equal(newest(LEDGER_INVENTORY).records, 0);
    assert_int_equal(newest(LEDGER_COS).records, 3);
    assert_int_equal(newest(LEDGER_NMM).records, 6);
    assert_int_equal(newest(LEDGER_PARTY).records, 3);
    assert_true(ledger_party_get(ledger, 1, "SUPPLIER", &party, NULL));
    assert_string_equal(party->mpid, "SUP1");
    assert_string_equal(party->drop, "suppliers");
    assert_true(ledger_party_get(ledger, 2, "MAP", &none, NULL) && none == NULL);

    const struct ledger_cos event = {.mpxn = "1", .starts = 5};
    assert_true(ledger_cos_exists(ledger, &event, &known, NULL) && known);
    assert_true(ledger_cos_remove(ledger, &event, NULL));
    assert_true(ledger_cos_exists(ledger, &event, &known, NULL) && !known);
    assert_true(ledger_nmm_remove(ledger, &models[0], NULL) && ledger_party_remove(ledger, &parties[0], NULL));
    set_all(4);
    assert_int_equal(newest(LEDGER_COS).records, 2);
    assert_int_equal(newest(LEDGER_NMM).records, 5);
    assert_int_equal(newest(LEDGER_PARTY).records, 2);
}

static void test_ledger_reference__set__the_newest_file(void **state)
{
    (void)state;
    assert_int_equal(newest(LEDGER_COS).job, 0);
    assert_true(
        ledger_reference_set(ledger, LEDGER_COS, &(struct ledger_loaded){.job = 3, .created = 4, .loaded = 5}, NULL));
    assert_true(
        ledger_reference_set(ledger, LEDGER_COS, &(struct ledger_loaded){.job = 6, .created = 2, .loaded = 8}, NULL));
    struct ledger_loaded loaded = newest(LEDGER_COS);
    assert_true(loaded.job == 6 && loaded.created == 2 && loaded.loaded == 8 && loaded.records == 0);
    assert_int_equal(newest(LEDGER_NMM).job, 0);
}

/* All names and texts of the schema, in order. */
static char *schema(void)
{
    GString *text = g_string_new(NULL);
    sqlite3 *db;
    sqlite3_stmt *query;

    assert_int_equal(sqlite3_open_v2("ledger.db", &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT sql FROM sqlite_master ORDER BY name", -1, &query, NULL),
                     SQLITE_OK);
    while (sqlite3_step(query) == SQLITE_ROW)
        g_string_append_printf(text, "%s\n", (const char *)sqlite3_column_text(query, 0));
    (void)sqlite3_finalize(query);
    (void)sqlite3_close(db);
    return g_string_free(text, FALSE);
}

static void commit(void)
{
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
}

static void test_ledger_reference__whole_file__replaces_or_nothing(void **state)
{
    g_autofree char *before = schema();

    (void)state;
    for (int table = 0; table < LEDGER_REFERENCES; table++) {
        put(METER, "ESME", "Pending", HUB, "1", 1);
        put_cos("1", 5, 7);
        commit();
        for (int keep = 0; keep < 2; keep++) {
            assert_true(ledger_begin(ledger, NULL) && ledger_savepoint(ledger, NULL));
            assert_true(ledger_reference_load_begin(ledger, (enum ledger_reference)table, false, NULL));
            put(METER + 1, "ESME", "Pending", HUB, "2", 2);
            put_cos("2", 5, 7);
            if (keep) {
                assert_true(ledger_reference_load_end(ledger, (enum ledger_reference)table, NULL));
                assert_true(ledger_release(ledger, NULL));
            } else {
                assert_true(ledger_roll_back_to(ledger, NULL));
            }
            commit();
            g_autofree char *after = schema();
            assert_string_equal(after, before);
            assert_int_equal(supplier(METER, 9), table == LEDGER_INVENTORY && keep ? 0
                                                 : table == LEDGER_COS && keep     ? 1
                                                                                   : 7);
            assert_int_equal(supplier(METER + 1, 9), keep ? 7 : 0);
        }
        assert_true(ledger_begin(ledger, NULL));
        for (int all = 0; all < LEDGER_REFERENCES; all++)
            assert_true(ledger_reference_load_begin(ledger, (enum ledger_reference)all, false, NULL) &&
                        ledger_reference_load_end(ledger, (enum ledger_reference)all, NULL));
    }
}

/* ---- the rows of a file, in any order ---- */

enum { ESTATE = 120, ROUNDS = 40 /* files, the first and each tenth after it FULL */ };

static const char *any_of(GRand *rand, const char *const texts[], int n)
{
    return texts[g_rand_int_range(rand, 0, n)];
}

/* Values of few kinds, so that each column changes in some rows and stays in others; new parties in each file. */
static struct ledger_inventory any_row(GRand *rand, uint64_t device, int parties)
{
    static const char *const types[] = {"ESME", "GSME", "GPF"}, *const states[] = {"Commissioned", "Pending"},
                             *const models[] = {"010A030B", "1000FFA0", "", NULL},
                             *const points[] = {"12", "0", NULL, "345"}, *const regions[] = {"North", NULL},
                             *const credentials[] = {"TCOS", "ECOS"}, *const pending[] = {"USC", "FW", NULL};
#define ANY(texts) any_of(rand, texts, G_N_ELEMENTS(texts))
    return (struct ledger_inventory){.device = device,
                                     .device_type = ANY(types),
                                     .status = ANY(states),
                                     .manufacturer = ANY(models),
                                     .model = ANY(models),
                                     .firmware = ANY(models),
                                     .mpxn = ANY(points),
                                     .chf = (uint64_t)g_rand_int_range(rand, 0, 3) * (HUB << 8),
                                     .supplier = (uint64_t)g_rand_int_range(rand, 0, parties),
                                     .map = (uint64_t)g_rand_int_range(rand, 0, parties),
                                     .region = ANY(regions),
                                     .installed = g_rand_int_range(rand, -1, 2) * 86400,
                                     .commissioned = g_rand_int_range(rand, -1, 2) * INT64_C(1688364000),
                                     .credentials = ANY(credentials),
                                     .pending = ANY(pending)};
#undef ANY
}

static void append_text(GString *sql, const char *text)
{
    char *quoted = text != NULL ? sqlite3_mprintf(",%Q", text) : sqlite3_mprintf(",NULL");

    g_string_append(sql, quoted);
    sqlite3_free(quoted);
}

static void append_number(GString *sql, int64_t number, bool null)
{
    g_string_append_printf(sql, null ? ",NULL" : ",%" G_GINT64_FORMAT, number);
}

/* The same change to the table `expected`, as plain SQL. purged: the Device has no MPxN. */
static void expect(const struct ledger_inventory *r, bool remove, bool purged)
{
    g_autoptr(GString) sql = g_string_new(NULL);

    g_string_printf(sql, "DELETE FROM expected WHERE device_id=%" G_GINT64_FORMAT ";", (int64_t)r->device);
    if (!remove) {
        g_string_append_printf(sql, "INSERT INTO expected VALUES(%" G_GINT64_FORMAT, (int64_t)r->device);
        const char *const texts[] = {r->device_type, r->status,   r->manufacturer,
                                     r->model,       r->firmware, purged ? NULL : r->mpxn};
        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
            append_text(sql, texts[i]);
        append_number(sql, (int64_t)r->chf, r->chf == 0);
        append_number(sql, (int64_t)r->supplier, r->supplier == 0);
        append_number(sql, (int64_t)r->map, r->map == 0);
        append_text(sql, r->region);
        append_number(sql, r->installed, r->installed == 0);
        append_number(sql, r->commissioned, r->commissioned == 0);
        append_text(sql, r->credentials);
        append_text(sql, r->pending);
        g_string_append_c(sql, ')');
    }
    assert_true(ledger_execute(ledger, sql->str, NULL));
}

/* Every third id is above those that are positive numbers in SQLite. */
static uint64_t id_of(int n)
{
    return METER + (uint64_t)n * 7919 - (n % 3 == 0 ? 0 : UINT64_C(0xF000000000000000));
}

/* One file of some Devices in any order. Every fifth Device's personal data are purged. */
static void play_file(GRand *rand, int round)
{
    bool full = round % 10 == 0;
    g_autoptr(ledger_inventory_rows_t) rows = ledger_inventory_rows_new(ledger);
    int stride = 1 + 2 * g_rand_int_range(rand, 0, 3) * 3, first = g_rand_int_range(rand, 0, ESTATE);

    assert_true(!full || (ledger_reference_load_begin(ledger, LEDGER_INVENTORY, false, NULL) &&
                          ledger_execute(ledger, "DELETE FROM expected", NULL)));
    for (int i = 0; i < ESTATE; i++) {
        int n = (first + i * 7) % ESTATE; /* 7 and ESTATE have no common divisor */
        struct ledger_inventory row = any_row(rand, id_of(n), 3 + round);
        bool remove = !full && g_rand_int_range(rand, 0, 5) == 0;
        if (i % stride != 0)
            continue;
        assert_true(ledger_inventory_rows_add(rows, &row, remove, NULL));
        expect(&row, remove, n % 5 == 0);
    }
    assert_true(ledger_inventory_rows_apply(rows, full, NULL, NULL));
    if (!full)
        return;
    assert_true(ledger_reference_load_end(ledger, LEDGER_INVENTORY, NULL));
    assert_int_equal(rows_of("(SELECT rowid AS at,row_number() OVER(ORDER BY device_id<0,device_id) AS n"
                             " FROM inventory) WHERE at<>n"),
                     0); /* the order of ids */
}

/* Each file leaves the rows that the same changes by plain SQL leave, and sound indexes. */
static void test_ledger_reference__rows_in_any_order__leave_what_plain_sql_leaves(void **state)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(18);

    (void)state;
    assert_true(ledger_execute(ledger, "CREATE TABLE expected AS SELECT * FROM inventory", NULL));
    for (int n = 0; n < ESTATE; n += 5) {
        g_autofree char *sql =
            g_strdup_printf("INSERT INTO purged_device VALUES(%" G_GINT64_FORMAT ",1)", (int64_t)id_of(n));
        assert_true(ledger_execute(ledger, sql, NULL));
    }
    for (int round = 0; round < ROUNDS; round++) {
        play_file(rand, round);
        assert_true(rows_of("expected") > 0);
        assert_int_equal(rows_of("inventory"), rows_of("expected"));
        assert_int_equal(rows_of("(SELECT * FROM inventory EXCEPT SELECT * FROM expected)"), 0);
        assert_int_equal(rows_of("pragma_integrity_check WHERE integrity_check<>'ok'"), 0);
        assert_int_equal(rows_of("(" LEDGER_PARTIES_OF_INVENTORY " EXCEPT SELECT * FROM inventory_party)"), 0);
    }
}

static void test_ledger_reference__rows_at_a_stop__are_not_applied(void **state)
{
    static const volatile bool stop = true;
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    g_autoptr(ledger_inventory_rows_t) rows = ledger_inventory_rows_new(ledger);
    struct ledger_inventory row = any_row(rand, id_of(ESTATE), 3);
    int64_t before = rows_of("inventory");

    (void)state;
    assert_true(ledger_inventory_rows_add(rows, &row, false, NULL));
    assert_true(ledger_inventory_rows_apply(rows, false, &stop, NULL));
    assert_int_equal(rows_of("inventory"), before);
}

static void test_ledger_reference__outside_a_transaction__is_refused(void **state)
{
    GError *error = NULL;

    (void)state;
    ledger_rollback(ledger);
    assert_false(ledger_reference_load_begin(ledger, LEDGER_NMM, false, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_BUG));
    g_clear_error(&error);
    assert_false(
        ledger_reference_set(ledger, LEDGER_NMM, &(struct ledger_loaded){.job = 1, .created = 1, .loaded = 1}, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_BUG));
    g_clear_error(&error);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_ledger_reference__inventory_row__comes_back_whole),
        T(test_ledger_reference__renewed_row__has_each_value_and_stays_in_place),
        T(test_ledger_reference__keys__tell_rows_apart),
        T(test_ledger_reference__set__the_newest_file),
        T(test_ledger_reference__whole_file__replaces_or_nothing),
        T(test_ledger_reference__rows_in_any_order__leave_what_plain_sql_leaves),
        T(test_ledger_reference__rows_at_a_stop__are_not_applied),
        T(test_ledger_reference__outside_a_transaction__is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
