/*
 * batch_ledger - all that was ever dated, held in memory: for `verify --log`
 */
#include "db/batch_ledger.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/batch_internal.h"

struct ledger_batch {
    uint64_t number, first, last;
    struct ers_hash *leaves; /* in binary order */
    size_t count;
    bool whole; /* there is no rest after the last leaf */
};

struct batch_ledger {
    struct ledger_batch *batches; /* in order of `first` */
    size_t count, room;
};

static bool complain(struct strings *problems, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool complain(struct strings *problems, const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return strings_add(problems, text);
}

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

/* --- reading ----------------------------------------------------------------------------------*/

static enum store_status read_leaves(struct batch_db *b, uint64_t number, struct bytes *leaves,
                                     struct store_error *err)
{
    sqlite3_stmt *row = NULL;
    bool found = false;
    enum store_status st = db_query(b->db, "SELECT leaves FROM tile WHERE batch = ? ORDER BY place",
                                    &row, err, "i", (int64_t)number);
    while (st == STORE_OK && (st = db_step(b->db, row, &found, err)) == STORE_OK && found)
        if (!db_column_bytes(row, 0, leaves))
            st = no_memory(err);
    db_done(row);
    return st;
}

/* The next batch's place; the leaves become its own. */
static bool take(struct batch_ledger *l, const struct batch_token *t, struct bytes *leaves)
{
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 64;
        struct ledger_batch *more = realloc(l->batches, room * sizeof *more);
        if (!more)
            return false;
        l->batches = more;
        l->room = room;
    }
    struct ledger_batch *next = &l->batches[l->count++];
    *next = (struct ledger_batch){.number = t->number,
                                  .first = t->first,
                                  .last = t->last,
                                  .count = leaves->len / ERS_HASH,
                                  .whole = leaves->len % ERS_HASH == 0};
    next->leaves = (struct ers_hash *)(void *)leaves->data;
    *leaves = (struct bytes){0};
    return true;
}

/* --- judging ----------------------------------------------------------------------------------*/

static enum store_status check_root(const struct ledger_batch *batch, const struct batch_token *t,
                                    struct strings *problems, struct store_error *err)
{
    size_t count = batch->count;
    struct ers_hash root = {{0}}, *copy = malloc((count + 1) * sizeof *copy);
    bool sound =
        batch->whole && count > 0 && t->last >= t->first && count >= t->last - t->first + 1;
    if (!copy)
        return no_memory(err);
    if (sound) {
        memcpy(copy, batch->leaves, count * sizeof *copy);
        for (size_t i = 1; sound && i < count; i++)
            sound = ers_compare(&copy[i - 1], &copy[i]) < 0;
        sound =
            sound && ers_root(copy, count, &root) && memcmp(root.octets, t->root, ERS_HASH) == 0;
    }
    free(copy);
    if (!sound &&
        !complain(problems, "batch %" PRIu64 ": its tree does not lead to its root", t->number))
        return no_memory(err);
    return STORE_OK;
}

/* By any of the configured authorities: names may have changed since. */
static enum store_status check_token(const struct settings *s, const struct batch_token *t,
                                     struct strings *problems, struct store_error *err)
{
    struct store_error why = {.text = ""};
    for (size_t i = 0; i < s->tsa_count; i++)
        if (tsa_check(s->tsas[i].certificate, t->token.data, t->token.len, t->root, NULL, &why) ==
            STORE_OK)
            return STORE_OK;
    if (s->tsa_count && !complain(problems, "batch %" PRIu64 ": %s", t->number, why.text))
        return no_memory(err);
    return STORE_OK;
}

/* The log's own word of it: the "timestamp" entry names the token's hash. */
static enum store_status check_entry(struct batch_db *b, const struct batch_token *t,
                                     struct strings *problems, struct store_error *err)
{
    struct stored_entry e = {0};
    struct ers_hash hash;
    char hex[2 * ERS_HASH + 1] = "";
    if (t->entry == 0)
        return STORE_OK; /* the next `seal` enters it */
    enum store_status st = store_entry(b->store, t->entry, &e, err);
    bool same = st == STORE_OK && strcmp(e.event, "timestamp") == 0 && e.private_part.data &&
                batch_hash(t->token.data, t->token.len, &hash);
    for (size_t i = 0; same && i < ERS_HASH; i++)
        snprintf(hex + 2 * i, 3, "%02x", hash.octets[i]);
    same = same && memmem(e.private_part.data, e.private_part.len, hex, sizeof hex - 1);
    stored_entry_free(&e);
    if (st != STORE_OK && st != STORE_NOT_FOUND && st != STORE_CORRUPT)
        return st;
    if (!same && !complain(problems, "batch %" PRIu64 ": entry %" PRIu64 " does not name its token",
                           t->number, t->entry))
        return no_memory(err);
    return STORE_OK;
}

