/*
 * Profiles are loaded while the configuration is read, so that a gateway which starts knows all of them, and a fault in
 * one is told like a fault of the configuration: with file and line.
 */
#include "gateway/config/config_profiles.h"

#include "formats/name/filename.h"
#include "formats/instant.h"
#include "formats/record_kinds.h"
#include "gateway/drops/transport.h"

#include <string.h>

char *config_profile_title(const struct profile *profile)
{
    return g_strdup_printf("%s-%s", profile->name, profile->version);
}

static bool same_title(const struct profile *a, const struct profile *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->version, b->version) == 0;
}

/* The setting that names a profile. */
struct naming {
    struct config_loading *l;
    const char *group, *key;
    const char *folder; /* as it stands in the setting */
    char *fault;        /* the first one: the list cannot be used; NULL: none. g_free */
};

G_GNUC_PRINTF(2, 3)
static void problem(struct naming *naming, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *whole = g_strdup_printf("[%s] %s: %s", naming->group, naming->key, text);
    config_fault_at(naming->l, config_line_of(naming->l, naming->group, naming->key), whole);
    if (naming->fault == NULL)
        naming->fault = g_steal_pointer(&text);
}

static void on_fault(void *user, const struct profile_fault *fault)
{
    struct naming *naming = user;

    if (fault->line > 0)
        problem(naming, "%s/%s:%u: %s", naming->folder, fault->file, fault->line, fault->text);
    else
        problem(naming, "%s/%s: %s", naming->folder, fault->file, fault->text);
}

/* ---- loading ---- */

/* Names stand for profiles in messages, so one name has one content. */
static bool has_own_title(struct naming *naming, const struct config *c, const struct profile *profile)
{
    const struct profile *other = same_title(profile, profile_builtin()) ? profile_builtin() : NULL;

    for (guint i = 0; other == NULL && i < c->profiles->len; i++)
        other = same_title(profile, c->profiles->pdata[i]) ? c->profiles->pdata[i] : NULL;
    if (other == NULL)
        return true;
    problem(naming,
            "%s calls itself %s-%s as %s does, whose files are others; give it another name or version in %s/%s",
            naming->folder, profile->name, profile->version,
            other == profile_builtin() ? "the built-in profile" : "another profile of this file", naming->folder,
            "profile.json");
    return false;
}

/* Another folder with the same bytes is the same profile. */
static const struct profile *known_by_digest(const struct config *c, const char *digest)
{
    if (strcmp(digest, profile_builtin()->digest) == 0)
        return profile_builtin();
    for (guint i = 0; i < c->profiles->len; i++) {
        if (strcmp(((const struct profile *)c->profiles->pdata[i])->digest, digest) == 0)
            return c->profiles->pdata[i];
    }
    return NULL;
}

/* NULL: its faults are told. */
static const struct profile *load_folder(struct naming *naming, struct config *c)
{
    g_autofree char *path = g_canonicalize_filename(naming->folder, naming->l->dir);
    gpointer found = NULL;

    if (g_hash_table_lookup_extended(c->profile_folders, path, NULL, &found))
        return found; /* NULL: its faults are told already */
    struct profile *loaded = NULL;
    if (g_file_test(path, G_FILE_TEST_IS_DIR))
        loaded = profile_load(path, on_fault, naming);
    else
        problem(naming,
                "%s: there is no such folder; expected proposal-1.0, or the folder of a profile. If nobody sends or "
                "gets files of that profile any more, take it out of the list: the ledger keeps what stored files need",
                naming->folder);
    const struct profile *profile = loaded != NULL ? known_by_digest(c, loaded->digest) : NULL;
    if (profile != NULL) {
        profile_free(loaded);
    } else if (loaded != NULL && has_own_title(naming, c, loaded)) {
        g_ptr_array_add(c->profiles, loaded);
        profile = loaded;
    } else {
        profile_free(loaded);
    }
    g_hash_table_insert(c->profile_folders, g_steal_pointer(&path), (gpointer)profile);
    return profile;
}

static const struct profile *find(struct naming *naming, struct config *c)
{
    g_autofree char *builtin = config_profile_title(profile_builtin());

    return strcmp(naming->folder, builtin) == 0 ? profile_builtin() : load_folder(naming, c);
}

/* ---- lists ---- */

/* Two versions of one profile must not be valid at the same time, for the version is all that tells them apart. An open
 * end of the older one is closed by the newer one. */
static void check_dates(struct naming *naming, const struct profile *newer, const struct profile *older)
{
    g_autofree char *a = config_profile_title(newer), *b = config_profile_title(older);
    char from[INSTANT_TEXT_SIZE], until[INSTANT_TEXT_SIZE];

    if (strcmp(newer->name, older->name) != 0)
        return;
    if (newer == older) {
        problem(naming, "%s stands in the list twice; expected each profile once", a);
    } else if (newer->valid_from <= older->valid_from) {
        problem(naming,
                "expected the newest version first, and each to be valid from a later time than the one after it; %s "
                "is not valid from later than %s",
                a, b);
    } else if (older->valid_until != INT64_MAX && older->valid_until > newer->valid_from) {
        instant_print(newer->valid_from, from);
        instant_print(older->valid_until, until);
        problem(naming, "%s is valid from %s, %s until %s; expected versions of one profile that do not overlap", a,
                from, b, until);
    }
}

static void check_list(struct naming *naming, const struct profile *const *list)
{
    for (size_t newer = 0; list[newer] != NULL; newer++) {
        for (size_t older = newer + 1; list[older] != NULL; older++)
            check_dates(naming, list[newer], list[older]);
    }
}

