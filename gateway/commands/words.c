#include "gateway/commands/words.h"

#include "formats/record_kinds.h"
#include "gateway/commands/command.h"
#include "gateway/reports/report.h"
#include "spool/job.h"
#include "spool/ledger/ledger_devices.h"
#include "validators/catalogue.h"
#include "validators/verdict.h"

const char *const *words_job_states(void)
{
    static const char *names[JOB_STATE_COUNT + 1];

    for (int i = 0; i < JOB_STATE_COUNT; i++)
        names[i] = job_state_name((enum job_state)i);
    return names;
}

const char *const *words_device_states(void)
{
    static const char *names[LEDGER_STATES + 1];

    for (int i = 0; i < LEDGER_STATES; i++)
        names[i] = ledger_state_name((enum ledger_state)i);
    return names;
}

const char *const *words_codes(void)
{
    static const char *names[CODE_COUNT + 1];

    for (int i = 0; i < CODE_COUNT; i++)
        names[i] = catalogue_entry((enum code)i)->id;
    return names;
}

const char *const *words_reports(void)
{
    static const char **names;

    if (names == NULL)
        names = g_new0(const char *, report_n_kinds + 1);
    for (size_t i = 0; i < report_n_kinds; i++)
        names[i] = report_kinds[i].ref;
    return names;
}

enum { INCOMING = 1, OUTGOING = 2 };

/* The codes of types of files, then those of reports, which go out. Kept by the caller for good. */
static const char *const *types_of(int directions)
{
    const char **names = g_new0(const char *, n_type_kinds + report_n_kinds + 1);
    size_t n = 0;

    for (size_t i = 0; i < n_type_kinds; i++)
        if ((directions & (type_kinds[i].inbound ? INCOMING : OUTGOING)) != 0)
            names[n++] = type_kinds[i].code;
    for (size_t i = 0; (directions & OUTGOING) != 0 && i < report_n_kinds; i++)
        names[n++] = report_kinds[i].ref;
    return names;
}

const char *const *words_incoming_types(void)
{
    static const char *const *names;

    return names = names != NULL ? names : types_of(INCOMING);
}

const char *const *words_outgoing_types(void)
{
    static const char *const *names;

    return names = names != NULL ? names : types_of(OUTGOING);
}

const char *const *words_types(void)
{
    static const char *const *names;

    return names = names != NULL ? names : types_of(INCOMING | OUTGOING);
}

const char *const *words_verdicts(void)
{
    static const char *names[OUTCOME_RJ + 2];

    for (int i = 0; i <= OUTCOME_RJ; i++)
        names[i] = outcome_code((enum outcome)i);
    return names;
}

const char *const *words_categories(void)
{
    static const char *const names[] = {"a", "b", "c", "d", NULL};

    return names;
}

char *words_joined(const char *const *words)
{
    return g_strjoinv(", ", (char **)words); /* which it only reads */
}

char *words_drop_meant(const struct config *config, const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = 0; i < config->drops->len; i++)
        g_ptr_array_add(names, ((const struct drop *)config->drops->pdata[i])->name);
    g_ptr_array_add(names, NULL);
    return command_meant(name, (const char *const *)names->pdata);
}

char *words_party_meant(const struct identity *identity, const char *org)
{
    g_autoptr(GPtrArray) codes = g_ptr_array_new();

    for (size_t i = 0; i < identity->n_parties; i++)
        g_ptr_array_add(codes, (gpointer)identity->parties[i].org); /* which command_meant only reads */
    g_ptr_array_add(codes, NULL);
    return command_meant(org, (const char *const *)codes->pdata);
}

void words_no_drop(const char *command, const struct config *config, const char *name)
{
    g_autofree char *shown = command_shown(name), *meant = words_drop_meant(config, name);

    g_printerr("ecosgate: %s: %s has no [drop %s]%s; 'ecosgate status --all' lists the drops\n", command, config->path,
               shown, meant);
}
