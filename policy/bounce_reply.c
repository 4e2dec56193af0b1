/*
 * bounce_reply - SMTP replies and enhanced status codes within the words of a notice
 */
#include "policy/bounce_reply.h"

#include <glib.h>
#include <string.h>

/* Is this octet the end of a number that stands alone? */
static bool parts_number(char c)
{
    return !g_ascii_isalnum(c) && c != '_';
}

/* The length of an enhanced status code at `p`; 0: there is none. RFC 3463, 2: the subject is one
   digit so far (0 to 7), the detail up to three. */
static size_t enhanced_at(const char *text, const char *p)
{
    if ((*p != '2' && *p != '4' && *p != '5') || p[1] != '.' || p[2] < '0' || p[2] > '7' ||
        p[3] != '.')
        return 0;
    size_t digits = strspn(p + 4, "0123456789");
    const char *end = p + 4 + digits;
    if (digits < 1 || digits > 3 || !(parts_number(*end) || *end == '_') ||
        (*end == '.' && g_ascii_isdigit(end[1])))
        return 0;
    if (p > text && (!parts_number(p[-1]) || p[-1] == '.'))
        return 0;
    return 4 + digits;
}

bool reply_enhanced(const char *text, char class, char status[STATUS_CHARS + 1], const char **end)
{
    for (const char *p = text; (p = strchr(p, '.')) != NULL; p++) {
        size_t n = p > text ? enhanced_at(text, p - 1) : 0;
        if (!n || (class && p[-1] != class))
            continue;
        memcpy(status, p - 1, n);
        status[n] = '\0';
        if (end)
            *end = p - 1 + n;
        return true;
    }
    return false;
}

/* Reply codes are 2yz, 4yz, 5yz with y of 0 to 5 (RFC 5321, 4.2.1); some servers go up to 7. */
static bool code_at(const char *text, const char *p)
{
    if ((*p != '2' && *p != '4' && *p != '5') || p[1] < '0' || p[1] > '7' || !g_ascii_isdigit(p[2]))
        return false;
    if (!parts_number(p[3]) || ((p[3] == '.' || p[3] == ',') && g_ascii_isdigit(p[4])))
        return false;
    return p == text || (parts_number(p[-1]) && !strchr(".-/@+", p[-1]));
}

const char *reply_code(const char *text)
{
    for (const char *p = text; *p; p++)
        if (g_ascii_isdigit(*p)) {
            if (code_at(text, p))
                return p;
            p += strspn(p, "0123456789") - 1;
        }
    return NULL;
}

/* Does what stands before text[at] introduce a reply? */
static bool is_introduced(const char *text, size_t begin, size_t at)
{
    static const char *const words[] = {"said",   "error",     "returned", "code",    "reply",
                                        "status", "reason",    "was",      "erreur",  "response",
                                        "with",   "replied",   "smtp",     "reponse", "fehler",
                                        "errore", "responded", "retourne", "repondu", "raison"};
    size_t end = at;
    while (end > begin && (strchr(" \t'\"#([<{*|-", text[end - 1]) || text[end - 1] & 0x80))
        end--;
    /* a tab: a table's cell begins */
    if (end == begin || strchr(":;=>.", text[end - 1]) || memchr(text + end, '\t', at - end))
        return true;
    size_t word = end;
    while (word > begin && g_ascii_isalpha(text[word - 1]))
        word--;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == end - word &&
            g_ascii_strncasecmp(text + word, words[i], end - word) == 0)
            return true;
    return false;
}

/* Is the reply code at text[at] followed by an enhanced status of its class? */
static bool has_enhanced(const char *text, size_t at, size_t end)
{
    size_t p = at + 3;
    while (p < end && strchr(" -#[(", text[p]))
        p++;
    return p + 4 < end && text[p] == text[at] && enhanced_at(text, text + p);
}

bool reply_begins(const char *text, size_t begin, size_t end, size_t *at, bool *introduced)
{
    for (size_t p = begin; p + 3 <= end; p++) {
        if (!g_ascii_isdigit(text[p]))
            continue;
        bool code = text[p] != '2' && code_at(text, text + p) &&
                    (p + 3 == end || strchr(" -#(:;,.'\"[", text[p + 3]));
        *introduced = code && is_introduced(text, begin, p);
        if (*introduced || (code && has_enhanced(text, p, end))) {
            *at = p;
            return true;
        }
        while (p + 1 < end && g_ascii_isdigit(text[p + 1]))
            p++;
    }
    return false;
}

bool reply_status(const char *text, char status[STATUS_CHARS + 1])
{
    const char *code = reply_code(text);
    if (!code)
        return reply_enhanced(text, 0, status, NULL);
    if (reply_enhanced(code, *code, status, NULL) || reply_enhanced(text, *code, status, NULL))
        return true;
    memcpy(status, (const char[]){*code, '.', '0', '.', '0', '\0'}, 6);
    return true;
}

const char *reply_action(const char *status)
{
    switch (*status) {
    case '2':
        return "delivered";
    case '4':
        return "delayed";
    case '5':
        return "failed";
    default:
        return NULL;
    }
}
