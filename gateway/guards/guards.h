/*
 * What a process of the gateway that handles hostile bytes puts on itself, before it sees the first of them. Two guards
 * depend on the kernel: the filter of system calls (seccomp), and Landlock, which takes away paths and holds if the
 * filter has a hole. All that depends on the kernel, the build or the sanitizers stands in this folder.
 *
 *   files = guard_forbid_files(readable);      then
 *   calls = guard_filter_calls(&guard_filter_…);
 *
 * The filter holds for all threads, Landlock for this one and those that it starts later. Each may be put on once more,
 * to take away more.
 */
#ifndef ECOSGATE_GATEWAY_GUARDS_GUARDS_H
#define ECOSGATE_GATEWAY_GUARDS_GUARDS_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__)
#define GUARD_SANITIZED 1 /* it reserves terabytes, has calls of its own, and prints what it finds */
#else
#define GUARD_SANITIZED 0
#endif

/* The two descriptors of a cell, which its filter knows. */
enum { CELL_SOCKET = 3, CELL_PAYLOAD = 4 };

/* A filter of system calls, made when this program is built (filter_make.c); no instructions: this build has none. */
struct guard_filter {
    const struct sock_filter *at;
    unsigned short len;
};
extern const struct guard_filter guard_filter_cell; /* ends the process at the first other call */
extern const struct guard_filter
    guard_filter_session; /* refuses other calls: the resolver tries what it may not have */
extern const struct guard_filter guard_filter_connected; /* likewise: libraries try to be quicker */

/* False: the kernel or this build has none, or a filter around the gateway does not let us have it. */
bool guard_filter_calls(const struct guard_filter *filter);

/* Takes away all paths but those at and below `readable` (NULL-terminated; NULL: none), which can be read. Those that
 * are missing are passed over. `network`: TCP may be used. False: the kernel has no Landlock. Ends the process where it
 * has it and it failed. */
bool guard_forbid_files(const char *const *readable, bool network);

/* Names of the guards that are not in force, for a message; NULL: both are. */
const char *guards_lacking(bool calls, bool files);

/* Sets a limit of resources, unless there is a lower one. Ends the process where that fails. */
void guard_limit(__rlimit_resource_t what, uint64_t most);

/* Gives standard input, output and error to /dev/null; a sanitized build keeps standard error. */
void guard_close_standard(void);

/* Has this process ignore what ends the gateway. */
void guard_ignore_signals(void);

#endif
