/*
 * subject - what a subject line tells: its base, privacy, a machine's answer
 *
 * Words are listed as text_fold() writes them (lower case, composed accents, one blank).
 */
#include "policy/subject.h"

#include <stdbool.h>
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
    "absent(e) du bureau",
    "absente du bureau",
    "message d'absence",
    "message absence",
    "message d’absence",
    "notification d'absence",
    "notification d’absence",
    "réponse automatique",
    "reponse automatique",
    "réponse auto",
    "reponse auto",
    "auto-réponse",
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
    "respuesta automatica",
    "fuera de la oficina",
    "risposta automatica",
    "fuori sede",
    "fuori ufficio",
    "resposta automática",
    "automatisch antwoord",
    "abwesenheit:",
    "abwesend:",
    "automatic response",
    "automated reply",
    "automated response",
    "auto response",
    "auto-response",
    "autoresponse",
    "autosvar",
    "out of the office",
    "ooo:",
    "vacation reply",
    "away from my mail",
    "away from the office",
    "avis d'absence",
    "avis d’absence",
    "message automatique d'absence",
    "message automatique d’absence",
    "répondeur automatique",
    "notification automatique d'absence",
    "notification automatique d’absence",
    "accusé de réception automatique",
    "hors du bureau",
    "en dehors du bureau",
    NULL,
};

/* Beginnings of a receipt's subject, the longer before the shorter. `name`: may stand alone. */
static const struct {
    const char *words, *type;
    bool name;
} receipts[] = {
    {"accusé de réception (affiché)", "displayed", true},
    {"accusé de réception (lu)", "displayed", true},
    {"accusé de réception (supprimé)", "deleted", true},
    {"accusé de lecture", "displayed", true},
    {"accuse de lecture", "displayed", true},
    {"avis de lecture", "displayed", true},
    {"confirmation de lecture", "displayed", true},
    {"message lu", "displayed", false},
    {"lu", "displayed", false},
    {"lue", "displayed", false},
    {"non lu", "deleted", false},
    {"non lue", "deleted", false},
    {"return receipt (displayed)", "displayed", true},
    {"return receipt (read)", "displayed", true},
    {"return receipt (deleted)", "deleted", true},
    {"return receipt", "displayed", true},
    {"read receipt", "displayed", true},
    {"read-receipt", "displayed", true},
    {"disposition notification", "displayed", true},
    {"message read", "displayed", false},
    {"read", "displayed", false},
    {"not read", "deleted", false},
    {"unread", "deleted", false},
    {"lesebestätigung", "displayed", true},
    {"empfangsbestätigung (angezeigt)", "displayed", true},
    {"empfangsbestätigung (gelesen)", "displayed", true},
    {"gelesen", "displayed", false},
    {"ungelesen", "deleted", false},
    {"nicht gelesen", "deleted", false},
    {"acuse de lectura", "displayed", true},
    {"confirmación de lectura", "displayed", true},
    {"leído", "displayed", false},
    {"leido", "displayed", false},
    {"no leído", "deleted", false},
    {"no leido", "deleted", false},
    {"sin leer", "deleted", false},
    {"conferma di lettura", "displayed", true},
    {"ricevuta di lettura", "displayed", true},
    {"ricevuta di ritorno (visualizzata)", "displayed", true},
    {"letto", "displayed", false},
    {"non letto", "deleted", false},
    {"lida", "displayed", false},
    {"não lida", "deleted", false},
    {"gelezen", "displayed", false},
    {"niet gelezen", "deleted", false},
};

static const char *const forwards[] = {"tr", "fwd", "fw", "wg", "transféré", "rv", "enc", NULL};
static const char *const replies[] = {"re",   "ré", "rép", "rep", "réponse", "reponse", "aw",
                                      "antw", "sv", "vs",  "res", "ri",      NULL};

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

/* What follows a leading "[tag]"s: "[externe] lu : …" is a receipt's as well. */
static const char *skip_tags(const char *p)
{
    for (const char *next; *p == '[' && (next = after_tag(p)) && next != p + 1;)
        p = next;
    return p;
}

/* Is this word of the list at the beginning, and does it end there? */
static const char *begins_with(const char *p, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(p, word, len) != 0)
        return NULL;
    unsigned char c = (unsigned char)p[len];
    return (c >= 'a' && c <= 'z') || c >= 0x80 ? NULL : p + len;
}

bool subject_is_automatic(const char *folded)
{
    folded = skip_tags(folded);
    for (const char *const *start = automatic; *start; start++)
        if (begins_with(folded, *start))
            return true;
    return false;
}

enum subject_lead subject_leads(const char *folded)
{
    const char *p = skip_tags(folded);
    if (*p == '[' || !after_prefix(p))
        return *p == '[' && after_tag(p) == p + 1 ? SUBJECT_FORWARD : SUBJECT_PLAIN;
    for (const char *const *prefix = forwards; *prefix; prefix++)
        if (begins_with(p, *prefix))
            return SUBJECT_FORWARD;
    for (const char *const *prefix = replies; *prefix; prefix++)
        if (begins_with(p, *prefix))
            return SUBJECT_REPLY;
    return SUBJECT_PLAIN;
}

const char *subject_receipt(const char *folded)
{
    folded = skip_tags(folded);
    for (size_t i = 0; i < sizeof receipts / sizeof *receipts; i++) {
        const char *end = begins_with(folded, receipts[i].words);
        if (!end)
            continue;
        /* a colon or a dash, or nothing when the words are a receipt's name */
        end += *end == ' ';
        if (*end == ':' || *end == '-' || strncmp(end, "\xef\xbc\x9a", 3) == 0 ||
            strncmp(end, "\xe2\x80\x93", 3) == 0 || (!*end && receipts[i].name))
            return receipts[i].type;
    }
    return NULL;
}
