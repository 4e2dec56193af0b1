/*
 * verify_entries - each entry of an evidence file: record, seal, commitments, message, time
 *
 *      entries/NNN.json          the public record, which is signed
 *      entries/NNN.json.p7s      its seal
 *      entries/NNN.private.json  opens the record's commitments; absent when erased
 *      entries/NNN.eml           the message; absent when there is none, dropped or erased
 *
 * NNNa is a message that waited in review until decision NNN added it; NNNb and so on are the
 * entries that tell about the DNS keys of its signatures.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/record.h"
#include "db/verify_parts.h"
#include "db/wire.h"

/* --- which there are ------------------------------------------------------------------------*/

/* "entries/007a.private.json": the number and whether it is an assigned message; *suffix points
   behind both. False: not of this form. */
static bool name_read(const char *name, struct dossier_entry *e, const char **suffix)
{
    static const char DIRECTORY[] = "entries/";
    *e = (struct dossier_entry){0};
    if (strncmp(name, DIRECTORY, sizeof DIRECTORY - 1) != 0)
        return false;
    const char *stem = name + sizeof DIRECTORY - 1;
    size_t len = strspn(stem, "0123456789");
    if (len == 0 || len > 18)
        return false;
    e->n = strtoull(stem, NULL, 10);
    e->assigned = stem[len] >= 'a' && stem[len] <= 'z';
    e->letter = e->assigned ? stem[len] : '\0';
    len += e->assigned;
    memcpy(e->stem, stem, len);
    *suffix = stem + len;
    return e->n > 0;
}

static int by_number(const void *a, const void *b)
{
    const struct dossier_entry *left = a, *right = b;
    if (left->n != right->n)
        return left->n < right->n ? -1 : 1;
    return (int)left->letter - (int)right->letter;
}

static void entry_gather(struct inspection *in, struct dossier_entry *e, struct part *record)
{
    e->record = record;
    e->signature = part_findf(in, "entries/%s.json.p7s", e->stem);
    e->private_part = part_findf(in, "entries/%s.private.json", e->stem);
    e->message = part_findf(in, "entries/%s.eml", e->stem);
    /* what cannot be unpacked is said to be so, and is not judged further */
    struct part *all[] = {e->signature, e->private_part, e->message};
    const struct stored_entry stored = {.record = record->data,
                                        .private_part = e->private_part ? e->private_part->data
                                                                        : (struct bytes){0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i])
            all[i]->accounted = true;
    record->accounted = true;
    if (!exhibit_read(&stored, &e->exhibit))
        inspection_fail(in, STORE_NO_MEMORY, "out of memory");
}

static void entries_find(struct inspection *in)
{
    in->entries = calloc(in->count ? in->count : 1, sizeof *in->entries);
    if (!in->entries) {
        inspection_fail(in, STORE_NO_MEMORY, "out of memory");
        return;
    }
    for (size_t i = 0; i < in->count; i++) {
        const char *suffix;
        struct dossier_entry e;
        if (!name_read(in->parts[i].name, &e, &suffix) || strcmp(suffix, ".json") != 0)
            continue;
        entry_gather(in, &e, &in->parts[i]);
        in->entries[in->entry_count++] = e;
    }
    qsort(in->entries, in->entry_count, sizeof *in->entries, by_number);
    for (size_t i = 1; i < in->entry_count; i++)
        if (by_number(&in->entries[i - 1], &in->entries[i]) == 0)
            part_fault(in, in->entries[i].record, FILE_ALTERED, "its number is there twice");
    for (size_t i = 0; i < in->count; i++)
        if (part_is_in(&in->parts[i], "entries/", "") && !in->parts[i].accounted)
            part_fault(in, &in->parts[i], FILE_ALTERED, "it belongs to no record");
}

/* --- the seal -------------------------------------------------------------------------------*/

static bool seal_check(struct inspection *in, struct dossier_entry *e)
{
    struct part *p = e->signature;
    struct signer s = {0};
    const char *why;
    char title[100], when[RECORD_TIME];
    if (!p) {
        part_fault(in, e->record, FILE_ALTERED, "its signature is missing");
        return false;
    }
    bool sound =
        cms_check(p->data.data, p->data.len, e->record->data.data, e->record->data.len, &s, &why);
    if (!sound)
        part_fault(in, p, FILE_ALTERED, "altered, or the record was: %s", why);
    else if (!certificate_among(in->certificates, s.certificate)) {
        sound = false;
        part_fault(in, p, FILE_ALTERED, "signed by a certificate that is not in certs/");
    } else {
        const char *doubt = signer_doubt(&s, in->pins->seal, s.time);
        certificate_title(s.certificate, title, sizeof title);
        record_time(s.time, when);
        if (doubt)
            part_fault(in, p, FILE_NOT_IDENTIFIED,
                       "seals %s.json, by a certificate that calls itself \"%s\": %s", e->stem,
                       title, doubt);
        part_praise(in, p, "seals %s.json, by \"%s\", identified by --seal, at %s by its own clock",
                    e->stem, title, when);
        if (p->dated >= 0 && s.time > p->dated + TIME_SLACK_S)
            part_fault(in, p, FILE_ALTERED, "says %s, which is after the timestamp over it", when);
    }
    signer_clear(&s);
    return sound;
}

