/*
 * mdn_words - what a receipt says to a person, for those that say it to nobody else
 *
 * Outlook, Exchange, phones and webmail send receipts without the machine part of RFC 8098, or
 * gateways remove it. The templates are few: "Your message … was read on …", "Ceci est un accusé
 * de lecture …". French, English, and the neighbours' languages.
 */
#ifndef TEMOIN_POLICY_MDN_WORDS_H
#define TEMOIN_POLICY_MDN_WORDS_H

#include "policy/phrases.h"

struct receipt_words {
    const char *type; /* static: "displayed", "deleted"; NULL: the words are of no receipt */
    bool declares;    /* "this is a return receipt": it says itself what it is */
    bool both;        /* it declares itself and says what became of the message */
    bool personal;    /* somebody speaks ("je", "nous", "we"), which no template does */
};

/* Read the beginning of a body. */
void receipt_words_read(const struct phrases *p, struct receipt_words *w);

#endif
