/*
 * Loads a profile: profile.json here, then each part (profile_parts.h), then the files that no part has asked for. The
 * built-in profile takes the same way.
 */
#include "formats/instant.h"
#include "formats/profile.h"
#include "formats/profile/profile_parts.h"

#include <glib.h>
#include <string.h>

struct profile_memory {
    GStringChunk *texts;
    GPtrArray *tables;
};

const char *profile_keep(struct profile *profile, const char *text)
{
    return g_string_chunk_insert_const(profile->memory->texts, text);
}

void *profile_room(struct profile *profile, size_t n, size_t size)
{
    void *table = g_malloc0_n(n, size);

    g_ptr_array_add(profile->memory->tables, table);
    return table;
}

static struct profile *profile_new(void)
{
    struct profile *profile = g_new0(struct profile, 1);

    profile->memory = g_new0(struct profile_memory, 1);
    profile->memory->texts = g_string_chunk_new(4096);
    profile->memory->tables = g_ptr_array_new_with_free_func(g_free);
    return profile;
}

void profile_free(struct profile *profile)
{
    if (profile == NULL)
        return;
    if (profile->names != NULL)
        names_clear((struct names *)profile->names); /* it was made here */
    g_string_chunk_free(profile->memory->texts);
    g_ptr_array_free(profile->memory->tables, TRUE);
    g_free(profile->memory);
    profile_files_free(profile->files);
    g_free(profile);
}

/* The time of a member; where it is null or missing: otherwise. */
static int64_t time_of(const struct profile_node *object, const char *name, int64_t otherwise)
{
    struct profile_node member;
    int64_t at = otherwise;
    const char *text;

    if (!profile_member(object, name, JSON_STRING, PROFILE_OPTIONAL, &member))
        return otherwise;
    text = json_string_value(member.value);
    if (!instant_parse(text, strlen(text), &at))
        profile_fault_at(&member, "%s: expected a time of the form 2026-01-31T00:00:00Z, found \"%s\"", name, text);
    return at;
}

static void load_validity(const struct profile_node *file, struct profile *profile)
{
    struct profile_node valid;

    profile->valid_from = INT64_MIN;
    profile->valid_until = INT64_MAX;
    if (!profile_member(file, "valid", JSON_OBJECT, PROFILE_OPTIONAL, &valid))
        return;
    profile_members_are(&valid, "from", "until", NULL);
    profile->valid_from = time_of(&valid, "from", INT64_MIN);
    profile->valid_until = time_of(&valid, "until", INT64_MAX);
    if (profile->valid_from >= profile->valid_until)
        profile_fault_at(&valid, "valid: expected an until later than from");
}

static bool is_name(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(text);
}

/* Names go to messages, to the ledger and into file names. */
static const char *load_name(const struct profile_node *file, const char *member)
{
    const char *text = profile_text(file, member, PROFILE_NEEDED);
    struct profile_node node;

    if (text != NULL && !is_name(text) && profile_member(file, member, JSON_STRING, PROFILE_NEEDED, &node))
        profile_fault_at(&node, "%s: expected letters, digits, '.', '_' and '-', found \"%s\"", member, text);
    return text;
}

static void load_profile(struct profile_loading *loading)
{
    struct profile_node file;

    loading->profile->dialect = &layout_dialect;
    if (!profile_file_needed(loading, "profile.json", &file))
        return;
    profile_members_are(&file, "profile", "version", "title", "description", "valid", "dialect", NULL);
    loading->profile->dialect = profile_load_dialect(&file, &layout_dialect);
    loading->profile->name = load_name(&file, "profile");
    loading->profile->version = load_name(&file, "version");
    loading->profile->title = profile_text(&file, "title", PROFILE_OPTIONAL);
    load_validity(&file, loading->profile);
}

/* A misspelt name would else be a file that nothing reads. */
static void refuse_unused(struct profile_loading *loading)
{
    for (size_t i = 0; i < profile_files_count(loading->files); i++) {
        const struct profile_file *file = profile_files_at(loading->files, i);
        if (!file->used && !g_str_has_suffix(file->name, ".xsd") && !g_str_has_suffix(file->name, ".md"))
            profile_fault_of(loading, file->name, "is no file of a profile");
    }
}

static void tell_number(const struct profile_loading *loading)
{
    size_t more = loading->n_faults - MIN(loading->n_faults, PROFILE_MAX_FAULTS);
    g_autofree char *text = g_strdup_printf("has %zu more faults; mend those above first", more);

    if (more > 0)
        loading->on_fault(loading->user, &(struct profile_fault){.file = ".", .text = text});
}

/* Without `reports` they are read later (profile_reports). */
static void load_parts(struct profile_loading *loading, bool reports)
{
    loading->profile->files = loading->files;
    loading->profile->n_reports = n_report_records;
    profile_files_digest(loading->files, loading->profile->digest);
    load_profile(loading);
    profile_load_forms(loading);
    profile_load_records(loading);
    profile_load_xml(loading);
    if (reports)
        loading->profile->reports = profile_load_reports(loading);
    profile_load_names(loading);
    profile_load_codes(loading);
}

static struct profile *load(struct profile_files *files, profile_fault_fn *on_fault, void *user, size_t n_faults)
{
    struct profile_loading loading = {
        .profile = profile_new(), .files = files, .on_fault = on_fault, .user = user, .n_faults = n_faults};

    load_parts(&loading, true);
    refuse_unused(&loading);
    profile_documents_free(&loading);
    if (loading.n_faults == 0)
        return loading.profile;
    tell_number(&loading);
    profile_free(loading.profile);
    return NULL;
}

struct counting {
    profile_fault_fn *on_fault;
    void *user;
    size_t n;
};

static void count_fault(void *user, const struct profile_fault *fault)
{
    struct counting *counting = user;

    if (counting->n++ < PROFILE_MAX_FAULTS)
        counting->on_fault(counting->user, fault);
}

struct profile *profile_load(const char *folder, profile_fault_fn *on_fault, void *user)
{
    struct counting counting = {on_fault, user, 0};
    struct profile_files *files = profile_files_of_folder(folder, count_fault, &counting);

    if (profile_files_are_whole(files))
        return load(files, on_fault, user, counting.n);
    profile_files_free(files); /* what was not read would seem to be missing */
    return NULL;
}

struct profile *profile_load_files(struct profile_files *files, profile_fault_fn *on_fault, void *user)
{
    return load(files, on_fault, user, 0);
}

/* The tests load the same files with all checks: a fault here is one of the build. */
static void on_builtin_fault(void *user, const struct profile_fault *fault)
{
    (void)user;
    g_error("the built-in profile: %s:%u: %s", fault->file, fault->line, fault->text);
}

const struct profile *profile_builtin(void)
{
    static const struct profile *builtin;

    if (g_once_init_enter(&builtin)) {
        struct profile_loading loading = {
            .profile = profile_new(), .files = profile_files_builtin(), .on_fault = on_builtin_fault, .sound = true};

        load_parts(&loading, false);
        profile_documents_free(&loading);
        g_once_init_leave(&builtin, loading.profile);
    }
    return builtin;
}

const struct report_layout *profile_reports(const struct profile *profile)
{
    struct profile *own = (struct profile *)profile; /* it was made here */

    if (g_once_init_enter(&own->reports)) {
        struct profile_loading loading = {.profile = own, .files = own->files, .on_fault = on_builtin_fault};
        const struct report_layout *reports;

        profile_load_forms(&loading);
        reports = profile_load_reports(&loading);
        profile_documents_free(&loading);
        g_once_init_leave(&own->reports, reports);
    }
    return own->reports;
}
