/*
 * facts_feed - archived messages to the reader, facts to facts.db
 */
#include "db/facts_feed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/facts_json.h"
#include "db/msg.h"

void facts_feed_init(struct facts_feed *f, const struct settings *s, struct reader *reader,
                     int cancel_fd)
{
    *f = (struct facts_feed){.directory = s->store_directory,
                             .domain = s->company_domain,
                             .delimiter = s->delimiter,
                             .reader = reader,
                             .cancel_fd = cancel_fd};
}

void facts_feed_end(struct facts_feed *f)
{
    facts_db_close(f->db);
    store_close(f->log);
    f->db = NULL;
    f->log = NULL;
}

static enum store_status open_both(struct facts_feed *f, struct store_error *err)
{
    char *origin = NULL;
    enum store_status st = STORE_OK;
    if (f->db && !facts_db_current(f->db)) {
        facts_db_close(f->db);
        f->db = NULL;
    }
    if (!f->log)
        st = store_open(f->directory, STORE_READ, &f->log, err);
    if (st == STORE_OK && !f->db)
        st = store_origin(f->log, &origin, err);
    if (st == STORE_OK && !f->db)
        st = facts_db_open(f->directory, STORE_WRITE, origin, &f->db, err);
    free(origin);
    return st;
}

/* --- an order --------------------------------------------------------------------------------*/

struct order {
    struct reader_bundle bundle;
    struct fact_row rows[READER_BATCH];
    size_t count; /* rows with a state that is final */
};

_Static_assert((int)READER_BATCH == sizeof((struct facts_next *)NULL)->seqs / sizeof(uint64_t),
               "what is found fits into one order");

static void order_free(struct order *o)
{
    for (size_t i = 0; i < READER_BATCH; i++)
        fact_row_free(&o->rows[i]);
    reader_bundle_free(&o->bundle);
}

static bool put(const void *data, size_t len, void *context)
{
    return reader_bundle_put(context, data, len);
}

static enum store_status unread(struct order *o, uint64_t seq, const char *why,
                                struct store_error *err)
{
    struct fact_row *row = &o->rows[o->count];
    *row = (struct fact_row){.seq = seq, .state = FACT_UNREAD, .version = FACTS_VERSION};
    row->reason = strdup(why);
    if (!row->reason)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    o->count++;
    return STORE_OK;
}

/* A failure that may be this message's alone: is it the last one that is waited for? */
static bool blame(struct facts_feed *f, uint64_t seq)
{
    f->tries = f->blamed == seq ? f->tries + 1 : 1;
    f->blamed = seq;
    if (f->tries < FEED_TRIES)
        return false;
    f->blamed = f->tries = 0;
    return true;
}

/* The message of an entry into the bundle. *whole false: what is archived is not what was. After
   any failure the bundle is as it was. */
static enum store_status add_message(struct facts_feed *f, struct order *o, uint64_t seq,
                                     bool *whole, struct store_error *err)
{
    if (!reader_bundle_begin(&o->bundle))
        return store_fail(err, STORE_NO_MEMORY, "a message cannot be handed to its reader");
    enum store_status st = store_message(f->log, seq, put, &o->bundle, err);
    *whole = st == STORE_OK;
    if (*whole)
        return STORE_OK;
    if (!reader_bundle_undo(&o->bundle))
        return store_fail(err, STORE_NO_MEMORY, "a message cannot be handed to its reader");
    return st == STORE_CORRUPT || st == STORE_NOT_FOUND ? STORE_OK : st;
}

/* As many of the messages as one order may hold; the first in any case. */
static enum store_status fill(struct facts_feed *f, const struct facts_next *next, struct order *o,
                              struct store_error *err)
{
    bool whole = true;
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && whole && i < next->count; i++) {
        if (i > 0 && o->bundle.octets + next->sizes[i] > READER_BATCH_OCTETS)
            break;
        st = add_message(f, o, next->seqs[i], &whole, err);
        if (i > 0 && st != STORE_NO_MEMORY)
            st = STORE_OK; /* its turn comes, as the first */
        else if (st == STORE_OK && !whole)
            st = unread(o, next->seqs[i], "what is archived is not what was: temoin verify --log",
                        err);
        else if (st != STORE_OK && st != STORE_NO_MEMORY && blame(f, next->seqs[i]))
            st = unread(o, next->seqs[i], err->text, err);
    }
    return st;
}

