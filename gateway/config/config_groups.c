/*
 * The settings of each group: names, ranges and defaults. ecosgate.conf.5 describes each; tests/lint.sh compares the
 * two, and so each call of a config_…_value function stands on a line with the setting's name. The file uses the units
 * of people (minutes, hours, days, MiB); struct config holds seconds and bytes.
 */
#include "gateway/config/config_groups.h"

#include "gateway/config/config_expect.h"
#include "gateway/config/config_profiles.h"
#include "gateway/config/config_retention.h"
#include "gateway/config/config_signature.h"
#include "gateway/config/config_thresholds.h"

#include "formats/eui64.h"
#include "formats/name/filename.h"
#include "formats/profile.h"
#include "gateway/drops/transport.h"

#include <grp.h>
#include <string.h>

enum { UPLOAD_NAME_MAX = 64 }; /* bytes; the names of files are shorter than 128, and a folder takes 255 */

/* A short code, as it stands in the names of files. */
static bool is_org(const char *org)
{
    size_t len = strlen(org);

    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isupper(org[i]) && !g_ascii_isdigit(org[i]))
            return false;
    }
    return len >= 2 && len <= 8;
}

/* ---- [gateway], [review] ---- */

/* Minutes joined by ';', each used for one try. */
static void load_delays(struct config_loading *l, struct retry_rules *retry, const char *g)
{
    g_auto(GStrv) minutes = config_list_value(l, g, "retry_delays", "5;5;10;20;40;80;160;320");
    guint n = g_strv_length(minutes);
    gint64 number;

    retry->n_delays = 0;
    for (guint i = 0; i < n && n <= RETRY_MAX_DELAYS; i++) {
        if (!g_ascii_string_to_signed(minutes[i], 10, 1, 43200, &number, NULL))
            break;
        retry->delays[retry->n_delays++] = 60 * number;
    }
    if (retry->n_delays != n)
        config_problem(l, g, "retry_delays", "1 to 32 whole numbers of minutes joined by ';', each from 1 to 43200");
}

/* "HH-HH", hours of the day, UTC: [from, until), over midnight if from is the later one. */
static void load_hours(struct config_loading *l, struct config *c, const char *g)
{
    g_autofree char *value = config_text_value(l, g, "dispatch_hours", "00-24");
    g_auto(GStrv) hours = g_strsplit(value, "-", -1);
    gint64 from = 0, until = 24;

    if (g_strv_length(hours) != 2 || strlen(hours[0]) != 2 || strlen(hours[1]) != 2 ||
        !g_ascii_string_to_signed(hours[0], 10, 0, 23, &from, NULL) ||
        !g_ascii_string_to_signed(hours[1], 10, 0, 24, &until, NULL) || from == until)
        config_problem(l, g, "dispatch_hours", "two different hours of the day as HH-HH, such as 00-24 or 22-06");
    c->dispatch_from = 3600 * from;
    c->dispatch_until = 3600 * until;
}

/* NULL: it is not given. */
static char *ecos_subject_value(struct config_loading *l, const char *g)
{
    g_autofree char *value = config_text_value(l, g, "ecos_subject", "");
    uint64_t id;

    if (*value == '\0')
        return NULL;
    if (!eui64_parse(value, strlen(value), &id))
        config_problem(l, g, "ecos_subject", "an EUI-64 of eight hex pairs joined by '-'");
    return g_ascii_strup(value, -1);
}

static void load_retry(struct config_loading *l, struct config *c, const char *g)
{
    retry_rules_init(&c->retry);
    load_delays(l, &c->retry, g);
    c->retry.session_length = 3600 * config_number_value(l, g, "session_length", (struct config_range){24, 1, 720});
    c->retry.next_session = 86400 * config_number_value(l, g, "next_session", (struct config_range){30, 0, 3650});
    c->retry.confirmation_wait =
        3600 * config_number_value(l, g, "confirmation_wait", (struct config_range){24, 1, 8760});
    c->retry.tcos_closes = config_instant_value(l, g, "tcos_closes");
    c->ecos_subject = ecos_subject_value(l, g);
    c->inventory_lag = 3600 * config_number_value(l, g, "inventory_lag", (struct config_range){48, 0, 8760});
    c->outcome_wait = 3600 * config_number_value(l, g, "outcome_wait", (struct config_range){168, 1, 8760});
    c->max_sessions = config_number_value(l, g, "max_sessions", (struct config_range){5, 1, 1000});
    c->model_failures = config_number_value(l, g, "model_failures", (struct config_range){10, 1, 1000000});
    load_hours(l, c, g);
}

