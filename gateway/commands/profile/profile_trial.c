/*
 * The trial goes the way of a real file: the judge reads from a file descriptor, by the name that the file has. The
 * fields are compared apart from that, because the judge keeps no text of them.
 */
#include "gateway/commands/profile/profile_trial.h"

#include "formats/instant.h"
#include "formats/profile/profile_place.h"
#include "formats/reader.h"
#include "validators/judge.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct run {
    const struct profile_trial *trial;
    const struct profile_sample *sample;
    struct xml_schema *own, *made; /* the partner's XSD, and the one that is made of the profile; NULL: there is none */
    char *made_text;
    const char *schema_name; /* of the one that is asked for, for faults */
    GHashTable *changes;     /* of forms, as they are told: the sample that told of it first */
    size_t n_faults;
};

static void G_GNUC_PRINTF(3, 4) fault(struct run *run, unsigned line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    run->n_faults++;
    run->trial->on_fault(run->trial->user, run->sample, line, text);
}

/* ---- schemas ---- */

/* The name of the XSD that is made of the profile: no file of the folder has it. */
#define MADE_SCHEMA "(made of the profile).xsd"

static const char *schema_file(void *user, const char *name, size_t *len)
{
    struct run *run = user;

    if (strcmp(name, MADE_SCHEMA) != 0)
        return run->trial->file(run->trial->user, name, len);
    *len = strlen(run->made_text);
    return run->made_text;
}

/* What to change, before it a word that says so; g_free. "": it is not known. */
static char *change_of(const struct run *run, const char *element)
{
    bool made = strcmp(run->schema_name, MADE_SCHEMA) == 0;
    g_autofree char *place = element == NULL       ? NULL
                             : run->sample != NULL ? profile_place_of_element(run->sample->type, element, made)
                             : made                ? profile_place_of_definition(run->trial->profile, element)
                                                   : NULL;

    return place != NULL ? g_strconcat("; change ", place, NULL) : g_strdup("");
}

/* True: an earlier sample told of it. Types share forms, and one mistake in a form is one fault. */
static bool is_told(struct run *run, const char *change)
{
    if (run->sample == NULL || !g_str_has_prefix(change, "; change the form "))
        return false;
    const struct profile_sample *first = g_hash_table_lookup(run->changes, change);
    if (first == NULL)
        g_hash_table_insert(run->changes, g_strdup(change), (gpointer)run->sample);
    return first != NULL && first != run->sample;
}

static void on_schema_fault(void *user, int line, const char *element, const char *text)
{
    struct run *run = user;
    g_autofree char *change = change_of(run, element);

    if (is_told(run, change))
        return;
    if (run->sample != NULL)
        fault(run, (unsigned)line, "by the schema %s: %s%s", run->schema_name, text, change);
    else
        fault(run, 0, "the schema %s, line %d: %s%s", run->schema_name, line, text, change);
}

static struct xml_schema *compile(struct run *run, const char *name)
{
    run->schema_name = name;
    return xml_schema_new(name, schema_file, on_schema_fault, run);
}

static void compile_schemas(struct run *run)
{
    const struct profile_trial *trial = run->trial;

    run->made_text = profile_export_xsd(trial->profile, trial->read, trial->user);
    if (run->made_text != NULL)
        run->made = compile(run, MADE_SCHEMA);
    if (trial->own_schema != NULL)
        run->own = compile(run, trial->own_schema);
}

static void validate(struct run *run, struct xml_schema *schema, const char *name)
{
    const GString *text = run->sample->text;

    run->schema_name = name;
    if (schema != NULL)
        xml_schema_validate(schema, text->str, text->len, on_schema_fault, run);
}

/* ---- reading ---- */

static void compare(struct run *run, const struct layout_record *layout, const struct record *record)
{
    for (size_t i = 0; i < layout->n_columns; i++) {
        const struct layout_column *column = &layout->columns[i];
        size_t field = layout_field_of(layout, i);
        if (field >= record->n_fields)
            continue; /* the gateway has no field for it */
        const struct field *found = &record->fields[field];
        const char *given = profile_samples_value(layout, column->fact);
        if (found->len != strlen(given) || (found->len > 0 && memcmp(found->text, given, found->len) != 0))
            fault(run, found->at.line, "%s was given as \"%s\" and read as \"%.*s\"", column->name, given,
                  (int)found->len, found->text != NULL ? found->text : "");
    }
}

