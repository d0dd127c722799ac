#include "gateway/config.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "formats/text.h"

#include <string.h>

G_DEFINE_QUARK(ecosgate - config - error, config_error)

/* One loading: the key file, where each key stands, and all faults so far. */
struct loading {
    const char *path;
    char *dir;
    GKeyFile *file;
    GHashTable *lines; /* "group\nkey" → line; "group\n" → line of the group */
    GHashTable *known; /* keys that something asked for */
    GString *faults;
};

static char *place_key(const char *group, const char *key)
{
    return g_strconcat(group, "\n", key, NULL);
}

G_GNUC_PRINTF(3, 4)
static void fault_at(struct loading *l, int line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *shown = text_escape(text, strlen(text), 0);
    g_string_append_printf(l->faults, "%s%s:%d: %s", l->faults->len ? "\n" : "", l->path, line, shown);
}

static int line_of(const struct loading *l, const char *group, const char *key)
{
    g_autofree char *place = place_key(group, key);
    gpointer line = g_hash_table_lookup(l->lines, place);
    g_autofree char *head = place_key(group, "");

    return GPOINTER_TO_INT(line ? line : g_hash_table_lookup(l->lines, head));
}

static void fault(struct loading *l, const char *group, const char *key, const char *expected)
{
    fault_at(l, line_of(l, group, key), "[%s] %s: expected %s", group, key, expected);
}

static void note_line(struct loading *l, const char *group, const char *key, int line)
{
    char *place = place_key(group, key);

    if (g_hash_table_contains(l->lines, place))
        fault_at(l, line, *key ? "[%s] %s stands twice" : "[%s]%s stands twice", group, key);
    g_hash_table_insert(l->lines, place, GINT_TO_POINTER(line));
}

static bool is_group_name(const char *name)
{
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == '[' || *p == ']' || g_ascii_iscntrl(*p))
            return false;
    }
    return *name != '\0';
}

/* GKeyFile would pass over what looks like a translation ("org[de]"). */
static bool is_key_name(const char *name)
{
    return *name != '\0' && strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-") == strlen(name);
}

/* GKeyFile neither tells lines nor minds repeated keys: this does. */
static void scan_lines(struct loading *l, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *group = g_strdup("");

    for (int i = 0; lines[i] != NULL; i++) {
        char *line = g_strstrip(lines[i]);
        char *sign = strchr(line, '=');
        size_t len = strlen(line);

        if (len == 0 || line[0] == '#')
            continue;
        if (line[0] == '[' && line[len - 1] == ']') {
            g_free(group);
            group = g_strndup(line + 1, len - 2);
            if (is_group_name(group))
                note_line(l, group, "", i + 1);
            else
                fault_at(l, i + 1, "[%s]: expected a group's name without brackets and control characters", group);
        } else if (sign == NULL || sign == line || *group == '\0') {
            fault_at(l, i + 1, "expected [group], key=value or # comment");
        } else {
            *sign = '\0';
            if (is_key_name(g_strstrip(line)))
                note_line(l, group, line, i + 1);
            else
                fault_at(l, i + 1, "[%s] %s: expected a setting's name of letters, digits, '_' and '-'", group, line);
        }
    }
}

/* NULL, with a fault where it is required, when the key is not there or empty. */
static char *text_value(struct loading *l, const char *group, const char *key, const char *fallback)
{
    g_autoptr(GError) error = NULL;
    char *value = g_key_file_get_string(l->file, group, key, &error);

    g_hash_table_add(l->known, place_key(group, key));
    /* GKeyFile hands out what it made of a wrong escape as well. */
    if (g_error_matches(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE))
        fault(l, group, key, "a value in which s, n, t, r or another backslash follows each backslash");
    if (value != NULL && *g_strstrip(value) != '\0')
        return value;
    g_free(value);
    if (fallback == NULL)
        fault(l, group, key, "a value; it is missing");
    return g_strdup(fallback ? fallback : "");
}

static char *path_value(struct loading *l, const char *group, const char *key, const char *fallback)
{
    g_autofree char *value = text_value(l, group, key, fallback);

    return g_canonicalize_filename(value, l->dir);
}

