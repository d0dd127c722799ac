/* What was put and what was taken: names, digests, numbers, acknowledgements. Work of Devices: oracle_work.c; reports
 * and incidents: oracle_reports.c. */
#include "tests/sim/oracle_private.h"

#include "tests/sim/when.h"

#include <stdlib.h>
#include <string.h>

int64_t oracle_time_of(const struct document *document)
{
    const struct record *header = document_first(document, 'H');
    return header != NULL ? when_parse(record_get(header, "CreationDateTime")) : 0;
}

unsigned oracle_number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

static void free_verdict(void *data)
{
    struct verdict *verdict = data;

    g_hash_table_destroy(verdict->wrong);
    g_ptr_array_free(verdict->items, TRUE);
    g_free(verdict);
}

static void free_document(void *data)
{
    document_free(data);
}

static void free_inbound(void *data)
{
    struct inbound *inbound = data;

    g_free(inbound->name);
    g_ptr_array_free(inbound->digests, TRUE);
    g_ptr_array_free(inbound->documents, TRUE);
    g_ptr_array_free(inbound->verdicts, TRUE);
    g_free(inbound);
}

static void free_item(void *data)
{
    struct item *item = data;

    for (unsigned i = 0; i < item->orders->len; i++)
        g_free(g_array_index(item->orders, struct order, i).file);
    g_array_free(item->orders, TRUE);
    g_array_free(item->known, TRUE);
    g_hash_table_destroy(item->keys[0]);
    g_hash_table_destroy(item->keys[1]);
    g_free(item->tcos.key);
    g_free(item->ecos.key);
    g_free(item->device);
    g_free(item->id);
    g_free(item);
}

static void free_device(void *data)
{
    struct device_facts *device = data;

    g_ptr_array_free(device->items, TRUE);
    g_free(device->id);
    g_free(device);
}

static void free_taken(void *data)
{
    struct taken *taken = data;

    g_free(taken->digest);
    g_free(taken->folder);
    g_free(taken);
}

static GHashTable *table(GDestroyNotify free_value)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_value);
}

struct oracle *oracle_new(struct sim *sim)
{
    struct oracle *oracle = g_new0(struct oracle, 1);

    oracle->sim = sim;
    oracle->inbound = table(free_inbound);
    oracle->answers = table(NULL);
    oracle->batches = table(NULL);
    oracle->verdicts = g_ptr_array_new_with_free_func(free_verdict);
    oracle->order_of_inbound = g_ptr_array_new();
    oracle->items = table(free_item);
    oracle->order_of_items = g_ptr_array_new();
    oracle->devices = table(free_device);
    oracle->taken = table(free_taken);
    oracle->numbers = table(g_free);
    oracle->incidents = table(g_free);
    oracle->order_of_incidents = g_ptr_array_new_with_free_func(g_free);
    oracle->rows = table(NULL);
    oracle->named = table(NULL);
    oracle->supply = table(g_free);
    oracle->suspects = g_array_new(FALSE, FALSE, sizeof(struct suspect));
    oracle->rules = g_array_new(FALSE, FALSE, sizeof(struct rule));
    oracle->losses = g_array_new(FALSE, FALSE, sizeof(struct loss));
    oracle->refusals = g_ptr_array_new_with_free_func(g_free);
    oracle->keepings = g_ptr_array_new_with_free_func(oracle_free_keeping);
    oracle->waiting = g_ptr_array_new_with_free_func(free_document);
    oracle->watches = oracle_watches_new();
    oracle->lying = table(NULL);
    return oracle;
}

