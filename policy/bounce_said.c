/*
 * bounce_said - what a passage of a notice says: a server's reply, or an explanation, and by whom
 */
#include "policy/bounce_said.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/bounce_phrases.h"
#include "policy/bounce_words.h"

enum {
    WRAPPED_MIN = 50, /* a line without indent goes on when it is as long as this */
    CLOSED_MAX = 10,  /* octets from a closing bracket to the end: "> #SMTP#" */
};

static bool starts(const struct notice *n, size_t line, const char *with)
{
    size_t len = strlen(with), have = n->lines[line].end - n->lines[line].begin;
    return have >= len && strncasecmp(n->text + n->lines[line].begin, with, len) == 0;
}

/* Is an address listed on this line, or named in its dialogue? */
static const struct mention *mention_on(const struct notice *n, size_t line)
{
    size_t mention = n->lines[line].mention;
    return mention ? &n->mentions[mention - 1] : NULL;
}

static bool lists(const struct notice *n, size_t line)
{
    const struct mention *m = mention_on(n, line);
    return m && m->form == MENTION_LISTED;
}

/* --- how far words go ------------------------------------------------------------------------*/

/* Does `line` go on with the words of the one before it, which began at an indent of `indent`? */
static bool goes_on(const struct notice *n, size_t line, size_t first, bool listed)
{
    static const char *const ends[] = {"giving up", "--", "==", "__", "**", "i'm not"};
    const struct notice_line *l = &n->lines[line], *before = &n->lines[line - 1];
    size_t indent = n->lines[first].indent;
    if (l->begin == l->end || l->dialogue || l->quoted)
        return false;
    for (size_t i = 0; !listed && i < sizeof ends / sizeof *ends; i++)
        if (starts(n, line, ends[i]))
            return false;
    if (starts(n, line, "("))
        return false;
    if (l->indent > indent)
        return true;
    if (l->indent < indent || lists(n, line))
        return false;
    if (indent > 0)
        return true;
    return before->end - before->begin >= WRAPPED_MIN && notice_label(n, line) == 0;
}

/* Text from position `at` of `line` on, as far as it goes, before line `end`. */
static bool gather(const struct notice *n, size_t line, size_t at, size_t end, bool listed,
                   struct bytes *out)
{
    if (!bytes_append(out, n->text + at, n->lines[line].end - at))
        return false;
    for (size_t i = line + 1;
         i < end && out->len < READ_DIAGNOSTIC_MAX && goes_on(n, i, line, listed); i++)
        if (!bytes_append(out, " ", 1) ||
            !bytes_append(out, n->text + n->lines[i].begin, n->lines[i].end - n->lines[i].begin))
            return false;
    return true;
}

/* "550-one", "550 two": further lines of the same reply, in a dialogue or not. */
static bool gather_lines(const struct notice *n, size_t line, size_t at, size_t end,
                         struct bytes *out, bool *several)
{
    size_t next;
    bool introduced;
    *several = false;
    if (!bytes_append(out, n->text + at, n->lines[line].end - at))
        return false;
    for (size_t i = line + 1; i < end && out->len < READ_DIAGNOSTIC_MAX; i++) {
        const struct notice_line *l = &n->lines[i];
        if (n->text[at + 3] != '-' ||
            !reply_begins(n->text, l->begin, l->end, &next, &introduced) ||
            strncmp(n->text + next, n->text + at, 3) != 0)
            return true;
        *several = true;
        at = next;
        if (!bytes_append(out, " ", 1) || !bytes_append(out, n->text + at, l->end - at))
            return false;
    }
    return true;
}

/* --- replies ---------------------------------------------------------------------------------*/

/* Where a bracket closes that was opened before the text, if little follows it; else its end. */
static size_t closed_at(const char *text, size_t len)
{
    static const char brackets[][2] = {{'(', ')'}, {'<', '>'}, {'[', ']'}};
    for (size_t i = 0; i < sizeof brackets / sizeof *brackets; i++) {
        size_t open = 0;
        for (size_t at = 0; at < len; at++) {
            open += text[at] == brackets[i][0];
            if (text[at] != brackets[i][1])
                continue;
            if (!open && len - at <= CLOSED_MAX)
                return at;
            open -= open > 0;
        }
    }
    return len;
}

/* Where the reply's words end: before the quote, bracket or sign that was opened before it, and
   before what the sending server adds. */
static size_t reply_end(const char *text, size_t len, char opened)
{
    const char *added = g_strstr_len(text, (gssize)len, "(in reply to ");
    const char *marks = g_strstr_len(text, (gssize)len, "##");
    if (added)
        len = (size_t)(added - text);
    if (marks && (size_t)(marks - text) < len)
        len = (size_t)(marks - text);
    if (opened == '\'' || opened == '"') {
        size_t last = len;
        while (last && text[last - 1] != opened)
            last--;
        len = last > 4 ? last - 1 : len;
    }
    len = closed_at(text, len);
    while (len && strchr(" \t#", text[len - 1]))
        len--;
    return len;
}

