#include "gateway/commands/selection.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "gateway/commands/batch.h"
#include "gateway/commands/words.h"
#include "spool/ledger/ledger_estate.h"
#include "spool/ledger/ledger_reference.h"
#include "validators/catalogue.h"

#include <glib.h>
#include <string.h>

bool selection_time(const char *command, const char *option, const char *text, int64_t *at)
{
    if (text == NULL || instant_parse(text, strlen(text), at))
        return true;
    g_autofree char *midnight = g_strconcat(text, "T00:00:00Z", NULL);
    if (instant_parse(midnight, strlen(midnight), at))
        return true;
    g_autofree char *shown = command_shown(text);
    g_printerr("ecosgate: %s: --%s '%s' is no time; expected one such as 2023-07-03T06:00:00Z, or a day such as "
               "2023-07-03\n",
               command, option, shown);
    return false;
}

bool selection_age(const char *command, const char *option, const char *text, int64_t *seconds)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    enum { MOST = 100000 /* of any unit: centuries of days */ };
    char *end = NULL;
    gint64 n = text != NULL ? g_ascii_strtoll(text, &end, 10) : 0;

    if (text == NULL)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
        if (g_ascii_isdigit(text[0]) && n <= MOST && end[0] == units[i].unit && end[1] == '\0') {
            *seconds = n * units[i].seconds;
            return true;
        }
    g_autofree char *shown = command_shown(text);
    g_printerr("ecosgate: %s: --%s '%s' is no age; expected a number and s, m, h or d, such as 12h or 2d\n", command,
               option, shown);
    return false;
}

bool selection_limit(const char *command, int limit)
{
    if (limit >= 0)
        return true;
    g_printerr("ecosgate: %s: --limit %d is below 0; give how many are shown, or 0 for all\n", command, limit);
    return false;
}

/* ---- words of a closed list ---- */

bool selection_word(const struct selection *of, const char *what, const char *const *words, char **text)
{
    if (*text == NULL)
        return true;
    for (const char *const *word = words; *word != NULL; word++) {
        if (g_ascii_strcasecmp(*word, *text) != 0)
            continue;
        g_free(*text);
        *text = g_strdup(*word);
        return true;
    }
    g_autofree char *shown = command_shown(*text);
    g_autofree char *meant = command_meant(*text, words);
    g_autofree char *all = words_joined(words);
    g_printerr("ecosgate: %s: --%s '%s' is no %s%s; give one of %s\n", of->command, of->option, shown, what, meant,
               all);
    return false;
}

bool selection_code(const struct selection *of, char **text)
{
    enum code code;

    if (*text == NULL)
        return true;
    g_autofree char *upper = g_ascii_strup(*text, -1);
    if (catalogue_find(upper, &code)) {
        g_free(*text);
        *text = g_steal_pointer(&upper);
        return true;
    }
    g_autofree char *shown = command_shown(*text), *meant = command_meant(*text, words_codes());
    g_printerr("ecosgate: %s: --%s '%s' is no code%s; 'man ecosgate' lists the codes\n", of->command, of->option, shown,
               meant);
    return false;
}

/* ---- what only the home knows ---- */

/* The home knows nothing of that name; where: the command that lists them. Always false. */
static bool refuse(const struct selection *of, const char *text, const char *what, const char *where, GError **error)
{
    g_autofree char *shown = command_shown(text);

    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: --%s '%s' is %s%s", of->command, of->option,
                shown, what, where);
    return false;
}

static bool set_any(void *user, const struct ledger_job *job, GError **error)
{
    (void)job; /* that there is one is all */
    (void)error;
    *(bool *)user = true;
    return true;
}

/* *any: the ledger has such a job. One is looked at. */
static bool has_job(struct ledger *ledger, struct ledger_job_find find, bool *any, GError **error)
{
    *any = false;
    find.enough = any;
    return ledger_jobs_find(ledger, &find, set_any, any, error);
}

bool selection_drop(struct read_access *access, const struct selection *of, const char *name, GError **error)
{
    bool known = name == NULL || config_drop(access->config, name) != NULL;

    if (!known && !has_job(access->gateway.ledger, (struct ledger_job_find){.drop = name}, &known, error))
        return false;
    if (known)
        return true;
    g_autofree char *meant = words_drop_meant(access->config, name);
    return refuse(of, name, "no drop", *meant != '\0' ? meant : "; 'ecosgate status --all' lists the drops", error);
}

