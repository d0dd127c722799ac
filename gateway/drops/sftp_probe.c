/*
 * The probe of a drop on an SFTP server: first the connection, as far as it comes, then both folders. It finds out by
 * trying what the server does, because servers differ in what they do and in what they say about it.
 */
#include "formats/name/filename.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/drops/probe.h"
#include "gateway/drops/sftp_connection.h"

#include <string.h>

/* The form of temporary names that doctor compares with and proposes. */
#define PLAIN_FORM "NAME.part"

enum { LATEST = 50 }; /* tenths of a second that doctor waits for a new file */

struct probing {
    const struct probe *probe;
    const struct drop *drop;
    const struct sftp_settings *settings;
    struct sftp *sftp;
    GPtrArray *made; /* paths that may exist because of us */
    int64_t written; /* when the newest of them was written: seconds UTC by the server's clock */
    bool replaces;   /* a rename replaces a name that exists */
};

/* ---- the connection ---- */

/* Tells what is known of the handshake, also after a connection that failed later. */
static void say_handshake(struct probing *p, const GError *cause)
{
    const struct sftp_server *server = sftp_server(p->sftp);
    bool bad_key = g_error_matches(cause, SFTP_ERROR, SFTP_ERROR_HOST_KEY);

    if (bad_key)
        probe_say(p->probe, "host-key", PROBE_BAD, "%s", cause->message);
    else if (server->fingerprint != NULL)
        probe_say(p->probe, "host-key", PROBE_GOOD, "%s %s, as in %s", server->key, server->fingerprint,
                  p->settings->peer.known_hosts);
    if (server->kex == NULL)
        return;
    g_autofree char *old = sftp_old_algorithms(server);
    probe_say(p->probe, "algorithms", old == NULL ? PROBE_GOOD : PROBE_BAD, "%s: %s, %s, %s, %s%s%s%s", server->banner,
              server->kex, server->key, server->ciphers, server->macs, old != NULL ? "; in use and old: " : "",
              old != NULL ? old : "",
              old != NULL ? "; have newer ones allowed on the server, then take these out of the drop's settings" : "");
}

/* Tells which extensions the server offers, and what the lack of one means. */
static void say_extensions(struct probing *p)
{
    static const struct {
        const char *name;
        const char *meaning; /* of its absence; NULL: the gateway does not use it */
    } extensions[] = {{"fsync@openssh.com", "the server alone decides when an answer is on its disk"},
                      {"statvfs@openssh.com", "a full disk shows only when a write fails"},
                      {"posix-rename@openssh.com", NULL}};
    g_autoptr(GString) missed = g_string_new(NULL);
    g_autoptr(GString) text = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(extensions); i++) {
        bool offered = sftp_offers(p->sftp, extensions[i].name);
        g_string_append_printf(text, "%s%s %s", i > 0 ? ", " : "", offered ? "has" : "lacks", extensions[i].name);
        if (!offered && extensions[i].meaning != NULL)
            g_string_append_printf(missed, "; %s", extensions[i].meaning);
    }
    probe_say(p->probe, "extensions", missed->len > 0 ? PROBE_NOTE : PROBE_GOOD, "SFTP %u, %s%s",
              sftp_server(p->sftp)->version, text->str, missed->str);
}

/* The name of the finding that an error of sftp_connect belongs to. */
static const char *failed_probe(const struct sftp_server *server, const GError *cause)
{
    if (cause->code == SFTP_ERROR_UNREACHABLE)
        return "reachable";
    if (cause->code == SFTP_ERROR_HOST_KEY)
        return "host-key";
    if (cause->code == SFTP_ERROR_LOGIN)
        return "login";
    if (server->fingerprint == NULL)
        return cause->code == SFTP_ERROR_PROTOCOL ? "algorithms" : "reachable";
    return server->logged_in ? "extensions" : "login";
}