/* --- what the record commits to -------------------------------------------------------------*/

static bool private_check(struct inspection *in, const struct dossier_entry *e,
                          unsigned char nonce[NONCE_OCTETS])
{
    unsigned char named[HASH_OCTETS], computed[HASH_OCTETS];
    struct part *p = e->private_part;
    bool same =
        hex_from_json(json_object_get(e->exhibit.record, "private"), named, sizeof named) &&
        hex_from_json(json_object_get(e->exhibit.private_part, "nonce"), nonce, NONCE_OCTETS) &&
        record_commit(nonce, p->data.data, p->data.len, computed) &&
        memcmp(named, computed, sizeof named) == 0;
    if (same)
        part_praise(in, p, "private part of entry %" PRIu64 ", to which its record is bound",
                    e->exhibit.seq);
    else
        part_fault(in, p, FILE_ALTERED, "altered: the record is bound to another private part");
    return same;
}

static void message_check(struct inspection *in, const struct dossier_entry *e,
                          const unsigned char nonce[NONCE_OCTETS])
{
    unsigned char named[HASH_OCTETS], plain[HASH_OCTETS], computed[HASH_OCTETS];
    const struct exhibit *x = &e->exhibit;
    struct part *p = e->message;
    bool same = hex_from_json(json_object_get(x->record, "message"), named, sizeof named) &&
                hex_from_json(json_object_get(x->private_part, "sha256"), plain, sizeof plain) &&
                p->size == x->size && memcmp(plain, p->sha256, sizeof plain) == 0 &&
                part_hash(in, p, EVP_sha256(), nonce, NONCE_OCTETS, computed) &&
                memcmp(named, computed, sizeof named) == 0;
    if (same)
        part_praise(in, p, "the message of entry %" PRIu64 ", octet for octet as it was archived",
                    x->seq);
    else
        part_fault(in, p, FILE_ALTERED, "altered: the record is bound to another message");
}

static void commitments_check(struct inspection *in, struct dossier_entry *e)
{
    const struct exhibit *x = &e->exhibit;
    unsigned char nonce[NONCE_OCTETS];
    if (e->message && !x->has_message)
        part_fault(in, e->message, FILE_ALTERED, "added: its record is about no message");
    if (!e->private_part) {
        if (e->message)
            part_fault(in, e->message, FILE_ALTERED,
                       "it cannot be held against its record, whose private part is not there");
        return;
    }
    if (!e->private_part->readable || !private_check(in, e, nonce))
        return;
    if (e->message && e->message->readable && x->has_message)
        message_check(in, e, nonce);
    else if (!e->message && x->has_message && !x->message_dropped)
        part_fault(in, e->record, FILE_ALTERED, "its message is missing");
}

/* --- time -----------------------------------------------------------------------------------*/

static void time_check(struct inspection *in, struct dossier_entry *e)
{
    const struct exhibit *x = &e->exhibit;
    char when[RECORD_TIME];
    struct part *p = e->record;
    if (p->dated >= 0) {
        record_time(p->dated, when);
        if (x->time > p->dated + TIME_SLACK_S)
            part_fault(in, p, FILE_ALTERED, "it says %s, which is after its timestamp of %s",
                       x->time_text, when);
        part_praise(in, p, "existed no later than %s, by a timestamp", when);
    } else
        part_praise(in, p, "no timestamp of its own");
    if (in->archived_at >= 0 && x->time > in->archived_at + TIME_SLACK_S)
        part_fault(in, p, FILE_ALTERED, "it says %s, which is after the archive timestamp",
                   x->time_text);
}

static void entry_check(struct inspection *in, struct dossier_entry *e)
{
    const struct exhibit *x = &e->exhibit;
    if (!e->record->readable)
        return;
    e->sound = seal_check(in, e);
    if (!x->record || x->seq == 0 || x->time < 0 || !x->event[0]) {
        e->sound = false;
        part_fault(in, e->record, FILE_ALTERED, "it is no record");
        return;
    }
    part_praise(in, e->record, "entry %" PRIu64 " of the log, %.40s, %s", x->seq, x->event,
                x->time_text);
    commitments_check(in, e);
    time_check(in, e);
}

void inspect_entries(struct inspection *in)
{
    entries_find(in);
    for (size_t i = 0; i < in->entry_count; i++)
        entry_check(in, &in->entries[i]);
    if (in->status == STORE_OK && in->entry_count == 0)
        part_fault(in, NULL, FILE_INCOMPLETE, "dossier not complete: there is no entry in it");
}
