/*
 * asic - an ASiC-E container with CAdES signatures
 */
#include "db/asic.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/manifest.h"
#include "db/record.h"
#include "db/tsa.h"

#define MANIFEST "META-INF/ASiCManifest001.xml"
#define SIGNATURE "META-INF/signature001.p7s"
#define ARCHIVE "META-INF/ASiCArchiveManifest.xml"
#define TIMESTAMP "META-INF/timestamp001.tst"

enum { GROUP_MAX = 8 };

struct container *asic_new(int fd, struct store_error *err)
{
    return container_new(fd, "application/vnd.etsi.asic-e+zip", err);
}

/* For people without an XML tool: the list is itself in the signed manifest. */
static enum store_status add_sums(struct container *c, struct store_error *err)
{
    size_t count;
    const struct container_file *files = container_files(c, &count);
    struct bytes sums = {0};
    bool done = true;
    for (size_t i = 0; done && i < count; i++) {
        char hex[2 * HASH_OCTETS + 1];
        record_hex(files[i].sha256, HASH_OCTETS, hex);
        done = bytes_printf(&sums, "%s  %s\n", hex, files[i].name);
    }
    enum store_status st = done ? container_add(c, "SHA256SUMS", &sums, err)
                                : store_fail(err, STORE_NO_MEMORY, "out of memory");
    bytes_free(&sums);
    return st;
}

enum store_status asic_sign(struct container *c, const struct seal_key *key,
                            const struct strings *crl_files, struct store_error *err)
{
    struct bytes manifest = {0}, signature = {0};
    size_t count;
    enum store_status st = add_sums(c, err);
    const struct container_file *files = container_files(c, &count);
    if (st == STORE_OK)
        st = manifest_write(SIGNATURE, MANIFEST_PKCS7, files, count, &manifest, err);
    if (st == STORE_OK)
        st = seal_sign_export(key, crl_files, manifest.data, manifest.len, &signature, err);
    if (st == STORE_OK)
        st = container_add(c, MANIFEST, &manifest, err);
    if (st == STORE_OK)
        st = container_add(c, SIGNATURE, &signature, err);
    bytes_free(&manifest);
    bytes_free(&signature);
    return st;
}

static const struct container_file *file_named(const struct container *c, const char *name)
{
    size_t count;
    const struct container_file *files = container_files(c, &count);
    for (size_t i = count; i > 0; i--)
        if (strcmp(files[i - 1].name, name) == 0)
            return &files[i - 1];
    return NULL;
}

enum store_status asic_evidence(struct container *c, const char *stem, const struct strings *names,
                                struct bytes *record, struct store_error *err)
{
    struct container_file group[GROUP_MAX];
    struct bytes manifest = {0};
    char manifest_name[100], record_name[100];
    snprintf(manifest_name, sizeof manifest_name, "META-INF/ASiCEvidenceRecordManifest%s.xml",
             stem);
    snprintf(record_name, sizeof record_name, "META-INF/evidencerecord%s.ers", stem);
    if (names->count > GROUP_MAX)
        return store_fail(err, STORE_INVALID, "%s: too many files", manifest_name);
    for (size_t i = 0; i < names->count; i++) {
        const struct container_file *file = file_named(c, names->items[i]);
        if (!file)
            return store_fail(err, STORE_INVALID, "%s: is not in the container", names->items[i]);
        group[i] = *file;
    }
    enum store_status st = manifest_write(record_name, NULL, group, names->count, &manifest, err);
    if (st == STORE_OK)
        st = container_add(c, manifest_name, &manifest, err);
    if (st == STORE_OK)
        st = container_add(c, record_name, record, err);
    bytes_free(&manifest);
    return st;
}

enum store_status asic_timestamp(struct container *c, const struct settings *s,
                                 struct store_error *err)
{
    struct bytes manifest = {0};
    struct tsa_stamp stamp = {0};
    unsigned char imprint[HASH_OCTETS];
    size_t count;
    const struct container_file *files = container_files(c, &count);
    if (s->tsa_count == 0)
        return store_fail(err, STORE_NOT_FOUND, "no timestamp authority is configured");
    enum store_status st =
        manifest_write(TIMESTAMP, MANIFEST_TIMESTAMP, files, count, &manifest, err);
    if (st == STORE_OK && !SHA256((const unsigned char *)manifest.data, manifest.len, imprint))
        st = store_fail(err, STORE_INVALID, "the crypto library cannot hash");
    if (st == STORE_OK) {
        st = STORE_BUSY;
        for (size_t i = 0; st != STORE_OK && i < s->tsa_count; i++) {
            tsa_stamp_free(&stamp);
            st = tsa_ask(&s->tsas[i], imprint, &stamp, err);
        }
    }
    if (st == STORE_OK)
        st = container_add(c, ARCHIVE, &manifest, err);
    if (st == STORE_OK)
        st = container_add(c, TIMESTAMP, &stamp.token, err);
    tsa_stamp_free(&stamp);
    bytes_free(&manifest);
    return st;
}
