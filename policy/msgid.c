/*
 * msgid - message-ids in Message-ID, In-Reply-To and References fields
 *
 * RFC 5322, 3.6.4, read leniently. A comment or quoted string that is never closed is taken
 * for plain text, and from there on such openers count no more: so that a smiley hides no id,
 * and so that each octet is looked at only a few times.
 */
#include "policy/msgid.h"

#include <stdlib.h>
#include <string.h>

#include "policy/message.h"
#include "policy/text.h"

struct scan {
    const char *at;
    const char *end;
    bool no_comments; /* one was left open */
    bool no_quotes;
};

/* The octet after the comment that opens at `p`, with nested ones (RFC 5322, 3.2.2). NULL: it
   is never closed. */
static const char *after_comment(const char *p, const char *end)
{
    unsigned depth = 0;
    for (; p < end; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
        else if (*p == '(')
            depth++;
        else if (*p == ')' && --depth == 0)
            return p + 1;
    }
    return NULL;
}

/* The octet after the quoted string that opens at `p`. NULL: it is never closed. */
static const char *after_quoted(const char *p, const char *end)
{
    for (p++; p < end; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
        else if (*p == '"')
            return p + 1;
    }
    return NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Read the id whose "<" is at s->at into id[0..*len), without a NUL. False: it is none (empty,
   too long, another "<" before the ">"); s->at is then only past the "<". */
static bool scan_id(struct scan *s, char id[MSGID_MAX], size_t *len)
{
    bool quoted = false;
    size_t n = 0;
    const char *p = s->at++;
    id[n++] = *p++;
    for (; p < s->end && n < MSGID_MAX; p++) {
        if (*p == '"')
            quoted = !quoted;
        if (!quoted && is_blank(*p))
            continue;
        if (*p == '\r' || *p == '\n')
            continue; /* a fold inside quotes keeps its blank only */
        id[n++] = *p;
        if (quoted && *p == '\\' && p + 1 < s->end && n < MSGID_MAX) {
            id[n++] = *++p;
        } else if (!quoted && *p == '<') {
            return false;
        } else if (!quoted && *p == '>') {
            *len = n;
            s->at = p + 1;
            return n > 2 && !text_has_control(id, n);
        }
    }
    return false;
}

/* The next id, or false at the end. */
static bool next_id(struct scan *s, char id[MSGID_MAX], size_t *len)
{
    while (s->at < s->end) {
        const char *after = NULL;
        if (*s->at == '(' && !s->no_comments) {
            after = after_comment(s->at, s->end);
            s->no_comments = !after;
        } else if (*s->at == '"' && !s->no_quotes) {
            after = after_quoted(s->at, s->end);
            s->no_quotes = !after;
        } else if (*s->at == '<') {
            if (scan_id(s, id, len))
                return true;
            continue;
        }
        s->at = after ? after : s->at + 1;
    }
    return false;
}

/* "abc@host", all of the value: what some senders write for "<abc@host>". */
static bool bare_id(const char *value, const char *end, char id[MSGID_MAX], size_t *len)
{
    while (value < end && is_blank(*value))
        value++;
    while (value < end && is_blank(end[-1]))
        end--;
    size_t n = (size_t)(end - value);
    if (n < 3 || n > MSGID_MAX - 2 || text_has_control(value, n) || !memchr(value, '@', n))
        return false;
    for (const char *p = value; p < end; p++)
        if (is_blank(*p) || strchr("<>()\",;", *p))
            return false;
    id[0] = '<';
    memcpy(id + 1, value, n);
    id[n + 1] = '>';
    *len = n + 2;
    return true;
}

/* Append an id that is not in the list; when that is full, one from its middle goes. */
static bool keep_ends(struct strings *out, const char *id)
{
    if (strings_contain(out, id))
        return true;
    if (out->count >= IDS_MAX) {
        char **middle = out->items + IDS_MAX / 2;
        free(*middle);
        out->count--;
        memmove(middle, middle + 1, (out->count - IDS_MAX / 2) * sizeof *middle);
    }
    return strings_add(out, id);
}

/* The ids of value[0..end). */
static bool parse(const char *value, const char *end, struct strings *out)
{
    struct scan s = {.at = value, .end = end};
    char id[MSGID_MAX + 1];
    size_t len = 0;
    bool found = false;
    while (next_id(&s, id, &len)) {
        found = true;
        id[len] = '\0';
        if (!keep_ends(out, id))
            return false;
    }
    if (!found && bare_id(value, end, id, &len)) {
        id[len] = '\0';
        return keep_ends(out, id);
    }
    return true;
}

bool msgids_parse(const char *value, struct strings *out)
{
    size_t len = strlen(value);
    if (len <= FIELD_MAX)
        return parse(value, value + len, out);
    const char *tail = strchr(value + len - FIELD_MAX / 2, '<'); /* not inside an id */
    return parse(value, value + FIELD_MAX / 2, out) && (!tail || parse(tail, value + len, out));
}

bool msgid_first(const char *value, char **id)
{
    const char *end = value + strnlen(value, FIELD_MAX);
    struct scan s = {.at = value, .end = end};
    char text[MSGID_MAX + 1];
    size_t len = 0;
    *id = NULL;
    if (!next_id(&s, text, &len) && !bare_id(value, end, text, &len))
        return true;
    *id = strndup(text, len);
    return *id != NULL;
}
