/*
 * verify_dating - the timestamps of an evidence file: over the archive's manifest, of the
 *                 batches, and of each entry by its evidence record
 *
 * A batch's token stands twice: in batches/, where `openssl ts` checks it, and in the evidence
 * records of the batch's entries. They must be the same octets: the imprint is then the root
 * that the records reduce to.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/record.h"
#include "db/verify_ers.h"
#include "db/verify_manifest.h"
#include "db/verify_parts.h"
#include "policy/note.h"

static const char ARCHIVE[] = "META-INF/ASiCArchiveManifest.xml";
static const char TOKEN_TYPE[] = "application/vnd.etsi.timestamp-token";

/* What a token says, with the doubt about who said it. */
static void token_say(struct inspection *in, struct part *p, const struct token *t,
                      const char *over)
{
    char when[RECORD_TIME];
    record_time(t->time, when);
    if (!t->identified)
        part_fault(in, p, FILE_NOT_IDENTIFIED,
                   "%s, of %s, by an authority that calls itself \"%s\": timestamp authority not "
                   "identified",
                   over, when, t->authority);
    part_praise(in, p, "%s, of %s, by \"%s\", identified by --tsa%s", over, when, t->authority,
                t->claims_qualified
                    ? "; it claims qualified status: check the EU trusted list at its time"
                    : "");
}

/* --- the archive's timestamp ----------------------------------------------------------------*/

static bool imprint_is(const struct token *t, const void *data, size_t len)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    const EVP_MD *md = EVP_get_digestbynid(t->hash_nid);
    return md &&
           (t->hash_nid == NID_sha256 || t->hash_nid == NID_sha384 || t->hash_nid == NID_sha512) &&
           (size_t)EVP_MD_get_size(md) == t->imprint_len &&
           EVP_Digest(data, len, hash, NULL, md, NULL) == 1 &&
           memcmp(hash, t->imprint, t->imprint_len) == 0;
}

static void archive_token(struct inspection *in, struct part *manifest, const char *name)
{
    struct part *p = part_find(in, name);
    struct token t;
    const char *why;
    if (!p) {
        part_missing(in, name, FILE_ALTERED, "missing, though %s names it", manifest->name);
        return;
    }
    p->accounted = true;
    if (!token_read(p->data.data, p->data.len, in->pins->tsa, in->certificates, &t, &why))
        part_fault(in, p, FILE_ALTERED, "altered: %s", why);
    else if (!imprint_is(&t, manifest->data.data, manifest->data.len))
        part_fault(in, p, FILE_ALTERED, "it is not over %s, or that was altered", manifest->name);
    else {
        in->archived_at = t.time;
        token_say(in, p, &t, "timestamp over the whole file");
    }
}

/* Above all else in the file, but for the type, itself and its token. */
static void archive_covers(struct inspection *in, const struct part *manifest, const char *token)
{
    for (size_t i = 0; i < in->count; i++) {
        struct part *p = &in->parts[i];
        if (!p->archived && p != manifest && strcmp(p->name, "mimetype") != 0 &&
            strcmp(p->name, token) != 0)
            part_fault(in, p, FILE_ALTERED, "added: %s does not list it", ARCHIVE);
    }
}

static void archive_references(struct inspection *in, struct part *manifest,
                               const struct manifest *m)
{
    size_t bad = 0;
    for (size_t i = 0; i < m->count; i++) {
        struct part *there = part_find(in, m->references[i].name);
        if (there)
            there->archived = true;
        bad += !part_listed(in, manifest, m->references[i].name, m->references[i].sha256);
    }
    if (bad)
        part_fault(in, manifest, FILE_ALTERED,
                   "%zu of the %zu files that it lists are not as it says", bad, m->count);
    part_praise(in, manifest, "lists the %zu files that the archive timestamp is over", m->count);
}

static void archive_check(struct inspection *in)
{
    struct part *p = part_find(in, ARCHIVE);
    struct manifest m = {0};
    const char *why;
    if (!p)
        return;
    p->accounted = true;
    if (!manifest_read(p->data.data, p->data.len, &m, &why))
        part_fault(in, p, FILE_ALTERED, "altered, or no manifest: %s", why);
    else if (!m.type || strcmp(m.type, TOKEN_TYPE) != 0)
        part_fault(in, p, FILE_ALTERED, "it names no timestamp");
    else {
        archive_references(in, p, &m);
        archive_covers(in, p, m.signature);
        archive_token(in, p, m.signature);
    }
    manifest_clear(&m);
}

/* --- the batches' tokens --------------------------------------------------------------------*/

static void batches_check(struct inspection *in)
{
    for (size_t i = 0; i < in->count; i++) {
        struct part *p = &in->parts[i];
        struct token t;
        const char *why;
        if (!part_is_in(p, "batches/", ".tst"))
            continue;
        if (!token_read(p->data.data, p->data.len, in->pins->tsa, in->certificates, &t, &why))
            part_fault(in, p, FILE_ALTERED, "altered: %s", why);
        else {
            p->dated = t.time;
            token_say(in, p, &t, "timestamp of a batch");
        }
    }
}

