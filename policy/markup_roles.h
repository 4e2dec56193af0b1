/*
 * markup_roles - what an element of a mail's HTML is there for: quote, signature, not to be seen
 *
 * Synopsis
 *      switch (markup_role(node)) {
 *      case ROLE_QUOTE: ...
 *
 * Mail clients mark what they quote, each in its own way: a blockquote, a class or id, a bar at
 * the left side, or a rule above which everything is new. Gmail and Proton put answers between
 * the blockquotes of their container: there the blockquotes alone are the quote. A blockquote
 * without a border is how Gmail indents what a person writes.
 */
#ifndef TEMOIN_POLICY_MARKUP_ROLES_H
#define TEMOIN_POLICY_MARKUP_ROLES_H

#include <libxml/tree.h>
#include <stdbool.h>

enum markup_role {
    ROLE_NONE,
    ROLE_HIDDEN,    /* no reader sees it */
    ROLE_QUOTE,     /* what is in it is quoted */
    ROLE_REST,      /* from here on, everything is */
    ROLE_SIGNATURE, /* the client calls it the sender's signature */
};

/* Of an element. Looks at its attributes, and of few elements at their own children. */
enum markup_role markup_role(const xmlNode *node);

/* Does the style, the class or the element say that white space counts? */
bool markup_keeps_space(const xmlNode *node);

/* Is there an empty line above and below it when it is shown? */
bool markup_has_margin(const xmlNode *node);

#endif
