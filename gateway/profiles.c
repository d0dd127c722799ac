/*
 * The files of a foreign profile are kept in the ledger and not in the spool's folders: they get there in the very
 * commit that first needs them, and backup, restore and the check of pages take care of them.
 *
 * The built-in profile is kept by name only. A program of another release may have other files under the same name and
 * version; then its tables stand in, and `spool verify` says which stored files come out otherwise.
 */
#include "gateway/profiles.h"

#include "formats/profile/profile_files.h"
#include "formats/text.h"
#include "gateway/config/config_profiles.h"
#include "spool/ledger/ledger_verdicts.h"

#include <string.h>

/* ---- keeping ---- */

static bool keep_files(struct ledger *ledger, const struct profile *profile, GError **error)
{
    for (size_t i = 0; i < profile_files_count(profile->files); i++) {
        const struct profile_file *file = profile_files_at(profile->files, i);
        const struct ledger_profile_file row = {file->name, file->text, file->len};
        if (!ledger_profile_file_put(ledger, profile->digest, &row, error))
            return false;
    }
    return true;
}

bool profiles_keep(struct ledger *ledger, const struct profile *profile, GError **error)
{
    const struct ledger_profile row = {profile->digest, profile->name, profile->version};
    bool added;

    if (!ledger_profile_put(ledger, &row, &added, error))
        return false;
    return !added || profile == profile_builtin() || keep_files(ledger, profile, error);
}

/* ---- finding ---- */

static const struct profile *configured(const struct gateway *gateway, const char *digest)
{
    const GPtrArray *profiles = gateway->config->profiles;

    for (guint i = 0; profiles != NULL && i < profiles->len; i++) {
        if (strcmp(((const struct profile *)profiles->pdata[i])->digest, digest) == 0)
            return profiles->pdata[i];
    }
    return NULL;
}

static bool add_file(void *user, const struct ledger_profile_file *file, GError **error)
{
    (void)error; /* cannot fail */
    profile_files_add(user, file->name, file->bytes, file->len);
    return true;
}

static void keep_first_fault(void *user, const struct profile_fault *fault)
{
    char **text = user;

    if (*text == NULL)
        *text = g_strdup_printf("%s:%u: %s", fault->file, fault->line, fault->text);
}

static const struct profile *damaged(const struct ledger_profile *row, const char *what, GError **error)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                "ledger: the files of the profile %s-%s (SHA-256 %s) are not those that were kept: %s; restore the "
                "ledger from a backup",
                row->name, row->version, row->digest, what);
    return NULL;
}

/* Another release asks more of a profile. Nothing is damaged, and a backup would not help. */
static const struct profile *unusable(const struct ledger_profile *row, const char *fault, GError **error)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                "this release cannot use the profile %s-%s (SHA-256 %s) that the ledger keeps from an earlier one: %s; "
                "what was stored with it stays as it is. To write more with it, mend that in a copy of its folder "
                "which keeps name and version, and name it in the configuration: it stands in",
                row->name, row->version, row->digest, fault);
    return NULL;
}

/* A profile of the configuration with the same name and version, for one that cannot be made from its copy. `spool
 * verify` tells stored files that come out otherwise with it. NULL: there is none. */
static const struct profile *stand_in(const struct gateway *gateway, const struct ledger_profile *row)
{
    const GPtrArray *profiles = gateway->config->profiles;

    for (guint i = 0; profiles != NULL && i < profiles->len; i++) {
        const struct profile *profile = profiles->pdata[i];
        if (strcmp(profile->name, row->name) == 0 && strcmp(profile->version, row->version) == 0)
            return profile;
    }
    return NULL;
}

/* Makes the profile from the files that the ledger keeps, or has another one stand in: free what is_made. */
static const struct profile *load(const struct gateway *gateway, const struct ledger_profile *row, GError **error)
{
    struct profile_files *files = profile_files_new();
    char digest[PROFILE_DIGEST_SIZE];
    g_autofree char *fault = NULL;

    if (!ledger_profile_files_each(gateway->ledger, row->digest, add_file, files, error)) {
        profile_files_free(files);
        return NULL;
    }
    if (profile_files_count(files) == 0 && strcmp(row->name, profile_builtin()->name) == 0 &&
        strcmp(row->version, profile_builtin()->version) == 0) {
        profile_files_free(files);
        return profile_builtin();
    }
    profile_files_digest(files, digest);
    if (strcmp(digest, row->digest) != 0) {
        profile_files_free(files);
        return damaged(row, "they have another SHA-256", error);
    }
    const struct profile *profile = profile_load_files(files, keep_first_fault, &fault);
    if (profile == NULL)
        profile = stand_in(gateway, row);
    return profile != NULL ? profile : unusable(row, fault, error);
}