static bool try_connection(struct probing *p)
{
    const struct sftp_server *server = sftp_server(p->sftp);
    g_autoptr(GError) cause = NULL;
    int64_t begun = clock_monotonic();
    bool good = sftp_connect(p->sftp, &cause);
    const char *failed = good ? "" : failed_probe(server, cause);

    if (strcmp(failed, "reachable") != 0)
        probe_say(p->probe, "reachable", PROBE_GOOD, "%s port %d (%s)", p->settings->peer.host, p->settings->peer.port,
                  server->address);
    say_handshake(p, cause);
    if (server->logged_in)
        probe_say(p->probe, "login", PROBE_GOOD, "as %s with %s; connecting took %" G_GINT64_FORMAT " ms",
                  p->settings->peer.user,
                  *p->settings->peer.identity != '\0' ? p->settings->peer.identity : "a key of ssh-agent",
                  (clock_monotonic() - begun) / 1000);
    if (good)
        say_extensions(p);
    else if (cause->code != SFTP_ERROR_HOST_KEY)
        probe_say(p->probe, failed, PROBE_BAD, "%s", cause->message);
    return good;
}

/* ---- files of our own ---- */

/* folder/name for a file of the probe, which remove_made removes at the end. g_free. */
static char *own_path(struct probing *p, const char *folder, const char *suffix)
{
    g_autofree char *name = g_strconcat(PROBE_PREFIX, p->probe->token, ".", suffix, NULL);
    char *path = sftp_path(folder, name);

    g_ptr_array_add(p->made, g_strdup(path));
    return path;
}

/* A temporary name in `out` of that form, for a file of the probe. It is one that recipients ignore. g_free. */
static char *upload_path(struct probing *p, const char *form, const char *suffix)
{
    g_autofree char *name = g_strconcat(PROBE_UPLOAD, p->probe->token, suffix, NULL);
    g_autofree char *temporary = transport_temporary_name(form, name);
    char *path = sftp_path(p->drop->out, temporary);

    g_ptr_array_add(p->made, g_strdup(path));
    return path;
}

/* Writes a file, and keeps the time that the server gives it. */
static bool make(struct probing *p, const char *path, GError **error)
{
    const char *text = p->probe->token;
    struct sftp_attributes after;
    g_autoptr(sftp_upload_t) upload = sftp_upload_begin(p->sftp, path, error);

    if (upload == NULL || !sftp_upload_write(upload, text, strlen(text), error) ||
        !sftp_upload_finish(upload, &after, error))
        return false;
    p->written = after.modified;
    return true;
}

/* Removes what the probe made, also after a broken connection: nothing stays behind. */
static void remove_made(struct probing *p)
{
    for (guint i = 0; i < p->made->len; i++) {
        const char *path = p->made->pdata[i];
        GError *cause = NULL;
        if ((sftp_is_connected(p->sftp) || sftp_connect(p->sftp, &cause)) && sftp_remove(p->sftp, path, &cause))
            continue;
        bool gone = g_error_matches(cause, SFTP_ERROR, SFTP_ERROR_MISSING);
        if (!gone)
            probe_say(p->probe, "remove", PROBE_BAD, "%s may be left behind: %s; remove it by hand", path,
                      cause->message);
        g_error_free(cause);
        if (!gone && !sftp_is_connected(p->sftp))
            return;
    }
}

/* ---- the folder out ---- */

static bool add_text(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* cannot fail */
    g_string_append_len(user, data, (gssize)len);
    return true;
}

/* Some servers convert line ends or drop bytes at the end. */
static void try_read_back(struct probing *p, const char *path)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const char *wanted = p->probe->token;
    struct sftp_fetch fetch = {.path = path, .size = (int64_t)strlen(wanted), .sink = add_text, .user = text};
    GError *cause = NULL;

    if (!sftp_read(p->sftp, &fetch, &cause))
        probe_fail(p->probe, "read-back", cause);
    else if (strcmp(text->str, wanted) == 0)
        probe_say(p->probe, "read-back", PROBE_GOOD, "the same bytes come back from %s", p->drop->out);
    else
        probe_say(p->probe, "read-back", PROBE_BAD,
                  "other bytes come back from %s than were written; ask the server's owner to turn conversion off",
                  p->drop->out);
}

/* Sets *there to whether the path exists. */
static bool holds(struct probing *p, const char *path, bool *there, GError **error)
{
    struct sftp_attributes at;
    GError *cause = NULL;

    *there = sftp_lstat(p->sftp, path, &at, &cause);
    if (*there || g_error_matches(cause, SFTP_ERROR, SFTP_ERROR_MISSING)) {
        g_clear_error(&cause);
        return true;
    }
    g_propagate_error(error, cause);
    return false;
}

/* True if a name without a dot at its beginning is there at once. */
static bool shows_plain_names(struct probing *p)
{
    g_autofree char *path = upload_path(p, PLAIN_FORM, ".3");
    bool there;

    return make(p, path, NULL) && holds(p, path, &there, NULL) && there;
}

