/* Drops of the configuration: what an SFTP drop needs, and every problem with its line. */
#include "gateway/config.h"
#include "gateway/drops/sftp_drop.h"
#include "gateway/drops/sftp_settings.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#include "spool/disk.h"

static const char head[] = "[gateway]\norg=TCOS\neui64=90-B3-D5-1F-30-00-00-04\nwork_order_party=TCSP\n"
                           "[party TCSP]\neui64=90-B3-D5-1F-30-0E-C0-02\ntypes=EMT\ndrop=far\n";
enum { HEAD_LINES = 8 };

#define SFTP "[drop far]\ntransport=sftp\nin=in\nout=/out\nhost=far.example\nuser=me\nknown_hosts=known\n"

static char *home;

static int enter(void **state)
{
    (void)state;
    home = g_dir_make_tmp("ecosgate-config-XXXXXX", NULL);
    return home == NULL;
}

static int leave(void **state)
{
    (void)state;
    bool gone = disk_remove_dir(STEP_ORPHAN_DROPPED, home, NULL);
    g_free(home);
    return !gone;
}

/* NULL: *problems is what it said, without the file's name. */
static struct config *load(const char *drop, char **problems)
{
    g_autofree char *path = g_build_filename(home, "ecosgate.conf", NULL);
    g_autofree char *text = g_strconcat(head, drop, NULL);
    g_autoptr(GError) error = NULL;

    assert_true(g_file_set_contents(path, text, -1, NULL));
    struct config *config = config_load(path, &error);
    if (config == NULL) {
        g_auto(GStrv) parts = g_strsplit(error->message, path, -1);
        *problems = g_strjoinv("", parts);
    }
    return config;
}

static void test_config_drops__sftp_drop__is_read(void **state)
{
    g_autofree char *problems = NULL;
    g_autoptr(config_t) config = load(SFTP "port=2222\nidentity=key\npassphrase_file=pass\ntaken=/taken/\ntimeout=7\n"
                                           "ciphers=aes256-ctr,aes128-ctr\n",
                                      &problems);
    (void)state;

    assert_non_null(config);
    const struct drop *drop = config_drop(config, "far");
    g_autofree char *key = g_build_filename(home, "key", NULL);
    const struct sftp_settings *settings = sftp_settings_of(drop);
    assert_ptr_equal(drop->transport, &sftp_transport);
    assert_string_equal(drop->in, "in");
    assert_string_equal(drop->out, "/out");
    assert_string_equal(settings->taken, "/taken");
    assert_string_equal(settings->peer.host, "far.example");
    assert_int_equal(settings->peer.port, 2222);
    assert_string_equal(settings->peer.identity, key);
    assert_string_equal(settings->peer.ciphers, "aes256-ctr,aes128-ctr");
    assert_int_equal(settings->peer.timeout, 7);
    assert_int_equal(drop->complete, COMPLETE_STABLE);
}

static void test_config_drops__sftp_drop_without_more__has_defaults(void **state)
{
    g_autofree char *problems = NULL;
    g_autoptr(config_t) config = load(SFTP "complete=marker\n", &problems);
    (void)state;

    assert_non_null(config);
    const struct drop *drop = config_drop(config, "far");
    const struct sftp_settings *settings = sftp_settings_of(drop);
    assert_int_equal(settings->peer.port, 22);
    assert_int_equal(settings->peer.timeout, 20);
    assert_string_equal(settings->peer.identity, "");
    assert_string_equal(settings->taken, "");
    assert_string_equal(settings->peer.kex, "");
    assert_int_equal(drop->complete, COMPLETE_MARKER);
}

static void test_config_drops__drop_with_problems__each_is_reported_with_its_line(void **state)
{
    static const struct {
        const char *drop;
        int line; /* of the problem, in the drop's text */
        const char *key;
    } cases[] = {
        {SFTP "complete=closed\n", 8, "complete"},
        {SFTP "port=0\n", 8, "port"},
        {SFTP "port=65536\n", 8, "port"},
        {SFTP "timeout=0\n", 8, "timeout"},
        {SFTP "taken=in/\n", 8, "taken"},
        {SFTP "taken=/out\n", 8, "taken"},
        {SFTP "passphrase_file=p\n", 8, "passphrase_file"},
        {SFTP "kex=a, b\n", 8, "kex"},
        {"[drop far]\ntransport=sftp\nin=in\nout=/out\nuser=me\nknown_hosts=k\n", 1, "host"},
        {"[drop far]\ntransport=sftp\nin=in\nout=/out\nhost=h\nknown_hosts=k\n", 1, "user"},
        {"[drop far]\ntransport=sftp\nin=in\nout=/out\nhost=h\nuser=me\n", 1, "known_hosts"},
        {"[drop far]\ntransport=sftp\nin=i\nout=o\nuser=me\nknown_hosts=k\nhost=sftp://h\n", 7, "host"},
        {"[drop far]\ntransport=sftp\nin=i\nout=o\nhost=h\nknown_hosts=k\nuser=me@h\n", 7, "user"},
        {"[drop far]\nin=in\nout=out\nhost=far.example\n", 4, "host"},
        {"[drop far]\nin=in\nout=out\ntaken=t\n", 4, "taken"},
        {"[drop far]\nin=in\nout=out\ntransport=ftp\n", 4, "transport"},
    };
    (void)state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *problems = NULL;
        g_autoptr(config_t) config = load(cases[i].drop, &problems);
        g_autofree char *expected =
            g_strdup_printf(":%d: [drop far] %s: expected ", HEAD_LINES + cases[i].line, cases[i].key);
        assert_null(config);
        if (!g_str_has_prefix(problems, expected) || strchr(problems, '\n') != NULL)
            fail_msg("case %zu: expected %s…, found %s", i, expected, problems);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_config_drops__sftp_drop__is_read, enter, leave),
        cmocka_unit_test_setup_teardown(test_config_drops__sftp_drop_without_more__has_defaults, enter, leave),
        cmocka_unit_test_setup_teardown(test_config_drops__drop_with_problems__each_is_reported_with_its_line, enter,
                                        leave),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
