/*
 * sheet - text, headings and tables flowing over A4 pages, as PDF (Pango and Cairo)
 */
#include "db/sheet.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <stdlib.h>
#include <string.h>

static const double WIDTH = 595.276, HEIGHT = 841.890; /* A4 */
static const double LEFT = 50, TOP = 56, BOTTOM = 62;
static const double PAD = 4; /* in a table's cell */

struct colour {
    double r, g, b;
};
static const struct colour INK = {.10, .12, .14}, SOFT = {.36, .40, .45}, NAVY = {.12, .23, .37},
                           LINE = {.82, .85, .88}, TINT = {.955, .965, .975},
                           GREEN = {.18, .49, .35}, WHITE = {1, 1, 1};

struct face {
    const char *family;
    double size;
    bool bold;
    const struct colour *colour;
    double leading; /* share of the size added between lines */
};

#define SERIF "Liberation Serif,DejaVu Serif,DejaVu Sans"
#define SANS "Liberation Sans,DejaVu Sans"
#define MONO "Liberation Mono,DejaVu Sans Mono"

static const struct face faces[STYLE_COUNT] = {
    [STYLE_TITLE] = {SERIF, 25, true, &NAVY, 0},
    [STYLE_OVER] = {SANS, 8.5, false, &SOFT, 0},
    [STYLE_H1] = {SERIF, 15, true, &NAVY, 0},
    [STYLE_H2] = {SERIF, 11.5, true, &NAVY, 0},
    [STYLE_BODY] = {SERIF, 10.5, false, &INK, .12},
    [STYLE_STRONG] = {SERIF, 10.5, true, &INK, .1},
    [STYLE_SMALL] = {SANS, 7.8, false, &INK, .1},
    [STYLE_LABEL] = {SANS, 8.6, true, &NAVY, .1},
    [STYLE_SOFT] = {SANS, 7.8, false, &SOFT, .1},
    [STYLE_MONO] = {MONO, 6.3, false, &INK, .12},
    [STYLE_AMOUNT] = {SERIF, 14, true, &INK, 0},
    [STYLE_COMMAND] = {MONO, 7.6, false, &NAVY, .12},
};

struct sheet {
    const struct sheet_look *look;
    struct bytes *out; /* NULL: nothing is kept */
    cairo_surface_t *surface;
    cairo_t *cairo;
    PangoFontMap *fonts;
    PangoContext *context;
    unsigned page, pages;
    double y;
    unsigned sections;
    bool no_font;
    bool no_memory;
    struct sheet_column columns[SHEET_COLUMNS];
    size_t column_count; /* 0: no table is open */
    unsigned row;
};

double sheet_width(void)
{
    return WIDTH - 2 * LEFT;
}

static bool failed(const struct sheet *s)
{
    return s->no_font || s->no_memory || cairo_status(s->cairo) != CAIRO_STATUS_SUCCESS;
}

static void colour(struct sheet *s, const struct colour *c)
{
    cairo_set_source_rgb(s->cairo, c->r, c->g, c->b);
}

static void box(struct sheet *s, const struct colour *c, double x, double y, double w, double h)
{
    colour(s, c);
    cairo_rectangle(s->cairo, x, y, w, h);
    cairo_fill(s->cairo);
}

/* --- text ------------------------------------------------------------------------------------*/

