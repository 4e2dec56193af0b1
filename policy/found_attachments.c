/*
 * found_attachments - the inventory of what came with a message
 *
 * One pass over the decoded octets of each part gives size, hash and the beginning that is
 * identified; no attachment is in memory as a whole.
 */
#include "policy/found_attachments.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { IDENTIFY_MAX = 64 * 1024 };

struct taking {
    EVP_MD_CTX *digest;
    struct bytes beginning;
    uint64_t size;
    bool failed;
};

static bool take_piece(const void *data, size_t len, void *context)
{
    struct taking *t = context;
    size_t room = IDENTIFY_MAX - t->beginning.len;
    t->size += len;
    t->failed = EVP_DigestUpdate(t->digest, data, len) != 1 ||
                !bytes_append(&t->beginning, data, len < room ? len : room);
    return !t->failed;
}

static bool finish(struct taking *t, const struct understanding_tools *tools,
                   struct read_attachment *a)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (t->failed || EVP_DigestFinal_ex(t->digest, hash, &len) != 1 || len != 32)
        return false;
    for (unsigned i = 0; i < len; i++) {
        static const char digits[] = "0123456789abcdef";
        a->sha256[2 * i] = digits[hash[i] >> 4];
        a->sha256[2 * i + 1] = digits[hash[i] & 15];
    }
    a->size = t->size;
    const char *actual =
        tools->identify
            ? tools->identify(tools->context, t->beginning.data ? t->beginning.data : "",
                              t->beginning.len)
            : NULL;
    a->actual = actual ? strdup(actual) : NULL;
    return !actual || a->actual;
}

/* A report's own parts, which some programs give names ("MDNPart2.txt"): nobody attached them. */
static bool is_of_report(const struct mail *m, size_t part)
{
    static const char *const types[] = {"message/delivery-status",
                                        "message/global-delivery-status",
                                        "message/disposition-notification",
                                        "message/global-disposition-notification",
                                        "text/rfc822-headers",
                                        "message/global-headers"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (mail_is(m, part, types[i]))
            return true;
    return m->parts[part].form == PART_MESSAGE &&
           mail_is(m, m->parts[part].parent, "multipart/report");
}

static bool is_attachment(const struct mail *m, size_t part)
{
    const struct mail_part *p = &m->parts[part];
    if (p->form == PART_MULTIPART || p->returned || is_of_report(m, part))
        return false;
    if (p->attachment || *p->name)
        return true;
    bool report = mail_is(m, part, "message/*") || mail_is(m, part, "text/*");
    return !report;
}

static bool take_attachment(const struct mail *m, size_t part,
                            const struct understanding_tools *tools, struct understood *u)
{
    struct read_attachment *grown =
        realloc(u->attachments, (u->attachment_count + 1) * sizeof *grown);
    if (!grown)
        return false;
    u->attachments = grown;
    struct read_attachment *a = &grown[u->attachment_count];
    *a = (struct read_attachment){.name = strdup(m->parts[part].name),
                                  .declared = strdup(m->parts[part].type)};
    u->attachment_count++;
    struct taking t = {.digest = EVP_MD_CTX_new()};
    bool done =
        a->name && a->declared && t.digest && EVP_DigestInit_ex(t.digest, EVP_sha256(), NULL) == 1;
    if (done) {
        mail_content(m, part, take_piece, &t);
        done = finish(&t, tools, a);
    }
    EVP_MD_CTX_free(t.digest);
    bytes_free(&t.beginning);
    return done;
}

bool found_attachments(const struct mail *m, const struct understanding_tools *tools,
                       struct understood *u)
{
    bool done = true;
    for (size_t i = 0; done && i < m->count && u->attachment_count < READ_ATTACHMENTS_MAX; i++)
        if (is_attachment(m, i))
            done = take_attachment(m, i, tools, u);
    return done;
}

/* Programs, and what a desktop runs when it is opened. */
static bool is_program(const char *type)
{
    static const char *const programs[] = {
        "application/x-dosexec",    "application/vnd.microsoft.portable-executable",
        "application/x-executable", "application/x-pie-executable",
        "application/x-sharedlib",  "application/x-mach-binary",
        "application/x-msdownload", "application/x-ms-shortcut",
        "text/x-shellscript",       "application/x-msi",
        "application/java-archive", "text/x-msdos-batch"};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (strcasecmp(type, programs[i]) == 0)
            return true;
    return false;
}

static const char *type_by_name(const char *name)
{
    static const struct {
        const char *end, *type;
    } ends[] = {{".pdf", "application/pdf"}, {".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"},
                {".png", "image/png"},       {".gif", "image/gif"},  {".zip", "application/zip"}};
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t n = strlen(ends[i].end);
        if (len >= n && strcasecmp(name + len - n, ends[i].end) == 0)
            return ends[i].type;
    }
    return NULL;
}

bool attachment_disagrees(const char *name, const char *declared, const char *actual)
{
    if (!actual || strcasecmp(actual, "application/octet-stream") == 0 ||
        strcasecmp(actual, "inode/x-empty") == 0)
        return false;
    const char *named = type_by_name(name);
    if (named && strcasecmp(named, actual) != 0)
        return true;
    if (is_program(actual))
        return !is_program(declared);
    return strcasecmp(declared, "application/pdf") == 0 && strcasecmp(actual, declared) != 0;
}
