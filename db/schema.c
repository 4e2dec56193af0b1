/*
 * schema - versioned schemas: an ordered list of steps, PRAGMA user_version tells how many ran
 */
#include "db/schema.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * log.db. One transaction puts an entry into all of these, so that no table can know more than
 * another.
 *
 * entry.token, subject and recipients serve the lookup of replies; subject is a keyed hash;
 * recipients are separated by LF. All of them, private, message_id, retry and learned_contact
 * rows of one seq can be deleted or set NULL by an erasure: nothing refers to them.
 * entry.held: 0 there is no message, 1 its bytes are kept, 2 only its hash and size were.
 * message.volume: 0 the bytes are here (packed, and bodies/<body>), else the month (202611)
 * of the volume that has them, or -1: they did not match their record when they were to be
 * moved and stay here as they are.
 */
static const char *const log_steps[] = {
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE entry ("
    "  seq INTEGER PRIMARY KEY, event TEXT NOT NULL, outbound INTEGER NOT NULL,"
    "  held INTEGER NOT NULL, size INTEGER NOT NULL, token INTEGER NOT NULL,"
    "  subject INTEGER NOT NULL, leaf BLOB NOT NULL, record BLOB NOT NULL, recipients TEXT,"
    "  private BLOB);"
    "CREATE TABLE message ("
    "  seq INTEGER PRIMARY KEY REFERENCES entry, time INTEGER NOT NULL,"
    "  size INTEGER NOT NULL, volume INTEGER NOT NULL, pieces INTEGER NOT NULL,"
    "  body TEXT, body_size INTEGER NOT NULL, packed BLOB);"
    "CREATE INDEX message_body ON message (body) WHERE body IS NOT NULL;"
    "CREATE TABLE dossier ("
    "  id INTEGER PRIMARY KEY, invoice TEXT NOT NULL UNIQUE, public_id BLOB NOT NULL,"
    "  n INTEGER NOT NULL, last_leaf BLOB, paused_by INTEGER NOT NULL);"
    "CREATE TABLE dossier_entry ("
    "  dossier INTEGER NOT NULL REFERENCES dossier, n INTEGER NOT NULL, seq INTEGER NOT NULL,"
    "  PRIMARY KEY (dossier, n)) WITHOUT ROWID;"
    "CREATE INDEX dossier_entry_seq ON dossier_entry (seq);"
    "CREATE TABLE message_id ("
    "  hash INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (hash, seq)) WITHOUT ROWID;"
    "CREATE TABLE token (number INTEGER PRIMARY KEY, seq INTEGER NOT NULL);"
    "CREATE TABLE retry ("
    "  key BLOB PRIMARY KEY, seq INTEGER NOT NULL, time INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE review ("
    "  seq INTEGER PRIMARY KEY, invoice TEXT NOT NULL, state TEXT NOT NULL,"
    "  decided_by INTEGER NOT NULL, assigned TEXT);"
    "CREATE INDEX review_open ON review (seq) WHERE state = 'open';"
    "CREATE TABLE learned_contact ("
    "  address TEXT NOT NULL, debtor TEXT NOT NULL, seq INTEGER NOT NULL,"
    "  PRIMARY KEY (address, debtor)) WITHOUT ROWID;"
    "CREATE INDEX learned_contact_debtor ON learned_contact (debtor);",
    "CREATE INDEX entry_fact ON entry (event) WHERE size = 0;", /* store_facts.c */
    /* store_erase.c: which erasure took an entry's private part; what it left in other files. */
    "CREATE TABLE erased (seq INTEGER PRIMARY KEY REFERENCES entry, erasure INTEGER NOT NULL);"
    "CREATE INDEX erased_by ON erased (erasure);"
    "CREATE TABLE erasing (seq INTEGER PRIMARY KEY, month INTEGER NOT NULL, body TEXT);",
};

/* register.db. invoice.marked keeps the status that an import gave; the status that counts also
   looks at the payments. */
static const char *const register_steps[] = {
    "CREATE TABLE debtor (code TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE contact ("
    "  address TEXT NOT NULL, debtor TEXT NOT NULL REFERENCES debtor, name TEXT,"
    "  PRIMARY KEY (address, debtor)) WITHOUT ROWID;"
    "CREATE INDEX contact_debtor ON contact (debtor);"
    "CREATE TABLE invoice ("
    "  number TEXT PRIMARY KEY, debtor TEXT NOT NULL REFERENCES debtor, currency TEXT NOT NULL,"
    "  amount INTEGER NOT NULL, paid INTEGER NOT NULL, issued TEXT, due TEXT,"
    "  marked INTEGER NOT NULL, status INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE payment ("
    "  invoice TEXT NOT NULL REFERENCES invoice, reference TEXT NOT NULL,"
    "  amount INTEGER NOT NULL, currency TEXT NOT NULL, date TEXT,"
    "  PRIMARY KEY (invoice, reference)) WITHOUT ROWID;"
    "CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL, packed BLOB);",
};

/* volumes/YYYY-MM.db: a message is the concatenation of its pieces, which are zstd frames. */
static const char *const volume_steps[] = {
    "CREATE TABLE message ("
    "  seq INTEGER PRIMARY KEY, size INTEGER NOT NULL, pieces INTEGER NOT NULL);"
    "CREATE TABLE piece ("
    "  seq INTEGER NOT NULL, n INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (seq, n));",
};

/* facts.db: made out of the archive, and again when it is gone. fact.state: 0 to be read again, 1
   read, 2 could not be read (why: reason). meta: log (origin), done (entries up to here were looked
   at). */
static const char *const facts_steps[] = {
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE fact ("
    "  seq INTEGER PRIMARY KEY, state INTEGER NOT NULL, version INTEGER NOT NULL, facts TEXT,"
    "  reason TEXT);"
    "CREATE INDEX fact_again ON fact (seq) WHERE state = 0;"
    "CREATE INDEX fact_unread ON fact (seq) WHERE state = 2;",
};

#define SCHEMA(list)                               \
    {                                              \
        list, (int)(sizeof(list) / sizeof *(list)) \
    }
const struct schema schema_log = SCHEMA(log_steps);
const struct schema schema_register = SCHEMA(register_steps);
const struct schema schema_volume = SCHEMA(volume_steps);
const struct schema schema_facts = SCHEMA(facts_steps);

static enum store_status run_steps(struct db *db, const struct schema *schema, int64_t from,
                                   struct store_error *err)
{
    char pragma[64];
    enum store_status st = STORE_OK;
    for (int64_t i = from; st == STORE_OK && i < schema->version; i++)
        st = db_exec(db, schema->steps[i], err);
    snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", schema->version);
    return st == STORE_OK ? db_exec(db, pragma, err) : st;
}

static enum store_status too_new(struct db *db, int64_t found, const struct schema *schema,
                                 struct store_error *err)
{
    return store_fail(err, STORE_SCHEMA,
                      "%s: has schema %" PRId64 ", this program knows %d: install the version of "
                      "temoin that wrote it, or a later one",
                      db->file, found, schema->version);
}

enum store_status schema_migrate(struct db *db, const struct schema *schema,
                                 struct store_error *err)
{
    int64_t found = 0;
    enum store_status st = db_exec(db, "BEGIN IMMEDIATE", err);
    if (st == STORE_OK)
        st = db_number(db, "PRAGMA user_version", 0, &found, err, "");
    if (st == STORE_OK && found > schema->version)
        st = too_new(db, found, schema, err);
    if (st == STORE_OK && found < schema->version)
        st = run_steps(db, schema, found, err);
    if (st == STORE_OK)
        st = db_exec(db, "COMMIT", err);
    if (st != STORE_OK)
        db_rollback(db);
    return st;
}

enum store_status schema_check(struct db *db, const struct schema *schema, struct store_error *err)
{
    int64_t found;
    enum store_status st = db_number(db, "PRAGMA user_version", 0, &found, err, "");
    if (st != STORE_OK || found == schema->version)
        return st;
    if (found > schema->version)
        return too_new(db, found, schema, err);
    return store_fail(err, STORE_SCHEMA,
                      "%s: has schema %" PRId64 ", this program needs %d: start temoind once, it "
                      "migrates the store",
                      db->file, found, schema->version);
}
