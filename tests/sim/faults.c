/*
 * What goes wrong with the gateway's machine and with servers of drops, at the rates of the profile: kills, power cuts,
 * calls of the system that fail, a disk that is nearly full, a clock that is wrong, threads that are refused, servers
 * that misbehave. Damage of stored bytes is in damages.c.
 */
#include "tests/sim/world_private.h"

#include <errno.h>
#include <stdio.h>

static struct random *chance_of(struct world *world)
{
    return sim_random(world->sim, "machines");
}

static bool may_begin(const struct world *world)
{
    return !world->settling && sim_faults(world->sim);
}

/* ---- kills and power cuts ---- */

/* A kill at any step from now on. */
static void kill_daemon(struct sim *sim, void *user)
{
    struct world *world = user;
    static const enum machine_event ways[] = {FAULT_KILL_BEFORE, FAULT_KILL_AFTER};
    struct machine_fault fault = {.calls = CALL_ANY,
                                  .first = 1 + random_below(chance_of(world), 300),
                                  .count = 1,
                                  .event = ways[random_below(chance_of(world), 2)]};

    if (!may_begin(world))
        return;
    if (world->rates.at_names > 0 && random_chance(chance_of(world), world->rates.at_names)) {
        fault.calls = CALL_NAME;
        fault.first = 1 + random_below(chance_of(world), 30);
    }
    if (sim_has(sim, "kills")) {
        sim_say(sim, "fault: a kill at call %" G_GUINT64_FORMAT " from now on", fault.first);
        machine_fault(sim, world->home, &fault);
    }
    world_after(world, "machines", world->rates.killed, kill_daemon);
}

static void cut_power(struct sim *sim, void *user)
{
    struct world *world = user;
    struct machine_fault fault = {
        .calls = CALL_ANY, .first = 1 + random_below(chance_of(world), 300), .count = 1, .event = FAULT_POWER};

    if (!may_begin(world))
        return;
    if (sim_has(sim, "power cuts")) {
        sim_say(sim, "fault: a power cut at call %" G_GUINT64_FORMAT " from now on", fault.first);
        machine_fault(sim, world->home, &fault);
    }
    world_after(world, "machines", world->rates.powered, cut_power);
}

/* ---- the disk ---- */

static void mend_disk(struct sim *sim, void *user)
{
    struct world *world = user;

    machine_mend_disk(sim, world->home);
    machine_set_room(sim, world->home, UINT64_C(1) << 40);
}

/* Errors that a call of any kind may have; a disk keeps some of them until it is mended. */
static void draw_disk_error(struct random *random, struct machine_fault *fault)
{
    static const int errors[] = {ENOSPC, EIO, EMFILE, EIO, ENOSPC, EDQUOT, EROFS, EACCES, ENFILE, ENOMEM};
    static const unsigned calls[] = {CALL_OPEN,  CALL_WRITE, CALL_SYNC, CALL_NAME,
                                     CALL_SPACE, CALL_READ,  CALL_ANY,  CALL_ANY | CALL_READ};
    static const enum machine_event events[] = {FAULT_ERROR, FAULT_ERROR, FAULT_ERROR, FAULT_ERROR_LATE, FAULT_SHORT};

    fault->calls = calls[random_below(random, G_N_ELEMENTS(calls))];
    fault->first = 1 + random_below(random, 200);
    fault->count = random_below(random, 4);
    fault->event = events[random_below(random, G_N_ELEMENTS(events))];
    fault->errnum = errors[random_below(random, G_N_ELEMENTS(errors))];
}

static void fail_disk(struct sim *sim, void *user)
{
    struct world *world = user;
    struct random *random = chance_of(world);
    struct machine_fault fault;

    if (!may_begin(world))
        return;
    draw_disk_error(random, &fault);
    if (sim_has(sim, "disk errors")) {
        sim_say(sim, "fault: %s for calls %#x, from the %" G_GUINT64_FORMAT ". on, %" G_GUINT64_FORMAT " times",
                fault.event == FAULT_SHORT ? "short transfers" : g_strerror(fault.errnum), fault.calls, fault.first,
                fault.count);
        machine_fault(sim, world->home, &fault);
        restores_clean_soon(world);
        sim_at(sim, world_between(world, random, SIM_MINUTE, 6 * SIM_HOUR), mend_disk, world);
    }
    world_after(world, "machines", world->rates.disk, fail_disk);
}

static void fill_disk(struct sim *sim, void *user)
{
    struct world *world = user;
    uint64_t room = random_below(chance_of(world), 200) << 20;

    if (!may_begin(world))
        return;
    if (sim_has(sim, "full disks")) {
        sim_say(sim, "fault: the disk has room for %" G_GUINT64_FORMAT " MiB", room >> 20);
        machine_set_room(sim, world->home, room);
        sim_at(sim, world_between(world, chance_of(world), SIM_MINUTE, SIM_DAY), mend_disk, world);
    }
    world_after(world, "machines", world->rates.full, fill_disk);
}

/* ---- the clock ---- */

static void correct_clock(struct sim *sim, void *user)
{
    struct world *world = user;

    sim_say(sim, "the clock is set right; it was %" G_GINT64_FORMAT " s ahead",
            (machine_clock(sim, world->home) - sim_now(sim)) / SIM_SECOND);
    machine_set_clock(sim, world->home, 0);
    machine_set_drift(sim, world->home, 0);
}

