/*
 * The command `complete`: what the last word of a call can become, one candidate on a line, for completion by a shell
 * (gateway/completion/ecosgate). All is derived from the table of commands in main.c: the calls that the help shows
 * say which options there are, what value an option takes, and what each argument is. Of an argument that the home
 * knows (ID, BATCH, DROP …) the newest are offered.
 *
 * It says nothing on standard error and always ends well: a home that cannot be read offers nothing.
 */
#include "gateway/commands/command.h"

#include "formats/eui64.h"
#include "gateway/answers/incident_id.h"
#include "gateway/commands/words.h"
#include "gateway/gateway.h"
#include "spool/ledger/ledger_estate.h"
#include "spool/ledger/ledger_names.h"

#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* MOST: lines that are printed. A shell asks at each key, so a ledger that another process keeps locked is given up. */
enum { MOST = 200, LIMIT_SECONDS = 5 };

/* What it prints where the shell knows best. */
#define FILES ":files"

struct completion {
    const struct invocation *invocation;
    const char *config_path; /* of the call that is completed */
    const char *word;        /* the last one, which is completed */
    const char *command;     /* the command's name; NULL: not known yet */
    struct config *config;   /* loaded when it is needed; NULL */
    struct gateway gateway;  /* and opened; ledger NULL: not yet, or it cannot be read */
    bool tried;              /* to load and to open */
    GHashTable *printed;     /* candidates, each once */
};

/* ---- candidates ---- */

/* A candidate that a shell would have to quote is left out. */
static void offer(struct completion *c, const char *candidate)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+@%/,:";

    if (candidate == NULL || !g_str_has_prefix(candidate, c->word) || strspn(candidate, safe) != strlen(candidate) ||
        g_hash_table_size(c->printed) >= MOST || !g_hash_table_add(c->printed, g_strdup(candidate)))
        return;
    puts(candidate);
}

static void offer_all(struct completion *c, const char *const *candidates)
{
    for (; *candidates != NULL; candidates++)
        offer(c, *candidates);
}

static bool has_home(struct completion *c)
{
    if (!c->tried) {
        c->tried = true;
        c->config = config_load(c->config_path, NULL);
        if (c->config != NULL && !gateway_open(&c->gateway, c->config, GATEWAY_READER, NULL))
            c->gateway.ledger = NULL;
    }
    return c->config != NULL;
}

static bool offer_name(void *user, const char *name, int64_t id, GError **error)
{
    (void)id; /* the name says it */
    (void)error;
    offer(user, name);
    return true;
}

static bool offer_job(void *user, const char *name, int64_t id, GError **error)
{
    char text[JOB_ID_SIZE];

    (void)error;
    job_id_print(id, text);
    offer(user, text);
    if (*((struct completion *)user)->word != '\0') /* ids alone are enough to begin with */
        offer(user, name);
    return true;
}

static bool offer_incident(void *user, const char *name, int64_t id, GError **error)
{
    char text[INCIDENT_ID_SIZE];

    (void)name; /* its code names no incident */
    (void)error;
    offer(user, incident_id(id, text));
    return true;
}

static bool offer_device(void *user, const char *name, int64_t id, GError **error)
{
    char text[EUI64_TEXT_SIZE];

    (void)name; /* there is none */
    (void)error;
    eui64_print((uint64_t)id, text);
    offer(user, text);
    return true;
}

static void from_ledger(struct completion *c, enum ledger_names kind, ledger_count_visit visit)
{
    if (has_home(c) && c->gateway.ledger != NULL)
        (void)ledger_names_each(c->gateway.ledger, kind, visit, c, NULL); /* what was read so far is offered */
}

/* ---- what an argument is ---- */

static bool begins(const struct completion *c, const char *group)
{
    return g_str_has_prefix(c->command, group);
}

static void ids(struct completion *c)
{
    if (begins(c, "incident"))
        from_ledger(c, strcmp(c->command, "incident close") == 0 ? LEDGER_NAMES_OPEN_INCIDENT : LEDGER_NAMES_INCIDENT,
                    offer_incident);
    else
        from_ledger(c, LEDGER_NAMES_JOB, offer_job);
    if (strcmp(c->command, "why") == 0 || strcmp(c->command, "evidence") == 0)
        from_ledger(c, LEDGER_NAMES_DEVICE, offer_device);
}

static void batches(struct completion *c)
{
    from_ledger(c, LEDGER_NAMES_BATCH, offer_name);
}

static void devices(struct completion *c)
{
    from_ledger(c, LEDGER_NAMES_DEVICE, offer_device);
}

