/*
 * markup - the text of an HTML document, as a reader would see it
 *
 * The tree is walked without recursion, for documents nest as deep as they like. A quoting
 * container is remembered by its depth; each line inside it gets "> ".
 */
#include "policy/markup.h"

#include <libxml/HTMLparser.h>
#include <string.h>
#include <strings.h>

enum { MARKUP_MAX = 8 * 1024 * 1024, QUOTES_MAX = 8 };

struct walk {
    struct bytes *out;
    unsigned quotes; /* quoting containers around the node */
    bool fresh;      /* at the beginning of a line */
    bool failed;     /* out of memory */
};

static bool is_one_of(const xmlChar *name, const char *const *list)
{
    for (; name && *list; list++)
        if (strcasecmp((const char *)name, *list) == 0)
            return true;
    return false;
}

static bool is_block(const xmlNode *node)
{
    static const char *const blocks[] = {"p",  "div", "br", "tr", "li", "table",      "h1",  "h2",
                                         "h3", "h4",  "hr", "ul", "ol", "blockquote", "pre", NULL};
    return is_one_of(node->name, blocks);
}

static bool is_hidden(const xmlNode *node)
{
    static const char *const hidden[] = {"script", "style", "head", "title", NULL};
    return node->type != XML_ELEMENT_NODE || is_one_of(node->name, hidden);
}

static bool is_quote(const xmlNode *node)
{
    return node->type == XML_ELEMENT_NODE && node->name &&
           strcasecmp((const char *)node->name, "blockquote") == 0;
}

static void put(struct walk *w, const char *text, size_t len)
{
    if (w->fresh)
        for (unsigned i = 0; i < w->quotes && i < QUOTES_MAX; i++)
            w->failed = w->failed || !bytes_puts(w->out, "> ");
    w->fresh = false;
    w->failed = w->failed || !bytes_append(w->out, text, len);
}

static void end_line(struct walk *w)
{
    if (!w->fresh)
        w->failed = w->failed || !bytes_puts(w->out, "\n");
    w->fresh = true;
}

/* White space in the source is one blank. */
static void put_text(struct walk *w, const char *text)
{
    while (*text && !w->failed) {
        size_t blanks = strspn(text, " \t\r\n");
        if (blanks && !w->fresh)
            put(w, " ", 1);
        text += blanks;
        size_t len = strcspn(text, " \t\r\n");
        if (len)
            put(w, text, len);
        text += len;
    }
}

static void enter(struct walk *w, const xmlNode *node)
{
    if (node->type == XML_TEXT_NODE && node->content) {
        put_text(w, (const char *)node->content);
    } else if (node->type == XML_ELEMENT_NODE && node->name) {
        if (strcasecmp((const char *)node->name, "br") == 0 && w->fresh)
            w->failed = w->failed || !bytes_puts(w->out, "\n");
        else if (strcasecmp((const char *)node->name, "td") == 0 && !w->fresh)
            put(w, "\t", 1);
        else if (is_block(node))
            end_line(w);
        w->quotes += is_quote(node);
    }
}

static void leave(struct walk *w, const xmlNode *node)
{
    if (node->type == XML_ELEMENT_NODE && is_block(node))
        end_line(w);
    w->quotes -= is_quote(node);
}

static void walk_tree(struct walk *w, const xmlNode *root)
{
    const xmlNode *node = root;
    while (node && !w->failed) {
        enter(w, node);
        if (!is_hidden(node) && node->children) {
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

bool markup_text(const char *html, size_t len, struct bytes *text)
{
    struct walk w = {.out = text, .fresh = true};
    len = len < MARKUP_MAX ? len : MARKUP_MAX;
    htmlDocPtr doc = htmlReadMemory(html, (int)len, NULL, "UTF-8",
                                    HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                        HTML_PARSE_NONET);
    if (!doc)
        return true;
    walk_tree(&w, xmlDocGetRootElement(doc));
    xmlFreeDoc(doc);
    return !w.failed;
}
