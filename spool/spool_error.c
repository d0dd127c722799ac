/* The quark of the error domain; the codes and their meaning stand in the header. */
#include "spool/spool_error.h"

G_DEFINE_QUARK(spool - error - quark, spool_error)
