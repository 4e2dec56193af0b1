/*
 * note - signed notes and the checkpoints of a log that they carry
 *
 * Parsing is as strict as Go's: one spelling for each note, or two readers could see two logs
 * in one text. Base64 must be what encoding would give again; a size has no leading zero.
 */
#include "policy/note.h"

#include <glib.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ALGORITHM = 0x01, /* Ed25519, c2sp.org/signed-note */
    SIGNATURE = 64,
    SIZE_DIGITS = 20,
    FIRST_LINE = 56, /* base64 characters behind "Temoin-Checkpoint: " */
    NEXT_LINE = 72,
};

static const char DASH[] = "\xe2\x80\x94 "; /* U+2014 and a blank */

/* --- base64 ---------------------------------------------------------------------------------*/

static bool encode(const void *data, size_t len, struct bytes *out)
{
    size_t room = (len + 2) / 3 * 4;
    if (len > NOTE_MAX || !bytes_reserve(out, room + 1))
        return false;
    int made = EVP_EncodeBlock((unsigned char *)out->data + out->len, data, (int)len);
    if (made < 0)
        return false;
    out->len += (size_t)made;
    return true;
}

/* Exactly the base64 of something; appended to `out`. */
static bool decode(const char *text, size_t len, struct bytes *out)
{
    if (len == 0 || len % 4 || len > 2 * NOTE_MAX || !bytes_reserve(out, len / 4 * 3 + 1))
        return false;
    int made = EVP_DecodeBlock((unsigned char *)out->data + out->len, (const unsigned char *)text,
                               (int)len);
    size_t padding = (text[len - 1] == '=') + (size_t)(text[len - 2] == '=');
    if (made < 0 || (size_t)made < padding)
        return false;
    size_t octets = (size_t)made - padding;
    struct bytes again = {0};
    bool same = encode(out->data + out->len, octets, &again) && again.len == len &&
                memcmp(again.data, text, len) == 0;
    bytes_free(&again);
    if (same)
        out->len += octets;
    out->data[out->len] = '\0';
    return same;
}

static bool decode_exactly(const char *text, size_t len, void *octets, size_t wanted)
{
    struct bytes read = {0};
    bool done = decode(text, len, &read) && read.len == wanted;
    if (done)
        memcpy(octets, read.data, wanted);
    bytes_free(&read);
    return done;
}

/* --- the parts of a note --------------------------------------------------------------------*/

struct parts {
    const char *text; /* with its last line end, which is signed too */
    size_t text_len;
    const char *signatures;
    size_t signatures_len;
};

/* Text without control characters but LF. */
static bool is_clean(const char *note, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)note[i] < ' ' && note[i] != '\n') || note[i] == 0x7f)
            return false;
    return g_utf8_validate(note, (gssize)len, NULL);
}

static bool split(const char *note, size_t len, struct parts *p)
{
    if (len < 4 || len > NOTE_MAX || note[len - 1] != '\n' || !is_clean(note, len))
        return false;
    size_t at = len; /* behind the last empty line, which must not be the end */
    while (at >= 2 && !(note[at - 1] == '\n' && note[at - 2] == '\n'))
        at--;
    if (at < 2 || at == len)
        return false;
    *p = (struct parts){note, at - 1, note + at, len - at};
    return true;
}

/* The next line of [*from, end), without its LF; false: there is none. */
static bool next_line(const char **from, const char *end, const char **line, size_t *len)
{
    const char *stop = *from < end ? memchr(*from, '\n', (size_t)(end - *from)) : NULL;
    if (!stop)
        return false;
    *line = *from;
    *len = (size_t)(stop - *from);
    *from = stop + 1;
    return true;
}

/* A name of a key: no blank, no "+", no control character. */
static bool is_name(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > 255 || strpbrk(name, " +\t\r\n"))
        return false;
    return is_clean(name, len);
}

/* --- checkpoints ----------------------------------------------------------------------------*/

void checkpoint_free(struct checkpoint *c)
{
    free(c->origin);
    *c = (struct checkpoint){0};
}

bool checkpoint_text(const char *origin, uint64_t size, const unsigned char root[TREE_HASH],
                     struct bytes *text)
{
    return is_name(origin) && bytes_printf(text, "%s\n%" PRIu64 "\n", origin, size) &&
           encode(root, TREE_HASH, text) && bytes_puts(text, "\n");
}