/* The default lies outside the spool and, unlike a name beside the configuration, belongs to one spool. */
static void load_witness(struct config_loading *l, struct config *c, const char *g)
{
    g_autofree char *beside = g_strconcat(c->spool, ".witness", NULL);
    g_autofree char *given = config_text_value(l, g, "witness", "");

    c->witness_given = *given != '\0';
    c->witness = config_path_value(l, g, "witness", beside);
    if (g_str_has_prefix(c->witness, c->spool) && c->witness[strlen(c->spool)] == G_DIR_SEPARATOR)
        config_problem(l, g, "witness", "a file outside the spool, so that a restored spool does not bring it back");
}

static void load_reports(struct config_loading *l, struct config *c, const char *g)
{
    c->report_grace = 60 * config_number_value(l, g, "report_grace", (struct config_range){60, 1, 43200});
    c->reports_from = config_instant_value(l, g, "reports_from");
    c->migration_end = config_instant_value(l, g, "migration_end");
    c->stranded_weeks = config_number_value(l, g, "stranded_weeks", (struct config_range){13, 1, 520});
}

static void load_gateway(struct config_loading *l, struct config *c)
{
    static const char *const environments[] = {"TEST", "LIVE", NULL};
    static const char *const digits[] = {"warn", "off", "reject", NULL};
    static const enum check_digits digits_of[] = {CHECK_DIGITS_WARN, CHECK_DIGITS_OFF, CHECK_DIGITS_REJECT};
    static const char *const forms[] = {"csv", "xml", NULL};
    static const char *const inventory[] = {"auto", "required", NULL};
    static const char *const cells[] = {"used", "required", "no", NULL}; /* as enum cells_mode */
    const char *g = "gateway";

    c->org = config_text_value(l, g, "org", NULL);
    if (*c->org != '\0' && !is_org(c->org))
        config_problem(l, g, "org", "2 to 8 upper-case letters and digits");
    c->eui64 = config_eui64_value(l, g);
    c->environment = g_strdup(environments[config_choice_value(l, g, "environment", environments)]);
    c->spool = config_path_value(l, g, "spool", "spool");
    c->ledger = config_path_value(l, g, "ledger", "spool/ledger.sqlite");
    load_witness(l, c, g);
    c->device_types = config_list_value(l, g, "device_types", "ESME;GSME;GPF");
    c->check_digits = digits_of[config_choice_value(l, g, "mpxn_check_digits", digits)];
    c->max_devices = config_number_value(l, g, "max_devices", (struct config_range){1000000, 1, 16000000});
    c->max_bytes =
        config_number_value(l, g, "max_bytes", (struct config_range){(int64_t)1 << 30, 1024, (int64_t)1 << 40});
    c->max_ratio = config_number_value(l, g, "max_ratio", (struct config_range){200, 1, 100000});
    c->future_tolerance = config_number_value(l, g, "future_tolerance", (struct config_range){300, 0, 86400});
    c->sequence_gap_max = config_number_value(l, g, "sequence_gap_max", (struct config_range){1000, 0, 499998});
    c->missing_number_after =
        3600 * config_number_value(l, g, "missing_number_after", (struct config_range){0, 0, 8760});
    load_retry(l, c, g);
    c->work_order_party = config_text_value(l, g, "work_order_party", "TCSP");
    c->incident_party = config_text_value(l, g, "incident_party", "DCC");
    c->work_order_form = config_choice_value(l, g, "work_order_form", forms) ? FORM_XML : FORM_CSV;
    c->work_order_devices = config_number_value(l, g, "work_order_devices", (struct config_range){1000000, 1, 1000000});
    /* In a home for trials replays are normal, and they go on months later. */
    int64_t leap = strcmp(c->environment, "LIVE") == 0 ? 7 : 366;
    c->clock_leap = RULES_DAY * config_number_value(l, g, "clock_leap", (struct config_range){leap, 0, 3650});
    load_reports(l, c, g);
    c->poll_interval = config_number_value(l, g, "poll_interval", (struct config_range){30, 1, 86400});
    c->reserve = config_number_value(l, g, "reserve", (struct config_range){64, 0, 1 << 30}) << 20;
    c->shrink_limit = config_number_value(l, g, "shrink_limit", (struct config_range){20, 0, 100});
    c->reference_wait = config_number_value(l, g, "reference_wait", (struct config_range){60, 0, 86400});
    c->inventory_required = config_choice_value(l, g, "inventory", inventory) == 1;
    c->inventory_max_age =
        RULES_DAY * config_number_value(l, g, "inventory_max_age", (struct config_range){8, 1, 3650});
    c->cos_window = RULES_DAY * config_number_value(l, g, "cos_window", (struct config_range){7, 0, 3650});
    c->daily_limit = config_number_value(l, g, "daily_limit", (struct config_range){0, 0, 1000000000});
    c->cells = (enum cells_mode)config_choice_value(l, g, "cells", cells);
    config_load_signing(l, c);
}

