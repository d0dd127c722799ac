/* What `backup` and `restore` print of a backup (backup.c). */
#ifndef ECOSGATE_GATEWAY_COMMANDS_BACKUP_FACTS_H
#define ECOSGATE_GATEWAY_COMMANDS_BACKUP_FACTS_H

#include <jansson.h>

struct backup_facts;

/* Sets the members that say which ledger, of which moment, and how much. */
void backup_facts_set(const struct backup_facts *facts, json_t *object);

#endif
