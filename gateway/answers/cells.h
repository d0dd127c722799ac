/*
 * Values of answers and reports as the text of a cell. Numbers and times are made without printf, because they are
 * most of what a row of a large file costs. No function here can fail.
 */
#ifndef ECOSGATE_GATEWAY_ANSWERS_CELLS_H
#define ECOSGATE_GATEWAY_ANSWERS_CELLS_H

#include "formats/instant.h"
#include "validators/catalogue.h"

enum { CELL_NUMBER_SIZE = 24 };

/* The decimal digits of n. Returns where in text they begin, which is not text itself. */
const char *cell_number(int64_t n, char text[CELL_NUMBER_SIZE]);

/* The same for n > 0, else NULL. */
const char *cell_positive(int64_t n, char text[CELL_NUMBER_SIZE]);

/* A point in time in text, which is returned: "2023-07-03T06:00:09Z". at: seconds UTC. */
const char *cell_time(int64_t at, char text[INSTANT_TEXT_SIZE]);

/* A time that is the same in most rows of a file, with the text that was made of it last. Begin with zeros, and use one
 * for each column: its text is valid until the next call with another time. */
struct cell_instant {
    int64_t at; /* seconds UTC */
    char text[INSTANT_TEXT_SIZE];
};

/* The text of a time, kept in *shown; NULL for 0, which means that there is no time. */
const char *cell_instant(int64_t at, struct cell_instant *shown);

/* The category of a code: "a" to "d". */
const char *cell_category(enum code code);

enum { WORK_ITEM_ID_SIZE = 64 };
/* A WorkItemId, <org>.<BatchId>.<RecordNumber> (formats/FILES.md, 6), in text, which is returned. org and batch may be
 * NULL, which only a damaged ledger gives; they are cut to 8 and 24 bytes. */
const char *work_item_id(const char *org, const char *batch, int64_t record, char text[WORK_ITEM_ID_SIZE]);

#endif