static bool read_size(const char *line, size_t len, uint64_t *size)
{
    char digits[SIZE_DIGITS + 1], again[SIZE_DIGITS + 2];
    if (len == 0 || len > SIZE_DIGITS)
        return false;
    snprintf(digits, sizeof digits, "%.*s", (int)len, line);
    *size = strtoull(digits, NULL, 10);
    snprintf(again, sizeof again, "%" PRIu64, *size);
    return strcmp(again, digits) == 0;
}

/* Why this text is no checkpoint; NULL: it is one. */
static const char *read_text(const struct parts *p, struct checkpoint *c)
{
    const char *at = p->text, *end = p->text + p->text_len, *line;
    size_t len;
    if (!next_line(&at, end, &line, &len) || len == 0)
        return "its first line, the log's origin, is missing";
    c->origin = strndup(line, len);
    if (!c->origin)
        return "out of memory";
    if (!is_name(c->origin))
        return "its origin is no name of a key";
    if (!next_line(&at, end, &line, &len) || !read_size(line, len, &c->size))
        return "its second line is no size of a log";
    if (!next_line(&at, end, &line, &len) || !decode_exactly(line, len, c->root, TREE_HASH))
        return "its third line is no root hash";
    while (next_line(&at, end, &line, &len))
        if (len == 0)
            return "an extension line is empty";
    return NULL;
}

bool checkpoint_parse(const char *note, size_t len, struct checkpoint *c, const char **why)
{
    struct parts p;
    *c = (struct checkpoint){0};
    *why = split(note, len, &p) ? read_text(&p, c) : "it is no signed note";
    if (*why)
        checkpoint_free(c);
    return !*why;
}

/* --- signatures -----------------------------------------------------------------------------*/

static bool key_id(const char *name, const unsigned char key[NOTE_KEY],
                   unsigned char id[NOTE_KEY_ID])
{
    struct bytes named = {0};
    unsigned char digest[SHA256_DIGEST_LENGTH];
    const unsigned char algorithm = ALGORITHM;
    bool done = bytes_printf(&named, "%s\n", name) && bytes_append(&named, &algorithm, 1) &&
                bytes_append(&named, key, NOTE_KEY) &&
                SHA256((const unsigned char *)named.data, named.len, digest) != NULL;
    if (done)
        memcpy(id, digest, NOTE_KEY_ID);
    bytes_free(&named);
    return done;
}

bool note_sign(const char *name, EVP_PKEY *key, struct bytes *note)
{
    unsigned char signature[NOTE_KEY_ID + SIGNATURE], public_key[NOTE_KEY];
    size_t public_len = sizeof public_key, len = SIGNATURE;
    if (!is_name(name) || note->len == 0 || note->data[note->len - 1] != '\n' ||
        EVP_PKEY_get_raw_public_key(key, public_key, &public_len) != 1 || public_len != NOTE_KEY ||
        !key_id(name, public_key, signature))
        return false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(context, signature + NOTE_KEY_ID, &len,
                               (const unsigned char *)note->data, note->len) == 1 &&
                len == SIGNATURE;
    EVP_MD_CTX_free(context);
    return done && bytes_printf(note, "\n%s%s ", DASH, name) &&
           encode(signature, sizeof signature, note) && bytes_puts(note, "\n");
}

