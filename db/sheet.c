/*
 * sheet - text, headings and tables flowing over A4 pages, as PDF (Pango and Cairo)
 */
#include "db/sheet.h"

#include <cairo-pdf.h>
#include <stdlib.h>
#include <string.h>

#include "db/sheet_private.h"

static const double WIDTH = 595.276; /* A4 */

const struct colour sheet_ink = {.10, .12, .14}, sheet_soft = {.36, .40, .45},
                    sheet_navy = {.12, .23, .37}, sheet_line = {.82, .85, .88},
                    sheet_tint = {.955, .965, .975}, sheet_green = {.18, .49, .35},
                    sheet_white = {1, 1, 1};

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
    [STYLE_TITLE] = {SERIF, 25, true, &sheet_navy, 0},
    [STYLE_OVER] = {SANS, 8.5, false, &sheet_soft, 0},
    [STYLE_H1] = {SERIF, 15, true, &sheet_navy, 0},
    [STYLE_H2] = {SERIF, 11.5, true, &sheet_navy, 0},
    [STYLE_BODY] = {SERIF, 10.5, false, &sheet_ink, .12},
    [STYLE_STRONG] = {SERIF, 10.5, true, &sheet_ink, .1},
    [STYLE_SMALL] = {SANS, 7.8, false, &sheet_ink, .1},
    [STYLE_LABEL] = {SANS, 8.6, true, &sheet_navy, .1},
    [STYLE_SOFT] = {SANS, 7.8, false, &sheet_soft, .1},
    [STYLE_MONO] = {MONO, 6.9, false, &sheet_ink, .12},
    [STYLE_AMOUNT] = {SERIF, 14, true, &sheet_ink, 0},
    [STYLE_COMMAND] = {MONO, 7.6, false, &sheet_navy, .12},
};

double sheet_width(void)
{
    return WIDTH - 2 * SHEET_LEFT;
}

bool sheet_failed(const struct sheet *s)
{
    return s->no_font || s->no_memory || cairo_status(s->cairo) != CAIRO_STATUS_SUCCESS;
}

void sheet_colour(struct sheet *s, const struct colour *c)
{
    cairo_set_source_rgb(s->cairo, c->r, c->g, c->b);
}

void sheet_box(struct sheet *s, const struct colour *c, double x, double y, double w, double h)
{
    if (s->rehearsal)
        return;
    sheet_colour(s, c);
    cairo_rectangle(s->cairo, x, y, w, h);
    cairo_fill(s->cairo);
}

/* --- text ------------------------------------------------------------------------------------*/

PangoLayout *sheet_layout(struct sheet *s, enum sheet_style style, const char *text, double width)
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

double sheet_height(PangoLayout *layout, enum sheet_style style)
{
    int height;
    pango_layout_get_size(layout, NULL, &height);
    const struct face *face = &faces[style];
    return (double)height / PANGO_SCALE +
           (pango_layout_get_line_count(layout) - 1) * face->leading * face->size;
}

static void page_end(struct sheet *s);
static void page_begin(struct sheet *s);

void sheet_page_break(struct sheet *s)
{
    if (s->rehearsal)
        return;
    page_end(s);
    page_begin(s);
}

void sheet_keep(struct sheet *s, double points)
{
    if (!sheet_failed(s) && !s->rehearsal && s->y + points > SHEET_HEIGHT - SHEET_BOTTOM &&
        s->y > SHEET_TOP)
        sheet_page_break(s);
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
    if (flows && s->y + height > SHEET_HEIGHT - SHEET_BOTTOM)
        sheet_page_break(s);
    if (s->out && !s->rehearsal) { /* otherwise the pages are only counted */
        sheet_colour(s, face->colour);
        cairo_move_to(s->cairo, x + (double)extents.x / PANGO_SCALE, s->y + ascent);
        pango_cairo_show_layout_line(s->cairo, pango_layout_iter_get_line_readonly(at));
    }
    s->y += height + face->leading * face->size;
}

void sheet_draw(struct sheet *s, PangoLayout *layout, enum sheet_style style, double x, bool flows)
{
    PangoLayoutIter *at = pango_layout_get_iter(layout);
    do
        line_draw(s, at, style, x, flows);
    while (!sheet_failed(s) && pango_layout_iter_next_line(at));
    s->y -= faces[style].leading * faces[style].size;
    pango_layout_iter_free(at);
}

void sheet_text(struct sheet *s, enum sheet_style style, double indent, const char *text)
{
    if (sheet_failed(s))
        return;
    PangoLayout *layout = sheet_layout(s, style, text, sheet_width() - indent);
    sheet_draw(s, layout, style, SHEET_LEFT + indent, true);
    g_object_unref(layout);
    s->y += 0.22 * faces[style].size;
}

void sheet_bullet(struct sheet *s, enum sheet_style style, const char *text)
{
    if (sheet_failed(s))
        return;
    sheet_keep(s, 2 * faces[style].size);
    double y = s->y;
    PangoLayout *dash = sheet_layout(s, style, "–", 12);
    sheet_draw(s, dash, style, SHEET_LEFT + 4, false);
    g_object_unref(dash);
    s->y = y;
    sheet_text(s, style, 16, text);
    s->y += 0.1 * faces[style].size;
}

