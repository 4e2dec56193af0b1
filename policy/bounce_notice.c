/*
 * bounce_notice - the words of a notice as lines, and the addresses that they name
 */
#include "policy/bounce_notice.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/address.h"
#include "policy/bounce_phrases.h"

enum { LABEL_MAX = 48, NAME_WORDS_MAX = 5 };

void notice_free(struct notice *n)
{
    for (size_t i = 0; i < n->mention_count; i++)
        free(n->mentions[i].address);
    free(n->mentions);
    free(n->lines);
    *n = (struct notice){0};
}

bool notice_blank(const struct notice *n, size_t line)
{
    return n->lines[line].begin == n->lines[line].end;
}

/* --- lines -----------------------------------------------------------------------------------*/

static bool starts(const char *text, size_t len, const char *with)
{
    size_t n = strlen(with);
    return len >= n && strncasecmp(text, with, n) == 0;
}

static struct notice_line line_at(const char *text, size_t at, size_t end)
{
    struct notice_line l = {.begin = at, .end = end};
    while (l.begin < end && (text[l.begin] == ' ' || text[l.begin] == '\t'))
        l.begin++;
    while (l.end > l.begin && g_ascii_isspace(text[l.end - 1]))
        l.end--;
    l.indent = l.begin - at;
    const char *p = text + l.begin;
    size_t len = l.end - l.begin;
    l.dialogue = starts(p, len, ">>>") || starts(p, len, "<<<") || starts(p, len, "-->") ||
                 starts(p, len, "<--") || starts(p, len, "rcpt to:");
    l.quoted = len && *p == '>' && !l.dialogue;
    return l;
}

static bool split(struct notice *n, size_t len)
{
    n->lines = calloc(NOTICE_LINES_MAX, sizeof *n->lines);
    for (size_t at = 0; n->lines && at < len && n->line_count < NOTICE_LINES_MAX;) {
        const char *lf = memchr(n->text + at, '\n', len - at);
        size_t end = lf ? (size_t)(lf - n->text) : len;
        n->lines[n->line_count++] = line_at(n->text, at, end);
        at = end + 1;
    }
    return n->lines != NULL;
}

size_t notice_label(const struct notice *n, size_t line)
{
    const struct notice_line *l = &n->lines[line];
    size_t words = 1;
    for (size_t at = l->begin; at < l->end && at - l->begin < LABEL_MAX; at++) {
        char c = n->text[at];
        if (c == '\t' && at > l->begin)
            return at + 1 - l->begin;
        if (c == ':')
            return at > l->begin && (at + 1 == l->end || n->text[at + 1] != '/') ? at + 1 - l->begin
                                                                                 : 0;
        words += c == ' ';
        if (strchr("<>@,;\"[]=", c) || g_ascii_isdigit(c) || words > NAME_WORDS_MAX + 1)
            return 0;
    }
    return 0;
}

/* --- addresses -------------------------------------------------------------------------------*/

/* May this octet stand in an unquoted local part or a domain? Letters outside ASCII are judged by
   their character, for typographic quotes are none. */
static bool of_address(const char *text, size_t at, size_t end, bool local)
{
    unsigned char c = (unsigned char)text[at];
    if (g_ascii_isalnum(text[at]) || c == '-' || c == '.')
        return true;
    if (c < 0x80)
        return local && strchr("!#$%&'*+/=?^_`{|}~", c) && c;
    size_t first = at;
    while (first && at - first < 3 && ((unsigned char)text[first] & 0xc0) == 0x80)
        first--;
    gunichar u = g_utf8_get_char_validated(text + first, (gssize)(end - first));
    return u < 0x110000 && g_unichar_isalnum(u);
}

/* A domain: two labels at least, the last of letters. */
static bool is_domain(const char *text, size_t begin, size_t end)
{
    size_t last = end;
    while (last > begin && text[last - 1] != '.')
        last--;
    return last > begin + 1 && end - last >= 2 && !g_ascii_isdigit(text[last]) &&
           text[begin] != '.' && text[begin] != '-' &&
           !g_strstr_len(text + begin, (gssize)(end - begin), "..");
}

