/*
 * dossier_html - index.html: a dossier to click through, in one file without script or network
 *
 * Every text that is not a literal here goes through text(), which escapes it.
 */
#include "db/dossier_html.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/dossier_html_style.h"
#include "db/dossier_words.h"
#include "db/timeline_facts.h"

struct page {
    const struct dossier_view *v;
    enum language language;
    struct bytes *out;
    bool done; /* false: out of memory */
};

#define SAY(p, french, english) IN((p)->language, french, english)

/* --- writing ---------------------------------------------------------------------------------*/

/* Markup of ours. */
static void raw(struct page *p, const char *markup)
{
    p->done = p->done && bytes_puts(p->out, markup);
}

static void text(struct page *p, const char *words)
{
    for (const char *c = words ? words : ""; p->done && *c;) {
        size_t plain = strcspn(c, "<>&\"'");
        p->done = bytes_append(p->out, c, plain);
        c += plain;
        if (!*c)
            return;
        p->done = p->done && bytes_printf(p->out, "&#%d;", *c);
        c++;
    }
}

/* What a stranger wrote: it must not turn the direction of what stands beside it. */
static void foreign(struct page *p, const char *words)
{
    raw(p, "<bdi>");
    text(p, words);
    raw(p, "</bdi>");
}

static void element(struct page *p, const char *open, const char *words, const char *close)
{
    raw(p, open);
    text(p, words);
    raw(p, close);
}

/* What a function of dossier_words.h appends. */
#define WORDS(p, call)                   \
    do {                                 \
        struct bytes made = {0};         \
        struct bytes *to = &made;        \
        (p)->done = (p)->done && (call); \
        text(p, made.data);              \
        bytes_free(&made);               \
    } while (0)

static void number(struct page *p, uint64_t n)
{
    p->done = p->done && bytes_printf(p->out, "%" PRIu64, n);
}

static void file_link(struct page *p, const char *file)
{
    raw(p, "<a href=\"");
    text(p, file);
    element(p, "\"><code>", file, "</code></a>");
}

static void term(struct page *p, const char *name)
{
    element(p, "<dt>", name, "</dt><dd>");
}

static void foreign_row(struct page *p, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    term(p, name);
    foreign(p, value);
    raw(p, "</dd>");
}

static void section(struct page *p, const char *id, const char *title)
{
    raw(p, "<h2 id=\"");
    text(p, id);
    element(p, "\">", title, "</h2>\n");
}

/* --- head ------------------------------------------------------------------------------------*/

static void sum(struct page *p, const char *name, int64_t amount)
{
    element(p, "<div><span>", name, "</span><b>");
    WORDS(p, words_money(amount, p->v->timeline.bill.currency, p->language, to));
    raw(p, "</b></div>");
}

static void creditor(struct page *p)
{
    const struct dossier_view *v = p->v;
    element(p, "<div class=\"card\"><p class=\"over\">", SAY(p, "Créancier", "Creditor"), "</p>");
    element(p, "<p class=\"name\">", v->company, "</p><dl>");
    foreign_row(p, SAY(p, "Domaine", "Domain"), v->domain);
    foreign_row(p, SAY(p, "Journal", "Log"), v->origin);
    raw(p, "</dl></div>");
}

static void debtor(struct page *p)
{
    const struct timeline *t = &p->v->timeline;
    element(p, "<div class=\"card\"><p class=\"over\">", SAY(p, "Débiteur", "Debtor"), "</p>");
    if (!t->registered) {
        element(p, "<p>",
                SAY(p, "La facture n'est pas au registre.", "The invoice is not in the register."),
                "</p></div>");
        return;
    }
    const struct register_invoice *b = &t->bill;
    element(p, "<p class=\"name\">", b->debtor_name && *b->debtor_name ? b->debtor_name : b->debtor,
            "</p><dl>");
    foreign_row(p, "Code", b->debtor);
    for (size_t i = 0; i < b->contacts.count; i++)
        foreign_row(p, i ? "" : "Contacts", b->contacts.items[i]);
    raw(p, "</dl></div>");
}