/* The profile was made for the caller of load. */
static bool is_made(const struct gateway *gateway, const struct ledger_profile *row, const struct profile *profile)
{
    return profile != NULL && profile != profile_builtin() && profile != stand_in(gateway, row);
}

const struct profile *profiles_find(struct gateway *gateway, const char *digest, GError **error)
{
    g_autofree struct ledger_profile *row = NULL;

    if (digest == NULL || strcmp(digest, profile_builtin()->digest) == 0)
        return profile_builtin();
    const struct profile *profile = configured(gateway, digest);
    if (profile == NULL && gateway->profiles != NULL)
        profile = g_hash_table_lookup(gateway->profiles, digest);
    if (profile != NULL || !ledger_profile_get(gateway->ledger, digest, &row, error))
        return profile;
    if (row == NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                    "ledger: it does not have the profile with the SHA-256 %s; restore it from a backup", digest);
        return NULL;
    }
    profile = load(gateway, row, error);
    if (!is_made(gateway, row, profile))
        return profile;
    if (gateway->profiles == NULL)
        gateway->profiles =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)(void *)profile_free);
    g_hash_table_insert(gateway->profiles, g_strdup(digest), (gpointer)profile);
    return profile;
}

void profiles_forget(struct gateway *gateway)
{
    g_clear_pointer(&gateway->profiles, g_hash_table_unref);
}

bool profiles_are_kept(struct gateway *gateway, const struct ledger_profile *row, GError **error)
{
    if (strcmp(row->digest, profile_builtin()->digest) == 0)
        return true;
    const struct profile *profile = load(gateway, row, error);
    if (is_made(gateway, row, profile))
        profile_free((struct profile *)profile);
    return profile != NULL;
}

/* ---- profiles that cannot be used ---- */

const struct party *profiles_stopped_sender(const struct gateway *gateway, const struct ledger_job *job)
{
    const struct config_arrival arrival = {job->drop, job->received, 0};
    size_t len = 0;

    if (gateway->config->profile_faults == NULL || job->direction != LEDGER_IN || job->drop == NULL)
        return NULL;
    g_autofree char *raw = text_unescape(job->name, &len);
    return config_stopped_sender(gateway->config, &arrival, raw != NULL ? raw : "", len);
}

/* ---- for people ---- */

bool profiles_title(struct gateway *gateway, const char *digest, char **title, GError **error)
{
    g_autofree struct ledger_profile *row = NULL;

    *title = NULL;
    if (digest == NULL || strcmp(digest, profile_builtin()->digest) == 0)
        return true;
    if (!ledger_profile_get(gateway->ledger, digest, &row, error))
        return false;
    if (row == NULL)
        *title = g_strdup_printf("SHA-256 %s", digest);
    else
        *title = g_strdup_printf("%s-%s", row->name, row->version);
    return true;
}

bool profiles_title_of_job(struct gateway *gateway, int64_t job, char **title, GError **error)
{
    g_autofree struct ledger_verdict *verdict = NULL;

    *title = NULL;
    return ledger_verdict_get(gateway->ledger, job, 0, &verdict, error) &&
           (verdict == NULL || profiles_title(gateway, verdict->profile, title, error));
}

/* The ledger has another profile of that name and version, and not this one yet. */
static bool is_changed(const GPtrArray *kept, const struct profile *profile)
{
    bool changed = false;

    for (guint i = 0; i < kept->len; i++) {
        const struct ledger_profile *row = kept->pdata[i];
        if (strcmp(row->digest, profile->digest) == 0)
            return false;
        changed |= strcmp(row->name, profile->name) == 0 && strcmp(row->version, profile->version) == 0;
    }
    return changed;
}

bool profiles_tell_changed(struct gateway *gateway, GError **error)
{
    g_autoptr(GPtrArray) kept = NULL;

    if (!ledger_profiles(gateway->ledger, &kept, error))
        return false;
    for (guint i = 0; i < gateway->config->profiles->len; i++) {
        const struct profile *profile = gateway->config->profiles->pdata[i];
        if (is_changed(kept, profile))
            log_event(LOG(EVENT_PROFILE_CHANGED, .subject = profile->name),
                      "the profile %s-%s has changed since files were read or written with it: these keep what it "
                      "was then, new ones get what it is now (SHA-256 %s); give a profile that changes a new "
                      "version",
                      profile->name, profile->version, profile->digest);
    }
    return true;
}
