/*
 * sheet_private - what sheet.c and sheet_table.c share
 */
#ifndef TEMOIN_DB_SHEET_PRIVATE_H
#define TEMOIN_DB_SHEET_PRIVATE_H

#include <pango/pangocairo.h>

#include "db/sheet.h"

#define SHEET_LEFT 50.0
#define SHEET_TOP 56.0
#define SHEET_HEIGHT 841.890 /* A4 */
#define SHEET_BOTTOM 62.0

struct colour {
    double r, g, b;
};
extern const struct colour sheet_ink, sheet_soft, sheet_navy, sheet_line, sheet_tint, sheet_green,
    sheet_white;

struct sheet {
    const struct sheet_look *look;
    struct bytes *out; /* NULL: nothing is kept */
    cairo_surface_t *surface;
    cairo_t *cairo;
    PangoFontMap *fonts;
    PangoContext *context;
    unsigned page, pages;
    double y;
    bool rehearsal; /* nothing is drawn, no page ends */
    unsigned sections;
    bool no_font;
    bool no_memory;
    struct sheet_column columns[SHEET_COLUMNS];
    size_t column_count; /* 0: no table is open */
    unsigned row;
};

bool sheet_failed(const struct sheet *s);
void sheet_colour(struct sheet *s, const struct colour *c);
void sheet_box(struct sheet *s, const struct colour *c, double x, double y, double w, double h);
PangoLayout *sheet_layout(struct sheet *s, enum sheet_style style, const char *text, double width);
double sheet_height(PangoLayout *layout, enum sheet_style style);
/* At x and s->y, which goes below it; `flows`: over page ends. */
void sheet_draw(struct sheet *s, PangoLayout *layout, enum sheet_style style, double x, bool flows);
void sheet_page_break(struct sheet *s);
/* A name that Cairo's tags take: ours are letters and digits. Where pages are only counted there
   are no tags. */
void sheet_tag(struct sheet *s, const char *kind, const char *key, const char *name);
void sheet_tag_end(struct sheet *s, const char *kind);

/* The head of the open table. */
void sheet_table_head(struct sheet *s);

#endif