/* Read if it is missing, too. */
static void load_health(struct config_loading *l, struct config *c)
{
    const char *g = "health";

    c->health.max_age = config_number_value(l, g, "max_age", (struct config_range){600, 1, 31536000});
    c->health.drop_down = 60 * config_number_value(l, g, "drop_down", (struct config_range){30, 1, 525600});
    c->health.disk_days = config_number_value(l, g, "disk_days", (struct config_range){7, 0, 3650});
}

/* Read if it is missing, too. */
static void load_log(struct config_loading *l, struct config *c)
{
    const char *g = "log";
    /* config_choice_value takes the first one where nothing is given. */
    static const char *const levels[] = {"info", "error", "warning", "notice", "debug", NULL};

    c->log.format = (enum log_format)config_choice_value(l, g, "format", log_format_names);
    size_t level = config_choice_value(l, g, "level", levels);
    c->log.level = level == 0   ? LOG_LEVEL_INFO
                   : level == 4 ? LOG_LEVEL_DEBUG
                                : (enum log_level)(LOG_LEVEL_ERROR + (int)level - 1);
}

/* Also without the group: there is no page then. */
static void load_page(struct config_loading *l, struct config *c)
{
    const char *g = "page";
    g_autofree char *given = config_text_value(l, g, "folder", "");

    c->page = *given != '\0' ? config_path_value(l, g, "folder", "") : NULL;
}

/* node_exporter reads files whose names end so. */
#define METRICS_SUFFIX ".prom"

/* Also without the group: no file is written then. */
static void load_metrics(struct config_loading *l, struct config *c)
{
    const char *g = "metrics";
    g_autofree char *given = config_text_value(l, g, "file", "");

    c->metrics = *given != '\0' ? config_path_value(l, g, "file", "") : NULL;
    c->metrics_interval = config_number_value(l, g, "interval", (struct config_range){15, 1, 3600});
    if (c->metrics != NULL && !g_str_has_suffix(c->metrics, METRICS_SUFFIX))
        config_problem(l, g, "file", "a file whose name ends in " METRICS_SUFFIX ": node_exporter reads no other");
}

/* reject, warn or off. */
static enum review_mode mode_value(struct config_loading *l, const char *key, enum review_mode fallback)
{
    static const char *const names[] = {[REVIEW_REJECT] = "reject", [REVIEW_WARN] = "warn", [REVIEW_OFF] = "off"};
    const size_t n = G_N_ELEMENTS(names);
    const char *choices[] = {names[fallback], names[(fallback + 1) % n], names[(fallback + 2) % n], NULL};

    return (enum review_mode)((fallback + config_choice_value(l, "review", key, choices)) % n);
}

/* Other codes cannot be switched off: without them no work order could be written, or a Device would be in two. */
static void load_review(struct config_loading *l, struct config *c)
{
    static const enum code codes[] = {C103, C104, C105, C106, C107, C108, C109, C111, C112, C114, C115, C116};

    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
        c->review[codes[i]] = mode_value(l, catalogue_entry(codes[i])->id, REVIEW_REJECT);
    c->review[C125] = mode_value(l, "C125", REVIEW_WARN);
    c->region = mode_value(l, "C125_REGION", REVIEW_OFF);
    c->gpf_supplier = mode_value(l, "C114_GPF", REVIEW_OFF);
}

/* ---- [drop …], [party …] ---- */

/* Settings of other transports get a problem of their own: "no such setting" would hide that transport= is missing. */
static void refuse_foreign_keys(struct config_loading *l, const char *group, const struct transport *transport)
{
    const struct transport *other;

    for (size_t i = 0; (other = transport_at(i)) != NULL; i++) {
        g_autofree char *expected =
            g_strdup_printf("transport=%s beside it: a %s drop has no such setting", other->name, transport->name);
        for (size_t k = 0; other->keys != NULL && other->keys[k] != NULL; k++) {
            if (transport->keys == NULL || !g_strv_contains(transport->keys, other->keys[k]))
                config_refuse_key(l, group, other->keys[k], expected);
        }
    }
}

