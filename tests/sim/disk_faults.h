/*
 * Faults of the disk by plan: for the functions that take the place of libc's (intercept_disk.c). Each of them asks
 * disk_judge before its call, makes the call unless that said DISK_FAIL, and returns disk_outcome of its result.
 */
#ifndef ECOSGATE_TESTS_SIM_DISK_FAULTS_H
#define ECOSGATE_TESTS_SIM_DISK_FAULTS_H

/* What becomes of a call. */
enum disk_judgement {
    DISK_PASS,      /* it is made */
    DISK_FAIL,      /* it is not made, and fails: errno is set */
    DISK_FAIL_LATE, /* it is made, and fails all the same: errno is set */
    DISK_SHORT,     /* a read or write does half */
    DISK_KILL_LATE, /* it is made, then the process ends */
};

/* Counts a call of these kinds (enum machine_call, one bit each) on a path of the run's folder, lets its time pass and
 * says what becomes of it. "": the path is none of the run's, and nothing happens. May not return: a kill before the
 * call, a power cut. */
enum disk_judgement disk_judge(unsigned kinds, const char *place);

/* What a call that was made returns: its result, or -1 with errno = fault, the errno that disk_judge left. Does not
 * return on DISK_KILL_LATE. */
int disk_outcome(enum disk_judgement judgement, int result, int fault);

#endif
