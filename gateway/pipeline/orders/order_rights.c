/*
 * Who can have written an order. The owner of a file is the user who made it: only root can give a file away. So the
 * owner gave the order, as long as nobody else can have changed its bytes or put an older file of his in its place.
 */
#include "gateway/pipeline/orders/order_private.h"

#include "spool/disk.h"

char *order_rights_of_folder(const char *dir)
{
    g_autofree char *spool = g_path_get_dirname(dir);
    char *fault = disk_open_to_all(dir);

    return fault != NULL ? fault : disk_open_to_all(spool);
}

char *order_rights_of_file(const struct stat *st)
{
    g_autofree char *whose = disk_whose(st);

    if (!S_ISREG(st->st_mode))
        return g_strdup_printf("it is %s (%s), expected a regular file",
                               S_ISLNK(st->st_mode)   ? "a symbolic link"
                               : S_ISDIR(st->st_mode) ? "a folder"
                                                      : "no regular file",
                               whose);
    if (st->st_nlink > 1)
        return g_strdup_printf("it has %lu names (hard links; %s), expected 1", (unsigned long)st->st_nlink, whose);
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return g_strdup_printf("its group or everybody may write it (%s), expected mode 0640", whose);
    return NULL;
}

char *order_rights_refusal(const struct order *order, const char *fault)
{
    return g_strdup_printf("others than %s may have written the order: %s; ask that user, and give the order again "
                           "with its command ('ecosgate --help' lists them)",
                           order->who, fault);
}
