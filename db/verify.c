/*
 * verify - is the log what was written? Every hash, signature, chain and the root
 *
 * Threads take slices of entries and hold each entry against its witnesses (exhibit.c); what
 * needs all entries in order, that is gaps, dossier chains, the dossiers' index and the tree's
 * root, is done afterwards by one thread (verify_order.c) from what the others collected:
 * 33 octets an entry and some 64 for each of its dossiers.
 */
#include "db/verify_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    SLICE = 64,               /* entries that are looked at in one view */
    VIEW_OCTETS = 512 * 1024, /* of messages, after which the view is a new one */
    THREADS_MAX = 64,
    PROGRESS_MS = 250,
};

/* --- findings -------------------------------------------------------------------------------*/

bool verdict_add(struct verdict *v, uint64_t seq, const char *format, ...)
{
    if (v->count == v->room) {
        size_t room = v->room ? 2 * v->room : 16;
        struct finding *grown = realloc(v->findings, room * sizeof *grown);
        if (!grown)
            return false;
        v->findings = grown;
        v->room = room;
    }
    char *what = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&what, format, args);
    va_end(args);
    if (len < 0)
        return false;
    v->findings[v->count++] = (struct finding){.seq = seq, .what = what};
    return true;
}

void verdict_free(struct verdict *v)
{
    for (size_t i = 0; i < v->count; i++)
        free(v->findings[i].what);
    free(v->findings);
    *v = (struct verdict){0};
}

static int finding_order(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    uint64_t left = x->seq ? x->seq : UINT64_MAX, right = y->seq ? y->seq : UINT64_MAX;
    return left != right ? (left < right ? -1 : 1) : strcmp(x->what, y->what);
}

json_t *verdict_json(const struct verdict *v)
{
    json_t *findings = json_array();
    for (size_t i = 0; findings && i < v->count; i++) {
        const struct finding *f = &v->findings[i];
        json_t *one = f->seq ? json_pack("{s:I, s:s}", "seq", (json_int_t)f->seq, "what", f->what)
                             : json_pack("{s:s}", "what", f->what);
        if (json_array_append_new(findings, one) < 0) {
            json_decref(findings);
            return NULL;
        }
    }
    char root[2 * TREE_HASH + 1] = "";
    if (v->root_checked)
        record_hex(v->root, TREE_HASH, root);
    return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:s*, s:o}", "intact", v->count == 0,
                     "entries", (json_int_t)v->entries, "sealed", (json_int_t)v->sealed, "unsigned",
                     (json_int_t)v->unsigned_yet, "messages", (json_int_t)v->messages, "erased",
                     (json_int_t)v->erased, "dossiers", (json_int_t)v->dossiers, "root",
                     root[0] ? root : NULL, "findings", findings);
}

/* --- a thread -------------------------------------------------------------------------------*/

struct worker {
    struct verification *all;
    struct exhibit_witnesses against;
    uint64_t last;        /* of the slice */
    uint64_t next;        /* the first entry of the slice that was not seen */
    uint64_t view_octets; /* of messages, in this view */
    uint64_t erased, messages;
    struct places places;
    struct store_error err;
    enum store_status status;
};

static bool stop_with(struct worker *w, enum store_status st, const struct store_error *err)
{
    w->status = st;
    if (err)
        w->err = *err;
    return false;
}

static void view_end(struct worker *w)
{
    store_view_end(w->against.store);
    seal_view_end(w->against.seals);
}

/* Signatures are looked at in a later moment than entries, never an earlier one. */
static enum store_status view_anew(struct worker *w)
{
    view_end(w);
    w->view_octets = 0;
    enum store_status st = store_view_begin(w->against.store, &w->err);
    return st == STORE_OK ? seal_view_begin(w->against.seals, &w->err) : st;
}

static bool report(struct worker *w, uint64_t seq, const struct strings *problems)
{
    bool done = true;
    if (problems->count == 0)
        return true;
    pthread_mutex_lock(&w->all->lock);
    for (size_t i = 0; done && i < problems->count; i++)
        done = verdict_add(w->all->verdict, seq, "%s", problems->items[i]);
    pthread_mutex_unlock(&w->all->lock);
    return done;
}

static bool note_unsigned(struct worker *w, const struct exhibit *x, uint64_t seq)
{
    struct verdict *v = w->all->verdict;
    bool done = true;
    pthread_mutex_lock(&w->all->lock);
    v->unsigned_yet++;
    if (x->time < 0 || w->all->now - x->time > VERIFY_UNSIGNED_S)
        done = verdict_add(v, seq, "not signed since %s: is the sealer running?",
                           x->time_text ? x->time_text : "an unknown time");
    pthread_mutex_unlock(&w->all->lock);
    return done;
}

