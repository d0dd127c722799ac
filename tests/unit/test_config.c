/* The configuration: its values and defaults, and every problem with its line. */
#include "gateway/config/config.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define NOW INT64_C(1688364000)

/* Line 1 is [gateway]; the tests below rely on it. */
static const char base[] = "[gateway]\n"
                           "org=TCOS\n"
                           "eui64=90-B3-D5-1F-30-00-00-04\n"
                           "# a comment\n"
                           "\n"
                           "[drop mcc]\n" /* 6 */
                           "in=drops/mcc/in\n"
                           "out=/srv/out\n"
                           "[party MCC]\n" /* 9 */
                           "eui64=90-B3-D5-1F-30-0E-C0-01\n"
                           "types=EMI\n"
                           "drop=mcc\n"
                           "[party TCSP]\n" /* 13 */
                           "eui64=90-B3-D5-1F-30-0E-C0-02\n"
                           "types=EMT;\n"
                           "drop=mcc\n";

static char *dir, *path;

static int enter(void **state)
{
    (void)state;
    dir = g_dir_make_tmp("ecosgate-config-XXXXXX", NULL);
    path = g_build_filename(dir, "ecosgate.conf", NULL);
    return dir == NULL;
}

static int leave(void **state)
{
    (void)state;
    (void)g_remove(path);
    (void)g_rmdir(dir);
    g_free(path);
    g_free(dir);
    return 0;
}

static struct config *load_text(const char *text, GError **error)
{
    assert_true(g_file_set_contents(path, text, -1, NULL));
    return config_load(path, error);
}

/* The base with `old` replaced by `new`; old NULL: with `new` appended. */
static struct config *load(const char *old, const char *new, GError **error)
{
    const char *at = old != NULL ? strstr(base, old) : base + strlen(base);

    assert_non_null(at);
    g_autofree char *head = g_strndup(base, (size_t)(at - base));
    g_autofree char *text = g_strconcat(head, new, at + (old != NULL ? strlen(old) : 0), NULL);
    return load_text(text, error);
}

static void test_config__log__form_and_level(void **state)
{
    static const struct {
        const char *lines;
        enum log_format format;
        enum log_level level;
    } cases[] = {{"", LOG_FORMAT_AUTO, LOG_LEVEL_INFO},
                 {"[log]\nformat=json\nlevel=error\n", LOG_FORMAT_JSON, LOG_LEVEL_ERROR},
                 {"[log]\nformat=text\nlevel=warning\n", LOG_FORMAT_TEXT, LOG_LEVEL_WARNING},
                 {"[log]\nformat=journal\nlevel=notice\n", LOG_FORMAT_JOURNAL, LOG_LEVEL_NOTICE},
                 {"[log]\nlevel=info\n", LOG_FORMAT_AUTO, LOG_LEVEL_INFO},
                 {"[log]\nlevel=debug\n", LOG_FORMAT_AUTO, LOG_LEVEL_DEBUG}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(config_t) c = load(NULL, cases[i].lines, NULL);
        assert_non_null(c);
        assert_int_equal(c->log.format, cases[i].format);
        assert_int_equal(c->log.level, cases[i].level);
    }
}

static void test_config__live__believes_a_shorter_leap(void **state)
{
    (void)state;
    g_autoptr(config_t) c = load("[drop mcc]\n", "environment=LIVE\n[drop mcc]\n", NULL);

    assert_non_null(c);
    assert_int_equal(c->clock_leap, 7 * 86400);
    g_autoptr(config_t) longer = load("[drop mcc]\n", "environment=LIVE\nclock_leap=30\n[drop mcc]\n", NULL);
    assert_non_null(longer);
    assert_int_equal(longer->clock_leap, 30 * 86400);
}

static void test_config__reference_data__have_settings(void **state)
{
    (void)state;
    g_autoptr(config_t) c = load_text(base, NULL);
    g_autoptr(config_t) other =
        load("[drop mcc]\n", "reference_wait=5\nshrink_limit=0\ncells=required\n[drop mcc]\n", NULL);

    assert_non_null(c);
    assert_int_equal(c->cells, CELLS_USED);
    assert_int_equal(c->reference_wait, 60);
    assert_int_equal(c->shrink_limit, 20);
    assert_non_null(other);
    assert_int_equal(other->cells, CELLS_REQUIRED);
    assert_int_equal(other->reference_wait, 5);
    assert_int_equal(other->shrink_limit, 0);
}

