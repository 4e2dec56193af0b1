/*
 * identify - what an attachment really is, by libmagic
 *
 * libmagic is given the beginning only, and of its tests those that read octets: it looks into no
 * archive (a zip bomb stays packed) and starts nothing.
 */
#include "db/identify.h"

#include <magic.h>
#include <stdlib.h>

struct identify {
    magic_t magic;
};

struct identify *identify_open(void)
{
    struct identify *id = calloc(1, sizeof *id);
    if (!id)
        return NULL;
    id->magic = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR |
                           MAGIC_NO_CHECK_CDF | MAGIC_NO_CHECK_ELF);
    if (id->magic && magic_load(id->magic, NULL) == 0)
        return id;
    identify_close(id);
    return NULL;
}

void identify_close(struct identify *id)
{
    if (id && id->magic)
        magic_close(id->magic);
    free(id);
}

const char *identify_octets(void *id, const void *octets, size_t len)
{
    struct identify *identify = id;
    return identify ? magic_buffer(identify->magic, octets, len) : NULL;
}
