/*
 * evidence - the evidence file of an invoice
 *
 * A volume is made twice when the authority that is to date it as a whole does not answer: what
 * its LISEZMOI tells to check must be there.
 */
#include "db/evidence.h"

#include <ctype.h>
#include <glib.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/evidence_internal.h"
#include "db/scribe_client.h"
#include "db/wire.h"

enum { NAME_MAX_OCTETS = 100 };

enum store_status evidence_no_memory(struct making *m)
{
    return store_fail(m->err, STORE_NO_MEMORY, "out of memory");
}

/* --- before ---------------------------------------------------------------------------------*/

char *evidence_file_name(const char *invoice)
{
    struct bytes name = {0};
    char *clean = g_utf8_make_valid(invoice, -1);
    char *ascii = g_str_to_ascii(clean, "C"); /* "é" becomes "e" */
    bool done = true;
    for (const char *c = ascii; done && *c && name.len < NAME_MAX_OCTETS; c++) {
        bool plain = isalnum((unsigned char)*c) || *c == '_' || (name.len && strchr("-.", *c));
        done = bytes_append(&name, plain ? c : "_", 1);
    }
    g_free(ascii);
    g_free(clean);
    if (done && name.len == 0)
        done = bytes_puts(&name, "dossier");
    if (done && bytes_puts(&name, ".asice"))
        return bytes_steal(&name);
    bytes_free(&name);
    return NULL;
}

static enum store_status has_dossier(const struct settings *s, const char *invoice,
                                     struct store_error *err)
{
    struct store *store = NULL;
    struct dossier d = {0};
    enum store_status st = store_open(s->store_directory, STORE_READ, &store, err);
    if (st != STORE_OK)
        return st;
    st = store_dossier(store, invoice, &d, err);
    if (st == STORE_NOT_FOUND)
        store_fail(err, st, "%s: nothing was ever filed for this invoice: is the number right?",
                   invoice);
    dossier_free(&d);
    store_close(store);
    return st;
}

enum store_status evidence_announce(const struct evidence_order *o, uint64_t *seq,
                                    struct store_error *err)
{
    enum store_status st = has_dossier(o->settings, o->invoice, err);
    if (st != STORE_OK)
        return st;
    struct entry e;
    struct appended done = {0};
    entry_init(&e);
    e.event = "export";
    e.actor = o->actor;
    e.private_part = json_pack("{s:s, s:o, s:o}", "what", "evidence", "invoice",
                               json_foreign(o->invoice), "file", json_foreign(o->file));
    if (e.private_part && strings_add(&e.dossiers, o->invoice))
        st = log_append(o->settings, &e, &done, err);
    else
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    *seq = done.seq;
    appended_free(&done);
    entry_free(&e);
    return st;
}

enum store_status evidence_date(const struct evidence_order *o, struct strings *remarks,
                                struct store_error *err)
{
    struct batch_closed done = {0};
    struct store_error why = {.text = ""};
    if (o->settings->tsa_count == 0)
        return STORE_OK;
    enum store_status st = batch_close(o->settings, o->actor, false, &done, &why);
    bool noted = strings_add_all(remarks, &done.remarks);
    if (st != STORE_OK && noted)
        noted = strings_add(remarks, why.text);
    batch_closed_free(&done);
    return noted ? STORE_OK : store_fail(err, STORE_NO_MEMORY, "out of memory");
}

/* --- the file -------------------------------------------------------------------------------*/

static enum store_status sources_open(struct making *m)
{
    const struct settings *s = m->settings;
    struct timeline_sources *from = &m->sources;
    from->unread = true; /* the messages are read anew: dossier_view */
    enum store_status st = store_open(s->store_directory, STORE_READ, &from->store, m->err);
    if (st == STORE_OK)
        st = seal_store_open(s->store_directory, STORE_READ, &from->seals, m->err);
    if (st == STORE_OK)
        st = evidence_dates_open(m);
    if (st == STORE_OK)
        st = store_origin(from->store, &m->origin, m->err);
    if (st == STORE_OK) {
        st = dkim_index_open(s->store_directory, STORE_READ, &from->keys, m->err);
        st = st == STORE_NOT_FOUND ? STORE_OK : st;
    }
    if (st == STORE_OK) {
        st = register_open(s->store_directory, STORE_READ, &from->bills, m->err);
        st = st == STORE_NOT_FOUND ? STORE_OK : st;
    }
    m->witnesses.store = from->store;
    m->witnesses.seals = from->seals;
    return st;
}

static enum store_status plan(struct making *m)
{
    enum store_status st = sources_open(m);
    if (st == STORE_OK)
        st = store_dossier(m->sources.store, m->invoice, &m->dossier, m->err);
    if (st == STORE_OK)
        st = timeline_load(&m->sources, m->invoice, &m->timeline, m->err);
    if (st != STORE_OK)
        return st;
    /* What came in later is not in the file, and what waits in review belongs to nobody yet. */
    timeline_cut(&m->timeline, m->last);
    return plan_make(m, &m->plan);
}

