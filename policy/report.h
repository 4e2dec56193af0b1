/*
 * report - the few lines of a delivery or disposition report that the mail path needs
 *
 * Synopsis
 *      struct report r = {0};
 *      report_feed(&r, chunk, len);    // any number of times, split anywhere
 *      report_end(&r);
 *      report_free(&r);
 *
 * A line scanner, no MIME parser: it looks at lines "Final-Recipient: rfc822; a@b" and their
 * like wherever they stand in the body. Reports are read in depth elsewhere, after they are
 * safe. A folded field is joined. Limits: fields are read up to 2 kB, at most 100 recipients and
 * 100 returned ids; what is beyond is ignored, as are base64-coded parts.
 */
#ifndef TEMOIN_POLICY_REPORT_H
#define TEMOIN_POLICY_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/message.h"

struct report_recipient {
    char *final;    /* normalised; NULL: not given */
    char *original; /* normalised; NULL: not given */
    char *action;   /* lower case: failed, delayed, delivered, relayed, expanded; NULL */
    char *status;   /* "5.1.1"; NULL */
};

struct report {
    struct report_recipient *recipients;
    size_t count;
    size_t room;
    char *envelope_id;           /* Original-Envelope-Id, xtext decoded; NULL */
    char *original_message_id;   /* "<…>" of an MDN; NULL */
    char *disposition;           /* type, lower case: displayed, deleted, …; NULL */
    char *disposition_mode;      /* "manual-action/MDN-sent-manually", without blanks; NULL */
    struct strings returned_ids; /* of returned headers, and what an MDN names, "<…>" */
    struct bytes line;           /* private: the field being collected, folds joined */
    size_t joined;               /* private: where the current line begins in it */
    bool at_start;               /* private: a line ended, the next octet may continue it */
    bool line_too_long;          /* private */
    bool in_group;               /* private: the last recipient's group is open */
    bool out_of_memory;          /* what was read so far stays valid */
};

/* Take in the next octets of the body. */
void report_feed(struct report *r, const char *data, size_t len);

/* The body is complete: read what its last line holds. */
void report_end(struct report *r);

void report_free(struct report *r);

/* What a message from the null sender is, whose header alone says `by_header`. Some servers
   (OpenSMTPD, qmail) bounce without the multipart/report of RFC 6522, and call themselves what
   only a server is called: a body that tells a recipient's fate, or a sender that is no person
   ("MAILER-DAEMON@…", the normalised addresses of From), make it a report. Not for mail from any
   other sender: whoever quotes a report is a person. */
enum message_kind report_kind(const struct report *r, enum message_kind by_header,
                              const struct strings *from);

/* The event that a report of this kind stands for (EVIDENCE: failed, delayed,
   reported-delivered, reported-displayed; "dsn" or "mdn" when it does not say). The worst
   action of its recipients decides; "relayed" and "expanded" say neither delivered nor read
   and give "dsn". Static text. */
const char *report_event(const struct report *r, bool is_mdn);

#endif
