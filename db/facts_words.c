/*
 * facts_words - what a message says (facts_json.h) as rows of words, in French and in English
 */
#include "db/facts_words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/dossier_words.h"
#include "policy/found_attachments.h"

enum { REPLY_SHOWN = 400, REPLY_LINES = 8 };

struct word {
    const char *name, *words[2];
};

static const char *find_word(const struct word *list, size_t count, const char *name,
                             enum language language)
{
    for (size_t i = 0; name && i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return list[i].words[language];
    return NULL;
}

#define WORD(list, name, language) find_word(list, sizeof(list) / sizeof *(list), name, language)

static const char *member(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* --- rows ------------------------------------------------------------------------------------*/

void reading_rows_free(struct reading_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        free(rows->items[i].name);
        free(rows->items[i].text);
    }
    free(rows->items);
    *rows = (struct reading_rows){0};
}

bool reading_row(struct reading_rows *rows, const char *name, const char *text, bool strong)
{
    struct reading_row *grown = reallocarray(rows->items, rows->count + 1, sizeof *grown);
    if (!grown)
        return false;
    rows->items = grown;
    struct reading_row *row = &grown[rows->count++];
    *row = (struct reading_row){strdup(name), strdup(text), strong};
    return row->name && row->text;
}

/* --- reports ---------------------------------------------------------------------------------*/

static const struct word actions[] = {
    {"failed", {"non remis", "not delivered"}},
    {"delayed", {"pas encore remis", "not delivered yet"}},
    {"delivered", {"remis, selon ce rapport", "delivered, says this report"}},
    {"relayed",
     {"transmis à un serveur qui n'en rend pas compte",
      "passed on to a server that reports nothing"}},
    {"expanded", {"transmis à plusieurs adresses", "passed on to several addresses"}},
    /* no action of RFC 3464, but what a receipt may tell (facts_unseen) */
    {"deleted",
     {"supprimé ou refusé automatiquement chez le destinataire : non lu",
      "deleted or refused automatically at the recipient's: not read"}},
};

/* Detail of an enhanced status code (RFC 3463, RFC 7505), without its class. */
static const struct word details[] = {
    {"1.1", {"adresse inconnue", "no such mailbox"}},
    {"1.2", {"domaine inconnu", "no such domain"}},
    {"1.3", {"adresse mal formée", "malformed address"}},
    {"1.6", {"boîte déplacée", "mailbox has moved"}},
    {"1.10", {"domaine sans messagerie", "a domain without mail"}},
    {"2.1", {"boîte désactivée", "mailbox disabled"}},
    {"2.2", {"boîte pleine", "mailbox full"}},
    {"2.3", {"message trop grand", "message too large"}},
    {"3.4", {"message trop grand", "message too large"}},
    {"4.1", {"serveur sans réponse", "no answer from the server"}},
    {"4.2", {"connexion interrompue", "connection broken off"}},
    {"4.4", {"aucune route vers le serveur", "no route to the server"}},
    {"4.7", {"délai de remise dépassé", "not delivered in time"}},
    {"7.1", {"refusé par le serveur", "refused by the server"}},
    {"7.26", {"refusé : authentification", "refused: authentication"}},
};

/* "5.1.1 (no such mailbox)". */
static bool put_status(const char *status, enum language language, struct bytes *out)
{
    const char *dot = strchr(status, '.');
    const char *words = dot ? WORD(details, dot + 1, language) : NULL;
    return bytes_printf(out, ", %s", status) && (!words || bytes_printf(out, " (%s)", words));
}

bool facts_recipient_words(const json_t *r, enum language language, struct bytes *out)
{
    const char *final = member(r, "final"), *original = member(r, "original");
    const char *action = WORD(actions, member(r, "action"), language);
    const char *status = member(r, "status"), *server = member(r, "remote_mta");
    const char *words = member(r, "diagnostic");
    const char *who = original ? original : final;
    bool done =
        bytes_printf(out, "%s%s", who ? who : IN(language, "un destinataire", "a recipient"),
                     IN(language, " : ", ": "));
    if (done && original && final && strcmp(original, final) != 0)
        done = bytes_printf(out, IN(language, "(%s) ", "(%s) "), final);
    done = done &&
           bytes_puts(out, action ? action : IN(language, "issue inconnue", "unknown outcome"));
    if (done && status)
        done = put_status(status, language, out);
    if (done && server)
        done = bytes_printf(out, IN(language, ", selon %s", ", says %s"), server);
    if (done && words)
        done = bytes_printf(out, IN(language, " : «\u00a0%s\u00a0»", ": \"%s\""), words);
    return done;
}

static bool recipient_rows(const json_t *facts, enum language language, struct reading_rows *rows)
{
    const json_t *list = json_object_get(facts, "recipients");
    bool done = true;
    for (size_t i = 0; done && i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *action = member(one, "action");
        struct bytes text = {0};
        if (!action && json_object_get(facts, "disposition"))
            continue; /* the receipt's own row names it */
        done = facts_recipient_words(one, language, &text) &&
               reading_row(rows, i ? "" : IN(language, "Rapport", "report"), text.data,
                           action && strcmp(action, "failed") == 0);
        bytes_free(&text);
    }
    return done;
}

/* --- receipts --------------------------------------------------------------------------------*/

/* RFC 8098: what the recipient's software, or somebody, says of the message. */
static const struct word dispositions[] = {
    {"displayed",
     {"affiché, selon le logiciel du destinataire, ce qui ne prouve pas la lecture",
      "displayed, says the recipient's software; this does not prove reading"}},
    {"deleted",
     {"supprimé sans être affiché, selon le logiciel du destinataire : non lu",
      "deleted without being displayed, says the recipient's software: not read"}},
    {"dispatched",
     {"transféré ou imprimé sans être affiché, selon le logiciel du destinataire",
      "forwarded or printed without being displayed, says the recipient's software"}},
    {"processed",
     {"traité par un programme sans être affiché, selon le logiciel du destinataire",
      "processed by a program without being displayed, says the recipient's software"}},
    {"denied",
     {"le destinataire ne veut pas donner d'accusé",
      "the recipient does not want to give a receipt"}},
    {"failed",
     {"le logiciel du destinataire n'a pas pu donner d'accusé",
      "the recipient's software could not give a receipt"}},
};

bool facts_unseen(const json_t *facts)
{
    const json_t *d = json_object_get(facts, "disposition");
    const char *type = member(d, "type"), *mode = member(d, "mode");
    return type && mode && strcmp(type, "deleted") == 0 &&
           strncasecmp(mode, "automatic-action", 16) == 0;
}

static bool disposition_row(const json_t *facts, enum language language, struct reading_rows *rows)
{
    const json_t *d = json_object_get(facts, "disposition");
    const json_t *r = json_array_get(json_object_get(facts, "recipients"), 0);
    const char *type = member(d, "type"), *mode = member(d, "mode"), *who = member(r, "original");
    if (!type)
        return true;
    bool unseen = facts_unseen(facts);
    const char *words =
        unseen ? WORD(actions, "deleted", language) : WORD(dispositions, type, language);
    who = who ? who : member(r, "final");
    struct bytes text = {0};
    bool done = (!who || bytes_printf(&text, IN(language, "%s : ", "%s: "), who)) &&
                bytes_puts(&text, words ? words : type) &&
                (!mode || bytes_printf(&text, " (%s; %s)", mode, type)) &&
                reading_row(rows, IN(language, "Accusé", "receipt"), text.data, unseen);
    bytes_free(&text);
    return done;
}

/* --- a person's words ------------------------------------------------------------------------*/

/* The beginning, not cutting a character in two. */
static size_t beginning(const char *text, bool *cut)
{
    size_t len = 0, lines = 1;
    while (len < REPLY_SHOWN && text[len]) {
        if (text[len] == '\n' && ++lines > REPLY_LINES)
            break;
        len++;
    }
    *cut = text[len] != '\0';
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    return len;
}

static bool reply_rows(const json_t *facts, enum language language, struct reading_rows *rows)
{
    const char *text = member(facts, "reply_text");
    bool cut, done = true, first = true;
    if (!text || !*text)
        return true;
    const char *end = text + beginning(text, &cut);
    while (done && text < end) {
        const char *lf = memchr(text, '\n', (size_t)(end - text));
        const char *stop = lf ? lf : end;
        struct bytes line = {0};
        done = bytes_append(&line, text, (size_t)(stop - text)) &&
               (!cut || stop != end || bytes_puts(&line, " …")) &&
               (stop == text ||
                reading_row(rows, first ? IN(language, "Écrit", "wrote") : "", line.data, false));
        first = first && stop == text;
        bytes_free(&line);
        text = lf ? lf + 1 : end;
    }
    return done;
}

bool facts_day(const char *day, enum language language, struct bytes *out)
{
    return language == LANGUAGE_FR ? words_day(day, language, out) : bytes_puts(out, day);
}

static const struct word suggestions[] = {
    {"promise", {"promesse de paiement", "promise to pay"}},
    {"dispute", {"contestation", "dispute"}},
    {"already-paid", {"dit avoir déjà payé", "says it is paid already"}},
    {"asks-document", {"demande un document", "asks for a document"}},
    {"asks-time", {"demande un délai", "asks for time"}},
    {"wrong-person", {"mauvais interlocuteur", "the wrong person"}},
};

static bool suggestion_rows(const json_t *facts, const char *currency, enum language language,
                            struct reading_rows *rows)
{
    const json_t *list = json_object_get(facts, "suggest");
    bool done = true;
    for (size_t i = 0; done && i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i), *amount = json_object_get(one, "amount");
        const char *what = WORD(suggestions, member(one, "what"), language);
        const char *date = member(one, "date"), *quote = member(one, "quote");
        struct bytes text = {0};
        done = bytes_puts(&text, what ? what : "?") &&
               (!date || (bytes_puts(&text, ", ") && facts_day(date, language, &text)));
        if (done && json_is_integer(amount))
            done = bytes_puts(&text, ", ") &&
                   words_money(json_integer_value(amount), currency, language, &text);
        done = done &&
               bytes_printf(&text, IN(language, " : «\u00a0%s\u00a0»", ": \"%s\""),
                            quote ? quote : "") &&
               bytes_printf(&text,
                            IN(language, " (suggestion n° %zu du programme)",
                               " (suggestion %zu of the program)"),
                            i + 1) &&
               reading_row(rows, i ? "" : IN(language, "Suggéré", "suggests"), text.data, false);
        bytes_free(&text);
    }
    return done;
}

