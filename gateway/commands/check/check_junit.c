/*
 * `check --format junit`: the XML that build servers take for the results of tests, as the JUnit task of Apache Ant
 * writes it. Each file is a suite with one test: the numbers of failures stand before the tests, and so no more than
 * one file is kept in memory.
 *
 *   PA and RJ: a failure; a file that cannot be judged: an error; what was left out: skipped; warnings: system-out.
 */
#include "gateway/commands/check/check_output.h"

#include "formats/instant.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/reports/html.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One suite. Texts are borrowed. */
struct suite {
    const char *path;       /* raw */
    const char *element;    /* "failure", "error" or "skipped"; NULL: the test is good */
    const char *type;       /* of a failure or an error; NULL: none */
    const char *message;    /* of the element */
    const char *text;       /* in it */
    const char *said;       /* system-out */
    const char *verdict;    /* "AC" …; NULL: there is none */
    const char *not_judged; /* codes; NULL: not said */
    int64_t duration;       /* microseconds */
};

static void attribute(GString *out, const char *name, const char *value)
{
    g_autofree char *plain = check_output_plain(value);

    g_string_append_printf(out, " %s=\"", name);
    html_text(out, plain);
    g_string_append_c(out, '"');
}

/* A name must hold more than blanks. */
static void name_attribute(GString *out, const char *name, const char *raw)
{
    g_autofree char *value = text_escape(raw, strlen(raw), 0);

    attribute(out, name, strspn(value, " ") == strlen(value) ? "(blank)" : value);
}

static void time_attribute(GString *out, int64_t microseconds)
{
    g_string_append_printf(out, " time=\"%" PRId64 ".%06" PRId64 "\"", microseconds / G_USEC_PER_SEC,
                           microseconds % G_USEC_PER_SEC);
}

static void element(GString *out, const char *name, const char *text)
{
    g_string_append_printf(out, "<%s>", name);
    html_text(out, text);
    g_string_append_printf(out, "</%s>\n", name);
}

static void property(GString *out, const char *name, const char *value)
{
    if (value == NULL)
        return;
    g_string_append_printf(out, "<property name=\"%s\"", name);
    attribute(out, "value", value);
    g_string_append(out, "/>\n");
}

static void begin_suite(GString *out, const struct suite *suite, uint64_t id, const char *name, const char *folder)
{
    char at[INSTANT_TEXT_SIZE];
    size_t seconds;

    instant_print(clock_now(), at);
    seconds = strcspn(at, "Z"); /* the schema wants it without a zone */
    g_string_append(out, "<testsuite");
    name_attribute(out, "name", name);
    name_attribute(out, "package", folder);
    g_string_append_printf(out, " id=\"%" PRIu64 "\" timestamp=\"%.*s\" hostname=\"localhost\" tests=\"1\"", id,
                           (int)seconds, at);
    g_string_append_printf(out, " failures=\"%d\" errors=\"%d\" skipped=\"%d\"",
                           g_strcmp0(suite->element, "failure") == 0, g_strcmp0(suite->element, "error") == 0,
                           g_strcmp0(suite->element, "skipped") == 0);
    time_attribute(out, suite->duration);
    g_string_append(out, ">\n<properties>\n");
    property(out, "verdict", suite->verdict);
    property(out, "not_judged", suite->not_judged);
    g_string_append(out, "</properties>\n");
}

static void add_test(GString *out, const struct suite *suite, const char *name, const char *folder)
{
    g_string_append(out, "<testcase");
    name_attribute(out, "name", name);
    name_attribute(out, "classname", folder);
    time_attribute(out, suite->duration);
    if (suite->element == NULL) {
        g_string_append(out, "/>\n");
        return;
    }
    g_string_append_printf(out, ">\n<%s", suite->element);
    if (suite->type != NULL)
        attribute(out, "type", suite->type);
    attribute(out, "message", suite->message);
    g_string_append_c(out, '>');
    html_text(out, suite->text);
    g_string_append_printf(out, "</%s>\n</testcase>\n", suite->element);
}

static void print_suite(struct check_output *output, const struct suite *suite)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *name = g_path_get_basename(suite->path), *folder = g_path_get_dirname(suite->path);

    begin_suite(out, suite, output->results++, name, folder);
    add_test(out, suite, name, folder);
    element(out, "system-out", suite->said);
    element(out, "system-err", NULL);
    g_string_append(out, "</testsuite>\n");
    (void)fputs(out->str, stdout); /* main() reports an output that failed */
}

static void begin(struct check_output *output)
{
    (void)output;
    (void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", stdout); /* likewise */
}

/* All findings that are listed, two lines each. g_free. */
static char *list_findings(const struct verdict *verdict)
{
    const struct findings *findings = verdict->findings;
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < findings_kept(findings); i++) {
        const struct finding *f = findings_at(findings, i);
        g_autofree char *place = verdict_text_place(f), *code = verdict_text_code(verdict, f->code);
        g_string_append_printf(text, "%s %s%s\n    %s: %s\n", code, f->warning ? "warning" : "error", place,
                               verdict_text_name(verdict, f->code), f->text);
    }
    if (findings_truncated(findings))
        g_string_append_printf(text, "... and %" PRIu64 " more\n", findings_total(findings) - findings_kept(findings));
    return g_string_free(text, FALSE);
}

static void judged(struct check_output *output, const struct check_judged *file)
{
    const struct finding *deciding = verdict_deciding(file->verdict);
    g_autofree char *message = verdict_text_of(file->verdict), *findings = list_findings(file->verdict);
    g_autofree char *not_judged = check_output_not_judged(output, file->verdict->filename.type);
    bool refused = file->verdict->outcome >= OUTCOME_PA;
    const struct suite suite = {.path = file->path,
                                .element = refused ? "failure" : NULL,
                                .type = deciding != NULL ? catalogue_entry(deciding->code)->id : "",
                                .message = message,
                                .text = findings,
                                .said = refused ? NULL : findings,
                                .verdict = outcome_code(file->verdict->outcome),
                                .not_judged = not_judged,
                                .duration = file->duration};

    print_suite(output, &suite);
}

static void unable(struct check_output *output, const char *path, const char *reason)
{
    print_suite(output, &(const struct suite){.path = path, .element = "error", .type = "unable", .message = reason});
}

static void left_out(struct check_output *output, const char *path, const char *reason)
{
    print_suite(output, &(const struct suite){.path = path, .element = "skipped", .message = reason});
}

static void end(struct check_output *output, int status)
{
    (void)output, (void)status;
    puts("</testsuites>");
}

const struct check_format check_junit = {"junit", begin, judged, unable, left_out, end};