static int64_t number_value(struct loading *l, const char *group, const char *key, int64_t fallback, int64_t min,
                            int64_t max)
{
    g_autofree char *value = text_value(l, group, key, "");
    gint64 number;

    if (*value == '\0')
        return fallback;
    if (g_ascii_string_to_signed(value, 10, min, max, &number, NULL))
        return number;
    g_autofree char *expected =
        g_strdup_printf("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
    fault(l, group, key, expected);
    return fallback;
}

/* Index of the value in choices; the first one is the default. */
static size_t choice_value(struct loading *l, const char *group, const char *key, const char *const *choices)
{
    g_autofree char *value = text_value(l, group, key, choices[0]);

    for (size_t i = 0; choices[i] != NULL; i++) {
        if (strcmp(value, choices[i]) == 0)
            return i;
    }
    g_autofree char *list = g_strjoinv(", ", (char **)choices);
    g_autofree char *expected = g_strdup_printf("one of %s", list);
    fault(l, group, key, expected);
    return 0;
}

static char **list_value(struct loading *l, const char *group, const char *key, const char *fallback)
{
    g_autofree char *value = text_value(l, group, key, fallback);
    char **list = g_strsplit(value, ";", -1);
    size_t kept = 0;

    for (size_t i = 0; list[i] != NULL; i++) {
        if (*g_strstrip(list[i]) != '\0')
            list[kept++] = list[i];
        else
            g_free(list[i]);
    }
    list[kept] = NULL;
    return list;
}

static uint64_t eui64_value(struct loading *l, const char *group)
{
    g_autofree char *value = text_value(l, group, "eui64", NULL);
    uint64_t id = 0;

    if (*value != '\0' && !eui64_parse(value, strlen(value), &id))
        fault(l, group, "eui64", "an EUI-64 of eight hex pairs joined by '-'");
    return id;
}

static bool is_org(const char *org)
{
    size_t len = strlen(org);

    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isupper(org[i]) && !g_ascii_isdigit(org[i]))
            return false;
    }
    return len >= 2 && len <= 8;
}

/* Minutes joined by ';', each used once. */
static void load_delays(struct loading *l, struct retry_rules *retry, const char *g)
{
    g_auto(GStrv) minutes = list_value(l, g, "retry_delays", "5;5;10;20;40;80;160;320");
    guint n = g_strv_length(minutes);
    gint64 number;

    retry->n_delays = 0;
    for (guint i = 0; i < n && n <= RETRY_MAX_DELAYS; i++) {
        if (!g_ascii_string_to_signed(minutes[i], 10, 1, 43200, &number, NULL))
            break;
        retry->delays[retry->n_delays++] = 60 * number;
    }
    if (retry->n_delays != n)
        fault(l, g, "retry_delays", "1 to 32 whole numbers of minutes joined by ';', each from 1 to 43200");
}

/* A point in time, 0 where none is given. */
static int64_t instant_value(struct loading *l, const char *group, const char *key)
{
    g_autofree char *value = text_value(l, group, key, "");
    int64_t at = 0;

    if (*value != '\0' && !instant_parse(value, strlen(value), &at))
        fault(l, group, key, "a time such as 2023-07-03T06:00:00Z");
    return at;
}

/* "HH-HH", hours of the day: [from, until), over midnight where from is the later one. */
static void load_hours(struct loading *l, struct config *c, const char *g)
{
    g_autofree char *value = text_value(l, g, "dispatch_hours", "00-24");
    g_auto(GStrv) hours = g_strsplit(value, "-", -1);
    gint64 from = 0, until = 24;

    if (g_strv_length(hours) != 2 || strlen(hours[0]) != 2 || strlen(hours[1]) != 2 ||
        !g_ascii_string_to_signed(hours[0], 10, 0, 23, &from, NULL) ||
        !g_ascii_string_to_signed(hours[1], 10, 0, 24, &until, NULL) || from == until)
        fault(l, g, "dispatch_hours", "two different hours of the day as HH-HH, such as 00-24 or 22-06");
    c->dispatch_from = 3600 * from;
    c->dispatch_until = 3600 * until;
}

