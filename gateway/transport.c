#include "gateway/transport.h"

#include "gateway/local_drop.h"

G_DEFINE_QUARK(ecosgate-transport-error, transport_error)

const struct transport *transport_of(const struct drop *drop)
{
    (void)drop; /* there is one transport only */
    return &local_transport;
}

bool transport_is_local(const struct drop *drop)
{
    return transport_of(drop) == &local_transport;
}
