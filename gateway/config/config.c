/*
 * Loading the configuration as a whole, and what others ask of it. Loading has two stages: the text must be a key file
 * first, then every setting is read. Both gather problems, so that an operator gets all of a stage at once.
 */
#include "gateway/config/config_groups.h"

#include "gateway/config/config_expect.h"
#include "gateway/config/config_profiles.h"
#include "gateway/config/config_signature.h"
#include "gateway/drops/drop_folders.h"
#include "gateway/drops/transport.h"
#include "gateway/config/expectation.h"
#include "spool/disk.h"
#include "spool/ledger/ledger.h"
#include "validators/profile_choice.h"
#include "validators/rules/sender_rules.h"

#include <string.h>
#include <sys/stat.h>

G_DEFINE_QUARK(ecosgate - config - error, config_error)

/* Checks names by which one group refers to another. Only now are all groups known. */
static void check_references(struct config_loading *l, struct config *c)
{
    for (guint i = 0; i < c->parties->len; i++) {
        const struct party *party = &g_array_index(c->parties, struct party, i);
        g_autofree char *group = g_strconcat("party ", party->org, NULL);
        if (config_drop(c, party->drop) == NULL)
            config_problem(l, group, "drop", "the name of a [drop …] of this file");
    }
    if (c->work_order_party == NULL || rules_party(&c->identity, c->work_order_party) != NULL)
        return;
    g_autofree char *given = g_key_file_get_value(l->file, "gateway", "work_order_party", NULL);
    config_problem_at(l, config_line_of(l, "gateway", "work_order_party"),
                      "[gateway] work_order_party: expected the code of a [party …] of this file; found '%s'%s; add "
                      "[party %s]",
                      c->work_order_party, given == NULL || *given == '\0' ? ", the default" : "", c->work_order_party);
}

/* The names of all drops, for the rules: NULL-terminated; the names are borrowed. */
static const char **names_of(const GPtrArray *drops)
{
    const char **names = g_new0(const char *, drops->len + 1);

    for (guint i = 0; i < drops->len; i++)
        names[i] = ((const struct drop *)drops->pdata[i])->name;
    return names;
}

static struct config *load(struct config_loading *l, const char *text, size_t len, GError **error)
{
    g_autoptr(config_t) c = g_new0(struct config, 1);

    c->path = g_strdup(l->path);
    c->file = g_key_file_ref(l->file);
    c->lines = g_hash_table_ref(l->lines);
    c->drops = g_ptr_array_new();
    c->trusts = g_ptr_array_new_with_free_func((GDestroyNotify)signature_trust_free);
    c->parties = g_array_new(FALSE, FALSE, sizeof(struct party));
    c->expectations = g_ptr_array_new_with_free_func((GDestroyNotify)expectation_free);
    c->profiles = g_ptr_array_new_with_free_func((GDestroyNotify)profile_free);
    c->profile_lists = g_ptr_array_new_with_free_func(g_free);
    c->profile_folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    c->sender_thresholds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    c->report_profiles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!config_read_keys(l, text, len, error))
        return NULL;
    /* With a problem in the text, GKeyFile may have read other settings than the operator wrote: none is looked at. */
    if (l->problems->len == 0) {
        config_load_groups(l, c);
        config_check_keys(l);
        c->identity = (struct identity){c->org, c->eui64, c->environment,
                                        (const struct party *)(void *)c->parties->data, c->parties->len};
        c->drop_names = names_of(c->drops);
        check_references(l, c);
        config_mark_signed_drops(c);
        config_check_upload_names(l, c);
        config_check_expect(l, c);
    }
    if (l->faults->len > 0)
        c->profile_faults = config_problems_text(l, l->faults);
    if (l->problems->len > 0) {
        g_autofree char *problems = config_problems_text(l, l->problems);
        g_set_error_literal(error, CONFIG_ERROR, 0, problems);
        return NULL;
    }
    return g_steal_pointer(&c);
}

struct config *config_load(const char *path, GError **error)
{
    return config_load_for(path, path, error);
}