static void load_retry(struct loading *l, struct config *c, const char *g)
{
    retry_rules_init(&c->retry);
    load_delays(l, &c->retry, g);
    c->retry.session_length = 3600 * number_value(l, g, "session_length", 24, 1, 720);
    c->retry.next_session = 86400 * number_value(l, g, "next_session", 30, 0, 3650);
    c->retry.confirmation_wait = 3600 * number_value(l, g, "confirmation_wait", 24, 1, 8760);
    c->max_sessions = number_value(l, g, "max_sessions", 5, 1, 1000);
    c->model_failures = number_value(l, g, "model_failures", 10, 1, 1000000);
    load_hours(l, c, g);
}

static void load_gateway(struct loading *l, struct config *c)
{
    static const char *const environments[] = {"TEST", "LIVE", NULL};
    static const char *const digits[] = {"warn", "off", "reject", NULL};
    static const enum check_digits digits_of[] = {CHECK_DIGITS_WARN, CHECK_DIGITS_OFF, CHECK_DIGITS_REJECT};
    static const char *const forms[] = {"csv", "xml", NULL};
    static const char *const inventory[] = {"auto", "required", NULL};
    const char *g = "gateway";

    c->org = text_value(l, g, "org", NULL);
    if (*c->org != '\0' && !is_org(c->org))
        fault(l, g, "org", "2 to 8 upper-case letters and digits");
    c->eui64 = eui64_value(l, g);
    c->environment = g_strdup(environments[choice_value(l, g, "environment", environments)]);
    c->spool = path_value(l, g, "spool", "spool");
    c->ledger = path_value(l, g, "ledger", "spool/ledger.sqlite");
    c->device_types = list_value(l, g, "device_types", "ESME;GSME;GPF");
    c->check_digits = digits_of[choice_value(l, g, "mpxn_check_digits", digits)];
    c->max_devices = number_value(l, g, "max_devices", 1000000, 1, 16000000);
    c->max_bytes = number_value(l, g, "max_bytes", (int64_t)1 << 30, 1024, (int64_t)1 << 40);
    c->max_ratio = number_value(l, g, "max_ratio", 200, 1, 100000);
    c->future_tolerance = number_value(l, g, "future_tolerance", 300, 0, 86400);
    load_retry(l, c, g);
    c->work_order_party = text_value(l, g, "work_order_party", "TCSP");
    c->incident_party = text_value(l, g, "incident_party", "DCC");
    c->work_order_form = choice_value(l, g, "work_order_form", forms) ? FORM_XML : FORM_CSV;
    c->work_order_devices = number_value(l, g, "work_order_devices", 1000000, 1, 1000000);
    c->clock_leap = RULES_DAY * number_value(l, g, "clock_leap", 60, 0, 3650);
    c->report_grace = 60 * number_value(l, g, "report_grace", 60, 1, 43200);
    c->reports_from = instant_value(l, g, "reports_from");
    c->migration_end = instant_value(l, g, "migration_end");
    c->poll_interval = number_value(l, g, "poll_interval", 30, 1, 86400);
    c->reserve = number_value(l, g, "reserve", 64, 0, 1 << 30) << 20;
    c->inventory_required = choice_value(l, g, "inventory", inventory) == 1;
    c->inventory_max_age = RULES_DAY * number_value(l, g, "inventory_max_age", 8, 1, 3650);
    c->cos_window = RULES_DAY * number_value(l, g, "cos_window", 7, 0, 3650);
    c->daily_limit = number_value(l, g, "daily_limit", 0, 0, 1000000000);
}

/* Codes that are not among these cannot be switched: without them there is no work order to write. */
static void load_review(struct loading *l, struct config *c)
{
    static const enum code codes[] = {C103, C104, C105, C106, C107, C108, C109, C111, C112, C114, C115, C116};
    static const char *const modes[] = {"reject", "warn", "off", NULL};

    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
        c->review[codes[i]] = (enum review_mode)choice_value(l, "review", catalogue_entry(codes[i])->id, modes);
}

/* ---- drops behind an SFTP server ---- */

enum { MAX_SFTP_TEXT = 255 }; /* of host and user: more is no name, and libraries have stumbled over it */