static void test_config__nothing_set__has_defaults(void **state)
{
    (void)state;
    g_autoptr(config_t) c = load_text(base, NULL);
    g_autofree char *spool = g_build_filename(dir, "spool", NULL);
    g_autofree char *in = g_build_filename(dir, "drops/mcc/in", NULL);
    struct rules rules;

    assert_non_null(c);
    assert_string_equal(c->spool, spool);
    assert_true(g_str_has_suffix(c->witness, "spool.witness") && !c->witness_given);
    assert_string_equal(c->environment, "TEST");
    assert_true(c->retry.session_length == 24 * 3600 && c->outcome_wait == 168 * 3600 && c->inventory_lag == 172800);
    assert_int_equal(c->reserve, INT64_C(64) << 20);
    assert_true(c->poll_interval == 30 && c->metrics == NULL && c->metrics_interval == 15);
    assert_int_equal(c->reports_from, 0);
    assert_int_equal(c->report_grace, 3600);
    assert_int_equal(c->clock_leap, 366 * 86400);
    assert_int_equal(c->work_order_form, FORM_CSV);
    assert_int_equal(c->work_order_devices, 1000000);
    assert_string_equal(c->work_order_party, "TCSP");
    assert_string_equal(c->incident_party, "DCC");
    const struct drop *drop = config_drop(c, "mcc");
    assert_string_equal(drop->in, in);
    assert_string_equal(drop->out, "/srv/out");
    assert_int_equal(drop->complete, COMPLETE_CLOSED);
    assert_true(drop->stable_seconds == 10 && drop->claim && !drop->share);
    assert_null(config_drop(c, "tcos"));
    config_rules(c, NOW, &rules);
    assert_ptr_equal(rules.identity, &c->identity);
    assert_int_equal(rules.now, NOW);
    assert_int_equal(rules.future_tolerance, 300);
    assert_int_equal(rules.sequence_gap_max, 1000);
    assert_int_equal(rules.check_digits, CHECK_DIGITS_WARN);
    assert_int_equal(rules.max_devices, 1000000);
    assert_int_equal(rules.unpack.max_bytes, UINT64_C(1) << 30);
    assert_int_equal(rules.unpack.max_ratio, 200);
    assert_string_equal(rules.device_types[0], "ESME");
    assert_string_equal(rules.device_types[2], "GPF");
    assert_null(rules.device_types[3]);
    assert_false(c->inventory_required);
    assert_int_equal(c->inventory_max_age, 8 * 86400);
    assert_int_equal(rules.cos_window, 7 * 86400);
    assert_int_equal(rules.daily_limit, 0);
    for (int code = 0; code < CODE_COUNT; code++)
        assert_int_equal(rules.review[code], code == C125 ? REVIEW_WARN : REVIEW_REJECT);
    assert_string_equal(rules.drops[0], "mcc");
    assert_null(rules.drops[1]);
    const struct party *tcsp = rules_party(rules.identity, "TCSP");
    assert_true(rules_may_send(tcsp, "EMT"));
    assert_false(rules_may_send(tcsp, ""));
}

static void test_config__tcos_closes__is_what_the_rules_get(void **state)
{
    g_autoptr(config_t) c = load("# a comment", "tcos_closes=2024-10-31T00:00:00Z\nstranded_weeks=4", NULL);
    g_autoptr(config_t) defaults = load_text(base, NULL);
    struct rules rules;

    (void)state;
    config_rules(c, NOW, &rules);
    assert_int_equal(rules.retry.tcos_closes, 1730332800);
    assert_int_equal(c->stranded_weeks, 4);
    assert_int_equal(defaults->retry.tcos_closes, 0);
    assert_int_equal(defaults->stranded_weeks, 13);
}

