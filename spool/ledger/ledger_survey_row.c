/*
 * The texts of a Device as they are in the table, with three ids and three times of eight bytes each, took 165 bytes;
 * this takes some 25, and a walk needs no second look at texts that it has seen before.
 */
#include "spool/ledger/ledger_survey_row.h"

#include "spool/ledger/ledger_estate.h"
#include "spool/varint.h"

#include <string.h>

struct survey_words *survey_words_new(struct ledger *ledger, int64_t at)
{
    struct survey_words *words = g_rc_box_new0(struct survey_words);

    *words =
        (struct survey_words){ledger, at, dictionary_new(), dictionary_new(), dictionary_new(), g_byte_array_new()};
    return words;
}

struct survey_words *survey_words_share(struct survey_words *words)
{
    return g_rc_box_acquire(words);
}

static void clear_words(gpointer user)
{
    struct survey_words *words = user;

    dictionary_free(words->models);
    dictionary_free(words->states);
    dictionary_free(words->parties);
    g_byte_array_unref(words->texts);
}

void survey_words_free(struct survey_words *words)
{
    if (words != NULL)
        g_rc_box_release_full(words, clear_words);
}

/* ---- what many Devices have in common ---- */

/* The texts that models and states are made of: a bit for each text that is not NULL, then these, each with its NUL. */
enum { MODEL_TEXTS = 4, STATE_TEXTS = 3 };

/* In the place of what *to holds. n: MODEL_TEXTS at most. */
static void put_texts(GByteArray *to, const char *const texts[], size_t n)
{
    size_t sizes[MODEL_TEXTS], all = 1;
    uint8_t present = 0;

    for (size_t i = 0; i < n; i++) {
        sizes[i] = texts[i] != NULL ? strlen(texts[i]) + 1 : 0;
        present |= (uint8_t)((texts[i] != NULL) << i);
        all += sizes[i];
    }
    g_byte_array_set_size(to, (guint)all);
    uint8_t *at = to->data;
    *at++ = present;
    for (size_t i = 0; i < n; i++) {
        if (texts[i] != NULL)
            at = (uint8_t *)memcpy(at, texts[i], sizes[i]) + sizes[i];
    }
}

static void read_texts(const uint8_t *bytes, const char **const texts[], size_t n)
{
    const char *at = (const char *)bytes + 1;

    for (size_t i = 0; i < n; i++) {
        *texts[i] = NULL;
        if ((bytes[0] >> i & 1) == 0)
            continue;
        *texts[i] = at;
        at += strlen(at) + 1;
    }
}

/* ---- Devices ---- */

/* The first byte of a row. */
enum { INSTALLED_DAYS = 1, COMMISSIONED_DAYS = 2, MPXN = 4 };
enum { DAY = 86400 };

/* "" for NULL. */
static const char *text(const char *value)
{
    return value != NULL ? value : "";
}

static bool ask_since(struct survey_words *words, const struct ledger_inventory *d, int64_t *since, GError **error)
{
    const struct ledger_nmm model = {.device_type = text(d->device_type),
                                     .manufacturer = text(d->manufacturer),
                                     .model = text(d->model),
                                     .firmware = text(d->firmware)};

    return ledger_model_non_migratable_since(words->ledger, &model, words->at, since, error);
}

/* Each model is asked for once, while there is room for it in the dictionary. */
static bool put_model(struct survey_words *words, const struct ledger_inventory *d, GByteArray *row, GError **error)
{
    const char *const texts[MODEL_TEXTS] = {d->device_type, d->manufacturer, d->model, d->firmware};
    int64_t since = 0;

    put_texts(words->texts, texts, MODEL_TEXTS);
    struct dictionary_entry *entry = dictionary_put(words->models, words->texts->data, words->texts->len, row);
    if (entry != NULL && entry->value >= 0)
        return true;
    if (!ask_since(words, d, &since, error))
        return false;
    if (entry != NULL)
        entry->value = since;
    else
        varint_append(row, varint_fold(since));
    return true;
}

static void put_state(struct survey_words *words, const struct ledger_inventory *d, GByteArray *row)
{
    const char *const texts[STATE_TEXTS] = {d->status, d->region, d->credentials};

    put_texts(words->texts, texts, STATE_TEXTS);
    (void)dictionary_put(words->states, words->texts->data, words->texts->len,
                         row); /* which number it is counts for nothing */
}