struct config *config_load_for(const char *path, const char *place, GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *absolute = g_canonicalize_filename(place, NULL);
    g_autoptr(GError) cause = NULL;
    struct config_loading l = {.path = path};
    struct config *config;
    gsize len;

    if (!disk_may_read(path, error))
        return NULL;
    if (!g_file_get_contents(path, &text, &len, &cause)) {
        g_set_error(error, CONFIG_ERROR, 0,
                    "configuration: %s; name another file with -c, or make a home with 'ecosgate init DIR'",
                    cause->message);
        return NULL;
    }
    l.dir = g_path_get_dirname(absolute);
    l.file = g_key_file_new();
    l.lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    l.known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    l.problems = g_ptr_array_new_with_free_func(config_problem_free);
    l.faults = g_ptr_array_new_with_free_func(config_problem_free);
    config = load(&l, text, len, error);
    g_free(l.dir);
    g_key_file_unref(l.file);
    g_hash_table_unref(l.lines);
    g_hash_table_unref(l.known);
    g_ptr_array_unref(l.problems);
    g_ptr_array_unref(l.faults);
    return config;
}

/* A page in a drop's `in` would come back as a file of a sender; the same of metrics. setting: for the message. g_free;
 * NULL: it does not. */
static char *kept_problem(const struct config *config, const char *setting, const char *folder, const char *what)
{
    struct stat kept, in;

    for (guint d = 0; folder != NULL && d < config->drops->len; d++) {
        const struct drop *drop = config->drops->pdata[d];
        if (drop->transport->local_folders && stat(folder, &kept) == 0 && stat(drop->in, &in) == 0 &&
            kept.st_dev == in.st_dev && kept.st_ino == in.st_ino)
            return g_strdup_printf("%s: %s is also `in` of [drop %s]: the %s would be picked up; choose another folder",
                                   setting, folder, drop->name, what);
    }
    return NULL;
}

