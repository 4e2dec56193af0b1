/*
 * evidence_texts - what people and programs read in an evidence file: dossier.pdf, index.html,
 *                  LISEZMOI.txt, index.json, and the certificates
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/dossier_html.h"
#include "db/dossier_pdf.h"
#include "db/evidence_internal.h"
#include "db/lisezmoi.h"
#include "db/record.h"
#include "db/wire.h"

enum { FILE_MOST = 256 * 1024 };

/* --- certificates and keys ------------------------------------------------------------------*/

static enum store_status file_read(struct making *m, const char *file, struct bytes *out)
{
    char chunk[4096];
    size_t start = out->len;
    FILE *f = fopen(file, "re");
    if (!f)
        return store_fail_errno(m->err, errno, "%s", file);
    enum store_status st = STORE_OK;
    for (size_t n; st == STORE_OK && (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
        if (out->len - start > FILE_MOST || !bytes_append(out, chunk, n))
            st = store_fail(m->err, STORE_INVALID, "%s: too large for keys or certificates", file);
    if (st == STORE_OK && ferror(f))
        st = store_fail_errno(m->err, EIO, "%s", file);
    fclose(f);
    return st;
}

enum store_status evidence_put_file(struct making *m, const char *file, const char *name)
{
    struct bytes data = {0};
    enum store_status st = file_read(m, file, &data);
    if (st == STORE_OK)
        st = container_add(m->container, name, &data, m->err);
    bytes_free(&data);
    return st;
}

/* Append the certificates of a PEM text that are not there yet. */
static bool add_certificates(const char *pem, struct bytes *out)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
    for (const char *from = pem; (from = strstr(from, begin)) != NULL;) {
        const char *to = strstr(from, end);
        if (!to)
            return true;
        to += sizeof end - 1;
        struct bytes one = {0};
        bool done = bytes_append(&one, from, (size_t)(to - from)) &&
                    ((out->data && strstr(out->data, one.data)) ||
                     (bytes_puts(out, one.data) && bytes_puts(out, "\n")));
        bytes_free(&one);
        if (!done)
            return false;
        from = to;
    }
    return true;
}

/* Everything that the volume's tokens lead to, and the authorities that may date it as a whole. */
static enum store_status put_authorities(struct making *m)
{
    struct bytes all = {0}, one = {0};
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < m->token_count; i++)
        if (m->tokens[i].chain.len && !add_certificates(m->tokens[i].chain.data, &all))
            st = evidence_no_memory(m);
    for (size_t i = 0; st == STORE_OK && m->stamped && i < m->settings->tsa_count; i++) {
        bytes_free(&one);
        st = file_read(m, m->settings->tsas[i].certificate, &one);
        if (st == STORE_OK && one.len && !add_certificates(one.data, &all))
            st = evidence_no_memory(m);
    }
    if (st == STORE_OK && all.len)
        st = container_add(m->container, "certs/tsa.pem", &all, m->err);
    bytes_free(&one);
    bytes_free(&all);
    return st;
}

static enum store_status put_certificates(struct making *m)
{
    enum store_status st = evidence_put_file(m, m->settings->seal_certificate, "certs/seal.pem");
    if (st == STORE_OK)
        st = evidence_put_file(m, m->settings->export_certificate, "certs/export.pem");
    return st == STORE_OK ? put_authorities(m) : st;
}

/* --- index.json -----------------------------------------------------------------------------*/