/* Remember what the ordered part needs. The leaf is the one that still has a witness. */
static bool collect(struct worker *w, const struct stored_entry *e, const struct exhibit *x,
                    const struct exhibit_judgement *j)
{
    struct verification *all = w->all;
    memcpy(all->leaves + (e->seq - 1) * TREE_HASH, j->is_signed ? x->leaf : e->leaf, TREE_HASH);
    all->seen[e->seq - 1] = j->record_sound ? SEEN_READ : SEEN_ALTERED;
    w->erased += !e->private_part.data;
    w->messages += x->has_message && !x->message_dropped && e->private_part.data;
    bool done = j->is_signed || e->seq <= all->verdict->sealed || note_unsigned(w, x, e->seq);
    for (size_t i = 0; done && j->record_sound && i < x->place_count; i++)
        done = places_add(&w->places, e->seq, &x->places[i]);
    return done;
}

static enum store_status judge(struct worker *w, const struct stored_entry *e,
                               const struct exhibit *x, struct exhibit_judgement *j)
{
    enum store_status st = exhibit_check(e, x, &w->against, j, &w->err);
    if (st == STORE_OK && j->problems.count == 0)
        st = verify_index(w->all, w->against.store, x, &j->problems, &w->err);
    if (st == STORE_OK && j->problems.count == 0)
        st = batch_ledger_check(w->all->dated, w->against.hash, e, x, &j->signature, &j->problems,
                                &w->err);
    return st;
}

/* An entry that looks damaged is read once more: its message may have moved meanwhile. */
static enum store_status second_look(struct worker *w, uint64_t seq, struct exhibit_judgement *j)
{
    struct stored_entry e = {0};
    struct exhibit x;
    struct store_error why;
    enum store_status st = view_anew(w);
    if (st != STORE_OK)
        return st;
    if (store_entry(w->against.store, seq, &e, &why) != STORE_OK)
        return STORE_OK; /* the first judgement stands */
    exhibit_judgement_free(j);
    st = STORE_NO_MEMORY;
    if (exhibit_read(&e, &x)) {
        st = judge(w, &e, &x, j);
        exhibit_free(&x);
    }
    stored_entry_free(&e);
    return st;
}

static bool take_entry(const struct stored_entry *e, void *context)
{
    struct worker *w = context;
    if (e->seq > w->last)
        return false;
    struct exhibit x;
    if (!exhibit_read(e, &x))
        return stop_with(w, STORE_NO_MEMORY, NULL);
    struct exhibit_judgement j = {0};
    enum store_status st = w->view_octets > VIEW_OCTETS ? view_anew(w) : STORE_OK;
    if (st == STORE_OK)
        st = judge(w, e, &x, &j);
    w->view_octets += x.size;
    if (st == STORE_OK && j.problems.count)
        st = second_look(w, e->seq, &j);
    if (st == STORE_OK && !(report(w, e->seq, &j.problems) && collect(w, e, &x, &j)))
        st = STORE_NO_MEMORY;
    exhibit_judgement_free(&j);
    exhibit_free(&x);
    w->next = e->seq + 1;
    atomic_fetch_add(&w->all->done, 1);
    if (st != STORE_OK)
        return stop_with(w, st, NULL);
    return e->seq < w->last;
}

/* A row that cannot be read is a finding. */
static void take_one(struct worker *w, uint64_t seq)
{
    struct stored_entry e = {0};
    struct store_error err = {0};
    enum store_status st = store_entry(w->against.store, seq, &e, &err);
    if (st == STORE_OK)
        take_entry(&e, w);
    else if (st == STORE_CORRUPT || st == STORE_INVALID) {
        struct strings problem = {0};
        if (!strings_add(&problem, err.text) || !report(w, seq, &problem))
            stop_with(w, STORE_NO_MEMORY, NULL);
        strings_free(&problem);
        w->all->seen[seq - 1] = SEEN_UNREADABLE;
    } else if (st != STORE_NOT_FOUND)
        stop_with(w, st, &err);
    stored_entry_free(&e);
}

