/*
 * Probes of a drop behind an SFTP server: first the connection as far as it comes, then both folders.
 */
#include "gateway/commands/doctor.h"

#include "formats/filename.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/drops/sftp_drop.h"

#include <string.h>

struct probing {
    struct doctor *doctor;
    const struct drop *drop;
    struct sftp *sftp;
    GPtrArray *made; /* paths that may be there because of us */
    int64_t written; /* when, by the server's clock */
    bool replaces;   /* renaming onto a name that is taken */
};

/* ---- the connection ---- */

static void say_handshake(struct probing *p, const GError *fault)
{
    const struct sftp_server *facts = sftp_server(p->sftp);
    bool bad_key = g_error_matches(fault, SFTP_ERROR, SFTP_ERROR_HOST_KEY);

    if (bad_key)
        doctor_say(p->doctor, "host-key", DOCTOR_BAD, "%s", fault->message);
    else if (facts->fingerprint != NULL)
        doctor_say(p->doctor, "host-key", DOCTOR_GOOD, "%s %s, as in %s", facts->key, facts->fingerprint,
                   p->drop->known_hosts);
    if (facts->kex != NULL)
        doctor_say(p->doctor, "algorithms", DOCTOR_GOOD, "%s: %s, %s, %s, %s", facts->banner, facts->kex, facts->key,
                   facts->ciphers, facts->macs);
}

static void say_extensions(struct probing *p)
{
    static const struct {
        const char *name;
        const char *meaning; /* of its absence; NULL: nothing is missed */
    } extensions[] = {{"fsync@openssh.com", "when an answer is on its disk the server alone decides"},
                      {"statvfs@openssh.com", "a full disk shows only by failing"},
                      {"posix-rename@openssh.com", NULL}};
    g_autoptr(GString) missed = g_string_new(NULL);
    g_autoptr(GString) text = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(extensions); i++) {
        bool offered = sftp_offers(p->sftp, extensions[i].name);
        g_string_append_printf(text, "%s%s %s", i > 0 ? ", " : "", offered ? "has" : "lacks", extensions[i].name);
        if (!offered && extensions[i].meaning != NULL)
            g_string_append_printf(missed, "; %s", extensions[i].meaning);
    }
    doctor_say(p->doctor, "extensions", missed->len > 0 ? DOCTOR_NOTE : DOCTOR_GOOD, "SFTP %u, %s%s",
               sftp_server(p->sftp)->version, text->str, missed->str);
}

/* The probe that an error of the connecting belongs to. */
static const char *failed_probe(const struct sftp_server *facts, const GError *fault)
{
    if (fault->code == SFTP_ERROR_UNREACHABLE)
        return "reachable";
    if (fault->code == SFTP_ERROR_HOST_KEY)
        return "host-key";
    if (fault->code == SFTP_ERROR_LOGIN)
        return "login";
    if (facts->fingerprint == NULL)
        return fault->code == SFTP_ERROR_PROTOCOL ? "algorithms" : "reachable";
    return facts->logged_in ? "extensions" : "login";
}

static bool probe_connection(struct probing *p)
{
    const struct sftp_server *facts = sftp_server(p->sftp);
    g_autoptr(GError) fault = NULL;
    int64_t begun = clock_monotonic();
    bool good = sftp_connect(p->sftp, &fault);
    const char *failed = good ? "" : failed_probe(facts, fault);

    if (strcmp(failed, "reachable") != 0)
        doctor_say(p->doctor, "reachable", DOCTOR_GOOD, "%s port %d (%s)", p->drop->host, p->drop->port,
                   facts->address);
    say_handshake(p, fault);
    if (facts->logged_in)
        doctor_say(p->doctor, "login", DOCTOR_GOOD, "as %s with %s; it took %" G_GINT64_FORMAT " ms to come here",
                   p->drop->user, *p->drop->identity != '\0' ? p->drop->identity : "a key of ssh-agent",
                   (clock_monotonic() - begun) / 1000);
    if (good)
        say_extensions(p);
    else if (fault->code != SFTP_ERROR_HOST_KEY)
        doctor_say(p->doctor, failed, DOCTOR_BAD, "%s", fault->message);
    return good;
}

/* ---- files of ours ---- */

static char *probe_path(struct probing *p, const char *folder, const char *suffix)
{
    g_autofree char *name = g_strconcat(DOCTOR_PREFIX, p->doctor->token, ".", suffix, NULL);
    char *path = sftp_drop_path(folder, name);

    g_ptr_array_add(p->made, g_strdup(path));
    return path;
}

static bool make(struct probing *p, const char *path, GError **error)
{
    const char *text = p->doctor->token;
    struct sftp_attributes after;
    g_autoptr(sftp_upload_t) upload = sftp_upload_begin(p->sftp, path, error);

    if (upload == NULL || !sftp_upload_write(upload, text, strlen(text), error) ||
        !sftp_upload_finish(upload, &after, error))
        return false;
    p->written = after.modified;
    return true;
}