static void on_header(void *user, const struct record *header)
{
    struct run *run = user;

    if (layout_has_header(run->sample->type, run->sample->form)) /* else name and drop give its values */
        compare(run, run->sample->type->header, header);
}

static void on_record(void *user, const struct record *record)
{
    struct run *run = user;

    compare(run, run->sample->type->record, record);
}

static void on_count(void *user, const struct field *declared)
{
    (void)user;
    (void)declared; /* the judge compares it */
}

static void on_read_fault(void *user, const struct fault *found)
{
    fault(user, found->at.line, "cannot be read: %s%s%s", found->field != NULL ? found->field : "",
          found->field != NULL ? ": " : "", found->text);
}

static void read_back(struct run *run)
{
    const struct reader_sink sink = {run, on_header, on_record, on_count, on_read_fault};
    const struct reader_limits limits = {.max_records = 1000};
    const GString *text = run->sample->text;
    struct reader *reader = reader_new(run->sample->form, run->sample->type, &limits, &sink);

    if (reader_push(reader, text->str, text->len))
        (void)reader_finish(reader); /* its faults say it */
    reader_free(reader);
}

/* ---- judging ---- */

static void tell_findings(struct run *run, const struct verdict *verdict)
{
    for (size_t i = 0; i < findings_kept(verdict->findings); i++) {
        const struct finding *finding = findings_at(verdict->findings, i);
        fault(run, finding->at.line, "is judged %s: %s %s%s%s", outcome_code(verdict->outcome),
              catalogue_entry(finding->code)->id, finding->field != NULL ? finding->field : "",
              finding->field != NULL ? ": " : "", finding->text);
    }
}

/* Seconds UTC of the day after the examples. */
static int64_t time_of_trial(void)
{
    static const char text[] = "2023-07-04T00:00:00Z";
    int64_t at = 0;

    (void)instant_parse(text, strlen(text), &at); /* it is one */
    return at;
}

static void judge(struct run *run)
{
    const struct profile_sample *sample = run->sample;
    int fd = memfd_create("sample", MFD_CLOEXEC);
    const struct profile *const profiles[] = {run->trial->profile, NULL};
    struct rules rules;
    struct verdict verdict;
    GError *error = NULL;

    rules_init(&rules);
    rules.now = time_of_trial();
    rules.profiles = profiles;
    const struct judge_request request = {.name = sample->name,
                                          .name_len = strlen(sample->name),
                                          .fd = fd,
                                          .rules = &rules,
                                          .max_findings = FINDINGS_DEFAULT_MAX};
    if (fd < 0 || write(fd, sample->text->str, sample->text->len) != (ssize_t)sample->text->len ||
        lseek(fd, 0, SEEK_SET) != 0) {
        fault(run, 0, "cannot be judged: %s", g_strerror(errno));
    } else if (judge_file(&request, &verdict, &error)) {
        tell_findings(run, &verdict);
        verdict_clear(&verdict);
    } else {
        fault(run, 0, "cannot be judged: %s", error->message);
        g_error_free(error);
    }
    if (fd >= 0)
        (void)close(fd); /* it is in memory */
}

/* ---- all ---- */

static void try_sample(struct run *run)
{
    const struct profile_sample *sample = run->sample;
    size_t before = run->n_faults;

    if (sample->fault != NULL) {
        fault(run, 0, "cannot be written: %s", sample->fault);
        return;
    }
    if (sample->type != NULL && sample->form == FORM_XML) {
        validate(run, run->made, MADE_SCHEMA);
        validate(run, run->own, run->trial->own_schema);
    }
    if (sample->type == NULL || !sample->type->inbound)
        return;
    read_back(run);
    if (run->n_faults == before) /* else the judge says the same again */
        judge(run);
}

size_t profile_trial(const struct profile_trial *trial, const GPtrArray *samples)
{
    struct run run = {.trial = trial, .changes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};

    compile_schemas(&run);
    for (guint i = 0; i < samples->len; i++) {
        run.sample = samples->pdata[i];
        try_sample(&run);
    }
    xml_schema_free(run.own);
    xml_schema_free(run.made);
    g_free(run.made_text);
    g_hash_table_unref(run.changes);
    return run.n_faults;
}