static void bill(struct page *p)
{
    const struct timeline *t = &p->v->timeline;
    const struct register_invoice *b = &t->bill;
    if (!t->registered)
        return;
    raw(p, "<div class=\"sums\">");
    sum(p, SAY(p, "Montant TTC", "Amount incl. tax"), b->amount);
    sum(p, SAY(p, "Payé", "Paid"), b->paid);
    sum(p, SAY(p, "Solde", "Balance"), b->amount - b->paid);
    raw(p, "</div><p>");
    text(p, SAY(p, "Facture émise le ", "Invoice issued "));
    WORDS(p, words_day(b->issued, p->language, to));
    text(p, SAY(p, ", échue le ", ", due "));
    WORDS(p, words_day(b->due, p->language, to));
    text(p, ", ");
    text(p, words_status(b->status, p->language));
    text(p, SAY(p, ", selon le registre de la société à la date de l'export.",
                ", according to the company's register at the time of the export."));
    raw(p, "</p>");
}

static void navigation(struct page *p)
{
    static const char *const links[][3] = {
        {"#chronologie", "Chronologie", "Timeline"},
        {"#bordereau", "Bordereau de pièces", "List of exhibits"},
        {"#modifications", "Modifications", "Changes"},
        {"#service", "Continuité", "Continuity"},
        {"#portee", "Portée et limites", "What is shown, and what is not"},
        {"#verifier", "Comment vérifier", "How to verify"},
    };
    raw(p, "<nav>");
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        element(p, "<a href=\"", links[i][0], "\">");
        element(p, "", links[i][1 + p->language], "</a>");
    }
    raw(p, "</nav>\n");
}

static void head(struct page *p)
{
    const struct dossier_view *v = p->v;
    raw(p, "<!DOCTYPE html>\n<html lang=\"");
    raw(p, SAY(p, "fr", "en"));
    raw(p, "\"><head><meta charset=\"utf-8\">"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
           "style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'\">"
           "<meta name=\"referrer\" content=\"no-referrer\"><title>");
    text(p, SAY(p, "Dossier de preuve, facture ", "Evidence file, invoice "));
    text(p, v->timeline.invoice);
    raw(p, "</title><style>");
    raw(p, DOSSIER_STYLE);
    raw(p, "</style></head><body><main>\n<p class=\"over\">");
    text(p, SAY(p, "Dossier de preuve", "Evidence file"));
    raw(p, "</p><h1>");
    text(p, SAY(p, "Facture ", "Invoice "));
    foreign(p, v->timeline.invoice);
    raw(p, "</h1><p class=\"meta\">");
    text(p, SAY(p, "Exporté le ", "Exported "));
    WORDS(p, words_instant(v->exported, p->language, to));
    raw(p, "</p><p class=\"nature\">");
    WORDS(p, words_nature(v, p->language, to));
    raw(p, "</p>\n<div class=\"parties\">");
    creditor(p);
    debtor(p);
    raw(p, "</div>");
    bill(p);
    raw(p, "<p>");
    WORDS(p, words_summary(v, p->language, to));
    raw(p, "</p>");
    navigation(p);
}

/* --- the timeline ----------------------------------------------------------------------------*/

static void level_tag(struct page *p, enum proof_level level)
{
    const char *word = words_level(level, p->language);
    if (!*word)
        return;
    p->done = p->done && bytes_printf(p->out, "<span class=\"tag l%d\">", (int)level);
    text(p, word);
    raw(p, "</span>");
}

static void attachments(struct page *p, const struct message_text *t)
{
    if (t->part_count == 0)
        return;
    element(p, "<p class=\"meta\">", SAY(p, "Pièces jointes au message :", "Attached:"),
            "</p><ul>");
    for (size_t i = 0; i < t->part_count; i++) {
        raw(p, "<li>");
        foreign(p, *t->parts[i].name ? t->parts[i].name : SAY(p, "sans nom", "without a name"));
        text(p, ", ");
        foreign(p, t->parts[i].type);
        if (t->parts[i].size) {
            text(p, ", ");
            WORDS(p, words_size(t->parts[i].size, p->language, to));
        }
        raw(p, "</li>");
    }
    raw(p, "</ul>");
}

