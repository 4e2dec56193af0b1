/*
 * attachment - file names of a message's attachments, read from the body as it passes by
 *
 * Synopsis
 *      struct attachments a = {0};
 *      attachments_header(&a, &fields);    // a message of one part may be the attachment
 *      attachments_feed(&a, chunk, len);   // split anywhere
 *      attachments_end(&a);
 *      ... a.names ...
 *      attachments_free(&a);
 *
 * Collects the header lines that follow a MIME delimiter line ("--…") and takes filename= and
 * name= from them, RFC 2231 and RFC 2047 decoded. Used for our own accountants' mail only.
 * No MIME parser: boundaries are not compared, so parts of any depth are seen.
 * Limits: 100 names, part headers up to 8 kB; what is beyond is ignored.
 */
#ifndef TEMOIN_POLICY_ATTACHMENT_H
#define TEMOIN_POLICY_ATTACHMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/message.h"

struct attachments {
    struct strings names; /* UTF-8, without directories, distinct */
    struct bytes line;    /* private */
    struct bytes header;  /* private: the part header being collected */
    bool in_header;       /* private */
    bool skip_line;       /* private: the rest of an over-long line */
    bool out_of_memory;   /* what was read so far stays valid */
};

/* Take the name that the header of the message itself gives: its only part may be a PDF. */
void attachments_header(struct attachments *a, const struct fields *f);

/* Take in the next octets of the body. */
void attachments_feed(struct attachments *a, const char *data, size_t len);

/* The body is complete: read a part header that it ends in. */
void attachments_end(struct attachments *a);

void attachments_free(struct attachments *a);

#endif