/* Also after a loss of the connection: nothing stays behind. */
static void remove_made(struct probing *p)
{
    for (guint i = 0; i < p->made->len; i++) {
        const char *path = p->made->pdata[i];
        GError *fault = NULL;
        if ((sftp_is_connected(p->sftp) || sftp_connect(p->sftp, &fault)) && sftp_remove(p->sftp, path, &fault))
            continue;
        bool gone = g_error_matches(fault, SFTP_ERROR, SFTP_ERROR_MISSING);
        if (!gone)
            doctor_say(p->doctor, "remove", DOCTOR_BAD, "%s may be left behind, remove it by hand: %s", path,
                       fault->message);
        g_error_free(fault);
        if (!gone && !sftp_is_connected(p->sftp))
            return;
    }
}

/* ---- the folder out ---- */

static bool add_text(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* nothing can go wrong */
    g_string_append_len(user, data, (gssize)len);
    return true;
}

static void probe_read_back(struct probing *p, const char *path)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const char *wanted = p->doctor->token;
    struct sftp_fetch fetch = {.path = path, .size = (int64_t)strlen(wanted), .sink = add_text, .user = text};
    GError *fault = NULL;

    if (!sftp_read(p->sftp, &fetch, &fault))
        doctor_fail(p->doctor, "read-back", fault);
    else if (strcmp(text->str, wanted) == 0)
        doctor_say(p->doctor, "read-back", DOCTOR_GOOD, "the same bytes come back from %s", p->drop->out);
    else
        doctor_say(p->doctor, "read-back", DOCTOR_BAD,
                   "other bytes come back from %s than were written; the server must not convert files", p->drop->out);
}

static bool holds(struct probing *p, const char *path, bool *there, GError **error)
{
    struct sftp_attributes at;
    GError *fault = NULL;

    *there = sftp_lstat(p->sftp, path, &at, &fault);
    if (*there || g_error_matches(fault, SFTP_ERROR, SFTP_ERROR_MISSING)) {
        g_clear_error(&fault);
        return true;
    }
    g_propagate_error(error, fault);
    return false;
}

static void probe_rename_onto(struct probing *p, const char *from, const char *to)
{
    GError *fault = NULL, *refusal = NULL;
    bool left;

    if (!make(p, from, &fault)) {
        doctor_fail(p->doctor, "rename-onto", fault);
        return;
    }
    bool renamed = sftp_rename(p->sftp, from, to, &refusal);
    /* Some servers refuse and rename, some say that they did and did not. */
    if (sftp_is_connected(p->sftp) && holds(p, from, &left, &fault)) {
        p->replaces = !left;
        if (left && !renamed)
            doctor_say(p->doctor, "rename-onto", DOCTOR_GOOD, "a name that is taken is refused");
        else
            doctor_say(p->doctor, "rename-onto", DOCTOR_NOTE,
                       "a name that is taken is %s; the gateway looks before it renames",
                       left ? "said to be replaced, and is not" : "replaced");
    } else {
        doctor_fail(p->doctor, "rename-onto", fault != NULL ? g_steal_pointer(&fault) : g_steal_pointer(&refusal));
    }
    g_clear_error(&refusal);
}

static void probe_space(struct probing *p)
{
    GError *fault = NULL;
    uint64_t bytes;

    if (sftp_free_space(p->sftp, p->drop->out, &bytes, &fault)) {
        doctor_say_space(p->doctor, bytes);
        return;
    }
    doctor_say(p->doctor, "space", DOCTOR_NOTE, "%s", fault->message);
    g_error_free(fault);
}

static void probe_out(struct probing *p)
{
    g_autofree char *first = probe_path(p, p->drop->out, "1.part");
    g_autofree char *second = probe_path(p, p->drop->out, "2.part");
    GError *fault = NULL;

    if (!make(p, first, &fault)) {
        doctor_fail(p->doctor, "write", fault);
        return;
    }
    doctor_say(p->doctor, "write", DOCTOR_GOOD, "a file can be written%s in %s",
               sftp_offers(p->sftp, "fsync@openssh.com") ? " and synced" : "", p->drop->out);
    probe_read_back(p, first);
    if (!sftp_rename(p->sftp, first, second, &fault)) {
        doctor_fail(p->doctor, "rename", fault);
    } else {
        doctor_say(p->doctor, "rename", DOCTOR_GOOD, "a file can be renamed in %s", p->drop->out);
        probe_rename_onto(p, first, second);
    }
    if (!sftp_is_connected(p->sftp))
        return;
    probe_space(p);
    doctor_say_clock(p->doctor, p->written);
}

/* ---- the folder in ---- */

struct inbox_look {
    unsigned names, files, untold;
    char *readable; /* one of the files */
    int64_t size;
};

