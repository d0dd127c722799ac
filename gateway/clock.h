/*
 * The clock. Only clock.c asks the system for the time, so that --now can move a whole run to another moment, and so
 * that what the gateway records never runs backwards:
 *
 *   clock_compare                         once, by `run`: from now on a jump of the wall clock is found out
 *   clock_not_before | clock_hold         at the start of each pass (pipeline/watches/clock_watch.c)
 *   clock_now …                           all that the pass records and decides
 *
 * A jump is a change of more than CLOCK_STEP seconds against CLOCK_BOOTTIME, which counts suspended time too; with
 * CLOCK_MONOTONIC each sleep of the machine would look like a jump. While there is one, clock_now goes on from the time
 * before it. A stopped clock (--now) does not jump.
 *
 * One thread, the gateway's, calls these functions; clock_monotonic and clock_since_start may be called by any.
 */
#ifndef ECOSGATE_GATEWAY_CLOCK_H
#define ECOSGATE_GATEWAY_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { CLOCK_STEP = 600 /* seconds that the clock may be set without a question */ };

/* Now, in seconds UTC: for everything that is written or decided by time of day. It does not go back within a pass. */
int64_t clock_now(void);
/* What the machine's clock says, or --now: to tell how far off it is, and to wait for a moment. */
int64_t clock_wall(void);
/* The same in microseconds: for lines of the log. */
int64_t clock_wall_microseconds(void);

/* From now on the machine's clock always says `at` (seconds UTC). Call it before other threads exist. */
void clock_stop_at(int64_t at);
/* True after clock_stop_at. */
bool clock_is_stopped(void);

/* clock_now returns no earlier time than this. Ends clock_hold. */
void clock_not_before(int64_t at);
/* clock_now returns this until clock_not_before is called: the machine's clock is not believed. */
void clock_hold(int64_t at);

/* Begins to compare the machine's clock with its time since it was started. */
void clock_compare(void);
/* Seconds by which the machine's clock has jumped since then, below 0 backwards; 0: it has not. */
int64_t clock_jump(void);
/* The time of the machine's start by the clock as it is believed: what clock_expect takes, in another process too. */
int64_t clock_base(void);
/* The clock is compared with what an earlier process believed. After a restart of the machine this shows a jump. */
void clock_expect(int64_t base);
/* The clock is right: an operator says so. */
void clock_accept(void);

/* *synchronized: the kernel says that something (chrony, ntpd) keeps its clock right. False: it says nothing. */
bool clock_synchronized(bool *synchronized);

/* Microseconds that only go forward, whatever --now or a correction of the clock says. The count stands still while the
 * machine is suspended. It is for pauses and time limits of this process: what it waits for (a transfer of ours, an
 * answer, facts that are picked up, another command) does not go on either, and a limit that ended by a sleep would
 * break a transfer that is sound. Waits of poll(2) stand still too, so after a sleep the gateway looks around within
 * poll_interval, as at other times. */
int64_t clock_monotonic(void);
/* The same with the time in which the machine was suspended. It is for how long others could act since we looked:
 * another gateway that takes a drop, a server that ends an idle connection. */
int64_t clock_since_start(void);

#endif
