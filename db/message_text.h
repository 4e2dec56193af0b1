/*
 * message_text - what a person reads in an archived message: header fields, text, attachments
 *
 * Synopsis
 *      struct text_reader *reader = text_reader_start(&err);
 *      struct message_text text = {0};
 *      st = text_reader_read(reader, octets, len, &text, &err);
 *      message_text_free(&text);
 *      text_reader_stop(reader);
 *
 * Messages are hostile: each is parsed in a process of its own that can do nothing but answer
 * (seccomp, no files, bounded memory and time). One that crashes or hangs costs its own text.
 * Start the reader before a store is opened: no SQLite handle crosses a fork.
 */
#ifndef TEMOIN_DB_MESSAGE_TEXT_H
#define TEMOIN_DB_MESSAGE_TEXT_H

#include "db/store.h"

enum {
    TEXT_READ_MAX = 6 * 1024 * 1024, /* octets of a message that are looked at */
    TEXT_BODY_MAX = 64 * 1024,       /* octets of its text that are shown */
    TEXT_HEADER_MAX = 32 * 1024,
    TEXT_PARTS_MAX = 100,
};

struct message_part {
    char *name; /* of the file; "" when it has none */
    char *type; /* as declared */
    uint64_t size;
};

/* All text is valid UTF-8; of control characters it has line feeds and tabs only. */
struct message_text {
    bool read;        /* false: nothing else is set */
    char *header;     /* "Name: value" lines, folds and encoded words undone */
    char *body;       /* "": it has none */
    bool cut;         /* there is more than is shown */
    bool from_markup; /* body is the text of an HTML part; there was no plain one */
    struct message_part *parts;
    size_t part_count;
};
void message_text_free(struct message_text *t);

struct text_reader;
enum store_status text_reader_start(struct text_reader **reader, struct store_error *err);
void text_reader_stop(struct text_reader *reader); /* NULL does nothing */

/* STORE_OK with text->read false: the message could not be read. Anything else: out of memory,
   or the reader is gone. */
enum store_status text_reader_read(struct text_reader *reader, const void *octets, size_t len,
                                   struct message_text *out, struct store_error *err);

/* message_parse.c: the parsing itself, in this process. NULL: out of memory. The object is what
   message_text_from_json() takes. */
json_t *message_parse(const char *octets, size_t len);
bool message_text_from_json(const json_t *json, struct message_text *out);

#endif