/* Waits until the server shows the path. Sets *tenths to how long that took; G_MAXUINT: longer than this waits. */
static bool wait_for(struct probing *p, const char *path, guint *tenths, GError **error)
{
    bool there = false;

    for (*tenths = 1; *tenths <= LATEST; (*tenths)++) {
        g_usleep(100 * 1000);
        if (!holds(p, path, &there, error))
            return false;
        if (there)
            return true;
    }
    *tenths = G_MAXUINT;
    return true;
}

static void say_invisible(struct probing *p, const char *path)
{
    const char *form = p->drop->upload_name;
    GError *cause = NULL;
    guint tenths;

    if (*form == '.' && shows_plain_names(p)) {
        probe_say(p->probe, "temporary", PROBE_BAD,
                  "the server hides names that begin with a dot, so that a file written as %s is not there at the next "
                  "look; set upload_name=%s in [drop %s]",
                  form, PLAIN_FORM, p->drop->name);
    } else if (!wait_for(p, path, &tenths, &cause)) {
        probe_fail(p->probe, "temporary", cause);
    } else if (tenths <= LATEST) {
        probe_say(p->probe, "temporary", PROBE_BAD,
                  "the server shows a new file only after %u.%u seconds; until then a delivery is tried again and its "
                  "drop counts as down (A103, or A101 with share=yes); ask the server's owner to show files at once",
                  tenths / 10, tenths % 10);
    } else {
        probe_say(
            p->probe, "temporary", PROBE_BAD,
            "a file written as %s in %s is not there at the next look; ask the server's owner what becomes of it, "
            "or choose other names with upload_name= of [drop %s]",
            form, p->drop->out, p->drop->name);
    }
}

/* A file must be there under its temporary name when it is to be renamed. */
static void try_look(struct probing *p, const char *path)
{
    GError *cause = NULL;
    bool there;

    if (!holds(p, path, &there, &cause))
        probe_fail(p->probe, "temporary", cause);
    else if (there)
        probe_say(p->probe, "temporary", PROBE_GOOD, "a file written as %s is there at once", p->drop->upload_name);
    else
        say_invisible(p, path);
}

/* False: it has not got the other name. */
static bool try_rename(struct probing *p, const char *from, const char *to)
{
    GError *cause = NULL;
    bool left = false;

    if (!sftp_rename(p->sftp, from, to, &cause)) {
        probe_say(p->probe, "rename", PROBE_BAD,
                  "%s; no answer can get its name: ask the server's owner for the right to rename files in %s",
                  cause->message, p->drop->out);
        g_error_free(cause);
        return false;
    }
    if (!holds(p, from, &left, &cause))
        probe_fail(p->probe, "rename", cause);
    else if (left)
        probe_say(p->probe, "rename", PROBE_BAD,
                  "a rename in %s is said to be done, and is not; no answer can get its name: ask the server's owner",
                  p->drop->out);
    else
        probe_say(p->probe, "rename", PROBE_GOOD, "a file can be renamed in %s", p->drop->out);
    return !left;
}

static void try_rename_onto(struct probing *p, const char *from, const char *to)
{
    GError *cause = NULL, *refusal = NULL;
    bool left;

    if (!make(p, from, &cause)) {
        probe_fail(p->probe, "rename-onto", cause);
        return;
    }
    bool renamed = sftp_rename(p->sftp, from, to, &refusal);
    /* The answer proves nothing: some servers refuse and yet rename, some say that they renamed and did not. */
    if (sftp_is_connected(p->sftp) && holds(p, from, &left, &cause)) {
        p->replaces = !left;
        if (left && !renamed)
            probe_say(p->probe, "rename-onto", PROBE_GOOD, "a rename to a name that exists is refused");
        else
            probe_say(p->probe, "rename-onto", PROBE_NOTE,
                      "a rename to a name that exists is %s; the gateway looks before it renames",
                      left ? "said to be done, and is not" : "done, and replaces it");
    } else {
        probe_fail(p->probe, "rename-onto", cause != NULL ? g_steal_pointer(&cause) : g_steal_pointer(&refusal));
    }
    g_clear_error(&refusal);
}