void oracle_free(struct oracle *oracle)
{
    g_hash_table_destroy(oracle->inbound);
    g_hash_table_destroy(oracle->answers);
    g_hash_table_destroy(oracle->batches);
    g_ptr_array_free(oracle->verdicts, TRUE);
    g_ptr_array_free(oracle->order_of_inbound, TRUE);
    g_hash_table_destroy(oracle->items);
    g_ptr_array_free(oracle->order_of_items, TRUE);
    g_hash_table_destroy(oracle->devices);
    g_hash_table_destroy(oracle->taken);
    g_hash_table_destroy(oracle->numbers);
    g_hash_table_destroy(oracle->incidents);
    g_ptr_array_free(oracle->order_of_incidents, TRUE);
    g_hash_table_destroy(oracle->rows);
    g_hash_table_destroy(oracle->named);
    g_hash_table_destroy(oracle->supply);
    g_ptr_array_free(oracle->refusals, TRUE);
    g_array_free(oracle->rules, TRUE);
    g_array_free(oracle->losses, TRUE);
    g_array_free(oracle->suspects, TRUE);
    g_ptr_array_free(oracle->keepings, TRUE);
    g_ptr_array_free(oracle->waiting, TRUE);
    oracle_watches_free(oracle->watches);
    g_hash_table_destroy(oracle->lying);
    g_free(oracle);
}

struct device_facts *oracle_device(struct oracle *oracle, const char *id)
{
    struct device_facts *device = g_hash_table_lookup(oracle->devices, id);

    if (device == NULL) {
        device = g_new0(struct device_facts, 1);
        device->id = g_strdup(id);
        device->items = g_ptr_array_new();
        g_hash_table_insert(oracle->devices, g_strdup(id), device);
    }
    return device;
}

struct item *oracle_item(struct oracle *oracle, const char *id)
{
    struct item *item = g_hash_table_lookup(oracle->items, id);

    if (item == NULL) {
        item = g_new0(struct item, 1);
        item->id = g_strdup(id);
        item->orders = g_array_new(FALSE, FALSE, sizeof(struct order));
        item->known = g_array_new(FALSE, FALSE, sizeof(struct known_result));
        item->keys[0] = table(NULL);
        item->keys[1] = table(NULL);
        g_hash_table_insert(oracle->items, g_strdup(id), item);
        g_ptr_array_add(oracle->order_of_items, item);
    }
    return item;
}

/* ---- what partners put ---- */

static bool is_read(const char *type)
{
    static const char *const types[] = {"EMI", "EMT", "EMC", "INV", "COS", NULL};
    return g_strv_contains(types, type);
}

void oracle_put(struct oracle *oracle, const char *name, const char *bytes, size_t size)
{
    struct inbound *inbound = g_hash_table_lookup(oracle->inbound, name);

    if (inbound == NULL) {
        inbound = g_new0(struct inbound, 1);
        inbound->name = g_strdup(name);
        (void)g_strlcpy(inbound->type, name, sizeof inbound->type);
        inbound->put_at = sim_now(oracle->sim);
        inbound->number = oracle->n_put;
        inbound->digests = g_ptr_array_new_with_free_func(g_free);
        inbound->documents = g_ptr_array_new_with_free_func(free_document);
        inbound->verdicts = g_ptr_array_new();
        g_hash_table_insert(oracle->inbound, g_strdup(name), inbound);
        g_ptr_array_add(oracle->order_of_inbound, inbound);
    }
    oracle->n_put++;
    oracle_keeps_put(oracle, name, inbound->type);
    inbound->puts++;
    struct document *document = is_read(inbound->type) ? document_read(name, bytes, size) : NULL;
    g_ptr_array_add(inbound->digests, g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, size));
    g_ptr_array_add(inbound->documents, document);
    if (document == NULL)
        return;
    oracle_hear(oracle, document, NULL);
    oracle_hear_facts(oracle, inbound, document);
}

/* ---- acknowledgements ---- */

/* The findings that say that a record changes nothing. A warning of the same code is taken for one, too: the judge then
 * asks for less. */
static bool is_wrong(const char *code)
{
    static const char *const codes[] = {"C101", "C118", "C120", "C121", NULL};
    return g_strv_contains(codes, code);
}

static void read_findings(struct verdict *verdict, const struct document *ema)
{
    for (unsigned i = 0; i < ema->n; i++) {
        const struct record *finding = &ema->records[i];
        if (finding->kind == 'E' && is_wrong(record_get(finding, "Code")))
            g_hash_table_add(verdict->wrong, GUINT_TO_POINTER(oracle_number(record_get(finding, "RecordNumber"))));
    }
}

static struct verdict *new_verdict(struct oracle *oracle, struct inbound *inbound, const struct document *ema)
{
    const struct record *file = document_first(ema, 'F');
    struct verdict *verdict = g_new0(struct verdict, 1);