static void test_config__everything_set__is_what_the_rules_get(void **state)
{
    (void)state;
    g_autoptr(config_t) c =
        load("# a comment\n",
             "environment=LIVE\nspool=/var/s\nledger=/var/l\nwitness=/w/w\ndevice_types= GPF ; ESME\n"
             "mpxn_check_digits=reject\nmax_devices=7\nmax_bytes=1024\nmax_ratio=1\n"
             "future_tolerance=0\nsequence_gap_max=5\nsession_length=1\noutcome_wait=2\ninventory_lag=3\n"
             "work_order_party=MCC\nwork_order_form=xml\nincident_party=NOBODY\n"
             "work_order_devices=2\npoll_interval=86400\nreserve=0\ninventory=required\n"
             "reports_from=2024-02-29T06:00:00Z\nreport_grace="
             "1\nclock_leap=0\n"
             "inventory_max_age=1\ncos_window=2\ndaily_limit=3\n[review]\nC103=warn\n"
             "C116=off\nC104=reject\n[metrics]\nfile=/var/m.prom\ninterval=3600\n",
             NULL);
    struct rules rules;

    assert_non_null(c);
    assert_string_equal(c->environment, "LIVE");
    assert_string_equal(c->identity.environment, "LIVE");
    assert_string_equal(c->spool, "/var/s");
    assert_string_equal(c->ledger, "/var/l");
    assert_string_equal(c->witness, "/w/w");
    assert_true(c->witness_given);
    assert_true(c->retry.session_length == 3600 && c->outcome_wait == 7200 && c->inventory_lag == 10800);
    assert_string_equal(c->work_order_party, "MCC");
    assert_string_equal(c->incident_party, "NOBODY");
    assert_int_equal(c->work_order_form, FORM_XML);
    assert_int_equal(c->work_order_devices, 2);
    assert_true(c->poll_interval == 86400 && strcmp(c->metrics, "/var/m.prom") == 0 && c->metrics_interval == 3600);
    assert_int_equal(c->reports_from, 1709186400);
    assert_int_equal(c->report_grace, 60);
    assert_int_equal(c->clock_leap, 0);
    assert_int_equal(c->reserve, 0);
    assert_true(c->inventory_required);
    assert_int_equal(c->inventory_max_age, 86400);
    config_rules(c, NOW, &rules);
    assert_int_equal(rules.cos_window, 2 * 86400);
    assert_int_equal(rules.daily_limit, 3);
    assert_int_equal(rules.review[C103], REVIEW_WARN);
    assert_int_equal(rules.review[C104], REVIEW_REJECT);
    assert_int_equal(rules.review[C116], REVIEW_OFF);
    assert_int_equal(rules.future_tolerance, 0);
    assert_int_equal(rules.sequence_gap_max, 5);
    assert_int_equal(rules.check_digits, CHECK_DIGITS_REJECT);
    assert_int_equal(rules.max_devices, 7);
    assert_int_equal(rules.unpack.max_bytes, 1024);
    assert_int_equal(rules.unpack.max_ratio, 1);
    assert_string_equal(rules.device_types[0], "GPF");
    assert_string_equal(rules.device_types[1], "ESME");
    assert_null(rules.device_types[2]);
}

static void test_config__choices__each_by_its_name(void **state)
{
    static const struct {
        const char *name;
        enum completeness complete;
    } rules[] = {{"closed", COMPLETE_CLOSED},
                 {"stable", COMPLETE_STABLE},
                 {"marker", COMPLETE_MARKER},
                 {"at-once", COMPLETE_AT_ONCE}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        g_autofree char *lines = g_strdup_printf("out=/srv/out\ntransport=local\ncomplete=%s\n", rules[i].name);
        g_autoptr(config_t) c = load("out=/srv/out\n", lines, NULL);
        assert_int_equal(config_drop(c, "mcc")->complete, rules[i].complete);
    }
    g_autoptr(config_t) share = load("out=/srv/out\n", "out=/srv/out\nshare=yes\nclaim=no\n", NULL);
    assert_true(config_drop(share, "mcc")->share && !config_drop(share, "mcc")->claim);
    g_autoptr(config_t) off = load("# a comment", "mpxn_check_digits=off", NULL);
    assert_int_equal(off->check_digits, CHECK_DIGITS_OFF);
}

/* A change of the good configuration, and the problem that it makes: its line, and how its text begins. */
struct problem_case {
    const char *old, *new;
    int line;
    const char *text;
};