bool notice_address(const char *text, size_t at, size_t end, size_t *begin, size_t *close)
{
    for (size_t from = at; from < end;) {
        const char *sign = memchr(text + from, '@', end - from);
        if (!sign)
            return false;
        size_t middle = (size_t)(sign - text), b = middle, e = middle + 1;
        while (b > at && middle - b < 128 && of_address(text, b - 1, end, true))
            b--;
        while (e < end && e - middle < 256 && of_address(text, e, end, false))
            e++;
        while (b < middle && strchr("'./=`", text[b]))
            b++;
        while (e > middle + 1 && strchr(".-", text[e - 1]))
            e--;
        from = e > middle ? e : middle + 1;
        if (b == middle || !is_domain(text, middle + 1, e))
            continue;
        *begin = b;
        *close = e;
        return true;
    }
    return false;
}

/* A label that introduces somebody who did not get the mail; folded, without the colon. */
static bool is_recipient_label(const char *folded)
{
    static const char *const stems[] = {"recipient",
                                        "destinataire",
                                        "failed address",
                                        "address",
                                        "adresse",
                                        "empfanger",
                                        "destinatari",
                                        "unknown user",
                                        "user unknown",
                                        "utilisateur inconnu",
                                        "failed recipient",
                                        "mailbox",
                                        "utente",
                                        "usuario",
                                        "rcpt",
                                        "user",
                                        "account",
                                        "compte",
                                        "addressee",
                                        "undeliverable to",
                                        "delivery to",
                                        "delivery failed",
                                        "not delivered to",
                                        "invalid"};
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++)
        if (strstr(folded, stems[i]))
            return !strstr(folded, "your") && !strstr(folded, "votre");
    return strcmp(folded, "to") == 0 || strcmp(folded, "a") == 0 || strcmp(folded, "an") == 0 ||
           strcmp(folded, "para") == 0 || strcmp(folded, "envelope-to") == 0;
}

/* A label whose address is no recipient: our own, an id, somebody to write to. */
static bool is_other_label(const char *folded)
{
    static const char *const stems[] = {
        "from",          "de",        "von",      "da",          "sender",      "expediteur",
        "absender",      "remitente", "mittente", "reply-to",    "return-path", "cc",
        "contact",       "help",      "aide",     "administrat", "postmaster",  "message id",
        "message-id",    "identifi",  "id",       "reference",   "subject",     "objet",
        "betreff",       "asunto",    "oggetto",  "mail from",   "errors-to",   "in-reply-to",
        "reporting-mta", "support"};
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
        const char *p = strstr(folded, stems[i]);
        size_t len = strlen(stems[i]);
        if (p && (len > 4 || ((p == folded || p[-1] == ' ') && (!p[len] || p[len] == ' '))))
            return true;
    }
    return false;
}

/* What stands between the line's beginning and an address that it lists: nothing, a bullet, an
   opening bracket, a short name. */
static bool is_lead(const char *text, size_t begin, size_t end)
{
    size_t words = 0;
    bool bracket = end > begin && strchr("<([", text[end - 1]);
    for (size_t at = begin; at < end; at++) {
        unsigned char c = (unsigned char)text[at];
        if (strchr(".:;!?/=@", c))
            return false;
        words += (at == begin || text[at - 1] == ' ') && (g_ascii_isalpha((char)c) || c >= 0xc3);
    }
    return words == 0 || (bracket && words <= NAME_WORDS_MAX);
}

/* What may follow an address that a line lists; a sentence goes on with a word. */
static bool is_tail(const char *text, size_t at, size_t end)
{
    while (at < end && strchr(">\"')]", text[at]))
        at++;
    if (at == end || strchr(":;,(<[#-\t", text[at]))
        return true;
    if (starts(text + at, end - at, "..."))
        return true;
    while (at < end && (text[at] == ' ' || text[at] == '.'))
        at++;
    return at == end || strchr(":;(<[#-=", text[at]) || starts(text + at, end - at, "on ") ||
           starts(text + at, end - at, "le ") || g_ascii_isdigit(text[at]);
}

/* An address of a source: "(expanded from: <list@b>)", "(generated from a@b)". */
static bool is_source(const char *text, size_t begin, size_t end)
{
    return g_strstr_len(text + begin, (gssize)(end - begin), "expanded from") ||
           g_strstr_len(text + begin, (gssize)(end - begin), "generated from");
}

