#include "gateway/answers/answer.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "formats/writer.h"
#include "gateway/answers/cells.h"
#include "gateway/answers/incident_file.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_verdicts.h"
#include "validators/catalogue.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_ORG = 8, MAX_BATCH = 24 };
_Static_assert(MAX_ORG + MAX_BATCH + CELL_NUMBER_SIZE + 2 <= WORK_ITEM_ID_SIZE, "WORK_ITEM_ID_SIZE");

/* One answer being written. */
struct answer {
    struct gateway *gateway;
    const struct ledger_outgoing *part;
    const struct ledger_job *job;
    struct ledger_verdict *verdict; /* of the file answered; NULL for an EMW */
    const struct file_type *type;
    struct writer *writer;
    int64_t rows;                    /* as declared */
    GString *summary;                /* the text of B199 */
    struct cell_instant begun, ends; /* begun also serves NextEligible */
};

/* At most n characters of text, which a damaged ledger may lack; returns where they end. */
static char *append(char *p, const char *text, size_t n)
{
    for (; text != NULL && *text != '\0' && n > 0; n--)
        *p++ = *text++;
    return p;
}

const char *work_item_id(const char *org, const char *batch, int64_t record, char text[WORK_ITEM_ID_SIZE])
{
    char digits[CELL_NUMBER_SIZE];
    char *p = append(text, org, MAX_ORG);

    *p++ = '.';
    p = append(p, batch, MAX_BATCH);
    *p++ = '.';
    (void)g_stpcpy(p, cell_number(record, digits)); /* the end is of no interest */
    return text;
}

static const char *number_or_nothing(int64_t n, char text[CELL_NUMBER_SIZE])
{
    return n > 0 ? cell_number(n, text) : NULL;
}

void answer_write_header(struct writer *writer, const struct ledger_outgoing *part, const char *batch, int64_t rows)
{
    char sequence[CELL_NUMBER_SIZE], created[INSTANT_TEXT_SIZE];
    const char *values[HEADER_COLUMNS] = {
        [HEADER_SENDER_ID] = part->sender,
        [HEADER_RECIPIENT_ID] = part->recipient,
        [HEADER_FILE_SEQUENCE] = cell_number(part->sequence, sequence),
        [HEADER_CREATION_DATE_TIME] = created,
        [HEADER_ENVIRONMENT] = part->environment,
        [HEADER_BATCH_ID] = batch,
    };

    instant_print(part->created, created);
    writer_header(writer, values, (uint64_t)rows);
}

static void write_header(struct answer *a, const char *batch)
{
    answer_write_header(a->writer, a->part, batch, a->rows);
}

/* ---- EMA ---- */

static bool count_finding(void *user, const struct ledger_finding *finding, GError **error)
{
    (void)finding; /* only counted */
    (void)error;
    ((struct answer *)user)->rows++;
    return true;
}

static bool summarise(void *user, const char *code, int64_t n, GError **error)
{
    GString *summary = ((struct answer *)user)->summary;

    (void)error; /* cannot fail */
    g_string_append_printf(summary, "%s%s ×%" PRId64, summary->len ? ", " : "", code, n);
    return true;
}

static void write_file(struct answer *a)
{
    const struct ledger_verdict *v = a->verdict;
    char size[CELL_NUMBER_SIZE], received[INSTANT_TEXT_SIZE], line[CELL_NUMBER_SIZE], column[CELL_NUMBER_SIZE];
    char declared[CELL_NUMBER_SIZE], parsed[CELL_NUMBER_SIZE], rejected[CELL_NUMBER_SIZE];

    instant_print(a->job->received, received);
    const char *values[] = {a->job->name,
                            a->job->sha256,
                            cell_number(a->job->size, size),
                            received,
                            v->outcome,
                            v->code,
                            number_or_nothing(v->line, line),
                            number_or_nothing(v->column, column),
                            v->declared < 0 ? NULL : cell_number(v->declared, declared),
                            cell_number(v->parsed, parsed),
                            cell_number(v->rejected, rejected)};
    writer_row(a->writer, a->type->file, values);
}

static bool write_finding(void *user, const struct ledger_finding *f, GError **error)
{
    struct answer *a = user;
    char record[CELL_NUMBER_SIZE];
    const char *values[] = {f->code, f->scope, number_or_nothing(f->record, record), f->field, f->value, f->text};

    (void)error; /* the writer remembers its failures */
    writer_row(a->writer, a->type->record, values);
    return true;
}