/* The value of transport=. The choices are the names in the table of transports. */
static const struct transport *transport_value(struct config_loading *l, const char *group)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const struct transport *transport;

    for (size_t i = 0; (transport = transport_at(i)) != NULL; i++)
        g_ptr_array_add(names, (char *)transport->name);
    g_ptr_array_add(names, NULL);
    return transport_at(config_choice_value(l, group, "transport", (const char *const *)names->pdata));
}

/* Patterns of names that are no files yet. One that matches every name would make the drop deaf. */
static const char *const *temporary_value(struct config_loading *l, const char *g)
{
    g_autofree char *fallback = g_strjoinv(";", (char **)filename_temporary_patterns);
    char **patterns = config_list_value(l, g, "temporary", fallback);
    bool good = true;

    for (size_t i = 0; patterns[i] != NULL; i++)
        good = good && strchr(patterns[i], '/') == NULL && strspn(patterns[i], "*") != strlen(patterns[i]);
    if (!good)
        config_problem(l, g, "temporary",
                       "patterns of names joined by ';', such as .*;*.tmp, none of them with '/' or *");
    return (const char *const *)patterns;
}

/* The form of the names under which outgoing files are uploaded. Nobody may take such a file for one of its own, for a
 * packed one or for a marker. */
static char *upload_name_value(struct config_loading *l, const char *g)
{
    static const char sample[] = "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000001.csv";
    char *form = config_text_value(l, g, "upload_name", DROP_UPLOAD_NAME);
    const char *place = strstr(form, "NAME");
    struct filename parsed;
    bool good = place != NULL && strstr(place + 1, "NAME") == NULL && strlen(form) <= UPLOAD_NAME_MAX;

    for (const char *at = form; *at != '\0'; at++)
        good = good && g_ascii_isgraph(*at) && *at != '/';
    if (good) {
        g_autofree char *made = transport_temporary_name(form, sample);
        good = !g_str_has_suffix(made, DROP_MARKER) &&
               !filename_parse(profile_builtin(), made, strlen(made), &parsed, NULL, NULL);
    }
    if (!good)
        config_problem(l, g, "upload_name",
                       "a form of temporary names with NAME once, such as .NAME.part or NAME.tmp, without blanks and "
                       "'/', which no recipient takes for a file");
    return form;
}

/* Bits as chmod(1) takes them; 0: not set. Nobody else may change the gateway's files, and the gateway itself has to
 * read them again, to know them. */
static uint32_t rights_value(struct config_loading *l, const char *g, const char *key, const char *text, uint32_t least)
{
    uint64_t mode = g_ascii_strtoull(text, NULL, 8);

    if (*text == '\0')
        return 0;
    if (strspn(text, "01234567") == strlen(text) && strlen(text) <= 4 && mode <= 0777 && (mode & 02) == 0 &&
        (mode & least) == least)
        return (uint32_t)mode;
    g_autofree char *expected = g_strdup_printf("a mode in octal up to 0775, with the owner's %04o in it and without "
                                                "the right of others to write, such as %s",
                                                least, least == 0700 ? "0750 or 0770" : "0640 or 0660");
    config_problem(l, g, key, expected);
    return 0;
}

/* A server knows its groups by number alone. */
static void load_group(struct config_loading *l, const char *g, const char *text, struct drop *drop)
{
    bool local = drop->transport->local_folders;
    const struct group *group = local ? getgrnam(text) : NULL;
    uint64_t number = 0;

    if (*text == '\0')
        return;
    if (group == NULL && !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32 - 1, &number, NULL))
        config_problem(l, g, "group",
                       local ? "a group of this machine, by name or number" : "the number of a group on the server");
    drop->file_rights.has_group = drop->folder_rights.has_group = true;
    drop->file_rights.group = drop->folder_rights.group = group != NULL ? group->gr_gid : (uint32_t)number;
}

static void load_rights(struct config_loading *l, const char *g, struct drop *drop)
{
    g_autofree char *mode = config_text_value(l, g, "mode", "");
    g_autofree char *folder = config_text_value(l, g, "folder_mode", "");
    g_autofree char *group = config_text_value(l, g, "group", "");

    drop->file_rights.mode = rights_value(l, g, "mode", mode, 0400);
    drop->folder_rights.mode = rights_value(l, g, "folder_mode", folder, 0700);
    load_group(l, g, group, drop);
}

