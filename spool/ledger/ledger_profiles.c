/* Profiles: tables profile, profile_file. */
#include "spool/ledger/ledger_profiles.h"

#include "spool/ledger/ledger_private.h"

static const size_t strings[] = {offsetof(struct ledger_profile, digest), offsetof(struct ledger_profile, name),
                                 offsetof(struct ledger_profile, version)};

static void read_profile(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_profile *profile = row;
    profile->digest = ledger_text(q, c);
    profile->name = ledger_text(q, c + 1);
    profile->version = ledger_text(q, c + 2);
}

static const struct ledger_shape shape = {sizeof(struct ledger_profile), read_profile, strings, G_N_ELEMENTS(strings)};

bool ledger_profile_put(struct ledger *ledger, const struct ledger_profile *profile, bool *added, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO profile(digest,name,version) SELECT ?1,?2,?3"
                       " WHERE NOT EXISTS(SELECT 1 FROM profile WHERE digest=?1)");
    if (!ledger_run(
            ledger, &insert,
            LEDGER_VALUES(LEDGER_TEXT(profile->digest), LEDGER_TEXT(profile->name), LEDGER_TEXT(profile->version)),
            error))
        return false;
    *added = sqlite3_changes(ledger->db) == 1;
    return true;
}

bool ledger_profile_file_put(struct ledger *ledger, const char *digest, const struct ledger_profile_file *file,
                             GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO profile_file(digest,name,content) VALUES(?,?,?)");
    return ledger_run(
        ledger, &insert,
        LEDGER_VALUES(LEDGER_TEXT(digest), LEDGER_TEXT(file->name), ledger_value_bytes(file->bytes, file->len)), error);
}

bool ledger_profile_get(struct ledger *ledger, const char *digest, struct ledger_profile **profile, GError **error)
{
    LEDGER_SQL(get, "SELECT digest,name,version FROM profile WHERE digest=?");
    void *row = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, &get, LEDGER_VALUES(LEDGER_TEXT(digest)), error), &shape, &row, error))
        return false;
    *profile = row;
    return true;
}

bool ledger_profiles(struct ledger *ledger, GPtrArray **profiles, GError **error)
{
    LEDGER_SQL(walk, "SELECT digest,name,version FROM profile ORDER BY digest");
    return ledger_all(ledger, ledger_query(ledger, &walk, LEDGER_NO_VALUES, error), &shape, profiles, error);
}

#define WITHOUT_PROFILE(table)                                                                                         \
    "(SELECT count(*) FROM " table " r WHERE r.profile IS NOT NULL"                                                    \
    " AND NOT EXISTS(SELECT 1 FROM profile p WHERE p.digest=r.profile))"

bool ledger_profiles_missing(struct ledger *ledger, int64_t *n, GError **error)
{
    LEDGER_SQL(count, "SELECT " WITHOUT_PROFILE("verdict") "+" WITHOUT_PROFILE("outgoing"));
    return ledger_number(ledger, ledger_query(ledger, &count, LEDGER_NO_VALUES, error), n, error);
}

bool ledger_profile_files_each(struct ledger *ledger, const char *digest, ledger_profile_file_visit visit, void *user,
                               GError **error)
{
    LEDGER_SQL(walk, "SELECT name,content FROM profile_file WHERE digest=? ORDER BY name");
    sqlite3_stmt *q = ledger_query(ledger, &walk, LEDGER_VALUES(LEDGER_TEXT(digest)), error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_profile_file file = {.name = ledger_text(q, 0), .bytes = sqlite3_column_blob(q, 1)};
        file.len = (size_t)sqlite3_column_bytes(q, 1);
        good = visit(user, &file, error);
    }
    ledger_end(q);
    return good;
}
