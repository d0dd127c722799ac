/*
 * The command `doctor`: says what concerns the gateway itself, then runs the probe of each drop's transport and prints
 * what the gateway can do there, and how it will do it. It needs no spool and may run beside the gateway.
 */
#include "gateway/commands/doctor.h"

#include "formats/instant.h"
#include "gateway/cells/cells.h"
#include "gateway/clock.h"
#include "gateway/commands/claim_seen.h"
#include "gateway/commands/output.h"
#include "gateway/commands/words.h"
#include "gateway/condition/closing.h"
#include "gateway/condition/expiry.h"
#include "gateway/condition/host.h"
#include "gateway/config/config_signature.h"
#include "gateway/drops/drop_folders.h"
#include "gateway/gateway.h"
#include "gateway/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_ROWS = 100 };

static const char *const result_names[] = {"good", "note", "bad"}; /* of enum probe_result */

void doctor_add(void *user, const char *name, enum probe_result result, const char *text)
{
    struct doctor_findings *findings = user;
    json_t *row = json_object();

    output_set_text(row, "drop", findings->drop != NULL ? findings->drop->name : NULL);
    output_set_text(row, "probe", name);
    output_set_text(row, "result", result_names[result]);
    output_set_text(row, "text", text);
    (void)json_array_append_new(findings->rows, row); /* memory aborts */
    findings->unfit = findings->unfit || result == PROBE_BAD;
    findings->no_write = findings->no_write || (result == PROBE_BAD && strcmp(name, "write") == 0);
}

void doctor_print(const struct invocation *invocation, struct doctor_findings *findings, const char *title)
{
    static const char *const columns[] = {"probe", "result", "text", NULL};
    const json_t *row;
    size_t i;

    if (!invocation->json) {
        printf("%s: %s\n", title, findings->unfit ? "unfit" : "fit");
        output_table(findings->rows, columns, MOST_ROWS, "  ");
    } else {
        json_array_foreach(findings->rows, i, row) command_print_json(json_incref((json_t *)row));
    }
    (void)fflush(stdout); /* the next subject may take long; a closed output is reported when the program ends */
    json_decref(findings->rows);
}

/* The home that is tested. A ledger that cannot be read is asked once: each try may wait for a lock. It is closed
 * between two tests, for a reader on a full disk keeps the writer out. */
struct home {
    const struct config *config;
    GError *closed; /* why its ledger cannot be opened; NULL: not known yet, or it can */
};

static bool open_home(struct home *home, struct gateway *gateway)
{
    *gateway = (struct gateway){0};
    return home->closed == NULL && gateway_open(gateway, home->config, GATEWAY_READER, &home->closed);
}

/* There is a ledger, or its folder, and it cannot be read. */
static bool unreadable(const struct home *home)
{
    return home->closed != NULL && !g_error_matches(home->closed, SPOOL_ERROR, SPOOL_ERROR_MISSING) &&
           g_file_test(home->config->spool, G_FILE_TEST_EXISTS);
}

/* Tells whose the drop is. Without a ledger yet, every claim is another gateway's. */
static void probe_claim(const struct probe *probe, struct home *home, const struct doctor_findings *findings)
{
    bool unfit = findings->unfit;
    struct gateway gateway;
    struct claim_viewer viewer;
    struct claim_seen seen;

    claim_viewer_init(&viewer, open_home(home, &gateway) ? &gateway : NULL);
    if (unreadable(home)) {
        probe_say(probe, "claim", PROBE_BAD, "nobody can tell whether it is this gateway's: %s", home->closed->message);
        return;
    }
    claim_seen_look(&seen, probe->drop, &viewer);
    gateway_close(&gateway);
    if (*seen.word == '\0' || (unfit && strcmp(seen.word, "unreadable") == 0)) {
        claim_seen_clear(&seen); /* what is wrong is told already */
        return;
    }
    if (findings->no_write && probe->drop->claim && strcmp(seen.word, "none") == 0)
        probe_say(probe, "claim", PROBE_BAD,
                  "the gateway cannot write its claim in %s, and without it does nothing in the drop; allow files of "
                  "this name, %s, or set claim=no",
                  probe->drop->out, CLAIM_NAME);
    else
        probe_say(probe, "claim",
                  !seen.good           ? PROBE_BAD
                  : probe->drop->claim ? PROBE_GOOD
                                       : PROBE_NOTE,
                  "%s", seen.text);
    claim_seen_clear(&seen);
}

