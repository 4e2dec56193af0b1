/*
 * session_fakes - what stands around a session under test: an MTA, scribe, and the store's facts
 *
 * The MTA and scribe write down what they were asked; scribe keeps what it took in, and knows
 * retry keys. The store knows invoice F-2026-001 of debtor D1, whose contact is
 * claire@debtor.example; an entry that we sent with Message-ID <sent@creditor.example> and
 * message number SENT_NUMBER to her; nothing else.
 */
#ifndef TEMOIN_TESTS_SESSION_FAKES_H
#define TEMOIN_TESTS_SESSION_FAKES_H

#include "db/scribe_client.h"
#include "milter/session.h"

enum { SENT_NUMBER = 7 };

struct fake_mta {
    struct strings edits; /* "add Name:value", "change Name/1:value", "delete Name/1", … */
    struct bytes reply;   /* "550 5.7.1 text" */
    bool refuses_edits;
    struct mta mta;
};
void fake_mta_begin(struct fake_mta *f);
void fake_mta_end(struct fake_mta *f);
/* The first edit that begins so; NULL: none. */
const char *fake_mta_edit(const struct fake_mta *f, const char *beginning);

struct fake_scribe {
    enum store_status status; /* the answer to everything but pings */
    bool ping_answers;
    unsigned appends, pings, reserves;
    size_t edits_at_append; /* how many edits the MTA had been told when scribe was asked */
    const struct fake_mta *mta;
    bool forgets; /* recall finds nothing */

    /* the last entry that was appended */
    char *event, *direction, *review, *learn;
    struct strings dossiers;
    struct bytes message; /* unpacked, with its body */
    bool dropped, pauses, had_file;
    uint64_t token, size;

    /* what scribe holds */
    bool known;
    unsigned char retry[HASH_OCTETS];
    uint64_t known_token;
    struct edits known_edits;
    struct stamped told;
    bool has_told;
};
extern struct fake_scribe fake_scribe;
void fake_scribe_reset(void);

struct fake_store {
    enum store_status status;
    unsigned lookups;
    bool knows_sent_number; /* as an archived entry */
};
extern struct fake_store fake_store;

#endif
