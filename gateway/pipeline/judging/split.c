/*
 * The texts of an accepted Device are kept as they came, with hex digits in upper case: its rules have shown that they
 * are short and plain, and they go into work orders. Those of a refused Device may hold anything, so they are escaped.
 */
#include "gateway/pipeline/judging/split.h"

#include "formats/eui64.h"
#include "formats/profile.h"
#include "formats/text.h"

#include <glib.h>
#include <jansson.h>
#include <string.h>

static const char *plain(struct split_row *row, const struct record *record, size_t column, bool upper)
{
    const struct field *field = &record->fields[column];
    char *copy = row->fields[column];

    if (field->len == 0)
        return NULL;
    for (size_t i = 0; i < field->len; i++)
        copy[i] = upper ? g_ascii_toupper(field->text[i]) : field->text[i];
    copy[field->len] = '\0';
    return copy;
}

/* The value of a word; what the sender wrote where it is no word. The EMD turns values into words again, so a word that
 * happens to be a value of ours (ESME, where an ESME is called otherwise) stays unknown. */
static const char *escaped(struct split_row *row, const struct device *device, size_t column)
{
    const struct record *record = device->row.record;
    const struct field *field = &record->fields[column];

    if (field->len == 0)
        return NULL;
    if (field_is(field, VALUE_UNKNOWN))
        field = record_words(record, column);
    row->columns[column] = text_escape(field->text, field->len, LAYOUT_FIELD_MAX_CHARS);
    if (field != &record->fields[column] &&
        strcmp(row_word(&device->row, column, row->columns[column]), row->columns[column]) != 0)
        return VALUE_UNKNOWN;
    return row->columns[column];
}

static void fill_accepted(struct split_row *row, const struct record *record)
{
    struct ledger_item *item = &row->item;

    item->device_type = plain(row, record, INSTRUCTION_DEVICE_TYPE, false);
    item->manufacturer = plain(row, record, INSTRUCTION_MANUFACTURER, true);
    item->model = plain(row, record, INSTRUCTION_MODEL, true);
    item->firmware = plain(row, record, INSTRUCTION_FIRMWARE, true);
    item->mpxn = plain(row, record, INSTRUCTION_MPXN, false);
    item->chf = plain(row, record, INSTRUCTION_CHF_DEVICE_ID, true);
    item->region = plain(row, record, INSTRUCTION_CSP_REGION, false);
    item->attempt = plain(row, record, INSTRUCTION_ATTEMPT, false);
}

static void fill_refused(struct split_row *row, const struct device *device)
{
    struct ledger_item *item = &row->item;

    item->device_type = escaped(row, device, INSTRUCTION_DEVICE_TYPE);
    item->manufacturer = escaped(row, device, INSTRUCTION_MANUFACTURER);
    item->model = escaped(row, device, INSTRUCTION_MODEL);
    item->firmware = escaped(row, device, INSTRUCTION_FIRMWARE);
    item->mpxn = escaped(row, device, INSTRUCTION_MPXN);
    item->chf = escaped(row, device, INSTRUCTION_CHF_DEVICE_ID);
    item->region = escaped(row, device, INSTRUCTION_CSP_REGION);
    item->attempt = escaped(row, device, INSTRUCTION_ATTEMPT);
    if (!item->has_device)
        item->device_text = escaped(row, device, INSTRUCTION_DEVICE_ID);
}

/* Every code that applies, with its name, in the words of the sender's profile. Its place and what was expected stand
 * in the EMA. */
static char *list_codes(const struct device *device)
{
    const struct profile *profile = row_profile(&device->row);
    GString *text = g_string_new(NULL);

    for (enum code code = C101; code < D101; code++) {
        const struct code_entry *entry = catalogue_entry(code);

        if (row_has_code(&device->row, code))
            g_string_append_printf(text, "%s%s %s", text->len ? "; " : "", profile_code_id(profile, entry->id),
                                   profile_code_text(profile, entry->id, entry->name));
    }
    return g_string_free(text, FALSE);
}

/* The texts of columns that carry no fact, those that are not empty, escaped: no rule has judged them. NULL: there are
 * none. */
static char *kept_texts(const struct device *device)
{
    const struct layout_record *layout = device->row.layout;
    json_t *texts = json_object();

    for (size_t i = 0; i < layout->n_kept; i++) {
        const struct field *field = &device->row.record->fields[layout->n_fields + i];
        g_autofree char *text = field->len > 0 ? text_escape(field->text, field->len, 0) : NULL;

        if (text != NULL)
            (void)json_object_set_new(texts, layout->kept[i], json_string(text)); /* both are UTF-8 */
    }
    char *kept = json_object_size(texts) > 0 ? json_dumps(texts, JSON_COMPACT) : NULL;
    json_decref(texts);
    return kept;
}

void split_device(const struct device *device, int64_t job, struct split_row *row)
{
    struct ledger_item *item = &row->item;

    row->long_text = NULL;
    memset(row->columns, 0, sizeof row->columns);
    *item = (struct ledger_item){.job = job,
                                 .record = device->row.record->ordinal,
                                 .has_device = device->has_id,
                                 .device = device->id,
                                 .outcome = LEDGER_READY};
    row->kept = device->row.layout->n_kept > 0 ? kept_texts(device) : NULL;
    item->kept = row->kept;
    if (!row_has_errors(&device->row)) {
        fill_accepted(row, device->row.record);
        return;
    }
    fill_refused(row, device);
    item->outcome = row_is_deferred(&device->row) ? LEDGER_DEFERRED : LEDGER_REJECTED;
    item->code = catalogue_entry(row_first_code(&device->row))->id;
    item->transient = !row_has_permanent(&device->row, row_first_code(&device->row));
    item->text = row->long_text = list_codes(device);
    if (item->outcome == LEDGER_DEFERRED)
        item->next_eligible = device->row.next_eligible;
}

void split_row_clear(struct split_row *row)
{
    g_free(row->long_text);
    g_free(row->kept);
    for (size_t i = 0; i < INSTRUCTION_FIELDS; i++)
        g_free(row->columns[i]);
}
