/* A group is the business of whoever made it; only keys are for one user alone, as for ssh(1). */
#include "gateway/config/config_rights.h"

#include "gateway/config/config_file.h"
#include "gateway/config/config_signature.h"

#include "validators/signature/signature_key.h"

#include <sys/stat.h>

/* forbidden: bits of a mode. group NULL: the configuration itself. */
static void check_file(GString *problems, const struct config *config, const char *path, const char *group,
                       mode_t forbidden)
{
    const struct config_loading place = {.lines = config->lines};
    struct stat st;

    if (path == NULL || *path == '\0' || stat(path, &st) != 0 || (st.st_mode & forbidden) == 0)
        return;
    bool secret = (forbidden & S_IROTH) != 0;
    g_string_append_printf(problems, "%s%s:%d: %s has mode %04o: %s may %s it; take that right away: chmod %s %s",
                           problems->len > 0 ? "\n" : "", config->path,
                           group != NULL ? config_line_of(&place, group, "") : 1, path, st.st_mode & 07777U,
                           secret ? "others than its owner" : "everybody", secret ? "read or write" : "write",
                           secret ? "go=" : "o-w", path);
}

static void check_drop(GString *problems, const struct config *config, const struct drop *drop, const char *dir)
{
    static const char *const secrets[] = {"identity", "passphrase_file"};
    g_autofree char *group = g_strconcat("drop ", drop->name, NULL);
    g_autofree char *known = g_key_file_get_string(config->file, group, "known_hosts", NULL);
    g_autofree char *known_path = known != NULL ? g_canonicalize_filename(g_strstrip(known), dir) : NULL;

    check_file(problems, config, known_path, group, S_IWOTH);
    for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++) {
        g_autofree char *value = g_key_file_get_string(config->file, group, secrets[i], NULL);
        g_autofree char *path =
            value != NULL && *g_strstrip(value) != '\0' ? g_canonicalize_filename(value, dir) : NULL;
        check_file(problems, config, path, group, S_IRWXG | S_IRWXO);
    }
}

/* Who may write the anchors decides who may send orders. */
static void check_party(GString *problems, const struct config *config, const struct party *party, const char *dir)
{
    static const char *const files[] = {"signer_ca", "signer_crl"};
    g_autofree char *group = g_strconcat("party ", party->org, NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *value = g_key_file_get_string(config->file, group, files[i], NULL);
        g_autofree char *path =
            value != NULL && *g_strstrip(value) != '\0' ? g_canonicalize_filename(value, dir) : NULL;
        check_file(problems, config, path, group, S_IWOTH);
    }
}

static void add_key(void *user, const char *problem)
{
    GString *problems = user;

    g_string_append_printf(problems, "%s[gateway] %s", problems->len > 0 ? "\n" : "", problem);
}

/* Who can read a key signs as this gateway. */
static void check_keys(GString *problems, const struct config *config)
{
    for (size_t i = 0; i < CONFIG_SIGNING_KEYS; i++) {
        const char *key = config->signing[i].key;
        bool token = key != NULL && g_str_has_prefix(key, SIGNATURE_TOKEN);
        g_autofree char *pin = token ? signature_token_pin(key) : NULL;
        check_file(problems, config, token ? pin : key, "gateway", S_IRWXG | S_IRWXO);
        check_file(problems, config, config->signing[i].certificate, "gateway", S_IWOTH);
    }
}

static void check_modes(GString *problems, const struct config *config, const char *place)
{
    g_autofree char *file = g_canonicalize_filename(place, NULL);
    g_autofree char *dir = g_path_get_dirname(file);

    g_autofree char *orders = g_build_filename(config->spool, "orders", NULL);

    check_file(problems, config, config->path, NULL, S_IWOTH);
    check_file(problems, config, config->spool, "gateway", S_IWOTH);
    check_file(problems, config, orders, "gateway", S_IWOTH);
    check_keys(problems, config);
    for (guint i = 0; i < config->drops->len; i++)
        check_drop(problems, config, config->drops->pdata[i], dir);
    for (guint i = 0; i < config->parties->len; i++)
        check_party(problems, config, &g_array_index(config->parties, struct party, i), dir);
}

char *config_modes_problems(const struct config *config, const char *place)
{
    GString *problems = g_string_new(NULL);

    check_modes(problems, config, place);
    return g_string_free(problems, problems->len == 0);
}

char *config_rights_problems(const struct config *config, const char *place)
{
    GString *problems = g_string_new(NULL);

    check_modes(problems, config, place);
    config_open_keys(config, add_key, problems);
    return g_string_free(problems, problems->len == 0);
}