static bool is_signed_by(const struct parts *p, const unsigned char public_key[NOTE_KEY],
                         const unsigned char signature[SIGNATURE])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, NOTE_KEY);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(context, signature, SIGNATURE, (const unsigned char *)p->text,
                                 p->text_len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

/* "— name base64": is it a line at all, and of this name? *octets: key id and signature. */
static bool signature_line(const char *line, size_t len, const char *name, bool *named,
                           struct bytes *octets)
{
    size_t dash = sizeof DASH - 1, name_len = strlen(name);
    if (len <= dash || memcmp(line, DASH, dash) != 0)
        return false;
    line += dash;
    len -= dash;
    const char *blank = memchr(line, ' ', len);
    if (!blank || blank == line)
        return false;
    size_t before = (size_t)(blank - line);
    *named = before == name_len && memcmp(line, name, name_len) == 0;
    return decode(blank + 1, len - before - 1, octets) && octets->len > NOTE_KEY_ID;
}

enum note_judgement note_judge(const char *note, size_t len, const char *name,
                               const unsigned char public_key[NOTE_KEY])
{
    struct parts p;
    unsigned char id[NOTE_KEY_ID];
    const char *line;
    if (!split(note, len, &p) || !key_id(name, public_key, id))
        return NOTE_MALFORMED;
    const char *at = p.signatures, *end = p.signatures + p.signatures_len;
    enum note_judgement judgement = NOTE_UNSIGNED;
    for (size_t count = 0; next_line(&at, end, &line, &len); count++) {
        struct bytes octets = {0};
        bool named = false;
        bool whole =
            count < NOTE_SIGNATURES_MAX && signature_line(line, len, name, &named, &octets);
        bool ours = whole && named && memcmp(octets.data, id, NOTE_KEY_ID) == 0;
        bool good = ours && octets.len == NOTE_KEY_ID + SIGNATURE &&
                    is_signed_by(&p, public_key, (unsigned char *)octets.data + NOTE_KEY_ID);
        bytes_free(&octets);
        if (!whole)
            return NOTE_MALFORMED;
        if (ours && !good)
            return NOTE_FORGED;
        if (ours)
            judgement = NOTE_SIGNED;
    }
    return judgement;
}

/* --- keys as text ---------------------------------------------------------------------------*/

bool note_verifier(const char *name, const unsigned char public_key[NOTE_KEY], struct bytes *out)
{
    unsigned char id[NOTE_KEY_ID], key[1 + NOTE_KEY] = {ALGORITHM};
    memcpy(key + 1, public_key, NOTE_KEY);
    return is_name(name) && key_id(name, public_key, id) &&
           bytes_printf(out, "%s+%02x%02x%02x%02x+", name, id[0], id[1], id[2], id[3]) &&
           encode(key, sizeof key, out);
}

bool note_verifier_parse(const char *text, char **name, unsigned char public_key[NOTE_KEY])
{
    unsigned char key[1 + NOTE_KEY];
    size_t len = strcspn(text, "\r\n");
    const char *plus = memchr(text, '+', len);
    struct bytes again = {0};
    *name = NULL;
    if (!plus || len - (size_t)(plus - text) < 10 || plus[9] != '+' ||
        !decode_exactly(plus + 10, len - (size_t)(plus - text) - 10, key, sizeof key) ||
        key[0] != ALGORITHM)
        return false;
    char *read = strndup(text, (size_t)(plus - text));
    /* the key id in the middle must be that of the key */
    bool done = read && note_verifier(read, key + 1, &again) && again.len == len &&
                memcmp(again.data, text, len) == 0;
    bytes_free(&again);
    if (!done) {
        free(read);
        return false;
    }
    memcpy(public_key, key + 1, NOTE_KEY);
    *name = read;
    return true;
}

/* --- header fields --------------------------------------------------------------------------*/

bool note_field(const char *note, size_t len, struct bytes *value)
{
    struct bytes whole = {0};
    bool done = encode(note, len, &whole);
    size_t line = FIRST_LINE;
    for (size_t at = 0; done && at < whole.len; at += line, line = NEXT_LINE) {
        line = at ? NEXT_LINE : FIRST_LINE;
        size_t part = whole.len - at < line ? whole.len - at : line;
        done = bytes_puts(value, at ? "\n\t" : " ") && bytes_append(value, whole.data + at, part);
    }
    bytes_free(&whole);
    return done;
}

bool note_from_field(const char *value, struct bytes *note)
{
    struct bytes packed = {0};
    bool done = strlen(value) <= 2 * NOTE_MAX;
    for (const char *p = value; done && *p; p++)
        if (!strchr(" \t\r\n", *p))
            done = bytes_append(&packed, p, 1);
    done = done && packed.len && decode(packed.data, packed.len, note) && note->len <= NOTE_MAX;
    bytes_free(&packed);
    return done;
}

bool note_find(const char *file, size_t len, struct bytes *note)
{
    struct fields fields = {0};
    size_t body, at;
    bool done = fields_parse(file, len, &fields, &body);
    if (done && (at = fields_find(&fields, CHECKPOINT_FIELD, 1)) < fields.count)
        done = note_from_field(fields.items[at].value, note);
    else if (done)
        done = len <= NOTE_MAX && bytes_append(note, file, len);
    fields_free(&fields);
    return done;
}
