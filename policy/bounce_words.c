/*
 * bounce_words - single facts within the words of a notice: lines, hosts
 */
#include "policy/bounce_words.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/text.h"
#include "policy/understood.h"

char *words_decode(const char *value, size_t len)
{
    char *copy = strndup(value, len);
    char *text = copy ? text_decode(copy) : NULL;
    free(copy);
    return text;
}

bool words_line(const char *text, size_t len, char **line)
{
    struct bytes b = {0};
    bool done = true;
    for (size_t at = 0; done && at < len && b.len < READ_DIAGNOSTIC_MAX;) {
        size_t word = at;
        while (word < len && (unsigned char)text[word] <= ' ')
            word++;
        size_t end = word;
        while (end < len && (unsigned char)text[end] > ' ')
            end++;
        if (end > word)
            done = (b.len == 0 || bytes_append(&b, " ", 1)) &&
                   bytes_append(&b, text + word, end - word);
        at = end;
    }
    size_t max = b.len;
    if (max > READ_DIAGNOSTIC_MAX)
        for (max = READ_DIAGNOSTIC_MAX; max && ((unsigned char)b.data[max] & 0xc0) == 0x80;)
            max--;
    if (done && max) {
        b.data[max] = '\0';
        *line = bytes_steal(&b);
        done = *line != NULL;
    }
    bytes_free(&b);
    return done;
}

/* Octets of a host's name or address; what ends it is none of these. */
static bool of_host(char c)
{
    return g_ascii_isalnum(c) || strchr("-._:", c) || (unsigned char)c >= 0x80;
}

bool words_host(const char *text, size_t len, char **host)
{
    size_t at = 0, end;
    while (at < len && strchr(" \t\"'<`", text[at]) && text[at])
        at++;
    if (at < len && text[at] == '[') {
        for (end = at + 1; end < len && text[end] && of_host(text[end]);)
            end++;
        end += end < len && text[end] == ']';
    } else {
        for (end = at; end < len && text[end] && of_host(text[end]);)
            end++;
        while (end > at && strchr(".:", text[end - 1]))
            end--;
    }
    if (end <= at || text[at] == ':')
        return true;
    *host = strndup(text + at, end - at);
    return *host != NULL;
}

/* A name of two labels at least, or an address: words of a sentence are no hosts. */
static bool looks_like_host(const char *host)
{
    size_t len = strlen(host);
    if (*host == '[' || strchr(host, ':'))
        return len > 4 && strpbrk(host, ".:");
    const char *point = strchr(host, '.');
    return point && point > host && point[1];
}

/* What stands before a host that said something. */
static const char *const before_host[] = {
    "host ",
    "connect to ",
    "while talking to ",
    "lost connection with ",
    "conversation with ",
    "timed out with ",
    "connected to ",
};

/* Does the word begin here, as a word? */
static bool begins(const char *text, size_t at, size_t len, const char *word, size_t word_len)
{
    return len - at > word_len && strncasecmp(text + at, word, word_len) == 0 &&
           (at == 0 || !g_ascii_isalnum(text[at - 1]));
}

bool words_remote(const char *text, size_t len, char **host)
{
    for (size_t at = 0; at < len; at++)
        for (size_t i = 0; i < sizeof before_host / sizeof *before_host; i++) {
            size_t word = strlen(before_host[i]);
            if (!begins(text, at, len, before_host[i], word))
                continue;
            char *found = NULL;
            if (!words_host(text + at + word, len - at - word, &found))
                return false;
            if (found && looks_like_host(found)) {
                *host = found;
                return true;
            }
            free(found);
        }
    return true;
}