static void message(struct page *p, const struct view_exhibit *x)
{
    const struct message_text *t = &x->text;
    if (!x->message_file)
        return;
    if (!t->read) {
        element(p, "<p class=\"meta\">",
                SAY(p, "Le texte est à lire dans le fichier : ", "The text is to be read in: "),
                "");
        file_link(p, x->message_file);
        raw(p, "</p>");
        return;
    }
    element(p, "<details><summary>", SAY(p, "Texte du message", "Text of the message"),
            "</summary>");
    if (t->from_markup)
        element(p, "<p class=\"meta\">",
                SAY(p, "Le message n'a qu'une version HTML ; en voici le texte.",
                    "The message is in HTML only; this is its text."),
                "</p>");
    element(p, "<pre class=\"text\" dir=\"auto\">",
            *t->body ? t->body : SAY(p, "(aucun texte)", "(no text)"), "</pre>");
    if (t->cut)
        element(p, "<p class=\"warn\">",
                SAY(p, "Abrégé ici ; le message entier est dans son fichier.",
                    "Shortened here; the whole message is in its file."),
                "</p>");
    attachments(p, t);
    element(p, "</details><details><summary>",
            SAY(p, "En-têtes du message", "Header of the message"), "</summary>");
    element(p, "<pre>", t->header, "</pre></details>");
}

static void edits(struct page *p, const struct view_exhibit *x)
{
    if (x->edits.count + x->edits.notes.count == 0)
        return;
    element(p, "<details><summary>",
            SAY(p, "Ce que le serveur de la société y a modifié",
                "What the company's server changed in it"),
            "</summary><ul>");
    for (size_t i = 0; i < x->edits.count; i++) {
        raw(p, "<li><code>");
        WORDS(p, words_edit(&x->edits.items[i], p->language, to));
        raw(p, "</code></li>");
    }
    for (size_t i = 0; i < x->edits.notes.count; i++) {
        element(p, "<li>", SAY(p, "omis : ", "left out: "), "<code>");
        element(p, "", x->edits.notes.items[i], "</code></li>");
    }
    raw(p, "</ul></details>");
}

static void proof(struct page *p, const struct view_exhibit *x)
{
    element(p, "<details><summary>", SAY(p, "Preuve", "Proof"), "</summary><dl>");
    term(p, SAY(p, "Journal", "Log"));
    text(p, SAY(p, "entrée ", "entry "));
    number(p, x->item->seq);
    text(p, x->item->is_signed ? SAY(p, ", signée", ", signed")
                               : SAY(p, ", pas encore signée", ", not yet signed"));
    raw(p, "</dd>");
    term(p, SAY(p, "Datée par un tiers", "Dated by a third party"));
    WORDS(p, words_bounds(&x->bounds, true, p->language, to));
    raw(p, "</dd>");
    term(p, SAY(p, "Fiche", "Record"));
    file_link(p, x->record_file);
    element(p, "<br><code>SHA-256 ", x->record_sha256, "</code></dd>");
    if (x->message_file) {
        term(p, "Message");
        file_link(p, x->message_file);
        element(p, "<br><code>SHA-256 ", x->message_sha256, "</code></dd>");
    }
    foreign_row(p, SAY(p, "Expéditeur d'enveloppe", "Envelope sender"),
                x->sender && !*x->sender ? "<>" : x->sender);
    foreign_row(p, SAY(p, "Compte authentifié", "Authenticated login"), x->login);
    if (!x->item->logged)
        foreign_row(p, SAY(p, "Remis par", "Handed in by"), x->peer);
    foreign_row(p, SAY(p, "Numéro de file", "Queue ID"), x->queue_id);
    foreign_row(p, SAY(p, "Ligne du journal", "Line of the log"), x->item->log_line);
    raw(p, "</dl></details>");
}