/* Set wrong by so many seconds, or too fast or too slow. */
static void turn_clock(struct sim *sim, void *user)
{
    static const int64_t steps[] = {20, 300, 1200, 10800, 86400, 2 * 86400, 10 * 86400};
    struct world *world = user;
    struct random *random = chance_of(world);
    int64_t sign = random_chance(random, 0.5) ? 1 : -1;
    int64_t step = steps[random_below(random, G_N_ELEMENTS(steps))], gain = 0;

    if (!may_begin(world))
        return;
    if (random_chance(random, 0.4)) {
        gain = sign * (int64_t)(1 + random_below(random, 10000));
        step = 0;
    }
    if (sim_has(sim, "clocks")) {
        sim_say(sim, "fault: the clock is set by %" G_GINT64_FORMAT " s and gains %" G_GINT64_FORMAT " us a second",
                sign * step, gain);
        kinds_seen(step > 0 ? (sign > 0 ? SEEN_CLOCK_FORWARD : SEEN_CLOCK_BACK)
                            : (sign > 0 ? SEEN_CLOCK_FAST : SEEN_CLOCK_SLOW));
        oracle_clock_was_ahead(world->oracle, sign * step * SIM_SECOND);
        machine_set_clock(sim, world->home, sign * step * SIM_SECOND);
        machine_set_drift(sim, world->home, gain);
        sim_at(sim, world_between(world, random, SIM_MINUTE, 2 * SIM_DAY), correct_clock, world);
    }
    world_after(world, "machines", world->rates.clock, turn_clock);
}

/* ---- threads ---- */

static void allow_threads(struct sim *sim, void *user)
{
    (void)user;
    sim_say(sim, "threads are no longer refused");
    machine_set_threads(sim, 0, 0);
}

static void refuse_threads(struct sim *sim, void *user)
{
    struct world *world = user;
    struct random *random = chance_of(world);
    double none = random_unit(random), late = random_unit(random) / 2;

    if (!may_begin(world))
        return;
    if (sim_has(sim, "threads")) {
        sim_say(sim, "fault: %.0f of 100 transfers get no thread, %.0f of 100 hang", none * 100, late * 100);
        machine_set_threads(sim, none, late);
        sim_at(sim, world_between(world, random, SIM_MINUTE, 12 * SIM_HOUR), allow_threads, world);
    }
    world_after(world, "machines", world->rates.threads, refuse_threads);
}

/* ---- servers ---- */

static double maybe(struct world *world, double chance)
{
    return random_chance(chance_of(world), world->rates.quirk) ? chance : 0;
}

/* Of a quirk that one request has. */
static double of_request(struct world *world, double chance)
{
    return MIN(maybe(world, chance) * world->rates.quirk_times, 0.9);
}

static void end_quirks(struct sim *sim, void *user)
{
    (void)user;
    static const char *const drops[] = {"mcc", "tcos", "ecos", "dcc", "suppliers", "maps"};

    for (unsigned i = 0; i < G_N_ELEMENTS(drops); i++) {
        g_autofree char *host = g_strdup_printf("%s.example.org", drops[i]);
        server_set_quirks(sim, host, NULL);
    }
}

static void begin_quirks(struct sim *sim, void *user)
{
    struct world *world = user;
    struct random *r = chance_of(world);
    static const char *const drops[] = {"mcc", "tcos", "ecos", "dcc", "suppliers", "maps"};
    struct server_quirks quirks = {.twice = of_request(world, 0.1),
                                   .unlisted = of_request(world, 0.1),
                                   .hidden = of_request(world, 0.05),
                                   .wrong_size = of_request(world, 0.05),
                                   .lost_before = of_request(world, 0.05),
                                   .lost_after = of_request(world, 0.05),
                                   .refused = of_request(world, 0.1),
                                   .refused_done = of_request(world, 0.9),
                                   .not_done = of_request(world, 0.1),
                                   .slow = of_request(world, 0.1),
                                   .hang = maybe(world, 0.01),
                                   .gone = maybe(world, 0.01),
                                   .other_key = maybe(world, 0.005),
                                   .full = maybe(world, 0.05)};

    if (!may_begin(world))
        return;
    if (sim_has(sim, "server quirks")) {
        g_autofree char *host = g_strdup_printf("%s.example.org", drops[random_below(r, G_N_ELEMENTS(drops))]);
        sim_say(sim, "fault: the server %s misbehaves", host);
        server_set_quirks(sim, host, &quirks);
        sim_at(sim, world_between(world, r, SIM_HOUR, 2 * SIM_DAY), end_quirks, world);
    }
    world_after(world, "machines", world->rates.quirks, begin_quirks);
}

/* ---- */

void faults_settle(struct world *world)
{
    mend_disk(world->sim, world);
    correct_clock(world->sim, world);
    allow_threads(world->sim, world);
    end_quirks(world->sim, world);
}

void faults_begin(struct world *world)
{
    const struct rates *rates = &world->rates;

    if (rates->disk + rates->quirks + rates->threads + rates->changed + rates->reloaded + rates->decided +
            rates->kept <=
        0)
        oracle_drops_are_up(world->oracle);
    if (rates->powered > 0)
        power_record(world->sim);
    world_after(world, "machines", rates->killed, kill_daemon);
    world_after(world, "machines", rates->powered, cut_power);
    world_after(world, "machines", rates->disk, fail_disk);
    world_after(world, "machines", rates->full, fill_disk);
    world_after(world, "machines", rates->clock, turn_clock);
    world_after(world, "machines", rates->threads, refuse_threads);
    world_after(world, "machines", rates->quirks, begin_quirks);
}