bool config_check_folders(const struct config *config, GError **error)
{
    g_autofree char *folder = config->metrics != NULL ? g_path_get_dirname(config->metrics) : NULL;
    g_autofree char *of_drops = drop_folders_problems(config->drops, NULL);
    g_autofree char *of_page = kept_problem(config, "[page] folder", config->page, "page");
    g_autofree char *of_metrics = kept_problem(config, "[metrics] file", folder, "file");
    const char *problems = of_drops != NULL ? of_drops : of_page != NULL ? of_page : of_metrics;

    if (problems != NULL)
        g_set_error(error, CONFIG_ERROR, 0, "%s: %s", config->path, problems);
    return problems == NULL;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    for (guint i = 0; i < config->drops->len; i++)
        drop_free(config->drops->pdata[i]);
    for (guint i = 0; i < config->parties->len; i++) {
        struct party *party = &g_array_index(config->parties, struct party, i);
        g_free((char *)party->org);
        g_strfreev((char **)party->types);
        g_free((char *)party->drop);
        g_free((char *)party->stopped);
    }
    g_free(config->page);
    g_free(config->metrics);
    g_free(config->drop_names);
    g_ptr_array_unref(config->drops);
    g_array_unref(config->parties);
    g_ptr_array_unref(config->trusts);
    config_clear_signing(config);
    g_ptr_array_unref(config->expectations);
    g_ptr_array_unref(config->profiles);
    g_ptr_array_unref(config->profile_lists);
    g_hash_table_unref(config->profile_folders);
    g_hash_table_unref(config->report_profiles);
    g_hash_table_unref(config->sender_thresholds);
    g_free(config->reports_stopped);
    g_free(config->profile_faults);
    g_key_file_unref(config->file);
    g_hash_table_unref(config->lines);
    g_free(config->path);
    g_free(config->org);
    g_free(config->environment);
    g_free(config->spool);
    g_free(config->ledger);
    g_free(config->witness);
    g_strfreev(config->device_types);
    g_free(config->work_order_party);
    g_free(config->incident_party);
    g_free(config->ecos_subject);
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

const struct party *config_party_of_id(const struct config *config, uint64_t id)
{
    for (size_t i = 0; i < config->identity.n_parties; i++) {
        if (config->identity.parties[i].eui64 == id)
            return &config->identity.parties[i];
    }
    return NULL;
}

const struct profile *config_profile_to(const struct config *config, uint64_t id, int64_t at)
{
    const struct party *party = config_party_of_id(config, id);

    return party != NULL && party->writes != NULL ? profile_list_newest(party->writes, at) : profile_builtin();
}

const struct profile *config_profile_of_report(const struct config *config, const char *mpid, int64_t at)
{
    const struct profile *const *list = g_hash_table_lookup(config->report_profiles, mpid != NULL ? mpid : "");

    if (list == NULL)
        list = g_hash_table_lookup(config->report_profiles, "");
    return list != NULL ? profile_list_newest(list, at) : profile_builtin();
}

int64_t config_sequence_max(const struct party *party, const char *type, int64_t at)
{
    const struct profile *profile = party->reads != NULL ? profile_list_newest(party->reads, at) : profile_builtin();
    uint32_t most = filename_type_sequence_max(profile, profile_type(profile, type, strlen(type)));

    return most != 0 ? most : LEDGER_SEQUENCE_MAX;
}

bool config_parse_name(const struct config *config, const struct config_arrival *arrival, const char *name, size_t len,
                       struct filename *parsed)
{
    const struct profile_choice choice = {
        .identity = &config->identity, .drop = arrival->drop, .at = arrival->at, .again = arrival->again};
    const struct profile *profile;

    bool good = profile_choose_by_name(&choice, name, len, parsed, &profile);

    if (good)
        sender_complete(&config->identity, arrival->drop, parsed);
    return good;
}

/* The name is one of that party's files, and says so. */
static bool is_name_of(const struct party *party, const struct config_arrival *arrival, const char *name, size_t len)
{
    const struct identity one = {.parties = party, .n_parties = 1};
    const struct profile_choice choice = {
        .identity = &one, .drop = arrival->drop, .at = arrival->at, .again = arrival->again};
    const struct profile *profile;
    struct filename parsed;

    return profile_choose_by_name(&choice, name, len, &parsed, &profile) && strcmp(parsed.org, party->org) == 0;
}

const struct party *config_stopped_sender(const struct config *config, const struct config_arrival *arrival,
                                          const char *name, size_t len)
{
    const struct party *stopped = NULL;

    for (size_t i = 0; i < config->identity.n_parties; i++) {
        const struct party *party = &config->identity.parties[i];
        if (strcmp(party->drop, arrival->drop) == 0 && party->stopped != NULL)
            stopped = party;
    }
    for (size_t i = 0; stopped != NULL && i < config->identity.n_parties; i++) {
        const struct party *party = &config->identity.parties[i];
        if (strcmp(party->drop, arrival->drop) == 0 && party->stopped == NULL && is_name_of(party, arrival, name, len))
            return NULL;
    }
    return stopped;
}

/* The code of an own name, and the first profile that gives it. */
static const char *own_code(const struct config *config, const char *name, const struct profile **profile,
                            uint32_t *sequence)
{
    const struct filename_own gateway = {.org = config->org, .eui64 = config->eui64};
    const char *code = filename_own_code(*profile = profile_builtin(), name, &gateway, sequence);

    for (guint i = 0; code == NULL && config->profiles != NULL && i < config->profiles->len; i++)
        code = filename_own_code(*profile = config->profiles->pdata[i], name, &gateway, sequence);
    return code;
}

bool config_is_own_name(const struct config *config, const char *name)
{
    const struct profile *profile;

    return own_code(config, name, &profile, NULL) != NULL;
}

const struct file_type *config_own_type(const struct config *config, const char *name, uint32_t *sequence)
{
    const struct profile *profile;
    const char *code = own_code(config, name, &profile, sequence);

    return code != NULL ? profile_type(profile, code, strlen(code)) : NULL;
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
    rules->gpf_supplier = config->gpf_supplier;
    rules->region = config->region;
    rules->sequence_gap_max = config->sequence_gap_max;
    rules->max_devices = (uint32_t)config->max_devices;
    rules->retry = config->retry;
    rules->ecos_subject = config->ecos_subject;
    rules->unpack = (struct unpack_limits){(uint64_t)config->max_bytes, (uint32_t)config->max_ratio};
}