/* What dates the entries of this volume. */
static json_t *dates_json(const struct making *m)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < m->plan.count; i++) {
        const struct placed *e = &m->plan.entries[i];
        if (e->volume != m->volume)
            continue;
        struct view_bounds b = {0};
        json_t *one = NULL;
        if (evidence_bounds((void *)m, e->seq, &b, m->err) == STORE_OK)
            one = json_pack("{s:s, s:I, s:s*, s:s*, s:o*}", "files", e->stem, "seq",
                            (json_int_t)e->seq, "not_before", b.not_before[0] ? b.not_before : NULL,
                            "not_after", b.not_after[0] ? b.not_after : NULL, "batch",
                            e->batch ? json_integer((json_int_t)e->batch) : NULL);
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static enum store_status put_index(struct making *m, const char *dossier_id)
{
    char exported[RECORD_TIME];
    record_time(m->now, exported);
    json_t *json = json_pack(
        "{s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:{s:i, s:i}}", "company",
        json_foreign(m->settings->company_name), "log", json_foreign(m->origin), "seal_sha256",
        m->fingerprint, "export_sha256", m->export_fingerprint, "dossier", dossier_id, "exported",
        exported, "timeline", timeline_json(&m->view.timeline), "dates", dates_json(m), "volume",
        "number", (int)m->volume + 1, "of", (int)m->plan.volumes);
    char *text = json ? json_dumps(json, JSON_SORT_KEYS | JSON_INDENT(1)) : NULL;
    struct bytes data = {0};
    bool done = text && bytes_puts(&data, text) && bytes_puts(&data, "\n");
    free(text);
    json_decref(json);
    enum store_status st =
        done ? container_add(m->container, "index.json", &data, m->err) : evidence_no_memory(m);
    bytes_free(&data);
    return st;
}

/* --- for people -----------------------------------------------------------------------------*/

/* The leaf that the volume's first entry continues; "" for the dossier's first. */
static enum store_status leaf_before(struct making *m, size_t first, char hex[2 * HASH_OCTETS + 1])
{
    struct stored_entry e = {0};
    hex[0] = '\0';
    if (first == 0)
        return STORE_OK;
    enum store_status st =
        store_entry(m->sources.store, m->timeline.items[first - 1].seq, &e, m->err);
    if (st == STORE_OK)
        record_hex(e.leaf, sizeof e.leaf, hex);
    stored_entry_free(&e);
    return st;
}

static size_t count_undated(const struct making *m)
{
    size_t count = 0;
    for (size_t i = 0; i < m->plan.count; i++)
        count += m->plan.entries[i].volume == m->volume && !m->plan.entries[i].batch;
    return count;
}

static enum store_status put_lisezmoi(struct making *m, const char *dossier_id)
{
    struct bytes text = {0};
    char before[2 * HASH_OCTETS + 1];
    struct lisezmoi l = {.company = m->settings->company_name,
                         .origin = m->origin,
                         .fingerprint = m->fingerprint,
                         .export_fingerprint = m->export_fingerprint,
                         .dossier_id = dossier_id,
                         .exported = m->now,
                         .digits = m->plan.digits,
                         .timeline = &m->timeline,
                         .volume = m->volume + 1,
                         .volumes = m->plan.volumes,
                         .leaf_before = before,
                         .checkpoint_size = m->proofs ? log_proofs_size(m->proofs) : 0,
                         .tokens = m->tokens,
                         .token_count = m->token_count,
                         .undated = count_undated(m),
                         .stamped = m->stamped};
    plan_range(&m->plan, m->volume, &l.first, &l.count);
    enum store_status st = evidence_list_keys(m);
    l.has_keys = m->has_keys;
    l.chains = m->chains;
    l.signed_messages = &m->signed_messages;
    if (st == STORE_OK)
        st = leaf_before(m, l.first, before);
    if (st == STORE_OK)
        st = lisezmoi_write(&l, &text) ? container_add(m->container, "LISEZMOI.txt", &text, m->err)
                                       : evidence_no_memory(m);
    bytes_free(&text);
    return st;
}

/* In the first volume only: they are about the whole dossier. */
static enum store_status put_documents(struct making *m)
{
    struct bytes pdf = {0}, page = {0};
    enum store_status st = dossier_pdf_write(&m->view, m->order->language, &pdf, m->err);
    if (st == STORE_OK)
        st = container_add(m->container, "dossier.pdf", &pdf, m->err);
    if (st == STORE_OK && !dossier_html_write(&m->view, m->order->language, &page))
        st = evidence_no_memory(m);
    if (st == STORE_OK)
        st = container_add(m->container, "index.html", &page, m->err);
    bytes_free(&pdf);
    bytes_free(&page);
    return st;
}

enum store_status evidence_put_texts(struct making *m)
{
    char dossier_id[2 * sizeof m->dossier.id + 1];
    record_hex(m->dossier.id, sizeof m->dossier.id, dossier_id);
    enum store_status st = m->volume == 0 ? put_documents(m) : STORE_OK;
    if (st == STORE_OK)
        st = put_lisezmoi(m, dossier_id);
    if (st == STORE_OK)
        st = put_index(m, dossier_id);
    return st == STORE_OK ? put_certificates(m) : st;
}
