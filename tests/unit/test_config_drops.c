/* Drops of the configuration: what an SFTP drop needs, and every problem with its line. */
#include "gateway/config/config.h"
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
                                           "ciphers=aes256-ctr,aes128-ctr\nrate_min=0\nrate_seconds=60\n"
                                           "listed_max=7\nmode=0664\nfolder_mode=775\ngroup=4242\n",
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
    assert_int_equal(settings->peer.rate_min, 0);
    assert_int_equal(settings->peer.rate_seconds, 60);
    assert_int_equal(settings->peer.listed_max, 7);
    assert_int_equal(drop->complete, COMPLETE_STABLE);
    assert_int_equal(drop->file_rights.mode, 0664);
    assert_int_equal(drop->folder_rights.mode, 0775);
    assert_int_equal(drop->file_rights.group, 4242);
    assert_int_equal(drop->folder_rights.group, 4242);
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
    assert_int_equal(settings->peer.rate_min, 100);
    assert_int_equal(settings->peer.rate_seconds, 300);
    assert_int_equal(settings->peer.listed_max, 20000);
    assert_string_equal(settings->peer.identity, "");
    assert_string_equal(settings->taken, "");
    assert_string_equal(settings->peer.kex, "");
    assert_int_equal(drop->complete, COMPLETE_MARKER);
    assert_true(g_strv_equal(drop->temporary, filename_temporary_patterns));
    assert_string_equal(drop->upload_name, ".NAME.part");
    assert_false(file_rights_any(&drop->file_rights));
    assert_false(file_rights_any(&drop->folder_rights));
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
        {SFTP "rate_min=-1\n", 8, "rate_min"},
        {SFTP "rate_seconds=0\n", 8, "rate_seconds"},
        {SFTP "listed_max=0\n", 8, "listed_max"},
        {SFTP "group=partners\n", 8, "group"},
        {SFTP "mode=0642\n", 8, "mode"},
        {SFTP "mode=0240\n", 8, "mode"},
        {SFTP "mode=02640\n", 8, "mode"},
        {SFTP "mode=rw\n", 8, "mode"},
        {SFTP "folder_mode=0670\n", 8, "folder_mode"},
        {"[drop far]\nin=in\nout=out\ngroup=no such group\n", 4, "group"},
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

/* "[drop far]" and "[drop near]" on this machine, with these folders. */
#define LOCAL(in_, out_, in2, out2) "[drop far]\nin=" in_ "\nout=" out_ "\n[drop near]\nin=" in2 "\nout=" out2 "\n"
/* The same on servers; host2 with port and user. */
#define FAR(in_, out_, host2, in2, out2)                                                                               \
    "[drop far]\ntransport=sftp\nin=" in_ "\nout=" out_ "\nhost=far.example\nuser=me\nknown_hosts=known\n"             \
    "[drop near]\ntransport=sftp\nin=" in2 "\nout=" out2 "\nknown_hosts=known\n" host2 "\n"

static const char *const folders[] = {"a", "b", "c", "d"};

/* In the home: the folders, and a link to b. */
static void make_folders(void)
{
    g_autofree char *link = g_build_filename(home, "link", NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = g_build_filename(home, folders[i], NULL);
        assert_int_equal(g_mkdir(path, 0700), 0);
    }
    assert_int_equal(symlink("b", link), 0);
}

static void remove_folders(void)
{
    g_autofree char *link = g_build_filename(home, "link", NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = g_build_filename(home, folders[i], NULL);
        assert_int_equal(g_rmdir(path), 0);
    }
    assert_int_equal(g_unlink(link), 0);
}

static void test_config_drops__out_that_is_an_in__is_a_problem(void **state)
{
    static const struct {
        const char *drops;
        int problems;
    } cases[] = {
        {LOCAL("a", "b", "c", "d"), 0},
        {LOCAL("a", "a", "c", "d"), 1},
        {LOCAL("a", "a", "c", "c"), 2},
        {LOCAL("a", "c", "c", "a"), 2},
        {LOCAL("a", "b", "b", "d"), 1},
        {LOCAL("a", "link", "b", "d"), 1}, /* link leads to b */
        {LOCAL("a", "b", "link", "d"), 1},
        {LOCAL("a", "b/../c/.", "c//", "d"), 1},
        {LOCAL("a", "new", "new", "d"), 1}, /* neither is there */
        {LOCAL("a", "link/new", "b/new", "d"), 1},
        {LOCAL("a", "b", "c", "b"), 0},    /* two that are written to */
        {LOCAL("a", "b", "a", "d"), 0},    /* two that are read */
        {LOCAL("a", "c/x", "c", "d"), 0},  /* a listing opens no folder */
        {LOCAL("a", "c", "c/in", "d"), 0}, /* no report goes there */
        {LOCAL("a", "c", "c/ABCDE", "d"), 0},
        {LOCAL("a", "c", "c/AB1D", "d"), 1},
        {LOCAL("a", "link", "b/AB1D", "d"), 1},
        {FAR("/a", "/b", "host=far.example\nuser=me", "/c", "/d"), 0},
        {FAR("/a", "/b", "host=far.example\nuser=me", "/b", "/d"), 1},
        {FAR("/a", "/x/../b/", "host=FAR.example.\nuser=me\nport=22", "//b/.", "/d"), 1},
        {FAR("/a", "/b", "host=far.example\nuser=you", "/b", "/d"), 0},
        {FAR("/a", "/b", "host=far.example\nuser=me\nport=23", "/b", "/d"), 0},
        {FAR("/a", "/b", "host=near.example\nuser=me", "/b", "/d"), 0},
        {FAR("/a", "b", "host=far.example\nuser=me", "./b", "/d"), 1},
        {FAR("/a", "b", "host=far.example\nuser=me", "../b", "/d"), 0},
        {FAR("/a", "b", "host=far.example\nuser=me", "/b", "/d"), 0}, /* only the server knows */
        {FAR("/a", "/b", "host=far.example\nuser=me", "/b/AB1D", "/d"), 1},
    };

    (void)state;
    make_folders();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *problems = NULL;
        g_autoptr(config_t) config = load(cases[i].drops, &problems);
        g_autoptr(GError) error = NULL;
        if (config == NULL)
            fail_msg("case %zu is no configuration: %s", i, problems);
        bool good = config_check_folders(config, &error);
        g_auto(GStrv) found = g_strsplit(error != NULL ? error->message : "", "; [", -1);
        if (good != (cases[i].problems == 0) || (int)g_strv_length(found) != cases[i].problems)
            fail_msg("case %zu: expected %d problems, found %s", i, cases[i].problems, error ? error->message : "none");
    }
    remove_folders();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_config_drops__sftp_drop__is_read, enter, leave),
        cmocka_unit_test_setup_teardown(test_config_drops__sftp_drop_without_more__has_defaults, enter, leave),
        cmocka_unit_test_setup_teardown(test_config_drops__drop_with_problems__each_is_reported_with_its_line, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(test_config_drops__out_that_is_an_in__is_a_problem, enter, leave),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
