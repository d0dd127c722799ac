/*
 * Fuzz target: any bytes where the gateway stores text: an envelope, an order, a configuration, the lock, an escaped
 * name. Reading them ends with a sound result or an error that says where. The other way round, what the gateway writes
 * about any bytes reads back as it was.
 */
#include "formats/eui64.h"
#include "formats/instant.h"
#include "formats/profile.h"
#include "formats/text.h"
#include "formats/writer.h"
#include "gateway/config/config.h"
#include "gateway/pipeline/orders/orders.h"
#include "spool/custody.h"
#include "tests/fuzz/reading.h"

#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_REASON_BYTES = 10000 }; /* a file of orders is read up to 64 KiB */

static char *folder, *text_path;
static struct spool *spool;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where; /* nftw's signature */
    return g_remove(path);
}

static void clean_up(void)
{
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS); /* if that fails, temporary files stay */
}

static void prepare(void)
{
    char in_memory[] = "/dev/shm/ecosgate-fuzz.XXXXXX"; /* in memory, where a sync costs nothing */

    if (folder != NULL)
        return;
    folder = g_mkdtemp(in_memory) ? g_strdup(in_memory) : g_dir_make_tmp("ecosgate-fuzz.XXXXXX", NULL);
    g_assert_true(folder != NULL && atexit(clean_up) == 0);
    text_path = g_build_filename(folder, "text", NULL);
    g_assert_true(spool_create(folder, NULL) && (spool = spool_open(folder, NULL)) != NULL);
    g_assert_true(job_make(STEP_DISPATCH_MADE, spool, JOB_HELD, 1, NULL));
}

/* Writes the file. Not with g_file_set_contents, which syncs. */
static void store(const char *path, const char *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    g_assert_true(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}

/* --- Envelope --------------------------------------------------------------------------------- */

static void check_envelope(const struct job_envelope *envelope)
{
    g_assert_true(envelope->id == 1 && envelope->name[0] && g_utf8_validate(envelope->name, -1, NULL));
    g_assert_true(strlen(envelope->sha256) == DIGEST_HEX_SIZE - 1);
    g_assert_true(strspn(envelope->sha256, "0123456789abcdef") == DIGEST_HEX_SIZE - 1);
    g_assert_true(g_utf8_validate(envelope->drop, -1, NULL) && envelope->drop[0] != '\0');
}

static void read_envelope(const char *data, size_t size)
{
    g_autofree char *path = job_path(spool, JOB_HELD, 1, JOB_ENVELOPE);
    g_autoptr(GError) error = NULL;

    store(path, data, size);
    g_autofree struct job_envelope *envelope = job_envelope_read(spool, JOB_HELD, 1, &error);
    g_assert_true((envelope == NULL) == (error != NULL));
    g_assert_true(error == NULL || g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT));
    if (envelope != NULL)
        check_envelope(envelope);
}

/* Writes an envelope for any file name, and a drop's name with all that a configuration allows; reads it back. */
static void keep_envelope(const char *data, size_t size)
{
    g_autofree char *name = text_escape(data, size, 0);
    size_t len = 0;
    struct job_envelope envelope = {.received = (int64_t)size - 100, .name = name, .drop = "m c;c #=\\s"};

    if (size == 0)
        return; /* every file has a name */
    g_autoptr(job_custody_t) custody = job_custody_begin(spool, 1, 0, NULL);
    g_assert_true(custody != NULL && job_custody_write(custody, data, size, NULL));
    g_assert_true(job_custody_store(custody, &envelope, NULL));
    g_autofree struct job_envelope *read = job_envelope_read(spool, JOB_INCOMING, 1, NULL);
    g_assert_true(read != NULL);
    check_envelope(read);
    g_autofree char *back = text_unescape(read->name, &len);
    g_assert_true(back != NULL && len == size && memcmp(back, data, size) == 0);
    g_assert_cmpstr(read->drop, ==, envelope.drop);
    g_assert_cmpstr(read->sha256, ==, envelope.sha256);
    g_assert_true(read->received == envelope.received && read->size == size);
    g_assert_true(job_drop(STEP_ORPHAN_DROPPED, spool, 1, NULL));
}