/* What was read in the message, and whether it came back. */
static void reading_rows(struct page *p, const struct timeline_item *i)
{
    struct reading_rows rows = {0};
    p->done = p->done && timeline_reading(&p->v->timeline, i, p->language, true, &rows);
    for (size_t k = 0; p->done && k < rows.count; k++) {
        const struct reading_row *row = &rows.items[k];
        raw(p, "<dt>");
        WORDS(p, words_row_name(row, to));
        raw(p, "</dt><dd>");
        raw(p, row->strong ? "<b>" : "");
        foreign(p, row->text);
        raw(p, row->strong ? "</b></dd>" : "</dd>");
    }
    reading_rows_free(&rows);
}

static void author_row(struct page *p, const struct timeline_item *i)
{
    struct bytes words = {0};
    p->done = p->done && timeline_author(i, p->language, &words);
    foreign_row(p, "Attribution", words.data);
    bytes_free(&words);
}

static void keys_row(struct page *p, const struct timeline_item *i)
{
    struct bytes words = {0};
    p->done = p->done && timeline_keys_words(i, p->language, &words);
    foreign_row(p, SAY(p, "Clés DNS", "DNS keys"), words.data);
    bytes_free(&words);
}

/* Who entered it, and what an erasure erased. */
static void hand_rows(struct page *p, const struct timeline_item *i)
{
    struct bytes who = {0}, what = {0};
    p->done = p->done && timeline_erasure(&p->v->timeline, i, p->language, &what) &&
              timeline_entered(i, p->language, &who);
    foreign_row(p, SAY(p, "Effacé", "Erased"), what.data);
    foreign_row(p, SAY(p, "Saisi par", "Entered by"), i->confirmed ? NULL : who.data);
    bytes_free(&who);
    bytes_free(&what);
}

/* What the mail server's log says in this entry. */
static void log_rows(struct page *p, const struct timeline_item *i)
{
    if (!i->logged)
        return;
    foreign_row(p, SAY(p, "Serveur", "Server"), i->remote);
    foreign_row(p, SAY(p, "Sa réponse", "Its reply"), i->smtp_reply);
    foreign_row(p, SAY(p, "Motif", "Reason"), i->smtp_reply ? NULL : i->log_reason);
    term(p, SAY(p, "Heure", "Time"));
    WORDS(p, words_time(i->occurred, p->language, to));
    raw(p, "</dd>");
}

/* What it tells of this message, for each recipient. */
static void outcome_rows(struct page *p, const struct timeline_item *i)
{
    struct timeline_outcome *list;
    size_t count;
    p->done = p->done && timeline_outcomes(&p->v->timeline, i, &list, &count);
    if (!p->done)
        return;
    for (size_t k = 0; k < count; k++) {
        struct bytes words = {0};
        p->done = p->done && words_outcome(&list[k], p->language, &words);
        foreign_row(p, k ? "" : SAY(p, "Suite", "Outcome"), words.data);
        bytes_free(&words);
    }
    free(list);
}

static void fact_rows(struct page *p, const struct timeline_item *i)
{
    raw(p, "<dl>");
    if (i->subject)
        foreign_row(p, SAY(p, "Objet", "Subject"), i->subject);
    foreign_row(p, SAY(p, "De", "From"), i->from);
    author_row(p, i);
    for (size_t k = 0; k < i->to.count; k++)
        foreign_row(p, k ? "" : SAY(p, "À", "To"), i->to.items[k]);
    reading_rows(p, i);
    if (i->has_amount) {
        term(p, SAY(p, "Montant", "Amount"));
        WORDS(p, words_money(i->amount, i->currency, p->language, to));
        raw(p, "</dd>");
    }
    log_rows(p, i);
    outcome_rows(p, i);
    if (i->occurred && !i->logged) {
        term(p, SAY(p, "Jour", "Day"));
        WORDS(p, words_day(i->occurred, p->language, to));
        raw(p, "</dd>");
    }
    foreign_row(p, timeline_text_name(i, p->language), i->confirmed ? NULL : i->text);
    hand_rows(p, i);
    keys_row(p, i);
    raw(p, "</dl>");
    if (i->dropped)
        element(p, "<p class=\"warn\">",
                SAY(p, "Message trop grand : seules son empreinte et sa taille sont conservées.",
                    "Message too large: only its hash and size were kept."),
                "</p>");
    if (i->erased) {
        raw(p, "<p class=\"warn\">");
        WORDS(p, words_erased(i, p->language, to));
        raw(p, "</p>");
    }
}

