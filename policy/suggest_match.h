/*
 * suggest_match - which rules hold in a sentence, and where
 *
 * Synopsis
 *      struct clause c;
 *      if (!clause_read(&c, &vocabulary, sentence, &day, &senders, automatic)) ...out of memory...
 *      ... c.hits[0].kind ...
 *      clause_free(&c);
 *
 * Linear in the words for each rule.
 */
#ifndef TEMOIN_POLICY_SUGGEST_MATCH_H
#define TEMOIN_POLICY_SUGGEST_MATCH_H

#include "policy/bytes.h"
#include "policy/spoken_date.h"
#include "policy/suggest_rules.h"
#include "policy/suggest_words.h"

enum { HITS_MAX = 64, AMOUNTS_MAX = 16 };

/* A rule that holds from word `begin` to before word `end`. */
struct hit {
    enum suggestion_kind kind;
    unsigned flags;
    size_t begin, end;
};

struct spoken_amount {
    size_t begin, end;
    int64_t amount;
};

enum mood { MOOD_ASKED = 1, MOOD_SUPPOSED = 2, MOOD_REPORTED = 4 };

/* A sentence with all that is known of its words. */
struct clause {
    const char *sentence; /* borrowed */
    struct words words;
    unsigned char mood[WORDS_MAX]; /* of each word: enum mood, or'ed */
    struct spoken_date dates[SPOKEN_DATES_MAX];
    size_t date_count;
    bool has_day; /* one of them is to come and may be a payment's */
    struct spoken_amount amounts[AMOUNTS_MAX];
    size_t amount_count;
    struct hit hits[HITS_MAX];
    size_t hit_count;
};

/* `senders` are the message's own addresses, which are no new contact; `automatic`: a program
   answered. False: out of memory; clause_free() is needed all the same. */
bool clause_read(struct clause *c, const struct vocabulary *v, const char *sentence,
                 const struct day *day, const struct strings *senders, bool automatic);
void clause_free(struct clause *c);

#endif
