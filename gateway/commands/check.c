/*
 * The command `check`: a dry run. It judges with the same code as `run`, without spool, ledger or network. Rules that
 * need the ledger are listed as not judged. The configuration is used only when -c or ECOSGATE_CONF names it: the
 * verdict must not depend on a file that happens to be in the current folder.
 */
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/commands/command.h"
#include "gateway/commands/progress.h"
#include "gateway/commands/verdict_text.h"
#include "gateway/config.h"
#include "validators/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct check {
    const struct invocation *invocation;
    struct rules rules;
    size_t max_findings;
    struct progress progress;
    const char *path; /* of the file being judged */
    uint64_t before;  /* bytes of the files before it */
    uint64_t all;     /* bytes of all files */
    struct verdict_totals totals;
    int status; /* the highest exit status so far */
};

static void on_progress(void *user, uint64_t done)
{
    struct check *check = user;

    progress_show(&check->progress, check->path, check->before + done, check->all);
}

static void add_code(void *user, const char *code)
{
    json_array_append_new(user, json_string(code));
}

/* Lines, columns and record numbers begin at 1; 0 means that a finding has none. */
static json_t *number_or_null(uint64_t n)
{
    return n ? json_integer((json_int_t)n) : json_null();
}

static json_t *json_finding(const struct finding *f)
{
    const struct code_entry *entry = catalogue_entry(f->code);
    const char category[] = {catalogue_category(f->code), '\0'};

    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:s}", "code", entry->id, "category", category, "scope",
                     catalogue_scope_name(entry->scope), "severity", f->warning ? "warning" : "error", "line",
                     number_or_null(f->at.line), "column", number_or_null(f->at.column), "record",
                     number_or_null(f->ordinal), "field", command_json_text(f->field), "value",
                     command_json_text(f->value), "text", f->text);
}

static json_t *json_findings(const struct findings *findings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < findings_kept(findings); i++)
        json_array_append_new(list, json_finding(findings_at(findings, i)));
    return list;
}

/* Counts of all findings, also of those that are over --max-findings and not listed. */
static json_t *json_counts(const struct findings *findings)
{
    json_t *counts = json_object();

    for (size_t code = 0; code < CODE_COUNT; code++) {
        uint64_t n = findings_count(findings, (enum code)code);
        if (n > 0)
            json_object_set_new(counts, catalogue_entry((enum code)code)->id, json_integer((json_int_t)n));
    }
    return counts;
}

static void print_json(const struct check *check, const struct verdict *verdict)
{
    g_autofree char *file = text_escape(check->path, strlen(check->path), 0);
    const struct filename *name = &verdict->filename;
    json_t *not_judged = json_array();

    judge_each_not_judged(&check->rules, name->type, add_code, not_judged);
    command_print_json(json_pack("{s:s,s:o,s:o,s:s,s:I,s:I,s:I,s:I,s:o,s:o,s:b,s:o}", "file", file, "type",
                                 command_json_text(name->type ? name->type->code : NULL), "form",
                                 command_json_text(name->form == FORM_UNKNOWN ? NULL : form_name(name->form)),
                                 "verdict", outcome_code(verdict->outcome), "records", (json_int_t)verdict->parsed,
                                 "accepted", (json_int_t)verdict->accepted, "rejected", (json_int_t)verdict->rejected,
                                 "deferred", (json_int_t)verdict->deferred, "findings",
                                 json_findings(verdict->findings), "counts", json_counts(verdict->findings),
                                 "truncated", findings_truncated(verdict->findings), "not_judged", not_judged));
}

static void print_verdict(struct check *check, int fd, const struct verdict *verdict)
{
    progress_clear(&check->progress);
    verdict_text_count(&check->totals, verdict);
    if (check->invocation->json)
        print_json(check, verdict);
    else
        verdict_text_print(check->path, fd, &check->rules.unpack, verdict);
    if (verdict->outcome >= OUTCOME_PA)
        check->status = MAX(check->status, EXIT_REFUSED);
}