/* --- Orders ------------------------------------------------------------------------------------- */

static void check_order(const struct order *order)
{
    g_assert_cmpstr(order->id, ==, "text");
    g_assert_true(order->who != NULL && order->who[0]);
    if (order->reason != NULL)
        assert_printable(order->reason);
    assert_printable(order->who);
    if (order->verb != ORDER_VERB_COUNT) {
        bool names_nothing = order_kind(order->verb)->keys[0] == NULL;
        g_assert_true((order->job >= 1) + (order->incident >= 1) + (order->file != NULL) + (order->drop != NULL) +
                              (order->device != NULL) + (order->sender != NULL && order->type != NULL) +
                              (order->archive != NULL && order->digest != NULL) + (order->verb == ORDER_PURGE) ==
                          !names_nothing &&
                      order->reason != NULL && order->reason[0]);
    }
}

static void read_order(const char *data, size_t size)
{
    store(text_path, data, size);
    g_autoptr(order_t) order = order_read(text_path, "text", NULL);
    check_order(order);
}

/* Of an order that is about a Device. */
static void name_device(struct order *order, int64_t number)
{
    bool all = order->verb == ORDER_RELEASE_DEVICE;
    order->device = (char *)(all ? "all" : "00-DB-12-34-56-78-90-A0");
    if (order->verb == ORDER_END_DEVICE)
        order->as = (char *)(number % 2 ? "failed" : "migrated");
}

/* Of an order about an archive. */
static void name_archive(struct order *order, int64_t number)
{
    if (order->verb == ORDER_ARCHIVE)
        order->before = number;
    order->archive = (char *)"/srv/an archive.tar.zst";
    order->digest = (char *)"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
}

/* Names what the verb is about. There is no default, so that the compiler asks for what a new verb is about. */
static void name_subject(struct order *order, int64_t number)
{
    switch (order->verb) {
    case ORDER_CLOSE:
        order->incident = number;
        break;
    case ORDER_REDELIVER:
        order->file = (char *)"a file.csv";
        break;
    case ORDER_SEQUENCE:
    case ORDER_SEQUENCE_FORGET:
        order->sender = (char *)"MCC", order->type = (char *)"EMI", order->number = number % 1000000;
        break;
    case ORDER_TAKE:
        order->drop = (char *)"mcc", order->claim = (char *)"a claim";
        break;
    case ORDER_RELEASE_DEVICE:
    case ORDER_HOLD_DEVICE:
    case ORDER_WITHDRAW_DEVICE:
    case ORDER_END_DEVICE:
        name_device(order, number);
        break;
    case ORDER_HOLD_BATCH:
    case ORDER_WITHDRAW_BATCH:
    case ORDER_RELEASE_BATCH:
        order->job = number, order->batch = (char *)"MCC.B-1";
        break;
    case ORDER_HOLD:
    case ORDER_RELEASE:
    case ORDER_REQUEUE:
    case ORDER_REJECT:
        order->job = number;
        break;
    case ORDER_PAUSE_DROP:
    case ORDER_RESUME_DROP:
        order->drop = (char *)"mcc", order->direction = (char *)(number % 2 ? "in" : "both");
        break;
    case ORDER_PURGE:
        order->before = number;
        break;
    case ORDER_ARCHIVE:
    case ORDER_RESTORE_ARCHIVE:
        name_archive(order, number);
        break;
    case ORDER_PAUSE_DISPATCH:
    case ORDER_RESUME_DISPATCH:
    case ORDER_RECOVER:
    case ORDER_VERB_COUNT:
        break;
    }
}

static void check_subject(const struct order *read, const struct order *order)
{
    g_assert_true(read->verb == order->verb && read->job == order->job && read->incident == order->incident);
    bool numbers = order->verb == ORDER_SEQUENCE || order->verb == ORDER_SEQUENCE_FORGET;
    g_assert_true(read->number == (numbers ? order->number : -1) && read->at == order->at);
    g_assert_cmpstr(read->file, ==, order->file);
    g_assert_cmpstr(read->sender, ==, order->sender);
    g_assert_cmpstr(read->type, ==, order->type);
    g_assert_cmpstr(read->drop, ==, order->drop);
    g_assert_cmpstr(read->claim, ==, order->claim);
    g_assert_cmpstr(read->device, ==, order->device);
    g_assert_cmpstr(read->as, ==, order->as);
    g_assert_cmpstr(read->direction, ==, order->direction);
    g_assert_cmpstr(read->batch, ==, order->batch);
    g_assert_cmpstr(read->archive, ==, order->archive);
    g_assert_cmpstr(read->digest, ==, order->digest);
    bool before = order->verb == ORDER_ARCHIVE || order->verb == ORDER_PURGE;
    g_assert_true(read->before == (before ? order->before : -1));
}