static void ask_space(struct probing *p)
{
    GError *cause = NULL;
    uint64_t bytes;

    if (sftp_free_space(p->sftp, p->drop->out, &bytes, &cause)) {
        probe_say_space(p->probe, bytes);
        return;
    }
    probe_say(p->probe, "space", PROBE_NOTE, "%s", cause->message);
    g_error_free(cause);
}

static void try_rights(struct probing *p, const char *path)
{
    GError *cause = NULL;

    if (!file_rights_any(&p->drop->file_rights))
        return;
    if (sftp_grant(p->sftp, path, &p->drop->file_rights, &cause))
        probe_say_rights(p->probe);
    else
        probe_fail(p->probe, "rights", cause);
}

/* What a delivery does, with files of our own. */
static void try_out(struct probing *p)
{
    g_autofree char *first = upload_path(p, p->drop->upload_name, ".1");
    g_autofree char *second = upload_path(p, p->drop->upload_name, ".2");
    GError *cause = NULL;

    if (!make(p, first, &cause)) {
        probe_fail(p->probe, "write", cause);
        return;
    }
    probe_say(p->probe, "write", PROBE_GOOD, "a file can be written%s in %s",
              sftp_offers(p->sftp, "fsync@openssh.com") ? " and synced" : "", p->drop->out);
    try_read_back(p, first);
    if (sftp_is_connected(p->sftp))
        try_rights(p, first);
    if (sftp_is_connected(p->sftp))
        try_look(p, first);
    if (sftp_is_connected(p->sftp) && try_rename(p, first, second))
        try_rename_onto(p, first, second);
    if (!sftp_is_connected(p->sftp))
        return;
    ask_space(p);
    probe_say_clock(p->probe, p->written);
}

/* ---- the folder in ---- */

/* What the folder `in` holds. */
struct found {
    const struct probing *probing;
    unsigned names, files;
    unsigned asked;   /* names of which the listing does not say what they are, and which were asked about */
    unsigned unknown; /* names of which the server does not say what they are or how long */
    char *readable;   /* one of the files; NULL: none */
    int64_t size;     /* bytes of that file */
};

/* Asks about the first few names of which the listing says no type. */
static void ask_type(struct found *found, const char *name, struct sftp_attributes *attributes)
{
    enum { MOST_ASKED = 100 };
    const struct probing *p = found->probing;
    g_autofree char *path = sftp_path(p->drop->in, name);

    if (!attributes->typed && found->asked < MOST_ASKED && sftp_is_connected(p->sftp)) {
        found->asked++;
        (void)sftp_find_type(p->sftp, path, attributes, NULL); /* after a failure they are not typed: that is told */
    }
}

static bool count_name(void *user, const char *name, const struct sftp_attributes *attributes)
{
    struct found *found = user;
    struct sftp_attributes told = *attributes;

    found->names++;
    if (filename_is_temporary(name, found->probing->drop->temporary))
        return true;
    ask_type(found, name, &told);
    found->unknown += !told.typed || (told.regular && !told.sized);
    if (!told.regular)
        return true;
    found->files++;
    if (found->readable == NULL && told.size > 0) {
        found->readable = g_strdup(name);
        found->size = told.size;
    }
    return true;
}

/* The first bytes are enough: the error ends the reading. */
static bool read_enough(void *user, const char *data, size_t len, GError **error)
{
    (void)data;
    (void)len;
    *(bool *)user = true;
    g_set_error_literal(error, SFTP_ERROR, SFTP_ERROR_CHANGED, "read enough");
    return false;
}

static void try_file(struct probing *p, const struct found *found)
{
    g_autofree char *path = sftp_path(p->drop->in, found->readable);
    g_autofree char *shown = text_escape(found->readable, strlen(found->readable), 0);
    bool enough = false;
    struct sftp_fetch fetch = {.path = path, .size = found->size, .sink = read_enough, .user = &enough};
    GError *cause = NULL;

    (void)sftp_read(p->sftp, &fetch, &cause);
    if (enough)
        probe_say(p->probe, "read", PROBE_GOOD, "%s in %s can be read", shown, p->drop->in);
    else if (!g_error_matches(cause, SFTP_ERROR, SFTP_ERROR_MISSING))
        probe_say(p->probe, "read", PROBE_BAD, "%s", cause->message);
    g_clear_error(&cause);
}

