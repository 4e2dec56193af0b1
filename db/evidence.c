/*
 * evidence - the evidence file of an invoice
 */
#include "db/evidence.h"

#include <ctype.h>
#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/asic.h"
#include "db/exhibit.h"
#include "db/lisezmoi.h"
#include "db/record.h"
#include "db/scribe_client.h"
#include "db/wire.h"

enum { NAME_MAX_OCTETS = 100, DIGITS_MIN = 3, CERTIFICATE_MAX = 64 * 1024 };

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
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

enum store_status evidence_announce(const struct settings *s, const char *invoice,
                                    const char *actor, const char *file, uint64_t *seq,
                                    struct store_error *err)
{
    enum store_status st = has_dossier(s, invoice, err);
    if (st != STORE_OK)
        return st;
    struct entry e;
    struct appended done = {0};
    entry_init(&e);
    e.event = "export";
    e.actor = actor;
    e.private_part = json_pack("{s:s, s:o, s:o}", "what", "evidence", "invoice",
                               json_foreign(invoice), "file", json_foreign(file));
    if (e.private_part && strings_add(&e.dossiers, invoice))
        st = log_append(s, &e, &done, err);
    else
        st = no_memory(err);
    *seq = done.seq;
    appended_free(&done);
    entry_free(&e);
    return st;
}

/* --- the file -------------------------------------------------------------------------------*/

struct making {
    const struct settings *settings;
    const char *invoice;
    int64_t now;
    struct timeline_sources sources;
    struct exhibit_witnesses witnesses;
    struct timeline timeline;
    struct dossier dossier;
    struct container *container;
    char *origin;
    struct seal_key *export_key;
    char fingerprint[65], export_fingerprint[65];
    unsigned digits;
    struct store_error *err;
};

static bool message_collect(const void *data, size_t len, void *context)
{
    return bytes_append(context, data, len);
}

/* A message, when libzip comes to it. */
static enum store_status message_load(uint64_t seq, struct bytes *out, void *context,
                                      struct store_error *err)
{
    const struct making *m = context;
    return store_message(m->sources.store, seq, message_collect, out, err);
}

static enum store_status put(struct making *m, const char *stem, const char *suffix,
                             struct bytes *data)
{
    char name[64];
    snprintf(name, sizeof name, "entries/%s%s", stem, suffix);
    return container_add(m->container, name, data, m->err);
}

static enum store_status put_message(struct making *m, const char *stem, const struct exhibit *x)
{
    unsigned char sha256[HASH_OCTETS];
    char name[64];
    if (!x->has_message || x->message_dropped || x->erased_by)
        return STORE_OK;
    if (!hex_from_json(json_object_get(x->private_part, "sha256"), sha256, sizeof sha256))
        return store_fail(m->err, STORE_CORRUPT, "entry %" PRIu64 ": has no hash of its message",
                          x->seq);
    snprintf(name, sizeof name, "entries/%s.eml", stem);
    struct container_later later = {.size = x->size,
                                    .stored = x->size > CONTAINER_STORED_FROM,
                                    .key = x->seq,
                                    .context = m,
                                    .load = message_load};
    memcpy(later.sha256, sha256, sizeof sha256);
    return container_add_later(m->container, name, &later, m->err);
}

/* Only what is intact goes out. */
static enum store_status verify_exhibit(struct making *m, const struct stored_entry *e,
                                        const struct exhibit *x)
{
    struct exhibit_judgement j = {0};
    enum store_status st = exhibit_check(e, x, &m->witnesses, &j, m->err);
    if (st == STORE_OK && j.problems.count)
        st = store_fail(m->err, STORE_CORRUPT,
                        "entry %" PRIu64 ": %s: no evidence file is written of a damaged dossier; "
                        "run \"temoin verify --log\" and compare with the backup",
                        e->seq, j.problems.items[0]);
    strings_free(&j.problems);
    return st;
}

