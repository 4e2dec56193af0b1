/*
 * evidence_dates - what a timestamp authority says of the entries in an evidence file
 *
 * Each entry that a batch dates has an evidence record (RFC 4998) of its own files. Where a part
 * was erased since, that group is no more whole; then the record is about the batch's checkpoint
 * and the log's key, and the inclusion proof leads from there to the public record.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/evidence_internal.h"
#include "db/record.h"

enum { NAME = 80 };

enum store_status evidence_dates_open(struct making *m)
{
    enum store_status st = batch_open(m->settings->store_directory, &m->dates, m->err);
    if (st != STORE_NOT_FOUND)
        return st;
    m->dates = NULL;
    return STORE_OK;
}

enum store_status evidence_batch_of(struct making *m, uint64_t seq, uint64_t *number)
{
    struct batch_bounds b = {0};
    *number = 0;
    if (!m->dates)
        return STORE_OK;
    enum store_status st = batch_bounds(m->dates, seq, &b, m->err);
    *number = b.number;
    return st;
}

enum store_status evidence_bounds(void *context, uint64_t seq, struct view_bounds *out,
                                  struct store_error *err)
{
    const struct making *m = context;
    struct batch_bounds b = {0};
    if (!m->dates)
        return STORE_OK;
    enum store_status st = batch_bounds(m->dates, seq, &b, err);
    if (st == STORE_OK && b.not_before)
        record_time(b.not_before, out->not_before);
    if (st == STORE_OK && b.not_after)
        record_time(b.not_after, out->not_after);
    out->batch = st == STORE_OK ? b.number : 0;
    return st;
}

/* --- tokens ---------------------------------------------------------------------------------*/

static const struct batch_token *token_of(const struct making *m, uint64_t number)
{
    for (size_t i = 0; i < m->token_count; i++)
        if (m->tokens[i].number == number)
            return &m->tokens[i];
    return NULL;
}

static int by_number(const void *a, const void *b)
{
    const struct batch_token *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

enum store_status evidence_load_tokens(struct making *m)
{
    enum store_status st = STORE_OK;
    m->tokens = calloc(m->plan.count + 1, sizeof *m->tokens);
    if (!m->tokens)
        return evidence_no_memory(m);
    for (size_t i = 0; st == STORE_OK && i < m->plan.count; i++) {
        const struct placed *e = &m->plan.entries[i];
        if (e->volume != m->volume || !e->batch || token_of(m, e->batch))
            continue;
        st = batch_by_number(m->dates, e->batch, &m->tokens[m->token_count], m->err);
        m->token_count += st == STORE_OK;
    }
    qsort(m->tokens, m->token_count, sizeof *m->tokens, by_number);
    return st;
}

void evidence_free_tokens(struct making *m)
{
    for (size_t i = 0; i < m->token_count; i++)
        batch_token_free(&m->tokens[i]);
    free(m->tokens);
    m->tokens = NULL;
    m->token_count = 0;
}

static enum store_status put_copy(struct making *m, const char *name, const struct bytes *data)
{
    struct bytes copy = {0};
    enum store_status st = bytes_append(&copy, data->data, data->len)
                               ? container_add(m->container, name, &copy, m->err)
                               : evidence_no_memory(m);
    bytes_free(&copy);
    return st;
}

enum store_status evidence_put_tokens(struct making *m)
{
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < m->token_count; i++) {
        const struct batch_token *t = &m->tokens[i];
        char name[NAME];
        snprintf(name, sizeof name, "batches/%03" PRIu64 ".tst", t->number);
        st = put_copy(m, name, &t->token);
        snprintf(name, sizeof name, "batches/%03" PRIu64 ".checkpoint", t->number);
        if (st == STORE_OK && t->checkpoint.len)
            st = put_copy(m, name, &t->checkpoint);
    }
    return st;
}

/* --- evidence records -----------------------------------------------------------------------*/

static bool in_container(const struct making *m, const char *name)
{
    size_t count;
    const struct container_file *files = container_files(m->container, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(files[i].name, name) == 0)
            return true;
    return false;
}

/* The files of an entry that are there. */
static bool group_names(const struct making *m, const struct placed *e, struct strings *names)
{
    static const char *const endings[] = {".json", ".json.p7s", ".private.json", ".eml"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char name[NAME];
        snprintf(name, sizeof name, "entries/%s%s", e->stem, endings[i]);
        if (in_container(m, name) && !strings_add(names, name))
            return false;
    }
    return true;
}

/* The record of {checkpoint, log key}, once a batch, and where the key is still the same. */
static enum store_status put_checkpoint_record(struct making *m, uint64_t number)
{
    struct bytes record = {0};
    struct strings names = {0};
    char stem[40], name[NAME];
    snprintf(stem, sizeof stem, "-batch-%03" PRIu64, number);
    snprintf(name, sizeof name, "META-INF/evidencerecord%s.ers", stem);
    if (in_container(m, name) || !in_container(m, "log/log.pub.pem"))
        return STORE_OK;
    enum store_status st = batch_checkpoint_record(m->dates, number, &record, m->err);
    snprintf(name, sizeof name, "batches/%03" PRIu64 ".checkpoint", number);
    if (st == STORE_OK && !(strings_add(&names, name) && strings_add(&names, "log/log.pub.pem")))
        st = evidence_no_memory(m);
    if (st == STORE_OK)
        st = asic_evidence(m->container, stem, &names, &record, m->err);
    strings_free(&names);
    bytes_free(&record);
    return st == STORE_NOT_FOUND ? STORE_OK : st;
}

static enum store_status put_record(struct making *m, const struct placed *e)
{
    struct bytes record = {0};
    struct strings names = {0};
    enum store_status st = batch_evidence_record(m->dates, e->seq, &record, m->err);
    if (st == STORE_NOT_FOUND)
        st = put_checkpoint_record(m, e->batch);
    else if (st == STORE_OK) {
        st = group_names(m, e, &names) ? STORE_OK : evidence_no_memory(m);
        if (st == STORE_OK)
            st = asic_evidence(m->container, e->stem, &names, &record, m->err);
    }
    strings_free(&names);
    bytes_free(&record);
    return st;
}

enum store_status evidence_put_records(struct making *m)
{
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < m->plan.count; i++)
        if (m->plan.entries[i].volume == m->volume && m->plan.entries[i].batch)
            st = put_record(m, &m->plan.entries[i]);
    return st;
}