static void check_problems(const struct problem_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(config_t) c = load(cases[i].old, cases[i].new, &error);
        g_autofree char *expected = g_strdup_printf("%s:%d: %s", path, cases[i].line, cases[i].text);
        if (c != NULL || strstr(error->message, expected) == NULL)
            fail_msg("%s: expected '%s', found '%s'", cases[i].new, expected,
                     c != NULL ? "no problem" : error->message);
    }
}

static void test_config__problem_of_a_value__is_reported_with_its_line(void **state)
{
    static const struct problem_case cases[] = {
        {"org=TCOS\n", "\n", 1, "[gateway] org: expected a value; it is missing"},
        {"org=TCOS\n", "org=\n", 2, "[gateway] org: expected a value; it is missing"},
        {"org=TCOS\n", "org=tcos\n", 2, "[gateway] org: expected 2 to 8 upper-case letters and digits; found 'tcos'"},
        {"org=TCOS\n", "org=T\n", 2, "[gateway] org: expected 2 to 8"},
        {"org=TCOS\n", "org=ABCDEFGHI\n", 2, "[gateway] org: expected 2 to 8"},
        {"-04\n", "-0\n", 3, "[gateway] eui64: expected an EUI-64"},
        {"# a comment", "environment=PROD", 4, "[gateway] environment: expected one of TEST, LIVE"},
        {"# a comment", "witness=spool/witness", 4, "[gateway] witness: expected a file outside the spool"},
        {"# a comment", "mpxn_check_digits=no", 4, "[gateway] mpxn_check_digits: expected one of warn, off, reject"},
        {"# a comment", "max_devices=0", 4,
         "[gateway] max_devices: expected a whole number from 1 to 16000000; found '0'"},
        {"# a comment", "max_bytes=1k", 4, "[gateway] max_bytes: expected a whole number from 1024"},
        {"# a comment", "future_tolerance=-1", 4,
         "[gateway] future_tolerance: expected a whole number from 0 to 86400"},
        {"# a comment", "ecos_subject=90-B3", 4,
         "[gateway] ecos_subject: expected an EUI-64 of eight hex pairs joined by '-'"},
        {"# a comment", "inventory_lag=-1", 4, "[gateway] inventory_lag: expected a whole number from 0 to 8760"},
        {"# a comment", "outcome_wait=0", 4, "[gateway] outcome_wait: expected a whole number from 1 to 8760"},
        {"# a comment", "session_length=721", 4, "[gateway] session_length: expected a whole number from 1 to 720"},
        {"# a comment", "work_order_form=json", 4, "[gateway] work_order_form: expected one of csv, xml"},
        {"# a comment", "work_order_party=XYZ", 4,
         "[gateway] work_order_party: expected the code of a [party …] of this file; found 'XYZ'; add [party XYZ]"},
        {"# a comment", "inventory=no", 4, "[gateway] inventory: expected one of auto, required"},
        {"# a comment", "inventory_max_age=0", 4,
         "[gateway] inventory_max_age: expected a whole number from 1 to 3650"},
        {"# a comment", "cos_window=3651", 4, "[gateway] cos_window: expected a whole number from 0 to 3650"},
        {"# a comment", "tcos_closes=2024-10-31", 4, "[gateway] tcos_closes: expected a time such as 2023-07-03T06"},
        {"# a comment", "stranded_weeks=0", 4, "[gateway] stranded_weeks: expected a whole number from 1 to 520"},
        {"# a comment", "daily_limit=-1", 4, "[gateway] daily_limit: expected a whole number from 0"},
    };

    (void)state;
    check_problems(cases, G_N_ELEMENTS(cases));
}

static void test_config__problem_of_thresholds__is_reported_with_its_line(void **state)
{
    static const struct problem_case cases[] = {
        {NULL, "[thresholds]\nsender_day=-1\n", 18,
         "[thresholds] sender_day: expected a whole number from 0 to 1000000000"},
        {NULL, "[thresholds]\nmodel_usual=many\n", 18, "[thresholds] model_usual: expected a whole number from 0"},
        {NULL, "[thresholds]\nweeks=0\n", 18, "[thresholds] weeks: expected a whole number from 1 to 52"},
        {NULL, "[thresholds]\nday=1\n", 18, "[thresholds] day: "},
        {NULL, "[thresholds]\nmodel_day=2\nmodel_hour=3\n", 19,
         "[thresholds] model_hour: expected no more Devices in an hour than the limit of a day has; found '3'"},
    };

    (void)state;
    check_problems(cases, G_N_ELEMENTS(cases));
}

