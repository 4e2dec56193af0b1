/*
 * reply_text_history - where somebody else's mail begins: attributions, header blocks, separators
 */
#include "policy/reply_text_history.h"

#include <stdio.h>
#include <string.h>

enum {
    ATTRIBUTION_LINES = 4,
    ATTRIBUTION_MAX = 480, /* octets of its key */
    BLOCK_LINES = 40,      /* of a header block with long lists of recipients */
    FOREIGN_LINES = 4,     /* between two of its fields */
    SEPARATOR_MAX = 100,
};

/* --- attributions ----------------------------------------------------------------------------*/

/* What stands at the end of an attribution, or before a name or date. */
static const char *const *const wrote =
    PHRASES("a ecrit", "ecrivait", "wrote", "writes", "schrieb", "geschrieben", "schreibt",
            "escribio", "ha escrito", "ha scritto", "scrive", "schreef", "escreveu",
            "schrieb folgendes", "het volgende geschreven", "skrev", "kirjoitti", "napisal",
            "napisal(a)", "napisala", "pisze", "napsal", "napsal(a)", "a scris", "va escriure",
            "irta", "yazdi", "said", "пишет", "написал", "написал(а)", "написала", "έγραψε", "写道",
            "a envoye ceci", "a ecrit ceci", "a ecrit ce qui suit", "a envoye le message suivant");

/* Whoever tells in a sentence that somebody wrote. */
static const char *const *const told =
    PHRASES("m'", "t'", "nous", "vous", "lui", "leur", "l'", "me", "mich", "mir", "uns", "i", "we",
            "you", "qui", "who", "mi", "ci", "nos", "les", "ai", "ons");

/* An attribution may begin so, before the date. */
static const char *const *const leads = PHRASES(
    "le ", "on ", "am ", "el ", "il ", "op ", "em ", "den ", "dne ", "w dniu ", "a ", "at ", "in ",
    "dana ", "pe ", "la ", "em ", "lun", "mar", "mer", "jeu", "ven", "sam", "dim", "mon", "tue",
    "wed", "thu", "fri", "sat", "sun", "en date", "ma ", "vom ", "\"le ", "\"on ", "- le", "- on",
    "-- le", "-- on", "dnia ", "citation", "quoting", "zitat", "citando", "selon ");

static const char *const *const quoting =
    PHRASES("quoting ", "citation de ", "zitat von ", "citando ", "zitiere ", "missatge de ",
            "message du ", "message from ", "quoting\"");

static bool is_told(const char *key, size_t end)
{
    for (const char *const *word = told; *word; word++) {
        size_t len = strlen(*word);
        if (end >= len && strncmp(key + end - len, *word, len) == 0 &&
            (end == len || key[end - len - 1] == ' ' || key[end - len - 1] == ','))
            return true;
    }
    return false;
}

/* Where the key ends, punctuation and drawn lines apart. */
static size_t end_of(const char *key)
{
    size_t end = strlen(key);
    while (end && strchr(" :-_=>.\"", key[end - 1]))
        end--;
    return end;
}

/* The verb at the end (the usual), or inside with a name or a date behind it and a colon. */
static bool has_verb(const char *key, bool colon, bool *inside)
{
    size_t end = end_of(key);
    for (const char *const *verb = wrote; *verb; verb++) {
        size_t len = strlen(*verb);
        const char *at = end > len ? key + end - len : NULL;
        if (at && *at == **verb && strncmp(at, *verb, len) == 0 && strchr(" >,)\"]", at[-1])) {
            *inside = false;
            return !is_told(key, (size_t)(at - key) - (at[-1] == ' '));
        }
    }
    *inside = true;
    for (const char *const *verb = wrote; colon && *verb; verb++) {
        const char *at = strstr(key, *verb);
        size_t len = strlen(*verb);
        if (at && at > key && at[-1] == ' ' && at[len] == ' ')
            return !is_told(key, (size_t)(at - key) - 1);
    }
    return false;
}

/* 0: no attribution, 1: perhaps, 2: certainly. */
static int judge_attribution(const char *key)
{
    size_t len = strlen(key);
    bool inside = false, colon = len && key[len - 1] == ':', address = strchr(key, '@') != NULL;
    bool quotes = key_begins(key, quoting) > 0;
    if (len > ATTRIBUTION_MAX || (!quotes && !has_verb(key, colon, &inside)))
        return 0;
    bool dated = key_has_date(key), timed = key_has_time(key);
    if (quotes)
        return colon || timed ? (address || (dated && timed) ? 2 : colon) : 0;
    if (dated && (timed || address))
        return colon || address ? 2 : 1;
    if (address && key_words(key) <= 12 && (colon || !inside))
        return 2;
    if (dated && colon && key_begins(key, leads) && key_words(key) <= 12)
        return 2;
    return colon && !inside && key_words(key) <= 12;
}

