/*
 * A survey: all Devices of the inventory in the order of their ids, each with its Responsible Supplier at a time, with
 * what makes its model Non-Migratable then, and with what its work items say. For reports, which need this of every
 * Device: asking for each Device by itself took four to five queries and 380 CPU seconds for 6,000,000 Devices.
 *
 *     ledger_survey_make → ledger_survey_each … → ledger_survey_free
 *
 * It is made by one scan of the inventory and one of the sessions. It shows the ledger as it was at that moment,
 * however often it is walked and whatever changes in between. Memory: some 100 MiB at most; the rest is in temporary
 * files, less than 100 bytes for each Device, beside the ledger of a writer and of its snapshot, in the folder for
 * temporary files of a reader.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_SURVEY_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_SURVEY_H

#include "spool/ledger/ledger.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_work.h"
#include "spool/sorter.h"

/* A Device of a survey. */
struct ledger_surveyed {
    struct ledger_inventory device; /* without chf, supplier and pending, which no report takes from here */
    uint64_t supplier;              /* the Responsible Supplier (ledger_supplier_of); 0: nobody */
    int64_t non_migratable_since;   /* as ledger_model_non_migratable_since; 0: it is not Non-Migratable */
    struct ledger_past past;        /* of its work items */
    const void *row;                /* what survey_row_get reads, but for past, and for supplier of a GPF; borrowed */
    uint32_t row_len;
};

struct survey_words; /* ledger_survey_row.h */
struct ledger_survey;
typedef struct ledger_survey ledger_survey_t;

/* The survey of a time, in seconds UTC. NULL on an error. */
struct ledger_survey *ledger_survey_make(struct ledger *ledger, int64_t at, GError **error);
/* The time that it is of. */
int64_t ledger_survey_at(const struct ledger_survey *survey);
/* What its rows were made with, also after its end. survey_words_free. */
struct survey_words *ledger_survey_words(struct ledger_survey *survey);
typedef bool (*ledger_survey_visit)(void *user, const struct ledger_surveyed *device, GError **error);
/* Visits all Devices. One walk at a time. */
bool ledger_survey_each(struct ledger_survey *survey, ledger_survey_visit visit, void *user, GError **error);
/* NULL is allowed. */
void ledger_survey_free(struct ledger_survey *survey);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ledger_survey_t, ledger_survey_free)

/* Up to so many Devices, and up to so many work items, a survey and what reports make of it take some 0.1 s. */
enum { LEDGER_SURVEY_SHORT = 20000 };
/* *is_long: there are more. */
bool ledger_survey_is_long(struct ledger *ledger, bool *is_long, GError **error);

/* An empty sorter, with its temporary file where that of a survey is. */
struct sorter *ledger_sorter_new(const struct ledger *ledger);

#endif
