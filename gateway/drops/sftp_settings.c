/*
 * The settings of an SFTP drop. Paths on the server stay as they are written; paths on this machine are made absolute,
 * as everywhere in the configuration.
 */
#include "gateway/drops/sftp_settings.h"

#include "gateway/config/config_file.h"

#include <string.h>

/* Bytes of host and user. Longer ones name nothing, and libraries have overrun buffers on them. */
enum { MAX_NAME = 255 };

const char *const sftp_keys[] = {
    "host", "port",      "user",    "identity", "passphrase_file", "known_hosts",  "taken",      "timeout",
    "kex",  "host_keys", "ciphers", "macs",     "rate_min",        "rate_seconds", "listed_max", NULL};

const struct sftp_settings *sftp_settings_of(const struct drop *drop)
{
    return drop->settings;
}

struct sftp *sftp_settings_session(const struct drop *drop)
{
    struct sftp_peer peer = sftp_settings_of(drop)->peer;

    peer.guarded = drop->guarded;
    return sftp_new(&peer);
}

/* A file on this machine that need not be named. */
static char *optional_path(struct config_loading *l, const char *group, const char *key)
{
    g_autofree char *value = config_text_value(l, group, key, "");

    return *value == '\0' ? g_strdup("") : g_canonicalize_filename(value, l->dir);
}

/* A folder on the server: as it is written, but without slashes at its end. */
static char *remote_path(struct config_loading *l, const char *group, const char *key, const char *fallback)
{
    char *value = config_text_value(l, group, key, fallback);
    size_t len = strlen(value);

    while (len > 1 && value[len - 1] == '/')
        value[--len] = '\0';
    return value;
}

/* A host or a user: no URL, no user@host, nothing that another program would read as more than a name. */
static char *name_value(struct config_loading *l, const char *group, const char *key, const char *expected)
{
    char *value = config_text_value(l, group, key, NULL);
    bool bad = strlen(value) > MAX_NAME;

    for (const char *c = value; *c != '\0'; c++)
        bad = bad || g_ascii_isspace(*c) || g_ascii_iscntrl(*c) || *c == '@' || *c == '/' || *c == '[';
    if (bad)
        config_problem(l, group, key, expected);
    return value;
}

static char *algorithms_value(struct config_loading *l, const char *group, const char *key)
{
    char *value = config_text_value(l, group, key, "");

    if (strspn(value, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "@.,_-") != strlen(value))
        config_problem(l, group, key, "names of algorithms joined by ',', without blanks");
    return value;
}

void sftp_settings_load(struct config_loading *l, const char *group, struct drop *drop)
{
    struct sftp_settings *settings = g_new0(struct sftp_settings, 1);
    struct sftp_peer *peer = &settings->peer;

    drop->settings = settings;
    drop->in = remote_path(l, group, "in", NULL);
    drop->out = remote_path(l, group, "out", NULL);
    settings->taken = remote_path(l, group, "taken", "");
    peer->host = name_value(l, group, "host", "the name or address of a host of at most 255 bytes, and nothing else");
    peer->port = (int)config_number_value(l, group, "port", (struct config_range){22, 1, 65535});
    peer->user =
        name_value(l, group, "user", "the name of a user of at most 255 bytes, without blanks, '@', '/' and '['");
    peer->identity = optional_path(l, group, "identity");
    peer->passphrase_file = optional_path(l, group, "passphrase_file");
    peer->known_hosts = config_path_value(l, group, "known_hosts", NULL);
    peer->timeout = config_number_value(l, group, "timeout", (struct config_range){20, 1, 3600});
    peer->rate_min = config_number_value(l, group, "rate_min", (struct config_range){100, 0, 1000000000});
    peer->listed_max = config_number_value(l, group, "listed_max", (struct config_range){20000, 1, 10000000});
    peer->rate_seconds = config_number_value(l, group, "rate_seconds", (struct config_range){300, 1, 86400});
    peer->kex = algorithms_value(l, group, "kex");
    peer->host_keys = algorithms_value(l, group, "host_keys");
    peer->ciphers = algorithms_value(l, group, "ciphers");
    peer->macs = algorithms_value(l, group, "macs");
    if (*settings->taken != '\0' && (strcmp(settings->taken, drop->in) == 0 || strcmp(settings->taken, drop->out) == 0))
        config_problem(l, group, "taken", "a folder of its own, not the one of in= or out=");
    if (*peer->passphrase_file != '\0' && *peer->identity == '\0')
        config_problem(l, group, "passphrase_file", "identity= beside it: ssh-agent needs no passphrase");
}

char *sftp_settings_folder_key(const struct drop *drop, const char *folder)
{
    const struct sftp_peer *peer = &sftp_settings_of(drop)->peer;
    g_autofree char *host = g_ascii_strdown(peer->host, -1);
    size_t slashes = strspn(folder, "/"), len = strlen(host);

    /* A relative path begins in the user's folder, which only the server knows: it is compared with its like. The
     * folders above that one have no name here, but must stay apart from it. */
    g_autofree char *path = g_canonicalize_filename(folder + slashes, slashes > 0 ? "/" : "/~/~/~/~/~/~/~/~");
    if (len > 0 && host[len - 1] == '.')
        host[len - 1] = '\0';
    return g_strdup_printf("sftp %s@%s:%d %s", peer->user, host, peer->port, path);
}

void sftp_settings_free(void *user)
{
    struct sftp_settings *settings = user;
    const struct sftp_peer *peer = &settings->peer;
    const char *const texts[] = {peer->host, peer->user, peer->identity, peer->passphrase_file, peer->known_hosts,
                                 peer->kex,  peer->macs, peer->ciphers,  peer->host_keys};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free((char *)texts[i]);
    g_free(settings->taken);
    g_free(settings);
}