/* --- what was confirmed ----------------------------------------------------------------------*/

static const struct word confirmed[] = {
    {"promise",
     {"le débiteur promet de payer, d'après son message",
      "the debtor promises to pay, according to its message"}},
    {"dispute",
     {"le débiteur conteste, d'après son message",
      "the debtor disputes the invoice, according to its message"}},
    {"already-paid",
     {"le débiteur dit avoir déjà payé, d'après son message",
      "the debtor says that it is paid, according to its message"}},
    {"asks-document",
     {"le débiteur demande un document, d'après son message",
      "the debtor asks for a document, according to its message"}},
    {"asks-time",
     {"le débiteur demande un délai, d'après son message",
      "the debtor asks for time, according to its message"}},
    {"wrong-person",
     {"la personne jointe dit ne pas être le bon interlocuteur, d'après son message",
      "the person written to says that it is the wrong one, according to its message"}},
};

const char *facts_confirmed_words(const char *what, enum language language)
{
    const char *words = WORD(confirmed, what, language);
    return words ? words
                 : IN(language, "dit par un message reçu, selon la société",
                      "said by a received message, according to the company");
}

/* --- attachments -----------------------------------------------------------------------------*/

static bool mismatch_row(const json_t *a, enum language language, struct reading_rows *rows)
{
    const char *name = member(a, "name"), *declared = member(a, "declared"),
               *actual = member(a, "actual");
    struct bytes text = {0};
    if (!attachment_disagrees(name ? name : "", declared ? declared : "", actual))
        return true;
    bool done =
        bytes_printf(&text,
                     IN(language, "«\u00a0%s\u00a0» se dit %s, mais son contenu est %s",
                        "\"%s\" is said to be %s, but its content is %s"),
                     name && *name ? name : "?", declared && *declared ? declared : "?", actual) &&
        reading_row(rows, IN(language, "ATTENTION", "WARNING"), text.data, true);
    bytes_free(&text);
    return done;
}