static enum store_status put_entry(struct making *m, uint64_t seq, const char *stem)
{
    struct stored_entry e = {0};
    struct exhibit x = {0};
    struct bytes signature = {0};
    enum store_status st = store_entry(m->sources.store, seq, &e, m->err);
    if (st == STORE_OK && !exhibit_read(&e, &x))
        st = no_memory(m->err);
    if (st == STORE_OK)
        st = verify_exhibit(m, &e, &x);
    if (st == STORE_OK)
        st = seal_signature(m->sources.seals, seq, &signature, m->err);
    if (st == STORE_OK)
        st = put_message(m, stem, &x);
    if (st == STORE_OK)
        st = put(m, stem, ".json", &e.record);
    if (st == STORE_OK && e.private_part.data)
        st = put(m, stem, ".private.json", &e.private_part);
    if (st == STORE_OK)
        st = put(m, stem, ".json.p7s", &signature);
    bytes_free(&signature);
    exhibit_free(&x);
    stored_entry_free(&e);
    return st;
}

static enum store_status put_entries(struct making *m)
{
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < m->timeline.count; i++) {
        const struct timeline_item *item = &m->timeline.items[i];
        char stem[32];
        snprintf(stem, sizeof stem, "%0*" PRIu64, (int)m->digits, item->n);
        st = put_entry(m, item->seq, stem);
        /* The message that was assigned belongs to the dossier; one that was dismissed does not. */
        if (st == STORE_OK && item->about && strcmp(item->event, "assign") == 0) {
            strcat(stem, "a");
            st = put_entry(m, item->about, stem);
        }
    }
    return st;
}

