/*
 * mail - a whole message in memory, taken apart: its header, its parts, their text and octets
 *
 * Synopsis
 *      struct mail m = {0};
 *      if (!mail_parse(octets, len, &m)) ...out of memory...
 *      for (size_t i = 0; i < m.count; i++)
 *          if (mail_is(&m, i, "text/plain") && !m.parts[i].returned)
 *              mail_text(&m, i, &text);
 *      mail_free(&m);
 *
 * For reading in depth, in a process that can do nothing else; the mail path never uses it.
 * GMime takes the structure apart. Before it sees the octets, headers are cut to HEADER_LINES_MAX
 * lines and fields to FIELD_MAX octets, and what follows DELIMITERS_MAX delimiter lines is left
 * out, since GMime keeps every one in memory and GLib aborts when there is none left. `cut` tells.
 * Any octets are a message; what is odd has fewer parts. Parts deeper than MAIL_DEPTH_MAX or
 * beyond MAIL_PARTS_MAX are not listed.
 */
#ifndef TEMOIN_POLICY_MAIL_H
#define TEMOIN_POLICY_MAIL_H

#include "policy/message.h"

enum {
    MAIL_HEADER_LINES_MAX = 1000,
    MAIL_DELIMITERS_MAX = 5000,
    MAIL_FIELD_COMMAS_MAX =
        500,                /* of a header field: GMime's address lists are quadratic in them */
    MAIL_COMMAS_MAX = 5000, /* of all header fields */
    MAIL_PARTS_MAX = 200,
    MAIL_DEPTH_MAX = 30,
    MAIL_TEXT_MAX = 256 * 1024, /* octets of a part that mail_text() decodes */
};

enum mail_part_form {
    PART_LEAF,      /* has content of its own */
    PART_MULTIPART, /* its parts follow, one deeper */
    PART_MESSAGE,   /* message/rfc822 or message/global: its root part follows, one deeper */
};

struct mail_part {
    enum mail_part_form form;
    char *type;          /* "text/plain", lower case, without parameters */
    char *name;          /* of the file, decoded, without directories; "": it has none */
    size_t parent;       /* position of the part around it; the root's is its own */
    unsigned depth;      /* the root's is 0 */
    bool attachment;     /* Content-Disposition says so */
    bool returned;       /* inside a PART_MESSAGE: somebody else's words */
    struct fields inner; /* PART_MESSAGE: header of the message in it; text/rfc822-headers: it */
    void *object;        /* private: GMimeObject, borrowed */
};

struct mail {
    struct fields header;   /* as far as the limits allow */
    struct reading reading; /* what it says */
    struct mail_part *parts;
    size_t count;       /* parts[0] is the root; 0: no structure could be made out */
    size_t body;        /* where the body begins in the octets */
    const char *octets; /* borrowed */
    size_t len;
    bool cut;      /* limits were met: there is more than is seen */
    void *message; /* private: GMimeMessage */
};

/* `octets` must live as long as `m`, which is empty before. False: out of memory. */
bool mail_parse(const char *octets, size_t len, struct mail *m);
void mail_free(struct mail *m);

/* Is the part of this type ("text/plain", or "text/" and "*" behind it for all of a kind)? */
bool mail_is(const struct mail *m, size_t part, const char *type);

/* The first part after `from` - 1 of this type that is not within a returned message; count:
   none. */
size_t mail_find(const struct mail *m, size_t from, const char *type);

/* A field of the part's own MIME header, decoded and unfolded, malloc'd; *value NULL: it has
   none. False: out of memory. */
bool mail_part_field(const struct mail *m, size_t part, const char *name, char **value);

/* A parameter of its Content-Type ("report-type"), malloc'd; *value NULL: it has none. */
bool mail_part_parameter(const struct mail *m, size_t part, const char *name, char **value);

/* Append the content of a leaf as valid UTF-8 without NUL, line ends as LF; at most MAIL_TEXT_MAX
   octets. Octets in no charset, or in one that does not exist, are taken for UTF-8 when they
   are, else for Windows-1252. False: out of memory. */
bool mail_text(const struct mail *m, size_t part, struct bytes *text);

/* Give the decoded octets of a leaf piece by piece; false from `sink` stops. A coding that is
   broken gives what could be decoded. False: `sink` said so. */
bool mail_content(const struct mail *m, size_t part,
                  bool (*sink)(const void *data, size_t len, void *context), void *context);

/* The first field of this name of a header (cleaned and decoded, policy/text.h), malloc'd;
 *value NULL: none. False: out of memory. */
bool mail_field(const struct fields *header, const char *name, char **value);

/* What a person reads of the message itself: its inline text parts in order, of alternatives the
   plain one unless it is empty. `*from_markup`: (some of) it is the text of HTML. False: out of
   memory. */
bool mail_body(const struct mail *m, struct bytes *text, bool *from_markup);

#endif