static enum store_status take_batch(struct batch_ledger *l, struct batch_db *b,
                                    const struct batch_token *t, struct strings *problems,
                                    struct store_error *err)
{
    struct bytes leaves = {0};
    uint64_t expected = l->count ? l->batches[l->count - 1].last + 1 : 1;
    if (t->first != expected &&
        !complain(problems, "batch %" PRIu64 " begins at entry %" PRIu64 ", not %" PRIu64,
                  t->number, t->first, expected))
        return no_memory(err);
    enum store_status st = read_leaves(b, t->number, &leaves, err);
    if (st == STORE_OK)
        st = check_entry(b, t, problems, err);
    if (st == STORE_OK && !take(l, t, &leaves))
        st = no_memory(err);
    bytes_free(&leaves);
    return st;
}

static bool complain_damaged(struct strings *problems, uint64_t number)
{
    return complain(problems, "batch %" PRIu64 " is missing or damaged", number);
}

static enum store_status take_all(struct batch_ledger *l, struct batch_db *b,
                                  struct strings *problems, struct store_error *err)
{
    int64_t last = 0;
    enum store_status st = batch_open_log(b, err);
    if (st == STORE_OK)
        st = db_number(b->db, "SELECT coalesce(max(number), 0) FROM batch", 0, &last, err, "");
    for (uint64_t number = 1; st == STORE_OK && number <= (uint64_t)last; number++) {
        struct batch_token t;
        st = batch_by_number(b, number, &t, err);
        if (st == STORE_OK)
            st = take_batch(l, b, &t, problems, err);
        else if (st == STORE_NOT_FOUND || st == STORE_CORRUPT)
            st = complain_damaged(problems, number) ? STORE_OK : no_memory(err);
        batch_token_free(&t);
    }
    return st;
}

enum store_status batch_ledger_open(const struct settings *s, struct batch_ledger **ledger,
                                    struct strings *problems, struct store_error *err)
{
    struct batch_db *b = NULL;
    *ledger = NULL;
    enum store_status st = batch_open(s->store_directory, &b, err);
    if (st != STORE_OK)
        return st == STORE_NOT_FOUND ? STORE_OK : st;
    struct batch_ledger *l = calloc(1, sizeof *l);
    st = l ? take_all(l, b, problems, err) : no_memory(err);
    batch_close_db(b);
    if (st == STORE_OK)
        *ledger = l;
    else
        batch_ledger_close(l);
    return st;
}

void batch_ledger_close(struct batch_ledger *l)
{
    for (size_t i = 0; l && i < l->count; i++)
        free(l->batches[i].leaves);
    if (l)
        free(l->batches);
    free(l);
}

/* --- a batch ----------------------------------------------------------------------------------*/

size_t batch_ledger_count(const struct batch_ledger *l)
{
    return l ? l->count : 0;
}

enum store_status batch_ledger_judge(const struct batch_ledger *l, size_t i, struct batch_db *b,
                                     const struct settings *s, struct strings *problems,
                                     struct store_error *err)
{
    const struct ledger_batch *batch = &l->batches[i];
    struct batch_token t;
    enum store_status st = batch_by_number(b, batch->number, &t, err);
    if (st == STORE_OK)
        st = check_root(batch, &t, problems, err);
    else if (st == STORE_NOT_FOUND || st == STORE_CORRUPT)
        st = complain_damaged(problems, batch->number) ? STORE_OK : no_memory(err);
    if (st == STORE_OK && t.token.data)
        st = check_token(s, &t, problems, err);
    batch_token_free(&t);
    return st;
}

/* --- an entry ---------------------------------------------------------------------------------*/

static const struct ledger_batch *find(const struct batch_ledger *l, uint64_t seq)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->batches[middle].last < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < l->count && l->batches[low].first <= seq ? &l->batches[low] : NULL;
}

enum store_status batch_ledger_check(const struct batch_ledger *l, EVP_MD_CTX *hash,
                                     const struct stored_entry *e, const struct exhibit *x,
                                     const struct bytes *signature, struct strings *problems,
                                     struct store_error *err)
{
    const struct ledger_batch *batch = l && e->private_part.data ? find(l, e->seq) : NULL;
    struct ers_hash group[GROUP_MOST], leaf;
    size_t count = 0;
    if (!batch)
        return STORE_OK;
    enum store_status st = batch_group_of(hash, e, signature, x->private_part, group, &count, err);
    if (st == STORE_OK && !ers_node(hash, group, count, &leaf))
        return store_fail(err, STORE_IO, "the crypto library cannot hash");
    bool dated = st == STORE_OK &&
                 bsearch(&leaf, batch->leaves, batch->count, sizeof leaf, ers_compare) != NULL;
    if (st != STORE_OK && st != STORE_CORRUPT)
        return st;
    return dated || strings_add(problems, "not what was dated: changed after its timestamp")
               ? STORE_OK
               : no_memory(err);
}
