/*
 * reply_text_signature - where a person's words end: closing formula, delimiter, contact block
 */
#include "policy/reply_text_signature.h"

#include <glib.h>
#include <string.h>

#include "policy/reply_text_notices.h"

enum {
    NAME_MAX_CHARS = 48, /* behind a formula on the same line */
    NAME_WORDS = 5,
    SHORT_LINE = 90,   /* octets of a line of a signature */
    PROSE_WORDS = 7,   /* of a sentence */
    BLOCK_MAX = 14,    /* lines of a signature without delimiter */
    CONTACT_BLOCK = 8, /* and of one without formula */
};

/* --- closing formulas ------------------------------------------------------------------------*/

static const char *const *const closings = PHRASES(
    "cordialement", "bien cordialement", "tres cordialement", "cordialement votre",
    "bien cordialement a vous", "cordialement a vous", "cordiales salutations",
    "salutations cordiales", "sincerement", "bien sincerement", "tres sincerement",
    "sinceres salutations", "meilleures salutations", "salutations", "salutations distinguees",
    "salutations sinceres", "bonnes salutations", "mes salutations", "mes sinceres salutations",
    "avec mes salutations", "avec mes meilleures salutations", "nos salutations",
    "nos sinceres salutations", "respectueusement", "respectueuses salutations", "amicalement",
    "bien amicalement", "amities", "cdlt", "cdt", "cordlt", "cordiallement", "cordialment",
    "bien a vous", "bien a toi", "bien cdlt", "bien vous", "sentiments distingues",
    "sentiments devoues", "courtoisement", "regards", "best regards", "kind regards",
    "warm regards", "kindest regards", "warmest regards", "with kind regards", "with best regards",
    "with regards", "thanks and regards", "thanks & regards", "thank you and regards",
    "thank you and best regards", "thanks and best regards", "many thanks and best regards",
    "many thanks and kind regards", "thanks and kind regards", "best wishes", "with best wishes",
    "sincerely", "yours sincerely", "sincerely yours", "yours faithfully", "yours truly",
    "very truly yours", "yours", "respectfully", "respectfully yours", "cordially", "rgds", "brgds",
    "br", "kr", "warmly", "all the best", "mit freundlichen grussen", "mit freundlichen gruessen",
    "mit freundlichem gruss", "mit freundlichem gruß", "freundliche grusse", "freundliche gruesse",
    "viele grusse", "viele gruesse", "beste grusse", "beste gruesse", "liebe grusse",
    "liebe gruesse", "herzliche grusse", "herzliche gruesse", "schone grusse", "schoene gruesse",
    "mfg", "lg", "vg", "hochachtungsvoll", "mit besten grussen", "mit besten gruessen",
    "freundlich grusst", "mit herzlichen grussen", "mit vielen grussen", "grusse", "gruss",
    "saludos", "un saludo", "saludos cordiales", "un cordial saludo", "cordiales saludos",
    "cordialmente", "muy cordialmente", "atentamente", "muy atentamente", "le saluda atentamente",
    "les saluda atentamente", "reciba un cordial saludo", "saludos atentos", "atentos saludos",
    "un saludo cordial", "un abrazo", "cordiali saluti", "distinti saluti", "saluti", "cari saluti",
    "un cordiale saluto", "cordialita", "i migliori saluti", "migliori saluti",
    "porgo distinti saluti", "porgiamo distinti saluti", "in fede", "saluti cordiali",
    "met vriendelijke groet", "met vriendelijke groeten", "vriendelijke groet",
    "vriendelijke groeten", "hartelijke groet", "hartelijke groeten", "groeten", "groet", "mvg",
    "hoogachtend", "met hartelijke groet", "met groet", "atenciosamente", "cumprimentos",
    "com os melhores cumprimentos", "melhores cumprimentos", "os meus cumprimentos",
    "com cumprimentos", "saudacoes", "att", "abraco", "abracos", "med vanliga halsningar",
    "med venlig hilsen", "med vennlig hilsen", "mvh", "z powazaniem", "pozdrawiam", "s pozdravem",
    "с уважением");

