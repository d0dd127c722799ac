/*
 * Says which call on the disk a fault of its machine hits, by the plan that the simulator made (machine.h).
 */
#include "tests/sim/disk_faults.h"

#include "tests/sim/shared.h"
#include "tests/sim/worker.h"

#include <errno.h>
#include <string.h>

/* Microseconds that a call takes. */
enum { CALL_TIME = 10, SYNC_TIME = 300 };

/* Nothing on the machine is in the midst of a transfer: what had begun would be carried out when the machine wakes, and
 * only fencing keeps that away (OPERATIONS.md). */
static bool may_freeze(const struct shared_machine *machine)
{
    for (int i = 0; i < SHARED_SLOTS; i++) {
        const struct shared_slot *slot = &shared->slots[i];
        if (slot != shared_self && slot->number != 0 && &shared->machines[slot->machine] == machine &&
            slot->reason == SHARED_BUSY)
            return false;
    }
    return !worker_runs() && !worker_is_within();
}

/* A freeze is used up. */
static bool freezes(struct shared_machine *machine, int fault)
{
    if (machine->passed[fault] < machine->fault[fault].first || !may_freeze(machine))
        return false;
    machine->fault[fault].calls = 0;
    return true;
}

/* The fault that hits this call; NULL: none. Each counts the call. */
static const struct machine_fault *find_fault(struct shared_machine *machine, unsigned kinds)
{
    const struct machine_fault *hit = NULL;

    for (int i = 0; i < machine->faults; i++) {
        const struct machine_fault *fault = &machine->fault[i];
        if ((fault->calls & kinds) == 0)
            continue;
        uint64_t n = ++machine->passed[i];
        bool lasts = fault->event <= FAULT_SHORT;
        if (fault->event == FAULT_FREEZE || fault->event == FAULT_SUSPEND) {
            hit = freezes(machine, i) ? fault : hit;
            continue;
        }
        if (n >= fault->first &&
            (n == fault->first || (lasts && (fault->count == 0 || n < fault->first + fault->count))))
            hit = hit != NULL ? hit : fault;
    }
    return hit;
}

/* A call that fails is of the first of its kinds; the making of a file opens it, too. */
static void count_failure(const struct machine_fault *fault, unsigned kinds)
{
    static const struct {
        enum machine_call call;
        enum kind kind;
    } calls[] = {{CALL_OPEN, SEEN_FAIL_OPEN}, {CALL_READ, SEEN_FAIL_READ}, {CALL_WRITE, SEEN_FAIL_WRITE},
                 {CALL_SYNC, SEEN_FAIL_SYNC}, {CALL_NAME, SEEN_FAIL_NAME}, {CALL_SPACE, SEEN_FAIL_SPACE}};
    size_t i = 0;

    while (i + 1 < sizeof calls / sizeof calls[0] && (kinds & calls[i].call) == 0)
        i++;
    kinds_seen(calls[i].kind);
    if (fault->event == FAULT_ERROR_LATE)
        kinds_seen(SEEN_FAIL_LATE);
    kinds_seen(fault->errnum == ENOSPC || fault->errnum == EDQUOT   ? SEEN_ERROR_SPACE
               : fault->errnum == EMFILE || fault->errnum == ENFILE ? SEEN_ERROR_FILES
                                                                    : SEEN_ERROR_DISK);
}

/* Power cuts and freezes are counted by those who look at what they leave. */
static void count_fault(const struct machine_fault *fault, unsigned kinds)
{
    if (fault->event == FAULT_KILL_BEFORE || fault->event == FAULT_KILL_AFTER)
        kinds_seen(fault->event == FAULT_KILL_AFTER ? SEEN_KILL_AFTER : SEEN_KILL_BEFORE);
    else if (fault->event == FAULT_SHORT && (kinds & (CALL_READ | CALL_WRITE)) != 0)
        kinds_seen((kinds & CALL_READ) != 0 ? SEEN_SHORT_READ : SEEN_SHORT_WRITE);
    else if (fault->event <= FAULT_SHORT)
        count_failure(fault, kinds);
}

enum disk_judgement disk_judge(unsigned kinds, const char *place)
{
    static const char *const names[] = {"error",      "late error", "half",   "kill before",
                                        "kill after", "power cut",  "freeze", "suspend"};
    struct shared_machine *machine = shared_own_machine();

    if (machine == NULL || place[0] == '\0')
        return DISK_PASS;
    machine->calls++;
    shared_pass(kinds == CALL_SYNC ? SYNC_TIME : CALL_TIME);
    const struct machine_fault *fault = machine->faults > 0 ? find_fault(machine, kinds) : NULL;
    if (fault == NULL)
        return DISK_PASS;
    shared_trace("fault: %s %d at call %u of %s", names[fault->event], fault->errnum, kinds,
                 place + strlen(shared->folder));
    count_fault(fault, kinds);
    if (fault->event == FAULT_KILL_BEFORE || fault->event == FAULT_POWER)
        shared_die(fault->event == FAULT_POWER);
    if (fault->event == FAULT_KILL_AFTER)
        return DISK_KILL_LATE;
    if (fault->event == FAULT_FREEZE || fault->event == FAULT_SUSPEND) {
        machine->frozen = true;
        machine->suspended = fault->event == FAULT_SUSPEND;
        machine->frozen_at = shared->now;
        shared_yield(SHARED_BUSY, shared->now);
        return DISK_PASS;
    }
    if (fault->event == FAULT_SHORT && (kinds & (CALL_READ | CALL_WRITE)) != 0)
        return DISK_SHORT;
    errno = fault->errnum;
    return fault->event == FAULT_ERROR_LATE ? DISK_FAIL_LATE : DISK_FAIL;
}

int disk_outcome(enum disk_judgement judgement, int result, int fault)
{
    if (judgement == DISK_KILL_LATE)
        shared_die(false);
    if (judgement == DISK_PASS)
        return result;
    errno = fault;
    return -1;
}
