/*
 * register_private - what register.c and register_outbox.c share
 */
#ifndef TEMOIN_DB_REGISTER_PRIVATE_H
#define TEMOIN_DB_REGISTER_PRIVATE_H

#include "db/sqlite.h"

struct register_db {
    struct db *db;
};

#endif
