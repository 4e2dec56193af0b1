/*
 * sheet_table - tables and fields on a sheet
 */
#include <string.h>

#include "db/sheet_private.h"

static const double PAD = 4; /* in a cell */

/* Draw one row at s->y; gives its height. `head`: white on navy. */
static void cells_draw(struct sheet *s, const char *const *cells, bool head, const char *link)
{
    PangoLayout *layouts[SHEET_COLUMNS];
    double height = 0, x = SHEET_LEFT;
    for (size_t i = 0; i < s->column_count; i++) {
        const struct sheet_column *c = &s->columns[i];
        enum sheet_style style = head ? STYLE_LABEL : c->style;
        layouts[i] = sheet_layout(s, style, cells[i] ? cells[i] : "", c->width - 2 * PAD);
        if (c->lines && !head) {
            pango_layout_set_height(layouts[i], -c->lines);
            pango_layout_set_ellipsize(layouts[i], PANGO_ELLIPSIZE_END);
        }
        double h = sheet_height(layouts[i], style) + 2 * PAD;
        height = h > height ? h : height;
    }
    if (!head && s->y + height > SHEET_HEIGHT - SHEET_BOTTOM && s->y > SHEET_TOP + 40)
        sheet_page_break(s);
    double y = s->y;
    if (head || s->row % 2)
        sheet_box(s, head ? &sheet_navy : &sheet_tint, SHEET_LEFT, y, sheet_width(), height);
    for (size_t i = 0; i < s->column_count; i++) {
        enum sheet_style style = head ? STYLE_LABEL : s->columns[i].style;
        s->y = y + PAD;
        if (link && i == 0)
            sheet_tag(s, CAIRO_TAG_LINK, "dest", link);
        if (head) {
            sheet_colour(s, &sheet_white);
            cairo_move_to(s->cairo, x + PAD, s->y);
            pango_cairo_show_layout(s->cairo, layouts[i]);
        } else {
            sheet_draw(s, layouts[i], style, x + PAD, false);
        }
        if (link && i == 0)
            sheet_tag_end(s, CAIRO_TAG_LINK);
        g_object_unref(layouts[i]);
        x += s->columns[i].width;
    }
    s->y = y + height;
    sheet_box(s, &sheet_line, SHEET_LEFT, s->y - 0.4, sheet_width(), 0.4);
}

void sheet_table_head(struct sheet *s)
{
    const char *heads[SHEET_COLUMNS];
    if (!s->columns[0].head)
        return;
    for (size_t i = 0; i < s->column_count; i++)
        heads[i] = s->columns[i].head;
    cells_draw(s, heads, true, NULL);
}

void sheet_table(struct sheet *s, const struct sheet_column *columns, size_t count)
{
    if (sheet_failed(s) || count > SHEET_COLUMNS)
        return;
    sheet_keep(s, 60);
    memcpy(s->columns, columns, count * sizeof *columns);
    s->column_count = count;
    s->row = 0;
    sheet_table_head(s);
}

void sheet_row(struct sheet *s, const char *const *cells, const char *link)
{
    if (sheet_failed(s) || s->column_count == 0)
        return;
    cells_draw(s, cells, false, link);
    s->row++;
}

void sheet_table_end(struct sheet *s)
{
    s->column_count = 0;
    s->y += 8;
}

void sheet_fields(struct sheet *s, const char *const *names, const char *const *values,
                  size_t count)
{
    if (sheet_failed(s))
        return;
    sheet_keep(s, 60);
    double y = s->y, width = sheet_width() / (double)count, height = 42;
    for (size_t i = 0; i < count; i++) {
        double x = SHEET_LEFT + (double)i * width + 10;
        PangoLayout *name = sheet_layout(s, STYLE_SOFT, names[i], width - 20);
        PangoLayout *value = sheet_layout(s, STYLE_AMOUNT, values[i], width - 20);
        s->y = y + 7;
        sheet_draw(s, name, STYLE_SOFT, x, false);
        s->y = y + 18;
        sheet_draw(s, value, STYLE_AMOUNT, x, false);
        g_object_unref(name);
        g_object_unref(value);
        if (i)
            sheet_box(s, &sheet_line, SHEET_LEFT + (double)i * width, y, 0.7, height);
    }
    sheet_colour(s, &sheet_line);
    cairo_set_line_width(s->cairo, 0.7);
    cairo_rectangle(s->cairo, SHEET_LEFT, y, sheet_width(), height);
    cairo_stroke(s->cairo);
    s->y = y + height + 8;
}