static const char *side(const struct timeline_item *i)
{
    if (!i->direction)
        return "";
    return strcmp(i->direction, "outbound") == 0 ? " out" : " in";
}

static void entry(struct page *p, const struct view_exhibit *x)
{
    const struct timeline_item *i = x->item;
    raw(p, "<article class=\"entry");
    raw(p, side(i));
    raw(p, i->erased ? " gone\" id=\"p" : "\" id=\"p");
    number(p, i->n);
    raw(p, "\"><header><b>");
    WORDS(p, words_exhibit(i->n, p->language, to));
    raw(p, "</b><span class=\"meta\">");
    WORDS(p, words_time(i->time, p->language, to));
    raw(p, "</span>");
    level_tag(p, i->level);
    raw(p, "</header><p class=\"what\">");
    raw(p, !i->direction ? "" : strcmp(i->direction, "outbound") == 0 ? "→ " : "← ");
    text(p, timeline_words(i, p->language));
    raw(p, "</p>");
    fact_rows(p, i);
    message(p, x);
    edits(p, x);
    proof(p, x);
    raw(p, "</article>\n");
}

static void timeline(struct page *p)
{
    section(p, "chronologie", SAY(p, "Chronologie", "Timeline"));
    element(p, "<p class=\"meta\">",
            SAY(p, "Heures UTC. Cliquez pour déplier le texte et les en-têtes d'un message.",
                "Times in UTC. Click to unfold a message's text and header."),
            "</p>\n");
    for (size_t i = 0; i < p->v->exhibit_count; i++)
        entry(p, &p->v->exhibits[i]);
}

/* --- the list of exhibits --------------------------------------------------------------------*/

static void cell(struct page *p, const char *name)
{
    raw(p, "<td data-is=\"");
    text(p, name);
    raw(p, "\">");
}

static void exhibit_row(struct page *p, const struct view_exhibit *x)
{
    const struct timeline_item *i = x->item;
    bool has_file = x->message_file != NULL;
    p->done = p->done && bytes_printf(p->out, "<tr><td><a href=\"#p%" PRIu64 "\">", i->n);
    WORDS(p, words_exhibit(i->n, p->language, to));
    raw(p, "</a></td>");
    cell(p, "Date (UTC)");
    WORDS(p, words_clock(i->time, p->language, to));
    raw(p, "</td>");
    cell(p, SAY(p, "Datée par un tiers (UTC)", "Dated by a third party (UTC)"));
    WORDS(p, words_bounds(&x->bounds, false, p->language, to));
    raw(p, "</td>");
    cell(p, "Nature");
    text(p, timeline_words(i, p->language));
    raw(p, "</td>");
    cell(p, SAY(p, "Niveau", "Level"));
    text(p, *words_level(i->level, p->language) ? words_level(i->level, p->language) : "—");
    raw(p, "</td>");
    raw(p, "<td class=\"hash\" data-is=\"SHA-256\">");
    file_link(p, has_file ? x->message_file : x->record_file);
    element(p, "<br><code>", has_file ? x->message_sha256 : x->record_sha256,
            "</code></td></tr>\n");
}

