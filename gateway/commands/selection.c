#include "gateway/commands/selection.h"

#include "formats/instant.h"
#include "gateway/commands/command.h"

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

struct search {
    const char *mpid;
    uint64_t *id;
};

static bool compare_mpid(void *user, const struct ledger_party *party, GError **error)
{
    struct search *search = user;

    (void)error; /* nothing here can fail */
    if (g_ascii_strcasecmp(party->mpid, search->mpid) == 0)
        *search->id = party->id;
    return true;
}

bool selection_party(struct ledger *ledger, const char *role, const char *mpid, uint64_t *id, GError **error)
{
    struct search search = {.mpid = mpid, .id = id};

    return ledger_parties_each(ledger, role, compare_mpid, &search, error);
}
