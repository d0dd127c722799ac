/*
 * This program anew: a process that has nothing of this one's memory, for what is dangerous. Its only argument tells it
 * what to be; it has standard input, output and error, and one socket.
 */
#ifndef ECOSGATE_GATEWAY_GUARDS_ANEW_H
#define ECOSGATE_GATEWAY_GUARDS_ANEW_H

#include <sys/types.h>

/* The descriptor of the socket there. */
enum { ANEW_SOCKET = 3 };

/* Starts it with a copy of `socket`, which must be above ANEW_SOCKET. Returns 0, with *pid set, or an errno. */
int anew_start(const char *argument, int socket, pid_t *pid);

#endif