static bool is_help(const char *address)
{
    static const char *const names[] = {"postmaster@", "mailer-daemon@", "helpdesk@", "support@",
                                        "abuse@",      "noreply@",       "no-reply@", "admin@"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncasecmp(address, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* How the line's label, if it has one, speaks of its addresses: 1 a recipient, -1 another, 0. */
static int judge_label(const struct notice *n, size_t line, size_t label, bool *out_of_memory)
{
    if (!label)
        return 0;
    size_t begin = n->lines[line].begin, len = label - 1;
    while (len && (strchr("-*.[# ", n->text[begin]) && n->text[begin])) {
        begin++;
        len--;
    }
    char *folded = bounce_fold(n->text + begin, len);
    *out_of_memory = *out_of_memory || !folded;
    int verdict = !folded ? 0 : is_recipient_label(folded) ? 1 : is_other_label(folded) ? -1 : 0;
    free(folded);
    return verdict;
}

static enum mention_form form_of(const struct notice *n, size_t line, size_t lead, size_t begin,
                                 size_t close)
{
    const struct notice_line *l = &n->lines[line];
    if (is_source(n->text, l->begin, begin))
        return MENTION_SOURCE;
    if (l->dialogue)
        return MENTION_DIALOGUE;
    if (is_lead(n->text, lead, begin) && is_tail(n->text, close, l->end))
        return MENTION_LISTED;
    return MENTION_SENTENCE;
}

/* Behind the brackets, and a repeated "<mailto:a@b>". */
static size_t behind(const char *text, size_t at, size_t end)
{
    while (at < end && strchr(">\"')]", text[at]))
        at++;
    if (starts(text + at, end - at, "<mailto:") || starts(text + at, end - at, " <mailto:")) {
        const char *close = memchr(text + at, '>', end - at);
        at = close ? (size_t)(close - text) + 1 : end;
    }
    return at;
}

static bool add_mention(struct notice *n, size_t line, enum mention_form form, size_t begin,
                        size_t close)
{
    char *copy = strndup(n->text + begin, close - begin);
    char *address = copy ? address_normalise(copy) : NULL;
    bool none = address && (is_help(address) || strings_contain(n->others, address));
    free(copy);
    if (!address)
        return false;
    if (none) {
        free(address);
        return true;
    }
    if (!n->lines[line].mention)
        n->lines[line].mention = n->mention_count + 1;
    n->mentions[n->mention_count++] = (struct mention){
        .line = line,
        .after = behind(n->text, close, n->lines[line].end),
        .address = address,
        .form = form,
    };
    return true;
}

static bool read_line(struct notice *n, size_t line)
{
    const struct notice_line *l = &n->lines[line];
    if (!memchr(n->text + l->begin, '@', l->end - l->begin) || l->quoted)
        return true;
    bool out_of_memory = false;
    size_t label = l->dialogue ? 0 : notice_label(n, line);
    int verdict = judge_label(n, line, label, &out_of_memory);
    if (out_of_memory || verdict < 0)
        return !out_of_memory;
    size_t lead = l->begin + (verdict > 0 ? label : 0);
    for (size_t at = lead, begin, close; n->mention_count < NOTICE_MENTIONS_MAX &&
                                         notice_address(n->text, at, l->end, &begin, &close);) {
        enum mention_form form = form_of(n, line, lead, begin, close);
        if (!add_mention(n, line, form, begin, close))
            return false;
        at = n->mention_count ? n->mentions[n->mention_count - 1].after : close;
        at = at > close ? at : close;
        /* "a@b, c@d" lists both */
        bool comma = at < l->end && strchr(",;", n->text[at]) && form == MENTION_LISTED;
        lead = comma ? at + 1 + strspn(n->text + at + 1, " ") : l->begin;
    }
    return true;
}

bool notice_read(const char *text, size_t len, const struct strings *others, struct notice *n)
{
    n->others = others;
    n->text = text;
    n->mentions = calloc(NOTICE_MENTIONS_MAX, sizeof *n->mentions);
    if (!n->mentions || !split(n, len))
        return false;
    for (size_t i = 0; i < n->line_count; i++)
        if (!read_line(n, i))
            return false;
    return true;
}
