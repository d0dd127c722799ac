#include "gateway/commands/home_list.h"

int home_list_print(const struct invocation *invocation, const struct home_list *list)
{
    struct read_access access;
    struct output_list rows;
    GError *error = NULL;

    if (!read_access_open(&access, invocation))
        return EXIT_UNABLE;
    output_list_begin(&rows, invocation->json, list->most);
    bool good = list->add_all(list->user, &access, &rows, &error);
    read_access_close(&access);
    if (!good) {
        output_list_drop(&rows);
        return command_unable(error);
    }
    output_list_end(&rows, list->columns, list->none);
    return EXIT_GOOD;
}
