/* The simulator's side of the shared page. */
#include "tests/sim/shared.h"

static struct shared_machine *machine_of(const char *home)
{
    return &shared->machines[shared_machine(home)];
}

void machine_set_clock(struct sim *sim, const char *home, int64_t ahead)
{
    struct shared_machine *machine = machine_of(home);

    (void)sim; /* one run at a time; likewise below */
    machine->ahead = ahead;
    machine->drift_from = shared->now;
}

void machine_set_drift(struct sim *sim, const char *home, int64_t gain)
{
    struct shared_machine *machine = machine_of(home);

    machine_set_clock(sim, home, machine_clock(sim, home) - shared->now);
    machine->drift = gain;
}

int64_t machine_clock(struct sim *sim, const char *home)
{
    (void)sim;
    return shared_wall_of(machine_of(home));
}

/* Nothing more comes of it. */
static bool is_used_up(const struct machine_fault *fault, uint64_t passed)
{
    if (fault->event > FAULT_SHORT)
        return fault->calls == 0 || (fault->event < FAULT_FREEZE && passed >= fault->first);
    return fault->count != 0 && passed + 1 >= fault->first + fault->count;
}

static void forget_used_up(struct shared_machine *machine)
{
    int kept = 0;

    for (int i = 0; i < machine->faults; i++)
        if (!is_used_up(&machine->fault[i], machine->passed[i])) {
            machine->fault[kept] = machine->fault[i];
            machine->passed[kept++] = machine->passed[i];
        }
    machine->faults = kept;
}

void machine_fault(struct sim *sim, const char *home, const struct machine_fault *fault)
{
    struct shared_machine *machine = machine_of(home);

    (void)sim;
    if (machine->faults >= SHARED_FAULTS)
        forget_used_up(machine);
    if (machine->faults >= SHARED_FAULTS || !shared->faults)
        return;
    machine->fault[machine->faults] = *fault;
    machine->passed[machine->faults++] = 0;
}

void machine_mend_disk(struct sim *sim, const char *home)
{
    (void)sim;
    machine_of(home)->faults = 0;
}

uint64_t machine_calls(struct sim *sim, const char *home)
{
    (void)sim;
    return machine_of(home)->calls;
}

bool machine_is_frozen(struct sim *sim, const char *home)
{
    (void)sim;
    return machine_of(home)->frozen;
}

bool machine_is_suspended(struct sim *sim, const char *home)
{
    (void)sim;
    return machine_of(home)->frozen && machine_of(home)->suspended;
}

uint64_t machine_drop_changes(struct sim *sim, const char *home)
{
    (void)sim;
    return machine_of(home)->drop_changes;
}

void machine_set_room(struct sim *sim, const char *home, uint64_t bytes)
{
    (void)sim;
    machine_of(home)->room = bytes;
}

void server_set_quirks(struct sim *sim, const char *host, const struct server_quirks *quirks)
{
    (void)sim;
    shared_server(host)->quirks = quirks != NULL ? *quirks : (struct server_quirks){.twice = 0};
}

void machine_set_threads(struct sim *sim, double none, double late)
{
    (void)sim;
    shared->no_thread = none;
    shared->late_task = late;
}
