/* Suppliers, Meter Asset Providers and the ECoS Service Provider take what is theirs and act on nothing in it. */
#include "tests/sim/world_private.h"

void suppliers_begin(struct world *world)
{
    for (int i = 0; i < SUPPLIERS; i++) {
        g_autofree char *folder = g_strdup_printf("suppliers/%s", estate_supplier_mpid(i));
        world_add_recipient(world, folder, NULL);
    }
    for (int i = 0; i < MAPS; i++) {
        g_autofree char *folder = g_strdup_printf("maps/%s", estate_map_mpid(i));
        world_add_recipient(world, folder, NULL);
    }
    world_add_recipient(world, "ecos", NULL);
    world_add_recipient(world, "dcc", NULL);
}