static bool look_at(void *user, const char *name, const struct sftp_attributes *attributes)
{
    struct inbox_look *look = user;

    look->names++;
    look->untold += !attributes->typed || !attributes->sized;
    if (!attributes->regular || filename_is_temporary(name))
        return true;
    look->files++;
    if (look->readable == NULL && attributes->size > 0) {
        look->readable = g_strdup(name);
        look->size = attributes->size;
    }
    return true;
}

/* The first bytes are enough. */
static bool read_enough(void *user, const char *data, size_t len, GError **error)
{
    (void)data;
    (void)len;
    *(bool *)user = true;
    g_set_error_literal(error, SFTP_ERROR, SFTP_ERROR_CHANGED, "enough");
    return false;
}

static void probe_file(struct probing *p, const struct inbox_look *look)
{
    g_autofree char *path = sftp_drop_path(p->drop->in, look->readable);
    g_autofree char *shown = text_escape(look->readable, strlen(look->readable), 0);
    bool enough = false;
    struct sftp_fetch fetch = {.path = path, .size = look->size, .sink = read_enough, .user = &enough};
    GError *fault = NULL;

    (void)sftp_read(p->sftp, &fetch, &fault);
    if (enough)
        doctor_say(p->doctor, "read", DOCTOR_GOOD, "%s in %s can be read", shown, p->drop->in);
    else if (!g_error_matches(fault, SFTP_ERROR, SFTP_ERROR_MISSING))
        doctor_say(p->doctor, "read", DOCTOR_BAD, "%s", fault->message);
    g_clear_error(&fault);
}

static void probe_list(struct probing *p)
{
    struct inbox_look look = {0};
    GError *fault = NULL;

    if (!sftp_list(p->sftp, p->drop->in, look_at, &look, &fault)) {
        doctor_fail(p->doctor, "list", fault);
        return;
    }
    if (look.untold > 0)
        doctor_say(p->doctor, "list", DOCTOR_BAD,
                   "the server does not say of %u of %u names in %s what they are or how long; the gateway cannot take "
                   "such files",
                   look.untold, look.names, p->drop->in);
    else
        doctor_say(p->doctor, "list", DOCTOR_GOOD, "%s holds %u files and %u other names", p->drop->in, look.files,
                   look.names - look.files);
    if (look.readable != NULL)
        probe_file(p, &look);
    g_free(look.readable);
}

static void probe_taken(struct probing *p, const char *path)
{
    g_autofree char *moved = probe_path(p, p->drop->taken, "3.part");
    GError *fault = NULL;

    if (sftp_rename(p->sftp, path, moved, &fault))
        doctor_say(p->doctor, "taken", DOCTOR_GOOD, "a file can be moved from %s to %s", p->drop->in, p->drop->taken);
    else
        doctor_fail(p->doctor, "taken", fault);
}

/* Where nothing may be written, files may still be removed: that shows with the first one only. */
static void probe_remove(struct probing *p)
{
    g_autofree char *path = probe_path(p, p->drop->in, "3.part");
    GError *fault = NULL;

    if (!make(p, path, &fault)) {
        doctor_say(p->doctor, "remove", DOCTOR_NOTE,
                   "nothing can be written there, so whether files may be removed is not known: %s", fault->message);
        g_error_free(fault);
        return;
    }
    if (*p->drop->taken != '\0')
        probe_taken(p, path);
    else if (sftp_remove(p->sftp, path, &fault))
        doctor_say(p->doctor, "remove", DOCTOR_GOOD, "a file can be removed from %s", p->drop->in);
    else
        doctor_fail(p->doctor, "remove", fault);
}

/* ---- all ---- */

static void say_strategy(struct probing *p)
{
    g_autofree char *pickup = doctor_pickup_text(p->drop);

    doctor_say(
        p->doctor, "strategy", DOCTOR_GOOD,
        "%s, its bytes compared first when the connection broke in between; answers are written as .NAME.part, %s, and "
        "renamed after a look at the name%s",
        pickup, sftp_offers(p->sftp, "fsync@openssh.com") ? "synced" : "not synced, which this server does not offer",
        p->replaces ? ", which is all that keeps a taken one here" : "");
}

void doctor_probe_sftp(struct doctor *doctor)
{
    struct sftp_peer peer = sftp_drop_peer(doctor->drop);
    struct probing p = {.doctor = doctor,
                        .drop = doctor->drop,
                        .sftp = sftp_new(&peer),
                        .made = g_ptr_array_new_with_free_func(g_free)};

    if (probe_connection(&p)) {
        probe_list(&p);
        if (sftp_is_connected(p.sftp))
            probe_out(&p);
        if (sftp_is_connected(p.sftp))
            probe_remove(&p);
        if (sftp_is_connected(p.sftp))
            say_strategy(&p);
        remove_made(&p);
    }
    sftp_free(p.sftp);
    g_ptr_array_unref(p.made);
}