/* False: the drop is unfit. */
static bool probe_drop(const struct invocation *invocation, struct home *home, const struct drop *drop)
{
    g_autofree char *folders = drop_folders_problems(home->config->drops, drop);
    struct doctor_findings findings = {.drop = drop, .rows = json_array()};
    g_autofree char *token = g_strdup_printf("%08x%08x", g_random_int(), g_random_int());
    const struct probe probe = {.drop = drop, .token = token, .tell = doctor_add, .user = &findings};

    if (folders != NULL)
        probe_say(&probe, "folders", PROBE_BAD, "%s", folders);
    drop->transport->probe(&probe);
    probe_claim(&probe, home, &findings);
    g_autofree char *title = g_strdup_printf("%s (%s)", drop->name, drop->transport->name);
    doctor_print(invocation, &findings, title);
    return !findings.unfit;
}

/* The disks of the spool and the ledger. No finding if the spool does not exist yet. */
static void probe_disks(struct doctor_findings *findings, const struct config *config)
{
    for (int which = 0; which < ROOM_DISKS; which++) {
        g_auto(room_t) room = {0};
        if (!room_look(config, (enum room_disk)which, &room, NULL) || room.shared)
            continue;
        g_autofree char *problem = room.low ? room_problem(&room) : NULL;
        g_autofree char *text = g_strdup_printf(
            "%s%sthe %s's disk (%s) has %" G_GINT64_FORMAT " MiB free; reserve: %" G_GINT64_FORMAT " MiB",
            problem ? problem : "", problem ? "; " : "", room.subject, room.disk, room.free >> 20, room.reserve >> 20);
        doctor_add(findings, "room", room.low ? PROBE_BAD : PROBE_GOOD, text);
    }
}

/* Whether the ledger is the newest that is known (bad: A109), and its witness. No finding if there is no spool yet. */
static void probe_ledger(struct doctor_findings *findings, struct home *home)
{
    const char *witness = home->config->witness;
    struct ledger_fault fault = {0};
    struct gateway gateway;
    GError *error = NULL;

    if (!open_home(home, &gateway)) {
        if (unreadable(home) || g_error_matches(home->closed, SPOOL_ERROR, SPOOL_ERROR_MISSING))
            doctor_add(findings, "ledger", PROBE_BAD, home->closed->message);
    } else if (!ledger_check(&gateway, &fault, &error)) {
        doctor_add(findings, "ledger", PROBE_BAD, error->message);
    } else if (fault.kind != LEDGER_SOUND) {
        doctor_add(findings, "ledger", PROBE_BAD, fault.text);
    } else {
        bool there = g_file_test(witness, G_FILE_TEST_EXISTS);
        g_autofree char *text = g_strdup_printf("nothing is known that is newer than the ledger; witness: %s%s",
                                                witness, there ? "" : ", which is missing: 'ecosgate run' makes it");
        doctor_add(findings, "ledger", there ? PROBE_GOOD : PROBE_NOTE, text);
    }
    ledger_fault_clear(&fault);
    gateway_close(&gateway);
    g_clear_error(&error);
}

/* How long it is until TCoS closes. No finding if the configuration does not say when. */
static void probe_closing(struct doctor_findings *findings, const struct config *config)
{
    int64_t closes = config->retry.tcos_closes, now = clock_now();
    g_autofree char *left = closing_left(closes, now);
    char date[INSTANT_TEXT_SIZE];

    if (closes == 0)
        return;
    instant_print(closes, date);
    g_autofree char *text =
        g_strdup_printf("TCoS closes at %s; time left: %s%s", date, left,
                        now < closes ? ""
                                     : "; no try is ordered, and instructions are rejected (C122); see "
                                       "tcos_closes");
    doctor_add(findings, "closing", now < closes ? PROBE_GOOD : PROBE_NOTE, text);
}

/* Without ecos_subject nobody tells the gateway which SubjectId is that of ECoS. */
static void probe_credentials(struct doctor_findings *findings, const struct config *config)
{
    if (config->ecos_subject == NULL) {
        doctor_add(findings, "credentials", PROBE_NOTE,
                   "ecos_subject is not set: if both sides name the TCoS credentials, a Device is MIGRATED all the "
                   "same, until the gateway knows them from others; set ecos_subject to the SubjectId of ECoS");
        return;
    }
    g_autofree char *text =
        g_strdup_printf("a SUCCESS or an EMC Y counts for the SubjectId %s only (ecos_subject)", config->ecos_subject);
    doctor_add(findings, "credentials", PROBE_GOOD, text);
}

