#include "gateway/drops/transport.h"

#include "gateway/drops/local_drop.h"
#include "gateway/drops/sftp_drop.h"

G_DEFINE_QUARK(ecosgate - transport - error, transport_error)

const struct transport *transport_of(const struct drop *drop)
{
    return drop->transport == TRANSPORT_SFTP ? &sftp_transport : &local_transport;
}

bool transport_is_local(const struct drop *drop)
{
    return drop->transport == TRANSPORT_LOCAL;
}