    verdict->inbound = inbound;
    verdict->at = oracle_time_of(ema);
    verdict->lost = oracle_was_lost(oracle, verdict->at, sim_now(oracle->sim)); /* it may be taken after the restore */
    verdict->parsed = oracle_number(record_get(file, "ParsedCount"));
    verdict->rejected = oracle_number(record_get(file, "RejectedCount"));
    verdict->wrong = g_hash_table_new(NULL, NULL);
    verdict->items = g_ptr_array_new();
    (void)g_strlcpy(verdict->outcome, record_get(file, "Outcome"), sizeof verdict->outcome);
    for (unsigned i = 0; i < inbound->digests->len; i++)
        if (strcmp(inbound->digests->pdata[i], record_get(file, "SHA256")) == 0)
            verdict->document = inbound->documents->pdata[i];
    read_findings(verdict, ema);
    /* A restored ledger may know a verdict, and not that its answers were delivered: they come once more. */
    struct verdict *before = g_hash_table_lookup(oracle->answers, ema->name);
    if (before != NULL && oracle->restores > 0)
        before->lost |= before->at == verdict->at;
    g_ptr_array_add(inbound->verdicts, verdict);
    g_ptr_array_add(oracle->verdicts, verdict);
    g_hash_table_insert(oracle->answers, g_strdup(ema->name), verdict);
    return verdict;
}

static bool has_digest(const struct inbound *inbound, const char *digest)
{
    for (unsigned i = 0; i < inbound->digests->len; i++)
        if (strcmp(inbound->digests->pdata[i], digest) == 0)
            return true;
    return false;
}

static unsigned count_records(const struct document *document)
{
    unsigned n = 0;

    for (unsigned i = 0; i < document->n; i++)
        n += document->records[i].kind == 'D';
    return n;
}

static void look_at_acknowledgement(struct oracle *oracle, const struct document *ema)
{
    const struct record *file = document_first(ema, 'F');
    struct inbound *inbound = file != NULL ? g_hash_table_lookup(oracle->inbound, record_get(file, "Name")) : NULL;

    if (inbound == NULL) {
        sim_broken(oracle->sim, "ack", "%s acknowledges a file that nobody has put: %s", ema->name,
                   file != NULL ? record_get(file, "Name") : "no record F");
        return;
    }
    if (!has_digest(inbound, record_get(file, "SHA256")))
        sim_broken(oracle->sim, "ack", "%s is about other bytes than were put as %s", ema->name, inbound->name);
    struct verdict *verdict = new_verdict(oracle, inbound, ema);
    if (inbound->verdicts->len > inbound->puts + inbound->requeued + oracle->restores)
        sim_broken(oracle->sim, "ack", "%s was put %u times and acknowledged %u times", inbound->name, inbound->puts,
                   inbound->verdicts->len);
    bool taken = strcmp(verdict->outcome, "RJ") != 0;
    if (taken && verdict->document != NULL && count_records(verdict->document) != verdict->parsed)
        sim_broken(oracle->sim, "sum", "%s has %u records, its EMA says %u", inbound->name,
                   count_records(verdict->document), verdict->parsed);
    if (!taken || verdict->document == NULL)
        return;
    oracle_hear(oracle, verdict->document, verdict);
    oracle_learn_facts(oracle, verdict->document, verdict);
}

/* ---- what recipients take ---- */

/* The types of all other files have three letters. */
static bool is_report(const struct document *document)
{
    return strlen(document->type) != 3;
}

/* A name and a number of a type belong to one file for ever. The same file comes again only if somebody asked. True:
 * its recipient reads it. After a restore answers that come once more are read again, but no report: it shows the same
 * rows. */
