/*
 * The command `init`: makes a gateway's home with drops, spool, ledger and a configuration whose comments explain each
 * setting. The parties and identifiers in it are examples; with them the home works for a first try.
 */
#include "formats/layout.h"
#include "formats/profile.h"
#include "formats/text.h"
#include "gateway/commands/command.h"
#include "gateway/gateway.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

/* Names in the configuration that is written: six local drops. */
static const char *const drops[] = {"mcc", "tcos", "ecos", "dcc", "suppliers", "maps"};

static const char configuration[] =
    "# ecosgate.conf: one gateway. Paths are relative to this file's folder; see ecosgate.conf(5).\n"
    "# Who may look: the group of ledger and spool. Who may order: the group of spool/orders, once it has mode 3770\n"
    "# (chgrp GROUP spool/orders; chmod 3770 spool/orders). More: OPERATIONS.md, Who may what.\n"
    "\n"
    "[gateway]\n"
    "# who this gateway is: org and EUI-64 in the names of its files, and the RecipientId of files sent to it\n"
    "org=TCOS\n"
    "eui64=90-B3-D5-1F-30-00-00-04\n"
    "# TEST or LIVE; files of the other environment are rejected (B207)\n"
    "environment=TEST\n"
    "spool=spool\n"
    "ledger=spool/ledger.sqlite\n"
    "# what shows that a ledger is an older copy; keep it on another disk than spool and ledger\n"
    "witness=witness\n"
    "# Device types in scope; others are rejected (C104)\n"
    "device_types=ESME;GSME;GPF\n"
    "# MPAN and MPRN check digits: off, warn or reject (C113)\n"
    "mpxn_check_digits=warn\n"
    "# limits of one file (B111): Devices, bytes after unpacking, ratio of unpacked to packed bytes\n"
    "max_devices=1000000\n"
    "max_bytes=1073741824\n"
    "max_ratio=200\n"
    "# seconds that the time in a file's name may be ahead of the clock (B104)\n"
    "future_tolerance=300\n"
    "# hours after which a sequence number that was left out and has not come is an incident (A113); 0: never\n"
    "missing_number_after=0\n"
    "# hours of one replacement session; minutes between its tries\n"
    "session_length=24\n"
    "retry_delays=5;5;10;20;40;80;160;320\n"
    "# days from the end of a failed session until the Device may come again; failed sessions until DCC has to act\n"
    "next_session=30\n"
    "max_sessions=5\n"
    "# hours after one side has confirmed until the other side's confirmation counts as missing (D150)\n"
    "confirmation_wait=24\n"
    "# the SubjectId of the ECoS credentials; set it: a replacement by others is refused, and while it is empty both\n"
    "# sides can agree about the TCoS credentials of the first Devices\n"
    "ecos_subject=\n"
    "# hours after the last session of a batch should have ended until its outcome (EMO) goes out without the Devices\n"
    "# that still wait for a side's statement\n"
    "outcome_wait=168\n"
    "# hours that an inventory may be behind: one that says TCoS credentials later than so long after a migration\n"
    "# contradicts it (D152)\n"
    "inventory_lag=48\n"
    "# a Device Model is proposed as Non-Migratable (D160) when so many of its Devices fail and none migrates\n"
    "model_failures=10\n"
    "# hours of the day (UTC) in which work orders go out\n"
    "dispatch_hours=00-24\n"
    "# the party that gets work orders (EMW), their form (csv or xml), and the most Devices in one\n"
    "work_order_party=TCSP\n"
    "work_order_form=csv\n"
    "work_order_devices=1000000\n"
    "# the party that gets incident files (INC)\n"
    "incident_party=DCC\n"
    "# auto: rules that need the Device inventory are judged once an INV was accepted; required: instructions wait\n"
    "# until then. In both cases instructions wait while the inventory is older than so many days (A104)\n"
    "inventory=auto\n"
    "inventory_max_age=8\n"
    "# days before a change of supplier in which the Devices at that meter point are deferred (C109)\n"
    "cos_window=7\n"
    "# most Devices accepted in a day (C116); 0: no limit\n"
    "daily_limit=0\n"
    "# a time within the first period that is reported, such as 2023-07-01T00:00:00Z; empty: the first run\n"
    "reports_from=\n"
    "# when all Devices must have migrated, such as 2024-10-31T00:00:00Z; for the forecast of the management page\n"
    "migration_end=\n"
    "# when TCoS closes, such as 2024-10-31T00:00:00Z: no try is ordered that could not end before it (C122)\n"
    "tcos_closes=\n"
    "# weeks before that in which each Supplier gets the report STRAND of its Devices with TCoS credentials\n"
    "stranded_weeks=13\n"
    "# minutes after its issue until a report that is not delivered is an incident (A106)\n"
    "report_grace=60\n"
    "# days after the last issue of reports beyond which the clock counts as wrong and work stops (A105); 0: never.\n"
    "# Without this line: 7 with environment=LIVE, 366 with TEST\n"
    "#clock_leap=7\n"
    "# seconds between two listings of the drops; new files in local drops are noticed at once\n"
    "poll_interval=30\n"
    "# percent of the known records that a FULL file may remove; one that removes more is held (A117)\n"
    "shrink_limit=20\n"
    "# seconds that instructions and the end of sessions wait for facts that are picked up or settle in a drop\n"
    "reference_wait=60\n"
    "# MiB that stay free on the disks of spool and ledger; with less no file is picked up (A108)\n"
    "reserve=64\n"
    "# files are parsed in processes (cells) that reach neither keys nor ledger: used, with what the kernel has "
    "against\n"
    "# it; required, or nothing is parsed; no\n"
    "cells=used\n"
    "\n"
    "# what happens to a Device to which a code applies: reject (transient codes: defer), warn or off\n"
    "[review]\n"
    "#C103=reject\n"
    "# C114 of a GPF: its hub has no connected meter with a Responsible Supplier\n"
    "#C114_GPF=off\n"
    "# C125 of the region: instruction and inventory name different ones\n"
    "#C125_REGION=off\n"
    "\n"
    "# from when on `ecosgate status` says that something is wrong: seconds without a pass, minutes that a drop is\n"
    "# down or a file waits, days until a disk is full\n"
    "[health]\n"
    "max_age=600\n"
    "drop_down=30\n"
    "disk_days=7\n"
    "\n"
    "# the log of `ecosgate run`: auto, text, json or journal; error, warning, notice, info or debug\n"
    "[log]\n"
    "format=auto\n"
    "level=info\n"
    "\n"
    "# days after the end of a job until its files are packed, and until they are removed; never: not at all\n"
    "[retention]\n"
    "#instructions=1;never\n"
    "#results=1;never\n"
    "# FULL files of the inventory, and reports to Meter Asset Providers: each week brings another copy\n"
    "#inventory=1;35\n"
    "#assets=1;35\n"
    "\n"
    "# most Devices of one sender in an hour and on a day until an instruction is held (A116); 0: any number. Without\n"
    "# the line of the day: 200000 with environment=LIVE, 0 with TEST\n"
    "[thresholds]\n"
    "sender_hour=0\n"
    "#sender_day=200000\n"
    "\n"
    "# a page for people with the condition of the gateway, status.html, in a folder that exists\n"
    "[page]\n"
    "#folder=page\n"
    "\n"
    "# a file of metrics for node_exporter's textfile collector, and the seconds between two writings of it\n"
    "[metrics]\n"
    "#file=/var/lib/prometheus/node-exporter/ecosgate.prom\n"
    "interval=15\n";

