/*
 * sheet - text, headings and tables flowing over A4 pages, as PDF (Pango and Cairo)
 *
 * Synopsis
 *      struct sheet *s = sheet_open(&look, 0, NULL);          // how many pages will there be?
 *      ... write ...
 *      st = sheet_close(s, &pages, &err);
 *      s = sheet_open(&look, pages, &pdf);                    // once more, for real
 *
 * The page number at the foot says "3 / 12", so everything is laid out twice. The same input
 * gives the same octets: the document's date is the caller's. Fonts are embedded: Liberation
 * (Debian: fonts-liberation), or DejaVu where that has no such character or is not there.
 *
 * A sheet that has failed takes everything without doing anything; sheet_close() says so.
 * Text must be valid UTF-8. Lengths are points (1/72 inch).
 */
#ifndef TEMOIN_DB_SHEET_H
#define TEMOIN_DB_SHEET_H

#include "db/store.h"

struct sheet;

struct sheet_look {
    const char *title, *author, *subject, *creator;
    const char *created; /* "2026-11-21T21:07:07Z" */
    const char *running; /* at the head of every page but the first */
    const char *foot;
    const char *page; /* "Page" in the document's language */
};

enum sheet_style {
    STYLE_TITLE,
    STYLE_OVER, /* small capitals above a title */
    STYLE_H1,   /* with sheet_heading() */
    STYLE_H2,
    STYLE_BODY,
    STYLE_STRONG,
    STYLE_SMALL,   /* sans serif, of tables */
    STYLE_LABEL,   /* the same, bold */
    STYLE_SOFT,    /* the same, grey */
    STYLE_MONO,    /* hashes in tables */
    STYLE_COMMAND, /* to be copied */
    STYLE_AMOUNT,  /* large */
    STYLE_COUNT
};

/* `pages` is printed as the total; `out` NULL: nothing is kept. NULL: out of memory. */
struct sheet *sheet_open(const struct sheet_look *look, unsigned pages, struct bytes *out);

/* Ends the document and frees it. STORE_NOT_FOUND: this system has no font. */
enum store_status sheet_close(struct sheet *s, unsigned *pages, struct store_error *err);

/* A paragraph, `indent` to the right; breaks over pages. */
void sheet_text(struct sheet *s, enum sheet_style style, double indent, const char *text);
/* The same behind a dash. */
void sheet_bullet(struct sheet *s, enum sheet_style style, const char *text);
/* A numbered section, entered in the outline; `level` 1 or 2. */
void sheet_heading(struct sheet *s, int level, const char *text);
/* A paragraph on tinted ground with a bar at its left. Must fit on a page. */
void sheet_panel(struct sheet *s, const char *text);
/* The head of an entry: a coloured mark, bold text, and soft text after it; the name that links
   lead to. Keeps `keep` points of what follows on the same page. */
enum sheet_mark { MARK_NONE, MARK_OUT, MARK_IN };
void sheet_entry(struct sheet *s, enum sheet_mark mark, const char *name, const char *strong,
                 const char *soft, double keep);
void sheet_space(struct sheet *s, double points);
/* How high what `draw` writes is, paragraphs and entries only; nothing is written. */
double sheet_rehearse(struct sheet *s, void (*draw)(void *context), void *context);
/* The height of a page's text. */
double sheet_room(void);
/* A new page unless so much room is left. */
void sheet_keep(struct sheet *s, double points);

enum { SHEET_COLUMNS = 8 };
struct sheet_column {
    const char *head; /* NULL in the first one: the table has no head */
    double width;     /* of all columns together: sheet_width() */
    enum sheet_style style;
    int lines; /* of one cell's paragraph; what is longer ends in "…" */
};
double sheet_width(void);

/* Rows until sheet_table_end(); the head is repeated on every page. */
void sheet_table(struct sheet *s, const struct sheet_column *columns, size_t count);
/* `link` NULL, or the name of an entry. */
void sheet_row(struct sheet *s, const char *const *cells, const char *link);
void sheet_table_end(struct sheet *s);

/* A frame of `count` fields side by side, each a small name and a large value. */
void sheet_fields(struct sheet *s, const char *const *names, const char *const *values,
                  size_t count);

#endif
