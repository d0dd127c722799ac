/*
 * Numbers and times as the text of a cell, without printf: this is most of what a row of a large file costs.
 */
#ifndef ECOSGATE_GATEWAY_ANSWERS_CELLS_H
#define ECOSGATE_GATEWAY_ANSWERS_CELLS_H

#include "formats/instant.h"

enum { CELL_NUMBER_SIZE = 24 };

/* Digits of n; where in text they begin. */
const char *cell_number(int64_t n, char text[CELL_NUMBER_SIZE]);

/* A time that is the same for most rows of a file is made once: a million rows have a million of it. Begin with zeros.
 */
struct cell_instant {
    int64_t at;
    char text[INSTANT_TEXT_SIZE];
};

/* The text of a time, in shown; NULL for 0. */
const char *cell_instant(int64_t at, struct cell_instant *shown);

#endif