static void test_config__thresholds__have_defaults_by_environment(void **state)
{
    g_autoptr(config_t) test = load(NULL, NULL, NULL);
    g_autoptr(config_t) live = load("# a comment", "environment=LIVE", NULL);

    (void)state;
    assert_int_equal(test->thresholds[LEDGER_VOLUME_SENDER].day, 0);
    assert_int_equal(live->thresholds[LEDGER_VOLUME_SENDER].day, 200000);
    assert_int_equal(live->thresholds[LEDGER_VOLUME_SENDER].hour, 0);
    assert_int_equal(live->thresholds[LEDGER_VOLUME_MODEL].day, 0);
    assert_int_equal(live->usual_days, 28);
}

static void test_config__problem_of_the_log__is_reported_with_its_line(void **state)
{
    static const struct problem_case cases[] = {
        {NULL, "[log]\nlevel=loud\n", 18, "[log] level: expected one of info, error, warning, notice, debug"},
        {NULL, "[log]\nformat=xml\n", 18, "[log] format: expected one of auto, text, json, journal"},
    };

    (void)state;
    check_problems(cases, G_N_ELEMENTS(cases));
}

static void test_config__problem_of_a_group__is_reported_with_its_line(void **state)
{
    static const struct problem_case cases[] = {
        {NULL, "[review]\nC103=no\n", 18, "[review] C103: expected one of reject, warn, off"},
        {NULL, "[review]\nC101=warn\n", 18, "[review] C101: there is no such setting"},
        {NULL, "[review]\nC102=warn\n", 18, "[review] C102: there is no such setting"},
        {NULL, "[review]\nC110=off\n", 18, "[review] C110: there is no such setting"},
        {NULL, "[review]\nC113=off\n", 18, "[review] C113: there is no such setting"},
        {NULL, "[review]\nC117=off\n", 18, "[review] C117: there is no such setting"},
        {"# a comment", "spol=spool", 4, "[gateway] spol: there is no such setting"},
        {"# a comment", "org=TCOS", 4, "[gateway] org stands twice"},
        {"# a comment", "what is this", 4, "expected [group], key=value or # comment"},
        {"# a comment", "=x", 4, "expected [group], key=value or # comment"},
        {"in=drops/mcc/in\n", "\n", 6, "[drop mcc] in: expected a value; it is missing"},
        {"out=/srv/out\n", "out=/srv/out\ncomplete=soon\n", 9,
         "[drop mcc] complete: expected one of closed, stable, marker, at-once"},
        {"out=/srv/out\n", "out=/srv/out\nshare=maybe\n", 9, "[drop mcc] share: expected one of no, yes"},
        {"out=/srv/out\n", "out=/srv/out\ntransport=ftp\n", 9, "[drop mcc] transport: expected one of local"},
        {"out=/srv/out\n", "out=/srv/out\nstable_seconds=x\n", 9,
         "[drop mcc] stable_seconds: expected a whole number from 0"},
        {"out=/srv/out\n", "out=/srv/out\ntemporary=*.tmp;**\n", 9, "[drop mcc] temporary: expected patterns of names"},
        {"out=/srv/out\n", "out=/srv/out\nupload_name=x.part\n", 9, "[drop mcc] upload_name: expected a form of"},
        {"out=/srv/out\n", "out=/srv/out\nupload_name=NAME\n", 9, "[drop mcc] upload_name: expected a form of"},
        {"out=/srv/out\n", "out=/srv/out\nupload_name=NAME.gz\n", 9, "[drop mcc] upload_name: expected a form of"},
        {"out=/srv/out\n", "out=/srv/out\nupload_name=NAME.done\n", 9, "[drop mcc] upload_name: expected a form of"},
        {"out=/srv/out\n", "out=/srv/out\nupload_name=.NAME.NAME\n", 9, "[drop mcc] upload_name: expected a form of"},
        {"out=/srv/out\n", "out=/srv/out\nupload_name=tmp/NAME\n", 9, "[drop mcc] upload_name: expected a form of"},
        {"out=/srv/out\n", "out=/srv/out\nupload_name=NAME .part\n", 9, "[drop mcc] upload_name: expected a form of"},
        {"out=/srv/out\n", "out=/srv/out\ntemporary=new/*\n", 9, "[drop mcc] temporary: expected patterns of names"},
        {"[party MCC]", "[party mcc]", 9, "[party mcc]: expected 2 to 8 upper-case letters and digits"},
        {"types=EMI\n", "types=EMA\n", 11, "[party MCC] types: expected inbound file types"},
        {"types=EMI\n", "types=EMI;EMX\n", 11, "[party MCC] types: expected inbound file types"},
        {"drop=mcc\n[", "drop=dcc\n[", 12, "[party MCC] drop: expected the name of a [drop"},
        {"drop=mcc\n[", "\n[", 9, "[party MCC] drop: expected a value; it is missing"},
        {NULL, "[drop mcc]\n", 17, "[drop mcc] stands twice"},
        {NULL, "[partie X]\n", 17,
         "[partie X]: expected [gateway], [review], [health], [log], [page], [metrics], [retention], [thresholds]"},
        {"[gateway]\n", "\n", 2, "expected [group], key=value or # comment"},
        {"# a comment", "org[de]=TCOS", 4, "[gateway] org[de]: expected a setting's name"},
        {"# a comment", "max_devices=\\q5", 4,
         "[gateway] max_devices: expected a value in which s, n, t, r or another"},
        {"# a comment", "org\x1b[31m=x", 4, "[gateway] org\\x1B[31m: expected a setting's name"},
        {"# a comment", "caf\xe9=x", 4, "expected UTF-8 text without NUL"},
        {"[drop mcc]", "[drop ]", 6, "[drop ]: expected the drop's name"},
        {"[drop mcc]", "[drop m]c]", 6, "[drop m]c]: expected a group's name without brackets"},
        {"[drop mcc]", "[drop m\tc]", 6, "[drop m\\x09c]: expected a group's name without brackets"},
        {"[drop mcc]", "[]", 6, "[]: expected a group's name"},
    };

    (void)state;
    check_problems(cases, G_N_ELEMENTS(cases));
}