/* Clients of telephones lose the line end behind it: "Le … <…> a écrit : Bonjour,". */
static bool goes_on(const char *key)
{
    char head[ATTRIBUTION_MAX + 1];
    if (!strchr(key, '@') || !key_begins(key, leads))
        return false;
    for (const char *const *verb = wrote; *verb; verb++) {
        const char *at = strstr(key, *verb);
        size_t len = at ? (size_t)(at - key) + strlen(*verb) : 0;
        if (!at || key[len] != ':' || len >= ATTRIBUTION_MAX)
            continue;
        memcpy(head, key, len + 1);
        head[len + 1] = '\0';
        return key_has_time(head) && strchr(head, '@') && judge_attribution(head) == 2;
    }
    return false;
}

/* May the first line of a folded attribution look so? */
static bool may_open(const char *key)
{
    return strpbrk(key, "<@") || key_has_date(key) ||
           (key_begins(key, leads) && strpbrk(key, "0123456789")) || key_begins(key, quoting);
}

/* The keys of `count` lines from `at`, joined; false: too long, or one is empty or quoted. */
static bool join_keys(const struct reply_lines *l, size_t at, size_t count, char *joined,
                      size_t size)
{
    size_t n = 0;
    for (size_t i = at; i < at + count; i++) {
        if (i >= l->count || l->items[i].empty || l->items[i].depth)
            return false;
        int more = snprintf(joined + n, size - n, "%s%s", n ? " " : "", l->items[i].key);
        if (more < 0 || (size_t)more >= size - n)
            return false;
        n += (size_t)more;
    }
    return true;
}

static struct history_mark attribution_at(const struct reply_lines *l, size_t at)
{
    struct history_mark none = {0};
    char joined[ATTRIBUTION_MAX + 1];
    const char *key = l->items[at].key;
    int sure = judge_attribution(key);
    if (sure)
        return (struct history_mark){HISTORY_ATTRIBUTION, 1, sure == 2};
    if (goes_on(key))
        return (struct history_mark){HISTORY_ATTRIBUTION, 1, true};
    if (!may_open(key))
        return none;
    for (size_t n = 2; n <= ATTRIBUTION_LINES; n++) {
        if (!join_keys(l, at, n, joined, sizeof joined))
            return none;
        /* What begins further down with a date is the attribution; this line is a sentence. */
        const char *last = l->items[at + n - 1].key;
        if (key_begins(last, leads) && key_has_date(last) && key_has_time(last))
            return none;
        sure = judge_attribution(joined);
        if (sure)
            return (struct history_mark){HISTORY_ATTRIBUTION, n, sure == 2};
    }
    return none;
}

/* --- header blocks ---------------------------------------------------------------------------*/

enum label {
    LABEL_FROM = 1,
    LABEL_DATE = 2,
    LABEL_TO = 4,
    LABEL_SUBJECT = 8,
    LABEL_CC = 16,
    LABEL_OTHER = 32,
};

static const char *const *const from_labels = PHRASES(
    "de", "from", "von", "da", "van", "od", "fra", "fran", "mittente", "absender", "remetente",
    "от", "expediteur", "afzender", "remitente", "de la", "发件人", "差出人", "lahettaja");
static const char *const *const date_labels = PHRASES(
    "envoye", "date", "sent", "gesendet", "datum", "enviado", "fecha", "inviato", "data",
    "verzonden", "sendt", "skickat", "wyslano", "enviado el", "enviado em", "envoye le",
    "date d'envoi", "дата", "отправлено", "发送时间", "日時", "送信日時", "odeslano", "lahetetty",
    "gesendet am", "le", "sent on", "enviada em", "inviato il", "envoyee", "recu le", "received");
static const char *const *const to_labels =
    PHRASES("a", "to", "an", "para", "pour", "aan", "do", "til", "till", "komu", "кому", "收件人",
            "宛先", "destinataire", "destinataires", "empfanger", "destinatario", "vastaanottaja",
            "destinatari", "catre");
static const char *const *const cc_labels =
    PHRASES("cc", "copie", "copie a", "kopie", "kopi", "cci", "c.c.", "bcc", "копия", "copia",
            "копія", "抄送", "dw", "ccn", "cco", "copie cachee");
static const char *const *const subject_labels =
    PHRASES("objet", "subject", "betreff", "asunto", "oggetto", "onderwerp", "assunto", "sujet",
            "temat", "emne", "amne", "predmet", "aihe", "тема", "主题", "件名", "subiect");
static const char *const *const other_labels = PHRASES(
    "importance", "priorite", "priority", "wichtigkeit", "reply-to", "repondre a", "attachments",
    "pieces jointes", "piece jointe", "anlagen", "anhange", "prioridad", "allegati", "priorita",
    "adjuntos", "datos adjuntos", "organisation", "bijlagen", "message-id", "pj", "expire le",
    "reply to", "return-path", "signe par", "categories", "delivered-to", "anexos");