static void outgoing(struct completion *c)
{
    from_ledger(c, LEDGER_NAMES_OUTGOING, offer_name);
}

static void drops(struct completion *c)
{
    for (guint i = 0; has_home(c) && i < c->config->drops->len; i++)
        offer(c, ((const struct drop *)c->config->drops->pdata[i])->name);
}

static void senders(struct completion *c)
{
    for (size_t i = 0; has_home(c) && i < c->config->identity.n_parties; i++)
        offer(c, c->config->identity.parties[i].org);
}

static void states(struct completion *c)
{
    offer_all(c, begins(c, "spool") ? words_job_states() : words_device_states());
}

static void codes(struct completion *c)
{
    offer_all(c, words_codes());
}

static void reports(struct completion *c)
{
    offer_all(c, words_reports());
}

static void types(struct completion *c)
{
    offer_all(c, begins(c, "spool") || begins(c, "archive") ? words_types()
                 : begins(c, "sequence")                    ? words_incoming_types()
                                                            : words_outgoing_types());
}

static bool offer_party(void *user, const struct ledger_party *party, GError **error)
{
    (void)error;
    offer(user, party->mpid);
    return true;
}

/* Of Suppliers, and where others get files, of these. */
static void mpids(struct completion *c)
{
    static const char *const roles[] = {"SUPPLIER", "MAP"};

    for (size_t i = 0; i < (begins(c, "device") ? 1 : G_N_ELEMENTS(roles)); i++)
        if (has_home(c) && c->gateway.ledger != NULL)
            (void)ledger_parties_each(c->gateway.ledger, roles[i], offer_party, c, NULL); /* as in from_ledger */
}

/* What nobody could complete. */
static void none(struct completion *c)
{
    (void)c;
}

static void files(struct completion *c)
{
    (void)c; /* the shell does all */
    puts(FILES);
}

static void files_of_gateway(struct completion *c)
{
    (strcmp(c->command, "check") == 0 || begins(c, "archive") ? files : outgoing)(c);
}

static void names(struct completion *c)
{
    (begins(c, "profile") ? files : begins(c, "spool") ? outgoing : types)(c);
}

/* The words of the help that stand for something. Any other in capitals offers nothing, unless it is a choice. */
static const struct {
    const char *word;
    void (*offer)(struct completion *c);
} kinds[] = {{"ID", ids},      {"BATCH", batches},  {"BATCHID", batches}, {"DEVICE-ID", devices},
             {"DROP", drops},  {"SENDER", senders}, {"STATE", states},    {"CODE", codes},
             {"REF", reports}, {"TYPE", types},     {"DIR", files},       {"FILE", files_of_gateway},
             {"NAME", names},  {"PARTY", senders},  {"MPID", mpids},      {"EUI-64", none}};

/* "DEVICE-ID|all", "AC|WN|PA|RJ": what stands in the help for an argument or a value. */
static void offer_kind(struct completion *c, const char *text)
{
    g_auto(GStrv) pieces = g_strsplit(text, "|", -1);
    guint n = g_strv_length(pieces);

    for (char **piece = pieces; *piece != NULL; piece++) {
        size_t i = 0;
        while (i < G_N_ELEMENTS(kinds) && strcmp(kinds[i].word, *piece) != 0)
            i++;
        if (i < G_N_ELEMENTS(kinds))
            kinds[i].offer(c);
        else if (g_ascii_islower(**piece) || n > 2)
            offer(c, *piece);
    }
}

/* ---- the call ---- */

/* The words of a part of the help, without the brackets of what may be left out. */
static char **help_words(const char *text)
{
    g_autofree char *plain = g_strdelimit(g_strdup(text), "[]", ' ');
    g_auto(GStrv) all = g_strsplit(plain, " ", -1);
    GPtrArray *words = g_ptr_array_new();

    for (char **word = all; *word != NULL; word++)
        if (**word != '\0' && strcmp(*word, "|") != 0)
            g_ptr_array_add(words, g_strdup(*word));
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

/* The options of a command by name, each with what its value is ("" for none): "--state STATE|--withheld" has two. */
static GHashTable *options_of(const struct command *command)
{
    GHashTable *options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) words = help_words(command->options);
    g_autofree char *option = NULL;

    for (char **word = words; *word != NULL; word++) {
        g_auto(GStrv) pieces = g_strsplit(*word, "|", -1);
        for (char **piece = pieces; *piece != NULL; piece++) {
            if (g_str_has_prefix(*piece, "--")) {
                g_free(option);
                option = g_strdup(*piece);
                g_hash_table_insert(options, g_strdup(option), g_strdup(""));
            } else if (option != NULL) {
                const char *before = g_hash_table_lookup(options, option);
                g_hash_table_insert(options, g_strdup(option),
                                    *before == '\0' ? g_strdup(*piece) : g_strconcat(before, "|", *piece, NULL));
            }
        }
    }
    return options;
}