/* Profiles that cannot be used. No finding while the configuration names none. */
static void probe_profiles(struct doctor_findings *findings, const struct config *config)
{
    if (config->profile_faults != NULL)
        doctor_add(findings, "profiles", PROBE_BAD, config->profile_faults);
    else if (config->profiles->len > 0)
        doctor_add(findings, "profiles", PROBE_GOOD, "all profiles of the configuration can be used");
}

/* Why no order can be carried out; NULL: orders can be. g_free. Only the gateway's user can find out what it may. */
static char *orders_fault(const struct config *config, const char *orders, const char *whose)
{
    g_autofree char *open = disk_open_to_all(orders);

    if (open != NULL)
        return g_strdup_printf("every order is refused: %s", open);
    if (!disk_is_own(config->spool) || faccessat(AT_FDCWD, orders, R_OK | W_OK | X_OK, AT_EACCESS) == 0)
        return NULL;
    return g_strdup_printf("the gateway's user may not read, write and enter the folder %s (%s): no pass begins, or an "
                           "order that was carried out stays in it; give that user these rights: chmod u+rwx %s",
                           orders, whose, orders);
}

/* Who may order, and whose files were refused. No finding if there is no spool yet. */
static void probe_orders(struct doctor_findings *findings, const struct config *config)
{
    g_autofree char *orders = g_build_filename(config->spool, "orders", NULL);
    g_autofree char *refused = g_build_filename(config->spool, "refused", NULL);
    g_auto(GStrv) names = disk_names(refused, NULL); /* NULL: no order was refused so far */
    bool kept = names != NULL && names[0] != NULL;
    struct stat st;

    if (stat(orders, &st) != 0)
        return;
    g_autofree char *whose = disk_whose(&st);
    g_autofree char *fault = orders_fault(config, orders, whose);
    g_autofree char *text =
        kept ? g_strdup_printf("files of refused orders in %s: %u; the log has the reason of each: look whose they "
                               "are, have the orders given again, and remove the files",
                               refused, g_strv_length(names))
             : g_strdup_printf("who may order: %s of %s", (st.st_mode & S_IWGRP) != 0 ? "user and group" : "the user",
                               whose);
    doctor_add(findings, "orders",
               fault != NULL ? PROBE_BAD
               : kept        ? PROBE_NOTE
                             : PROBE_GOOD,
               fault != NULL ? fault : text);
}

/* A file that is kept up to date for others: its finding, what it is, and the setting that names it. */
struct kept {
    const char *finding, *what, *one, *setting;
};

/* Its folder. No finding if the configuration names none. */
static void probe_kept(struct doctor_findings *findings, const struct kept *kept, const char *path)
{
    bool folder = path != NULL && g_file_test(path, G_FILE_TEST_IS_DIR);
    bool good = folder && faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0;

    if (path == NULL)
        return;
    g_autofree char *text =
        good ? g_strdup_printf("%s can be written in %s", kept->one, path)
             : g_strdup_printf("no %s can be written in %s: %s; make the folder, give the gateway's "
                               "user the right to write in it, or correct %s in the configuration",
                               kept->what, path, folder ? g_strerror(errno) : "it is no folder", kept->setting);
    doctor_add(findings, kept->finding, good ? PROBE_GOOD : PROBE_BAD, text);
}

static void probe_kept_files(struct doctor_findings *findings, const struct config *config)
{
    g_autofree char *metrics = config->metrics != NULL ? g_path_get_dirname(config->metrics) : NULL;

    probe_kept(findings, &(struct kept){"page", "page", "a page", "`folder` of [page]"}, config->page);
    probe_kept(findings, &(struct kept){"metrics", "metrics", "metrics", "`file` of [metrics]"}, metrics);
}

static void add_expiring(void *user, enum alarm_level level, int64_t until, const char *text)
{
    (void)until; /* the text has it */
    doctor_add(user, "certificates", level == ALARM_CRITICAL ? PROBE_BAD : PROBE_NOTE, text);
}

static void add_key_problem(void *user, const char *problem)
{
    g_autofree char *text = g_strdup_printf("no outgoing file can be signed with %s", problem);

    doctor_add(user, "signing", PROBE_BAD, text);
}

static void add_away(void *user, const char *why)
{
    g_autofree char *text = g_strdup_printf("the token does not answer, and files that are to be signed wait until it "
                                            "does: %s",
                                            why);

    doctor_add(user, "signing", PROBE_BAD, text);
}