/* Writes an order with any reason and reads it back. The command line makes sure that a reason is UTF-8. */
static void keep_order(const char *data, size_t size)
{
    g_autofree char *reason = g_strndup(data, text_valid_prefix(data, MIN(size, MAX_REASON_BYTES)));
    struct gateway gateway = {.spool = spool};
    struct order order = {.verb = (enum order_verb)(size % ORDER_VERB_COUNT), .at = 7};

    name_subject(&order, 1 + (int64_t)size);
    if (*g_strstrip(reason) == '\0') /* the command refuses it */
        return;
    order.reason = reason;
    g_assert_true(orders_write(&gateway, &order, NULL));
    g_autofree char *path = g_build_filename(spool_orders_dir(spool), order.id, NULL);
    g_autoptr(order_t) read = order_read(path, "text", NULL);
    g_autofree char *shown = text_escape(reason, strlen(reason), 1000);
    check_order(read);
    check_subject(read, &order);
    g_assert_cmpstr(read->reason, ==, shown);
    g_assert_null(read->refusal);
    g_assert_true(disk_unlink(STEP_ORDER_REMOVED, path, NULL));
    g_free(order.id);
}

/* --- Configuration ---------------------------------------------------------------------------- */

static void check_config(const struct config *config)
{
    g_assert_true(config->org[0] && config->environment[0] && g_path_is_absolute(config->spool));
    g_assert_true(config->max_devices >= 1 && config->max_bytes >= 1024 && config->max_ratio >= 1);
    g_assert_true(config->poll_interval >= 1 && config->retry.session_length >= 3600 && config->reserve >= 0);
    g_assert_true(config->identity.n_parties == config->parties->len);
    for (size_t i = 0; i < config->identity.n_parties; i++) {
        const struct party *party = &config->identity.parties[i];
        g_assert_true(config_drop(config, party->drop) != NULL && strlen(party->org) <= 8);
        g_assert_true(rules_party(&config->identity, party->org) == party);
    }
    g_assert_true(rules_party(&config->identity, config->work_order_party) != NULL);
    for (guint i = 0; i < config->drops->len; i++) {
        const struct drop *drop = config->drops->pdata[i];
        g_assert_true(config_drop(config, drop->name) == drop && drop->name[0] &&
                      g_utf8_validate(drop->name, -1, NULL));
        g_assert_true(g_path_is_absolute(drop->in) && g_path_is_absolute(drop->out) && drop->stable_seconds >= 0);
    }
}

/* Every problem is one line that begins with the path and the number of a line of the file. */
static void check_config_error(const GError *error, const char *data, size_t size)
{
    g_auto(GStrv) problems = g_strsplit(error->message, "\n", -1);
    gint64 lines = 1, line;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    for (char **problem = problems; *problem; problem++) {
        g_assert_true(g_str_has_prefix(*problem, text_path) && (*problem)[strlen(text_path)] == ':');
        line = g_ascii_strtoll(*problem + strlen(text_path) + 1, NULL, 10);
        g_assert_true(line >= 1 && line <= lines);
        assert_printable(*problem);
    }
}

static void read_config(const char *data, size_t size)
{
    g_autoptr(GError) error = NULL;

    store(text_path, data, size);
    g_autoptr(config_t) config = config_load(text_path, &error);
    g_assert_true((config == NULL) == (error != NULL));
    if (config != NULL)
        check_config(config);
    else
        check_config_error(error, data, size);
}

/* --- The lock ------------------------------------------------------------------------------------ */

