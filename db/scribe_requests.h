/*
 * scribe_requests - what is asked of scribe: decoded, served as one group, answered
 *
 * Synopsis (scribe.c)
 *      request_decode(&group.items[n], &frame, uid, &desk);
 *      desk_serve(&desk, group.items, group.count);     // one transaction, one sync
 *      json_t *answer = request_answer(&group.items[n]);
 *      request_free(&group.items[n]);
 *
 * Nothing here touches a socket.
 */
#ifndef TEMOIN_DB_SCRIBE_REQUESTS_H
#define TEMOIN_DB_SCRIBE_REQUESTS_H

#include <sys/types.h>

#include "db/stamped.h"
#include "db/store.h"
#include "db/wire.h"
#include "db/writer.h"

enum request_op { OP_NONE, OP_PING, OP_APPEND, OP_RESERVE, OP_STAMPED, OP_RECALL, OP_REREAD };

/* OP_REREAD: facts.db has something to be read again, see to it. */
struct request {
    enum request_op op; /* OP_NONE: refused while decoding, `status` says why */
    uid_t uid;          /* of the peer */
    struct entry entry; /* OP_APPEND */
    bool joined;        /* the entry took over the stamping listener's retry key and edits */
    uint64_t number;    /* OP_RESERVE: how many, then the first; OP_RECALL: the token */
    json_t *told;       /* OP_STAMPED: as told; OP_RECALL: as remembered; owned */
    bool known;         /* OP_STAMPED */
    struct appended done;
    enum store_status status;
    struct store_error error;
};

/* What serving needs. */
struct desk {
    const struct settings *settings; /* replaced by a reload */
    struct store *store;
    struct writer writer;
    struct stamped_memory *memory;
    uid_t own_uid;     /* scribe's: the configured user; may ask anything, as root may */
    uid_t milter_uid;  /* may ask what the mail needs */
    uint64_t failures; /* groups that failed since the last one that did not */
};

/* May this user ask anything at all? */
bool desk_admits(const struct desk *d, uid_t uid);

/* Read a frame; the frame may be freed afterwards. A refusal is put into `r` and logged. */
void request_decode(struct request *r, struct frame *f, uid_t uid, const struct desk *d);
void request_free(struct request *r);

/* Octets that the request brings into the transaction, for the group's bound and the WAL. */
size_t request_octets(const struct request *r);

/* Serve all: at most one transaction. Each has its status afterwards. Gives whether something
   was committed. */
bool desk_serve(struct desk *d, struct request *items, size_t count);

/* {"status": n, "error": text, …}. NULL: out of memory. */
json_t *request_answer(const struct request *r);

#endif
