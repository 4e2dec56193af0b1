/*
 * stored_header - the header of an archived message, without its body
 */
#include "db/stored_header.h"

#include <string.h>

struct header {
    struct bytes octets;
    bool complete, out_of_memory;
};

/* Stops the reading once the header's end, or enough of it, is there. */
static bool collect(const void *data, size_t len, void *context)
{
    struct header *h = context;
    size_t before = h->octets.len > 3 ? h->octets.len - 3 : 0;
    size_t room = STORED_HEADER_MAX - h->octets.len;
    h->out_of_memory = !bytes_append(&h->octets, data, len < room ? len : room);
    h->complete = !h->out_of_memory &&
                  (h->octets.len >= STORED_HEADER_MAX ||
                   memmem(h->octets.data + before, h->octets.len - before, "\r\n\r\n", 4));
    return !h->complete && !h->out_of_memory;
}

enum store_status stored_header_read(struct store *store, uint64_t seq, struct fields *f,
                                     struct store_error *err)
{
    struct header h = {0};
    struct store_error why;
    size_t body;
    enum store_status st = store_message(store, seq, collect, &h, &why);
    if (h.out_of_memory || st == STORE_NO_MEMORY)
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    else if (st == STORE_BUSY || st == STORE_DENIED)
        st = store_fail(err, st, "%s", why.text);
    else if ((st == STORE_OK || h.complete) &&
             !fields_parse(h.octets.data ? h.octets.data : "", h.octets.len, f, &body))
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    else
        st = STORE_OK;
    bytes_free(&h.octets);
    return st;
}