static PangoLayout *layout_of(struct sheet *s, enum sheet_style style, const char *text,
                              double width)
{
    const struct face *face = &faces[style];
    PangoLayout *layout = pango_layout_new(s->context);
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family_static(font, face->family);
    pango_font_description_set_weight(font, face->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_absolute_size(font, face->size * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    if (style == STYLE_MONO || style == STYLE_COMMAND) {
        /* What is to be compared or copied gets no hyphen where it breaks. */
        PangoAttrList *attributes = pango_attr_list_new();
        pango_attr_list_insert(attributes, pango_attr_insert_hyphens_new(FALSE));
        pango_layout_set_attributes(layout, attributes);
        pango_attr_list_unref(attributes);
        pango_layout_set_wrap(layout, PANGO_WRAP_CHAR);
    }
    pango_layout_set_text(layout, text, -1);
    return layout;
}

static double height_of(PangoLayout *layout, enum sheet_style style)
{
    int height;
    pango_layout_get_size(layout, NULL, &height);
    const struct face *face = &faces[style];
    return (double)height / PANGO_SCALE +
           (pango_layout_get_line_count(layout) - 1) * face->leading * face->size;
}

static void page_end(struct sheet *s);
static void page_begin(struct sheet *s);

static void page_break(struct sheet *s)
{
    page_end(s);
    page_begin(s);
}

void sheet_keep(struct sheet *s, double points)
{
    if (!failed(s) && s->y + points > HEIGHT - BOTTOM && s->y > TOP)
        page_break(s);
}

void sheet_space(struct sheet *s, double points)
{
    s->y += points;
}

/* One line at (x, s->y); a page break before it where it does not fit and `flows`. */
static void line_draw(struct sheet *s, PangoLayoutIter *at, enum sheet_style style, double x,
                      bool flows)
{
    const struct face *face = &faces[style];
    PangoRectangle extents;
    pango_layout_iter_get_line_extents(at, NULL, &extents);
    double height = (double)extents.height / PANGO_SCALE;
    double ascent = (double)(pango_layout_iter_get_baseline(at) - extents.y) / PANGO_SCALE;
    if (flows && s->y + height > HEIGHT - BOTTOM)
        page_break(s);
    if (s->out) { /* otherwise the pages are only counted */
        colour(s, face->colour);
        cairo_move_to(s->cairo, x + (double)extents.x / PANGO_SCALE, s->y + ascent);
        pango_cairo_show_layout_line(s->cairo, pango_layout_iter_get_line_readonly(at));
    }
    s->y += height + face->leading * face->size;
}

static void layout_draw(struct sheet *s, PangoLayout *layout, enum sheet_style style, double x,
                        bool flows)
{
    PangoLayoutIter *at = pango_layout_get_iter(layout);
    do
        line_draw(s, at, style, x, flows);
    while (!failed(s) && pango_layout_iter_next_line(at));
    s->y -= faces[style].leading * faces[style].size;
    pango_layout_iter_free(at);
}

void sheet_text(struct sheet *s, enum sheet_style style, double indent, const char *text)
{
    if (failed(s))
        return;
    PangoLayout *layout = layout_of(s, style, text, sheet_width() - indent);
    layout_draw(s, layout, style, LEFT + indent, true);
    g_object_unref(layout);
    s->y += 0.22 * faces[style].size;
}

void sheet_bullet(struct sheet *s, enum sheet_style style, const char *text)
{
    if (failed(s))
        return;
    sheet_keep(s, 2 * faces[style].size);
    double y = s->y;
    PangoLayout *dash = layout_of(s, style, "–", 12);
    layout_draw(s, dash, style, LEFT + 4, false);
    g_object_unref(dash);
    s->y = y;
    sheet_text(s, style, 16, text);
    s->y += 0.1 * faces[style].size;
}

void sheet_heading(struct sheet *s, int level, const char *text)
{
    enum sheet_style style = level == 1 ? STYLE_H1 : STYLE_H2;
    struct bytes numbered = {0}, link = {0};
    if (failed(s))
        return;
    sheet_keep(s, 90);
    if (s->y > TOP)
        s->y += level == 1 ? 16 : 8;
    s->no_memory = level == 1 ? !bytes_printf(&numbered, "%u.  %s", ++s->sections, text)
                              : !bytes_puts(&numbered, text);
    s->no_memory = s->no_memory || !bytes_printf(&link, "page=%u pos=[0 %.2f]", s->page, s->y);
    if (!s->no_memory) {
        if (level == 1)
            cairo_pdf_surface_add_outline(s->surface, CAIRO_PDF_OUTLINE_ROOT, text, link.data, 0);
        cairo_tag_begin(s->cairo, level == 1 ? "H1" : "H2", NULL);
        sheet_text(s, style, 0, numbered.data);
        cairo_tag_end(s->cairo, level == 1 ? "H1" : "H2");
        if (level == 1)
            box(s, &NAVY, LEFT, s->y, sheet_width(), 1.2);
        s->y += level == 1 ? 8 : 1;
    }
    bytes_free(&numbered);
    bytes_free(&link);
}

void sheet_panel(struct sheet *s, const char *text)
{
    if (failed(s))
        return;
    PangoLayout *layout = layout_of(s, STYLE_BODY, text, sheet_width() - 26);
    double height = height_of(layout, STYLE_BODY) + 16;
    sheet_keep(s, height);
    box(s, &TINT, LEFT, s->y, sheet_width(), height);
    box(s, &NAVY, LEFT, s->y, 3, height);
    double y = s->y;
    s->y += 8;
    layout_draw(s, layout, STYLE_BODY, LEFT + 14, false);
    s->y = y + height + 8;
    g_object_unref(layout);
}

/* A name that Cairo's tags take: ours are letters and digits. */
static void tag(struct sheet *s, const char *kind, const char *key, const char *name)
{
    struct bytes attributes = {0};
    s->no_memory = s->no_memory || !bytes_printf(&attributes, "%s='%s'", key, name);
    if (!s->no_memory)
        cairo_tag_begin(s->cairo, kind, attributes.data);
    bytes_free(&attributes);
}

void sheet_entry(struct sheet *s, enum sheet_mark mark, const char *name, const char *strong,
                 const char *soft, double keep)
{
    static const struct colour *const marks[] = {&LINE, &NAVY, &GREEN};
    if (failed(s))
        return;
    sheet_keep(s, keep);
    s->y += 6;
    double y = s->y;
    PangoLayout *left = layout_of(s, STYLE_LABEL, strong, 110);
    PangoLayout *right = layout_of(s, STYLE_SOFT, soft, sheet_width() - 120);
    double height = height_of(left, STYLE_LABEL);
    box(s, &LINE, LEFT, y - 3, sheet_width(), 0.5);
    box(s, marks[mark], LEFT, y + 2, 5, height - 4);
    tag(s, CAIRO_TAG_DEST, "name", name);
    layout_draw(s, left, STYLE_LABEL, LEFT + 12, false);
    cairo_tag_end(s->cairo, CAIRO_TAG_DEST);
    s->y = y + 0.6;
    layout_draw(s, right, STYLE_SOFT, LEFT + 120, false);
    g_object_unref(left);
    g_object_unref(right);
    s->y = y + height + 2;
}

/* --- tables ----------------------------------------------------------------------------------*/

/* Draw one row at s->y; gives its height. `head`: white on navy. */
static void cells_draw(struct sheet *s, const char *const *cells, bool head, const char *link)
{
    PangoLayout *layouts[SHEET_COLUMNS];
    double height = 0, x = LEFT;
    for (size_t i = 0; i < s->column_count; i++) {
        const struct sheet_column *c = &s->columns[i];
        enum sheet_style style = head ? STYLE_LABEL : c->style;
        layouts[i] = layout_of(s, style, cells[i] ? cells[i] : "", c->width - 2 * PAD);
        if (c->lines && !head) {
            pango_layout_set_height(layouts[i], -c->lines);
            pango_layout_set_ellipsize(layouts[i], PANGO_ELLIPSIZE_END);
        }
        double h = height_of(layouts[i], style) + 2 * PAD;
        height = h > height ? h : height;
    }
    if (!head && s->y + height > HEIGHT - BOTTOM && s->y > TOP + 40)
        page_break(s);
    double y = s->y;
    if (head || s->row % 2)
        box(s, head ? &NAVY : &TINT, LEFT, y, sheet_width(), height);
    for (size_t i = 0; i < s->column_count; i++) {
        enum sheet_style style = head ? STYLE_LABEL : s->columns[i].style;
        s->y = y + PAD;
        if (link && i == 0)
            tag(s, CAIRO_TAG_LINK, "dest", link);
        if (head) {
            colour(s, &WHITE);
            cairo_move_to(s->cairo, x + PAD, s->y);
            pango_cairo_show_layout(s->cairo, layouts[i]);
        } else {
            layout_draw(s, layouts[i], style, x + PAD, false);
        }
        if (link && i == 0)
            cairo_tag_end(s->cairo, CAIRO_TAG_LINK);
        g_object_unref(layouts[i]);
        x += s->columns[i].width;
    }
    s->y = y + height;
    box(s, &LINE, LEFT, s->y - 0.4, sheet_width(), 0.4);
}

static void table_head(struct sheet *s)
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
    if (failed(s) || count > SHEET_COLUMNS)
        return;
    sheet_keep(s, 60);
    memcpy(s->columns, columns, count * sizeof *columns);
    s->column_count = count;
    s->row = 0;
    table_head(s);
}

void sheet_row(struct sheet *s, const char *const *cells, const char *link)
{
    if (failed(s) || s->column_count == 0)
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
    if (failed(s))
        return;
    sheet_keep(s, 60);
    double y = s->y, width = sheet_width() / (double)count, height = 42;
    for (size_t i = 0; i < count; i++) {
        double x = LEFT + (double)i * width + 10;
        PangoLayout *name = layout_of(s, STYLE_SOFT, names[i], width - 20);
        PangoLayout *value = layout_of(s, STYLE_AMOUNT, values[i], width - 20);
        s->y = y + 7;
        layout_draw(s, name, STYLE_SOFT, x, false);
        s->y = y + 18;
        layout_draw(s, value, STYLE_AMOUNT, x, false);
        g_object_unref(name);
        g_object_unref(value);
        if (i)
            box(s, &LINE, LEFT + (double)i * width, y, 0.7, height);
    }
    colour(s, &LINE);
    cairo_set_line_width(s->cairo, 0.7);
    cairo_rectangle(s->cairo, LEFT, y, sheet_width(), height);
    cairo_stroke(s->cairo);
    s->y = y + height + 8;
}

/* --- pages -----------------------------------------------------------------------------------*/

/* A line of small text at y, not part of the flow; `right`: flush right. */
static void margin_text(struct sheet *s, const char *text, double y, bool right)
{
    PangoLayout *layout = layout_of(s, STYLE_SOFT, text, sheet_width() - (right ? 0 : 70));
    if (right)
        pango_layout_set_alignment(layout, PANGO_ALIGN_RIGHT);
    pango_layout_set_height(layout, -2);
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    colour(s, &SOFT);
    cairo_move_to(s->cairo, LEFT, y);
    pango_cairo_show_layout(s->cairo, layout);
    g_object_unref(layout);
}

static void page_begin(struct sheet *s)
{
    s->page++;
    s->y = TOP;
    if (s->page > 1) {
        margin_text(s, s->look->running, 28, false);
        box(s, &LINE, LEFT, 42, sheet_width(), 0.5);
    }
    if (s->column_count)
        table_head(s);
}

static void page_end(struct sheet *s)
{
    struct bytes number = {0};
    box(s, &LINE, LEFT, HEIGHT - 48, sheet_width(), 0.5);
    margin_text(s, s->look->foot, HEIGHT - 42, false);
    if (bytes_printf(&number, "%s %u / %u", s->look->page, s->page, s->pages))
        margin_text(s, number.data, HEIGHT - 42, true);
    else
        s->no_memory = true;
    bytes_free(&number);
    cairo_show_page(s->cairo);
}

static cairo_status_t keep(void *context, const unsigned char *data, unsigned length)
{
    struct sheet *s = context;
    return !s->out || bytes_append(s->out, data, length) ? CAIRO_STATUS_SUCCESS
                                                         : CAIRO_STATUS_NO_MEMORY;
}

static void describe(struct sheet *s)
{
    cairo_surface_t *pdf = s->surface;
    const struct sheet_look *look = s->look;
    cairo_pdf_surface_restrict_to_version(pdf, CAIRO_PDF_VERSION_1_5);
    cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_TITLE, look->title);
    cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_AUTHOR, look->author);
    cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_SUBJECT, look->subject);
    cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_CREATOR, look->creator);
    cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_CREATE_DATE, look->created);
    cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_MOD_DATE, look->created);
}

