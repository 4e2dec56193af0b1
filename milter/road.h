/*
 * road - the inside of a session: a message on its way, and the steps that the roads share
 *
 * Private to session.c, road*.c. A road is what happens to a message of one direction: at the
 * end of its header it is passed on or a plan is made, at the end of the message the plan is
 * carried out. Whatever can fail comes first (store), the edits last: a milter that dies in
 * between leaves the message as it was.
 */
#ifndef TEMOIN_MILTER_ROAD_H
#define TEMOIN_MILTER_ROAD_H

#include <stdint.h>

#include "db/entry.h"
#include "milter/session.h"
#include "milter/spool.h"
#include "policy/attachment.h"
#include "policy/direction.h"
#include "policy/edits.h"
#include "policy/facts.h"
#include "policy/inbound.h"
#include "policy/message.h"
#include "policy/outbound.h"
#include "policy/report.h"

enum plan {
    PLAN_NONE,     /* nothing is known yet, or nothing is wanted */
    PLAN_OUTBOUND, /* stamp, and archive unless another listener does */
    PLAN_ARCHIVE,  /* archive what the stamping listener stamped */
    PLAN_INBOUND,  /* archive and mark */
    PLAN_CLEAN,    /* only take out Temoin-Dossier fields that came from outside */
};

/* All that belongs to one message; freed and zeroed between messages. */
struct message {
    struct envelope envelope;
    struct fields fields;
    size_t counted;        /* octets counted in services->header_octets */
    bool matters, judged;  /* direction_may_matter(), and whether it was asked */
    size_t dossier_fields; /* of Temoin-Dossier that came with it */
    const char *trouble;   /* why it cannot be handled: limits, memory; static; NULL: it can */
    bool named_us;         /* what was seen before a limit was passed may be ours */

    enum plan plan;
    bool wants_body;
    struct reading reading;
    struct direction_found found;
    struct query query;
    struct facts facts;
    struct outbound outbound;
    struct inbound inbound;
    struct spool spool;
    bool over_size; /* beyond max_message_size and not to be kept */

    bool wants_names; /* of attachments */
    struct attachments attachments;
    bool scans; /* a report: its lines and tokens */
    struct report report;
    struct tokens tokens; /* found in the body */
    struct bytes window;  /* the end of the last chunk and this one */
};

struct session {
    struct services *services;
    struct snapshot *snapshot;
    char *client_name, *client_address, *helo, *tls_version;
    bool trouble; /* out of memory before a message began */
    struct message m;
};

/* One log line, beginning with the queue ID. */
void road_log(const struct session *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same as an error. */
void road_error(const struct session *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A list as "a,b" for a log line, in printable ASCII, cut to fit. Returns `buffer`. */
const char *road_list(const struct strings *list, char *buffer, size_t size);

/* Build the query of this message and have it answered into m.query and m.facts. Any status but
   STORE_OK leaves err filled. */
enum store_status road_ask(struct session *s, enum direction direction, const struct strings *names,
                           struct store_error *err);
/* Does the query name anything of ours, rather than addresses alone? */
bool road_names_something(const struct session *s);

/* A message that is ours and cannot be stored: on_store_failure. `what` for the log. */
enum verdict road_store_failed(struct session *s, const struct mta *mta, const char *what,
                               enum store_status status, const struct store_error *err);
/* Memory, crypto, a record that scribe calls invalid: ours wait, whatever the configuration. */
enum verdict road_internal_error(struct session *s, const struct mta *mta, const char *what);
/* Refuse for ever with this sentence. */
enum verdict road_refuse(struct session *s, const struct mta *mta, const char *enhanced,
                         const char *sentence);

/* A message over max_message_size: CONTINUE, with *keep telling whether its bytes are kept, or
   the verdict of on_oversize. */
enum verdict road_size(struct session *s, const struct mta *mta, bool *keep);

/* Add message and retry key to an entry that describes it, and have it committed. `head` is the
   header as it is archived. False: *verdict is the answer; the failure was logged. */
bool road_commit(struct session *s, const struct mta *mta, struct entry *entry,
                 const struct fields *head, bool keep, struct appended *done,
                 enum verdict *verdict);
/* The name of this message as received. False: as above. */
bool road_retry_key(struct session *s, const struct mta *mta, const char *direction,
                    unsigned char key[HASH_OCTETS], enum verdict *verdict);
/* Ask scribe anything: is it worth it now (latch)? False: answered by road_store_failed. */
bool road_may_ask_scribe(struct session *s, const struct mta *mta, enum verdict *verdict);
/* Wait for the body to be complete and, when `durable`, on disk. False: as above. */
bool road_body(struct session *s, const struct mta *mta, bool durable, enum verdict *verdict);

/* Another temoin's checkpoint in this message is handed over to be entered; `filed_as` is the
   entry that the message became, 0: none. Never waits. */
void road_witness(struct session *s, uint64_t filed_as);

/* Have the MTA make the edits. False: at least one was refused; logged. */
bool road_edit(struct session *s, const struct mta *mta, const struct edits *edits);

/* The roads. At the end of the header CONTINUE means that the plan stands. */
enum verdict road_outbound_eoh(struct session *s, const struct mta *mta);
enum verdict road_outbound_eom(struct session *s, const struct mta *mta);
enum verdict road_archive_eoh(struct session *s, const struct mta *mta);
enum verdict road_archive_eom(struct session *s, const struct mta *mta);
enum verdict road_inbound_eoh(struct session *s, const struct mta *mta);
enum verdict road_inbound_eom(struct session *s, const struct mta *mta);
enum verdict road_clean_eom(struct session *s, const struct mta *mta);

/* Nothing for us: accept, after the removal of Temoin-Dossier fields where there are any. */
enum verdict road_pass(struct session *s);

#endif