static const char *const sftp_keys[] = {"host",  "port",    "user", "identity",  "passphrase_file", "known_hosts",
                                        "taken", "timeout", "kex",  "host_keys", "ciphers",         "macs"};

static char *optional_path(struct loading *l, const char *group, const char *key)
{
    g_autofree char *value = text_value(l, group, key, "");

    return *value == '\0' ? g_strdup("") : g_canonicalize_filename(value, l->dir);
}

/* A folder on the server: as it stands, but for slashes at its end. */
static char *remote_path(struct loading *l, const char *group, const char *key, const char *fallback)
{
    char *value = text_value(l, group, key, fallback);
    size_t len = strlen(value);

    while (len > 1 && value[len - 1] == '/')
        value[--len] = '\0';
    return value;
}

static char *word_value(struct loading *l, const char *group, const char *key, const char *what)
{
    char *value = text_value(l, group, key, NULL);
    bool bad = strlen(value) > MAX_SFTP_TEXT;

    for (const char *c = value; *c != '\0'; c++)
        bad = bad || g_ascii_isspace(*c) || g_ascii_iscntrl(*c) || *c == '@' || *c == '/' || *c == '[';
    if (bad)
        fault(l, group, key, what);
    return value;
}

static char *algorithms_value(struct loading *l, const char *group, const char *key)
{
    char *value = text_value(l, group, key, "");

    if (strspn(value, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "@.,_-") != strlen(value))
        fault(l, group, key, "names of algorithms joined by ',', without blanks");
    return value;
}

static void load_sftp(struct loading *l, struct drop *drop, const char *group)
{
    drop->in = remote_path(l, group, "in", NULL);
    drop->out = remote_path(l, group, "out", NULL);
    drop->taken = remote_path(l, group, "taken", "");
    drop->host = word_value(l, group, "host", "the name or address of a host, nothing before or after it");
    drop->port = (int)number_value(l, group, "port", 22, 1, 65535);
    drop->user =
        word_value(l, group, "user", "the name of a user of at most 255 bytes, without blanks, '@', '/' and '['");
    drop->identity = optional_path(l, group, "identity");
    drop->passphrase_file = optional_path(l, group, "passphrase_file");
    drop->known_hosts = path_value(l, group, "known_hosts", NULL);
    drop->timeout = number_value(l, group, "timeout", 20, 1, 3600);
    drop->kex = algorithms_value(l, group, "kex");
    drop->host_keys = algorithms_value(l, group, "host_keys");
    drop->ciphers = algorithms_value(l, group, "ciphers");
    drop->macs = algorithms_value(l, group, "macs");
    if (*drop->taken != '\0' && (strcmp(drop->taken, drop->in) == 0 || strcmp(drop->taken, drop->out) == 0))
        fault(l, group, "taken", "a folder of its own, not the one of in= or out=");
    if (*drop->passphrase_file != '\0' && *drop->identity == '\0')
        fault(l, group, "passphrase_file", "identity= beside it: ssh-agent needs no passphrase");
}

static void load_local(struct loading *l, struct drop *drop, const char *group)
{
    drop->in = path_value(l, group, "in", NULL);
    drop->out = path_value(l, group, "out", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(sftp_keys); i++) {
        g_hash_table_add(l->known, place_key(group, sftp_keys[i]));
        if (g_key_file_has_key(l->file, group, sftp_keys[i], NULL))
            fault(l, group, sftp_keys[i], "transport=sftp beside it: a local drop has no such setting");
    }
}

static void load_drop(struct loading *l, struct config *c, const char *group)
{
    static const char *const transports[] = {"local", "sftp", NULL};
    static const char *const rules[] = {"closed", "stable", "marker", "at-once", NULL};
    struct drop *drop = g_new0(struct drop, 1);

    drop->name = g_strdup(group + strlen("drop "));
    if (*drop->name == '\0')
        fault_at(l, line_of(l, group, ""), "[%s]: expected the drop's name", group);
    drop->transport = (enum transport_kind)choice_value(l, group, "transport", transports);
    if (drop->transport == TRANSPORT_SFTP)
        load_sftp(l, drop, group);
    else
        load_local(l, drop, group);
    /* Nobody can ask a server who has a file open: its drops begin one rule later. */
    size_t first = drop->transport == TRANSPORT_SFTP ? COMPLETE_STABLE : COMPLETE_CLOSED;
    drop->complete = (enum completeness)(first + choice_value(l, group, "complete", rules + first));
    drop->stable_seconds = number_value(l, group, "stable_seconds", 10, 0, 86400);
    g_ptr_array_add(c->drops, drop);
}

