/* The process that reads one content. It has no way back to anything: when it has said all, it ends. */
#include "gateway/cells/cell_guard.h"
#include "gateway/cells/cell_message.h"
#include "gateway/cells/cells_private.h"
#include "gateway/guards/guards.h"

#include "formats/xml/xml_signature.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
    LEAST_CPU = 120,         /* seconds, and one more for each MiB that may be unpacked */
    FLUSH_EVERY = 1 << 20,   /* packed bytes */
    MEMORY = 512,            /* MiB of address space; the program itself has a fifth of it */
    SIGNATURE_MEMORY = 1024, /* the same where a document is made a tree (xml_signature.h) */
};

static struct cell_out out = {.fd = CELL_SOCKET}; /* large: not on the stack */

static void on_header(void *user, const struct record *header)
{
    (void)user;
    cell_say_header(&out, header);
}

static void on_record(void *user, const struct record *record)
{
    (void)user;
#ifdef ECOSGATE_CRASH_POINTS
    cell_attack(record->ordinal);
#endif
    cell_say_record(&out, record);
}

static void on_rows(void *user, const struct rows *rows)
{
    (void)user;
#ifdef ECOSGATE_CRASH_POINTS
    for (uint32_t i = 0; i < rows->n; i++)
        cell_attack(rows->ordinal + i);
#endif
    cell_say_rows(&out, rows);
}

static void on_count(void *user, const struct field *declared)
{
    (void)user;
    cell_say_count(&out, declared);
}

static void on_fault(void *user, const struct fault *fault)
{
    (void)user;
    cell_say_fault(&out, fault);
}

static void on_bytes(void *user, const char *bytes, size_t len)
{
    (void)user;
    cell_say_bytes(&out, bytes, len);
}

/* Says all that there is in the content. Where records are rare, the gateway is to hear that the reading goes on. */
static void read_through(struct reading *reading)
{
    enum reading_state state;
    uint64_t next = CELL_PROGRESS_EVERY;
    GError *error = NULL;

    while ((state = reading_step(reading, &error)) == READING_MORE) {
        if (reading->packed < next)
            continue;
        next = reading->packed + CELL_PROGRESS_EVERY;
        cell_say_progress(&out, reading);
        if (next % FLUSH_EVERY < CELL_PROGRESS_EVERY)
            cell_flush(&out);
    }
    if (state == READING_FAILED)
        cell_say_failed(&out, error);
    else
        cell_say_end(&out, reading, state);
}

static void move_descriptors(const int *fds)
{
    /* Copies first: one of them may have the number that the other one gets. */
    int socket = fcntl(fds[1], F_DUPFD, CELL_PAYLOAD + 1), payload = fcntl(fds[0], F_DUPFD, CELL_PAYLOAD + 1);

    if (dup2(socket, CELL_SOCKET) < 0 || dup2(payload, CELL_PAYLOAD) < 0 || close_range(CELL_PAYLOAD + 1, ~0U, 0) != 0)
        _exit(1);
}

/* Else libarchive has the C library look for the zone, behind the filter. */
static void settle_zone(void)
{
    (void)g_setenv("TZ", "UTC0", TRUE);
    tzset();
}

void cell_main(const struct cells_order *order, const struct profile *profile, const int *fds, uint32_t guards)
{
    struct reading none = {.stopped = true};
    struct reading_request request = {
        .fd = CELL_PAYLOAD,
        .pack = order->pack,
        .stem = order->has_stem ? order->stem : NULL,
        .stem_len = order->stem_len,
        .unpack = &order->unpack,
        .form = order->form,
        .type = profile != NULL ? profile_type(profile, order->type, strlen(order->type)) : NULL,
        .max_records = order->max_records,
        .head = order->head,
        .signature = order->signature,
        .sink = {NULL, on_header, on_record, on_count, on_fault},
        .on_bytes = on_bytes,
        .on_rows = on_rows,
    };

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        _exit(1);
    move_descriptors(fds);
    if (order->pack == FILENAME_ZIP)
        settle_zone();
    const bool signature = order->signature == READING_SIGNATURE_WANTED;
    const struct cell_limits limits = {.cpu = LEAST_CPU + (order->unpack.max_bytes >> 20),
                                       .memory = (uint64_t)(signature ? SIGNATURE_MEMORY : MEMORY) << 20};
    if (signature)
        xml_signature_prepare();
    cell_say_hello(&out, cell_guard(&limits, guards));
    if (order->kind == CELLS_PROBE)
        cell_say_end(&out, &none, READING_WHOLE);
    else
        read_through(reading_open(NULL, &request));
    _exit(0);
}