static bool look_at_name(struct oracle *oracle, const char *folder, const struct document *document, const char *digest)
{
    struct taken *taken = g_hash_table_lookup(oracle->taken, document->name);

    if (taken == NULL) {
        taken = g_new0(struct taken, 1);
        taken->digest = g_strdup(digest);
        taken->folder = g_strdup(folder);
        taken->made_at = oracle_time_of(document);
        oracle_redelivery_first(oracle, document->name, taken);
        taken->first_at = sim_now(oracle->sim);
        g_hash_table_insert(oracle->taken, g_strdup(document->name), taken);
    }
    bool same = strcmp(taken->digest, digest) == 0;
    if (!same && oracle->restores == 0)
        sim_broken(oracle->sim, "number", "%s came twice with different bytes", document->name);
    else if (++taken->times > taken->may_come + oracle->restores)
        sim_broken(oracle->sim, "twice", "%s came %u times", document->name, taken->times);
    if (strcmp(taken->folder, folder) != 0)
        sim_broken(oracle->sim, "twice", "%s came to %s and to %s", document->name, taken->folder, folder);
    if (!same) {
        g_free(taken->digest);
        taken->digest = g_strdup(digest);
    }
    taken->at = sim_now(oracle->sim);
    return taken->times == 1 || !same || (oracle->restores > 0 && !taken->put_away && !is_report(document));
}

static void look_at_number(struct oracle *oracle, const struct document *document)
{
    const struct record *header = document_first(document, 'H');

    if (header == NULL)
        return;
    char *number = g_strdup_printf("%s %s", document->type, record_get(header, "FileSequence"));
    const char *before = g_hash_table_lookup(oracle->numbers, number);
    if (before != NULL && strcmp(before, document->name) != 0)
        sim_broken(oracle->sim, "number", "%s is the number of %s and of %s", number, before, document->name);
    g_hash_table_insert(oracle->numbers, number, g_strdup(document->name));
}

/* False: what it belongs to is not known yet. */
static bool look_at_answer(struct oracle *oracle, const struct document *document)
{
    if (strcmp(document->type, "EMD") == 0) {
        g_autofree char *ema = g_strdup(document->name);
        ema[2] = 'A';
        struct verdict *verdict = g_hash_table_lookup(oracle->answers, ema);
        if (verdict != NULL) {
            const char *batch = record_get(document_first(document, 'H'), "BatchId");
            g_hash_table_insert(oracle->batches, g_strdup(batch), verdict);
            oracle_look_at_response(oracle, verdict, document);
        }
        return verdict != NULL;
    }
    struct verdict *verdict =
        g_hash_table_lookup(oracle->batches, record_get(document_first(document, 'H'), "BatchId"));
    if (verdict != NULL)
        oracle_look_at_outcome(oracle, verdict, document);
    return verdict != NULL;
}

static void look_at_waiting(struct oracle *oracle)
{
    for (unsigned i = 0; i < oracle->waiting->len;)
        if (look_at_answer(oracle, oracle->waiting->pdata[i])) {
            (void)g_ptr_array_remove_index(oracle->waiting, i);
            i = 0;
        } else {
            i++;
        }
}

static void look_at(struct oracle *oracle, const char *folder, struct document **document)
{
    const char *type = (*document)->type;

    if (strcmp(type, "EMA") == 0) {
        look_at_acknowledgement(oracle, *document);
        look_at_waiting(oracle);
    } else if (strcmp(type, "EMW") == 0) {
        oracle_look_at_order(oracle, *document, (*document)->name);
    } else if (strcmp(type, "INC") == 0) {
        oracle_look_at_incidents(oracle, *document);
    } else if (strcmp(type, "EMD") == 0 || strcmp(type, "EMO") == 0) {
        g_ptr_array_add(oracle->waiting, g_steal_pointer(document));
        look_at_waiting(oracle);
    } else {
        oracle_look_at_report(oracle, *document, folder);
    }
}

void oracle_took(struct oracle *oracle, const char *folder, const char *name, const char *bytes, size_t size)
{
    g_autofree char *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, size);
    bool page = g_str_has_suffix(name, ".html");
    struct document *document = document_read(name, page ? "" : bytes, page ? 0 : size);

    oracle->n_taken++;
    oracle_keeps_took(oracle, folder, name);
    if (!page && !document->whole)
        sim_broken(oracle->sim, "whole", "%s in %s is not whole", name, folder);
    else if (look_at_name(oracle, folder, document, digest) && !page) {
        if (!is_report(document))
            look_at_number(oracle, document);
        look_at(oracle, folder, &document);
    }
    document_free(document);
}

/* ---- what operators do ---- */

void oracle_drops_are_up(struct oracle *oracle)
{
    oracle->drops_are_up = true;
}

