/*
 * message_text - what a person reads in an archived message: header fields, text, attachments
 *
 * Synopsis
 *      json_t *json = message_parse(octets, len);      // confined: db/reader.h
 *      struct message_text text = {0};
 *      if (!message_text_from_json(json, &text)) ...out of memory...
 *      message_text_free(&text);
 */
#ifndef TEMOIN_DB_MESSAGE_TEXT_H
#define TEMOIN_DB_MESSAGE_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TEXT_BODY_MAX = 64 * 1024, /* octets of its text that are shown */
    TEXT_HEADER_MAX = 32 * 1024,
    TEXT_PARTS_MAX = 100,
};

struct message_part {
    char *name; /* of the file, without directories; "" when it has none */
    char *type; /* as declared */
    uint64_t size;
};

/* All text is valid UTF-8; of control characters it has line feeds and tabs only. */
struct message_text {
    bool read;        /* false: nothing else is set */
    char *header;     /* "Name: value" lines, folds and encoded words undone */
    char *body;       /* "": it has none */
    bool cut;         /* there is more than is shown */
    bool from_markup; /* (some of) body is the text of HTML: there was no plain one */
    struct message_part *parts;
    size_t part_count;
};
void message_text_free(struct message_text *t);

/* The parsing itself, in this process. NULL: out of memory. The object is what
   message_text_from_json() takes. */
json_t *message_parse(const char *octets, size_t len);

/* Nothing that comes out of a confined process is taken for what it claims to be. False: out of
   memory. */
bool message_text_from_json(const json_t *json, struct message_text *out);

#endif
