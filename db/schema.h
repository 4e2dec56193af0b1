/*
 * schema - versioned schemas: an ordered list of steps, PRAGMA user_version tells how many ran
 *
 * Step n turns version n-1 into n. A step that was ever released is never changed: what is to
 * be different comes as a further step.
 */
#ifndef TEMOIN_DB_SCHEMA_H
#define TEMOIN_DB_SCHEMA_H

#include "db/sqlite.h"

struct schema {
    const char *const *steps; /* SQL of each, in order */
    int version;              /* how many there are: the version that this program knows */
};

extern const struct schema schema_log;
extern const struct schema schema_register;
extern const struct schema schema_volume;
extern const struct schema schema_facts;

/* Bring a database to the newest version, all steps in one transaction; nothing to do is
   success. STORE_SCHEMA: it was written by a newer program. */
enum store_status schema_migrate(struct db *db, const struct schema *schema,
                                 struct store_error *err);

/* For readers: STORE_SCHEMA unless it has exactly the version that this program knows. */
enum store_status schema_check(struct db *db, const struct schema *schema, struct store_error *err);

#endif
