/*
 * verify_parts - the files of a container, each with what is to be said about it
 */
#include "db/verify_parts.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/text.h"

enum { KEPT_MAX = 256 * 1024 * 1024 }; /* octets of all contents that are kept */

void inspection_fail(struct inspection *in, enum store_status status, const char *text)
{
    if (in->status == STORE_OK)
        in->status = store_fail(in->err, status, "%s", text);
}

/* --- finding --------------------------------------------------------------------------------*/

struct part *part_find(const struct inspection *in, const char *name)
{
    for (size_t i = 0; i < in->count; i++)
        if (strcmp(in->parts[i].name, name) == 0)
            return &in->parts[i];
    return NULL;
}

struct part *part_findf(const struct inspection *in, const char *format, ...)
{
    char name[FILE_NAME_MAX + 1];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(name, sizeof name, format, args);
    va_end(args);
    return len > 0 && (size_t)len < sizeof name ? part_find(in, name) : NULL;
}

static bool ends_with(const char *name, const char *suffix)
{
    size_t len = strlen(name), tail = strlen(suffix);
    return len >= tail && strcmp(name + len - tail, suffix) == 0;
}

bool part_is_in(const struct part *p, const char *directory, const char *suffix)
{
    return strncmp(p->name, directory, strlen(directory)) == 0 && ends_with(p->name, suffix);
}

/* --- sentences ------------------------------------------------------------------------------*/

bool verdict_line(struct file_verdict *v, const char *file, enum file_answer answer,
                  const char *what)
{
    if (v->count == v->room) {
        size_t room = v->room ? v->room * 2 : 64;
        struct file_line *grown = realloc(v->lines, room * sizeof *grown);
        if (!grown)
            return false;
        v->lines = grown;
        v->room = room;
    }
    struct file_line *l = &v->lines[v->count++];
    *l = (struct file_line){text_clean(file), answer,
                            text_clean(what)}; /* foreign names are in it */
    if (answer > v->answer)
        v->answer = answer;
    return l->file && l->what;
}

static void line_add(struct inspection *in, const char *file, enum file_answer answer,
                     const char *what)
{
    if (!verdict_line(in->verdict, file, answer, what))
        inspection_fail(in, STORE_NO_MEMORY, "out of memory");
}