/* What the nth argument is; NULL: there is none. The last one is repeated if "…" follows. g_free. */
static char *argument_kind(const struct command *command, size_t n)
{
    g_auto(GStrv) words = help_words(command->arguments);
    size_t many = g_strv_length(words);
    bool repeated = many > 0 && strcmp(words[many - 1], "…") == 0;

    if (repeated)
        many--;
    return many == 0 || (n >= many && !repeated) ? NULL : g_strdup(words[MIN(n, many - 1)]);
}

/* words: those behind the command, the last of which is completed. */
static void complete_call(struct completion *c, const struct command *command, char **words, int n)
{
    g_autoptr(GHashTable) options = options_of(command);
    size_t arguments = 0;
    const char *value = NULL; /* what the last word is the value of */

    c->command = command->name;
    for (int i = 0; i < n - 1; i++) {
        const char *kind = g_hash_table_lookup(options, words[i]);
        if (value != NULL)
            value = NULL;
        else if (kind != NULL)
            value = *kind != '\0' ? kind : NULL;
        else if (*words[i] != '-' || words[i][1] == '\0')
            arguments++;
    }
    if (value != NULL) {
        offer_kind(c, value);
        return;
    }
    if (*c->word == '-') {
        g_autofree const char **keys = (const char **)g_hash_table_get_keys_as_array(options, NULL);
        offer_all(c, keys);
        offer(c, "--help");
        return;
    }
    g_autofree char *kind = argument_kind(command, arguments);
    if (kind != NULL)
        offer_kind(c, kind);
}

/* words: the command and what follows it. */
static void complete_command(struct completion *c, char **words, int n)
{
    const struct command *found = NULL;

    for (size_t i = 0; i < c->invocation->n_commands; i++) {
        const struct command *command = &c->invocation->commands[i];
        g_auto(GStrv) name = g_strsplit(command->name, " ", 2);
        if (n == 1)
            offer(c, name[0]);
        else if (strcmp(name[0], words[0]) != 0)
            continue;
        else if (name[1] == NULL)
            found = found != NULL ? found : command; /* `report` is none of `report list` */
        else if (n == 2)
            offer(c, name[1]);
        else if (strcmp(name[1], words[1]) == 0)
            found = command;
    }
    if (found != NULL) {
        int own = strchr(found->name, ' ') != NULL ? 2 : 1;
        complete_call(c, found, words + own, n - own);
    }
}

/* What stands before the command. words: all, the last of which is completed. */
static void complete_words(struct completion *c, char **words, int n)
{
    static const char *const before[] = {"-c", "--config", "--now", "--json", "--version", "--help", NULL};
    int i = 0;

    while (i < n - 1 && *words[i] == '-') {
        bool config = strcmp(words[i], "-c") == 0 || strcmp(words[i], "--config") == 0;
        if (g_str_has_prefix(words[i], "--config="))
            c->config_path = words[i] + strlen("--config=");
        if (config && i + 1 == n - 1) {
            puts(FILES);
            return;
        }
        if (config)
            c->config_path = words[i + 1];
        i += config || strcmp(words[i], "--now") == 0 ? 2 : 1;
    }
    if (i == n - 1 && *c->word == '-')
        offer_all(c, before);
    else if (i < n)
        complete_command(c, words + i, n - i);
}

static void give_up(int signal)
{
    (void)signal;
    _exit(EXIT_GOOD);
}

int command_complete(struct invocation *invocation)
{
    /* Its words are those of another call: none is an option of this one. */
    bool separated = invocation->argc > 0 && strcmp(invocation->argv[0], "--") == 0;

    if (!separated && !command_arguments(invocation, NULL, 0, G_MAXINT))
        return EXIT_UNABLE;
    char **words = invocation->argv + (separated ? 1 : 0);
    int n = invocation->argc - (separated ? 1 : 0);
    struct completion c = {.invocation = invocation, .config_path = invocation->config_path, .word = ""};
    if (n == 0)
        return EXIT_GOOD;
    c.word = words[n - 1];
    c.printed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    (void)signal(SIGALRM, give_up);
    (void)alarm(LIMIT_SECONDS);
    complete_words(&c, words, n);
    if (c.config != NULL) {
        gateway_close(&c.gateway);
        config_free(c.config);
    }
    g_hash_table_unref(c.printed);
    return EXIT_GOOD;
}