/* Does a reply say more than its codes ("550 5.7.1_ETR")? */
static bool is_full(const char *reply)
{
    size_t letters = 0;
    for (const char *p = reply; *p; p++)
        if ((p == reply || p[-1] == ' ') && g_ascii_isdigit(*p))
            p += strcspn(p, " ") - 1;
        else
            letters += g_ascii_isalpha(*p) || (*p & 0x80);
    return letters >= 3;
}

/* The reply at text[at], on `line`: keep it unless a better one is there. */
static bool take_reply(const struct notice *n, size_t line, size_t at, size_t end, struct said *s)
{
    struct bytes text = {0};
    bool several;
    char opened = at > n->lines[line].begin ? n->text[at - 1] : '\0';
    bool done = gather_lines(n, line, at, end, &text, &several);
    bool closed =
        (opened == '\'' || opened == '"') && text.len > 1 && text.data[text.len - 1] == opened;
    if (done && !several && !closed && !n->lines[line].dialogue) {
        text.len = 0;
        done = gather(n, line, at, end, false, &text);
    }
    char *reply = NULL;
    done = done && words_line(text.data, reply_end(text.data, text.len, opened), &reply);
    bytes_free(&text);
    bool full = reply && is_full(reply);
    if (reply && (!s->reply || (full && !s->full))) {
        free(s->reply);
        s->reply = reply;
        s->full = full;
    } else {
        free(reply);
    }
    return done;
}

/* A label whose number is no reply. */
static bool is_other_label(const struct notice *n, size_t line)
{
    static const char *const labels[] = {"subject", "objet",  "date",    "sent",   "envoy",
                                         "size",    "taille", "betreff", "asunto", "oggetto"};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (starts(n, line, labels[i]) && notice_label(n, line))
            return true;
    return false;
}

/* The server that spoke, from the lines before the reply. */
static bool remote_before(const struct notice *n, size_t line, size_t first, struct said *s)
{
    for (size_t i = line + 1; i-- > first && line - i < 10 && !s->remote;)
        if (!words_remote(n->text + n->lines[i].begin, n->lines[i].end - n->lines[i].begin,
                          &s->remote))
            return false;
    return true;
}

/* What a label must say so that an explanation follows it: 1; that it is one itself: 2. */
static int judge_label(const struct notice *n, size_t line, bool *out_of_memory)
{
    static const char *const before[] = {
        "because", "reason",  "details",     "raison",      "motif",       "cause",  "error",
        "erreur",  "reponse", "response",    "diagnostic",  "grund",       "fehler", "motivo",
        "razon",   "errore",  "explanation", "explication", "description", "said",   "returned"};
    static const char *const itself[] = {"unknown",  "inconnu",      "full",        "pleine",
                                         "invalid",  "quota",        "not found",   "unbekannt",
                                         "no such",  "exceed",       "unavailable", "disabled",
                                         "inactive", "indisponible", "desactive",   "suspend"};
    size_t label = notice_label(n, line);
    char *folded = label ? bounce_fold(n->text + n->lines[line].begin, label) : NULL;
    int verdict = 0;
    *out_of_memory = *out_of_memory || (label && !folded);
    for (size_t i = 0; folded && !verdict && i < sizeof before / sizeof *before; i++)
        verdict = strstr(folded, before[i]) ? 1 : 0;
    for (size_t i = 0; folded && verdict != 2 && i < sizeof itself / sizeof *itself; i++)
        verdict = strstr(folded, itself[i]) ? 2 : verdict;
    free(folded);
    return verdict;
}

static bool reply_on(const struct notice *n, size_t line, size_t from, size_t end, size_t first,
                     struct said *s)
{
    size_t at;
    bool introduced;
    const struct notice_line *l = &n->lines[line];
    if (s->full || l->quoted || is_other_label(n, line) || starts(n, line, ">>>") ||
        starts(n, line, "-->") || !reply_begins(n->text, from, l->end, &at, &introduced))
        return true;
    bool out_of_memory = false;
    if (!introduced)
        at = judge_label(n, line, &out_of_memory) == 1 ? l->begin + notice_label(n, line) : from;
    return !out_of_memory && take_reply(n, line, at, end, s) && remote_before(n, line, first, s);
}

/* --- explanations ----------------------------------------------------------------------------*/

static bool has_words(const char *text, size_t len)
{
    size_t letters = 0;
    for (size_t i = 0; i < len; i++)
        letters += g_ascii_isalpha(text[i]) || (text[i] & 0x80);
    return letters >= 3;
}