/* With the certificates above it, as far as the file holds them. */
static enum store_status put_certificate(struct making *m, const char *file, const char *name)
{
    char chunk[4096];
    struct bytes pem = {0};
    FILE *f = fopen(file, "re");
    if (!f)
        return store_fail_errno(m->err, errno, "%s", file);
    enum store_status st = STORE_OK;
    for (size_t n; st == STORE_OK && (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
        if (pem.len > CERTIFICATE_MAX || !bytes_append(&pem, chunk, n))
            st = store_fail(m->err, STORE_INVALID, "%s: is this a certificate?", file);
    if (st == STORE_OK && ferror(f))
        st = store_fail_errno(m->err, EIO, "%s", file);
    fclose(f);
    if (st == STORE_OK)
        st = container_add(m->container, name, &pem, m->err);
    bytes_free(&pem);
    return st;
}

static enum store_status put_certificates(struct making *m)
{
    enum store_status st = put_certificate(m, m->settings->seal_certificate, "certs/seal.pem");
    return st == STORE_OK ? put_certificate(m, m->settings->export_certificate, "certs/export.pem")
                          : st;
}

static enum store_status put_index(struct making *m, const char *dossier_id)
{
    char exported[RECORD_TIME];
    record_time(m->now, exported);
    json_t *json =
        json_pack("{s:o, s:o, s:s, s:s, s:s, s:s, s:o}", "company",
                  json_foreign(m->settings->company_name), "log", json_foreign(m->origin),
                  "seal_sha256", m->fingerprint, "export_sha256", m->export_fingerprint, "dossier",
                  dossier_id, "exported", exported, "timeline", timeline_json(&m->timeline));
    char *text = json ? json_dumps(json, JSON_SORT_KEYS | JSON_INDENT(1)) : NULL;
    struct bytes data = {0};
    bool done = text && bytes_puts(&data, text) && bytes_puts(&data, "\n");
    free(text);
    json_decref(json);
    enum store_status st =
        done ? container_add(m->container, "index.json", &data, m->err) : no_memory(m->err);
    bytes_free(&data);
    return st;
}

static enum store_status put_texts(struct making *m)
{
    char dossier_id[2 * sizeof m->dossier.id + 1];
    struct bytes text = {0};
    record_hex(m->dossier.id, sizeof m->dossier.id, dossier_id);
    const struct lisezmoi l = {.company = m->settings->company_name,
                               .origin = m->origin,
                               .fingerprint = m->fingerprint,
                               .export_fingerprint = m->export_fingerprint,
                               .dossier_id = dossier_id,
                               .exported = m->now,
                               .digits = m->digits,
                               .timeline = &m->timeline};
    enum store_status st = lisezmoi_write(&l, &text)
                               ? container_add(m->container, "LISEZMOI.txt", &text, m->err)
                               : no_memory(m->err);
    bytes_free(&text);
    return st == STORE_OK ? put_index(m, dossier_id) : st;
}

/* --- all ------------------------------------------------------------------------------------*/

static enum store_status sources_open(struct making *m)
{
    const struct settings *s = m->settings;
    struct timeline_sources *from = &m->sources;
    enum store_status st = store_open(s->store_directory, STORE_READ, &from->store, m->err);
    if (st == STORE_OK)
        st = seal_store_open(s->store_directory, STORE_READ, &from->seals, m->err);
    if (st == STORE_OK)
        st = seal_judge_open(s->seal_certificate, &m->witnesses.judge, m->err);
    if (st == STORE_OK)
        st = seal_fingerprint(s->seal_certificate, m->fingerprint, m->err);
    if (st == STORE_OK)
        st = seal_fingerprint(s->export_certificate, m->export_fingerprint, m->err);
    if (st == STORE_OK)
        st = seal_key_open(s->export_key, s->export_certificate, &m->export_key, m->err);
    if (st == STORE_OK)
        st = store_origin(from->store, &m->origin, m->err);
    if (st == STORE_OK) {
        st = register_open(s->store_directory, STORE_READ, &from->bills, m->err);
        st = st == STORE_NOT_FOUND ? STORE_OK : st;
    }
    m->witnesses.store = from->store;
    m->witnesses.seals = from->seals;
    return st;
}

/* File names sort as the entries do. */
static unsigned digits_for(size_t count)
{
    unsigned digits = DIGITS_MIN;
    for (size_t limit = 1000; count >= limit && limit <= SIZE_MAX / 10; limit *= 10)
        digits++;
    return digits;
}

static enum store_status make(struct making *m, uint64_t last, int fd)
{
    enum store_status st = sources_open(m);
    if (st == STORE_OK)
        st = store_dossier(m->sources.store, m->invoice, &m->dossier, m->err);
    if (st == STORE_OK)
        st = timeline_load(&m->sources, m->invoice, &m->timeline, m->err);
    if (st != STORE_OK)
        return st;
    /* What came in later is not in the file, and what waits in review belongs to nobody yet. */
    timeline_cut(&m->timeline, last);
    m->digits = digits_for(m->timeline.count);
    m->witnesses.signed_up_to = last;
    m->container = asic_new(fd, m->err);
    if (!m->container)
        return STORE_IO;
    st = put_texts(m);
    if (st == STORE_OK)
        st = put_entries(m);
    if (st == STORE_OK)
        st = put_certificates(m);
    if (st == STORE_OK)
        st = asic_sign(m->container, m->export_key, &m->settings->seal_crls, m->err);
    return st == STORE_OK ? container_finish(m->container, m->err) : st;
}

enum store_status evidence_write(const struct settings *s, const char *invoice, uint64_t last,
                                 int64_t now, int fd, struct store_error *err)
{
    struct making m = {.settings = s, .invoice = invoice, .now = now, .err = err};
    enum store_status st = make(&m, last, fd);
    container_free(m.container);
    timeline_free(&m.timeline);
    dossier_free(&m.dossier);
    free(m.origin);
    seal_key_free(m.export_key);
    seal_judge_close(m.witnesses.judge);
    register_close(m.sources.bills);
    seal_store_close(m.sources.seals);
    store_close(m.sources.store);
    return st;
}