/* Lists `in`, and reads the beginning of one file that is there: the rights to list and to read are two. */
static void try_list(struct probing *p)
{
    struct found found = {.probing = p};
    GError *cause = NULL;

    if (!sftp_list(p->sftp, p->drop->in, count_name, &found, &cause)) {
        probe_fail(p->probe, "list", cause);
        return;
    }
    if (found.unknown > 0)
        probe_say(p->probe, "list", PROBE_BAD,
                  "the server does not say of %u of %u names in %s what they are or how long; the gateway does "
                  "not pick up such files; ask the server's owner to send attributes",
                  found.unknown, found.names, p->drop->in);
    else if (found.asked > 0)
        probe_say(p->probe, "list", PROBE_NOTE,
                  "in %s, files: %u, other names: %u; the server says what they are only if each is asked about or "
                  "opened, which takes time, and an empty file cannot be picked up",
                  p->drop->in, found.files, found.names - found.files);
    else
        probe_say(p->probe, "list", PROBE_GOOD, "in %s, files: %u, other names: %u", p->drop->in, found.files,
                  found.names - found.files);
    if (found.readable != NULL)
        try_file(p, &found);
    g_free(found.readable);
}

static void try_taken(struct probing *p, const char *path)
{
    g_autofree char *moved = own_path(p, p->settings->taken, "3.part");
    GError *cause = NULL;

    if (sftp_rename(p->sftp, path, moved, &cause))
        probe_say(p->probe, "taken", PROBE_GOOD, "a file can be moved from %s to %s", p->drop->in, p->settings->taken);
    else
        probe_fail(p->probe, "taken", cause);
}

static void say_removed(struct probing *p, bool renamed)
{
    if (renamed)
        probe_say(p->probe, "remove", PROBE_GOOD, "a file can be removed from %s", p->drop->in);
    else
        probe_say(p->probe, "remove", PROBE_NOTE,
                  "a file can be removed from %s, but not renamed there; if a newer file of the same name comes at the "
                  "moment of its removal, that one is removed",
                  p->drop->in);
}

/* A user who may not write in `in` may still be allowed to remove files there. That shows only with the first file. */
static void try_remove(struct probing *p)
{
    g_autofree char *path = own_path(p, p->drop->in, "3.part");
    g_autofree char *aside = own_path(p, p->drop->in, "4.part");
    GError *cause = NULL;

    if (!make(p, path, &cause)) {
        probe_say(p->probe, "remove", PROBE_NOTE,
                  "no file can be written there, so whether files can be removed is not known: %s", cause->message);
        g_error_free(cause);
        return;
    }
    bool renamed = sftp_rename(p->sftp, path, aside, NULL); /* as a pickup does before it removes or moves */
    if (*p->settings->taken != '\0')
        try_taken(p, renamed ? aside : path);
    else if (sftp_remove(p->sftp, renamed ? aside : path, &cause))
        say_removed(p, renamed);
    else {
        probe_say(p->probe, "remove", PROBE_BAD,
                  "%s; no file can leave %s: ask the server's owner for the right to remove files there, or to move "
                  "them to a folder that taken= names",
                  cause->message, p->drop->in);
        g_error_free(cause);
    }
}

/* ---- the probe ---- */

/* Tells how the gateway will work with this server, as follows from what was found. */
static void say_strategy(struct probing *p)
{
    g_autofree char *pickup = probe_pickup_text(p->drop, *p->settings->taken != '\0' ? "moved" : "removed");

    probe_say(p->probe, "strategy", PROBE_GOOD,
              "%s, its bytes compared first if the connection broke in between; answers are written as %s, %s, and "
              "renamed after a look at the name%s",
              pickup, p->drop->upload_name,
              sftp_offers(p->sftp, "fsync@openssh.com") ? "synced" : "not synced, which this server does not offer",
              p->replaces ? ", which alone protects an existing file on this server" : "");
}

void sftp_probe(const struct probe *probe)
{
    const struct sftp_settings *settings = sftp_settings_of(probe->drop);
    struct probing p = {.probe = probe,
                        .drop = probe->drop,
                        .settings = settings,
                        .sftp = sftp_settings_session(probe->drop),
                        .made = g_ptr_array_new_with_free_func(g_free)};

    if (try_connection(&p)) {
        try_list(&p);
        if (sftp_is_connected(p.sftp))
            try_out(&p);
        if (sftp_is_connected(p.sftp))
            try_remove(&p);
        if (sftp_is_connected(p.sftp))
            say_strategy(&p);
        remove_made(&p);
    }
    sftp_free(p.sftp);
    g_ptr_array_unref(p.made);
}