static bool take_words(const struct notice *n, size_t line, size_t at, size_t end, bool listed,
                       struct said *s)
{
    struct bytes text = {0};
    bool done = gather(n, line, at, end, listed, &text);
    if (done && has_words(text.data, text.len))
        done = words_line(text.data, reply_end(text.data, text.len, '\0'), &s->words);
    bytes_free(&text);
    return done;
}

static size_t skip_blank(const struct notice *n, size_t line, size_t end)
{
    while (line < end && notice_blank(n, line))
        line++;
    return line;
}

/* "because:" and what follows on the line, or below it. */
static bool words_behind_label(const struct notice *n, const struct passage *p, struct said *s)
{
    bool out_of_memory = false;
    for (size_t i = p->begin; i < p->end && !s->words && !out_of_memory; i++) {
        if (judge_label(n, i, &out_of_memory) != 1 || lists(n, i))
            continue;
        size_t at = n->lines[i].begin + notice_label(n, i);
        size_t next = skip_blank(n, i + 1, p->end);
        if (has_words(n->text + at, n->lines[i].end - at))
            out_of_memory = !take_words(n, i, at, p->end, false, s);
        else if (next < p->end)
            out_of_memory = !take_words(n, next, n->lines[next].begin, p->end, false, s);
    }
    return !out_of_memory;
}

/* "host mx.b.example [192.0.2.1]", and nothing else. */
static bool is_host_line(const struct notice *n, size_t line)
{
    const struct notice_line *l = &n->lines[line];
    size_t at = l->begin + (starts(n, line, "host ") ? 5 : 0);
    while (at < l->end && (g_ascii_isalnum(n->text[at]) || strchr("-._:", n->text[at])))
        at++;
    if (at == l->begin || at + 1 >= l->end || n->text[at] != ' ' || n->text[at + 1] != '[')
        return false;
    const char *close = memchr(n->text + at, ']', l->end - at);
    return close && (size_t)(close - n->text) + 2 >= l->end;
}

/* The line below an address, without a label such as "Delay reason:"; lines that only say who
   speaks are passed. */
static bool take_below(const struct notice *n, size_t line, size_t end, struct said *s)
{
    bool out_of_memory = false;
    while (line + 1 < end && !notice_blank(n, line + 1) &&
           (is_host_line(n, line) || n->text[n->lines[line].end - 1] == ':'))
        line++;
    size_t at = n->lines[line].begin;
    if (judge_label(n, line, &out_of_memory) == 1)
        at += notice_label(n, line);
    return !out_of_memory && take_words(n, line, at, end, true, s);
}

/* What stands behind a listed address, or below it. */
static bool words_behind_address(const struct notice *n, const struct passage *p, struct said *s)
{
    const struct notice_line *l = &n->lines[p->begin];
    bool out_of_memory = false;
    size_t at = p->after, next = p->begin + 1;
    if (judge_label(n, p->begin, &out_of_memory) == 2)
        return !out_of_memory && take_words(n, p->begin, l->begin, p->end, true, s);
    while (at < l->end && strchr(" \t:;,-.=", n->text[at]))
        at++;
    bool when =
        strncasecmp(n->text + at, "on ", 3) == 0 || strncasecmp(n->text + at, "le ", 3) == 0;
    if (has_words(n->text + at, l->end - at) && !when && n->text[at] != '(')
        return take_words(n, p->begin, at, p->end, true, s);
    if (next < p->end && !notice_blank(n, next) && !n->lines[next].dialogue &&
        !n->lines[next].quoted && !lists(n, next) &&
        (!notice_label(n, next) || n->lines[next].indent > l->indent) && !starts(n, next, "("))
        return take_below(n, next, p->end, s);
    return true;
}

/* A line of its own right above the address that says why: "User not listed in …". */
static bool words_above(const struct notice *n, const struct passage *p, struct said *s)
{
    size_t line = p->begin;
    if (line < 2 || notice_blank(n, line - 1) || !notice_blank(n, line - 2) || lists(n, line - 1))
        return true;
    const struct notice_line *l = &n->lines[line - 1];
    if (l->dialogue || l->quoted || strchr("-*=_#", n->text[l->begin]) ||
        strchr(":,;", n->text[l->end - 1]) || notice_label(n, line - 1))
        return true;
    return !has_words(n->text + l->begin, l->end - l->begin) ||
           words_line(n->text + l->begin, l->end - l->begin, &s->words);
}

/* --- passages --------------------------------------------------------------------------------*/

/* Is the line about another recipient than this one? */
static bool about_another(const struct notice *n, size_t line, const char *address)
{
    const struct mention *m = mention_on(n, line);
    return m && address && strcmp(m->address, address) != 0 && m->form != MENTION_SOURCE;
}

