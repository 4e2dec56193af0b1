/*
 * page - a page of HTML, written piece by piece
 *
 * Synopsis
 *      struct page p = {.v = view, .language = LANGUAGE_FR, .out = &out, .done = true};
 *      page_section(&p, "faits", SAY(&p, "Faits", "Facts"));
 *      page_element(&p, "<p>", words, "</p>");
 *      if (!p.done) ...out of memory...
 *
 * Every text that is not a literal of the caller's goes through page_text(), which escapes it.
 */
#ifndef TEMOIN_DB_PAGE_H
#define TEMOIN_DB_PAGE_H

#include "db/dossier_view.h"
#include "db/dossier_words.h"

struct page {
    const struct dossier_view *v;
    enum language language;
    struct bytes *out;
    bool done; /* false: out of memory */
};

#define SAY(p, french, english) IN((p)->language, french, english)

/* Markup of ours. */
void page_raw(struct page *p, const char *markup);
/* NULL: nothing. */
void page_text(struct page *p, const char *words);
/* What a stranger wrote: it must not turn the direction of what stands beside it. */
void page_foreign(struct page *p, const char *words);
/* Markup, words, markup. */
void page_element(struct page *p, const char *open, const char *words, const char *close);
void page_number(struct page *p, uint64_t n);
/* A link to a file of the container. */
void page_file_link(struct page *p, const char *file);
/* Of a list of definitions: a name, and the beginning of what it is; the same with all of it, or
   nothing when there is none. */
void page_term(struct page *p, const char *name);
void page_foreign_row(struct page *p, const char *name, const char *value);
void page_section(struct page *p, const char *id, const char *title);

/* What a function of dossier_words.h appends. */
#define WORDS(p, call)                   \
    do {                                 \
        struct bytes made = {0};         \
        struct bytes *to = &made;        \
        (p)->done = (p)->done && (call); \
        page_text(p, made.data);         \
        bytes_free(&made);               \
    } while (0)

#endif