/* Formulas of letters, which may go on over several lines. */
static const char *const *const letters = PHRASES(
    "je vous prie d'agreer", "je vous prie de croire", "je vous prie de recevoir",
    "je vous prie de bien vouloir agreer", "nous vous prions d'agreer",
    "nous vous prions de croire", "nous vous prions de recevoir",
    "nous vous prions de bien vouloir agreer", "je vous prie, madame", "je vous prie, monsieur",
    "nous vous prions, madame", "veuillez agreer", "veuillez recevoir, m", "veuillez croire",
    "veuillez recevoir mes", "veuillez recevoir nos", "veuillez recevoir l'", "agreez,", "agreez m",
    "recevez, m", "recevez m", "croyez, m", "croyez m", "d'agreer, m", "d'agreer l'expression",
    "d'agreer mes", "recevez, cher");
static const char *const *const asks =
    PHRASES("dans l'attente", "en vous", "vous en souhaitant", "restant", "dans cette attente",
            "en esperant", "esperant", "en restant", "avec nos", "avec mes");
static const char *const *const accepts = PHRASES("agreer", "de croire", "recevoir");
static const char *const *const greetings =
    PHRASES("salutations", "sentiments", "consideration", "respect", "hommages", "l'expression",
            "l'assurance");

/* Words that close only when a signature follows. */
static const char *const *const thanks = PHRASES(
    "merci", "merci d'avance", "merci beaucoup", "merci bien", "avec mes remerciements",
    "avec nos remerciements", "un grand merci", "merci encore", "bonne journee",
    "bonne journee a vous", "bonne fin de journee", "bonne soiree", "bon week-end", "bon weekend",
    "bonne reception", "bonne semaine", "bonne continuation", "tres bonne journee", "belle journee",
    "bon apres-midi", "bonne fin de semaine", "a bientot", "bises", "merci et bonne journee",
    "merci pour votre comprehension", "merci de votre comprehension", "thanks", "thank you",
    "many thanks", "thanks in advance", "thanks again", "thanks a lot", "thank you very much",
    "thx", "cheers", "best", "have a nice day", "have a good day", "have a great day", "kindly",
    "danke", "vielen dank", "danke im voraus", "besten dank", "gracias", "muchas gracias",
    "gracias de antemano", "grazie", "grazie mille", "bien", "bedankt", "alvast bedankt", "dank u",
    "obrigado", "obrigada", "buona giornata", "schonen tag", "einen schonen tag", "feliz dia");

/* A name behind a formula: few words, the first with a capital letter. */
static bool is_name(const char *text, size_t len)
{
    while (len && strchr(" ,.;-!\t", *text)) {
        text++;
        len--;
    }
    if (len == 0)
        return true;
    size_t words = 1;
    for (size_t i = 0; i < len; i++)
        words += text[i] == ' ';
    gunichar first = g_utf8_get_char_validated(text, (gssize)len);
    return len <= NAME_MAX_CHARS && words <= NAME_WORDS && first < 0x110000 &&
           g_unichar_isupper(first) && !memchr(text, '?', len) && text[len - 1] != ':';
}

/* The raw text behind the first `skip` characters of the key: the formula has no letter that is
   lost in a key but marks of combination and bold, so counting words finds the place. */
static bool formula_with_name(const struct reply_line *line, size_t formula)
{
    const char *rest = line->key + formula;
    if (!strchr(" ,.;!-", *rest))
        return false;
    size_t words = key_words(line->key) - key_words(rest + strspn(rest, " ,.;!-"));
    if (rest[strspn(rest, " ,.;!-")] == '\0')
        return true;
    const char *text = line->text, *end = line->text + line->len;
    while (text < end && strchr(" \t*", *text))
        text++;
    for (; words && text < end; words--) {
        while (text < end && !strchr(" \t,", *text) && (unsigned char)*text != 0xc2)
            text++;
        while (text < end && (strchr(" \t,.*", *text) || (unsigned char)*text == 0xc2 ||
                              (unsigned char)*text == 0xa0))
            text++;
    }
    return text < end && is_name(text, (size_t)(end - text));
}

static bool is_letter_formula(const char *key)
{
    if (key_begins(key, letters))
        return true;
    return key_begins(key, asks) && key_has(key, accepts) && key_has(key, greetings);
}

