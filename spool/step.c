/* In a build with --enable-crash-points: the code that stops the program at one. */
#include "spool/step.h"

#ifdef ECOSGATE_CRASH_POINTS

#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
#define STEP(ident, name, meaning) name,
#include "spool/steps.def"
#undef STEP
};

/* What ECOSGATE_CRASH asks for. */
struct crash {
    int step; /* -1: never */
    bool before;
    long passages; /* until it happens: 1 is the next one */
    int signal_number;
};

/* Reads "<name>:before|after[:<n>[:<signal>]]"; NULL or another form is "never". */
static struct crash crash_read(const char *text)
{
    struct crash crash = {.step = -1, .passages = 1, .signal_number = SIGKILL};
    const char *colon = text != NULL ? strchr(text, ':') : NULL;
    for (int step = 0; colon != NULL && step < STEP_COUNT; step++) {
        size_t len = strlen(names[step]);
        if (len == (size_t)(colon - text) && strncmp(text, names[step], len) == 0)
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
        crash.passages = strtol(count + 1, NULL, 10);
    if (number != NULL)
        crash.signal_number = (int)strtol(number + 1, NULL, 10);
    return crash;
}

/* A line that cannot be written is not reported: the test that reads the file misses it. */
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
    (void)fprintf(file, "%s:%s\n", names[step], before ? "before" : "after");
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
    if ((int)step == crash.step && before == crash.before && --crash.passages == 0)
        (void)raise(crash.signal_number); /* SIGKILL and its like do not return */
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