static void load_party(struct loading *l, struct config *c, const char *group)
{
    struct party party = {.org = g_strdup(group + strlen("party "))};

    if (!is_org(party.org))
        fault_at(l, line_of(l, group, ""), "[%s]: expected 2 to 8 upper-case letters and digits as its code", group);
    party.eui64 = eui64_value(l, group);
    party.types = (const char *const *)list_value(l, group, "types", "");
    party.drop = text_value(l, group, "drop", NULL);
    for (size_t i = 0; party.types[i] != NULL; i++) {
        const struct file_type *type = layout_find(party.types[i], strlen(party.types[i]));
        if (type == NULL || !type->inbound)
            fault(l, group, "types", "inbound file types joined by ';' (EMI, EMT, EMC, INV, COS, NMM, PTY)");
    }
    g_array_append_val(c->parties, party);
}

static void load_groups(struct loading *l, struct config *c)
{
    g_auto(GStrv) groups = g_key_file_get_groups(l->file, NULL);

    if (!g_key_file_has_group(l->file, "gateway"))
        fault_at(l, 1, "expected a group [gateway]");
    for (size_t i = 0; groups[i] != NULL; i++) {
        if (strcmp(groups[i], "gateway") == 0)
            load_gateway(l, c);
        else if (strcmp(groups[i], "review") == 0)
            load_review(l, c);
        else if (g_str_has_prefix(groups[i], "drop "))
            load_drop(l, c, groups[i]);
        else if (g_str_has_prefix(groups[i], "party "))
            load_party(l, c, groups[i]);
        else
            fault_at(l, line_of(l, groups[i], ""), "[%s]: expected [gateway], [review], [drop NAME] or [party ORG]",
                     groups[i]);
    }
}

static void check_unknown_keys(struct loading *l)
{
    g_auto(GStrv) groups = g_key_file_get_groups(l->file, NULL);

    for (size_t g = 0; groups[g] != NULL; g++) {
        g_auto(GStrv) keys = g_key_file_get_keys(l->file, groups[g], NULL, NULL);
        for (size_t k = 0; keys != NULL && keys[k] != NULL; k++) {
            g_autofree char *place = place_key(groups[g], keys[k]);
            if (!g_hash_table_contains(l->known, place))
                fault_at(l, line_of(l, groups[g], keys[k]), "[%s] %s: there is no such setting", groups[g], keys[k]);
        }
    }
}

static void check_references(struct loading *l, struct config *c)
{
    for (guint i = 0; i < c->parties->len; i++) {
        const struct party *party = &g_array_index(c->parties, struct party, i);
        g_autofree char *group = g_strconcat("party ", party->org, NULL);
        if (config_drop(c, party->drop) == NULL)
            fault(l, group, "drop", "the name of a [drop …] of this file");
    }
    if (c->work_order_party != NULL && rules_party(&c->identity, c->work_order_party) == NULL)
        fault(l, "gateway", "work_order_party", "the code of a [party …] of this file");
}

static const char **names_of(const GPtrArray *drops)
{
    const char **names = g_new0(const char *, drops->len + 1);

    for (guint i = 0; i < drops->len; i++)
        names[i] = ((const struct drop *)drops->pdata[i])->name;
    return names;
}

/* GKeyFile would stop at a NUL, and not say so. */
static void check_text(struct loading *l, const char *text, size_t len)
{
    size_t valid = text_valid_prefix(text, len);
    int line = 1;

    for (size_t i = 0; i < valid; i++)
        line += text[i] == '\n';
    if (valid < len)
        fault_at(l, line, "expected UTF-8 text without NUL");
}

static struct config *load(struct loading *l, const char *text, size_t len, GError **error)
{
    g_autoptr(config_t) c = g_new0(struct config, 1);