static void read_lock(const char *data, size_t size)
{
    g_autofree char *path = g_build_filename(folder, "lock", NULL);
    int64_t pid = 0;

    store(path, data, size);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    g_assert_true(fd >= 0 && flock(fd, LOCK_EX) == 0);
    g_assert_true(spool_writer(spool, &pid, NULL) && (pid > 0 || pid == -1));
    (void)close(fd); /* releases the lock */
    g_assert_true(spool_writer(spool, &pid, NULL) && pid == 0);
}

/* --- Names and values ----------------------------------------------------------------------------- */

/* A cut copy is printable, keeps its limit, and begins as the whole one does. */
static void check_cut(const char *data, size_t size, const char *whole)
{
    size_t max = 1 + size % 70;
    g_autofree char *cut = text_escape(data, size, max);

    assert_printable(cut);
    g_assert_true((size_t)g_utf8_strlen(cut, -1) <= max);
    if (strcmp(cut, whole) == 0)
        return;
    g_assert_true(g_str_has_suffix(cut, "…") && (size_t)g_utf8_strlen(whole, -1) > max);
    g_assert_true(strncmp(cut, whole, strlen(cut) - strlen("…")) == 0);
}

static void read_name(const char *data, size_t size)
{
    g_autofree char *text = g_strndup(data, size);
    size_t len = 0;
    g_autofree char *name = text_unescape(text, &len);

    if (name == NULL)
        return;
    g_autofree char *again = text_escape(name, len, 0);
    g_assert_cmpstr(again, ==, text); /* a name has one escaped form only */
    g_assert_true(name[len] == '\0');
}

static void keep_name(const char *data, size_t size)
{
    g_autofree char *escaped = text_escape(data, size, 0);
    size_t len = 0, valid = text_valid_prefix(data, size);
    const char *end = data;
    g_autofree char *back = text_unescape(escaped, &len);

    assert_printable(escaped);
    g_assert_true(back != NULL && len == size && memcmp(back, data, size) == 0);
    check_cut(data, size, escaped);
    (void)g_utf8_validate_len(data, size, &end);
    g_assert_true(valid == (size_t)(end - data));
    g_assert_true(text_characters(data, valid) == (size_t)g_utf8_strlen(data, (gssize)valid));
    g_assert_true(!text_is_cut_character(data + valid, size - valid) || size - valid < 4);
}

/* Reads the bytes as an identifier, a time, a job's id, a job's state, and the name of a file of a job. */
static void read_words(const char *data, size_t size)
{
    g_autofree char *text = g_strndup(data, size), *path = NULL;
    char eui64[EUI64_TEXT_SIZE], instant[INSTANT_TEXT_SIZE], id_text[JOB_ID_SIZE];
    uint64_t eui = 0;
    int64_t at = 0, id = 0;
    enum job_state state;

    if (eui64_parse(data, size, &eui)) {
        eui64_print(eui, eui64);
        g_assert_true(size == EUI64_TEXT_LENGTH && g_ascii_strncasecmp(eui64, data, size) == 0);
    }
    if (instant_parse(data, size, &at)) {
        instant_print(at, instant);
        g_assert_true(size == INSTANT_TEXT_SIZE - 1 && memcmp(instant, data, size) == 0);
    }
    if (job_id_parse(text, &id)) {
        job_id_print(id, id_text);
        g_assert_true(id >= 1 && g_ascii_strtoll(text, NULL, 10) == id && g_ascii_strtoll(id_text, NULL, 10) == id);
    }
    path = job_path(spool, JOB_HELD, 1, text);
    g_assert_true((path != NULL) == job_file_is_safe(text));
    if (path != NULL) {
        g_autofree char *base = g_path_get_basename(path), *plain = g_canonicalize_filename(path, NULL);
        g_assert_cmpstr(base, ==, text);
        g_assert_cmpstr(plain, ==, path);
    }
    if (job_state_parse(text, &state))
        g_assert_cmpstr(job_state_name(state), ==, text);
}

/* --- Answers ---------------------------------------------------------------------------------------- */

static bool append(void *user, const char *data, size_t len, GError **error)
{
    (void)error;
    g_string_append_len(user, data, (gssize)len);
    return true;
}

