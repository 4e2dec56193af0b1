/*
 * asic - an ASiC-E container with CAdES signatures
 */
#include "db/asic.h"

#include "db/manifest.h"
#include "db/record.h"

#define MANIFEST "META-INF/ASiCManifest001.xml"
#define SIGNATURE "META-INF/signature001.p7s"

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
