/*
 * dossier_html_entry - one entry of index.html's timeline, with its message folded
 */
#include "db/dossier_html_entry.h"

#include <stdlib.h>
#include <string.h>

#include "db/timeline_facts.h"

static void level_tag(struct page *p, enum proof_level level)
{
    const char *word = words_level(level, p->language);
    if (!*word)
        return;
    p->done = p->done && bytes_printf(p->out, "<span class=\"tag l%d\">", (int)level);
    page_text(p, word);
    page_raw(p, "</span>");
}

static void attachments(struct page *p, const struct message_text *t)
{
    if (t->part_count == 0)
        return;
    page_element(p, "<p class=\"meta\">", SAY(p, "Pièces jointes au message :", "Attached:"),
                 "</p><ul>");
    for (size_t i = 0; i < t->part_count; i++) {
        page_raw(p, "<li>");
        page_foreign(p,
                     *t->parts[i].name ? t->parts[i].name : SAY(p, "sans nom", "without a name"));
        page_text(p, ", ");
        page_foreign(p, t->parts[i].type);
        if (t->parts[i].size) {
            page_text(p, ", ");
            WORDS(p, words_size(t->parts[i].size, p->language, to));
        }
        page_raw(p, "</li>");
    }
    page_raw(p, "</ul>");
}

static void message(struct page *p, const struct view_exhibit *x)
{
    const struct message_text *t = &x->text;
    if (!x->message_file)
        return;
    if (!t->read) {
        page_element(
            p, "<p class=\"meta\">",
            SAY(p, "Le texte est à lire dans le fichier : ", "The text is to be read in: "), "");
        page_file_link(p, x->message_file);
        page_raw(p, "</p>");
        return;
    }
    page_element(p, "<details><summary>", SAY(p, "Texte du message", "Text of the message"),
                 "</summary>");
    if (t->from_markup)
        page_element(p, "<p class=\"meta\">",
                     SAY(p, "Le message n'a qu'une version HTML ; en voici le texte.",
                         "The message is in HTML only; this is its text."),
                     "</p>");
    page_element(p, "<pre class=\"text\" dir=\"auto\">",
                 *t->body ? t->body : SAY(p, "(aucun texte)", "(no text)"), "</pre>");
    if (t->cut)
        page_element(p, "<p class=\"warn\">",
                     SAY(p, "Abrégé ici ; le message entier est dans son fichier.",
                         "Shortened here; the whole message is in its file."),
                     "</p>");
    attachments(p, t);
    page_element(p, "</details><details><summary>",
                 SAY(p, "En-têtes du message", "Header of the message"), "</summary>");
    page_element(p, "<pre>", t->header, "</pre></details>");
}

static void edits(struct page *p, const struct view_exhibit *x)
{
    if (x->edits.count + x->edits.notes.count == 0)
        return;
    page_element(p, "<details><summary>",
                 SAY(p, "Ce que le serveur de la société y a modifié",
                     "What the company's server changed in it"),
                 "</summary><ul>");
    for (size_t i = 0; i < x->edits.count; i++) {
        page_raw(p, "<li><code>");
        WORDS(p, words_edit(&x->edits.items[i], p->language, to));
        page_raw(p, "</code></li>");
    }
    for (size_t i = 0; i < x->edits.notes.count; i++) {
        page_element(p, "<li>", SAY(p, "omis : ", "left out: "), "<code>");
        page_element(p, "", x->edits.notes.items[i], "</code></li>");
    }
    page_raw(p, "</ul></details>");
}

static void proof(struct page *p, const struct view_exhibit *x)
{
    page_element(p, "<details><summary>", SAY(p, "Preuve", "Proof"), "</summary><dl>");
    page_term(p, SAY(p, "Journal", "Log"));
    page_text(p, SAY(p, "entrée ", "entry "));
    page_number(p, x->item->seq);
    page_text(p, x->item->is_signed ? SAY(p, ", signée", ", signed")
                                    : SAY(p, ", pas encore signée", ", not yet signed"));
    page_raw(p, "</dd>");
    page_term(p, SAY(p, "Datée par un tiers", "Dated by a third party"));
    WORDS(p, words_bounds(&x->bounds, true, p->language, to));
    page_raw(p, "</dd>");
    page_term(p, SAY(p, "Fiche", "Record"));
    page_file_link(p, x->record_file);
    page_element(p, "<br><code>SHA-256 ", x->record_sha256, "</code></dd>");
    if (x->message_file) {
        page_term(p, "Message");
        page_file_link(p, x->message_file);
        page_element(p, "<br><code>SHA-256 ", x->message_sha256, "</code></dd>");
    }
    page_foreign_row(p, SAY(p, "Expéditeur d'enveloppe", "Envelope sender"),
                     x->sender && !*x->sender ? "<>" : x->sender);
    page_foreign_row(p, SAY(p, "Compte authentifié", "Authenticated login"), x->login);
    if (!x->item->logged)
        page_foreign_row(p, SAY(p, "Remis par", "Handed in by"), x->peer);
    page_foreign_row(p, SAY(p, "Numéro de file", "Queue ID"), x->queue_id);
    page_foreign_row(p, SAY(p, "Ligne du journal", "Line of the log"), x->item->log_line);
    page_raw(p, "</dl></details>");
}

