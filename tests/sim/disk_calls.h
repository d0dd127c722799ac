/*
 * Calls that change the disk: what intercept_disk.c tells the rest of the simulator.
 */
#ifndef ECOSGATE_TESTS_SIM_DISK_CALLS_H
#define ECOSGATE_TESTS_SIM_DISK_CALLS_H

#include <stdbool.h>
#include <stdint.h>

/* Forgets the descriptors that the simulator had open: a process begins without them. */
void disk_forget(void);
/* Between two such calls the process works on the disk of another machine: that of a server. */
void disk_elsewhere(bool begin);
/* The path under which that descriptor was opened; "" if it is none of the run's files. */
const char *disk_path(int fd);
/* True if the path, which is absolute, is in the run's folder. */
bool disk_is_ours(const char *path);
/* A name or bytes of that path have changed: wakes daemons that may see it, and gives the file the true time. */
void disk_changed(const char *path);

#endif
