#include "spool/spool_error.h"

G_DEFINE_QUARK(spool - error - quark, spool_error)