/* Where a slice cannot be read as a whole, its entries are read one by one. */
static void take_slice(struct worker *w, uint64_t first)
{
    uint64_t entries = w->all->verdict->entries;
    struct store_error err = {0};
    w->last = entries - first < SLICE ? entries : first + SLICE - 1;
    w->next = first;
    enum store_status st = view_anew(w);
    if (st != STORE_OK) {
        stop_with(w, st, NULL);
        return;
    }
    st = store_each_entry(w->against.store, first, take_entry, w, &err);
    if (w->status != STORE_OK || st == STORE_OK)
        return;
    if (st != STORE_CORRUPT && st != STORE_INVALID) {
        stop_with(w, st, &err);
        return;
    }
    for (uint64_t seq = w->next; w->status == STORE_OK && seq <= w->last; seq++)
        take_one(w, seq);
}

/* Tokens cost more than entries do, and nothing waits for them: whoever is free takes one. */
static void judge_batches(struct worker *w)
{
    struct verification *all = w->all;
    struct batch_db *db = NULL;
    size_t i, count = batch_ledger_count(all->dated);
    enum store_status st = STORE_OK;
    while (st == STORE_OK && (i = atomic_fetch_add(&all->next_batch, 1)) < count) {
        struct strings problems = {0};
        if (!db)
            st = batch_open(all->settings->store_directory, &db, &w->err);
        if (st == STORE_OK)
            st = batch_ledger_judge(all->dated, i, db, all->settings, &problems, &w->err);
        if (st == STORE_OK && !report(w, 0, &problems))
            st = STORE_NO_MEMORY;
        strings_free(&problems);
    }
    batch_close_db(db);
    if (st != STORE_OK)
        stop_with(w, st, NULL);
}

static enum store_status worker_open(struct worker *w)
{
    const struct settings *s = w->all->settings;
    enum store_status st = store_open(s->store_directory, STORE_READ, &w->against.store, &w->err);
    if (st == STORE_OK)
        st = seal_store_open(s->store_directory, STORE_READ, &w->against.seals, &w->err);
    if (st == STORE_OK)
        st = seal_judge_open(s->seal_certificate, &w->against.judge, &w->err);
    w->against.hash = sha256_new();
    w->against.plain = sha256_new();
    if (st == STORE_OK && !(w->against.hash && w->against.plain))
        st = store_fail(&w->err, STORE_NO_MEMORY, "out of memory");
    return st;
}

/* What the worker has counted and found becomes everybody's. */
static bool hand_in(struct worker *w)
{
    struct verification *all = w->all;
    all->verdict->erased += w->erased;
    all->verdict->messages += w->messages;
    return places_append(&all->places, &w->places);
}

static void *worker_run(void *context)
{
    struct worker *w = context;
    struct verification *all = w->all;
    w->status = worker_open(w);
    w->against.signed_up_to = all->verdict->sealed;
    if (w->status == STORE_OK)
        judge_batches(w);
    while (w->status == STORE_OK && !atomic_load(&all->failed)) {
        uint64_t first = atomic_fetch_add(&all->next, SLICE);
        if (first > all->verdict->entries)
            break;
        take_slice(w, first);
    }
    EVP_MD_CTX_free(w->against.hash);
    EVP_MD_CTX_free(w->against.plain);
    seal_judge_close(w->against.judge);
    seal_store_close(w->against.seals);
    store_close(w->against.store);
    pthread_mutex_lock(&all->lock);
    if (w->status == STORE_OK && !hand_in(w))
        w->status = STORE_NO_MEMORY;
    if (w->status != STORE_OK)
        atomic_store(&all->failed, true);
    all->running--;
    pthread_cond_signal(&all->ended);
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

/* --- all of them ----------------------------------------------------------------------------*/

static void wait_for_all(struct verification *all, void (*progress)(uint64_t, uint64_t))
{
    pthread_mutex_lock(&all->lock);
    while (all->running > 0) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += PROGRESS_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        if (pthread_cond_timedwait(&all->ended, &all->lock, &until) == ETIMEDOUT && progress)
            progress(atomic_load(&all->done), all->verdict->entries);
    }
    pthread_mutex_unlock(&all->lock);
}

