/*
 * The table of transports. It has a file of its own so that a program may link another table in its place: the
 * simulator (tests/sim/) adds a transport that misbehaves.
 */
#include "gateway/drops/local_drop.h"
#include "gateway/drops/sftp_drop.h"

static const struct transport *const transports[] = {&local_transport, &sftp_transport};

const struct transport *transport_at(size_t index)
{
    return index < G_N_ELEMENTS(transports) ? transports[index] : NULL;
}