static struct part *batch_of(const struct inspection *in, const struct ers_token *token)
{
    for (size_t i = 0; i < in->count; i++) {
        struct part *p = &in->parts[i];
        if (part_is_in(p, "batches/", ".tst") && p->data.len == token->len &&
            memcmp(p->data.data, token->der, token->len) == 0)
            return p;
    }
    return NULL;
}

/* --- evidence records -----------------------------------------------------------------------*/

struct group {
    struct inspection *in;
    struct part *parts[ERS_GROUP_MAX];
    size_t count;
};

static bool group_hash(size_t i, const EVP_MD *md, unsigned char *hash, void *context)
{
    struct group *g = context;
    if (EVP_MD_get_type(md) == NID_sha256) {
        memcpy(hash, g->parts[i]->sha256, HASH_OCTETS);
        return g->parts[i]->readable;
    }
    return part_hash(g->in, g->parts[i], md, "", 0, hash);
}

static bool group_take(struct group *g, struct part *manifest, const struct manifest *m)
{
    struct inspection *in = g->in;
    if (m->count > ERS_GROUP_MAX) {
        part_fault(in, manifest, FILE_ALTERED, "its group has more than %d files", ERS_GROUP_MAX);
        return false;
    }
    bool whole = true;
    for (size_t i = 0; i < m->count; i++) {
        g->parts[i] = part_listed(in, manifest, m->references[i].name, m->references[i].sha256);
        whole = whole && g->parts[i];
    }
    g->count = m->count;
    return whole;
}

/* Renewals are judged like the first token; the first one dates. */
static void record_tokens(struct inspection *in, struct part *p, const struct ers *e,
                          struct group *g)
{
    int64_t before = -1;
    char when[RECORD_TIME] = "";
    for (size_t i = 0; i < e->count; i++) {
        struct token t;
        const char *why;
        if (!token_read(e->tokens[i].der, e->tokens[i].len, in->pins->tsa, in->certificates, &t,
                        &why)) {
            part_fault(in, p, FILE_ALTERED, "altered: %s", why);
            return;
        }
        if (!t.identified)
            part_fault(in, p, FILE_NOT_IDENTIFIED,
                       "it reduces to a timestamp by \"%s\": timestamp authority not identified",
                       t.authority);
        if (t.time < before)
            part_fault(in, p, FILE_ALTERED, "its renewal is older than what it renews");
        before = t.time;
        if (i == 0)
            record_time(t.time, when);
        for (size_t k = 0; i == 0 && k < g->count; k++)
            if (g->parts[k]->dated < 0 || t.time < g->parts[k]->dated)
                g->parts[k]->dated = t.time;
    }
    if (!batch_of(in, &e->tokens[0]))
        part_fault(in, p, FILE_ALTERED, "its timestamp is none of those in batches/");
    part_praise(in, p, "the %zu files of its group existed no later than %s%s", g->count, when,
                e->count > 1 ? ", timestamp renewed since" : "");
}

static void evidence_check(struct inspection *in, struct part *manifest)
{
    struct group g = {.in = in};
    struct manifest m = {0};
    struct ers e;
    const char *why;
    manifest->accounted = true;
    if (!manifest_read(manifest->data.data, manifest->data.len, &m, &why))
        part_fault(in, manifest, FILE_ALTERED, "altered, or no manifest: %s", why);
    else {
        struct part *p = part_find(in, m.signature);
        if (p)
            p->accounted = true;
        else
            part_missing(in, m.signature, FILE_ALTERED, "missing, though %s names it",
                         manifest->name);
        bool whole = group_take(&g, manifest, &m);
        if (whole)
            part_praise(in, manifest, "lists the %zu files of its group", m.count);
        else
            part_fault(in, manifest, FILE_ALTERED, "its group is not as it says");
        if (p && whole && !ers_reduce(p->data.data, p->data.len, g.count, group_hash, &g, &e, &why))
            part_fault(in, p, FILE_ALTERED, "altered: %s", why);
        else if (p && whole)
            record_tokens(in, p, &e, &g);
        else if (p)
            part_fault(in, p, FILE_ALTERED, "not judged: its group is not whole");
    }
    manifest_clear(&m);
}

void inspect_dating(struct inspection *in)
{
    archive_check(in);
    batches_check(in);
    for (size_t i = 0; i < in->count; i++)
        if (part_is_in(&in->parts[i], "META-INF/ASiCEvidenceRecordManifest", ".xml"))
            evidence_check(in, &in->parts[i]);
    /* Who names the authority wants to hear of a file that it did not date. */
    if (!part_find(in, ARCHIVE))
        part_fault(in, NULL, in->pins->tsa ? FILE_NOT_IDENTIFIED : FILE_INTACT,
                   "not yet dated: no timestamp authority vouches for the time of this export");
}