/* A time as the number of its day, if it is the beginning of one. */
static uint8_t *put_time(uint8_t *to, int64_t at)
{
    return varint_put(to, varint_fold(at % DAY == 0 ? at / DAY : at));
}

static int64_t get_time(const uint8_t **at, bool days)
{
    return varint_unfold(varint_get(at)) * (days ? DAY : 1);
}

bool survey_row_put(struct survey_words *words, const struct ledger_surveyed *device, GByteArray *row, GError **error)
{
    const struct ledger_inventory *d = &device->device;
    const uint64_t parties[] = {device->supplier, d->map};
    uint8_t times[2 * VARINT64_SIZE];
    const uint8_t first =
        (uint8_t)((d->installed % DAY == 0 ? INSTALLED_DAYS : 0) |
                  (d->commissioned % DAY == 0 ? COMMISSIONED_DAYS : 0) | (d->mpxn != NULL ? MPXN : 0));

    g_byte_array_append(row, &first, 1);
    if (!put_model(words, d, row, error))
        return false;
    put_state(words, d, row);
    (void)dictionary_put(words->parties, parties, sizeof parties, row); /* as above */
    g_byte_array_append(row, times, (guint)(put_time(put_time(times, d->installed), d->commissioned) - times));
    if (d->mpxn != NULL)
        g_byte_array_append(row, (const guint8 *)d->mpxn, (guint)strlen(d->mpxn) + 1);
    return true;
}

void survey_row_get(const struct survey_words *words, uint64_t id, const uint8_t *at, struct ledger_surveyed *device)
{
    struct ledger_inventory *d = &device->device;
    const char **const model[MODEL_TEXTS] = {&d->device_type, &d->manufacturer, &d->model, &d->firmware};
    const char **const state[STATE_TEXTS] = {&d->status, &d->region, &d->credentials};
    const struct dictionary_entry *entry;
    const uint8_t first = *at++;
    uint64_t parties[2];

    *device = (struct ledger_surveyed){.device = {.device = id}};
    read_texts(dictionary_get(words->models, &at, &entry), model, MODEL_TEXTS);
    device->non_migratable_since = entry != NULL ? entry->value : varint_unfold(varint_get(&at));
    read_texts(dictionary_get(words->states, &at, &entry), state, STATE_TEXTS);
    memcpy(parties, dictionary_get(words->parties, &at, &entry), sizeof parties);
    device->supplier = parties[0];
    d->map = parties[1];
    d->installed = get_time(&at, (first & INSTALLED_DAYS) != 0);
    d->commissioned = get_time(&at, (first & COMMISSIONED_DAYS) != 0);
    d->mpxn = (first & MPXN) != 0 ? (const char *)at : NULL;
}

/* ---- what work items say ---- */

/* The first byte of a row; the lowest bits are the state of a live one. */
enum { STATE = 0x0F, LIVE = 0x10, BEGUN = 0x20, FAILED = 0x40, MIGRATED = 0x80 };

uint8_t *survey_past_put(const struct ledger_past *past, uint8_t row[SURVEY_PAST_SIZE])
{
    uint8_t *at = row;

    *at++ = (uint8_t)((unsigned)past->state | (past->live ? LIVE : 0) | (past->begun ? BEGUN : 0) |
                      (past->failed != 0 ? FAILED : 0) | (past->migrated_at != 0 ? MIGRATED : 0));
    if (past->failed != 0)
        at = varint_put(at, (uint64_t)past->failed);
    return past->migrated_at != 0 ? varint_put(at, varint_fold(past->migrated_at)) : at;
}

const uint8_t *survey_past_add(const uint8_t *row, struct ledger_past *past)
{
    const uint8_t first = *row++;

    if ((first & LIVE) != 0) {
        past->live = true;
        past->state = (enum ledger_state)(first & STATE);
    }
    past->begun |= (first & BEGUN) != 0;
    if ((first & FAILED) != 0)
        past->failed += (int64_t)varint_get(&row);
    if ((first & MIGRATED) == 0)
        return row;
    int64_t migrated_at = varint_unfold(varint_get(&row));
    past->migrated_at = past->migrated_at != 0 ? MIN(past->migrated_at, migrated_at) : migrated_at;
    return row;
}
