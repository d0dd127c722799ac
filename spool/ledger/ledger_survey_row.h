/*
 * How a survey stores Devices and work items: in few bytes, because the temporary files hold all of them. What many
 * Devices have in common, as their model, stands in dictionaries.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_SURVEY_ROW_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_SURVEY_ROW_H

#include "spool/dictionary.h"
#include "spool/ledger/ledger_survey.h"

/* The dictionaries of a survey. */
struct survey_words {
    struct ledger *ledger;
    int64_t at;                 /* the survey's time */
    struct dictionary *models;  /* device_type, manufacturer, model, firmware; value: non_migratable_since */
    struct dictionary *states;  /* status, region, credentials */
    struct dictionary *parties; /* the Responsible Supplier, the Meter Asset Provider */
    GByteArray *texts;          /* room for one of them */
};

/* Empty dictionaries, for the survey of that time. survey_words_free. */
struct survey_words survey_words_new(struct ledger *ledger, int64_t at);
/* Frees what the struct has, not the struct. */
void survey_words_free(struct survey_words *words);

/* Appends a Device to row: what struct ledger_surveyed says that is set, but not its work. Its Non-Migratable time is
 * asked for here. */
bool survey_row_put(struct survey_words *words, const struct ledger_surveyed *device, GByteArray *row, GError **error);
/* Fills *device from a row, and from the dictionaries it was made with. Its texts are borrowed from both. */
void survey_row_get(const struct survey_words *words, const struct sorter_record *row, struct ledger_surveyed *device);

enum { SURVEY_ITEM_SIZE = 16 }; /* at most, of the row of a work item */
/* Writes the row of a work item. Returns where its bytes end. */
uint8_t *survey_item_put(const struct ledger_work *work, uint8_t row[SURVEY_ITEM_SIZE]);
/* Adds the work item of a row, as ledger_past_add does. */
void survey_item_add(const uint8_t *row, struct ledger_past *past);

#endif