static bool write_ema(struct answer *a, GError **error)
{
    struct ledger *ledger = a->gateway->ledger;

    a->rows = 1;
    if (!ledger_findings_each(ledger, a->verdict, count_finding, a, error))
        return false;
    a->rows += a->verdict->truncated;
    write_header(a, a->verdict->batch);
    write_file(a);
    if (!ledger_findings_each(ledger, a->verdict, write_finding, a, error))
        return false;
    if (!a->verdict->truncated)
        return true;
    a->summary = g_string_new(NULL);
    bool good = ledger_finding_counts_each(ledger, a->verdict, summarise, a, error);
    g_autofree char *text = g_strconcat("… more findings: ", a->summary->str, NULL);
    const char *values[] = {catalogue_entry(B199)->id, catalogue_scope_name(SCOPE_FILE), NULL, NULL, NULL, text};
    writer_row(a->writer, a->type->record, values);
    g_string_free(a->summary, TRUE);
    return good;
}

/* ---- EMD ---- */

/* Columns of a code: category, transient, resolver. */
static void describe_code(const char *id, bool passes, const char *device_type, const char *columns[3])
{
    static const char *const categories[] = {"a", "b", "c", "d"};
    enum code code;

    if (id == NULL || !catalogue_find(id, &code))
        return;
    columns[0] = categories[catalogue_category(code) - 'a'];
    columns[1] = passes ? "Y" : "N";
    columns[2] = catalogue_resolver(code, device_type);
}

static const char *emd_outcome(enum ledger_state outcome)
{
    return outcome == LEDGER_READY ? "ACCEPTED" : ledger_state_name(outcome);
}

static bool write_response(void *user, const struct ledger_item *item, GError **error)
{
    struct answer *a = user;
    char record[CELL_NUMBER_SIZE], device[EUI64_TEXT_SIZE], work_item[WORK_ITEM_ID_SIZE];
    const char *described[3] = {NULL, NULL, NULL};

    (void)error; /* the writer remembers its failures */
    if (item->has_device)
        eui64_print(item->device, device);
    describe_code(item->code, item->passes, item->device_type, described);
    const char *values[] = {cell_number(item->record, record),
                            item->has_device ? device : item->device_text,
                            item->device_type,
                            emd_outcome(item->outcome),
                            item->code,
                            described[0],
                            described[1],
                            described[2],
                            work_item_id(a->job->org, a->verdict->batch, item->record, work_item),
                            cell_instant(item->next_eligible, &a->begun),
                            item->text};
    writer_row(a->writer, a->type->record, values);
    return true;
}

static bool write_emd(struct answer *a, GError **error)
{
    a->rows = a->verdict->parsed;
    write_header(a, a->verdict->batch);
    return ledger_items_each(a->gateway->ledger, a->verdict, write_response, a, error);
}

/* ---- EMW ---- */

static bool write_work_order_row(void *user, const struct ledger_work *w, const struct ledger_transition *transition,
                                 GError **error)
{
    struct answer *a = user;
    char record[CELL_NUMBER_SIZE], try[CELL_NUMBER_SIZE], device[EUI64_TEXT_SIZE], work_item[WORK_ITEM_ID_SIZE];

    (void)error; /* the writer remembers its failures */
    eui64_print(w->item.device, device);
    const char *values[] = {cell_number(transition->record, record),
                            work_item_id(w->org, w->batch, w->item.record, work_item),
                            device,
                            w->item.device_type,
                            w->item.manufacturer,
                            w->item.model,
                            w->item.firmware,
                            w->item.chf,
                            cell_number(transition->try, try),
                            cell_instant(w->session.begun, &a->begun),
                            cell_instant(w->session.ends, &a->ends)};
    writer_row(a->writer, a->type->record, values);
    return true;
}

static bool write_emw(struct answer *a, GError **error)
{
    char batch[CELL_NUMBER_SIZE];

    a->rows = a->part->rows; /* fixed by the dispatch */
    g_snprintf(batch, sizeof batch, "EMW-%06" PRId64, a->part->sequence);
    write_header(a, batch);
    return ledger_work_order_each(a->gateway->ledger, a->job->id, write_work_order_row, a, error);
}

/* ---- EMO ---- */

/* EndedAt of what never was live is the time of its verdict. */
static bool write_outcome(void *user, const struct ledger_work *w, GError **error)
{
    const struct ledger_item *item = &w->item;
    const struct ledger_session *s = &w->session;
    struct answer *a = user;
    char record[CELL_NUMBER_SIZE], tries[CELL_NUMBER_SIZE], device[EUI64_TEXT_SIZE], work_item[WORK_ITEM_ID_SIZE];
    int64_t next = w->has_session ? s->next_eligible : item->next_eligible;
    char next_text[INSTANT_TEXT_SIZE];

    (void)error; /* the writer remembers its failures */
    if (item->has_device)
        eui64_print(item->device, device);
    if (next > 0)
        instant_print(next, next_text);
    const char *values[] = {cell_number(item->record, record),
                            item->has_device ? device : item->device_text,
                            work_item_id(w->org, w->batch, item->record, work_item),
                            ledger_state_name(w->has_session ? s->state : item->outcome),
                            w->has_session ? s->code : item->code,
                            cell_number(s->try - s->unused, tries),
                            cell_instant(w->has_session ? s->ended : w->judged_at, &a->ends),
                            next > 0 ? next_text : NULL};
    writer_row(a->writer, a->type->record, values);
    return true;
}