bool signature_is_closing(const struct reply_line *line)
{
    if (line->empty || line->cut)
        return false;
    size_t formula = key_begins(line->key, closings);
    if (formula && (line->key[formula] == '\0' || formula_with_name(line, formula)))
        return true;
    return is_letter_formula(line->key) ||
           (key_has(line->key, accepts) && key_has(line->key, greetings) &&
            strstr(line->key, "salutations") && strstr(line->key, "je vous prie"));
}

/* --- what a signature looks like -------------------------------------------------------------*/

static const char *const *const telephone =
    PHRASES("tel:", "tel.", "tel ", "tel:", "telephone", "mob:", "mob.", "mobile", "port:", "port.",
            "portable", "fax", "phone", "standard:", "gsm", "cell:", "ligne directe", "tlf",
            "telefon", "telefono", "direct:", "t.:", "t:", "m:", "p:", "f:");
static const char *const *const company =
    PHRASES("siret", "siren", "rcs ", "r.c.s", "tva ", "au capital", "www.", "http://", "https://",
            "ltd", "gmbh", "linkedin", "cid:");

/* Ten digits in pairs, "+33 1 02 03 04 05": what is dialled. */
static bool has_number(const char *key)
{
    for (const char *s = key; *s; s++) {
        size_t digits = 0, len = 0;
        if (*s != '+' && *s != '0' && *s != '(')
            continue;
        while (s[len] && strchr("0123456789 .()/-+", s[len])) {
            digits += s[len] >= '0' && s[len] <= '9';
            len++;
        }
        if (digits >= 9 && digits <= 15)
            return true;
        s += len ? len - 1 : 0;
    }
    return false;
}

static bool is_contact(const struct reply_line *line)
{
    const char *at = strchr(line->key, '@');
    return has_number(line->key) || (at && key_words(line->key) <= 4) ||
           (key_begins(line->key, telephone) && strpbrk(line->key, "0123456789")) ||
           key_has(line->key, company);
}

bool signature_is_prose(const struct reply_line *line)
{
    if (line->empty || is_contact(line) || notice_at(line))
        return false;
    size_t len = strlen(line->key);
    bool stops = len && strchr(".?!", line->key[len - 1]);
    size_t words = key_words(line->key);
    return words >= 2 * PROSE_WORDS || (words >= PROSE_WORDS && stops) ||
           (words >= 3 && len && line->key[len - 1] == '?');
}

/* Nothing but short lines that are no sentences. */
static bool looks_signed(const struct reply_lines *l, size_t begin, size_t end)
{
    size_t lines = 0;
    for (size_t i = begin; i < end; i++) {
        const struct reply_line *line = &l->items[i];
        if (line->empty || line->form == FORM_NOTICE)
            continue;
        if (signature_is_prose(line) || ++lines > BLOCK_MAX)
            return false;
        if (line->len > SHORT_LINE && !is_contact(line))
            return false;
    }
    return lines > 0;
}

/* Where the last BLOCK_MAX lines begin, the formula above them included: nothing above can be
   followed by a signature alone. */
static size_t tail_of(const struct reply_lines *l, size_t begin, size_t end)
{
    size_t lines = 0;
    while (end > begin && lines <= BLOCK_MAX) {
        end--;
        lines += !l->items[end].empty && l->items[end].form == FORM_TEXT;
    }
    return end;
}

/* --- where it begins -------------------------------------------------------------------------*/

/* "--" alone. A drawn line divides a signature from words above it when there is a telephone
   number or the like below, or a name only. */
static bool is_delimiter(const struct reply_lines *l, size_t at, size_t end, bool may_be_drawn)
{
    const struct reply_line *line = &l->items[at];
    if (line->len == 2 && memcmp(line->text, "--", 2) == 0)
        return true;
    bool drawn = reply_line_is_rule(line, 2) || (strcmp(line->key, "-") == 0 && *line->text != '-');
    if (!drawn || !may_be_drawn || !looks_signed(l, at + 1, end))
        return false;
    bool sentence = false;
    for (size_t i = at + 1; i < end; i++) {
        const char *key = l->items[i].key;
        if (is_contact(&l->items[i]))
            return true;
        sentence = sentence || (*key && strchr(".?!,:", key[strlen(key) - 1]));
    }
    return !sentence;
}

