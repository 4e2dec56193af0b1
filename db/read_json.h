/*
 * read_json - the facts of a message as JSON: what `temoin read` prints and facts.db holds
 */
#ifndef TEMOIN_DB_READ_JSON_H
#define TEMOIN_DB_READ_JSON_H

#include <jansson.h>

#include "policy/understood.h"

/* A new object; absent facts are left out. NULL: out of memory. */
json_t *read_json(const struct understood *u);

#endif
