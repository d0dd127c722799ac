/*
 * /proc has the time of a process and of the children that it has waited for, but not of those that run. So the tree
 * is walked. A child that ends between two readings is counted twice or not at all, and a counter that falls looks like
 * a new start: two walks in a row must have found the same processes.
 */
#include "gateway/metrics/process_use.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DEEPEST = 4, WALKS = 5 };

struct tree {
    struct process_use use;
    uint64_t sum; /* of the ids */
};

/* The numbers behind the name in /proc/PID/stat: of these the 12th to 15th are the time of processors, its own and that
 * of children that have ended, the 22nd the memory in pages. */
static bool ask(int64_t pid, double *seconds, int64_t *bytes)
{
    g_autofree char *path = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/stat", pid);
    g_autofree char *text = NULL;
    unsigned long user, system;
    long ended_user, ended_system, pages;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return false;
    const char *rest = strrchr(text, ')'); /* the name may have blanks and brackets */
    if (rest == NULL || sscanf(rest + 1,
                               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld %*d %*d %*d %*d %*u "
                               "%*u %ld",
                               &user, &system, &ended_user, &ended_system, &pages) != 5)
        return false;
    *seconds =
        ((double)user + (double)system + (double)ended_user + (double)ended_system) / (double)sysconf(_SC_CLK_TCK);
    *bytes = (int64_t)pages * sysconf(_SC_PAGESIZE);
    return true;
}

static bool walk(struct tree *tree, int64_t pid, int depth);

/* Each thread has the processes that it started. */
static void walk_children(struct tree *tree, int64_t pid, int depth)
{
    g_autofree char *tasks = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/task", pid);
    g_autoptr(GDir) dir = g_dir_open(tasks, 0, NULL);
    const char *task;

    while (dir != NULL && (task = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(tasks, task, "children", NULL);
        g_autofree char *text = NULL;
        if (!g_file_get_contents(path, &text, NULL, NULL))
            continue;
        g_auto(GStrv) ids = g_strsplit(text, " ", -1);
        for (char **id = ids; *id != NULL; id++)
            if (**id != '\0')
                (void)walk(tree, g_ascii_strtoll(*id, NULL, 10), depth); /* one that has gone is none any more */
    }
}

/* False: there is no such process. */
static bool walk(struct tree *tree, int64_t pid, int depth)
{
    double seconds;
    int64_t bytes;

    if (depth > DEEPEST || !ask(pid, &seconds, &bytes))
        return false;
    tree->use.seconds += seconds;
    tree->use.bytes = depth == 0 ? bytes : tree->use.bytes;
    tree->use.children += depth > 0;
    tree->use.children_bytes += depth > 0 ? bytes : 0;
    tree->sum += (uint64_t)pid;
    walk_children(tree, pid, depth + 1);
    return true;
}

bool process_use_of(int64_t pid, struct process_use *use)
{
    struct tree before = {0}, tree = {0};

    for (int i = 0; i < WALKS; i++) {
        before = tree;
        tree = (struct tree){0};
        if (!walk(&tree, pid, 0))
            return false;
        if (i > 0 && tree.sum == before.sum && tree.use.children == before.use.children)
            break;
    }
    *use = tree.use;
    return true;
}
