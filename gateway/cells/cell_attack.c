/*
 * For tests, in builds that can be stopped at a named step: a fault of a parser that runs foreign code. The environment
 * says what that code does, and at which record: ECOSGATE_CELL_ATTACK=WHAT:ARGUMENT@RECORD. What it tries is refused or
 * ends the cell; if it succeeds, the cell goes on as if nothing were, and the file is accepted, which the test sees.
 */
#include "gateway/cells/cells_private.h"

#ifdef ECOSGATE_CRASH_POINTS

#include "gateway/cells/cell_guard.h"
#include "gateway/cells/cell_message.h"
#include "gateway/guards/attack.h"
#include "gateway/guards/guards.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REFUSED = 90 /* exit status: the attempt was refused with an error */ };

/* Anything that it was not given: the descriptors of the gateway. */
static bool try_descriptors(const char *argument)
{
    bool any = false;

    (void)argument;
    for (int fd = CELL_PAYLOAD + 1; fd < 1024; fd++) /* NOLINT */
        any |= fcntl(fd, F_GETFD) >= 0;
    return any;
}

/* The bytes, in hexadecimal digits; afterwards it ends well. */
static bool do_say(const char *digits)
{
    static struct cell_out out = {.fd = CELL_SOCKET};

    for (size_t i = 0; digits[i] != '\0' && digits[i + 1] != '\0'; i += 2) {
        int byte = g_ascii_xdigit_value(digits[i]) << 4 | g_ascii_xdigit_value(digits[i + 1]);
        out.bytes[out.len++] = (unsigned char)byte;
    }
    cell_flush(&out);
    _exit(0);
    return false;
}

/* The same record, or the same progress, again and again. */
static bool do_flood(const char *what)
{
    static struct cell_out out = {.fd = CELL_SOCKET};
    static const struct field fields[LAYOUT_MAX_COLUMNS];
    const struct record record = {.ordinal = 1, .n_fields = INSTRUCTION_FIELDS, .fields = fields};
    const struct fault fault = {.kind = FAULT_FORM, .text = "a fault"};
    const struct reading reading = {.records = 1};

    for (;;) {
        if (strcmp(what, "records") == 0)
            cell_say_record(&out, &record);
        else if (strcmp(what, "faults") == 0)
            cell_say_fault(&out, &fault);
        else
            cell_say_progress(&out, &reading);
    }
    return false;
}

static const struct attack attacks[] = {
    {"descriptors", try_descriptors},
    {"say", do_say},
    {"flood", do_flood},
};

void cell_attack(uint32_t record)
{
    static const char *ordered;

    if (ordered == NULL)
        ordered = g_getenv("ECOSGATE_CELL_ATTACK") != NULL ? g_getenv("ECOSGATE_CELL_ATTACK") : "";
    if (*ordered == '\0')
        return;
    g_auto(GStrv) words = g_strsplit(ordered, "@", 2);
    if (g_strv_length(words) != 2 || (uint32_t)atoi(words[1]) != record)
        return;
    if (!attack_run(words[0], attacks, G_N_ELEMENTS(attacks)))
        _exit(REFUSED);
}

#endif
