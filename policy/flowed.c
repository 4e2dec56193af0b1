/*
 * flowed - text/plain; format=flowed (RFC 3676) as it was typed
 */
#include "policy/flowed.h"

#include <string.h>

enum { FLOWED_DEPTH_MAX = 100 };

struct flowed_line {
    const char *text;
    size_t len, depth;
    bool flows; /* goes on in the next */
};

/* RFC 3676, 4.5: quote marks first, then the stuffed blank. */
static struct flowed_line take_line(const char *line, size_t len)
{
    struct flowed_line f = {.text = line, .len = len};
    while (f.len && *f.text == '>') {
        f.text++;
        f.len--;
        f.depth++;
    }
    if (f.len && *f.text == ' ') {
        f.text++;
        f.len--;
    }
    bool signature = f.len == 3 && memcmp(f.text, "-- ", 3) == 0;
    f.flows = f.len && f.text[f.len - 1] == ' ' && !signature;
    return f;
}

static bool begin_line(size_t depth, struct bytes *text)
{
    bool done = true;
    for (size_t i = 0; done && i < depth && i < FLOWED_DEPTH_MAX; i++)
        done = bytes_puts(text, "> ");
    return done;
}

bool flowed_undo(const char *lines, size_t len, bool delsp, struct bytes *text)
{
    bool open = false, done = true;
    size_t depth = 0;
    for (size_t at = 0; done && at < len;) {
        const char *lf = memchr(lines + at, '\n', len - at);
        size_t end = lf ? (size_t)(lf - lines) : len;
        struct flowed_line f = take_line(lines + at, end - at);
        /* 4.5: a paragraph ends where the depth changes, and before a signature. */
        bool signature = f.len == 3 && memcmp(f.text, "-- ", 3) == 0;
        if (open && (f.depth != depth || signature)) {
            done = bytes_puts(text, "\n");
            open = false;
        }
        depth = f.depth;
        if (done && !open)
            done = begin_line(depth, text);
        size_t keep = f.flows && delsp ? f.len - 1 : f.len;
        done = done && bytes_append(text, f.text, keep) && (f.flows || bytes_puts(text, "\n"));
        open = f.flows;
        at = end + 1;
    }
    return done;
}
