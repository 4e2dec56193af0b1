/*
 * markup - the text of an HTML document, as a reader would see it
 *
 * The tree is walked without recursion, for documents nest as deep as they like. Line ends and
 * blanks are not written when they are met but when the next word comes: so blocks that end and
 * begin together make one line end, and there is none at the end.
 */
#include "policy/markup.h"

#include <glib.h>
#include <libxml/HTMLparser.h>
#include <string.h>
#include <strings.h>

#include "policy/markup_roles.h"

struct walk {
    struct bytes *out;
    unsigned quotes;      /* quoting containers around the node */
    unsigned kept_quotes; /* of the line before */
    unsigned spaced;      /* elements around in which white space counts */
    unsigned breaks;      /* line ends that belong before the next word: 0, 1 or 2 */
    bool blank;           /* and a blank */
    bool line;            /* there is something on this line */
    bool forced;          /* a no-break space is all there is on this line */
    unsigned tabs;        /* cells since the last word */
    bool held;            /* at the beginning of a cell or item: blocks begin no line */
    bool row;             /* there are words in a cell of this row of a table */
    bool any;             /* something was written */
    bool failed;          /* out of memory */
};

static bool is_one_of(const xmlNode *node, const char *const *list)
{
    for (; node->name && *list; list++)
        if (strcasecmp((const char *)node->name, *list) == 0)
            return true;
    return false;
}

static bool is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && node->name &&
           strcasecmp((const char *)node->name, name) == 0;
}

static bool is_cell(const xmlNode *node)
{
    return is_element(node, "td") || is_element(node, "th");
}

static bool is_block(const xmlNode *node)
{
    static const char *const blocks[] = {
        "p",      "div",      "tr",    "li",      "table",   "h1",     "h2",         "h3",
        "h4",     "h5",       "h6",    "hr",      "ul",      "ol",     "blockquote", "pre",
        "dl",     "dt",       "dd",    "section", "article", "header", "footer",     "address",
        "center", "fieldset", "form",  "main",    "nav",     "aside",  "figure",     "caption",
        "body",   "html",     "tbody", "thead",   "tfoot",   NULL};
    return is_one_of(node, blocks);
}

/* --- writing ---------------------------------------------------------------------------------*/

static void put(struct walk *w, const char *text, size_t len)
{
    w->failed = w->failed || !bytes_append(w->out, text, len);
}

static void put_marks(struct walk *w, unsigned quotes, bool empty)
{
    for (unsigned i = 0; i < quotes && i < MARKUP_QUOTES_MAX; i++)
        put(w, "> ", empty && (i + 1 == quotes || i + 1 == MARKUP_QUOTES_MAX) ? 1 : 2);
}

/* Line ends and marks of quotation that are due. */
static void begin_word(struct walk *w)
{
    if (w->tabs) {
        w->breaks = 0;
        w->blank = false;
        for (; w->tabs; w->tabs--)
            put(w, "\t", 1);
    }
    if (w->any && w->breaks == 2) {
        put(w, "\n", 1);
        put_marks(w, w->quotes < w->kept_quotes ? w->quotes : w->kept_quotes, true);
    }
    if (w->any && w->breaks)
        put(w, "\n", 1);
    if (!w->any || w->breaks) {
        put_marks(w, w->quotes, false);
        w->kept_quotes = w->quotes;
    } else if (w->blank) {
        put(w, " ", 1);
    }
    w->any = w->line = w->row = true;
    w->blank = w->forced = w->held = false;
    w->breaks = 0;
}

/* The line ends here; `least` line ends belong before the next word. */
static void end_line(struct walk *w, unsigned least)
{
    if (w->forced)
        w->breaks = 2;
    if (w->any && w->breaks < least)
        w->breaks = least;
    w->blank = w->line = w->forced = w->held = false;
}

static void break_line(struct walk *w)
{
    if (w->any && w->breaks < 2)
        w->breaks++;
    w->blank = w->line = w->forced = w->held = false;
}

/* Octets of a blank at the beginning: white space of the source, or a no-break space of any
   width. 0: there is none. */
static size_t blank_at(const char *text, bool *fixed)
{
    *fixed = false;
    if (*text && strchr(" \t\r\n\f", *text))
        return 1;
    *fixed = true;
    if (strncmp(text, "\xc2\xa0", 2) == 0)
        return 2;
    return strncmp(text, "\xe2\x80\xaf", 3) == 0 || strncmp(text, "\xe2\x80\x87", 3) == 0 ? 3 : 0;
}

/* White space in the source is one blank. */
static void put_text(struct walk *w, const char *text)
{
    while (*text && !w->failed) {
        bool fixed;
        size_t len = blank_at(text, &fixed);
        if (len) {
            w->blank = w->blank || w->line;
            w->forced = w->forced || (fixed && !w->line);
            text += len;
            continue;
        }
        while (text[len] && !blank_at(text + len, &fixed))
            len++;
        begin_word(w);
        put(w, text, len);
        text += len;
    }
}

