/*
 * wire - frames between processes of temoin over UNIX stream sockets
 *
 * A frame is: 4 octets total length, 4 octets length of the JSON part (both big endian, the
 * total counts what follows it), the JSON text, then raw octets (a compressed message), with
 * up to WIRE_FDS descriptors sent along by SCM_RIGHTS. Limits are part of the interface: a
 * peer that announces more than WIRE_MAX octets is hung up on.
 *
 * Synopsis
 *      wire_send(fd, json, NULL, 0, NULL, 0, 1000);
 *      struct frame f;
 *      frame_init(&f);
 *      if (wire_receive(fd, &f, 1000) == WIRE_OK) ...
 *      frame_free(&f);
 *
 * After WIRE_ERROR, or WIRE_TIMEOUT in the middle of a frame, a connection is of no more use:
 * close it.
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
    json_t *json;      /* an object; owned */
    struct bytes blob; /* raw octets */
    int fds[WIRE_FDS]; /* owned, close-on-exec; -1: none */
    size_t fd_count;
};

void frame_init(struct frame *f);
void frame_free(struct frame *f); /* closes descriptors that were not taken */

/* Take a descriptor out of a frame: it is the caller's from now on. -1: the frame brought no
   such descriptor. */
int frame_take_fd(struct frame *f, size_t index);

/* The frame's "op"; "" when it has none. */
const char *frame_op(const struct frame *f);

enum wire_result { WIRE_OK, WIRE_EOF, WIRE_TIMEOUT, WIRE_ERROR, WIRE_AGAIN };

/* Milliseconds of the monotonic clock, for deadlines. */
int64_t wire_clock_ms(void);

/* Send a whole frame within timeout_ms (-1: without bound). The socket may be blocking or not;
   descriptors stay the caller's. WIRE_ERROR leaves errno (EMSGSIZE: longer than WIRE_MAX).
   Never raises SIGPIPE. */
enum wire_result wire_send(int fd, const json_t *json, const void *blob, size_t blob_len,
                           const int *fds, size_t fd_count, int timeout_ms);

/* Receive one whole frame within timeout_ms (-1: without bound). WIRE_EOF: hung up between two
   frames; WIRE_ERROR leaves errno (EPROTO: what came is no frame). */
enum wire_result wire_receive(int fd, struct frame *f, int timeout_ms);

/* For event loops: collect what has arrived on a socket, never waiting and never reading into
   the next frame (so that descriptors stay with the frame that brought them). WIRE_OK: *f is
   a frame; WIRE_AGAIN: not yet. */
struct wire_reader {
    struct bytes pending;
    int fds[WIRE_FDS];
    size_t fd_count;
};
enum wire_result wire_read(struct wire_reader *r, int fd, struct frame *f);
void wire_reader_free(struct wire_reader *r); /* closes descriptors of an unfinished frame */

/* An entry as a frame's JSON, blob and descriptors, and back. False: out of memory, or (from)
   the frame holds no well-formed entry; *error then names the field (static).
   entry_to_frame: the frame gets copies. entry_from_frame: the decoded entry takes over the
   frame's blob and its first descriptor; a body's file must be a plain one of the size told. */
bool entry_to_frame(const struct entry *e, const char *op, struct frame *f);
bool entry_from_frame(struct frame *f, struct entry *e, const char **error);

/* The JSON of entry_to_frame alone, for a sender that has blob and descriptor at hand.
   NULL: out of memory. */
json_t *entry_to_json(const struct entry *e, const char *op);

/* Octets as lower-case hexadecimal, and back. NULL / false: out of memory, or not exactly
   `len` octets of hexadecimal. */
json_t *hex_json(const unsigned char *octets, size_t len);
bool hex_from_json(const json_t *json, unsigned char *octets, size_t len);

/* What json_foreign() and json_strings() wrote. NULL / false: out of memory or not their form. */
char *foreign_from_json(const json_t *json);
bool strings_from_json(const json_t *json, struct strings *out);

#endif
