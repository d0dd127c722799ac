/*
 * Signs of progress: the thread that does the gateway's work says again and again that it has come further, wherever
 * long work is done. Who must know whether that thread hangs listens (gateway/commands/run/manager.h).
 *
 *   pulse_listen(listener, user);       in the thread that does the work
 *   pulse();                            after a piece of work: records of a file, steps of SQL, a write
 *
 * A timer would say no more than that the process exists. Here a thread that waits for a disk which hangs, or that
 * turns in a circle, is silent.
 */
#ifndef ECOSGATE_SPOOL_PULSE_H
#define ECOSGATE_SPOOL_PULSE_H

/* Called at each sign of progress, in the thread that listens. Must be quick. */
typedef void pulse_listener(void *user);

/* From now on pulse() of the calling thread calls the listener. NULL: nobody listens. */
void pulse_listen(pulse_listener *listener, void *user);
/* Says that the calling thread has come further. Does nothing in other threads than the one that listens. */
void pulse(void);

#endif
