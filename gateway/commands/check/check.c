/*
 * The command `check`: a dry run. It judges with the same code as `run`, without spool, ledger or network. Rules that
 * need the ledger are listed as not judged. The configuration is used only when -c or ECOSGATE_CONF names it: the
 * verdict must not depend on a file that happens to be in the current folder.
 */
#include "formats/text.h"
#include "gateway/cells/cells.h"
#include "gateway/clock.h"
#include "gateway/commands/check/check_answers.h"
#include "gateway/commands/check/check_files.h"
#include "gateway/commands/check/check_output.h"
#include "gateway/commands/check/check_signature.h"
#include "gateway/commands/command.h"
#include "gateway/commands/profile/profile_source.h"
#include "gateway/commands/run/progress.h"
#include "gateway/config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the options say. Texts are owned. */
struct check_options {
    gint64 max_findings; /* NOT_GIVEN */
    char *format, *name, *answers, *profile, *trust, *signature;
};
enum { NOT_GIVEN = G_MININT };

struct check {
    struct rules rules;
    const struct profile *profiles[2]; /* that of --profile, and NULL */
    struct identity identity;          /* whose parties send files of that profile */
    struct party *parties;             /* of identity */
    struct signature_trust *trust;     /* of --trust */
    struct cells *cells;               /* that parse the files; NULL: this process does */
    const char *signature;             /* of --signature; NULL: the file beside */
    size_t max_findings;
    struct check_output output;
    struct check_answers *answers; /* NULL: none are asked for */
    bool answering;                /* the answers to the file being judged are begun, and nothing has failed */
    struct progress progress;
    const char *path; /* of the file being judged */
    uint64_t before;  /* bytes of the files before it */
    uint64_t all;     /* bytes of all files */
    int status;       /* the highest exit status so far */
};

static void on_progress(void *user, uint64_t done)
{
    struct check *check = user;

    progress_show(&check->progress, check->path, check->before + done, check->all);
}

/* A message about the file, on standard error. */
static void say(struct check *check, const char *reason)
{
    g_autofree char *file = text_escape(check->path, strlen(check->path), 0);

    progress_clear(&check->progress);
    g_printerr("ecosgate: %s: %s\n", file, reason);
}

static void say_left_out(struct check *check, const char *reason)
{
    g_autofree char *text = g_strconcat("left out: ", reason, NULL);

    say(check, text);
}

static void unable(struct check *check, const char *reason)
{
    say(check, reason);
    check->status = EXIT_UNABLE;
    check_output_unable(&check->output, check->path, reason);
}

/* "…: cannot be opened: No such file or directory", from errno. */
static void unable_to(struct check *check, const char *what)
{
    g_autofree char *reason = g_strdup_printf("cannot be %s: %s", what, g_strerror(errno));

    unable(check, reason);
}

/* ---- answers ---- */

/* The file is judged all the same. Frees error. */
static void unanswered(struct check *check, GError *error)
{
    say(check, error->message);
    check->status = EXIT_UNABLE;
    check->answering = false;
    check_output_unanswered(&check->output, check->path, error->message);
    g_error_free(error);
}

static void begin_answers(struct check *check, const char *name, int fd)
{
    GError *error = NULL;

    check->answering = check->answers != NULL && check_answers_begin(check->answers, &check->rules, name, fd, &error);
    if (error != NULL)
        unanswered(check, error);
}

static bool on_row(void *user, const struct file_type *type, const struct row *row, GError **error)
{
    struct check *check = user;

    return !check->answering || check_answers_take(check->answers, type, row, error);
}

/* The paths of the answers that were written; NULL: none were asked for. */
static GPtrArray *write_answers(struct check *check, const struct verdict *verdict)
{
    GError *error = NULL;

    if (check->answers == NULL)
        return NULL;
    GPtrArray *written = g_ptr_array_new_with_free_func(g_free);
    if (check->answering && !check_answers_write(check->answers, verdict, written, &error))
        unanswered(check, error);
    return written;
}

/* ---- one file ---- */

static void conclude(struct check *check, struct check_judged *judged)
{
    GPtrArray *written = write_answers(check, judged->verdict);

    progress_clear(&check->progress);
    judged->answers = written;
    check_output_judged(&check->output, judged);
    if (judged->verdict->outcome >= OUTCOME_PA)
        check->status = MAX(check->status, EXIT_REFUSED);
    if (written != NULL)
        g_ptr_array_unref(written);
}

static void judge_signed_file(struct check *check, int fd, uint64_t size, const struct signature_file *signature)
{
    g_autofree char *name = g_path_get_basename(check->path);
    struct judge_request request = {.name = name,
                                    .name_len = strlen(name),
                                    .fd = fd,
                                    .signature = signature,
                                    .rules = &check->rules,
                                    .max_findings = check->max_findings,
                                    .on_row = on_row,
                                    .on_progress = on_progress,
                                    .user = check};
    int64_t begun = clock_monotonic();
    struct verdict verdict;
    GError *error = NULL;

    begin_answers(check, name, fd);
    if (!judge_file(&request, &verdict, &error)) {
        unable(check, error->message);
        g_clear_error(&error);
        return;
    }
    struct check_judged judged = {
        .path = check->path, .fd = fd, .size = size, .duration = clock_monotonic() - begun, .verdict = &verdict};
    conclude(check, &judged);
    verdict_clear(&verdict);
}

