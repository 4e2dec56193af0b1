/*
 * batch_stamp - the authorities are asked in their order; tokens become entries of the log
 *
 * An authority that fails is left alone for a minute, then two, four … up to half an hour, by
 * those who can wait (timers): one that is down would cost its time limit at every turn, before
 * the next one in the list is asked. A person who runs `temoin seal` asks them all.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "db/batch_internal.h"
#include "db/record.h"
#include "db/scribe_client.h"

enum { REST_S = 60, REST_MOST_S = 1800, CLOCK_S = 60 };

/* --- authorities ----------------------------------------------------------------------------*/

static enum store_status note_failure(struct batch_db *b, const char *name, int64_t now,
                                      const char *trouble, struct store_error *err)
{
    int64_t failures = 0;
    enum store_status st = db_number(b->db, "SELECT failures FROM authority WHERE name = ?", 0,
                                     &failures, err, "t", name);
    if (st != STORE_OK)
        return st;
    int64_t rest = failures < 5 ? (int64_t)REST_S << failures : REST_MOST_S;
    return db_run(b->db,
                  "INSERT OR REPLACE INTO authority(name, failures, next_try, trouble)"
                  " VALUES(?, ?, ?, ?)",
                  err, "tiit", name, failures + 1, now + rest, trouble);
}

static enum store_status may_ask(struct batch_db *b, const char *name, int64_t now, bool *may,
                                 struct store_error *err)
{
    int64_t next = 0;
    enum store_status st =
        db_number(b->db, "SELECT next_try FROM authority WHERE name = ?", 0, &next, err, "t", name);
    /* a clock that was set back must not silence it for long */
    *may = next <= now || next > now + REST_MOST_S;
    return st;
}

static bool remark_on_clock(const struct tsa *tsa, int64_t offset, struct strings *remarks)
{
    struct bytes text = {0};
    if (offset >= -CLOCK_S && offset <= CLOCK_S)
        return true;
    bool done = bytes_printf(&text,
                             "the clock of tsa \"%s\" is %" PRId64
                             " s %s of this machine's: check that this one is synchronised",
                             tsa->name, offset < 0 ? -offset : offset,
                             offset < 0 ? "behind that" : "ahead of that") &&
                strings_add(remarks, text.data);
    bytes_free(&text);
    return done;
}

/* One authority; *answered tells whether it gave a good token. */
static enum store_status ask_one(struct batch_db *b, const struct tsa *tsa, bool patient,
                                 const struct ers_hash *root, struct tsa_stamp *stamp,
                                 bool *answered, struct strings *remarks, struct store_error *err)
{
    struct store_error trouble = {.text = ""};
    int64_t now = (int64_t)time(NULL);
    bool may = true;
    *answered = false;
    enum store_status st = patient ? may_ask(b, tsa->name, now, &may, err) : STORE_OK;
    if (st != STORE_OK)
        return st;
    if (!may) {
        store_fail(err, STORE_BUSY, "tsa \"%s\" failed a short time ago and is left alone",
                   tsa->name);
        return STORE_OK;
    }
    if (tsa_ask(tsa, root->octets, stamp, &trouble) == STORE_OK) {
        *answered = true;
        if (!remark_on_clock(tsa, stamp->gen_time - (int64_t)time(NULL), remarks))
            return store_fail(err, STORE_NO_MEMORY, "out of memory");
        return db_run(b->db, "DELETE FROM authority WHERE name = ?", err, "t", tsa->name);
    }
    if (err)
        *err = trouble;
    if (!strings_add(remarks, trouble.text))
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    struct store_error other;
    st = note_failure(b, tsa->name, now, trouble.text, &other);
    return st == STORE_OK ? STORE_OK : store_fail(err, st, "%s", other.text);
}

enum store_status batch_ask(struct batch_db *b, const struct settings *s, bool patient,
                            const struct ers_hash *root, struct tsa_stamp *stamp,
                            const struct tsa **by, struct strings *remarks, struct store_error *err)
{
    bool answered = false;
    for (size_t i = 0; i < s->tsa_count; i++) {
        enum store_status st =
            ask_one(b, &s->tsas[i], patient, root, stamp, &answered, remarks, err);
        if (st != STORE_OK) {
            tsa_stamp_free(stamp);
            return st;
        }
        if (answered) {
            *by = &s->tsas[i];
            return STORE_OK;
        }
    }
    return STORE_BUSY; /* *err is what the last one said */
}

enum store_status batch_put_chain(struct batch_db *b, const struct bytes *chain, int64_t *id,
                                  struct store_error *err)
{
    enum store_status st = db_run(b->db, "INSERT OR IGNORE INTO chain(pem) VALUES(?)", err, "b",
                                  (const void *)chain->data, chain->len);
    if (st == STORE_OK)
        st = db_number(b->db, "SELECT id FROM chain WHERE pem = ?", -1, id, err, "b",
                       (const void *)chain->data, chain->len);
    return st;
}

/* --- the log ----------------------------------------------------------------------------------*/

/* A token that is not yet in the log. */
struct unlogged {
    bool renewal;
    int64_t number, first, last, gen_time, clock, ends;
    bool qualified;
    char *tsa;
    struct bytes token, root;
};

