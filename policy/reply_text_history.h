/*
 * reply_text_history - where somebody else's mail begins: attributions, header blocks, separators
 *
 * Synopsis
 *      struct history_mark h = history_at(&lines, i);
 *      if (h.lines && h.certain) ...lines i to i + h.lines - 1 introduce what was written before...
 *
 * Three forms, in the languages of the mail clients:
 *
 *      Le mar. 24 nov. 2026 à 10:12, Jeanne Martin <jeanne@…> a écrit :   (folded or not)
 *      De : / Envoyé : / À : / Objet :       (in any order, bold or not, on one line or several)
 *      -----Message d'origine-----           (and what forwards begin with)
 *
 * "Reply above this line" is a form of its own: with nothing above, a program has written it.
 * A person may write a line like each of them. So an attribution is certain only with a date or
 * an address, a block of fields with three of them and an address or a time; what is uncertain
 * counts only when a quote follows. At most a screenful of lines is looked at for each line.
 */
#ifndef TEMOIN_POLICY_REPLY_TEXT_HISTORY_H
#define TEMOIN_POLICY_REPLY_TEXT_HISTORY_H

#include "policy/reply_text_lines.h"

enum history_form {
    HISTORY_NONE,
    HISTORY_ATTRIBUTION,
    HISTORY_HEADER,
    HISTORY_SEPARATOR,
    HISTORY_ABOVE
};

struct history_mark {
    enum history_form form;
    size_t lines; /* that it takes; 0: none begins here */
    bool certain; /* false: only when quoted lines follow */
};

/* Does one begin at this line, which is not empty and has no mark of quotation? */
struct history_mark history_at(const struct reply_lines *l, size_t at);

/* The mark of quotation that the lines from `at` on have instead of ">" (below an attribution):
   a bar or an indentation. The number of lines that have it, empty ones between them too; 0:
   none. */
size_t history_indented(const struct reply_lines *l, size_t at);

#endif