/* --- answers ---------------------------------------------------------------------------------*/

struct answering {
    struct order *order;
    const uint64_t *seqs; /* of the bundle */
};

static bool take(size_t i, json_t *answer, void *context)
{
    const struct answering *a = context;
    struct fact_row *row = &a->order->rows[a->order->count];
    json_t *facts = facts_take(json_object_get(answer, "facts"));
    json_decref(answer);
    if (!facts || !facts_check_tokens(facts, NULL, NULL)) {
        json_decref(facts);
        return false;
    }
    *row = (struct fact_row){
        .seq = a->seqs[i], .state = FACT_READ, .version = FACTS_VERSION, .facts = facts};
    a->order->count++;
    return true;
}

static enum store_status ask(struct facts_feed *f, struct order *o, const uint64_t *seqs,
                             struct reader_outcome *how, struct store_error *err)
{
    struct answering a = {o, seqs};
    const struct reader_options options = {
        .facts = true, .domain = f->domain, .delimiter = f->delimiter};
    return reader_ask(f->reader, &o->bundle, &options, f->cancel_fd, take, &a, how, err);
}

/* The one that its process died of, alone. */
static enum store_status ask_again(struct facts_feed *f, struct order *o, const uint64_t *seqs,
                                   struct reader_outcome *how, struct store_error *err)
{
    bool whole = true;
    const uint64_t seq = seqs[o->count];
    reader_bundle_free(&o->bundle);
    enum store_status st = add_message(f, o, seq, &whole, err);
    if (st != STORE_OK || !whole) /* erased meanwhile: the next step finds out */
        return st;
    st = ask(f, o, &seq, how, err);
    return st == STORE_OK && how->answered == 0 ? unread(o, seq, how->why, err) : st;
}

/* All of the bundle that can be read, at least up to the first that cannot. */
static enum store_status ask_all(struct facts_feed *f, struct order *o, const uint64_t *seqs,
                                 struct store_error *err)
{
    struct reader_outcome how;
    size_t wanted = o->bundle.count;
    enum store_status st = ask(f, o, seqs, &how, err);
    if (st == STORE_OK && how.answered < wanted)
        st = ask_again(f, o, seqs, &how, err);
    if (st != STORE_OK && st != STORE_NO_MEMORY && o->count)
        return STORE_OK; /* the one that it failed for is the next step's first */
    if (st == STORE_BUSY && how.late && blame(f, seqs[0]))
        return unread(o, seqs[0], err->text, err);
    return st;
}

static enum store_status step(struct facts_feed *f, size_t *read, struct store_error *err)
{
    struct facts_next next = {.count = 0};
    struct order o = {.bundle = {.fd = -1}};
    enum store_status st = open_both(f, err);
    if (st == STORE_OK)
        st = facts_db_next(f->db, f->log, &next, err);
    if (st != STORE_OK || next.count == 0)
        return st;
    if (next.seqs[0] == f->blamed)
        next.count = 1;
    st = fill(f, &next, &o, err);
    if (st == STORE_OK && o.count == 0)
        st = ask_all(f, &o, next.seqs, err);
    if (st == STORE_OK)
        st = facts_db_put(f->db, f->log, o.rows, o.count, next.again, err);
    if (st == STORE_OK) {
        *read = o.count;
        f->blamed = f->tries = 0;
    }
    for (size_t i = 0; st == STORE_OK && i < o.count; i++)
        if (o.rows[i].state == FACT_UNREAD)
            msg_warn("entry %" PRIu64 ": message not read: %s", o.rows[i].seq, o.rows[i].reason);
    order_free(&o);
    return st;
}

enum store_status facts_feed_step(struct facts_feed *f, size_t *read, struct store_error *err)
{
    struct store_error why;
    *read = 0;
    enum store_status st = step(f, read, err);
    if (st != STORE_OK)
        facts_feed_end(f);
    if (st == STORE_CORRUPT && facts_db_mend(f->directory, &why) != STORE_OK)
        msg_warn("%s", why.text);
    return st;
}
