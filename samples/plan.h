/*
 * The plan of a whole migration programme: what becomes of each Device, from a seed and the Device's number alone. No
 * Device is stored, so an estate of 22 million needs no memory. All functions are pure; nothing can fail.
 *
 * Week 1 begins on Monday 2023-07-03. Instructions come on Tuesdays and Thursdays. Devices of one neighbourhood
 * (devices.h) share installation, week and day.
 */
#ifndef ECOSGATE_SAMPLES_PLAN_H
#define ECOSGATE_SAMPLES_PLAN_H

#include "samples/devices.h"

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <time.h>

enum { WEEK = 7 * 86400, DAY = 86400, EVENTS = 12, MAPS_OF_PLAN = 5, LEAST_WEEKS = 18 };

struct plan {
    uint64_t seed;
    uint64_t devices;   /* a multiple of NEAR */
    unsigned suppliers; /* 2 or more */
    unsigned weeks;     /* LEAST_WEEKS or more */
};

/* Groups of Device Models that are Non-Migratable for some time. */
enum group { MIGRATABLE, NEVER, NOT_YET, NO_LONGER, GROUPS };

/* How a replacement session goes: success at the first, second or third try; refused for good at the first or second;
 * no answer, so that the session ends by its time. */
enum fate { FIRST_TRY, SECOND_TRY, THIRD_TRY, REFUSED, REFUSED_AGAIN, SILENT };

/* What an instruction of that week comes to. */
enum event_kind { NON_MIGRATABLE, CHANGING_SUPPLIER, SESSION };
struct event {
    unsigned week;
    enum event_kind kind;
    enum fate fate; /* of a SESSION */
};

struct life {
    struct traits traits;
    enum group group;
    unsigned installed; /* the week; 0: before the first. The inventory has the Device from the next Monday on */
    bool born_ecos;     /* came with ECoS credentials, and is not instructed */
    unsigned first;     /* week of the first instruction */
    unsigned day;       /* of all instructions: 1 Tuesday, 3 Thursday */
    uint64_t leader;    /* the meter whose Supplier is the Device's (devices.h); 0: none */
    unsigned change;    /* week on whose Friday the leader's Supplier changes; 0: never */
    unsigned losing, gaining, map; /* numbers from 0; map: of a meter only */
    unsigned n;
    struct event events[EVENTS]; /* at most one in a week, in their order */
};

/* Fills in the whole life of a Device, whose index counts from 1. */
void plan_life(const struct plan *plan, uint64_t index, struct life *life);

/* The event of that week; NULL: the Device is not instructed then. */
const struct event *life_event(const struct life *life, unsigned week);
/* Whether the event is a session in which the Device migrates. */
bool event_succeeds(const struct event *event);
/* Code of an event without success: "C107", "C109", "D117", "D103". */
const char *event_code(const struct event *event);

/* 00:00 of the Monday of a week. */
time_t week_begin(unsigned week);
/* 00:00 of the day on which the leader's Supplier changes; only with a change. */
time_t life_change(const struct life *life);
/* Number of the Supplier at that time; only with a leader. */
unsigned life_supplier(const struct life *life, time_t at);

/* Whether models of the group are Non-Migratable at the beginning of a week. */
bool group_is_barred(const struct plan *plan, enum group group, unsigned week);
/* The week from whose Monday on they are; 0: from before the first. */
unsigned group_from(const struct plan *plan, enum group group);
/* The week until whose Monday they are; 0: for ever. */
unsigned group_until(const struct plan *plan, enum group group);
/* The model number (traits) of a group but MIGRATABLE. */
unsigned group_model(enum group group);

#endif