static const struct {
    const char *org, *eui64;
    const char *types; /* NULL: all inbound types that no other party sends */
    const char *drop, *who;
} parties[] = {
    {"MCC", "90-B3-D5-1F-30-0E-C0-01", "EMI", "mcc", "Migration Control Centre"},
    {"TCSP", "90-B3-D5-1F-30-0E-C0-02", "EMT", "tcos", "TCoS Service Provider"},
    {"ECSP", "90-B3-D5-1F-30-0E-C0-03", "EMC", "ecos", "ECoS Service Provider"},
    {"DCC", "90-B3-D5-1F-30-00-00-02", NULL, "dcc", "DCC"},
};

/* The file types of one party, joined by ';', as the setting `types` has them. g_free. */
static char *types_of_party(size_t party)
{
    GString *types = g_string_new(parties[party].types);

    for (size_t i = 0; parties[party].types == NULL && i < profile_builtin()->n_types; i++) {
        bool wanted = profile_builtin()->types[i].inbound;
        for (size_t other = 0; other < G_N_ELEMENTS(parties); other++)
            wanted = wanted && g_strcmp0(parties[other].types, profile_builtin()->types[i].code) != 0;
        if (wanted)
            g_string_append_printf(types, "%s%s", types->len > 0 ? ";" : "", profile_builtin()->types[i].code);
    }
    return g_string_free(types, FALSE);
}

