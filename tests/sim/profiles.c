/*
 * How often what happens. Calm: partners and machines as they should be; what they do differs from seed to seed.
 * Rough: mistakes and outages of a bad year. Hostile: one of a hundred years. A rate is multiplied by a number of
 * the seed, so that some runs have much of one thing and nothing of another. Dense: everything within days, so that the
 * fixed runs of `make check` have each kind of kinds.def. Restores: a restore a day, tries that fail often, no other
 * fault: what only a ledger that went back can do wrong comes soon. Operators: they keep back, withdraw and have files
 * delivered once more many times a day, tries fail often, and no clock is wrong, for then nothing is asked of a hold.
 * Kills: one every half hour, half of them where the gateway renames, and tries that fail often: what partners do
 * between a stop and the next start comes soon.
 */
#include "tests/sim/world_private.h"

static const struct rates calm = {
    .devices = 500,
    .per_file = 1,
    .instructed = 3.2,
    .installed = 0.8,
    .moved = 0.5,
    .non_migratable = 0.01,
    .failed = 0.25,
    .permanent = 0.1,
    .unattempted = 0.03,
    .late = 0.01,
    .pending = 0.05,
    .restarted = 0.03,
    .backups = 0.03,
    .servers = 0.3,
    .quirk = 0.3,
    .quirk_times = 1,
    .expected = 0.5,
    .watched = 0.1,
    .left_out = 0.15,
    .left_files = 0.3,
    .full_days = 28,
};

static const struct rates rough = {
    .devices = 300,
    .per_file = 5,
    .instructed = 5,
    .installed = 0.2,
    .moved = 0.5,
    .non_migratable = 0.05,
    .files_wrong = 0.05,
    .device_wrong = 0.03,
    .again = 0.02,
    .skipped = 0.02,
    .failed = 0.4,
    .permanent = 0.15,
    .unattempted = 0.06,
    .silent = 0.05,
    .late = 0.05,
    .contradicted = 0.05,
    .doubled = 0.05,
    .cos_late = 0.3,
    .inv_late = 0.2,
    .pending = 0.3,
    .shrunk = 0.02,
    .absent = 0.05,
    .cleaned = 0.5,
    .meddled = 0.3,
    .restarted = 0.2,
    .killed = 0.5,
    .powered = 0.05,
    .disk = 0.2,
    .quirks = 0.3,
    .full = 0.05,
    .clock = 0.03,
    .threads = 0.05,
    .backups = 0.3,
    .restored = 0.005,
    .second = 0.01,
    .beside = 0.03,
    .taken_over = 0.04,
    .changed = 0.15,
    .reloaded = 0.1,
    .redelivered = 0.1,
    .many = 0.03,
    .decided = 0.3,
    .kept = 0.3,
    .kept_hours = 48,
    .damaged = 0.03,
    .servers = 0.3,
    .quirk = 0.3,
    .quirk_times = 1,
    .expected = 0.5,
    .watched = 0.1,
    .left_out = 0.1,
    .left_files = 0.1,
    .full_days = 28,
};

static const struct rates dense = {
    .devices = 80,
    .per_file = 4,
    .instructed = 8,
    .installed = 0.3,
    .moved = 2,
    .non_migratable = 0.3,
    .files_wrong = 0.1,
    .device_wrong = 0.08,
    .again = 0.05,
    .skipped = 0.1,
    .failed = 0.4,
    .permanent = 0.2,
    .unattempted = 0.1,
    .silent = 0.1,
    .late = 0.1,
    .contradicted = 0.1,
    .doubled = 0.1,
    .cos_late = 0.4,
    .inv_late = 0.3,
    .pending = 0.5,
    .shrunk = 0.1,
    .absent = 0.1,
    .cleaned = 8,
    .meddled = 2,
    .restarted = 0.5,
    .killed = 1,
    .powered = 1,
    .disk = 2,
    .quirks = 6,
    .full = 0.5,
    .clock = 0.8,
    .threads = 0.3,
    .backups = 1,
    .restored = 0.15,
    .second = 0.25,
    .beside = 0.3,
    .taken_over = 1,
    .changed = 3,
    .reloaded = 1.5,
    .redelivered = 3,
    .many = 1,
    .decided = 6,
    .kept = 12,
    .kept_hours = 8,
    .damaged = 0.5,
    .servers = 0.6,
    .quirk = 0.6,
    .quirk_times = 3,
    .expected = 0.9,
    .watched = 0.5,
    .left_out = 1,
    .left_files = 3,
    .full_days = 2,
};