/* What was read in the message, and whether it came back. */
static void reading_rows(struct page *p, const struct timeline_item *i)
{
    struct reading_rows rows = {0};
    p->done = p->done && timeline_reading(&p->v->timeline, i, p->language, true, &rows);
    for (size_t k = 0; p->done && k < rows.count; k++) {
        const struct reading_row *row = &rows.items[k];
        page_raw(p, "<dt>");
        WORDS(p, words_row_name(row, to));
        page_raw(p, "</dt><dd>");
        page_raw(p, row->strong ? "<b>" : "");
        page_foreign(p, row->text);
        page_raw(p, row->strong ? "</b></dd>" : "</dd>");
    }
    reading_rows_free(&rows);
}

static void author_row(struct page *p, const struct timeline_item *i)
{
    struct bytes words = {0};
    p->done = p->done && timeline_author(i, p->language, &words);
    page_foreign_row(p, "Attribution", words.data);
    bytes_free(&words);
}

static void keys_row(struct page *p, const struct timeline_item *i)
{
    struct bytes words = {0};
    p->done = p->done && timeline_keys_words(i, p->language, &words);
    page_foreign_row(p, SAY(p, "Clés DNS", "DNS keys"), words.data);
    bytes_free(&words);
}

/* Who entered it, and what an erasure erased. */
static void hand_rows(struct page *p, const struct timeline_item *i)
{
    struct bytes who = {0}, what = {0};
    p->done = p->done && timeline_erasure(&p->v->timeline, i, p->language, &what) &&
              timeline_entered(i, p->language, &who);
    page_foreign_row(p, SAY(p, "Effacé", "Erased"), what.data);
    page_foreign_row(p, SAY(p, "Saisi par", "Entered by"), i->confirmed ? NULL : who.data);
    bytes_free(&who);
    bytes_free(&what);
}

/* What the mail server's log says in this entry. */
static void log_rows(struct page *p, const struct timeline_item *i)
{
    if (!i->logged)
        return;
    page_foreign_row(p, SAY(p, "Serveur", "Server"), i->remote);
    page_foreign_row(p, SAY(p, "Sa réponse", "Its reply"), i->smtp_reply);
    page_foreign_row(p, SAY(p, "Motif", "Reason"), i->smtp_reply ? NULL : i->log_reason);
    page_term(p, SAY(p, "Heure", "Time"));
    WORDS(p, words_time(i->occurred, p->language, to));
    page_raw(p, "</dd>");
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
        page_foreign_row(p, k ? "" : SAY(p, "Suite", "Outcome"), words.data);
        bytes_free(&words);
    }
    free(list);
}

static void fact_rows(struct page *p, const struct timeline_item *i)
{
    page_raw(p, "<dl>");
    if (i->subject)
        page_foreign_row(p, SAY(p, "Objet", "Subject"), i->subject);
    page_foreign_row(p, SAY(p, "De", "From"), i->from);
    author_row(p, i);
    for (size_t k = 0; k < i->to.count; k++)
        page_foreign_row(p, k ? "" : SAY(p, "À", "To"), i->to.items[k]);
    reading_rows(p, i);
    if (i->has_amount) {
        page_term(p, SAY(p, "Montant", "Amount"));
        WORDS(p, words_money(i->amount, i->currency, p->language, to));
        page_raw(p, "</dd>");
    }
    log_rows(p, i);
    outcome_rows(p, i);
    if (i->occurred && !i->logged) {
        page_term(p, SAY(p, "Jour", "Day"));
        WORDS(p, words_day(i->occurred, p->language, to));
        page_raw(p, "</dd>");
    }
    page_foreign_row(p, timeline_text_name(i, p->language), i->confirmed ? NULL : i->text);
    hand_rows(p, i);
    keys_row(p, i);
    page_raw(p, "</dl>");
    if (i->dropped)
        page_element(p, "<p class=\"warn\">",
                     SAY(p,
                         "Message trop grand : seules son empreinte et sa taille sont conservées.",
                         "Message too large: only its hash and size were kept."),
                     "</p>");
    if (i->erased) {
        page_raw(p, "<p class=\"warn\">");
        WORDS(p, words_erased(i, p->language, to));
        page_raw(p, "</p>");
    }
}

static const char *side(const struct timeline_item *i)
{
    if (!i->direction)
        return "";
    return strcmp(i->direction, "outbound") == 0 ? " out" : " in";
}

void dossier_html_entry(struct page *p, const struct view_exhibit *x)
{
    const struct timeline_item *i = x->item;
    page_raw(p, "<article class=\"entry");
    page_raw(p, side(i));
    page_raw(p, i->erased ? " gone\" id=\"p" : "\" id=\"p");
    page_number(p, i->n);
    page_raw(p, "\"><header><b>");
    WORDS(p, words_exhibit(i->n, p->language, to));
    page_raw(p, "</b><span class=\"meta\">");
    WORDS(p, words_time(i->time, p->language, to));
    page_raw(p, "</span>");
    level_tag(p, i->level);
    page_raw(p, "</header><p class=\"what\">");
    page_raw(p, !i->direction ? "" : strcmp(i->direction, "outbound") == 0 ? "→ " : "← ");
    page_text(p, timeline_words(i, p->language));
    page_raw(p, "</p>");
    fact_rows(p, i);
    message(p, x);
    edits(p, x);
    proof(p, x);
    page_raw(p, "</article>\n");
}