/* Paths begin in the folder of the file; or in dir, if it is not NULL. */
static char *configuration_text(const char *dir)
{
    GString *text = g_string_new(configuration);

    for (size_t i = 0; i < G_N_ELEMENTS(drops); i++)
        g_string_append_printf(text,
                               "\n[drop %s]\ntransport=local\nin=drops/%s/in\nout=drops/%s/out\n"
                               "# when a file counts as whole: closed, stable (for stable_seconds), marker or at-once\n"
                               "complete=closed\n"
                               "# hours within which its recipients take files out of it (A114); 0: nobody looks\n"
                               "taken_within=0\n"
                               "# rights of what the gateway leaves in out, such as\n"
                               "#mode=0660\n#folder_mode=0770\n#group=partners\n",
                               drops[i], drops[i], drops[i]);
    g_string_append(text, "\n# what should come by when (A112), as often as wanted, such as\n"
                          "#[expect nightly]\n#party=MCC\n#type=EMI\n#by=06:30\n#zone=Europe/London\n#days=mon-fri\n");
    g_string_append(text,
                    "\n# a party whose files have other formats than the built-in ones gets a line such as\n"
                    "# profile=FOLDER;proposal-1.0, the newest first; reports: the same line in a group [report]\n"
                    "# a party that signs its files (NAME.p7s beside NAME, B209) gets signature=required and\n"
                    "# signer_ca=FILE, with the certificates that you believe\n");
    for (size_t i = 0; i < G_N_ELEMENTS(parties); i++) {
        g_autofree char *types = types_of_party(i);
        g_string_append_printf(text, "\n# %s\n[party %s]\neui64=%s\ntypes=%s\ndrop=%s\n", parties[i].who,
                               parties[i].org, parties[i].eui64, types, parties[i].drop);
    }
    static const char *const paths[] = {"\nspool=", "\nledger=", "\nwitness=", "\nin=", "\nout="};
    for (size_t i = 0; dir != NULL && i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *below = g_strconcat(paths[i], dir, "/", NULL);
        g_string_replace(text, paths[i], below, 0);
    }
    return g_string_free(text, FALSE);
}

static bool make_drops(const char *dir, GError **error)
{
    static const char *const folders[] = {"in", "out"};

    for (size_t i = 0; i < G_N_ELEMENTS(drops) * 2; i++) {
        g_autofree char *path = g_build_filename(dir, "drops", drops[i / 2], folders[i % 2], NULL);
        if (!disk_make_dirs(STEP_SPOOL_MADE, path, error))
            return false;
    }
    return true;
}

/* Makes the ledger and binds the spool to it. A spool that belonged to another ledger still says so: then `run` finds
 * A109, and `recover` binds it. */
static bool make_ledger(const char *spool, const char *path, GError **error)
{
    struct gateway home = {0};
    g_autofree char *id = NULL;
    bool damaged = false;

    home.ledger = ledger_make(path, error);
    home.spool = home.ledger != NULL ? spool_open(spool, error) : NULL;
    bool good = home.spool != NULL && ledger_identity_get(home.ledger, &home.identity, error) &&
                ledger_check_spool_id(&home, &id, &damaged, error) &&
                (id != NULL || damaged || ledger_check_bind_spool(&home, error));
    gateway_close(&home);
    return good;
}

static bool make_data(const char *dir, GError **error)
{
    g_autofree char *spool = g_build_filename(dir, "spool", NULL);
    g_autofree char *ledger_path = g_build_filename(spool, "ledger.sqlite", NULL);

    return disk_make_dirs(STEP_SPOOL_MADE, dir, error) && make_drops(dir, error) && spool_create(spool, error) &&
           make_ledger(spool, ledger_path, error);
}

/* The configuration is written last, so that a home with a configuration is complete. After an error folders and ledger
 * stay, and the next `init` uses them. */
static bool write_configuration(const char *path, const char *text, GError **error)
{
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);

    if (file != NULL && disk_file_write(file, text, strlen(text), error) &&
        disk_file_publish(STEP_SPOOL_MADE, file, error))
        return true;
    (void)disk_unlink(STEP_SPOOL_MADE, path, NULL); /* else the next `init` would refuse this incomplete home */
    return false;
}

static bool make_home(const char *dir, const char *path, GError **error)
{
    g_autofree char *text = configuration_text(NULL);

    return make_data(dir, error) && write_configuration(path, text, error);
}

static void print_home(const char *dir, const char *path)
{
    g_autofree char *home = text_escape(dir, strlen(dir), 0);
    g_autofree char *configuration_path = text_escape(path, strlen(path), 0);

    command_print_json(json_pack("{s:s,s:s}", "home", home, "configuration", configuration_path));
}

static bool is_there(const char *path)
{
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return false;
    g_autofree char *shown = command_shown(path);
    g_printerr("ecosgate: init: %s exists already and was not changed; choose another folder, or give --ledger "
               "without a folder to make a ledger that is missing\n",
               shown);
    return true;
}

static int tell_home(const struct invocation *invocation, const char *dir, const char *path)
{
    if (invocation->json)
        print_home(dir, path);
    else
        g_print("made %s\n", dir);
    return EXIT_GOOD;
}

