/*
 * wire - frames between processes of temoin over UNIX stream sockets
 *
 * A frame is: 4 octets total length, 4 octets length of the JSON part (both big endian, the
 * total counts what follows it), the JSON text, then raw octets (a compressed message), with
 * up to WIRE_FDS descriptors sent along by SCM_RIGHTS. Limits are part of the interface: a
 * peer that announces more than WIRE_MAX octets is hung up on.
 */
#ifndef TEMOIN_DB_WIRE_H
#define TEMOIN_DB_WIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/entry.h"
#include "policy/bytes.h"

enum { WIRE_FDS = 4, WIRE_MAX = 8 * 1024 * 1024 };

struct frame {
    json_t *json;      /* owned */
    struct bytes blob; /* raw octets */
    int fds[WIRE_FDS]; /* owned; -1: none */
    size_t fd_count;
};

void frame_init(struct frame *f);
void frame_free(struct frame *f); /* closes descriptors that were not taken */

enum wire_result { WIRE_OK, WIRE_EOF, WIRE_TIMEOUT, WIRE_ERROR, WIRE_AGAIN };

/* Send a whole frame within timeout_ms (-1: without bound). The socket may be blocking or not;
   descriptors stay the caller's. WIRE_ERROR leaves errno. Never raises SIGPIPE. */
enum wire_result wire_send(int fd, const json_t *json, const void *blob, size_t blob_len,
                           const int *fds, size_t fd_count, int timeout_ms);

/* Receive one whole frame within timeout_ms. */
enum wire_result wire_receive(int fd, struct frame *f, int timeout_ms);

/* For event loops: collect what has arrived on a non-blocking socket. WIRE_OK: *f is a frame;
   WIRE_AGAIN: not yet. */
struct wire_reader {
    struct bytes pending;
    int fds[WIRE_FDS];
    size_t fd_count;
};
enum wire_result wire_read(struct wire_reader *r, int fd, struct frame *f);
void wire_reader_free(struct wire_reader *r);

/* An entry as a frame's JSON, blob and descriptors, and back. False: out of memory, or (from)
   the frame holds no well-formed entry; *error then names the field (static). The decoded entry
   takes over the frame's blob and descriptors. */
bool entry_to_frame(const struct entry *e, const char *op, struct frame *f);
bool entry_from_frame(struct frame *f, struct entry *e, const char **error);

#endif