/* In `pre` each line end and blank is one. */
static void put_spaced(struct walk *w, const char *text)
{
    while (*text && !w->failed) {
        size_t len = strcspn(text, "\r\n");
        if (text[strspn(text, " \t")] && len > strspn(text, " \t")) {
            begin_word(w);
            put(w, text, len);
        }
        text += len;
        if (*text == '\n')
            break_line(w);
        text += *text != '\0';
    }
}

/* --- elements --------------------------------------------------------------------------------*/

/* Which of its list an item is, as shown. */
static void put_item(struct walk *w, const xmlNode *node)
{
    char label[32] = "- ";
    if (node->parent && is_element(node->parent, "ol")) {
        unsigned long number = (unsigned long)(size_t)node->parent->_private + 1;
        node->parent->_private = (void *)number;
        g_snprintf(label, sizeof label, "%lu. ", number);
    }
    begin_word(w);
    put(w, label, strlen(label));
    w->blank = false;
    w->held = true;
}

/* A cell after one with words goes on in the same line. */
static void enter_cell(struct walk *w)
{
    w->tabs += w->row;
    w->blank = w->line = w->forced = false;
    w->held = true;
}

/* What is below a cell's last word in it is no empty line of the table. */
static void leave_cell(struct walk *w)
{
    w->breaks = w->breaks ? 1 : 0;
    w->held = false;
}

static void end_row(struct walk *w)
{
    w->row = false;
    w->tabs = 0;
}

/* False: its children are not looked at. */
static bool enter(struct walk *w, const xmlNode *node)
{
    if ((node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) && node->content) {
        (w->spaced ? put_spaced : put_text)(w, (const char *)node->content);
        return false;
    }
    enum markup_role role = markup_role(node);
    if (role == ROLE_HIDDEN)
        return false;
    if (is_element(node, "br")) {
        break_line(w);
        return false;
    }
    if (is_cell(node))
        enter_cell(w);
    else if ((is_block(node) || role == ROLE_QUOTE || role == ROLE_REST) && !w->held)
        end_line(w, markup_has_margin(node) ? 2 : 1);
    if (is_element(node, "tr"))
        end_row(w);
    if (role == ROLE_SIGNATURE && w->quotes == 0 && node->children) {
        end_line(w, 1);
        begin_word(w);
        put(w, "-- ", 3);
        end_line(w, 1);
    }
    if (is_element(node, "li"))
        put_item(w, node);
    w->quotes += role == ROLE_QUOTE || role == ROLE_REST;
    w->spaced += markup_keeps_space(node);
    return true;
}

static void leave(struct walk *w, const xmlNode *node)
{
    if (node->type != XML_ELEMENT_NODE)
        return;
    enum markup_role role = markup_role(node);
    if (role == ROLE_HIDDEN || is_element(node, "br"))
        return;
    if (is_cell(node))
        leave_cell(w);
    else if (is_block(node) || role == ROLE_QUOTE)
        end_line(w, markup_has_margin(node) ? 2 : 1);
    if (is_element(node, "tr") || is_element(node, "table"))
        end_row(w);
    w->quotes -= role == ROLE_QUOTE;
    w->spaced -= markup_keeps_space(node);
}

static void walk_tree(struct walk *w, const xmlNode *root)
{
    const xmlNode *node = root;
    while (node && !w->failed) {
        if (enter(w, node) && node->children) {
            node = node->children;
            continue;
        }
        leave(w, node);
        while (node && node != root && !node->next) {
            node = node->parent;
            if (node)
                leave(w, node);
        }
        node = node && node != root ? node->next : NULL;
    }
}

/* libxml2 takes Office's "o:p" for "p", which ends the paragraph around it: it becomes "o_p", an
   element that nobody knows. */
static void rename_foreign(struct bytes *copy)
{
    char *end = copy->data + copy->len;
    for (char *tag = copy->data; (tag = memchr(tag, '<', (size_t)(end - tag)));) {
        tag += 1 + (tag + 1 < end && tag[1] == '/');
        while (tag < end && g_ascii_isalnum(*tag))
            tag++;
        if (tag < end && *tag == ':')
            *tag = '_';
    }
}

/* Text that stands in no body would get a paragraph of its own around it. */
static bool copy_document(const char *html, size_t len, struct bytes *copy)
{
    if (!bytes_puts(copy, "<body>") || !bytes_append(copy, html, len))
        return false;
    if (strcasestr(copy->data + 6, "<body"))
        memset(copy->data, ' ', 6);
    rename_foreign(copy);
    return true;
}

bool markup_text(const char *html, size_t len, struct bytes *text)
{
    struct walk w = {.out = text};
    struct bytes copy = {0};
    if (!copy_document(html, len < MARKUP_MAX ? len : MARKUP_MAX, &copy)) {
        bytes_free(&copy);
        return false;
    }
    htmlDocPtr doc = htmlReadMemory(copy.data, (int)copy.len, NULL, "UTF-8",
                                    HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                        HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC);
    bytes_free(&copy);
    if (!doc)
        return true;
    walk_tree(&w, xmlDocGetRootElement(doc));
    xmlFreeDoc(doc);
    return !w.failed;
}
