/*
 * A list whose rows come from the gateway's home: one shape for the commands `… list`.
 *
 *   static bool add_all(void *user, struct read_access *access, struct output_list *rows, GError **error);
 *   …
 *   if (!command_arguments(invocation, entries, 0, 0))
 *       return EXIT_UNABLE;
 *   return home_list_print(invocation, &(struct home_list){add_all, &options, columns, "no batch", OUTPUT_MOST_ROWS});
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_HOME_LIST_H
#define ECOSGATE_GATEWAY_COMMANDS_HOME_LIST_H

#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"

struct home_list {
    /* Adds the rows. False: the ledger's error, or another that is printed. */
    bool (*add_all)(void *user, struct read_access *access, struct output_list *rows, GError **error);
    void *user;                 /* for add_all */
    const char *const *columns; /* of the table for people; the list ends with NULL */
    const char *none;           /* what is said instead of an empty table */
    size_t most;                /* rows that the table shows */
};

/* Opens the home, prints the list and closes the home. Returns an exit status. */
int home_list_print(const struct invocation *invocation, const struct home_list *list);

#endif
