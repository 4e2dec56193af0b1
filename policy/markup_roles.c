/*
 * markup_roles - what an element of a mail's HTML is there for: quote, signature, not to be seen
 *
 * Attributes are copied into a small buffer, lower case and without blanks, so that each is
 * compared once and an attribute of a megabyte costs nothing.
 */
#include "policy/markup_roles.h"

#include <glib.h>
#include <string.h>
#include <strings.h>

enum { VALUE_MAX = 512, CHILDREN_MAX = 64 };

static bool is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && node->name &&
           strcasecmp((const char *)node->name, name) == 0;
}

static bool is_one_of(const xmlNode *node, const char *const *names)
{
    for (; *names; names++)
        if (is_element(node, *names))
            return true;
    return false;
}

/* An attribute, lower case; `packed`: without blanks (a style), else with one at each end (a
   list of classes). False: there is none. */
static bool get(const xmlNode *node, const char *name, bool packed, char value[VALUE_MAX])
{
    const xmlAttr *a = node->properties;
    while (a && strcasecmp((const char *)a->name, name) != 0)
        a = a->next;
    const xmlNode *text = a ? a->children : NULL;
    const char *from = text && text->content ? (const char *)text->content : "";
    size_t n = 0;
    if (!packed)
        value[n++] = ' ';
    for (; *from && n + 2 < VALUE_MAX; from++) {
        bool blank = strchr(" \t\r\n", *from) != NULL;
        if (!blank)
            value[n++] = g_ascii_tolower(*from);
        else if (!packed && value[n - 1] != ' ')
            value[n++] = ' ';
    }
    if (!packed && value[n - 1] != ' ')
        value[n++] = ' ';
    value[n] = '\0';
    return a != NULL;
}

static bool has_one(const char *value, const char *const *words)
{
    for (; *words; words++)
        if (strstr(value, *words))
            return true;
    return false;
}

/* --- hidden ----------------------------------------------------------------------------------*/

static bool is_hidden(const xmlNode *node, const char *style)
{
    static const char *const names[] = {"script",   "style",    "head",   "title", "template",
                                        "select",   "noscript", "object", "svg",   "iframe",
                                        "textarea", "button",   "map",    NULL};
    static const char *const styles[] = {"display:none",  "visibility:hidden", "mso-hide:all",
                                         "max-height:0;", "max-height:0px;",   "font-size:0;",
                                         "font-size:0px", "opacity:0;",        NULL};
    char value[VALUE_MAX];
    if (is_one_of(node, names) || has_one(style, styles))
        return true;
    size_t len = strlen(style);
    return get(node, "hidden", true, value) ||
           (len >= 12 && strcmp(style + len - 12, "max-height:0") == 0) ||
           (len >= 11 && strcmp(style + len - 11, "font-size:0") == 0) ||
           (len >= 9 && strcmp(style + len - 9, "opacity:0") == 0);
}

/* --- quotes ----------------------------------------------------------------------------------*/

/* A bar at the left side is a quote; none at all, drawn on purpose, is an indentation. */
static bool is_barred(const char *style)
{
    const char *border = strstr(style, "border-left:");
    if (!border)
        return false;
    border += 12;
    return strncmp(border, "none", 4) != 0 && strncmp(border, "0", 1) != 0 &&
           strncmp(border, "medium", 6) != 0;
}

static bool is_indentation(const xmlNode *node, const char *style)
{
    char value[VALUE_MAX];
    return strstr(style, "border:none") && !is_barred(style) && !get(node, "type", true, value) &&
           !get(node, "cite", true, value) &&
           (!get(node, "class", false, value) || !strstr(value, "quote"));
}

/* Does it hold blockquotes, itself or in an element of its own? */
static bool holds_blockquote(const xmlNode *node)
{
    size_t seen = 0;
    for (const xmlNode *child = node->children; child && seen < CHILDREN_MAX; child = child->next) {
        seen++;
        if (is_element(child, "blockquote"))
            return true;
        size_t inner = 0;
        for (const xmlNode *c = child->type == XML_ELEMENT_NODE ? child->children : NULL;
             c && inner < 8; c = c->next, inner++)
            if (is_element(c, "blockquote"))
                return true;
    }
    return false;
}

/* Outlook draws a line above the header block and puts it into a box of its own. */
static bool is_outlook_box(const xmlNode *node, const char *style)
{
    static const char *const lines[] = {
        "border-top:solid#e1e1e1",      "border-top:solid#b5c4df",
        "border-top:#e1e1e1",           "border-top:#b5c4df",
        "border-top:1ptsolid#e1e1e1",   "border-top:1ptsolid#b5c4df",
        "border-top:1.0ptsolid#e1e1e1", NULL};
    if (!has_one(style, lines))
        return false;
    /* "De :" in bold, or at least a colon near the beginning. */
    const xmlNode *inner = node;
    for (size_t depth = 0; inner && depth < 8; depth++) {
        if (is_element(inner, "b") || is_element(inner, "strong"))
            return true;
        const xmlNode *child = inner->children;
        while (child && child->type == XML_TEXT_NODE && child->content &&
               child->content[strspn((const char *)child->content, " \t\r\n")] == '\0')
            child = child->next;
        inner = child;
        if (inner && inner->type == XML_TEXT_NODE)
            return inner->content && strchr((const char *)inner->content, ':');
    }
    return false;
}