static void test_config__problem_of_signatures__is_reported_with_its_line(void **state)
{
    static const struct problem_case cases[] = {
        {"types=EMI\n", "types=EMI\nsignature=yes\n", 12,
         "[party MCC] signature: expected one of off, accepted, required"},
        {"types=EMI\n", "types=EMI\nsignature=required\n", 9, "[party MCC] signer_ca: expected a file with the trust"},
        {"types=EMI\n", "types=EMI\nsignature=accepted\nsigner_ca=/nowhere\n", 13, "[party MCC] signature: "},
        {"types=EMI\n", "types=EMI\nsignature_wait=-1\n", 12, "[party MCC] signature_wait: expected"},
        {"types=EMI\n", "types=EMI\nsignature_form=xml\n", 12,
         "[party MCC] signature_form: expected one of cms, xmldsig"},
        {"types=EMI\n", "types=EMI\nsigner_id=dns\n", 12,
         "[party MCC] signer_id: expected one of subject, serial, cn, san"},
    };

    (void)state;
    check_problems(cases, G_N_ELEMENTS(cases));
}

static void test_config__problem_of_an_expectation__is_reported_with_its_line(void **state)
{
    static const struct problem_case cases[] = {
        {NULL, "[expect a b]\nparty=MCC\ntype=EMI\nby=06:00\n", 17, "[expect a b]: expected a name of 1 to 64"},
        {NULL, "[expect a]\nparty=DCC\ntype=EMI\nby=06:00\n", 18, "[expect a] party: expected the code of a [party"},
        {NULL, "[expect a]\nparty=MCC\ntype=EMT\nby=06:00\n", 19, "[expect a] type: expected a type that [party MCC]"},
        {NULL, "[expect a]\nparty=MCC\ntype=EMI\nby=24:00\n", 20, "[expect a] by: expected a time of the day"},
        {NULL, "[expect a]\nparty=MCC\ntype=EMI\n", 17, "[expect a] by: expected a value; it is missing"},
        {NULL, "[expect a]\nparty=MCC\ntype=EMI\nby=06:00\nfrom=6:00\n", 21, "[expect a] from: expected a time"},
        {NULL, "[expect a]\nparty=MCC\ntype=EMI\nby=06:00\nzone=CET\n", 21,
         "[expect a] zone: expected one of UTC, Europe/London"},
        {NULL, "[expect a]\nparty=MCC\ntype=EMI\nby=06:00\ndays=mon-\n", 21,
         "[expect a] days: expected daily, or days"},
        {NULL, "[expect a]\nparty=MCC\ntype=EMI\nby=06:00\ncount=0\n", 21, "[expect a] count: expected a whole number"},
        {NULL, "[expect a]\nparty=MCC\ntype=EMI\nby=06:00\nexcept=none-such\n", 21, "[expect a] except: none-such: "},
    };

    (void)state;
    check_problems(cases, G_N_ELEMENTS(cases));
}

