/*
 * Functions that start threads, draw random numbers or tell who runs. Threads are refused: the program has a way
 * without each of them, and transfer workers are replaced (sim_worker.c).
 */
#include "tests/sim/shared.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

GThread *g_thread_try_new(const gchar *name, GThreadFunc function, gpointer user, GError **error)
{
    (void)function;
    (void)user;
    g_set_error(error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN, "the simulator starts no thread (%s)", name);
    return NULL;
}

static struct random *numbers(void)
{
    return shared_random("program");
}

guint32 g_random_int(void)
{
    return (guint32)random_bits(numbers());
}

gdouble g_random_double_range(gdouble begin, gdouble end)
{
    return begin + random_unit(numbers()) * (end - begin);
}

gchar *g_uuid_string_random(void)
{
    uint64_t a = random_bits(numbers()), b = random_bits(numbers());

    return g_strdup_printf("%08x-%04x-4%03x-a%03x-%012" G_GINT64_MODIFIER "x", (unsigned)(a >> 32),
                           (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xfff, (unsigned)(b >> 48) & 0xfff,
                           b & UINT64_C(0xffffffffffff));
}

/* A home is a machine; messages, claims and backups name it. */
const gchar *g_get_host_name(void)
{
    const struct shared_machine *machine = shared_own_machine();

    return machine != NULL ? strrchr(machine->home, '/') + 1 : "simulator";
}

/* A limit in the machine's time would end a run in virtual time by chance. */
unsigned alarm(unsigned seconds)
{
    (void)seconds;
    return 0;
}

/* The number of a process is in messages and in the lock file. */
pid_t getpid(void)
{
    return shared_self != NULL ? 1000 + shared_self->number : (pid_t)syscall(SYS_getpid);
}
