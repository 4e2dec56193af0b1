/*
 * reply_text - what the sender of a reply wrote: the thin form
 */
#include "policy/reply_text.h"

#include <string.h>

#include "policy/understood.h"

bool reply_text(const char *body, size_t len, struct bytes *text)
{
    bool done = true;
    for (size_t at = 0; done && at < len;) {
        const char *lf = memchr(body + at, '\n', len - at);
        size_t end = lf ? (size_t)(lf - body) + 1 : len;
        if (end - at >= 4 && memcmp(body + at, "-- \n", 4) == 0)
            break;
        if (body[at] != '>' && text->len + (end - at) <= READ_REPLY_MAX)
            done = bytes_append(text, body + at, end - at);
        at = end;
    }
    while (text->len && strchr(" \t\n", text->data[text->len - 1]))
        text->data[--text->len] = '\0';
    return done;
}