bool selection_sender(struct read_access *access, const struct selection *of, const char *text,
                      struct ledger_job_find *find, GError **error)
{
    const struct identity *identity = &access->config->identity;
    g_autoptr(GPtrArray) codes = g_ptr_array_new();
    bool known = text == NULL;
    uint64_t id;

    find->sender = text;
    for (size_t i = 0; !known && i < identity->n_parties; i++) {
        const struct party *party = &identity->parties[i];
        known = g_ascii_strcasecmp(party->org, text) == 0;
        if (known)
            find->sender = party->org;
        g_ptr_array_add(codes, (gpointer)party->org);
    }
    /* Of an EUI-64 it is enough that it is one: it cannot be mistaken for a word. Ledgers have it in capitals. */
    if (!known && (known = eui64_parse(text, strlen(text), &id))) {
        char printed[EUI64_TEXT_SIZE];
        eui64_print(id, printed);
        find->sender = g_intern_string(printed);
    }
    if (!known && !has_job(access->gateway.ledger, (struct ledger_job_find){.sender = text}, &known, error))
        return false;
    if (known)
        return true;
    g_ptr_array_add(codes, NULL);
    g_autofree char *meant = command_meant(text, (const char *const *)codes->pdata);
    g_autofree char *all = words_joined((const char *const *)codes->pdata);
    g_autofree char *where = g_strdup_printf("%s; give an EUI-64 or one of %s", meant, all);
    return refuse(of, text, "no party", where, error);
}

bool selection_job_batch(struct read_access *access, const struct selection *of, const char *text,
                         struct ledger_job_find *find, GError **error)
{
    struct ledger *ledger = access->gateway.ledger;
    const char *point = text != NULL ? strchr(text, '.') : NULL;
    bool known = false;

    find->batch = text;
    if (text == NULL)
        return true;
    if (!has_job(ledger, (struct ledger_job_find){.batch = text}, &known, error))
        return false;
    if (!known && point != NULL) {
        g_autofree char *sender = g_strndup(text, (gsize)(point - text));
        const struct ledger_job_find both = {.batch = point + 1, .sender = sender};
        if (!has_job(ledger, both, &known, error))
            return false;
        find->batch = point + 1;
        find->sender = g_intern_string(sender);
    }
    if (known)
        return true;
    g_autofree char *none = NULL;
    if (!batch_meant(access, text, &none, error))
        return false;
    return refuse(of, text, "the BatchId of no file that was judged", none, error);
}

bool selection_batch(struct read_access *access, const struct selection *of, const char *text,
                     struct ledger_batch **batch, GError **error)
{
    g_autofree char *problem = NULL;

    *batch = NULL;
    if (text == NULL)
        return true;
    if (!batch_named(access, text, batch, &problem, error))
        return false;
    if (*batch != NULL)
        return true;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: --%s: %s", of->command, of->option, problem);
    return false;
}

/* ---- parties of the estate ---- */

struct search {
    const char *mpid;
    uint64_t *id;
    GPtrArray *mpids; /* char *: all that there are */
};

static bool compare_mpid(void *user, const struct ledger_party *party, GError **error)
{
    struct search *search = user;

    (void)error; /* nothing here can fail */
    if (g_ascii_strcasecmp(party->mpid, search->mpid) == 0)
        *search->id = party->id;
    g_ptr_array_add(search->mpids, g_strdup(party->mpid));
    return true;
}

bool selection_party(struct read_access *access, const struct selection_party *party, const char *text, uint64_t *id,
                     GError **error)
{
    const struct identity *identity = &access->config->identity;
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    struct search search = {text, id, words};

    if (text == NULL)
        return true;
    *id = 0;
    if (eui64_parse(text, strlen(text), id))
        return true;
    for (size_t i = 0; party->codes && i < identity->n_parties; i++) {
        if (g_ascii_strcasecmp(identity->parties[i].org, text) == 0)
            *id = identity->parties[i].eui64;
        g_ptr_array_add(words, g_strdup(identity->parties[i].org));
    }
    for (const char *const *role = party->roles; *id == 0 && *role != NULL; role++)
        if (!ledger_parties_each(access->gateway.ledger, *role, compare_mpid, &search, error))
            return false;
    if (*id != 0)
        return true;
    g_ptr_array_add(words, NULL);
    g_autofree char *meant = command_meant(text, (const char *const *)words->pdata);
    return refuse(&party->of, text, party->none, meant, error);
}