/* The list that the names make; NULL: they are none. The configuration keeps it. */
static const struct profile *const *make_list(struct naming *naming, struct config *c, char **names)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();

    for (size_t i = 0; names[i] != NULL; i++) {
        naming->folder = names[i];
        const struct profile *profile = find(naming, c);
        if (profile != NULL)
            g_ptr_array_add(list, (gpointer)profile);
        else if (naming->fault == NULL) /* another setting names it, and has the faults */
            naming->fault = g_strdup_printf("%s cannot be used", names[i]);
    }
    if (list->len == 0)
        return NULL;
    g_ptr_array_add(list, NULL);
    gpointer *kept = g_ptr_array_steal(list, NULL);
    g_ptr_array_add(c->profile_lists, kept);
    const struct profile *const *made = (const struct profile *const *)kept;
    check_list(naming, made);
    return made;
}

/* NULL: the setting is not there, or the list cannot be used; then *stopped says why, unless it says so already. */
static const struct profile *const *load_list(struct naming *naming, struct config *c, char **names, char **stopped)
{
    const struct profile *const *list = make_list(naming, c, names);

    if (naming->fault == NULL)
        return list;
    if (*stopped == NULL)
        *stopped = g_strdup_printf("%s: %s", naming->key, naming->fault);
    g_clear_pointer(&naming->fault, g_free);
    return NULL;
}

void config_load_party_profiles(struct config_loading *l, struct config *c, const char *group, struct party *party)
{
    g_auto(GStrv) both = config_list_value(l, group, "profile", "");
    g_auto(GStrv) in = config_list_value(l, group, "profile_in", "");
    g_auto(GStrv) out = config_list_value(l, group, "profile_out", "");
    char *stopped = NULL;
    struct naming naming = {l, group, "profile", NULL, NULL};
    const struct profile *const *list = load_list(&naming, c, both, &stopped);

    naming.key = "profile_in";
    const struct profile *const *reads = load_list(&naming, c, in, &stopped);
    naming.key = "profile_out";
    const struct profile *const *writes = load_list(&naming, c, out, &stopped);
    party->reads = reads != NULL ? reads : list;
    party->writes = writes != NULL ? writes : list;
    party->stopped = stopped;
}

void config_load_report_profiles(struct config_loading *l, struct config *c, const char *group)
{
    g_auto(GStrv) names = config_list_value(l, group, "profile", "");
    struct naming naming = {l, group, "profile", NULL, NULL};
    const struct profile *const *list = load_list(&naming, c, names, &c->reports_stopped);
    const char *mpid = strcmp(group, "report") == 0 ? "" : group + strlen("report ");

    if (g_str_has_prefix(group, "report ") && *mpid == '\0')
        config_problem_at(l, config_line_of(l, group, ""), "[%s]: expected the Market Participant ID of a recipient",
                          group);
    if (list != NULL)
        g_hash_table_insert(c->report_profiles, g_strdup(mpid), (gpointer)list);
}

/* ---- names of uploads ---- */

/* Names that a profile has: a file of each type, the answers to it, a report of each kind. */
static GPtrArray *names_in(const struct profile *profile, const struct config *c)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    struct filename_own own = {.org = c->org, .eui64 = c->eui64, .sequence = 1, .form = form_name(FORM_CSV)};

    for (size_t i = 0; i < n_type_kinds; i++) {
        own.type = type_kinds[i].code;
        if (type_kinds[i].answers)
            continue;
        char *name = filename_own(profile, &own);
        g_ptr_array_add(names, name);
        for (size_t k = 0; type_kinds[i].inbound && k < n_type_kinds; k++)
            if (type_kind_answers(&type_kinds[k], own.type))
                g_ptr_array_add(names, filename_answer(profile, name, type_kinds[k].code, 1));
    }
    for (size_t i = 0; i < profile->n_reports; i++) {
        own.type = profile_reports(profile)[i].ref;
        g_ptr_array_add(names, filename_report(profile, &own));
    }
    return names;
}

static void check_upload_name(struct config_loading *l, const struct config *c, const struct drop *drop,
                              const struct profile *profile)
{
    g_autoptr(GPtrArray) names = names_in(profile, c);
    g_autofree char *group = g_strconcat("drop ", drop->name, NULL);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *made = transport_temporary_name(drop->upload_name, names->pdata[i]);
        struct filename parsed;
        if (!filename_parse(profile, made, strlen(made), &parsed, NULL, NULL) &&
            !filename_is_own(profile, made, c->org, c->eui64))
            continue;
        config_problem_at(
            l, config_line_of(l, group, "upload_name"),
            "[%s] upload_name: %s makes %s of %s, which the profile %s-%s takes for a whole file; expected "
            "a form that it does not, such as %s",
            group, drop->upload_name, made, (const char *)names->pdata[i], profile->name, profile->version,
            DROP_UPLOAD_NAME);
        return;
    }
}

void config_check_upload_names(struct config_loading *l, const struct config *c)
{
    for (guint i = 0; i < c->drops->len; i++) {
        const struct drop *drop = c->drops->pdata[i];
        /* The loader of profiles refuses names that look like the default (filename_is_temporary). */
        for (guint k = 0; strcmp(drop->upload_name, DROP_UPLOAD_NAME) != 0 && k < c->profiles->len; k++)
            check_upload_name(l, c, drop, c->profiles->pdata[k]);
    }
}