static void exhibits(struct page *p)
{
    section(p, "bordereau", SAY(p, "Bordereau de pièces", "List of exhibits"));
    raw(p, "<div class=\"table\"><table><thead><tr>");
    element(p, "<th>", SAY(p, "Pièce", "Exhibit"), "</th>");
    element(p, "<th>", SAY(p, "Date (UTC)", "Date (UTC)"), "</th>");
    element(p, "<th>", SAY(p, "Datée par un tiers (UTC)", "Dated by a third party (UTC)"), "</th>");
    element(p, "<th>", "Nature", "</th>");
    element(p, "<th>", SAY(p, "Niveau", "Level"), "</th>");
    element(p, "<th>", SAY(p, "Fichier et empreinte SHA-256", "File and SHA-256"),
            "</th></tr></thead><tbody>");
    for (size_t i = 0; i < p->v->exhibit_count; i++)
        exhibit_row(p, &p->v->exhibits[i]);
    raw(p, "</tbody></table></div>\n");
    struct strings dating = {0};
    p->done = p->done && words_dating(p->v, p->language, &dating);
    for (size_t i = 0; i < dating.count; i++)
        element(p, "<p>", dating.items[i], "</p>");
    strings_free(&dating);
}

/* --- the rest --------------------------------------------------------------------------------*/

static void changes(struct page *p)
{
    section(
        p, "modifications",
        SAY(p, "Ce que le serveur de la société a modifié", "What the company's server changed"));
    element(p, "<p>", words_unchanged(p->language), "</p><ul>");
    for (const char *const *field = words_fields(p->language); *field; field++)
        element(p, "<li>", *field, "</li>");
    element(p, "</ul><p class=\"meta\">",
            SAY(p, "Les modifications de chaque message sont à sa pièce, dans la chronologie.",
                "The changes of each message stand at its exhibit, in the timeline."),
            "</p>\n");
}

static void service(struct page *p)
{
    struct strings lines = {0};
    section(p, "service",
            SAY(p, "Continuité, messages écartés ou effacés",
                "Continuity, messages kept out or erased"));
    p->done = p->done && words_continuity(p->v, p->language, &lines);
    raw(p, "<ul>");
    for (size_t i = 0; i < lines.count; i++)
        element(p, "<li>", lines.items[i], "</li>");
    raw(p, "</ul>\n");
    strings_free(&lines);
}

static void sentences(struct page *p, const char *title, const char *const *list)
{
    element(p, "<h3>", title, "</h3><ul>");
    for (; *list; list++)
        element(p, "<li>", *list, "</li>");
    raw(p, "</ul>\n");
}

static void claims(struct page *p)
{
    section(p, "portee", SAY(p, "Portée et limites", "What is shown, and what is not"));
    sentences(p, SAY(p, "Ce que ce dossier montre", "What this file shows"),
              words_shown(p->language));
    sentences(p, SAY(p, "Ce qu'il ne montre pas", "What it does not show"),
              words_not_shown(p->language));
    element(p, "<h3>", SAY(p, "Les niveaux", "The levels"), "</h3><ul>");
    for (int level = LEVEL_PREPARED; level <= LEVEL_ACKNOWLEDGED; level++)
        element(p, "<li>", level_words((enum proof_level)level, p->language), "</li>");
    raw(p, "</ul>\n");
}

static void steps(struct page *p)
{
    struct strings list = {0};
    section(p, "verifier", SAY(p, "Comment vérifier", "How to verify"));
    p->done = p->done && words_steps(p->v, p->language, &list);
    raw(p, "<ol>");
    for (size_t i = 0; i + 1 < list.count; i += 2) {
        element(p, "<li>", list.items[i], "");
        if (*list.items[i + 1])
            element(p, "<pre>", list.items[i + 1], "</pre>");
        raw(p, "</li>");
    }
    raw(p, "</ol>\n");
    strings_free(&list);
}

bool dossier_html_write(const struct dossier_view *v, enum language language, struct bytes *out)
{
    struct page p = {v, language, out, true};
    head(&p);
    timeline(&p);
    exhibits(&p);
    changes(&p);
    service(&p);
    claims(&p);
    steps(&p);
    raw(&p, "<footer>");
    WORDS(&p, words_nature(v, language, to));
    raw(&p, "</footer></main></body></html>\n");
    return p.done;
}
