/*
 * bounce_notice - the words of a notice as lines, and the addresses that they name
 *
 * Synopsis
 *      struct notice n = {0};
 *      if (!notice_read(text, len, &others, &n)) ...out of memory...
 *      notice_free(&n);
 *
 * A line that begins with an address, behind a bullet, a label ("Recipient:") or a name, lists a
 * recipient; an address within a sentence may be one; one within the dialogue of two servers
 * ("RCPT TO:<…>") is one, too. Addresses of help desks, and ids, are none. Limits: the first
 * NOTICE_LINES_MAX lines and NOTICE_MENTIONS_MAX addresses.
 */
#ifndef TEMOIN_POLICY_BOUNCE_NOTICE_H
#define TEMOIN_POLICY_BOUNCE_NOTICE_H

#include "policy/bytes.h"

enum { NOTICE_LINES_MAX = 2000, NOTICE_MENTIONS_MAX = 400 };

struct notice_line {
    size_t begin, end; /* without blanks at either end */
    size_t indent;
    size_t mention; /* position of its first address, plus one; 0: it names none */
    bool dialogue;  /* what two servers said to each other: "<<< 550 …", ">>> RCPT …" */
    bool quoted;    /* begins with ">": somebody else's words */
};

/* In the order of their worth. */
enum mention_form { MENTION_LISTED, MENTION_SENTENCE, MENTION_DIALOGUE, MENTION_SOURCE };

struct mention {
    size_t line;
    size_t after;  /* position behind the address, and what closes it */
    char *address; /* normalised */
    enum mention_form form;
};

struct notice {
    const char *text;             /* borrowed */
    const struct strings *others; /* borrowed */
    struct notice_line *lines;
    size_t line_count;
    struct mention *mentions;
    size_t mention_count;
};

/* `text` is UTF-8 with LF line ends; addresses of `others` (normalised) are nobody's here. Both
   live as long as `n`, which is empty before. False: out of memory. */
bool notice_read(const char *text, size_t len, const struct strings *others, struct notice *n);
void notice_free(struct notice *n);

/* The next address in text[at..end); *begin and *close are its ends. False: none is left. */
bool notice_address(const char *text, size_t at, size_t end, size_t *begin, size_t *close);

/* Is the line empty? */
bool notice_blank(const struct notice *n, size_t line);

/* The length of the label that begins a line ("Recipient:", "Erreur signalée :", or a table's first
   cell), with what ends it; 0: none does. */
size_t notice_label(const struct notice *n, size_t line);

#endif