static void load_drop(struct config_loading *l, struct config *c, const char *group)
{
    static const char *const rules[] = {"closed", "stable", "marker", "at-once", NULL}; /* as enum completeness */
    static const char *const yes_no[] = {"yes", "no", NULL}, *const no_yes[] = {"no", "yes", NULL};
    static const char *const signs[] = {"after", "before", "no", NULL}; /* as enum drop_sign */
    struct drop *drop = g_new0(struct drop, 1);

    drop->name = g_strdup(group + strlen("drop "));
    if (*drop->name == '\0')
        config_problem_at(l, config_line_of(l, group, ""), "[%s]: expected the drop's name", group);
    drop->transport = transport_value(l, group);
    drop->transport->load(l, group, drop);
    refuse_foreign_keys(l, group, drop->transport);
    /* A transport that cannot tell who writes a file offers only the rules from first_rule on. */
    size_t first = drop->transport->first_rule;
    drop->complete = (enum completeness)(first + config_choice_value(l, group, "complete", rules + first));
    drop->stable_seconds = config_number_value(l, group, "stable_seconds", (struct config_range){10, 0, 86400});
    drop->temporary = temporary_value(l, group);
    drop->taken_within = 3600 * config_number_value(l, group, "taken_within", (struct config_range){0, 0, 8760});
    drop->claim = config_choice_value(l, group, "claim", yes_no) == 0;
    drop->sign = (enum drop_sign)config_choice_value(l, group, "sign", signs);
    drop->share = config_choice_value(l, group, "share", no_yes) == 1;
    drop->upload_name = upload_name_value(l, group);
    load_rights(l, group, drop);
    g_ptr_array_add(c->drops, drop);
}

static void load_party(struct config_loading *l, struct config *c, const char *group)
{
    struct party party = {.org = g_strdup(group + strlen("party "))};

    if (!is_org(party.org))
        config_problem_at(l, config_line_of(l, group, ""),
                          "[%s]: expected 2 to 8 upper-case letters and digits as its code", group);
    party.eui64 = config_eui64_value(l, group);
    party.types = (const char *const *)config_list_value(l, group, "types", "");
    party.drop = config_text_value(l, group, "drop", NULL);
    for (size_t i = 0; party.types[i] != NULL; i++) {
        const struct file_type *type = profile_type(profile_builtin(), party.types[i], strlen(party.types[i]));
        if (type != NULL && type->inbound)
            continue;
        g_autofree char *codes = profile_inbound_codes(profile_builtin(), ", ", ", ");
        g_autofree char *expected = g_strdup_printf("inbound file types joined by ';' (%s)", codes);
        config_problem(l, group, "types", expected);
    }
    config_load_party_profiles(l, c, group, &party);
    config_load_party_signature(l, c, group, &party);
    g_array_append_val(c->parties, party);
}

void config_load_groups(struct config_loading *l, struct config *c)
{
    g_auto(GStrv) groups = g_key_file_get_groups(l->file, NULL);

    if (!g_key_file_has_group(l->file, "gateway"))
        config_problem_at(l, 1, "expected a group [gateway]");
    load_review(l, c);
    load_health(l, c);
    load_log(l, c);
    load_page(l, c);
    load_metrics(l, c);
    config_load_retention(l, c);
    for (size_t i = 0; groups[i] != NULL; i++) {
        if (strcmp(groups[i], "gateway") == 0)
            load_gateway(l, c);
        else if (g_strv_contains((const char *const[]){"review", "health", "log", "page", "metrics", "retention",
                                                       "thresholds", NULL},
                                 groups[i]))
            continue; /* their defaults are no zeros, so they are read if they are missing, too */
        else if (g_str_has_prefix(groups[i], "drop "))
            load_drop(l, c, groups[i]);
        else if (g_str_has_prefix(groups[i], "party "))
            load_party(l, c, groups[i]);
        else if (strcmp(groups[i], "report") == 0 || g_str_has_prefix(groups[i], "report "))
            config_load_report_profiles(l, c, groups[i]);
        else if (g_str_has_prefix(groups[i], "expect "))
            config_load_expect(l, c, groups[i]);
        else
            config_problem_at(
                l, config_line_of(l, groups[i], ""),
                "[%s]: expected [gateway], [review], [health], [log], [page], [metrics], [retention], [thresholds], "
                "[drop NAME], [party ORG], [expect NAME], [report] or [report MPID]",
                groups[i]);
    }
    for (guint i = 0; i < c->drops->len; i++)
        ((struct drop *)c->drops->pdata[i])->guarded = c->cells == CELLS_REQUIRED;
    config_check_retention(l, c);
    config_load_thresholds(l, c);
}