/* The label at the beginning of a key, `*value` behind its colon; 0: none. */
static unsigned label_of(const char *key, const char **value)
{
    static const struct {
        unsigned label;
        const char *const *names;
    } kinds[] = {{LABEL_FROM, from_labels},       {LABEL_DATE, date_labels},
                 {LABEL_TO, to_labels},           {LABEL_CC, cc_labels},
                 {LABEL_SUBJECT, subject_labels}, {LABEL_OTHER, other_labels}};
    const char *colon = strchr(key, ':');
    size_t len = colon ? (size_t)(colon - key) : 0;
    for (size_t k = 0; len && len < 24 && k < sizeof kinds / sizeof *kinds; k++)
        for (const char *const *name = kinds[k].names; *name; name++)
            if (strlen(*name) == len && strncmp(key, *name, len) == 0) {
                *value = colon + 1 + (colon[1] == ' ');
                return kinds[k].label;
            }
    return 0;
}

static unsigned kinds_in(unsigned seen)
{
    unsigned n = 0;
    for (unsigned bit = LABEL_FROM; bit < LABEL_OTHER; bit <<= 1)
        n += (seen & bit) != 0;
    return n;
}

/* A block of three fields that a client has written: with an address, or the time of day. */
static bool is_block(unsigned seen, bool address, bool timed, bool drawn)
{
    unsigned n = kinds_in(seen);
    if (drawn && n >= 2 && (seen & (LABEL_FROM | LABEL_TO)))
        return true;
    bool who = (seen & LABEL_FROM) || ((seen & LABEL_TO) && (seen & LABEL_DATE));
    return n >= 3 && who && (address || ((seen & LABEL_DATE) && timed));
}

/* All the fields on one line, as a converter that has lost the line ends leaves them. */
static bool is_flat_block(const char *key)
{
    const char *value;
    unsigned seen = label_of(key, &value);
    if (seen != LABEL_FROM)
        return false;
    for (const char *colon = strchr(value, ':'); colon; colon = strchr(colon + 1, ':')) {
        const char *begin = colon;
        while (begin > value && begin[-1] != ' ')
            begin--;
        const char *rest;
        seen |= label_of(begin, &rest);
    }
    return (seen & LABEL_DATE) && kinds_in(seen) >= 3 && (strchr(key, '@') || key_has_time(key));
}

static struct history_mark header_at(const struct reply_lines *l, size_t at, bool drawn)
{
    const char *value;
    unsigned seen = 0, foreign = 0;
    size_t last = at;
    bool address = false, timed = false;
    if (!(label_of(l->items[at].key, &value) & ~(unsigned)LABEL_OTHER))
        return (struct history_mark){0};
    if (is_flat_block(l->items[at].key))
        return (struct history_mark){HISTORY_HEADER, 1, true};
    for (size_t i = at; i < l->count && i < at + BLOCK_LINES; i++) {
        const struct reply_line *line = &l->items[i];
        if (line->depth)
            break;
        if (line->empty) {
            size_t next = reply_lines_next(l, i);
            if (next >= l->count || next > i + 2 || !label_of(l->items[next].key, &value))
                break;
            i = next - 1;
            continue;
        }
        unsigned label = label_of(line->key, &value);
        if (!label && ++foreign > FOREIGN_LINES)
            break;
        if (label) {
            foreign = 0;
            seen |= label;
            last = i;
            timed = timed || (label == LABEL_DATE && key_has_time(value));
        }
        address = address || (strchr(line->key, '@') && (label || foreign));
    }
    if (!is_block(seen, address, timed, drawn))
        return (struct history_mark){0};
    return (struct history_mark){HISTORY_HEADER, last - at + 1, true};
}

/* --- separators ------------------------------------------------------------------------------*/

static const char *const *const originals = PHRASES(
    "message d'origine", "message original", "message initial", "message transfere",
    "message precedent", "mail original", "mail d'origine", "mail transfere", "courriel original",
    "courriel d'origine", "courrier original", "original message", "original appointment",
    "rendez-vous d'origine", "forwarded message", "forwarded by", "transfere par", "reachemine par",
    "reexpedie par", "message reexpedie", "reply message", "message de reponse",
    "ursprungliche nachricht", "originalnachricht", "original-nachricht", "urspr. nachricht",
    "originale nachricht", "weitergeleitete nachricht", "weitergeleitet von", "mensaje original",
    "mensaje reenviado", "mensaje inicial", "messaggio originale", "messaggio inoltrato",
    "oorspronkelijk bericht", "origineel bericht", "doorgestuurd bericht", "mensagem original",
    "mensagem encaminhada", "mensagem reencaminhada", "wiadomosc oryginalna",
    "oryginalna wiadomosc", "original besked", "oprindelig meddelelse", "ursprungligt meddelande",
    "opprinnelig melding", "puvodni zprava", "исходное сообщение", "пересылаемое сообщение",
    "пересланное сообщение", "original mail", "original email", "email d'origine",
    "e-mail d'origine", "forwarded mail", "forwarded email", "message forwarde", "inoltrato da",
    "reenviado por", "missatge original", "原始邮件", "message suivi", "邮件原件");

