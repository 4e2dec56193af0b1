/*
 * manifest - ASiCManifest files (ETSI EN 319 162-1, annex A.4)
 *
 * Names of files in our containers are ASCII without blanks, so they are URI references as they
 * stand.
 */
#include "db/manifest.h"

#include <libxml/xmlwriter.h>
#include <openssl/evp.h>
#include <string.h>

#define NAMESPACE_ASIC "http://uri.etsi.org/02918/v1.2.1#"
#define NAMESPACE_DSIG "http://www.w3.org/2000/09/xmldsig#"
#define SHA256_URI "http://www.w3.org/2001/04/xmlenc#sha256"

enum { HASH_BASE64 = 4 * ((HASH_OCTETS + 2) / 3) + 1 };

/* By the ending of a name; what programs outside show a file with. */
static const char *media_type(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".pdf", "application/pdf"}, {".html", "text/html"},
        {".txt", "text/plain"},      {".json", "application/json"},
        {".eml", "message/rfc822"},  {".pem", "application/x-pem-file"},
        {".p7s", MANIFEST_PKCS7},    {".tst", MANIFEST_TIMESTAMP},
        {".xml", "application/xml"},
    };
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t ending = strlen(types[i].ending);
        if (len > ending && strcmp(name + len - ending, types[i].ending) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

static const xmlChar *x(const char *text)
{
    return (const xmlChar *)text;
}

static bool attribute(xmlTextWriter *w, const char *name, const char *value)
{
    return xmlTextWriterWriteAttribute(w, x(name), x(value)) >= 0;
}

static bool start(xmlTextWriter *w, const char *name)
{
    return xmlTextWriterStartElement(w, x(name)) >= 0;
}

static bool end(xmlTextWriter *w)
{
    return xmlTextWriterEndElement(w) >= 0;
}

static bool data_object(xmlTextWriter *w, const struct container_file *file)
{
    unsigned char base64[HASH_BASE64];
    EVP_EncodeBlock(base64, file->sha256, HASH_OCTETS);
    return start(w, "asic:DataObjectReference") && attribute(w, "URI", file->name) &&
           attribute(w, "MimeType", media_type(file->name)) && start(w, "ds:DigestMethod") &&
           attribute(w, "Algorithm", SHA256_URI) && end(w) &&
           xmlTextWriterWriteElement(w, x("ds:DigestValue"), base64) >= 0 && end(w);
}

static bool document(xmlTextWriter *w, const char *signature, const char *type,
                     const struct container_file *files, size_t count)
{
    bool done = xmlTextWriterSetIndent(w, 1) >= 0 &&
                xmlTextWriterStartDocument(w, NULL, "UTF-8", NULL) >= 0 &&
                start(w, "asic:ASiCManifest") && attribute(w, "xmlns:asic", NAMESPACE_ASIC) &&
                attribute(w, "xmlns:ds", NAMESPACE_DSIG) && start(w, "asic:SigReference") &&
                attribute(w, "URI", signature) && (!type || attribute(w, "MimeType", type)) &&
                end(w);
    for (size_t i = 0; done && i < count; i++)
        done = data_object(w, &files[i]);
    return done && end(w) && xmlTextWriterEndDocument(w) >= 0;
}

enum store_status manifest_write(const char *signature, const char *type,
                                 const struct container_file *files, size_t count,
                                 struct bytes *out, struct store_error *err)
{
    xmlBuffer *buffer = xmlBufferCreate();
    xmlTextWriter *writer = buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL;
    bool done = writer && document(writer, signature, type, files, count);
    xmlFreeTextWriter(writer);
    done = done && bytes_append(out, xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer));
    xmlBufferFree(buffer);
    return done ? STORE_OK : store_fail(err, STORE_NO_MEMORY, "out of memory");
}
