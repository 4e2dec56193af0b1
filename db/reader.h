/*
 * reader - messages read in depth by processes that can do nothing else
 *
 * Synopsis
 *      struct reader *reader;
 *      st = reader_start(&reader_limits_default, &reader, &err);  // before a store is opened
 *      json_t *answer = NULL;
 *      struct reader_outcome how;
 *      st = reader_read(reader, octets, len, &options, &answer, &how, &err);
 *      if (st == STORE_OK && answer) ... "facts", "text" ...
 *      else if (st == STORE_OK) ... how.why ...
 *      reader_stop(reader);
 *
 * A reader is a process that has given up files, network and programs, with all loaded that
 * reading needs. For each order it forks another one, which gives up the rest, reads, answers and
 * ends (reader_confine.h); at most READER_PARALLEL are at work. One that crashes, hangs or takes
 * too much memory costs its own message. temoind starts a reader of its own (temoin-reader) and
 * gives scribe one end of its socket; commands start theirs.
 *
 * An order brings its messages as a sealed memfd, and two pipes: one for answers, a line of JSON
 * each, one for how it ended. So nothing is left half in a socket when a process dies, and
 * whoever asks notices at once: the pipes end.
 *
 * Several small messages may be read by one process, which is three times as fast. A message that
 * took its process over could then answer for those behind it: so only scribe does it, when many
 * wait, and what goes into an evidence file is read one by one.
 */
#ifndef TEMOIN_DB_READER_H
#define TEMOIN_DB_READER_H

#include <jansson.h>

#include "db/reader_confine.h"
#include "db/store.h"
#include "policy/settings.h"

enum {
    READER_PARALLEL = 4,                /* orders that one reader works on at the same time */
    READER_BATCH = 64,                  /* messages */
    READER_BATCH_OCTETS = 1024 * 1024,  /* of several messages; one alone may be longer */
    READER_ANSWER_MAX = 4 * 1024 * 1024 /* octets of JSON for one message */
};

/* What is wanted of a message. */
struct reader_options {
    bool facts;         /* "facts": the object of DESIGN 7, tokens without "valid" */
    bool text;          /* "text": for message_text_from_json() */
    bool header_only;   /* look at nothing behind the header */
    bool candidates;    /* list what only a keyring tells from a token: read_json.h */
    const char *domain; /* the company's, for tokens; NULL: not known */
    char delimiter;     /* of plus addresses; 0: '+' */
};

/* The messages of an order, one behind the other in a file in memory. */
struct reader_bundle {
    int fd; /* -1: none yet */
    size_t sizes[READER_BATCH];
    size_t count;
    size_t octets;
};
void reader_bundle_init(struct reader_bundle *b);
void reader_bundle_free(struct reader_bundle *b);
/* Begin a message; then put its octets. False: no memory or descriptor. */
bool reader_bundle_begin(struct reader_bundle *b);
bool reader_bundle_put(struct reader_bundle *b, const void *octets, size_t len);
/* Take the last message off. */
bool reader_bundle_undo(struct reader_bundle *b);

/* What the configuration allows. */
struct reader_limits reader_limits_of(const struct settings *s);

struct reader;

/* STORE_IO: it cannot be started, err says why. */
enum store_status reader_start(const struct reader_limits *limits, struct reader **reader,
                               struct store_error *err);
/* Use one that somebody else started; `fd` stays the caller's. NULL: out of memory. */
struct reader *reader_attach(int fd, const struct reader_limits *limits);
/* From the next order on. */
void reader_limit(struct reader *reader, const struct reader_limits *limits);
void reader_stop(struct reader *reader); /* NULL does nothing */

/* How an order ended. */
struct reader_outcome {
    size_t answered; /* so many from the first on */
    char why[200];   /* why not all: a phrase such as "took more than 10 s"; "": all */
    bool late;       /* with STORE_BUSY: a reader took the order, and never told of its end */
};

/* An order whose answers are still to be taken: who has many messages gives the next order
   before he takes the answers of the last one. */
struct reader_question;

/* Give an order (it seals the bundle, which may be freed then). One beyond READER_PARALLEL waits
   for the others, and its time runs meanwhile. STORE_BUSY: no reader took it in time, or
   `cancel_fd` became readable
   (-1: none). */
enum store_status reader_order(struct reader *reader, struct reader_bundle *bundle,
                               const struct reader_options *options, int cancel_fd,
                               struct reader_question **question, struct store_error *err);
/* Take its answers: see reader_ask(). Frees the question. */
enum store_status reader_take(struct reader_question *question, int cancel_fd,
                              bool (*each)(size_t i, json_t *answer, void *context), void *context,
                              struct reader_outcome *how, struct store_error *err);
/* Nobody wants to know any more. NULL does nothing. */
void reader_forget(struct reader_question *question);

/* Have a bundle read (it is sealed by this): the two at once. `each` gets the answers in order and
   takes over the reference. STORE_OK: see *how. STORE_BUSY: `cancel_fd` became readable (-1: none),
   or no reader took the order in time. */
enum store_status reader_ask(struct reader *reader, struct reader_bundle *bundle,
                             const struct reader_options *options, int cancel_fd,
                             bool (*each)(size_t i, json_t *answer, void *context), void *context,
                             struct reader_outcome *how, struct store_error *err);

/* One message out of memory. *answer NULL with STORE_OK: it could not be read, how->why. */
enum store_status reader_read(struct reader *reader, const void *octets, size_t len,
                              const struct reader_options *options, json_t **answer,
                              struct reader_outcome *how, struct store_error *err);

/* The process that reads: serves orders from `fd` until that or `control_fd` (-1: none) is hung
   up or says anything. It is confined before the first; *ready is called then (NULL: nobody waits).
   An order brings its limits; these are for one that does not. Returns a sysexits status. */
int reader_serve(int fd, int control_fd, const struct reader_limits *limits, bool (*ready)(void));

#endif