/* These have no line drawn beside them. */
static const char *const *const forwards =
    PHRASES("begin forwarded message", "debut du message reexpedie", "debut du message transfere",
            "anfang der weitergeleiteten nachricht", "inizio messaggio inoltrato",
            "inicio del mensaje reenviado", "inicio da mensagem reencaminhada",
            "inicio da mensagem encaminhada", "begin doorgestuurd bericht",
            "anfang der weitergeleiteten e-mail", "debut de l'e-mail transfere",
            "debut du message original", "begin original message", "inizio del messaggio inoltrato",
            "inici del missatge reenviat");

static const char *const *const above =
    PHRASES("reply above this line", "type your reply above", "repondre au-dessus de cette ligne",
            "repondez au-dessus de cette ligne", "reponse au-dessus de cette ligne",
            "write above this line", "antworten sie oberhalb dieser");

static struct history_mark separator_at(const struct reply_lines *l, size_t at)
{
    static const char drawing[] = "-_=~+# >";
    const struct history_mark mark = {HISTORY_SEPARATOR, 1, true}, none = {0};
    const char *key = l->items[at].key;
    if (l->items[at].cut || strlen(key) > 2 * SEPARATOR_MAX)
        return none;
    if (key_has(key, above))
        return (struct history_mark){HISTORY_ABOVE, 1, true};
    size_t lead = strspn(key, drawing), forward = key_begins(key + lead, forwards);
    if (forward && strspn(key + lead + forward, " .:-_=") == strlen(key + lead + forward))
        return mark;
    size_t end = strlen(key), trail = 0;
    while (end > lead && strchr(drawing, key[end - 1])) {
        end--;
        trail++;
    }
    const char *inner = key + lead;
    size_t phrase = key_begins(inner, originals);
    if ((lead >= 2 || trail >= 2) && end - lead <= SEPARATOR_MAX && phrase)
        return mark;
    bool inside;
    if (lead >= 2 && trail >= 2 && has_verb(inner, true, &inside))
        return mark;
    /* Without a line: what follows must be fields. */
    size_t next = reply_lines_next(l, at + 1);
    const char *value;
    if (phrase && inner[phrase + strspn(inner + phrase, " :.")] == '\0' && next < l->count &&
        label_of(l->items[next].key, &value))
        return mark;
    return none;
}

/* --- all three -------------------------------------------------------------------------------*/

/* A drawn line, or what a separator leaves before its fields, and the block below it. */
static struct history_mark with_block(const struct reply_lines *l, size_t at,
                                      struct history_mark mark)
{
    size_t next = reply_lines_next(l, at + (mark.lines ? mark.lines : 1));
    if (next >= l->count || l->items[next].depth)
        return mark;
    struct history_mark block = header_at(l, next, true);
    if (block.lines)
        return (struct history_mark){HISTORY_HEADER, next - at + block.lines, true};
    return mark;
}

struct history_mark history_at(const struct reply_lines *l, size_t at)
{
    const struct reply_line *line = &l->items[at];
    struct history_mark mark = separator_at(l, at);
    if (mark.lines || reply_line_is_rule(line, 5))
        return with_block(l, at, mark);
    mark = header_at(l, at, false);
    if (mark.lines)
        return mark;
    mark = attribution_at(l, at);
    return mark.lines ? with_block(l, at, mark) : mark;
}

/* --- other marks of quotation ----------------------------------------------------------------*/

static bool has_mark(const struct reply_line *line, char mark)
{
    if (line->len < 2 || line->depth)
        return false;
    if (mark == '|')
        return line->text[0] == '|';
    return line->text[0] == '\t' || (line->text[0] == ' ' && line->text[1] == ' ');
}

size_t history_indented(const struct reply_lines *l, size_t at)
{
    if (at >= l->count || l->items[at].len == 0)
        return 0;
    char mark = l->items[at].text[0] == '|' ? '|' : ' ';
    size_t last = at;
    for (size_t i = at; i < l->count; i++) {
        bool bar = mark == '|' && l->items[i].len == 1 && l->items[i].text[0] == '|';
        if (l->items[i].empty || bar)
            continue;
        if (!has_mark(&l->items[i], mark))
            break;
        last = i + 1;
    }
    return last - at;
}