static void judge_open_file(struct check *check, int fd, uint64_t size)
{
    struct check_signature signature;
    GError *error = NULL;

    if (check_signature_read(&signature, check->path, check->signature, &error)) {
        judge_signed_file(check, fd, size, signature.there ? &signature.file : NULL);
    } else {
        unable(check, error->message);
        g_clear_error(&error);
    }
    check_signature_clear(&signature);
}

static void check_open_file(struct check *check, int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        unable_to(check, "read");
    } else if (!S_ISREG(st.st_mode)) {
        unable(check, "is not a regular file; store its content under the name with which it will be sent, or give it "
                      "to standard input with - and --name, because the name is judged too");
    } else {
        judge_open_file(check, fd, (uint64_t)st.st_size);
        check->before += (uint64_t)st.st_size;
    }
}

static void check_file(struct check *check)
{
    /* O_NONBLOCK: a pipe without a writer must not stop the command. */
    int fd = open(check->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        unable_to(check, "opened");
        return;
    }
    check_open_file(check, fd);
    (void)close(fd); /* only read from */
}

static void check_input(struct check *check)
{
    GError *error = NULL;
    int fd = check_files_store_input(check->rules.unpack.max_bytes, &error);

    if (fd < 0) {
        unable(check, error->message);
        g_clear_error(&error);
        return;
    }
    check_open_file(check, fd);
    (void)close(fd); /* nobody needs it any more */
}

static void check_entry(struct check *check, const struct check_entry *entry)
{
    check->path = entry->path;
    switch (entry->kind) {
    case CHECK_FILE:
        check_file(check);
        break;
    case CHECK_INPUT:
        check_input(check);
        break;
    case CHECK_UNABLE:
        unable(check, entry->reason);
        break;
    case CHECK_LEFT_OUT:
        say_left_out(check, entry->reason);
        check_output_left_out(&check->output, entry->path, entry->reason);
        break;
    }
}

/* An output that failed (a full disk, a closed pipe) ends the work; main() reports it. */
static int check_entries(struct check *check, const GPtrArray *entries)
{
    progress_init(&check->progress);
    for (guint i = 0; i < entries->len; i++)
        check->all += ((const struct check_entry *)entries->pdata[i])->size;
    for (guint i = 0; i < entries->len && ferror(stdout) == 0; i++)
        check_entry(check, entries->pdata[i]);
    check_output_end(&check->output, check->status);
    return check->status;
}

/* ---- the call ---- */

static bool wrong_call(const char *reason)
{
    g_printerr("ecosgate: check: %s\n", reason);
    return false;
}

/* Standard input has no name, but the name is judged too. */
static bool good_name(const struct invocation *invocation, const char *name)
{
    int inputs = 0;

    for (int i = 0; i < invocation->argc; i++)
        inputs += strcmp(invocation->argv[i], CHECK_INPUT_ARGUMENT) == 0;
    if (inputs > 1)
        return wrong_call("- stands for standard input, which can be read once; found it twice");
    if (inputs > 0 && name == NULL)
        return wrong_call("- needs --name NAME, the name with which the file will be sent, because the name is "
                          "judged too");
    if (inputs == 0 && name != NULL)
        return wrong_call("--name is the name of standard input; give - as the file");
    if (name != NULL && (*name == '\0' || strchr(name, '/') != NULL))
        return wrong_call("--name must be a file's name without a folder");
    return true;
}

/* Has all files read by the profile of --profile, whoever sends them. */
static void read_by(struct check *check, const struct profile *profile)
{
    const struct identity *identity = check->rules.identity;

    check->profiles[0] = profile;
    check->rules.profiles = check->profiles;
    if (identity == NULL)
        return;
    check->identity = *identity;
    check->parties = g_memdup2(identity->parties, identity->n_parties * sizeof *identity->parties);
    for (size_t i = 0; i < identity->n_parties; i++)
        check->parties[i].reads = check->profiles;
    check->identity.parties = check->parties;
    check->rules.identity = &check->identity;
}

/* --json is the format json. NULL: a message has been printed. */
static const struct check_format *chosen_format(const struct invocation *invocation, const char *name)
{
    const struct check_format *format = check_format_find(name != NULL ? name : invocation->json ? "json" : "text");

    if (format == NULL) {
        g_autofree char *shown = command_shown(name);
        g_printerr("ecosgate: check: there is no format '%s'; expected text, json, junit or sarif\n", shown);
    } else if (invocation->json && format != &check_json) {
        g_printerr("ecosgate: check: --json and --format %s contradict each other; leave one of them out\n", name);
        format = NULL;
    }
    return format;
}

