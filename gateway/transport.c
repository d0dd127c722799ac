#include "gateway/transport.h"

#include "gateway/local_drop.h"
#include "gateway/sftp_drop.h"

G_DEFINE_QUARK(ecosgate - transport - error, transport_error)

const struct transport *transport_of(const struct drop *drop)
{
    return drop->transport == TRANSPORT_SFTP ? &sftp_transport : &local_transport;
}

bool transport_is_local(const struct drop *drop)
{
    return drop->transport == TRANSPORT_LOCAL;
}
