/*
 * How a survey stores Devices and work items: in few bytes, because the temporary files hold all of them. What many
 * Devices have in common, as their model, stands in dictionaries.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_SURVEY_ROW_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_SURVEY_ROW_H

#include "spool/dictionary.h"
#include "spool/ledger/ledger_survey.h"

/* The dictionaries of a survey, which also serve who keeps its rows: survey_words_free by each. */
struct survey_words {
    struct ledger *ledger;
    int64_t at;                 /* the survey's time */
    struct dictionary *models;  /* device_type, manufacturer, model, firmware; value: non_migratable_since */
    struct dictionary *states;  /* status, region, credentials */
    struct dictionary *parties; /* the Responsible Supplier, the Meter Asset Provider */
    GByteArray *texts;          /* room for one of them */
};

/* Empty dictionaries, for the survey of that time. survey_words_free. */
struct survey_words *survey_words_new(struct ledger *ledger, int64_t at);
/* The same ones, to be freed once more. */
struct survey_words *survey_words_share(struct survey_words *words);
/* NULL is allowed. */
void survey_words_free(struct survey_words *words);

/* Appends a Device to row: what struct ledger_surveyed says that is set, but not its past. Its Non-Migratable time is
 * asked for here. */
bool survey_row_put(struct survey_words *words, const struct ledger_surveyed *device, GByteArray *row, GError **error);
/* Fills *device, of that id, from a row (at) and from the dictionaries it was made with. Its texts are borrowed from
 * both. Its past is empty. */
void survey_row_get(const struct survey_words *words, uint64_t id, const uint8_t *at, struct ledger_surveyed *device);

enum { SURVEY_PAST_SIZE = 1 + 2 * 10 }; /* at most, of what survey_past_put writes */
/* Writes what one work item or several say. Returns where its bytes end. */
uint8_t *survey_past_put(const struct ledger_past *past, uint8_t row[SURVEY_PAST_SIZE]);
/* Adds what was written to *past. Returns where its bytes end. */
const uint8_t *survey_past_add(const uint8_t *row, struct ledger_past *past);

#endif