static enum store_status run_workers(struct verification *all, void (*progress)(uint64_t, uint64_t),
                                     struct store_error *err)
{
    struct worker *workers = calloc(THREADS_MAX, sizeof *workers);
    pthread_t threads[THREADS_MAX];
    if (!workers)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t slices = all->verdict->entries / SLICE + 1;
    size_t wanted = processors < 1             ? 1
                    : processors > THREADS_MAX ? THREADS_MAX
                                               : (size_t)processors;
    if (slices < wanted)
        wanted = (size_t)slices;
    size_t started = 0;
    for (; started < wanted; started++) {
        workers[started].all = all;
        pthread_mutex_lock(&all->lock);
        all->running++;
        pthread_mutex_unlock(&all->lock);
        if (pthread_create(&threads[started], NULL, worker_run, &workers[started]) != 0) {
            pthread_mutex_lock(&all->lock);
            all->running--;
            pthread_mutex_unlock(&all->lock);
            break;
        }
    }
    enum store_status st =
        started ? STORE_OK : store_fail(err, STORE_NO_MEMORY, "no thread could be started");
    if (st == STORE_OK)
        st = verify_claims(all, err);
    wait_for_all(all, progress);
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        free(workers[i].places.items);
        if (st == STORE_OK && workers[i].status != STORE_OK)
            st = store_fail(err, workers[i].status, "%s",
                            workers[i].err.text[0] ? workers[i].err.text : "out of memory");
    }
    free(workers);
    return st;
}

/* What was dated by a third party; tokens are judged by the workers. */
static enum store_status open_ledger(struct verification *all, struct store_error *err)
{
    struct strings problems = {0};
    enum store_status st = batch_ledger_open(all->settings, &all->dated, &problems, err);
    for (size_t i = 0; st == STORE_OK && i < problems.count; i++)
        if (!verdict_add(all->verdict, 0, "%s", problems.items[i]))
            st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    strings_free(&problems);
    return st;
}

/* Where the log's last page cannot be read, what was signed is looked at; the rest is a finding. */
static enum store_status last_entry(struct store *store, struct verdict *v, uint64_t *last,
                                    struct store_error *err)
{
    enum store_status st = store_last_seq(store, last, err);
    if (st != STORE_CORRUPT)
        return st;
    *last = 0;
    return verdict_add(v, 0, "where the log ends cannot be read: %s", err->text)
               ? STORE_OK
               : store_fail(err, STORE_NO_MEMORY, "out of memory");
}

/* Head first, then the log's end: so the head can never be ahead of an honest log. */
static enum store_status measure(struct verification *all, struct store_error *err)
{
    const char *directory = all->settings->store_directory;
    struct verdict *v = all->verdict;
    struct store *store = NULL;
    struct seal_store *seals = NULL;
    struct store_error why = {0};
    uint64_t last = 0;
    enum store_status st = seal_store_open(directory, STORE_READ, &seals, err);
    if (st == STORE_OK) {
        st = seal_head(seals, &all->head, &why);
        if (st == STORE_CORRUPT) {
            all->head_damaged = true;
            st = seal_last(seals, &all->head.size, err); /* what the head ought to say */
            if (st == STORE_OK && !verdict_add(v, 0, "%s", why.text))
                st = store_fail(err, STORE_NO_MEMORY, "out of memory");
        } else if (st != STORE_OK)
            store_fail(err, st, "%s", why.text);
    }
    if (st == STORE_OK)
        st = store_open(directory, STORE_READ, &store, err);
    if (st == STORE_OK)
        st = last_entry(store, v, &last, err);
    store_close(store);
    seal_store_close(seals);
    v->sealed = all->head.size;
    v->entries = last > v->sealed ? last : v->sealed;
    return st;
}

enum store_status verify_log(const struct settings *s, int64_t now,
                             void (*progress)(uint64_t done, uint64_t of), struct verdict *v,
                             struct store_error *err)
{
    struct verification all = {.settings = s, .now = now, .verdict = v};
    atomic_init(&all.next_batch, 0);
    atomic_init(&all.next, 1);
    enum store_status st = measure(&all, err);
    if (st != STORE_OK)
        return st;
    pthread_mutex_init(&all.lock, NULL);
    pthread_cond_init(&all.ended, NULL);
    all.leaves = calloc(v->entries + 1, TREE_HASH);
    all.seen = calloc(v->entries + 1, 1);
    if (!all.leaves || !all.seen)
        st = store_fail(err, STORE_NO_MEMORY, "no memory for %" PRIu64 " entries", v->entries);
    if (st == STORE_OK)
        st = open_ledger(&all, err);
    if (st == STORE_OK)
        st = run_workers(&all, progress, err);
    if (st == STORE_OK)
        st = verify_order(&all, err);
    if (v->count > 1)
        qsort(v->findings, v->count, sizeof *v->findings, finding_order);
    free(all.leaves);
    free(all.seen);
    free(all.places.items);
    strings_free(&all.misnamed);
    batch_ledger_close(all.dated);
    verify_claims_free(&all);
    pthread_cond_destroy(&all.ended);
    pthread_mutex_destroy(&all.lock);
    return st;
}
