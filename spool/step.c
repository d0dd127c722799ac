#include "spool/step.h"

#include <stddef.h>

static const struct {
    const char *name;
    const char *meaning;
} steps[] = {
#define STEP(ident, name, meaning) {name, meaning},
#include "spool/steps.def"
#undef STEP
};

const char *step_name(int step)
{
    return step >= 0 && step < STEP_COUNT ? steps[step].name : NULL;
}

const char *step_meaning(int step)
{
    return step >= 0 && step < STEP_COUNT ? steps[step].meaning : NULL;
}

#ifdef ECOSGATE_CRASH_POINTS

#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct crash {
    int step; /* -1: never */
    bool before;
    long passings; /* left until it happens */
    int signal_number;
};

static struct crash crash_read(const char *text)
{
    struct crash crash = {.step = -1, .passings = 1, .signal_number = SIGKILL};
    const char *colon = text != NULL ? strchr(text, ':') : NULL;
    for (int step = 0; colon != NULL && step < STEP_COUNT; step++) {
        size_t len = strlen(steps[step].name);
        if (len == (size_t)(colon - text) && strncmp(text, steps[step].name, len) == 0)
            crash.step = step;
    }
    if (crash.step < 0)
        return crash;
    crash.before = strncmp(colon + 1, "before", 6) == 0;
    if (!crash.before && strncmp(colon + 1, "after", 5) != 0)
        crash.step = -1;
    const char *count = strchr(colon + 1, ':');
    const char *number = count != NULL ? strchr(count + 1, ':') : NULL;
    if (count != NULL)
        crash.passings = strtol(count + 1, NULL, 10);
    if (number != NULL)
        crash.signal_number = (int)strtol(number + 1, NULL, 10);
    return crash;
}

/* What cannot be written down is missed by the test that reads it. */
static void write_down(enum step step, bool before)
{
    static const char *path;
    static bool known;

    if (!known)
        path = getenv("ECOSGATE_STEPS");
    known = true;
    FILE *file = path != NULL ? fopen(path, "ae") : NULL;
    if (file == NULL)
        return;
    (void)fprintf(file, "%s:%s\n", steps[step].name, before ? "before" : "after");
    (void)fclose(file);
}

static void pass(enum step step, bool before)
{
    static GMutex lock;
    static struct crash crash;
    static bool known;

    g_mutex_lock(&lock);
    if (!known) {
        crash = crash_read(getenv("ECOSGATE_CRASH"));
        known = true;
    }
    write_down(step, before);
    if ((int)step == crash.step && before == crash.before && --crash.passings == 0)
        (void)raise(crash.signal_number); /* it does not return */
    g_mutex_unlock(&lock);
}

void step_before(enum step step)
{
    pass(step, true);
}

void step_after(enum step step)
{
    pass(step, false);
}

#endif
