/*
 * verify_manifest - an ASiC manifest, read (ETSI EN 319 162-1, A.4)
 *
 * Only what the schema knows is taken: an element that is not understood might mean to another
 * reader that something is excepted.
 */
#include "db/verify_manifest.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/uri.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static const char ASIC[] = "http://uri.etsi.org/02918/v1.2.1#";
static const char DSIG[] = "http://www.w3.org/2000/09/xmldsig#";
static const char SHA256_URI[] = "http://www.w3.org/2001/04/xmlenc#sha256";

static const char NO_MEMORY[] = "out of memory";

static bool is_element(const xmlNode *node, const char *space, const char *name)
{
    return node && node->type == XML_ELEMENT_NODE && node->ns &&
           strcmp((const char *)node->ns->href, space) == 0 &&
           strcmp((const char *)node->name, name) == 0;
}

/* The first element from `node` on: comments and blanks are passed over. */
static xmlNode *element_from(xmlNode *node)
{
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

/* An attribute without namespace; malloc'd by libxml2. NULL: absent or out of memory. */
static xmlChar *attribute(xmlNode *node, const char *name)
{
    return xmlGetNoNsProp(node, (const xmlChar *)name);
}

/* A relative URI as the name of a file; malloc'd. NULL: absent, or out of memory. */
static char *file_name(xmlNode *node)
{
    xmlChar *uri = attribute(node, "URI");
    char *plain = uri ? xmlURIUnescapeString((const char *)uri, 0, NULL) : NULL;
    char *name = plain ? strdup(plain) : NULL;
    xmlFree(plain);
    xmlFree(uri);
    return name;
}

/* Exactly 32 octets in base64, blanks among them allowed. */
static bool digest_decode(const char *text, unsigned char digest[HASH_OCTETS])
{
    enum { DIGITS = 44 }; /* of base64, for 32 octets */
    unsigned char compact[DIGITS + 1], octets[DIGITS / 4 * 3];
    size_t len = 0;
    for (; *text; text++) {
        if (strchr(" \t\r\n", *text))
            continue;
        if (len == DIGITS)
            return false;
        compact[len++] = (unsigned char)*text;
    }
    compact[len] = '\0';
    if (len != DIGITS || compact[DIGITS - 1] != '=' || compact[DIGITS - 2] == '=' ||
        EVP_DecodeBlock(octets, compact, DIGITS) != (int)sizeof octets)
        return false;
    memcpy(digest, octets, HASH_OCTETS);
    return true;
}

static const char *digest_read(xmlNode *reference, unsigned char digest[HASH_OCTETS])
{
    xmlNode *method = element_from(reference->children);
    xmlNode *value = method ? element_from(method->next) : NULL;
    if (!is_element(method, DSIG, "DigestMethod") || !is_element(value, DSIG, "DigestValue") ||
        element_from(value->next))
        return "a DataObjectReference has not the elements that the schema asks for";
    xmlChar *algorithm = attribute(method, "Algorithm");
    bool known = algorithm && strcmp((const char *)algorithm, SHA256_URI) == 0;
    xmlFree(algorithm);
    if (!known)
        return "it names another hash than SHA-256";
    xmlChar *text = xmlNodeGetContent(value);
    bool decoded = text && digest_decode((const char *)text, digest);
    xmlFree(text);
    return decoded ? NULL : "a DigestValue is no SHA-256";
}

static const char *reference_read(xmlNode *node, struct manifest *m)
{
    struct manifest_reference *grown =
        realloc(m->references, (m->count + 1) * sizeof *m->references);
    if (!grown)
        return NO_MEMORY;
    m->references = grown;
    struct manifest_reference *r = &m->references[m->count];
    *r = (struct manifest_reference){.name = file_name(node)};
    if (!r->name)
        return "a DataObjectReference has no URI";
    m->count++;
    for (size_t i = 0; i + 1 < m->count; i++)
        if (strcmp(m->references[i].name, r->name) == 0)
            return "it lists a file twice";
    return digest_read(node, r->sha256);
}

static const char *root_read(xmlNode *root, struct manifest *m)
{
    if (!is_element(root, ASIC, "ASiCManifest"))
        return "its root is no ASiCManifest";
    xmlNode *node = element_from(root->children);
    if (!is_element(node, ASIC, "SigReference"))
        return "it has no SigReference";
    m->signature = file_name(node);
    if (!m->signature)
        return "its SigReference has no URI";
    xmlChar *type = attribute(node, "MimeType");
    m->type = type ? strdup((const char *)type) : NULL;
    bool done = m->type || !type;
    xmlFree(type);
    if (!done)
        return NO_MEMORY;
    const char *why = NULL;
    while (!why && (node = element_from(node->next)))
        why = is_element(node, ASIC, "DataObjectReference") ? reference_read(node, m)
                                                            : "it has an element of unknown use";
    return !why && m->count == 0 ? "it lists no file" : why;
}

bool manifest_read(const void *data, size_t len, struct manifest *m, const char **why)
{
    enum { OPTIONS = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING };
    *why = "it is too long";
    if (len > INT_MAX)
        return false;
    xmlDoc *document = xmlReadMemory(data, (int)len, NULL, NULL, OPTIONS);
    if (!document)
        *why = "it is no well-formed XML";
    else if (document->intSubset || document->extSubset)
        *why = "it has a DTD";
    else
        *why = root_read(xmlDocGetRootElement(document), m);
    xmlFreeDoc(document);
    return !*why;
}

void manifest_clear(struct manifest *m)
{
    free(m->signature);
    free(m->type);
    for (size_t i = 0; i < m->count; i++)
        free(m->references[i].name);
    free(m->references);
    *m = (struct manifest){0};
}
