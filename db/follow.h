/*
 * follow - what the parts of `temoin follow` share: where lines come from, what they become
 *
 * Synopsis
 *      struct follow_source *source;
 *      st = follow_file_open(&place, path, &state, oldest, &source, &err);
 *      while ((st = follow_read(source, &chunk, &err)) == STORE_OK && chunk.len) ...
 *
 * cmd_follow.c runs; follow_run.c turns chunks into entries; follow_file.c (with
 * follow_rotation.c and follow_opener.c) and follow_journal.c read; follow_index.c knows the
 * messages; follow_entry.c writes; follow_state.c remembers where it stopped.
 *
 * Nothing enters twice, whatever is killed when: entries are in the log before the place is saved,
 * and each has a retry key made of what it says (message, event, recipient, second, words), not of
 * where it stood. So the same line read again, from a rotated copy or from the journal, finds
 * its entry: also one whose stamp differs a little, since two loggers may see the second change in
 * between, or that falls into the hour that a change of the clock repeats and was taken for the
 * other one. Two that follow at the same time enter what they found one after the other.
 */
#ifndef TEMOIN_DB_FOLLOW_H
#define TEMOIN_DB_FOLLOW_H

#include <jansson.h>

#include "db/store.h"
#include "policy/delivery.h"
#include "policy/settings.h"

enum { FOLLOW_HEAD = 1024 };

/* --- where it stopped: <store>/follow/<hash of the source>.json -------------------------------*/

struct follow_state {
    bool known;      /* there was one */
    char *source;    /* path of the log, or "journal" */
    uint64_t offset; /* of the next octet in the file (as it was before compression) */
    uint64_t device, inode;
    size_t head_len;                 /* so many octets at the file's beginning … */
    unsigned char head[HASH_OCTETS]; /* … have this hash: it is known by them wherever it went */
    char *cursor;                    /* of the journal; NULL */
    int64_t saved;                   /* when, seconds since 1970 */
    int64_t stamp;                   /* time of the last line about a message; 0: not known */
    struct strings tracker;          /* delivery_save() */
};

/* `state` is empty before. A state that cannot be read is an error: starting anew would be silent.
 */
enum store_status follow_state_load(const char *directory, const char *source,
                                    struct follow_state *state, struct store_error *err);
/* Atomically, and on the disk before it returns. */
enum store_status follow_state_save(const char *directory, const struct follow_state *state,
                                    struct store_error *err);
void follow_state_free(struct follow_state *state);
/* Be the only one that enters lines, until the descriptor is closed. STORE_BUSY: another process
   is (*fd -1). */
enum store_status follow_state_lock(const char *directory, int *fd, struct store_error *err);

/* --- where lines come from --------------------------------------------------------------------*/

struct follow_chunk {
    const char *data;               /* whole lines, each ended by LF; valid until the next read */
    size_t len;                     /* 0: nothing new at the moment */
    bool ended;                     /* and nothing will come */
    const char *file;               /* that they stand in; NULL: journal or standard input */
    uint64_t device, inode, offset; /* of data[0]; offset as before compression */
    const struct strings *cursors;  /* journal: of each line */
    int64_t written;                /* when the file was written last: no line is younger */
};

struct follow_source {
    enum store_status (*read)(struct follow_source *s, struct follow_chunk *chunk,
                              struct store_error *err);
    /* Fill in where the chunk that was read last ends. False: out of memory. */
    bool (*place)(const struct follow_source *s, struct follow_state *state);
    void (*close)(struct follow_source *s);
};

/* Opens files of a directory; run as root, by a process of its own that keeps root's rights and can
   do nothing else, since logs are often root's alone. */
struct follow_opener;
/* Before rights are given up. `path` is absolute. */
enum store_status follow_opener_start(const char *path, struct follow_opener **o,
                                      struct store_error *err);
/* A descriptor of the log itself (name NULL), of a file beside it whose name begins with the log's,
   or ("") of the directory. -1 and errno. */