static bool write_emo(struct answer *a, GError **error)
{
    a->rows = a->verdict->items;
    write_header(a, a->verdict->batch);
    return ledger_work_of_verdict_each(a->gateway->ledger, a->verdict, write_outcome, a, error);
}

/* ---- storing ---- */

static bool write_content(struct answer *a, GError **error)
{
    if (strcmp(a->part->kind, "EMW") == 0)
        return write_emw(a, error);
    if (strcmp(a->part->kind, "INC") == 0)
        return incident_file_write(a->gateway, a->part, a->writer, &a->rows, error);
    if (a->verdict == NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "the ledger has no verdict for %s", a->part->name);
        return false;
    }
    if (strcmp(a->part->kind, "EMO") == 0)
        return write_emo(a, error);
    return strcmp(a->part->kind, "EMA") == 0 ? write_ema(a, error) : write_emd(a, error);
}

bool answer_record_stored(struct gateway *gateway, const struct ledger_outgoing *part, const struct disk_file *file,
                          int64_t rows, GError **error)
{
    struct ledger *ledger = gateway->ledger;
    struct ledger_outgoing stored = *part;

    stored.state = LEDGER_STORED;
    stored.rows = rows;
    stored.size = (int64_t)disk_file_size(file);
    stored.sha256 = disk_file_sha256(file);
    if (!ledger_begin(ledger, error))
        return false;
    if (ledger_outgoing_update(ledger, &stored, error) && ledger_commit(STEP_ANSWER_NOTED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

/* Writes the whole answer into a function of bytes. */
static bool write_to(struct answer *a, writer_bytes_fn *bytes, void *user, GError **error)
{
    enum form form = g_strcmp0(a->part->form, "xml") == 0 ? FORM_XML : FORM_CSV;

    a->writer = writer_new(form, a->type, bytes, user);
    bool good = write_content(a, error) && writer_finish(a->writer, error);
    writer_free(a->writer);
    return good;
}

static bool write_and_publish(struct answer *a, GError **error)
{
    g_autofree char *path = job_path(a->gateway->spool, JOB_ACTIVE, a->job->id, a->part->name);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);

    return file != NULL && write_to(a, disk_file_write, file, error) &&
           disk_file_publish(STEP_ANSWER_STORED, file, error) &&
           answer_record_stored(a->gateway, a->part, file, a->rows, error);
}

static bool add_bytes(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* cannot fail */
    digest_update(user, data, len);
    return true;
}

static bool write_digest(struct answer *a, char sha256[DIGEST_HEX_SIZE], GError **error)
{
    g_autoptr(digest_t) digest = digest_new();
    bool good = write_to(a, add_bytes, digest, error);

    digest_hex(digest, sha256);
    return good;
}

/* Fills what an answer is built from and builds it: into its file, or (sha256 not NULL) into a digest. */
static bool build(struct gateway *gateway, const struct ledger_outgoing *part, char *sha256, int64_t *rows,
                  GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    g_autofree struct ledger_verdict *verdict = NULL;
    struct answer answer = {.gateway = gateway, .part = part};

    if (!ledger_job_get(gateway->ledger, part->job, &job, error) ||
        !ledger_verdict_get(gateway->ledger, part->about ? part->about : part->job, part->revision, &verdict, error))
        return false;
    answer.job = job;
    answer.verdict = verdict;
    answer.type = layout_find(part->kind, strlen(part->kind));
    if (job == NULL || answer.type == NULL || answer.type->record == NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "the ledger has no job or no kind of answer for %s",
                    part->name);
        return false;
    }
    bool good = sha256 != NULL ? write_digest(&answer, sha256, error) : write_and_publish(&answer, error);
    *rows = answer.rows;
    return good;
}

bool answer_store(struct gateway *gateway, const struct ledger_outgoing *part, GError **error)
{
    int64_t rows;

    return build(gateway, part, NULL, &rows, error);
}

bool answer_digest(struct gateway *gateway, const struct ledger_outgoing *part, char sha256[DIGEST_HEX_SIZE],
                   int64_t *rows, GError **error)
{
    return build(gateway, part, sha256, rows, error);
}
