/*
 * The plan of a programme. Shares: 19 of 20 Devices are there from the beginning, of the others half come with ECoS
 * credentials; 3 of 64 models are Non-Migratable for some time; one meter of 50 changes its Supplier, half of them in
 * the week of their instruction. Of the sessions 72 % succeed at once, 25 % need more tries, 3 % fail for good or are
 * never answered.
 */
#include "samples/plan.h"

enum {
    TAIL = 15,         /* weeks at the end in which only repetitions are instructed */
    NEXT_SESSION = 6,  /* weeks until a failed Device may come again: more than the 30 days of the gateway */
    AFTER_CHANGE = 2,  /* and one whose Supplier was changing */
    SESSIONS = 3,      /* a Device gets at most */
    CHANGED_AFTER = 3, /* weeks after the first instruction, where the Supplier does not change in that week */
};

static const time_t beginning = 1688342400; /* 2023-07-03T00:00:00Z, a Monday */

time_t week_begin(unsigned week)
{
    return beginning + ((time_t)week - 1) * WEEK;
}

unsigned group_from(const struct plan *plan, enum group group)
{
    return group == NO_LONGER ? plan->weeks / 6 : 0;
}

unsigned group_until(const struct plan *plan, enum group group)
{
    return group == NOT_YET ? plan->weeks / 2 : 0;
}

bool group_is_barred(const struct plan *plan, enum group group, unsigned week)
{
    unsigned until = group_until(plan, group);

    return group != MIGRATABLE && week >= group_from(plan, group) && (until == 0 || week < until);
}

unsigned group_model(enum group group)
{
    static const unsigned models[GROUPS] = {0, 5, 22, 43};

    return models[group];
}

static enum group group_of(unsigned model)
{
    for (enum group group = NEVER; group < GROUPS; group++)
        if (group_model(group) == model)
            return group;
    return MIGRATABLE;
}

/* When the neighbourhood of a Device is installed and instructed for the first time. */
static void place(const struct plan *plan, uint64_t index, struct life *life)
{
    uint64_t hood = (index - 1) / NEAR, hoods = plan->devices / NEAR, before = hoods - hoods / 20;

    life->day = hood % 2 == 0 ? 1 : 3;
    if (hood < before) {
        life->installed = 0;
        life->first = 1 + (unsigned)(hood * (plan->weeks - TAIL) / before);
    } else {
        life->installed = 1 + (unsigned)((hood - before) * (plan->weeks - TAIL) / (hoods - before));
        life->first = life->installed + 2;
    }
    life->born_ecos = life->installed != 0 && mix(plan->seed + 12, index) % 2 == 0;
}

static void give_supplier(const struct plan *plan, uint64_t index, struct life *life)
{
    uint64_t lot, random;

    life->leader = device_leader(plan->seed, index, plan->devices);
    lot = mix(plan->seed + 3, life->leader); /* as in records.c */
    random = mix(plan->seed + 13, life->leader);
    life->losing = (unsigned)(lot % plan->suppliers);
    life->gaining = (life->losing + 1) % plan->suppliers;
    life->map = (unsigned)((lot >> 32) % MAPS_OF_PLAN);
    life->change = 0;
    if (life->leader != 0 && random % 50 == 0)
        life->change = life->first + (random >> 20 & 1 ? CHANGED_AFTER : 0);
}

static enum fate fate_of(const struct plan *plan, uint64_t index, unsigned session)
{
    unsigned share = (unsigned)(mix(plan->seed + 14 + session, index) % 1000);

    return share < 720   ? FIRST_TRY
           : share < 930 ? SECOND_TRY
           : share < 970 ? THIRD_TRY
           : share < 985 ? REFUSED
           : share < 990 ? REFUSED_AGAIN
                         : SILENT;
}

bool event_succeeds(const struct event *event)
{
    return event->kind == SESSION && event->fate <= THIRD_TRY;
}

const char *event_code(const struct event *event)
{
    if (event->kind != SESSION)
        return event->kind == NON_MIGRATABLE ? "C107" : "C109";
    return event->fate == SILENT ? "D103" : "D117";
}

/* The week after this event in which the Device is instructed again; 0: never. */
static unsigned week_after(const struct plan *plan, const struct life *life, const struct event *event)
{
    switch (event->kind) {
    case NON_MIGRATABLE:
        return life->group == NOT_YET ? group_until(plan, NOT_YET) + 1 + life->first % 4 : 0;
    case CHANGING_SUPPLIER:
        return event->week + AFTER_CHANGE;
    case SESSION:
    default:
        return event_succeeds(event) ? 0 : event->week + NEXT_SESSION;
    }
}

void plan_life(const struct plan *plan, uint64_t index, struct life *life)
{
    unsigned week, sessions = 0;

    life->traits = device_traits(plan->seed, index);
    life->group = group_of(life->traits.model);
    life->n = 0;
    place(plan, index, life);
    give_supplier(plan, index, life);
    week = life->born_ecos ? 0 : life->first;
    while (week != 0 && week <= plan->weeks - 2 && life->n < EVENTS && sessions < SESSIONS) {
        struct event *event = &life->events[life->n++];
        *event = (struct event){.week = week, .kind = SESSION};
        if (group_is_barred(plan, life->group, week))
            event->kind = NON_MIGRATABLE;
        else if (life->change == week)
            event->kind = CHANGING_SUPPLIER;
        else
            event->fate = fate_of(plan, index, sessions++);
        week = week_after(plan, life, event);
    }
}

const struct event *life_event(const struct life *life, unsigned week)
{
    for (unsigned i = 0; i < life->n; i++)
        if (life->events[i].week == week)
            return &life->events[i];
    return NULL;
}

time_t life_change(const struct life *life)
{
    return week_begin(life->change) + 4 * DAY;
}

unsigned life_supplier(const struct life *life, time_t at)
{
    return life->change != 0 && life_change(life) <= at ? life->gaining : life->losing;
}
