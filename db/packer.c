/*
 * packer - see packer.h
 */
#include "db/packer.h"

#include <stdint.h>
#include <stdlib.h>
#include <zstd.h>

enum { SMALL_MESSAGE = 64 * 1024 };

struct packer {
    ZSTD_CCtx *ctx;
};

struct packer *packer_new(void)
{
    struct packer *p = malloc(sizeof *p);
    if (p && !(p->ctx = ZSTD_createCCtx())) {
        free(p);
        p = NULL;
    }
    return p;
}

void packer_free(struct packer *p)
{
    if (!p)
        return;
    ZSTD_freeCCtx(p->ctx);
    free(p);
}

/* Begin a frame, whatever became of the one before. */
static bool begin(ZSTD_CCtx *ctx, uint64_t size)
{
    int level = size <= SMALL_MESSAGE ? 3 : 1;
    if (ZSTD_isError(ZSTD_CCtx_reset(ctx, ZSTD_reset_session_and_parameters)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1)) ||
        ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(ctx, size)))
        return false;
    /* A window of 128 kB bounds the memory of large ones. */
    return size <= SMALL_MESSAGE ||
           !ZSTD_isError(ZSTD_CCtx_setParameter(ctx, ZSTD_c_windowLog, 17));
}

static bool add(ZSTD_CCtx *ctx, const char *data, size_t len, ZSTD_EndDirective end,
                struct bytes *out)
{
    ZSTD_inBuffer in = {data, len, 0};
    size_t left;
    do {
        if (!bytes_reserve(out, ZSTD_CStreamOutSize() / 8))
            return false;
        ZSTD_outBuffer to = {out->data + out->len, out->room - out->len - 1, 0};
        left = ZSTD_compressStream2(ctx, &to, &in, end);
        if (ZSTD_isError(left))
            return false;
        out->len += to.pos;
        out->data[out->len] = '\0';
    } while (end == ZSTD_e_end ? left != 0 : in.pos < in.size);
    return true;
}

bool packer_pack(struct packer *p, const struct bytes *head, const char *body, size_t body_len,
                 struct bytes *out)
{
    return begin(p->ctx, (uint64_t)head->len + body_len) &&
           add(p->ctx, head->data ? head->data : "", head->len, ZSTD_e_continue, out) &&
           add(p->ctx, body ? body : "", body_len, ZSTD_e_end, out);
}
