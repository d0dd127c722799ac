/*
 * EMA, the acknowledgement of a file (formats/FILES.md, 5). The header declares the number of rows before they are
 * written, so the findings are counted by a walk of their own.
 */
#include "gateway/answers/answer_private.h"

#include "formats/outgoing_facts.h"
#include "formats/values.h"
#include "gateway/answers/answer_header.h"

#include <inttypes.h>

/* The F record. job is the file that is acknowledged, v the verdict on it. Code, line and column are those of the
 * finding that decided: of RJ the first of category b, of PA the first of category c, of WN the first warning. */
#define EMA_FILE_FACTS(FACT)                                                                                           \
    FACT(EMA_FILE, file_name, job->name)                                                                               \
    FACT(EMA_FILE, file_sha256, job->sha256)                                                                           \
    FACT(EMA_FILE, file_size, cell_number(job->size, size))                                                            \
    FACT(EMA_FILE, file_received, cell_time(job->received, received))                                                  \
    FACT(EMA_FILE, file_outcome, v->outcome)                                                                           \
    FACT(EMA_FILE, file_code, v->code)                                                                                 \
    FACT(EMA_FILE, file_line, cell_positive(v->line, line))                                                            \
    FACT(EMA_FILE, file_column, cell_positive(v->column, column))                                                      \
    FACT(EMA_FILE, file_declared, v->declared < 0 ? NULL : cell_number(v->declared, declared))                         \
    FACT(EMA_FILE, file_parsed, cell_number(v->parsed, parsed))                                                        \
    FACT(EMA_FILE, file_rejected, cell_number(v->rejected, rejected))
FACTS_DECLARE(EMA_FILE);

static void write_file(struct answer *a)
{
    const struct ledger_job *job = a->job;
    const struct ledger_verdict *v = a->verdict;
    char size[CELL_NUMBER_SIZE], received[INSTANT_TEXT_SIZE], line[CELL_NUMBER_SIZE], column[CELL_NUMBER_SIZE];
    char declared[CELL_NUMBER_SIZE], parsed[CELL_NUMBER_SIZE], rejected[CELL_NUMBER_SIZE];
    FACTS_FILL(EMA_FILE, file);

    writer_file(a->writer, &file);
}

/* An E record, of the finding f. */
#define EMA_FINDING_FACTS(FACT)                                                                                        \
    FACT(EMA_FINDING, finding_code, f->code)                                                                           \
    FACT(EMA_FINDING, finding_scope, f->scope)                                                                         \
    FACT(EMA_FINDING, record_number, cell_positive(f->record, record))                                                 \
    FACT(EMA_FINDING, finding_field, f->field)                                                                         \
    FACT(EMA_FINDING, finding_value, f->value)                                                                         \
    FACT(EMA_FINDING, finding_text, f->text)
FACTS_DECLARE(EMA_FINDING);

static bool write_finding(void *user, const struct ledger_finding *f, GError **error)
{
    struct answer *a = user;
    char record[CELL_NUMBER_SIZE];
    FACTS_FILL(EMA_FINDING, finding);

    (void)error; /* the writer keeps its errors */
    writer_row(a->writer, &finding);
    return true;
}

static bool count_finding(void *user, const struct ledger_finding *finding, GError **error)
{
    (void)finding; /* only counted */
    (void)error;   /* cannot fail */
    ++*(int64_t *)user;
    return true;
}

/* The text that says how often each code was found. */
struct summary {
    const struct profile *profile;
    GString *text;
};

static bool add_count(void *user, const char *code, int64_t n, GError **error)
{
    const struct summary *summary = user;

    (void)error; /* cannot fail */
    g_string_append_printf(summary->text, "%s%s ×%" PRId64, summary->text->len > 0 ? ", " : "",
                           profile_code_id(summary->profile, code), n);
    return true;
}

/* B199 stands for the findings that were not kept and gives the true number of each code. */
static bool write_summary(struct answer *a, GError **error)
{
    g_autoptr(GString) counts = g_string_new(NULL);
    struct summary all = {a->profile, counts};

    if (!ledger_finding_counts_each(a->ledger, a->verdict, add_count, &all, error))
        return false;
    g_autofree char *text = g_strconcat("… more findings: ", counts->str, NULL);
    const struct ledger_finding summary = {
        .code = catalogue_entry(B199)->id, .scope = catalogue_scope_name(SCOPE_FILE), .text = text};
    return write_finding(a, &summary, error);
}

bool ema_write(struct answer *a, GError **error)
{
    int64_t findings = 0;

    if (!ledger_findings_each(a->ledger, a->verdict, count_finding, &findings, error))
        return false;
    a->rows = 1 + findings + a->verdict->truncated;
    answer_header_write(a->writer, a->outgoing, a->verdict->batch, a->rows);
    write_file(a);
    return ledger_findings_each(a->ledger, a->verdict, write_finding, a, error) &&
           (!a->verdict->truncated || write_summary(a, error));
}