void sheet_heading(struct sheet *s, int level, const char *text)
{
    enum sheet_style style = level == 1 ? STYLE_H1 : STYLE_H2;
    struct bytes numbered = {0}, link = {0};
    if (sheet_failed(s))
        return;
    sheet_keep(s, 90);
    if (s->y > SHEET_TOP)
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
            sheet_box(s, &sheet_navy, SHEET_LEFT, s->y, sheet_width(), 1.2);
        s->y += level == 1 ? 8 : 1;
    }
    bytes_free(&numbered);
    bytes_free(&link);
}

void sheet_panel(struct sheet *s, const char *text)
{
    if (sheet_failed(s))
        return;
    PangoLayout *layout = sheet_layout(s, STYLE_BODY, text, sheet_width() - 26);
    double height = sheet_height(layout, STYLE_BODY) + 16;
    sheet_keep(s, height);
    sheet_box(s, &sheet_tint, SHEET_LEFT, s->y, sheet_width(), height);
    sheet_box(s, &sheet_navy, SHEET_LEFT, s->y, 3, height);
    double y = s->y;
    s->y += 8;
    sheet_draw(s, layout, STYLE_BODY, SHEET_LEFT + 14, false);
    s->y = y + height + 8;
    g_object_unref(layout);
}

double sheet_rehearse(struct sheet *s, void (*draw)(void *context), void *context)
{
    if (sheet_failed(s))
        return 0;
    const double before = s->y;
    s->rehearsal = true;
    draw(context);
    s->rehearsal = false;
    const double height = s->y - before;
    s->y = before;
    return height;
}

double sheet_room(void)
{
    return SHEET_HEIGHT - SHEET_TOP - SHEET_BOTTOM;
}

void sheet_tag(struct sheet *s, const char *kind, const char *key, const char *name)
{
    struct bytes attributes = {0};
    s->no_memory = s->no_memory || !bytes_printf(&attributes, "%s='%s'", key, name);
    if (!s->no_memory && s->out && !s->rehearsal)
        cairo_tag_begin(s->cairo, kind, attributes.data);
    bytes_free(&attributes);
}

void sheet_tag_end(struct sheet *s, const char *kind)
{
    if (s->out && !s->rehearsal)
        cairo_tag_end(s->cairo, kind);
}

void sheet_entry(struct sheet *s, enum sheet_mark mark, const char *name, const char *strong,
                 const char *soft, double keep)
{
    static const struct colour *const marks[] = {&sheet_line, &sheet_navy, &sheet_green};
    if (sheet_failed(s))
        return;
    sheet_keep(s, keep);
    s->y += 6;
    double y = s->y;
    PangoLayout *left = sheet_layout(s, STYLE_LABEL, strong, 110);
    PangoLayout *right = sheet_layout(s, STYLE_SOFT, soft, sheet_width() - 120);
    double height = sheet_height(left, STYLE_LABEL);
    sheet_box(s, &sheet_line, SHEET_LEFT, y - 3, sheet_width(), 0.5);
    sheet_box(s, marks[mark], SHEET_LEFT, y + 2, 5, height - 4);
    sheet_tag(s, CAIRO_TAG_DEST, "name", name);
    sheet_draw(s, left, STYLE_LABEL, SHEET_LEFT + 12, false);
    sheet_tag_end(s, CAIRO_TAG_DEST);
    s->y = y + 0.6;
    sheet_draw(s, right, STYLE_SOFT, SHEET_LEFT + 120, false);
    g_object_unref(left);
    g_object_unref(right);
    s->y = y + height + 2;
}

/* --- pages -----------------------------------------------------------------------------------*/

/* A line of small text at y, not part of the flow; `right`: flush right. */
static void margin_text(struct sheet *s, const char *text, double y, bool right)
{
    PangoLayout *layout = sheet_layout(s, STYLE_SOFT, text, sheet_width() - (right ? 0 : 70));
    if (right)
        pango_layout_set_alignment(layout, PANGO_ALIGN_RIGHT);
    pango_layout_set_height(layout, -2);
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    sheet_colour(s, &sheet_soft);
    cairo_move_to(s->cairo, SHEET_LEFT, y);
    pango_cairo_show_layout(s->cairo, layout);
    g_object_unref(layout);
}

static void page_begin(struct sheet *s)
{
    s->page++;
    s->y = SHEET_TOP;
    if (s->page > 1) {
        margin_text(s, s->look->running, 28, false);
        sheet_box(s, &sheet_line, SHEET_LEFT, 42, sheet_width(), 0.5);
    }
    if (s->column_count)
        sheet_table_head(s);
}

static void page_end(struct sheet *s)
{
    struct bytes number = {0};
    sheet_box(s, &sheet_line, SHEET_LEFT, SHEET_HEIGHT - 48, sheet_width(), 0.5);
    margin_text(s, s->look->foot, SHEET_HEIGHT - 42, false);
    if (bytes_printf(&number, "%s %u / %u", s->look->page, s->page, s->pages))
        margin_text(s, number.data, SHEET_HEIGHT - 42, true);
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
    s->surface = cairo_pdf_surface_create_for_stream(keep, s, WIDTH, SHEET_HEIGHT);
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
    if (!sheet_failed(s))
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
