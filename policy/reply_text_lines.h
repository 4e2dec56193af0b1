/*
 * reply_text_lines - the lines of a body, each with its quotes counted and a key to compare it by
 *
 * Synopsis
 *      struct reply_lines l = {0};
 *      if (!reply_lines_split(body, len, &l)) ...out of memory...
 *      for (size_t i = 0; i < l.count; i++)
 *          if (l.items[i].depth == 0 && key_begins(l.items[i].key, phrases)) ...
 *      reply_lines_free(&l);
 *
 * A key is what people and programs mean to write: lower case, Latin letters without accents
 * ("envoye", "grusse"), one kind of blank, apostrophe, dash and quotation mark, no asterisks (bold
 * in plain text), no blank before a colon. So a table of phrases needs each phrase once, however
 * a client types or composes it. Linear; only the first REPLY_KEY_MAX octets of a line have a key.
 */
#ifndef TEMOIN_POLICY_REPLY_TEXT_LINES_H
#define TEMOIN_POLICY_REPLY_TEXT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REPLY_BODY_MAX = 512 * 1024, /* octets of a body that are looked at */
    REPLY_LINES_MAX = 50000,     /* and lines */
    REPLY_KEY_MAX = 640,         /* octets of a line that get a key */
    REPLY_DEPTH_MAX = 100,
};

enum reply_form {
    FORM_TEXT,      /* the sender's, as far as is known */
    FORM_QUOTE,     /* quoted by a mark at its beginning */
    FORM_HISTORY,   /* attribution, header block, what stands below it */
    FORM_SIGNATURE, /* closing formula and what follows */
    FORM_NOTICE,    /* what programs put there: banner, disclaimer, footer */
};

struct reply_line {
    const char *text; /* borrowed; without quote marks and trailing blanks, not terminated */
    size_t len;
    const char *key; /* NUL-terminated, in the list's memory */
    unsigned depth;  /* marks of quotation */
    bool empty;      /* nothing but blanks behind the marks */
    bool cut;        /* the key is of its beginning only */
    uint8_t form;    /* enum reply_form */
};

struct reply_lines {
    struct reply_line *items;
    size_t count;
    char *keys; /* private */
};

/* `body` must live as long as `l`, which is empty before. False: out of memory. */
bool reply_lines_split(const char *body, size_t len, struct reply_lines *l);
void reply_lines_free(struct reply_lines *l);

/* The next line from `at` on that is not empty; count: none. */
size_t reply_lines_next(const struct reply_lines *l, size_t at);

/* Nothing but a drawn line: at least `least` of - _ = ~ # * and blanks. */
bool reply_line_is_rule(const struct reply_line *line, size_t least);

/* --- keys -------------------------------------------------------------------------------------*/

/* A list of phrases, for the whole file. */
#define PHRASES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The key of `len` octets into `key` (size REPLY_KEY_MAX + 1); its length. */
size_t key_make(const char *text, size_t len, char *key);

/* Does the key begin with one of these phrases (PHRASES)? The length of the
   longest, 0: none. */
size_t key_begins(const char *key, const char *const *phrases);

/* Does it hold one of them anywhere? */
bool key_has(const char *key, const char *const *phrases);

/* Is it one of them, apart from punctuation at its end? */
bool key_is(const char *key, const char *const *phrases);

size_t key_words(const char *key);

/* "10:12", "10h12", "10.12.33"; a year of four digits, or "24/11/26" and the like. */
bool key_has_time(const char *key);
bool key_has_date(const char *key);

#endif
