/*
 * page - a page of HTML, written piece by piece
 */
#include "db/page.h"

#include <inttypes.h>
#include <string.h>

void page_raw(struct page *p, const char *markup)
{
    p->done = p->done && bytes_puts(p->out, markup);
}

void page_text(struct page *p, const char *words)
{
    for (const char *c = words ? words : ""; p->done && *c;) {
        size_t plain = strcspn(c, "<>&\"'");
        p->done = bytes_append(p->out, c, plain);
        c += plain;
        if (!*c)
            return;
        p->done = p->done && bytes_printf(p->out, "&#%d;", *c);
        c++;
    }
}

void page_foreign(struct page *p, const char *words)
{
    page_raw(p, "<bdi>");
    page_text(p, words);
    page_raw(p, "</bdi>");
}

void page_element(struct page *p, const char *open, const char *words, const char *close)
{
    page_raw(p, open);
    page_text(p, words);
    page_raw(p, close);
}

void page_number(struct page *p, uint64_t n)
{
    p->done = p->done && bytes_printf(p->out, "%" PRIu64, n);
}

void page_file_link(struct page *p, const char *file)
{
    page_raw(p, "<a href=\"");
    page_text(p, file);
    page_element(p, "\"><code>", file, "</code></a>");
}

void page_term(struct page *p, const char *name)
{
    page_element(p, "<dt>", name, "</dt><dd>");
}

void page_foreign_row(struct page *p, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    page_term(p, name);
    page_foreign(p, value);
    page_raw(p, "</dd>");
}

void page_section(struct page *p, const char *id, const char *title)
{
    page_raw(p, "<h2 id=\"");
    page_text(p, id);
    page_element(p, "\">", title, "</h2>\n");
}