    c->path = g_strdup(l->path);
    c->drops = g_ptr_array_new();
    c->parties = g_array_new(FALSE, FALSE, sizeof(struct party));
    check_text(l, text, len);
    if (l->faults->len == 0)
        scan_lines(l, text);
    if (l->faults->len == 0 && !g_key_file_load_from_data(l->file, text, len, G_KEY_FILE_NONE, error))
        return NULL;
    if (l->faults->len == 0) {
        load_groups(l, c);
        check_unknown_keys(l);
        c->identity = (struct identity){c->org, c->eui64, c->environment,
                                        (const struct party *)(void *)c->parties->data, c->parties->len};
        c->drop_names = names_of(c->drops);
        check_references(l, c);
    }
    if (l->faults->len > 0) {
        g_set_error_literal(error, CONFIG_ERROR, 0, l->faults->str);
        return NULL;
    }
    return g_steal_pointer(&c);
}

struct config *config_load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    g_autoptr(GError) fault = NULL;
    struct loading l = {.path = path};
    struct config *config;
    gsize len;

    if (!g_file_get_contents(path, &text, &len, &fault)) {
        g_set_error(error, CONFIG_ERROR, 0,
                    "configuration: %s; name another one with -c, or make a home with `ecosgate init`", fault->message);
        return NULL;
    }
    l.dir = g_path_get_dirname(absolute);
    l.file = g_key_file_new();
    l.lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    l.known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    l.faults = g_string_new(NULL);
    config = load(&l, text, len, error);
    g_free(l.dir);
    g_key_file_free(l.file);
    g_hash_table_unref(l.lines);
    g_hash_table_unref(l.known);
    g_string_free(l.faults, TRUE);
    return config;
}

static void free_drop(struct drop *drop)
{
    char *const texts[] = {drop->name,
                           drop->in,
                           drop->out,
                           drop->host,
                           drop->user,
                           drop->identity,
                           drop->passphrase_file,
                           drop->known_hosts,
                           drop->taken,
                           drop->kex,
                           drop->host_keys,
                           drop->ciphers,
                           drop->macs};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    g_free(drop);
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    for (guint i = 0; i < config->drops->len; i++) {
        free_drop(config->drops->pdata[i]);
    }
    for (guint i = 0; i < config->parties->len; i++) {
        struct party *party = &g_array_index(config->parties, struct party, i);
        g_free((char *)party->org);
        g_strfreev((char **)party->types);
        g_free((char *)party->drop);
    }
    g_free(config->drop_names);
    g_ptr_array_unref(config->drops);
    g_array_unref(config->parties);
    g_free(config->path);
    g_free(config->org);
    g_free(config->environment);
    g_free(config->spool);
    g_free(config->ledger);
    g_strfreev(config->device_types);
    g_free(config->work_order_party);
    g_free(config->incident_party);
    g_free(config);
}

const struct drop *config_drop(const struct config *config, const char *name)
{
    for (guint i = 0; i < config->drops->len; i++) {
        const struct drop *drop = config->drops->pdata[i];
        if (strcmp(drop->name, name) == 0)
            return drop;
    }
    return NULL;
}

const struct party *config_party_of_drop(const struct config *config, const char *drop)
{
    const struct party *found = NULL;

    for (size_t i = 0; i < config->identity.n_parties; i++) {
        if (strcmp(config->identity.parties[i].drop, drop) != 0)
            continue;
        if (found != NULL)
            return NULL;
        found = &config->identity.parties[i];
    }
    return found;
}

void config_rules(const struct config *config, int64_t now, struct rules *rules)
{
    rules_init(rules);
    rules->identity = &config->identity;
    rules->now = now;
    rules->future_tolerance = config->future_tolerance;
    rules->device_types = (const char *const *)config->device_types;
    rules->check_digits = config->check_digits;
    rules->drops = config->drop_names;
    rules->cos_window = config->cos_window;
    rules->daily_limit = config->daily_limit;
    memcpy(rules->review, config->review, sizeof rules->review);
    rules->max_devices = (uint32_t)config->max_devices;
    rules->retry = config->retry;
    rules->unpack = (struct unpack_limits){(uint64_t)config->max_bytes, (uint32_t)config->max_ratio};
}