static void unable(struct check *check, const char *reason)
{
    g_autofree char *file = text_escape(check->path, strlen(check->path), 0);

    progress_clear(&check->progress);
    g_printerr("ecosgate: %s: %s\n", file, reason);
    check->totals.unable++;
    check->status = EXIT_UNABLE;
}

/* "…: cannot be opened: No such file or directory", from errno. */
static void unable_to(struct check *check, const char *what)
{
    g_autofree char *reason = g_strdup_printf("cannot be %s: %s", what, g_strerror(errno));

    unable(check, reason);
}

static const char *not_regular(mode_t mode)
{
    if (S_ISDIR(mode))
        return "is a folder, not a regular file; give the files in it";
    return "is not a regular file; store its content under the name with which it will be sent, because the name is "
           "judged too";
}

static void judge_open_file(struct check *check, int fd)
{
    g_autofree char *name = g_path_get_basename(check->path);
    struct judge_request request = {.name = name,
                                    .name_len = strlen(name),
                                    .fd = fd,
                                    .rules = &check->rules,
                                    .max_findings = check->max_findings,
                                    .on_progress = on_progress,
                                    .user = check};
    struct verdict verdict;
    GError *error = NULL;

    if (!judge_file(&request, &verdict, &error)) {
        unable(check, error->message);
        g_clear_error(&error);
        return;
    }
    print_verdict(check, fd, &verdict);
    verdict_clear(&verdict);
}

static void check_file(struct check *check, const char *path)
{
    struct stat st;
    int fd;

    check->path = path;
    /* O_NONBLOCK: a pipe without a writer must not stop the command. */
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        unable_to(check, "opened");
        return;
    }
    if (fstat(fd, &st) != 0) {
        unable_to(check, "read");
    } else if (!S_ISREG(st.st_mode)) {
        unable(check, not_regular(st.st_mode));
    } else {
        judge_open_file(check, fd);
        check->before += (uint64_t)st.st_size;
    }
    (void)close(fd); /* only read from */
}

/* For the progress bar only. A file that cannot be read is reported when it is judged. */
static uint64_t bytes_of(int n, char **paths)
{
    uint64_t bytes = 0;
    struct stat st;

    for (int i = 0; i < n; i++) {
        if (stat(paths[i], &st) == 0 && S_ISREG(st.st_mode))
            bytes += (uint64_t)st.st_size;
    }
    return bytes;
}

static int check_files(struct check *check, int n, char **paths)
{
    progress_init(&check->progress);
    check->all = bytes_of(n, paths);
    for (int i = 0; i < n; i++)
        check_file(check, paths[i]);
    if (!check->invocation->json)
        verdict_text_summary(&check->totals, &check->rules);
    return check->status;
}

int command_check(struct invocation *invocation)
{
    gint64 max_findings = FINDINGS_DEFAULT_MAX;
    const GOptionEntry entries[] = {
        {"max-findings", 0, 0, G_OPTION_ARG_INT64, &max_findings, "list at most N findings of each file (1000)", "N"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct check check = {.invocation = invocation};
    g_autoptr(config_t) config = NULL;

    if (!command_arguments(invocation, entries, 1, G_MAXINT))
        return EXIT_UNABLE;
    if (max_findings < 0) {
        g_printerr("ecosgate: check: --max-findings %" G_GINT64_FORMAT " is too small; expected 0 or more\n",
                   max_findings);
        return EXIT_UNABLE;
    }
    rules_init(&check.rules);
    if (invocation->config_is_explicit) {
        config = command_config(invocation);
        if (config == NULL)
            return EXIT_UNABLE;
        config_rules(config, clock_now(), &check.rules);
    }
    check.rules.now = clock_now();
    check.max_findings = (size_t)max_findings;
    return check_files(&check, invocation->argc, invocation->argv);
}
