/*
 * backup_private - what the parts of backup share: backup.c makes, backup_list.c lists
 */
#ifndef TEMOIN_DB_BACKUP_PRIVATE_H
#define TEMOIN_DB_BACKUP_PRIVATE_H

#include "db/backup.h"

/* NULL: out of memory. Valid until the next one is added. */
struct backup_file *backup_add(struct backup *b, const char *name);
/* NULL: there is none. */
const struct backup_file *backup_find(const struct backup *b, const char *name);
enum store_status backup_write_list(const char *directory, const struct backup *b,
                                    struct store_error *err);

#endif