static void test_config__problems__all_are_reported_at_once(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autoptr(config_t) c = load_text(
        "[gateway]\norg=x\neui64=y\nmax_ratio=z\n[drop a]\nin=i\n[party MCC]\neui64=1\ntypes=EMI\ndrop=b\n", &error);
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);

    assert_null(c);
    /* org, eui64, max_ratio, out, eui64, drop, and TCSP, which no [party] describes */
    assert_int_equal(g_strv_length(lines), 7);
    int before = 0;
    for (size_t i = 0; lines[i] != NULL; i++) {
        assert_true(g_str_has_prefix(lines[i], path));
        int line = atoi(lines[i] + strlen(path) + 1);
        assert_true(line >= before); /* in the order of the file */
        before = line;
    }
    assert_non_null(strstr(lines[0], "; found 'TCSP', the default; add [party TCSP]"));
}

static void test_config__no_gateway_group__is_reported(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autoptr(config_t) c = load_text("[drop a]\nin=i\nout=o\n", &error);
    assert_null(c);
    assert_non_null(strstr(error->message, "expected a group [gateway]"));
}

/* What stands behind it would have been passed over in silence. */
static void test_config__nul__is_reported(void **state)
{
    static const char text[] = "# one\n\0[gateway]\norg=x\n";

    (void)state;
    g_autoptr(GError) error = NULL;
    assert_true(g_file_set_contents(path, text, sizeof text - 1, NULL));
    assert_null(config_load(path, &error));
    g_autofree char *expected = g_strdup_printf("%s:2: expected UTF-8 text without NUL", path);
    assert_string_equal(error->message, expected);
}

static void test_config__no_file__names_it(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    assert_null(config_load("/nonexistent/ecosgate.conf", &error));
    assert_non_null(strstr(error->message, "/nonexistent/ecosgate.conf"));
}

/* Who is answered where a name does not say who sent it. */
static void test_config__party_of_drop__only_if_one_party_sends(void **state)
{
    (void)state;
    g_autoptr(config_t) two = load_text(base, NULL);
    g_autoptr(config_t) one = load("drop=mcc\n[", "drop=b\n[drop b]\nin=i\nout=o\n[", NULL);

    assert_null(config_party_of_drop(two, "mcc"));
    assert_null(config_party_of_drop(two, "b"));
    assert_string_equal(config_party_of_drop(one, "mcc")->org, "TCSP");
    assert_string_equal(config_party_of_drop(one, "b")->org, "MCC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_config__log__form_and_level, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__problem_of_thresholds__is_reported_with_its_line, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__thresholds__have_defaults_by_environment, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__problem_of_the_log__is_reported_with_its_line, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__live__believes_a_shorter_leap, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__nothing_set__has_defaults, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__reference_data__have_settings, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__everything_set__is_what_the_rules_get, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__tcos_closes__is_what_the_rules_get, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__choices__each_by_its_name, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__problem_of_a_value__is_reported_with_its_line, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__problem_of_a_group__is_reported_with_its_line, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__problem_of_signatures__is_reported_with_its_line, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__problem_of_an_expectation__is_reported_with_its_line, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(test_config__problems__all_are_reported_at_once, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__no_gateway_group__is_reported, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__nul__is_reported, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__no_file__names_it, enter, leave),
        cmocka_unit_test_setup_teardown(test_config__party_of_drop__only_if_one_party_sends, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
