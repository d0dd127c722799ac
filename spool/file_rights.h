/*
 * What a file or a folder that the gateway makes for others is to have besides its bytes. Both members may be unset:
 * then it stays as the system or the server makes it.
 */
#ifndef ECOSGATE_SPOOL_FILE_RIGHTS_H
#define ECOSGATE_SPOOL_FILE_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

struct file_rights {
    uint32_t mode; /* bits of 0777; 0: not set */
    bool has_group;
    uint32_t group; /* its number */
};

/* True if there is anything to be set. */
static inline bool file_rights_any(const struct file_rights *rights)
{
    return rights->mode != 0 || rights->has_group;
}

#endif