int follow_opener_open(struct follow_opener *o, const char *name);
void follow_opener_stop(struct follow_opener *o);

/* A file, from where `state` says; the first time, from the predecessors that were written since
   `oldest` on (seconds since 1970). With `once` what is there now is all: chunk.ended tells. */
enum store_status follow_file_open(struct follow_opener *o, const char *path,
                                   const struct follow_state *state, int64_t oldest, bool once,
                                   struct follow_source **source, struct store_error *err);
enum store_status follow_stdin_open(struct follow_source **source, struct store_error *err);
/* The system's journal, or the files of a directory. STORE_INVALID: built without libsystemd. */
enum store_status follow_journal_open(const char *directory, const struct follow_state *state,
                                      int64_t oldest, bool once, struct follow_source **source,
                                      struct store_error *err);

/* --- from lines to entries --------------------------------------------------------------------*/

/* Where a line stands. */
struct follow_place {
    const char *file; /* NULL: not in a file */
    uint64_t device, inode, offset;
    const char *cursor; /* NULL: not in the journal */
};

struct follow_index; /* messages of the log, in a tracker */
enum store_status follow_index_open(const struct settings *s, struct follow_index **index,
                                    struct store_error *err);
void follow_index_close(struct follow_index *index);
/* Know all messages from `since` (seconds since 1970) on that are in the log now. */
enum store_status follow_index_refresh(struct follow_index *index, int64_t since,
                                       struct store_error *err);
struct delivery_tracker *follow_index_tracker(struct follow_index *index);
struct store *follow_index_store(struct follow_index *index);
/* When the oldest outbound message of the log was archived; -1: there is none. */
enum store_status follow_index_oldest(struct follow_index *index, int64_t *oldest,
                                      struct store_error *err);
/* Lines without a year or zone are not younger than `written`. */
void follow_index_reference(struct follow_index *index, int64_t written);
/* The time of the last line that was looked into: what tells, in an hour that is repeated, which of
   the two a line without zone means. 0: none was. */
int64_t follow_index_stamp(const struct follow_index *index);
void follow_index_resume(struct follow_index *index, int64_t stamp);
/* The other time that a stamp which was taken for `time` may mean; `time`: there is none. */
int64_t follow_index_other_time(const struct maillog_stamp *stamp, int64_t time);

/* Compose the entry of an event. STORE_NOT_FOUND: the message was erased meanwhile, or (an alarm)
   none of the recipients is a contact of a debtor with open invoices. */
enum store_status follow_entry_make(const struct settings *s, struct store *store,
                                    const struct delivery_event *event, const char *text,
                                    size_t len, const struct follow_place *place, struct entry *e,
                                    struct store_error *err);

/* The retry key of an event, if it was at `time`. False: the crypto library failed. */
bool follow_entry_key(const struct delivery_event *event, int64_t time,
                      unsigned char key[HASH_OCTETS]);
/* Is it entered once a message, whenever it was? */
bool follow_entry_once(enum delivery_kind kind);

/* What was done, for people and programs. */
struct follow_figures {
    uint64_t lines, octets;
    uint64_t known;                            /* events whose entries an earlier run made */
    bool mail;                                 /* there was a line of a mail server */
    uint64_t entries[DELIVERY_UNRECORDED + 1]; /* by kind */
};

struct follow_run;
enum store_status follow_run_open(const struct settings *s, const char *actor, bool once,
                                  struct follow_run **run, struct store_error *err);
void follow_run_close(struct follow_run *run);
struct follow_index *follow_run_index(struct follow_run *run);
const struct follow_figures *follow_run_figures(const struct follow_run *run);
/* Take in a chunk: everything it says is in the log afterwards. Not `once`: waits for a writer as
   long as it takes, until `stop`. */
enum store_status follow_run_chunk(struct follow_run *run, const struct follow_chunk *chunk,
                                   const volatile int *stop, struct store_error *err);

#endif
