#include "spool/fault.h"

G_DEFINE_QUARK(spool - error - quark, spool_error)
