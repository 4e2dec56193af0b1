/*
 * reader_work - the process that reads messages: confined, then octets in and JSON out
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/message_text.h"
#include "db/read_json.h"
#include "db/reader_private.h"
#include "policy/message.h"

static json_t *facts_of(const char *octets, size_t len, const struct reader_options *options,
                        struct identify *identify)
{
    struct understanding_tools tools = {.domain = options->domain,
                                        .delimiter = options->delimiter,
                                        .candidates = options->candidates,
                                        .identify = identify_octets,
                                        .context = identify};
    struct understood u = {0};
    json_t *json = understand(octets, len, &tools, &u) ? read_json(&u) : NULL;
    understood_free(&u);
    return json;
}

/* What comes before the first empty line. */
static size_t header_len(const char *octets, size_t len)
{
    for (size_t at = 0; at < len;) {
        const char *lf = memchr(octets + at, '\n', len - at);
        size_t next = lf ? (size_t)(lf - octets) + 1 : len;
        if (lf && (next - at == 1 || (next - at == 2 && octets[at] == '\r')))
            return at;
        at = next;
    }
    return len;
}

static json_t *answer_of(const char *octets, size_t len, const struct reader_options *options,
                         struct identify *identify)
{
    json_t *answer = json_object();
    if (options->header_only)
        len = header_len(octets, len);
    bool done = answer != NULL;
    if (done && options->facts)
        done = json_object_set_new(answer, "facts", facts_of(octets, len, options, identify)) == 0;
    if (done && options->text)
        done = json_object_set_new(answer, "text", message_parse(octets, len)) == 0;
    if (done)
        return answer;
    json_decref(answer);
    return NULL;
}

static void say(const char *text, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = write(CONFINED_OUT, text + done, len - done);
        if (n <= 0)
            _exit(WORK_NO_ONE_LISTENS);
        done += (size_t)n;
    }
}

void reader_work(const struct order *o, const char *messages, struct confinement *c)
{
    size_t at = 0;
    if (!confinement_drop(c, &o->limits))
        _exit(WORK_NOT_CONFINED);
    for (size_t i = 0; i < o->count; i++) {
        json_t *answer =
            answer_of(messages + at, o->sizes[i], &o->options, confinement_identify(c));
        char *line = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
        if (!line)
            _exit(WORK_NO_MEMORY);
        size_t len = strlen(line);
        line[len] = '\n'; /* JSON has none of its own on a line; the NUL is not needed any more */
        say(line, len + 1);
        free(line);
        json_decref(answer);
        at += o->sizes[i];
    }
    _exit(WORK_DONE);
}