static bool has_fonts(PangoFontMap *fonts)
{
    PangoFontFamily **families = NULL;
    int count = 0;
    pango_font_map_list_families(fonts, &families, &count);
    g_free(families);
    return count > 0;
}

struct sheet *sheet_open(const struct sheet_look *look, unsigned pages, struct bytes *out)
{
    struct sheet *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->look = look;
    s->pages = pages;
    s->out = out;
    s->surface = cairo_pdf_surface_create_for_stream(keep, s, WIDTH, HEIGHT);
    describe(s);
    s->cairo = cairo_create(s->surface);
    s->fonts = pango_cairo_font_map_new();
    s->context = pango_font_map_create_context(s->fonts);
    pango_cairo_update_context(s->cairo, s->context);
    pango_context_set_round_glyph_positions(s->context, FALSE); /* paper has no pixels */
    s->no_font = !has_fonts(s->fonts);
    page_begin(s);
    return s;
}

enum store_status sheet_close(struct sheet *s, unsigned *pages, struct store_error *err)
{
    enum store_status st = STORE_OK;
    if (!failed(s))
        page_end(s);
    *pages = s->page;
    cairo_status_t status = cairo_status(s->cairo);
    cairo_surface_finish(s->surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(s->surface);
    if (s->no_font)
        st = store_fail(err, STORE_NOT_FOUND,
                        "no font is installed to make dossier.pdf with: apt-get install "
                        "fonts-liberation");
    else if (s->no_memory || status == CAIRO_STATUS_NO_MEMORY)
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    else if (status != CAIRO_STATUS_SUCCESS)
        st = store_fail(err, STORE_INVALID, "dossier.pdf cannot be made: %s",
                        cairo_status_to_string(status));
    g_object_unref(s->context);
    cairo_destroy(s->cairo);
    cairo_surface_destroy(s->surface);
    g_object_unref(s->fonts);
    free(s);
    return st;
}

/* --- the leak checker ------------------------------------------------------------------------*/

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
/* Fontconfig keeps its configuration until the process ends, by offsets instead of pointers,
   which the leak checker cannot follow. */
const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig";
}
#endif
