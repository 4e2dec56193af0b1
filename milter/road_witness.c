/*
 * road_witness - a message from outside that carries the checkpoint of another temoin
 *
 * It is entered into our log, so that the other company cannot later show another past than the
 * one that it sent around (EVIDENCE 5). Of mail that goes to a dossier always; of other mail only
 * with `witness = yes`, for then we take part in witnessing each other. Whether the signature is
 * right cannot be told here: the other's key is not known. What counts is that we can show what
 * we were sent.
 */
#include <openssl/evp.h>
#include <stdint.h>
#include <string.h>

#include "db/record.h"
#include "milter/road.h"
#include "policy/note.h"

/* Does it speak of a log of this company? Its origin is "temoin.<domain>/…". */
static bool is_ours(const struct settings *s, const char *origin)
{
    size_t len = strlen(s->company_domain);
    return strncmp(origin, "temoin.", 7) == 0 && strncmp(origin + 7, s->company_domain, len) == 0 &&
           origin[7 + len] == '/';
}

/* The same checkpoint, brought by many messages, is one entry. */
static bool name_it(const struct bytes *note, struct entry *e)
{
    unsigned len = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    e->has_retry = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                   EVP_DigestUpdate(context, "checkpoint\n", strlen("checkpoint\n")) == 1 &&
                   EVP_DigestUpdate(context, note->data, note->len) == 1 &&
                   EVP_DigestFinal_ex(context, e->retry, &len) == 1;
    EVP_MD_CTX_free(context);
    return e->has_retry;
}

static bool describe(const struct session *s, const struct checkpoint *c, const struct bytes *note,
                     uint64_t filed_as, struct entry *e)
{
    const struct envelope *env = &s->m.envelope;
    char root[2 * TREE_HASH + 1];
    record_hex(c->root, TREE_HASH, root);
    e->event = "checkpoint";
    e->actor = "milter";
    e->private_part =
        json_pack("{s:o, s:I, s:s, s:o, s:{s:o}, s:{s:o*}}", "origin", json_foreign(c->origin),
                  "size", (json_int_t)c->size, "root", root, "note", json_foreign(note->data),
                  "envelope", "from", json_foreign(env->sender), "peer", "ip",
                  env->client_address != NULL ? json_foreign(env->client_address) : NULL);
    bool done = e->private_part != NULL && name_it(note, e);
    if (done && filed_as != 0)
        done = json_object_set_new(e->private_part, "brought_by",
                                   json_integer((json_int_t)filed_as)) == 0;
    if (done && filed_as != 0 && s->m.inbound.verdict == INBOUND_STRONG)
        done = strings_add_all(&e->dossiers, &s->m.inbound.invoices);
    return done;
}

static void take(struct session *s, const struct checkpoint *c, const struct bytes *note,
                 uint64_t filed_as)
{
    struct entry entry;
    entry_init(&entry);
    bool done = describe(s, c, note, filed_as, &entry) &&
                witness_saw(s->services->witness, &entry, filed_as != 0,
                            (int)s->snapshot->settings->commit_timeout_ms);
    road_log(s, "checkpoint of %s size=%llu%s", c->origin, (unsigned long long)c->size,
             done ? "" : " left out: too many at a time");
    entry_free(&entry);
}

void road_witness(struct session *s, uint64_t filed_as)
{
    const struct fields *f = &s->m.fields;
    const struct settings *settings = s->snapshot->settings;
    size_t at = fields_find(f, CHECKPOINT_FIELD, 1);
    if (at == f->count || (filed_as == 0 && !settings->witness))
        return;
    struct bytes note = {0};
    struct checkpoint c = {0};
    const char *why;
    if (note_from_field(f->items[at].value, &note) &&
        checkpoint_parse(note.data, note.len, &c, &why) && c.size <= INT64_MAX &&
        !is_ours(settings, c.origin))
        take(s, &c, &note, filed_as);
    checkpoint_free(&c);
    bytes_free(&note);
}