void oracle_clock_was_ahead(struct oracle *oracle, int64_t by)
{
    oracle->clock_ahead = MAX(oracle->clock_ahead, by);
    if (!oracle->clock_wrong)
        oracle->wrong_since = sim_now(oracle->sim);
    oracle->clock_wrong = true;
}

void oracle_requeued(struct oracle *oracle, const char *name, bool done)
{
    struct inbound *inbound = g_hash_table_lookup(oracle->inbound, name);

    if (inbound == NULL)
        return;
    inbound->requeued += !done;
    inbound->again += done;
}

void oracle_redelivered(struct oracle *oracle, const char *name)
{
    struct taken *taken = g_hash_table_lookup(oracle->taken, name);

    if (taken == NULL)
        return;
    taken->may_come++;
    taken->came = taken->times;
}

void oracle_comes_again(struct oracle *oracle, const char *name)
{
    struct taken *taken = g_hash_table_lookup(oracle->taken, name);

    if (taken != NULL)
        taken->must_come = taken->came + 1;
}

void oracle_released(struct oracle *oracle, const char *device)
{
    oracle_device(oracle, device)->overruled_at = sim_now(oracle->sim);
    oracle_keeps_released(oracle, device);
}

void oracle_ended(struct oracle *oracle, const char *device)
{
    oracle_device(oracle, device)->ended_at = sim_now(oracle->sim);
}

void oracle_unreported(struct oracle *oracle, const char *device)
{
    oracle_device(oracle, device)->unreported = true;
}

bool oracle_has_reached(const struct oracle *oracle, const char *name)
{
    const struct taken *taken = g_hash_table_lookup(oracle->taken, name);

    return taken != NULL && taken->times >= taken->must_come;
}

/* ---- the end ---- */

static void judge_acknowledgements(struct oracle *oracle)
{
    for (unsigned i = 0; i < oracle->order_of_inbound->len; i++) {
        struct inbound *inbound = oracle->order_of_inbound->pdata[i];
        unsigned wanted = inbound->puts + inbound->again;
        if (inbound->verdicts->len < wanted && oracle->restores == 0)
            sim_broken(oracle->sim, "unanswered", "%s was put %u times and acknowledged %u times", inbound->name,
                       inbound->puts, inbound->verdicts->len);
        else if (inbound->verdicts->len == 0)
            sim_broken(oracle->sim, "unanswered", "%s was never acknowledged", inbound->name);
    }
    for (unsigned i = 0; i < oracle->waiting->len && oracle->restores == 0; i++)
        sim_broken(oracle->sim, "ack", "%s came without the answer before it",
                   ((struct document *)oracle->waiting->pdata[i])->name);
}

static void judge_taken(struct oracle *oracle)
{
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(oracle->taken), (GCompareFunc)strcmp);

    for (const GList *name = names; name != NULL && oracle->restores == 0; name = name->next) {
        const struct taken *taken = g_hash_table_lookup(oracle->taken, name->data);
        if (taken->times < taken->must_come)
            sim_broken(oracle->sim, "delivered", "an operator had %s delivered once more, and it came %u times",
                       (const char *)name->data, taken->times);
    }
}

void oracle_judge(struct oracle *oracle, GHashTable *open)
{
    judge_taken(oracle);
    judge_acknowledgements(oracle);
    oracle_judge_items(oracle);
    oracle_judge_generation(oracle);
    oracle_judge_times(oracle);
    oracle_judge_limits(oracle);
    oracle_judge_keeps(oracle);
    oracle_judge_facts(oracle);
    oracle_judge_reports(oracle);
    oracle_judge_incidents(oracle, open);
    oracle_judge_watches(oracle);
}

void oracle_count(const struct oracle *oracle, unsigned *put, unsigned *taken, unsigned *migrated, unsigned *failed)
{
    *put = oracle->n_put;
    *taken = oracle->n_taken;
    *migrated = *failed = 0;
    for (unsigned i = 0; i < oracle->order_of_items->len; i++) {
        const struct item *item = oracle->order_of_items->pdata[i];
        *migrated += strcmp(item->outcome, "MIGRATED") == 0;
        *failed += strcmp(item->outcome, "FAILED") == 0;
    }
}