void part_fault(struct inspection *in, struct part *p, enum file_answer answer, const char *format,
                ...)
{
    char line[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (!p)
        line_add(in, "", answer, line);
    else {
        if (answer > p->answer)
            p->answer = answer;
        if (!strings_add_unique(&p->faults, line))
            inspection_fail(in, STORE_NO_MEMORY, "out of memory");
    }
}

void part_missing(struct inspection *in, const char *name, enum file_answer answer,
                  const char *format, ...)
{
    char line[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    line_add(in, name, answer, line);
}

struct part *part_listed(struct inspection *in, const struct part *manifest, const char *name,
                         const unsigned char sha256[HASH_OCTETS])
{
    struct part *p = part_find(in, name);
    if (!p)
        part_missing(in, name, FILE_ALTERED, "missing, though %s lists it", manifest->name);
    else if (p->readable && memcmp(p->sha256, sha256, HASH_OCTETS) != 0)
        part_fault(in, p, FILE_ALTERED, "altered: its hash is not the one in %s", manifest->name);
    else if (p->readable)
        return p;
    return NULL;
}

void part_praise(struct inspection *in, struct part *p, const char *format, ...)
{
    char line[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if ((p->praise.len && !bytes_puts(&p->praise, "; ")) || !bytes_puts(&p->praise, line))
        inspection_fail(in, STORE_NO_MEMORY, "out of memory");
}

/* --- loading --------------------------------------------------------------------------------*/

/* What is read by people alone is hashed and not kept. */
static size_t kept_of(const struct part *p)
{
    static const char *const shown[] = {".pdf", ".html", ".txt"};
    if (part_is_in(p, "dkim/", ".txt"))
        return FILE_PART_MAX;
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (ends_with(p->name, shown[i]))
            return 0;
    return ends_with(p->name, ".eml") ? MESSAGE_HEAD : FILE_PART_MAX;
}

struct loading {
    struct part *part;
    EVP_MD_CTX *hash;
    size_t keep;
};

static bool load_piece(const void *data, size_t len, void *context)
{
    struct loading *l = context;
    size_t room = l->keep - l->part->data.len;
    return EVP_DigestUpdate(l->hash, data, len) == 1 &&
           bytes_append(&l->part->data, data, len < room ? len : room);
}

static enum store_status part_load(struct inspection *in, struct part *p)
{
    struct loading l = {p, EVP_MD_CTX_new(), kept_of(p)};
    const char *why = NULL;
    enum store_status st = STORE_NO_MEMORY;
    if (l.hash && EVP_DigestInit_ex(l.hash, EVP_sha256(), NULL) == 1 && bytes_reserve(&p->data, 0))
        st = zip_reader_stream(in->zip, p->index, load_piece, &l, &why, in->err);
    if (st == STORE_OK && !why && EVP_DigestFinal_ex(l.hash, p->sha256, NULL) != 1)
        st = STORE_NO_MEMORY;
    EVP_MD_CTX_free(l.hash);
    if (st != STORE_OK)
        return store_fail(in->err, st, "out of memory");
    p->readable = !why;
    if (why)
        part_fault(in, p, FILE_ALTERED, "%s", why);
    return STORE_OK;
}

enum store_status parts_load(struct inspection *in)
{
    uint64_t kept = 0;
    in->count = zip_reader_count(in->zip);
    in->parts = calloc(in->count ? in->count : 1, sizeof *in->parts);
    if (!in->parts)
        return store_fail(in->err, STORE_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < in->count; i++) {
        struct part *p = &in->parts[i];
        *p = (struct part){.name = zip_reader_name(in->zip, i),
                           .index = i,
                           .size = zip_reader_size(in->zip, i),
                           .dated = -1};
        size_t keep = kept_of(p);
        if (keep == FILE_PART_MAX && p->size > keep)
            return store_fail(in->err, STORE_CORRUPT,
                              "%s: larger than %d octets, which such a file never is", p->name,
                              FILE_PART_MAX);
        kept += p->size < keep ? p->size : keep;
        if (kept > KEPT_MAX)
            return store_fail(in->err, STORE_CORRUPT,
                              "more than %d octets of records and signatures", KEPT_MAX);
    }
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < in->count; i++) {
        const char *why = zip_reader_fault(in->zip, i);
        if (why)
            part_fault(in, &in->parts[i], FILE_ALTERED, "%s", why);
        st = part_load(in, &in->parts[i]);
    }
    return st;
}

void parts_report(struct inspection *in)
{
    struct file_verdict whole = *in->verdict;
    *in->verdict = (struct file_verdict){.answer = whole.answer, .span = whole.span};
    for (size_t i = 0; i < in->count; i++) {
        struct part *p = &in->parts[i];
        struct bytes text = {0};
        bool done = bytes_reserve(&text, 0);
        for (size_t k = 0; done && k < p->faults.count; k++)
            done = bytes_printf(&text, "%s%s", k ? "; " : "", p->faults.items[k]);
        if (done && p->faults.count == 0)
            done = bytes_puts(&text, p->praise.len ? p->praise.data : "unchanged");
        if (done)
            line_add(in, p->name, p->answer, text.data);
        else
            inspection_fail(in, STORE_NO_MEMORY, "out of memory");
        bytes_free(&text);
    }
    for (size_t i = 0; i < whole.count; i++)
        line_add(in, whole.lines[i].file, whole.lines[i].answer, whole.lines[i].what);
    file_verdict_free(&whole);
}

void parts_free(struct inspection *in)
{
    for (size_t i = 0; i < in->count; i++) {
        bytes_free(&in->parts[i].data);
        bytes_free(&in->parts[i].praise);
        strings_free(&in->parts[i].faults);
    }
    free(in->parts);
    for (size_t i = 0; i < in->entry_count; i++)
        exhibit_free(&in->entries[i].exhibit);
    free(in->entries);
    sk_X509_pop_free(in->certificates, X509_free);
    zip_reader_close(in->zip);
}

/* --- hashing again --------------------------------------------------------------------------*/

static bool hash_piece(const void *data, size_t len, void *context)
{
    return EVP_DigestUpdate(context, data, len) == 1;
}

bool part_hash(struct inspection *in, const struct part *p, const EVP_MD *md, const void *prefix,
               size_t prefix_len, unsigned char *hash)
{
    const char *why = NULL;
    if (!p->readable)
        return false;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool done = c && EVP_DigestInit_ex(c, md, NULL) == 1 &&
                EVP_DigestUpdate(c, prefix, prefix_len) == 1 &&
                zip_reader_stream(in->zip, p->index, hash_piece, c, &why, in->err) == STORE_OK &&
                EVP_DigestFinal_ex(c, hash, NULL) == 1;
    EVP_MD_CTX_free(c);
    if (!done)
        inspection_fail(in, STORE_NO_MEMORY, "out of memory");
    return done && !why;
}