static void unlogged_free(struct unlogged *u)
{
    free(u->tsa);
    bytes_free(&u->token);
    bytes_free(&u->root);
}

static json_t *words(const struct unlogged *u)
{
    struct ers_hash hash;
    char made[RECORD_TIME], ends[RECORD_TIME], digest[2 * HASH_OCTETS + 1];
    char root[2 * HASH_OCTETS + 1];
    if (!batch_hash(u->token.data, u->token.len, &hash) || u->root.len != HASH_OCTETS)
        return NULL;
    record_time(u->gen_time, made);
    record_time(u->ends, ends);
    record_hex(hash.octets, HASH_OCTETS, digest);
    record_hex((const unsigned char *)u->root.data, HASH_OCTETS, root);
    json_t *json = json_pack("{s:s, s:I, s:s, s:b, s:s, s:s, s:o}", "gen_time", made,
                             "clock_offset", (json_int_t)(u->gen_time - u->clock),
                             "certificates_end", ends, "claims_qualified", u->qualified,
                             "token_sha256", digest, "root", root, "tsa", json_foreign(u->tsa));
    bool done = json && json_object_set_new(json, u->renewal ? "renewal" : "batch",
                                            json_integer(u->number)) == 0;
    if (done && !u->renewal)
        done = json_object_set_new(json, "entries",
                                   json_pack("{s:I, s:I}", "first", (json_int_t)u->first, "last",
                                             (json_int_t)u->last)) == 0;
    if (done)
        return json;
    json_decref(json);
    return NULL;
}

/* Append the entry. The token's hash is the retry key, so that a run that was cut short between
   the log and batch.db does not enter it twice. */
static enum store_status enter(const struct settings *s, const char *actor,
                               const struct unlogged *u, uint64_t *seq, struct store_error *err)
{
    struct entry e;
    struct appended done = {0};
    struct ers_hash key;
    entry_init(&e);
    e.event = "timestamp";
    e.actor = actor;
    e.private_part = words(u);
    e.has_retry = true;
    bool made = e.private_part && batch_hash(u->token.data, u->token.len, &key);
    if (made)
        memcpy(e.retry, key.octets, sizeof e.retry);
    enum store_status st =
        made ? log_append(s, &e, &done, err) : store_fail(err, STORE_NO_MEMORY, "out of memory");
    *seq = done.seq;
    appended_free(&done);
    entry_free(&e);
    return st;
}

static enum store_status read_unlogged(struct batch_db *b, bool renewal, struct unlogged *u,
                                       bool *found, struct store_error *err)
{
    static const char of_batch[] =
        "SELECT number, gen_time, clock, ends, qualified, tsa, token, root, first, last"
        " FROM batch WHERE entry IS NULL ORDER BY number LIMIT 1";
    static const char of_renewal[] =
        "SELECT number, gen_time, clock, ends, qualified, tsa, token, root, 0, 0"
        " FROM renewal WHERE entry IS NULL ORDER BY number LIMIT 1";
    sqlite3_stmt *row = NULL;
    *found = false;
    enum store_status st = db_query(b->db, renewal ? of_renewal : of_batch, &row, err, "");
    if (st == STORE_OK)
        st = db_step(b->db, row, found, err);
    if (st == STORE_OK && *found) {
        *u = (struct unlogged){.renewal = renewal,
                               .number = sqlite3_column_int64(row, 0),
                               .gen_time = sqlite3_column_int64(row, 1),
                               .clock = sqlite3_column_int64(row, 2),
                               .ends = sqlite3_column_int64(row, 3),
                               .qualified = sqlite3_column_int(row, 4) != 0,
                               .first = sqlite3_column_int64(row, 8),
                               .last = sqlite3_column_int64(row, 9)};
        if (!db_column_text(row, 5, &u->tsa) || !db_column_bytes(row, 6, &u->token) ||
            !db_column_bytes(row, 7, &u->root))
            st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    }
    db_done(row);
    return st;
}

static enum store_status log_one(struct batch_db *b, const struct settings *s, const char *actor,
                                 bool renewal, bool *found, struct store_error *err)
{
    struct unlogged u = {0};
    uint64_t seq = 0;
    enum store_status st = read_unlogged(b, renewal, &u, found, err);
    if (st == STORE_OK && *found)
        st = enter(s, actor, &u, &seq, err);
    if (st == STORE_OK && *found && renewal)
        st = db_run(b->db, "UPDATE renewal SET entry = ? WHERE number = ?", err, "ii", (int64_t)seq,
                    u.number);
    else if (st == STORE_OK && *found)
        st = db_run(b->db, "UPDATE batch SET entry = ? WHERE number = ?", err, "ii", (int64_t)seq,
                    u.number);
    unlogged_free(&u);
    return st;
}

enum store_status batch_log_tokens(struct batch_db *b, const struct settings *s, const char *actor,
                                   struct store_error *err)
{
    for (int renewal = 0; renewal < 2; renewal++) {
        bool found = true;
        while (found) {
            enum store_status st = log_one(b, s, actor, renewal, &found, err);
            if (st != STORE_OK)
                return st;
        }
    }
    return STORE_OK;
}
