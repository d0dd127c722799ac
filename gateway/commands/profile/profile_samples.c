/*
 * All facts are given to the writers, whatever columns the profile has: a column that a profile adds has its example.
 * A fact that would contradict another one of the same record stays empty, unless its column must have a value.
 */
#include "gateway/commands/profile/profile_samples.h"

#include "formats/eui64.h"
#include "formats/name/filename.h"
#include "formats/instant.h"
#include "formats/record_kinds.h"
#include "formats/report_writer.h"
#include "formats/writer.h"

#include <string.h>

enum { SAMPLE_ROWS = 1 };

/* Of a success: no alert and no reason against it. Of a first file: it corrects none. */
static const enum fact left_empty[] = {FACT_header_corrects, FACT_result_alert, FACT_confirmation_code,
                                       FACT_device_pending};

/* The values of one record, by the number of the fact. The last one is for columns that carry none. */
struct sample_values {
    enum fact ids[FACT_COUNT + 1];
    const char *values[FACT_COUNT + 1];
};

static bool is_left_empty(enum fact fact)
{
    for (size_t i = 0; i < G_N_ELEMENTS(left_empty); i++)
        if (left_empty[i] == fact)
            return true;
    return false;
}

static bool is_required(const struct layout_record *record, enum fact fact)
{
    for (size_t i = 0; i < record->n_columns; i++)
        if (record->columns[i].fact == fact && record->columns[i].required)
            return true;
    return false;
}

const char *profile_samples_value(const struct layout_record *record, enum fact fact)
{
    if (fact == FACT_NONE) /* columns that the gateway does not know: all have a text, if one of them must */
        return record != NULL && is_required(record, fact) ? "text" : "";
    return is_left_empty(fact) && (record == NULL || !is_required(record, fact)) ? "" : fact_example(fact);
}

/* What names are made of. Where parts of a name say what the header says, they agree. */
static struct filename_own parts_of_name(const char *type, enum form form)
{
    const char *created = fact_example(FACT_header_created), *sender = fact_example(FACT_header_sender);
    struct filename_own own = {.type = type, .org = "MCC", .sequence = 1, .form = form_name(form)};

    (void)instant_parse(created, strlen(created), &own.at); /* it is one */
    (void)eui64_parse(sender, strlen(sender), &own.eui64);  /* it is one */
    return own;
}

/* Of an answer: the name of that to an instruction. */
static char *name_of_file(const struct file_type *type, enum form form)
{
    bool answers_another = type_kind_of(type->code)->answers;
    const struct filename_own own = parts_of_name(answers_another ? "EMI" : type->code, form);
    g_autofree char *name = filename_own(type->profile, &own);

    return answers_another ? filename_answer(type->profile, name, type->code, 1) : g_steal_pointer(&name);
}

/* What a finding about the identifier of a Device says is wrong, in the profile's words. */
static const char *identifier_in(const struct profile *profile)
{
    const struct layout_record *rows = profile_type(profile, "EMI", strlen("EMI"))->record;

    for (size_t i = 0; i < rows->n_columns; i++)
        if (rows->columns[i].fact == FACT_device_id)
            return rows->columns[i].name;
    return fact_example(FACT_finding_field);
}

/* The record NULL: that of a report. Names of files and columns are those of the profile. */
static struct facts values_of(const struct profile *profile, const struct layout_record *record,
                              struct sample_values *room)
{
    g_autofree char *file = name_of_file(profile_type(profile, "EMI", strlen("EMI")), FORM_CSV);

    for (enum fact fact = 0; fact <= FACT_NONE; fact++) {
        room->ids[fact] = fact;
        room->values[fact] = profile_samples_value(record, fact);
    }
    room->values[FACT_file_name] = room->values[FACT_incident_file] = g_intern_string(file);
    room->values[FACT_finding_field] = identifier_in(profile);
    return (struct facts){room->ids, room->values, FACT_COUNT + 1};
}

static bool append(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* never fails */
    g_string_append_len(user, data, (gssize)len);
    return true;
}

static void sample_free(gpointer user)
{
    struct profile_sample *sample = user;

    g_free(sample->name);
    g_string_free(sample->text, TRUE);
    g_free(sample->fault);
    g_free(sample);
}

static char *name_of_report(const struct profile *profile, const struct report_layout *layout)
{
    struct filename_own own = parts_of_name(layout->ref, FORM_CSV);

    own.org = fact_example(FACT_supplier_mpid);
    return filename_report(profile, &own);
}

static struct profile_sample *add(GPtrArray *samples, char *name, enum form form)
{
    struct profile_sample *sample = g_new0(struct profile_sample, 1);

    *sample = (struct profile_sample){.name = name, .form = form, .text = g_string_new(NULL)};
    g_ptr_array_add(samples, sample);
    return sample;
}

static void take_error(struct profile_sample *sample, GError *error)
{
    if (error == NULL)
        return;
    sample->fault = g_strdup(error->message);
    g_error_free(error);
}

static void add_file(GPtrArray *samples, const struct file_type *type, enum form form)
{
    struct sample_values header, file, row;
    struct profile_sample *sample = add(samples, name_of_file(type, form), form);
    struct writer *writer = writer_new(form, type, append, sample->text);
    struct facts facts = values_of(type->profile, type->header, &header);
    GError *error = NULL;

    sample->type = type;
    if (strcmp(type->code, "INC") == 0)
        header.values[FACT_header_batch] = "INC-FILE-000001"; /* as incident_file.c names the batch of its file 1 */
    writer_header(writer, &facts, SAMPLE_ROWS + (type->file != NULL));
    if (type->file != NULL) {
        facts = values_of(type->profile, type->file, &file);
        writer_file(writer, &facts);
    }
    facts = values_of(type->profile, type->record, &row);
    writer_row(writer, &facts);
    (void)writer_finish(writer, &error); /* the error says it too */
    writer_free(writer);
    take_error(sample, error);
}

static void add_report(GPtrArray *samples, const struct profile *profile, const struct report_layout *layout)
{
    struct sample_values row;
    struct profile_sample *sample = add(samples, name_of_report(profile, layout), FORM_CSV);
    struct report_writer *writer = report_writer_new(layout, append, sample->text);
    struct facts facts = values_of(profile, NULL, &row);
    GError *error = NULL;

    row.values[FACT_report_ref] = layout->ref;
    row.values[FACT_report_layout] = layout->version;
    report_writer_row(writer, &facts);
    (void)report_writer_finish(writer, &error); /* the error says it too */
    report_writer_free(writer);
    take_error(sample, error);
}

static void add_type(GPtrArray *samples, const struct file_type *type)
{
    if (type->root != NULL)
        add_file(samples, type, FORM_XML);
    add_file(samples, type, FORM_CSV);
}

GPtrArray *profile_samples_new(const struct profile *profile)
{
    GPtrArray *samples = g_ptr_array_new_with_free_func(sample_free);

    for (int inbound = 1; inbound >= 0; inbound--)
        for (size_t i = 0; i < profile->n_types; i++)
            if (profile->types[i].inbound == (inbound == 1))
                add_type(samples, &profile->types[i]);
    for (size_t i = 0; i < profile->n_reports; i++)
        add_report(samples, profile, &profile_reports(profile)[i]);
    return samples;
}
