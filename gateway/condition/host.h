/*
 * What `doctor` and `config check` find about the machine that the gateway works on: whose home it is, where its memory
 * may be written to, on which disks its files are, its random numbers, its clock, its libraries. Everything is read
 * from the kernel and the libraries; nothing is changed.
 *
 * A finding is a note where the gateway works and an assessor would ask. With environment=LIVE a home of root and a
 * disk that a restart empties are bad.
 */
#ifndef ECOSGATE_GATEWAY_CONDITION_HOST_H
#define ECOSGATE_GATEWAY_CONDITION_HOST_H

#include "gateway/config/config.h"
#include "gateway/drops/probe.h"

/* Tells the findings user, core, swap, disk, random, time and libraries, in this order; swap, disk and libraries once
 * for each that is at fault. */
void host_probe(const struct config *config, probe_tell *tell, void *user);

#endif
