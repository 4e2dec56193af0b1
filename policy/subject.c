/*
 * subject - what a subject line tells: its base, privacy, a machine's answer
 *
 * Words are listed as text_fold() writes them (lower case, composed accents, one blank).
 */
#include "policy/subject.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Before a colon; "réponse automatique : …" and "lu : …" quote the subject they answer. */
static const char *const prefixes[] = {
    "réponse automatique",
    "reponse automatique",
    "automatic reply",
    "automatische antwort",
    "absence du bureau",
    "out of office",
    "auto",
    "transféré",
    "undeliverable",
    "remis",
    "non remis",
    "non lu",
    "read",
    "réponse",
    "reponse",
    "antw",
    "rép",
    "rep",
    "ré",
    "re",
    "fwd",
    "fw",
    "tr",
    "aw",
    "wg",
    "sv",
    "vs",
    "rv",
    "enc",
    "res",
    "ri",
    "lu",
    NULL,
};

static const char *const automatic[] = {
    "absence du bureau",
    "absent du bureau",
    "absente du bureau",
    "message d'absence",
    "message d’absence",
    "notification d'absence",
    "notification d’absence",
    "réponse automatique",
    "reponse automatique",
    "réponse d'absence",
    "réponse d’absence",
    "automatic reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto:",
    "out of office",
    "out-of-office",
    "automatische antwort",
    "abwesenheitsnotiz",
    "respuesta automática",
    "risposta automatica",
    NULL,
};

static const char *const marks[] = {
    "personnel", "personnelle", "personnels", "personnelles", "privé",   "privée", "privés",
    "privées",   "prive",       "privee",     "prives",       "privees", NULL,
};

/* Words that may stand beside a mark without making it a topic. */
static const char *const qualifiers[] = {
    "et", "&", "/", "-", "strictement", "confidentiel", "confidentielle", NULL,
};

static bool is_listed(const char *const *list, const char *word, size_t len)
{
    for (; *list; list++)
        if (strlen(*list) == len && memcmp(*list, word, len) == 0)
            return true;
    return false;
}

/* The end of the bracketed counter of "re[2]", "re(2)" or "re^2", or `p` where there is none. */
static const char *skip_counter(const char *p)
{
    if (*p != '[' && *p != '(' && *p != '^')
        return p;
    const char *digits = p + 1 + strspn(p + 1, "0123456789");
    if (digits == p + 1)
        return p;
    if (*p == '^')
        return digits;
    return *digits == (*p == '[' ? ']' : ')') ? digits + 1 : p;
}

/* What follows a prefix and its colon (":" or the full-width one), NULL when none is there. */
static const char *after_prefix(const char *p)
{
    static const char full_width_colon[] = "\xef\xbc\x9a";
    for (const char *const *prefix = prefixes; *prefix; prefix++) {
        size_t len = strlen(*prefix);
        if (strncmp(p, *prefix, len) != 0)
            continue;
        const char *q = p + len;
        q += *q == ' ';
        q = skip_counter(q);
        q += *q == ' ';
        if (*q == ':')
            return q + 1 + (q[1] == ' ');
        if (strncmp(q, full_width_colon, sizeof full_width_colon - 1) == 0) {
            q += sizeof full_width_colon - 1;
            return q + (*q == ' ');
        }
    }
    return NULL;
}

/* What follows a leading "[tag]", NULL when there is none or nothing would be left. A tag of
   the "[fwd: …]" kind holds the subject itself: only its opening goes. */
static const char *after_tag(const char *p)
{
    if (*p != '[')
        return NULL;
    if (strncmp(p, "[fwd:", 5) == 0 || strncmp(p, "[tr:", 4) == 0)
        return p + 1;
    const char *close = strchr(p, ']');
    const char *next = strchr(p + 1, '[');
    if (!close || (next && next < close))
        return NULL;
    close += 1;
    close += *close == ' ';
    return *close ? close : NULL;
}

/* What follows all prefixes and tags; *wrapped: the subject stands inside a bracket. */
static const char *skip_lead(const char *p, bool *wrapped)
{
    *wrapped = false;
    for (const char *next; (next = after_prefix(p)) || (next = after_tag(p)); p = next)
        *wrapped = *wrapped || (*p == '[' && next == p + 1);
    return p;
}

char *subject_base(const char *folded)
{
    bool wrapped;
    const char *p = skip_lead(folded, &wrapped);
    char *base = strdup(p);
    if (!base)
        return NULL;
    size_t len = strlen(base);
    if (wrapped && len && base[len - 1] == ']')
        base[--len] = '\0';
    static const char forwarded[] = " (fwd)";
    const size_t n = sizeof forwarded - 1;
    while (len > n && memcmp(base + len - n, forwarded, n) == 0) {
        len -= n;
        base[len] = '\0';
    }
    return base;
}

/* Is text[0..len) nothing but marks and qualifiers, with one mark at least? */
static bool is_mark_alone(const char *text, size_t len)
{
    bool marked = false;
    for (size_t i = 0; i < len;) {
        size_t word = i;
        while (i < len && text[i] != ' ')
            i++;
        if (is_listed(marks, text + word, i - word))
            marked = true;
        else if (i > word && !is_listed(qualifiers, text + word, i - word))
            return false;
        i++;
    }
    return marked;
}

/* "personnel : …", "strictement privé, …", "personnel". */
static bool begins_with_mark(const char *p)
{
    for (;;) {
        size_t len = strcspn(p, " :;,.!/-]");
        if (is_listed(marks, p, len))
            return true;
        if (!len || p[len] != ' ' || !is_listed(qualifiers, p, len))
            return false;
        p += len + 1;
    }
}

static bool has_bracketed_mark(const char *p)
{
    static const char open[] = "[({<*", close[] = "])}>*";
    for (; (p = strpbrk(p, open)); p++) {
        const char *end = strchr(p + 1, close[strchr(open, *p) - open]);
        /* marks are short: a far end need not be read again and again */
        if (end && end - p < 80 && is_mark_alone(p + 1, (size_t)(end - p - 1)))
            return true;
    }
    return false;
}

static bool ends_with_mark(const char *p)
{
    static const char *const dashes[] = {" - ", " – ", " — ", NULL};
    for (const char *const *dash = dashes; *dash; dash++) {
        const char *last = NULL;
        for (const char *q = p; (q = strstr(q, *dash)); q++)
            last = q + strlen(*dash);
        if (last && is_mark_alone(last, strlen(last)))
            return true;
    }
    return false;
}

bool subject_is_personal(const char *folded)
{
    bool wrapped;
    return begins_with_mark(skip_lead(folded, &wrapped)) || has_bracketed_mark(folded) ||
           ends_with_mark(folded);
}

bool subject_is_automatic(const char *folded)
{
    for (const char *const *start = automatic; *start; start++) {
        size_t len = strlen(*start);
        if (strncmp(folded, *start, len) != 0)
            continue;
        /* a word boundary: anything but a further letter */
        unsigned char c = (unsigned char)folded[len];
        if (!((c >= 'a' && c <= 'z') || c >= 0x80))
            return true;
    }
    return false;
}
