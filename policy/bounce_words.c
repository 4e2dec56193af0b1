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

/* "mx.b.example:25" ends before the colon; IPv6 has more of them. */
static size_t without_port(const char *text, size_t begin, size_t end)
{
    size_t colon = end;
    while (colon > begin && g_ascii_isdigit(text[colon - 1]))
        colon--;
    bool port = colon > begin && colon < end && text[colon - 1] == ':' &&
                !memchr(text + begin, ':', colon - 1 - begin);
    return port ? colon - 1 : end;
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
        end = without_port(text, at, end);
        while (end > at && strchr(".:", text[end - 1]))
            end--;
    }
    if (end <= at || text[at] == ':')
        return true;
    *host = strndup(text + at, end - at);
    return *host != NULL;
}

/* A name of two labels at least, or an address: words of a sentence and status codes are none. */
static bool looks_like_host(const char *host)
{
    size_t len = strlen(host), points = 0;
    if (*host == '[' || strchr(host, ':'))
        return len > 4 && strpbrk(host, ".:");
    for (const char *p = host; *p; p++)
        points += *p == '.';
    const char *last = strrchr(host, '.');
    if (!last || last == host)
        return false;
    if (strspn(host, "0123456789.") == len)
        return points == 3;
    return !g_ascii_isdigit(last[1]) && strlen(last + 1) >= 2;
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
           (at == 0 || !g_ascii_isalnum(text[at - 1])) &&
           /* "the mail system at host mx.b.example" is the one that writes */
           (at < 3 || strncasecmp(text + at - 3, "at ", 3) != 0);
}

/* Keep the host that begins at `at`, if it looks like one. */
static bool take_host(const char *text, size_t at, size_t len, char **host)
{
    char *found = NULL;
    if (!words_host(text + at, len - at, &found))
        return false;
    if (found && looks_like_host(found))
        *host = found;
    else
        free(found);
    return true;
}

bool words_remote(const char *text, size_t len, char **host)
{
    for (size_t at = 0; at < len; at++)
        for (size_t i = 0; i < sizeof before_host / sizeof *before_host; i++) {
            size_t word = strlen(before_host[i]);
            if (!begins(text, at, len, before_host[i], word))
                continue;
            if (!take_host(text, at + word, len, host))
                return false;
            if (*host)
                return true;
        }
    return true;
}

/* Is an address in brackets at text[at]? */
static bool is_bracketed(const char *text, size_t at, size_t len)
{
    char close = text[at] == '[' ? ']' : ')';
    size_t end = at + 1, points = 0;
    while (end < len && (g_ascii_isxdigit(text[end]) || strchr(".:", text[end])))
        points += strchr(".:", text[end++]) != NULL;
    return end < len && points >= 2 && (text[end] == close || text[end] == ',');
}

/* The host before the bracket at `at`, unless mail came "from" there. */
static bool take_before(const char *text, size_t at, size_t len, char **host)
{
    size_t end = at;
    while (end && strchr(" .", text[end - 1]))
        end--;
    size_t begin = end;
    while (begin && of_host(text[begin - 1]))
        begin--;
    bool from = begin >= 5 && strncasecmp(text + begin - 5, "from ", 5) == 0;
    return begin == end || from || take_host(text, begin, len, host);
}

/* A line's first word, if it is a host and all of the line, or does something. */
static bool take_first(const char *line, size_t len, char **host)
{
    size_t end = 0;
    while (len && *line == ' ') {
        line++;
        len--;
    }
    while (end < len && of_host(line[end]))
        end++;
    bool alone = end == len || (end + 1 == len && line[end] == ':');
    bool acts = end + 2 < len && line[end] == ' ' && g_ascii_islower(line[end + 1]);
    return end == 0 || !(alone || acts) || take_host(line, 0, end, host);
}

bool words_peer(const char *line, size_t len, char **host)
{
    if (!take_first(line, len, host))
        return false;
    for (size_t at = 1; !*host && at < len; at++)
        if ((line[at] == '[' || line[at] == '(') && is_bracketed(line, at, len) &&
            !take_before(line, at, len, host))
            return false;
    return true;
}