static bool good_options(const struct invocation *invocation, const struct check_options *options)
{
    if (options->answers != NULL && options->max_findings != NOT_GIVEN)
        return wrong_call("--answers lists the findings that the gateway lists; leave --max-findings out");
    if (options->signature != NULL && invocation->argc > 1)
        return wrong_call("--signature is that of one file; give one file");
    if (options->signature != NULL && options->trust == NULL && !invocation->config_is_explicit)
        return wrong_call("--signature needs --trust FILE, the certificates of those whom you believe, or -c FILE");
    if (options->max_findings != NOT_GIVEN && options->max_findings < 0) {
        g_printerr("ecosgate: check: --max-findings %" G_GINT64_FORMAT " is too small; expected 0 or more\n",
                   options->max_findings);
        return false;
    }
    return good_name(invocation, options->name);
}

/* Before anything is read, so that the cells of a file have nothing of another one. */
static bool begin_cells(struct check *check, const struct config *config, guint files, GError **error)
{
    enum cells_mode mode = config != NULL ? config->cells : CELLS_USED;
    GError *cause = NULL;

    check->cells = files == 1 ? cells_start_alone(mode) : cells_start(mode, &cause);
    check->rules.readings = cells_readings(check->cells);
    if (cause != NULL)
        g_propagate_error(error, cause);
    return cause == NULL;
}

/* Judges the files by the rules and the profile. config NULL: there is none. */
static int judge_all(struct check *check, struct invocation *invocation, const struct check_options *options,
                     const struct config *config)
{
    const struct check_format *format = chosen_format(invocation, options->format);
    const struct check_names names = {config, check->profiles[0]};
    GError *error = NULL;

    if (format == NULL)
        return EXIT_UNABLE;
    g_autoptr(GPtrArray) entries = check_files_find(invocation->argc, invocation->argv, options->name, &names);
    if (!begin_cells(check, config, entries->len, &error))
        return command_unable(error);
    if (options->answers != NULL) {
        check->answers = check_answers_new(options->answers, config, check->rules.now, &error);
        if (check->answers == NULL)
            return command_unable(error);
    }
    check_output_begin(&check->output, format, &check->rules);
    int status = check_entries(check, entries);
    check_answers_free(check->answers);
    return status;
}

/* False: a message has been printed. */
static bool load_trust(struct check *check, const struct check_options *options)
{
    const struct signature_trust_files files = {.ca = options->trust};
    g_autoptr(GError) error = NULL;

    check->signature = options->signature;
    if (options->trust == NULL)
        return true;
    check->rules.trust = check->trust = signature_trust_load(&files, &error);
    return check->trust != NULL || wrong_call(error->message);
}

static int run(struct invocation *invocation, const struct check_options *options)
{
    struct check check = {.max_findings = FINDINGS_DEFAULT_MAX};
    struct profile_source source = {.profile = NULL};
    g_autoptr(config_t) config = NULL;

    if (!good_options(invocation, options))
        return EXIT_UNABLE;
    if (options->max_findings != NOT_GIVEN)
        check.max_findings = (size_t)options->max_findings;
    rules_init(&check.rules);
    if (invocation->config_is_explicit) {
        config = command_config(invocation);
        if (config == NULL || command_needs_profiles(invocation, config))
            return EXIT_UNABLE;
        config_rules(config, clock_now(), &check.rules);
    }
    check.rules.now = clock_now();
    if (options->profile != NULL) {
        if (!profile_source_sound(&source, invocation, options->profile))
            return EXIT_UNABLE;
        read_by(&check, source.profile);
    }
    int status = load_trust(&check, options) ? judge_all(&check, invocation, options, config) : EXIT_UNABLE;
    signature_trust_free(check.trust);
    g_free(check.parties);
    profile_source_close(&source);
    (void)fflush(stdout);   /* what fails is told when it is closed */
    cells_end(check.cells); /* last: a cell ends meanwhile */
    return status;
}

int command_check(struct invocation *invocation)
{
    struct check_options options = {.max_findings = NOT_GIVEN};
    const GOptionEntry entries[] = {
        {"max-findings", 0, 0, G_OPTION_ARG_INT64, &options.max_findings, "list at most N findings of each file (1000)",
         "N"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &options.format, "text, json, junit or sarif (text)", "FORMAT"},
        {"name", 0, 0, G_OPTION_ARG_FILENAME, &options.name, "the name of the file that standard input (-) holds",
         "NAME"},
        {"answers", 0, 0, G_OPTION_ARG_FILENAME, &options.answers,
         "write the answers (EMA, EMD) that the gateway would send into this folder", "DIR"},
        {"profile", 0, 0, G_OPTION_ARG_FILENAME, &options.profile, "read the files by this profile", "NAME|DIR"},
        {"trust", 0, 0, G_OPTION_ARG_FILENAME, &options.trust,
         "each file must be signed by somebody whom these certificates (PEM) vouch for", "FILE"},
        {"signature", 0, 0, G_OPTION_ARG_FILENAME, &options.signature,
         "the signature of the file (its name and .p7s, beside it)", "FILE"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    int status = EXIT_UNABLE;

    if (command_arguments(invocation, entries, 1, G_MAXINT))
        status = run(invocation, &options);
    g_free(options.format);
    g_free(options.name);
    g_free(options.answers);
    g_free(options.profile);
    g_free(options.trust);
    g_free(options.signature);
    return status;
}