bool facts_attachment_rows(const json_t *facts, enum language language, struct reading_rows *rows)
{
    const json_t *list = json_object_get(facts, "attachments");
    bool done = true;
    for (size_t i = 0; done && i < json_array_size(list); i++) {
        const json_t *a = json_array_get(list, i);
        const char *name = member(a, "name"), *declared = member(a, "declared"),
                   *actual = member(a, "actual");
        json_int_t size = json_integer_value(json_object_get(a, "size"));
        struct bytes text = {0};
        done = bytes_printf(&text, "%s, %s",
                            name && *name ? name : IN(language, "sans nom", "without a name"),
                            declared ? declared : "");
        if (done && actual && declared && strcasecmp(actual, declared) != 0)
            done = bytes_printf(&text, IN(language, " (contenu : %s)", " (content: %s)"), actual);
        done = done && bytes_puts(&text, ", ") && words_size((uint64_t)size, language, &text) &&
               reading_row(rows, i ? "" : IN(language, "Joint", "attached"), text.data, false) &&
               mismatch_row(a, language, rows);
        bytes_free(&text);
    }
    return done;
}

bool facts_rows(const json_t *facts, const char *currency, enum language language,
                struct reading_rows *rows)
{
    return recipient_rows(facts, language, rows) && disposition_row(facts, language, rows) &&
           reply_rows(facts, language, rows) && suggestion_rows(facts, currency, language, rows) &&
           facts_attachment_rows(facts, language, rows);
}
