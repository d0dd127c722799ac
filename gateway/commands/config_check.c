/*
 * The command `config check`: judges a configuration as `run` does when it starts or reads it again, then as `doctor`
 * does. A file that is named is judged as if it stood in the place of the configuration.
 */
#include "gateway/commands/doctor.h"

#include "gateway/config/config_changes.h"
#include "gateway/config/config_rights.h"

#include <errno.h>
#include <unistd.h>

static void add_lines(struct doctor_findings *findings, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL; line++)
        doctor_add(findings, "config", PROBE_BAD, *line);
}

/* What a reload with that file would do. *config becomes the file's; NULL: it is refused. */
static void judge_candidate(struct doctor_findings *findings, const char *path, const struct config *old,
                            struct config **config)
{
    g_autoptr(GError) error = NULL;

    *config = config_replacement(path, old, &error);
    if (*config == NULL) {
        add_lines(findings, error->message);
        return;
    }
    g_autofree char *changes = config_changes(old, *config);
    g_autofree char *text =
        g_strdup_printf("%s%s in %s", changes != NULL ? "a reload would change: " : "no setting differs from those",
                        changes != NULL ? changes : "", old->path);
    doctor_add(findings, "config", PROBE_GOOD, text);
}

/* The configuration itself, or a file while there is none that could be replaced. */
static void judge_alone(struct doctor_findings *findings, const char *path, const char *place, struct config **config)
{
    g_autoptr(GError) error = NULL;

    *config = config_load_for(path, place, &error);
    g_autofree char *rights = *config != NULL ? config_rights_problems(*config, place) : NULL;
    if (*config == NULL)
        add_lines(findings, error->message);
    else if (rights != NULL)
        add_lines(findings, rights);
    else
        doctor_add(findings, "config", PROBE_GOOD, "every setting of it can be used");
}

static int check(const struct invocation *invocation, const char *file)
{
    const char *path = file != NULL ? file : invocation->config_path;
    struct doctor_findings findings = {.rows = json_array()};
    g_autoptr(config_t) old = file != NULL ? config_load(invocation->config_path, NULL) : NULL;
    g_autoptr(config_t) config = NULL;
    g_autofree char *title = command_shown(path);

    if (old != NULL)
        judge_candidate(&findings, path, old, &config);
    else
        judge_alone(&findings, path, invocation->config_path, &config);
    bool unfit = findings.unfit;
    doctor_print(invocation, &findings, title);
    int status = config != NULL ? doctor_probe_all(invocation, config, NULL) : EXIT_REFUSED;
    return unfit ? EXIT_REFUSED : status;
}

int command_config_check(struct invocation *invocation)
{
    if (!command_arguments(invocation, NULL, 0, 1))
        return EXIT_UNABLE;
    const char *file = invocation->argc > 0 ? invocation->argv[0] : NULL;
    const char *path = file != NULL ? file : invocation->config_path;
    if (access(path, R_OK) == 0)
        return check(invocation, file);
    g_autofree char *shown = command_shown(path);
    g_printerr("ecosgate: config check: %s cannot be read: %s; name a configuration that your user may read\n", shown,
               g_strerror(errno));
    return EXIT_UNABLE;
}
