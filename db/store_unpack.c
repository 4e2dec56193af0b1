/*
 * store_unpack - zstd frames, fed in parts, written to a sink as they open up
 *
 * Memory is one buffer and zstd's window (at most 8 MB; our own frames use far less), whatever
 * the message's size. The recorded size is a limit, so that damaged or forged frames cannot
 * grow without end.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "db/store_private.h"

enum { WINDOW_LOG_MAX = 23 };

bool unpack_open(struct unpack *u, struct store *store, uint64_t size,
                 bool (*sink)(const void *data, size_t len, void *context), void *context)
{
    *u = (struct unpack){.store = store, .size = size, .sink = sink, .context = context};
    u->ctx = store->spare ? store->spare : ZSTD_createDCtx();
    u->out = store->spare_out ? store->spare_out : malloc(ZSTD_DStreamOutSize());
    store->spare = NULL;
    store->spare_out = NULL;
    return u->ctx && u->out &&
           !ZSTD_isError(ZSTD_DCtx_reset(u->ctx, ZSTD_reset_session_and_parameters)) &&
           !ZSTD_isError(ZSTD_DCtx_setParameter(u->ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX));
}

enum store_status unpack_plain(struct unpack *u, const void *data, size_t len,
                               struct store_error *err)
{
    if (len > u->size - u->written)
        return store_fail(err, STORE_CORRUPT, "message is longer than its %" PRIu64 " octets",
                          u->size);
    u->written += len;
    if (len && !u->sink(data, len, u->context))
        return store_fail(err, STORE_IO, "message could not be written on");
    return STORE_OK;
}

enum store_status unpack_feed(struct unpack *u, const void *data, size_t len,
                              struct store_error *err)
{
    ZSTD_inBuffer in = {data, len, 0};
    enum store_status st = STORE_OK;
    bool more = len > 0;
    while (st == STORE_OK && more) {
        ZSTD_outBuffer out = {u->out, ZSTD_DStreamOutSize(), 0};
        size_t left = ZSTD_decompressStream(u->ctx, &out, &in);
        if (ZSTD_isError(left))
            return store_fail(err, STORE_CORRUPT, "message cannot be unpacked: %s",
                              ZSTD_getErrorName(left));
        u->in_frame = left != 0;
        st = unpack_plain(u, u->out, out.pos, err);
        /* A full buffer may hide more, but not beyond a frame's end: asking zstd then would
           begin a next frame. */
        more = in.pos < in.size || (u->in_frame && out.pos == out.size);
    }
    return st;
}

enum store_status unpack_end(struct unpack *u, struct store_error *err)
{
    if (u->in_frame || u->written != u->size)
        return store_fail(err, STORE_CORRUPT,
                          "message ends after %" PRIu64 " of %" PRIu64 " octets", u->written,
                          u->size);
    return STORE_OK;
}

/* Small messages are many: making a decompressor costs more than its use for one of them. */
void unpack_close(struct unpack *u)
{
    if (!u->store)
        return;
    unpack_spare_free(u->store);
    u->store->spare = u->ctx;
    u->store->spare_out = u->out;
    *u = (struct unpack){0};
}

void unpack_spare_free(struct store *store)
{
    ZSTD_freeDCtx(store->spare);
    free(store->spare_out);
    store->spare = NULL;
    store->spare_out = NULL;
}