/* "Merci," above a signature. Without the comma, a single name below it is no signature yet. */
static bool is_thanks(const struct reply_lines *l, size_t at, size_t end)
{
    const char *key = l->items[at].key;
    if (!key_is(key, thanks) || !looks_signed(l, at + 1, end))
        return false;
    size_t lines = 0;
    for (size_t i = at + 1; i < end; i++)
        lines += !l->items[i].empty && l->items[i].form == FORM_TEXT;
    return lines > 1 || key[strlen(key) - 1] == ',' || is_contact(&l->items[at + 1]);
}

/* The first line of the signature; `*keep`: this line itself is the sender's. */
static size_t find_signature(const struct reply_lines *l, size_t begin, size_t end, bool *keep)
{
    bool words = false;
    size_t tail = tail_of(l, begin, end);
    *keep = false;
    for (size_t i = begin; i < end; i++) {
        const struct reply_line *line = &l->items[i];
        if (line->empty || line->form != FORM_TEXT)
            continue;
        if (is_delimiter(l, i, end, words && i >= tail))
            return i;
        if (signature_is_closing(line) && (words || (i >= tail && looks_signed(l, i, end))))
            return i;
        if (i >= tail && is_thanks(l, i, end)) {
            size_t len = strlen(line->key);
            *keep = line->key[len - 1] != ',' || !words;
            return i;
        }
        words = true;
    }
    return end;
}

/* Every word of some length begins with a capital letter: a person or a company. */
static bool is_named(const struct reply_line *line)
{
    size_t words = 0;
    for (size_t at = 0; at < line->len;) {
        const char *word = line->text + at, *blank = memchr(word, ' ', line->len - at);
        size_t len = blank ? (size_t)(blank - word) : line->len - at;
        gunichar first = g_utf8_get_char_validated(word, (gssize)len);
        if (len > 3 && first < 0x110000 && g_unichar_islower(first))
            return false;
        words += len > 0;
        at += len + 1;
    }
    return words <= NAME_WORDS;
}

/* The first line of a last paragraph that looks like a card; end: there is none. */
static size_t find_card(const struct reply_lines *l, size_t begin, size_t end)
{
    size_t last = end, contacts = 0;
    while (last > begin && (l->items[last - 1].empty || l->items[last - 1].form != FORM_TEXT))
        last--;
    size_t first = last;
    while (first > begin && !l->items[first - 1].empty && l->items[first - 1].form == FORM_TEXT) {
        first--;
        contacts += is_contact(&l->items[first]);
    }
    size_t before = first;
    while (before > begin && (l->items[before - 1].empty || l->items[before - 1].form != FORM_TEXT))
        before--;
    if (before == begin || last - first < 2 || last - first > CONTACT_BLOCK || !contacts ||
        !is_named(&l->items[first]) || !looks_signed(l, first, last))
        return end;
    const char *introduced = l->items[before - 1].key;
    size_t len = strlen(introduced);
    return len && introduced[len - 1] == ':' ? end : first;
}

static const char *const *const postscripts =
    PHRASES("ps:", "ps ", "p.s.", "p.s:", "p.s ", "post-scriptum", "ps.", "nb:", "n.b.", "nb ",
            "post scriptum", "ps -", "p.-s.", "pps");

/* A postscript is the sender's again, until its paragraph ends. */
static void keep_postscripts(struct reply_lines *l, size_t begin, size_t end)
{
    bool inside = false;
    for (size_t i = begin; i < end; i++) {
        struct reply_line *line = &l->items[i];
        if (line->empty)
            inside = false;
        else if (key_begins(line->key, postscripts) && key_words(line->key) > 2)
            inside = true;
        if (inside && line->form == FORM_SIGNATURE)
            line->form = FORM_TEXT;
    }
}

void signature_mark(struct reply_lines *l, size_t begin, size_t end)
{
    bool keep;
    size_t from = find_signature(l, begin, end, &keep);
    if (from == end)
        from = find_card(l, begin, end);
    for (size_t i = from + keep; i < end; i++)
        if (l->items[i].form == FORM_TEXT && !l->items[i].empty)
            l->items[i].form = FORM_SIGNATURE;
    if (from < end)
        keep_postscripts(l, from + 1, end);
}