static enum store_status keys_open(struct making *m)
{
    const struct settings *s = m->settings;
    enum store_status st = seal_judge_open(s->seal_certificate, &m->witnesses.judge, m->err);
    if (st == STORE_OK)
        st = seal_fingerprint(s->seal_certificate, m->fingerprint, m->err);
    if (st == STORE_OK)
        st = seal_fingerprint(s->export_certificate, m->export_fingerprint, m->err);
    if (st == STORE_OK)
        st = seal_key_open(s->export_key, s->export_certificate, &m->export_key, m->err);
    m->witnesses.signed_up_to = m->last;
    m->witnesses.hash = sha256_new();
    m->witnesses.plain = sha256_new();
    if (st == STORE_OK && !(m->witnesses.hash && m->witnesses.plain))
        st = evidence_no_memory(m);
    return st;
}

static enum store_status view_load(struct making *m, struct reader *reader)
{
    const struct dossier_view_sources from = {.timeline = m->sources,
                                              .company = m->settings->company_name,
                                              .domain = m->settings->company_domain,
                                              .origin = m->origin,
                                              .seal_fingerprint = m->fingerprint,
                                              .export_fingerprint = m->export_fingerprint,
                                              .file = m->order->file,
                                              .exported = m->now,
                                              .reader = reader,
                                              .bounds = evidence_bounds,
                                              .bounds_context = m,
                                              .dates = m->dates};
    return dossier_view_load(&from, m->invoice, m->last, &m->view, m->err);
}

static void making_free(struct making *m)
{
    dossier_view_free(&m->view);
    log_proofs_close(m->proofs);
    batch_close_db(m->dates);
    plan_free(&m->plan);
    timeline_free(&m->timeline);
    dossier_free(&m->dossier);
    free(m->origin);
    seal_key_free(m->export_key);
    seal_judge_close(m->witnesses.judge);
    EVP_MD_CTX_free(m->witnesses.hash);
    EVP_MD_CTX_free(m->witnesses.plain);
    dkim_index_close(m->sources.keys);
    register_close(m->sources.bills);
    seal_store_close(m->sources.seals);
    store_close(m->sources.store);
}

/* Everything but the archive's end. */
static enum store_status volume_fill(struct making *m)
{
    enum store_status st = evidence_load_tokens(m);
    if (st == STORE_OK)
        st = evidence_put_texts(m);
    if (st == STORE_OK)
        st = evidence_put_entries(m);
    if (st == STORE_OK)
        st = evidence_put_keys(m);
    if (st == STORE_OK)
        st = evidence_put_log(m);
    if (st == STORE_OK)
        st = evidence_put_tokens(m);
    if (st == STORE_OK)
        st = asic_sign(m->container, m->export_key, &m->settings->seal_crls, m->err);
    return st == STORE_OK ? evidence_put_records(m) : st;
}

/* *refused: no authority dates it; nothing is written then. */
static enum store_status volume_try(struct making *m, int fd, bool *refused)
{
    m->container = asic_new(fd, m->err);
    enum store_status st = m->container ? volume_fill(m) : STORE_IO;
    if (st == STORE_OK && m->stamped) {
        st = asic_timestamp(m->container, m->settings, m->err);
        *refused = st != STORE_OK && st != STORE_NO_MEMORY;
    }
    if (st == STORE_OK)
        st = container_finish(m->container, m->err);
    container_free(m->container);
    m->container = NULL;
    evidence_free_tokens(m);
    evidence_free_keys(m);
    return st;
}

static enum store_status volume_write(struct making *m, int fd, struct strings *remarks)
{
    bool refused = false;
    enum store_status st = volume_try(m, fd, &refused);
    if (!refused)
        return st;
    if (!strings_add(remarks, m->err->text))
        return evidence_no_memory(m);
    m->stamped = false; /* for the volumes that follow, too */
    return volume_try(m, fd, &refused);
}

static struct making making_of(const struct evidence_order *o, uint64_t last,
                               struct store_error *err)
{
    return (struct making){
        .order = o, .settings = o->settings, .invoice = o->invoice, .last = last, .err = err};
}

enum store_status evidence_volumes(const struct evidence_order *o, uint64_t last, unsigned *count,
                                   struct store_error *err)
{
    struct making m = making_of(o, last, err);
    enum store_status st = plan(&m);
    *count = m.plan.volumes;
    making_free(&m);
    return st;
}

enum store_status evidence_write(const struct evidence_order *o, uint64_t last, int64_t now,
                                 const int *fds, unsigned count, struct strings *remarks,
                                 struct store_error *err)
{
    struct making m = making_of(o, last, err);
    m.now = now;
    m.stamped = o->settings->tsa_count > 0;
    struct reader *reader = NULL;
    const struct reader_limits limits = reader_limits_of(o->settings);
    enum store_status st = reader_start(&limits, &reader, err);
    if (st == STORE_OK)
        st = plan(&m);
    if (st == STORE_OK && m.plan.volumes != count)
        st = store_fail(err, STORE_BUSY, "the dossier changed meanwhile: try again");
    if (st == STORE_OK)
        st = keys_open(&m);
    if (st == STORE_OK)
        st = log_proofs_open(&m);
    if (st == STORE_OK)
        st = view_load(&m, reader);
    for (; st == STORE_OK && m.volume < count; m.volume++)
        st = volume_write(&m, fds[m.volume], remarks);
    making_free(&m);
    reader_stop(reader);
    return st;
}