static int init_home(const struct invocation *invocation, const char *dir)
{
    g_autofree char *path = g_build_filename(dir, "ecosgate.conf", NULL);
    GError *error = NULL;

    if (is_there(path))
        return EXIT_UNABLE;
    return make_home(dir, path, &error) ? tell_home(invocation, dir, path) : command_unable(error);
}

/* ---- the home of a service ---- */

#define SYSTEM_USER "ecosgate"
#define SYSTEM_DATA "/var/lib/ecosgate"
#define SYSTEM_CONFIGURATION_DIR "/etc/ecosgate"
#define SYSTEM_CONFIGURATION SYSTEM_CONFIGURATION_DIR "/ecosgate.conf"

static bool system_error(const char *what, GError **error)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "init --system: %s: %s; call it as root", what,
                g_strerror(errno));
    return false;
}

/* The data are the service's user's; the configuration is root's, and his group may read it. */
static bool make_system_home(const struct passwd *user, GError **error)
{
    g_autofree char *text = configuration_text(SYSTEM_DATA);

    if (!disk_make_dirs(STEP_SPOOL_MADE, SYSTEM_DATA, error))
        return false;
    if (chown(SYSTEM_DATA, user->pw_uid, user->pw_gid) != 0)
        return system_error("the owner of " SYSTEM_DATA " cannot be set", error);
    if (setgroups(1, &user->pw_gid) != 0 || setegid(user->pw_gid) != 0 || seteuid(user->pw_uid) != 0)
        return system_error("the rights of the user " SYSTEM_USER " cannot be taken on", error);
    bool made = make_data(SYSTEM_DATA, error);
    if (seteuid(0) != 0)
        return system_error("root's rights do not come back", made ? error : NULL);
    return made && disk_make_dirs(STEP_SPOOL_MADE, SYSTEM_CONFIGURATION_DIR, error) &&
           write_configuration(SYSTEM_CONFIGURATION, text, error);
}

static int init_system(const struct invocation *invocation)
{
    const struct passwd *user = getpwnam(SYSTEM_USER);
    GError *error = NULL;

    if (geteuid() != 0 || user == NULL) {
        g_printerr("ecosgate: init: --system makes " SYSTEM_CONFIGURATION " and " SYSTEM_DATA "; expected %s\n",
                   user == NULL ? "a user " SYSTEM_USER ", whom the Debian package makes" : "to be called by root");
        return EXIT_UNABLE;
    }
    if (is_there(SYSTEM_CONFIGURATION))
        return EXIT_UNABLE;
    return make_system_home(user, &error) ? tell_home(invocation, SYSTEM_DATA, SYSTEM_CONFIGURATION)
                                          : command_unable(error);
}

/* An empty file, or one without tables, is no ledger; one that cannot be read is. */
static bool ledger_is_there(const struct config *config)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(ledger_t) ledger = ledger_open_reader(config->ledger, &cause);

    return !g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_MISSING);
}

/* For a home whose ledger is lost. The lock keeps a gateway from running meanwhile. */
static int init_ledger(const struct invocation *invocation)
{
    g_autoptr(config_t) config = command_config(invocation);
    GError *error = NULL;

    if (config == NULL)
        return EXIT_UNABLE;
    g_autoptr(spool_t) spool = spool_open(config->spool, &error);
    if (spool == NULL || !spool_lock(spool, &error))
        return command_unable(error);
    if (ledger_is_there(config)) {
        g_printerr("ecosgate: init: the ledger %s exists already and was not changed\n", config->ledger);
        return EXIT_UNABLE;
    }
    if (!make_ledger(config->spool, config->ledger, &error))
        return command_unable(error);
    if (invocation->json)
        command_print_json(json_pack("{s:s}", "ledger", config->ledger));
    else
        g_print("made %s; if the spool holds jobs, give ecosgate recover --reason TEXT\n", config->ledger);
    return EXIT_GOOD;
}

int command_init(struct invocation *invocation)
{
    gboolean ledger = FALSE, system_home = FALSE;
    const GOptionEntry entries[] = {
        {"ledger", 0, 0, G_OPTION_ARG_NONE, &ledger, "make the missing ledger of the configured home, and no home",
         NULL},
        {"system", 0, 0, G_OPTION_ARG_NONE, &system_home,
         "make the home of the service: " SYSTEM_CONFIGURATION " and " SYSTEM_DATA, NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };

    if (!command_arguments(invocation, entries, 0, 1))
        return EXIT_UNABLE;
    if (invocation->argc + ledger + system_home != 1) {
        g_printerr("ecosgate: init: expected DIR, the folder of a new home, or --ledger or --system; see 'ecosgate "
                   "init --help'\n");
        return EXIT_UNABLE;
    }
    if (system_home)
        return init_system(invocation);
    return ledger ? init_ledger(invocation) : init_home(invocation, invocation->argv[0]);
}