static bool status_in(const struct notice *n, const struct passage *p, struct said *s)
{
    for (size_t i = p->begin; i < p->end && !*s->status; i++) {
        size_t from = i == p->begin && p->after ? p->after : n->lines[i].begin;
        char *line = strndup(n->text + from, n->lines[i].end - from);
        if (!line)
            return false;
        if (reply_enhanced(line, 0, s->status, NULL) && *s->status == '2')
            *s->status = '\0';
        free(line);
    }
    return true;
}

static bool peer_in(const struct notice *n, const struct passage *p, struct said *s)
{
    for (size_t i = p->begin; i < p->end && !s->remote; i++) {
        size_t from = i == p->begin && p->after ? p->after : n->lines[i].begin;
        if (!n->lines[i].quoted && !words_peer(n->text + from, n->lines[i].end - from, &s->remote))
            return false;
    }
    return true;
}

/* "Server: <mx.b.example>" */
static bool remote_label(const struct notice *n, size_t line, struct said *s)
{
    static const char *const labels[] = {"server",          "remote server", "remote host",
                                         "remote mta",      "host",          "serveur",
                                         "serveur distant", "hote distant"};
    size_t begin = n->lines[line].begin, end = n->lines[line].end;
    size_t label = notice_label(n, line), at = begin + label;
    while (label && strchr(" :\t", n->text[begin + label - 1]))
        label--;
    for (size_t i = 0; label && !s->remote && i < sizeof labels / sizeof *labels; i++) {
        if (strlen(labels[i]) != label || !starts(n, line, labels[i]))
            continue;
        while (at < end && strchr(" \t<", n->text[at]))
            at++;
        if (memchr(n->text + at, '.', end - at) && !words_host(n->text + at, end - at, &s->remote))
            return false;
    }
    return true;
}

bool said_remote(const struct notice *n, const struct passage *p, struct said *s)
{
    for (size_t i = p->begin; i < p->end && !s->remote; i++)
        if (!remote_label(n, i, s))
            return false;
    for (size_t i = p->begin; i < p->end && !s->remote; i++)
        if (!n->lines[i].quoted && !words_remote(n->text + n->lines[i].begin,
                                                 n->lines[i].end - n->lines[i].begin, &s->remote))
            return false;
    return true;
}

bool said_in_passage(const struct notice *n, const struct passage *p, const char *address,
                     struct said *s)
{
    bool listed = p->after > 0;
    for (size_t i = p->begin; i < p->end; i++) {
        size_t from = i == p->begin && listed ? p->after : n->lines[i].begin;
        if ((i == p->begin && listed) || !about_another(n, i, address))
            if (!reply_on(n, i, from, p->end, p->begin, s))
                return false;
    }
    if (!s->reply && !s->words && listed && !words_behind_address(n, p, s))
        return false;
    if (!s->reply && !s->words && !words_behind_label(n, p, s))
        return false;
    if (!s->reply && !s->words && listed && !words_above(n, p, s))
        return false;
    if (!s->reply && !*s->status && !status_in(n, p, s))
        return false;
    if (listed)
        return said_remote(n, p, s) && peer_in(n, p, s);
    return true;
}

bool said_in_quotes(const struct notice *n, struct said *s)
{
    size_t at;
    bool introduced;
    for (size_t i = 0; i < n->line_count && !s->reply; i++) {
        size_t begin = n->lines[i].begin, end = n->lines[i].end;
        while (begin < end && strchr("> ", n->text[begin]))
            begin++;
        if (n->lines[i].quoted && reply_begins(n->text, begin, end, &at, &introduced) &&
            !take_reply(n, i, at, i + 1, s))
            return false;
    }
    return true;
}

bool said_about(const struct notice *n, const char *address, struct said *s)
{
    for (size_t i = 0; i < n->mention_count && !s->full; i++) {
        size_t line = n->mentions[i].line;
        if (strcmp(n->mentions[i].address, address) == 0 &&
            !reply_on(n, line, n->lines[line].begin, line + 1, 0, s))
            return false;
    }
    return true;
}

bool said_give(struct said *s, struct read_recipient *r)
{
    bool done = true;
    char status[STATUS_CHARS + 1];
    char **words = s->reply ? &s->reply : &s->words;
    if (!r->status && s->reply && reply_status(s->reply, status))
        done = (r->status = strdup(status)) != NULL;
    else if (!r->status && *s->status)
        done = (r->status = strdup(s->status)) != NULL;
    if (!r->diagnostic) {
        r->diagnostic = *words;
        *words = NULL;
    }
    if (!r->remote_mta) {
        r->remote_mta = s->remote;
        s->remote = NULL;
    }
    free(s->reply);
    free(s->words);
    free(s->remote);
    *s = (struct said){0};
    return done;
}