/* The key that signs now. No finding if outgoing files are not signed and no party signs. */
static void probe_signatures(struct doctor_findings *findings, const struct config *config)
{
    g_autoptr(GError) cause = NULL;
    guint before;

    expiry_each(config, clock_now(), add_expiring, findings);
    if (config->signing[0].loaded == NULL)
        return;
    before = (guint)json_array_size(findings->rows);
    config_open_keys(config, add_key_problem, findings);
    config_each_away(config, add_away, findings);
    if (config_signing_key(config, clock_now(), &cause) == NULL)
        doctor_add(findings, "signing", PROBE_BAD, cause->message);
    else if (before == json_array_size(findings->rows))
        doctor_add(findings, "signing", PROBE_GOOD,
                   "outgoing files are signed, and each key is that of its certificate");
}

/* Whether signatures within files can be verified. No finding if no party has them there. */
static void probe_within(struct doctor_findings *findings, const struct identity *identity, struct cells *cells)
{
    g_autoptr(GError) error = NULL;
    bool wanted = false;

    for (size_t i = 0; i < identity->n_parties; i++)
        wanted = wanted || (identity->parties[i].signature != SIGNATURE_OFF &&
                            identity->parties[i].signature_form == SIGNATURE_FORM_XMLDSIG);
    if (!wanted)
        return;
    bool good = signature_within_possible(cells_readings(cells), &error);
    doctor_add(findings, "signatures", good ? PROBE_GOOD : PROBE_BAD,
               good ? "signatures within files (signature_form=xmldsig) can be verified" : error->message);
}

/* What the processes that parse files have against a parser that runs foreign code. */
static void probe_cells(struct doctor_findings *findings, const struct config *config)
{
    g_autofree char *lacks = NULL, *text = NULL;
    g_autoptr(GError) error = NULL;
    struct cells *cells = cells_start(config->cells, &error);

    if (cells != NULL && error == NULL)
        (void)cells_probe(cells, &lacks, &error); /* the error tells */
    if (error != NULL)
        text = g_strdup(error->message);
    else if (cells == NULL)
        text = g_strdup("files are parsed in the process that has keys and ledger (cells=no); set cells=used or "
                        "cells=required");
    else if (lacks != NULL)
        text = g_strdup_printf("files are parsed in processes of their own, which lack %s: this kernel or build has "
                               "none",
                               lacks);
    else
        text = g_strdup("files are parsed in processes of their own, with all guards (seccomp, Landlock, limits)");
    doctor_add(findings, "cells",
               error != NULL                    ? PROBE_BAD
               : cells == NULL || lacks != NULL ? PROBE_NOTE
                                                : PROBE_GOOD,
               text);
    if (error == NULL)
        probe_within(findings, &config->identity, cells);
    cells_end(cells);
}

/* What concerns no drop. False: the gateway is unfit. */
static bool probe_gateway(const struct invocation *invocation, struct home *home)
{
    struct doctor_findings findings = {.rows = json_array()};

    probe_cells(&findings, home->config);
    probe_closing(&findings, home->config);
    probe_credentials(&findings, home->config);
    probe_profiles(&findings, home->config);
    probe_disks(&findings, home->config);
    probe_ledger(&findings, home);
    probe_signatures(&findings, home->config);
    probe_orders(&findings, home->config);
    probe_kept_files(&findings, home->config);
    doctor_print(invocation, &findings, "gateway");
    return !findings.unfit;
}

/* False: it is unfit. */
static bool probe_host(const struct invocation *invocation, const struct config *config)
{
    struct doctor_findings findings = {.rows = json_array()};

    host_probe(config, doctor_add, &findings);
    doctor_print(invocation, &findings, "host");
    return !findings.unfit;
}

int doctor_probe_all(const struct invocation *invocation, const struct config *config, const char *only)
{
    struct home home = {.config = config};
    bool fit = only != NULL || probe_host(invocation, config);

    if (only != NULL && config_drop(config, only) == NULL) {
        words_no_drop("doctor", config, only);
        return EXIT_REFUSED;
    }
    if (only == NULL)
        fit = probe_gateway(invocation, &home) && fit;
    for (guint i = 0; i < config->drops->len; i++) {
        const struct drop *drop = config->drops->pdata[i];
        if (only == NULL || strcmp(only, drop->name) == 0)
            fit = probe_drop(invocation, &home, drop) && fit;
    }
    g_clear_error(&home.closed);
    return fit ? EXIT_GOOD : EXIT_REFUSED;
}

int command_doctor(struct invocation *invocation)
{
    if (!command_arguments(invocation, NULL, 0, 1))
        return EXIT_UNABLE;
    g_autoptr(config_t) config = command_config(invocation);
    if (config == NULL)
        return EXIT_UNABLE;
    return doctor_probe_all(invocation, config, invocation->argc > 0 ? invocation->argv[0] : NULL);
}
