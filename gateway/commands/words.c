#include "gateway/commands/words.h"

#include "gateway/commands/command.h"
#include "gateway/reports/report.h"
#include "spool/job.h"
#include "spool/ledger/ledger_devices.h"
#include "validators/catalogue.h"

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

char *words_joined(const char *const *words)
{
    return g_strjoinv(", ", (char **)words); /* which it only reads */
}

void words_no_drop(const char *command, const struct config *config, const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *shown = command_shown(name);

    for (guint i = 0; i < config->drops->len; i++)
        g_ptr_array_add(names, ((const struct drop *)config->drops->pdata[i])->name);
    g_ptr_array_add(names, NULL);
    g_autofree char *meant = command_meant(name, (const char *const *)names->pdata);
    g_printerr("ecosgate: %s: %s has no [drop %s]%s; 'ecosgate status' lists the drops\n", command, config->path, shown,
               meant);
}