/* Values in the order of the layout's columns, as facts; ids has room for them. */
static struct facts facts_of(const struct layout_record *layout, const char *const *values, enum fact *ids)
{
    for (size_t i = 0; i < layout->n_columns; i++)
        ids[i] = layout->columns[i].fact;
    return (struct facts){ids, values, layout->n_columns};
}

static GString *write_finding(enum form form, const char *const *values)
{
    static const char *const header[HEADER_FIELDS] = {"a", "b", "1", "c", "TEST", "B", NULL};
    const struct file_type *type = profile_type(profile_builtin(), "EMA", 3);
    enum fact header_ids[HEADER_FIELDS], ids[LAYOUT_MAX_COLUMNS];
    const struct facts head = facts_of(type->header, header, header_ids);
    const struct facts row = facts_of(type->record, values, ids);
    GString *out = g_string_new(NULL);
    struct writer *writer = writer_new(form, type, append, out);

    writer_header(writer, &head, 1);
    writer_row(writer, &row);
    g_assert_true(writer_finish(writer, NULL));
    writer_free(writer);
    return out;
}

/* Reads the E record of a CSV file of H, E and T byte by byte, and compares its values. */
static void check_csv(const GString *csv, const char *const *values, size_t n)
{
    const char *p = strstr(csv->str, "\r\nE");

    g_assert_true(p != NULL);
    p += strlen("\r\nE");
    for (size_t i = 0; i < n; i++) {
        g_autoptr(GString) value = g_string_new(NULL);
        bool quoted = p[1] == '"';
        g_assert_true(*p++ == ',');
        for (p += quoted; quoted ? *p != '"' || p[1] == '"' : *p != ',' && *p != '\r'; p++) {
            g_assert_true(*p != '\0' && (quoted || (*p != '"' && *p != '\n')));
            g_string_append_c(value, *p);
            p += *p == '"';
        }
        p += quoted;
        g_assert_cmpstr(value->str, ==, values[i]);
    }
    g_assert_true(g_str_has_prefix(p, "\r\nT,1\r\n"));
}

static void check_xml(const GString *xml, const char *const *values, size_t n, const struct layout_record *layout)
{
    xmlDoc *tree = xmlReadMemory(xml->str, (int)xml->len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOBLANKS);
    xmlNode *node, *finding;

    g_assert_true(tree != NULL);
    finding = xmlLastElementChild(xmlDocGetRootElement(tree));
    g_assert_cmpstr((const char *)finding->name, ==, layout->element);
    node = xmlFirstElementChild(finding);
    for (size_t i = 0; i < n; i++) {
        if (values[i][0] == '\0')
            continue;
        xmlChar *content = xmlNodeGetContent(node);
        g_assert_cmpstr((const char *)node->name, ==, layout->columns[i].name);
        g_assert_cmpstr((const char *)content, ==, values[i]);
        xmlFree(content);
        node = xmlNextElementSibling(node);
    }
    g_assert_true(node == NULL);
    xmlFreeDoc(tree);
}

/* Writes escaped values into an acknowledgement of either form, as for a sender's bytes, and reads them back. */
static void write_answer(const char *data, size_t size)
{
    const struct layout_record *layout = profile_type(profile_builtin(), "EMA", 3)->record;
    const char *values[LAYOUT_MAX_COLUMNS] = {NULL};
    g_autoptr(GPtrArray) escaped = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; i < layout->n_columns; i++) {
        size_t from = size * i / layout->n_columns, to = size * (i + 1) / layout->n_columns;
        g_ptr_array_add(escaped, text_escape(data + from, to - from, 0));
        values[i] = escaped->pdata[i];
    }
    g_autoptr(GString) csv = write_finding(FORM_CSV, values), xml = write_finding(FORM_XML, values);
    check_csv(csv, values, layout->n_columns);
    check_xml(xml, values, layout->n_columns, layout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(const char *, size_t) = {read_envelope, read_order,  read_config,   read_lock,
                                                          read_name,     read_words,  keep_envelope, keep_order,
                                                          keep_name,     write_answer};
    g_autofree char *text = g_malloc(size + 1);

    prepare();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    for (size_t i = 0; i < G_N_ELEMENTS(tries); i++)
        tries[i](text, size);
    return 0;
}