static const struct rates restores = {
    .devices = 120,
    .per_file = 4,
    .instructed = 20,
    .installed = 1,
    .failed = 0.6,
    .permanent = 0.05,
    .late = 0.05,
    .silent = 0.05,
    .backups = 12,
    .restored = 1.5,
    .redelivered = 1,
    .full_days = 4,
};

static const struct rates operators = {
    .devices = 120,
    .per_file = 4,
    .instructed = 20,
    .installed = 1,
    .failed = 0.6,
    .permanent = 0.05,
    .silent = 0.05,
    .late = 0.05,
    .decided = 2,
    .redelivered = 8,
    .kept = 24,
    .kept_hours = 20,
    .full_days = 4,
};

static const struct rates kills = {
    .devices = 120,
    .per_file = 4,
    .instructed = 20,
    .installed = 1,
    .failed = 0.6,
    .permanent = 0.05,
    .silent = 0.05,
    .late = 0.05,
    .killed = 48,
    .at_names = 0.5,
    .servers = 0.3,
    .full_days = 4,
};

/* Times the rough rates. */
enum { HOSTILE_FACTOR = 4 };

static void vary(struct random *random, double *rate, double factor)
{
    static const double by[] = {0, 0.3, 1, 1, 2, 4};
    *rate *= factor * by[random_below(random, G_N_ELEMENTS(by))];
}

static void vary_chance(struct random *random, double *chance, double factor)
{
    vary(random, chance, factor);
    *chance = MIN(*chance, 0.5);
}

static void vary_partners(struct random *random, struct rates *r, double factor)
{
    double *const chances[] = {&r->files_wrong, &r->device_wrong, &r->again,    &r->skipped, &r->failed,
                               &r->permanent,   &r->unattempted,  &r->silent,   &r->late,    &r->contradicted,
                               &r->doubled,     &r->cos_late,     &r->inv_late, &r->shrunk,  &r->absent};
    double *const rates[] = {&r->installed, &r->moved, &r->non_migratable, &r->pending, &r->cleaned, &r->meddled};

    for (size_t i = 0; i < G_N_ELEMENTS(chances); i++)
        vary_chance(random, chances[i], factor);
    for (size_t i = 0; i < G_N_ELEMENTS(rates); i++)
        vary(random, rates[i], factor);
}

static void vary_machines(struct random *random, struct rates *r, double factor)
{
    double *const rates[] = {&r->restarted,  &r->killed,     &r->powered,     &r->disk,    &r->quirks,   &r->clock,
                             &r->full,       &r->threads,    &r->backups,     &r->second,  &r->restored, &r->beside,
                             &r->damaged,    &r->taken_over, &r->changed,     &r->decided, &r->kept,     &r->left_out,
                             &r->left_files, &r->reloaded,   &r->redelivered, &r->many};

    for (size_t i = 0; i < G_N_ELEMENTS(rates); i++)
        vary(random, rates[i], factor);
}

void profiles_draw(struct sim *sim, struct rates *rates)
{
    struct random *random = sim_random(sim, "profile");

    static const struct rates *const of[] = {
        [SIM_CALM] = &calm,         [SIM_ROUGH] = &rough,         [SIM_HOSTILE] = &rough, [SIM_DENSE] = &dense,
        [SIM_RESTORES] = &restores, [SIM_OPERATORS] = &operators, [SIM_KILLS] = &kills};

    *rates = *of[sim_profile(sim)];
    if (sim_profile(sim) != SIM_ROUGH && sim_profile(sim) != SIM_HOSTILE)
        return;
    vary_partners(random, rates, sim_profile(sim) == SIM_HOSTILE ? 2 : 1);
    vary_machines(random, rates, sim_profile(sim) == SIM_HOSTILE ? HOSTILE_FACTOR : 1);
}