static const char *const rest_ids[] = {" appendonsend ", " divrplyfwdmsg ", " x_divrplyfwdmsg ",
                                       " stopspelling ", NULL};
static const char *const quote_ids[] = {" mail-editor-reference-message-container ",
                                        " olk_src_body_section ",
                                        " reply-intro ",
                                        " isforwardcontent ",
                                        " isreplycontent ",
                                        " yahoo_quoted",
                                        " zwchr",
                                        " orimsghtmlseperator",
                                        NULL};
static const char *const quote_classes[] = {" yahoo_quoted ",
                                            " gmail_attr ",
                                            " moz-cite-prefix ",
                                            " moz-forward-container ",
                                            " ms-outlook-mobile-reference-message ",
                                            " zmail_extra ",
                                            " inoteshistory ",
                                            " tutanota_quote ",
                                            " mail-quote-collapse ",
                                            " yiv_quoted ",
                                            " email_quote ",
                                            " mailru-blockquote ",
                                            " bm_quote ",
                                            " quotedtext ",
                                            " skiptranslate_quote ",
                                            NULL};
static const char *const containers[] = {" gmail_quote ", " protonmail_quote ", " gmail_extra ",
                                         " gmail_quote_container ", NULL};
static const char *const signatures[] = {" gmail_signature ",
                                         " moz-signature ",
                                         " signature ",
                                         " ms-outlook-mobile-signature ",
                                         " composer_signature ",
                                         " protonmail_signature_block ",
                                         " applemailsignature ",
                                         " yahoo-signature",
                                         "_signature ",
                                         "-signature ",
                                         " mail_signature ",
                                         " signature_",
                                         NULL};

static enum markup_role named_role(const xmlNode *node)
{
    char id[VALUE_MAX], class[VALUE_MAX], value[VALUE_MAX];
    bool has_id = get(node, "id", false, id), has_class = get(node, "class", false, class);
    if (get(node, "name", false, value) && strstr(value, " quote "))
        return ROLE_QUOTE;
    if (get(node, "data-marker", false, value) &&
        (strstr(value, " __headers__ ") || strstr(value, " __quoted_text__ ")))
        return ROLE_QUOTE;
    if (get(node, "data-smartmail", false, value) && strstr(value, "gmail_signature"))
        return ROLE_SIGNATURE;
    if (has_id && has_one(id, rest_ids))
        return ROLE_REST;
    if ((has_id && has_one(id, quote_ids)) || (has_class && has_one(class, quote_classes)))
        return ROLE_QUOTE;
    if (has_class && has_one(class, containers))
        return holds_blockquote(node) ? ROLE_NONE : ROLE_QUOTE;
    if ((has_id && has_one(id, signatures)) || (has_class && has_one(class, signatures)))
        return ROLE_SIGNATURE;
    return ROLE_NONE;
}

enum markup_role markup_role(const xmlNode *node)
{
    static const char *const boxes[] = {"div", "blockquote", "section", "td", "table", "p", NULL};
    char style[VALUE_MAX] = "";
    if (node->type != XML_ELEMENT_NODE)
        return ROLE_HIDDEN;
    bool styled = get(node, "style", true, style);
    if (is_hidden(node, style))
        return ROLE_HIDDEN;
    if (is_element(node, "blockquote") && !is_indentation(node, style))
        return ROLE_QUOTE;
    if (styled && is_one_of(node, boxes) && is_barred(style))
        return ROLE_QUOTE;
    if (styled && is_one_of(node, boxes) && is_outlook_box(node, style))
        return ROLE_REST;
    return node->properties ? named_role(node) : ROLE_NONE;
}

bool markup_keeps_space(const xmlNode *node)
{
    char style[VALUE_MAX];
    if (is_element(node, "pre"))
        return true;
    return get(node, "style", true, style) &&
           (strstr(style, "white-space:pre-wrap") || strstr(style, "white-space:pre-line") ||
            strstr(style, "white-space:pre;") || strstr(style, "white-space:break-spaces"));
}

bool markup_has_margin(const xmlNode *node)
{
    static const char *const spaced[] = {"p",  "h1", "h2", "h3", "h4",  "h5",
                                         "h6", "ul", "ol", "dl", "pre", NULL};
    static const char *const tight[] = {"margin:0", "margin-top:0", "margin-bottom:0", NULL};
    char value[VALUE_MAX];
    if (!is_one_of(node, spaced) || (node->parent && is_element(node->parent, "li")))
        return false;
    if (get(node, "class", false, value) && strstr(value, " mso"))
        return false;
    return !get(node, "style", true, value) || !has_one(value, tight);
}
