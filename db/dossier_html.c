/*
 * dossier_html - index.html: a dossier to click through, in one file without script or network
 */
#include "db/dossier_html.h"

#include <inttypes.h>
#include <stdlib.h>

#include "db/dossier_html_entry.h"
#include "db/dossier_html_style.h"

/* --- head ------------------------------------------------------------------------------------*/

static void sum(struct page *p, const char *name, int64_t amount)
{
    page_element(p, "<div><span>", name, "</span><b>");
    WORDS(p, words_money(amount, p->v->timeline.bill.currency, p->language, to));
    page_raw(p, "</b></div>");
}

static void creditor(struct page *p)
{
    const struct dossier_view *v = p->v;
    page_element(p, "<div class=\"card\"><p class=\"over\">", SAY(p, "Créancier", "Creditor"),
                 "</p>");
    page_element(p, "<p class=\"name\">", v->company, "</p><dl>");
    page_foreign_row(p, SAY(p, "Domaine", "Domain"), v->domain);
    page_foreign_row(p, SAY(p, "Journal", "Log"), v->origin);
    page_raw(p, "</dl></div>");
}

static void debtor(struct page *p)
{
    const struct timeline *t = &p->v->timeline;
    page_element(p, "<div class=\"card\"><p class=\"over\">", SAY(p, "Débiteur", "Debtor"), "</p>");
    if (!t->registered) {
        page_element(
            p, "<p>",
            SAY(p, "La facture n'est pas au registre.", "The invoice is not in the register."),
            "</p></div>");
        return;
    }
    const struct register_invoice *b = &t->bill;
    page_element(p, "<p class=\"name\">",
                 b->debtor_name && *b->debtor_name ? b->debtor_name : b->debtor, "</p><dl>");
    page_foreign_row(p, "Code", b->debtor);
    for (size_t i = 0; i < b->contacts.count; i++)
        page_foreign_row(p, i ? "" : "Contacts", b->contacts.items[i]);
    page_raw(p, "</dl></div>");
}

static void bill(struct page *p)
{
    const struct timeline *t = &p->v->timeline;
    const struct register_invoice *b = &t->bill;
    if (!t->registered)
        return;
    page_raw(p, "<div class=\"sums\">");
    sum(p, SAY(p, "Montant TTC", "Amount incl. tax"), b->amount);
    sum(p, SAY(p, "Payé", "Paid"), b->paid);
    sum(p, SAY(p, "Solde", "Balance"), b->amount - b->paid);
    page_raw(p, "</div><p>");
    page_text(p, SAY(p, "Facture émise le ", "Invoice issued "));
    WORDS(p, words_day(b->issued, p->language, to));
    page_text(p, SAY(p, ", échue le ", ", due "));
    WORDS(p, words_day(b->due, p->language, to));
    page_text(p, ", ");
    page_text(p, words_status(b->status, p->language));
    page_text(p, SAY(p, ", selon le registre de la société à la date de l'export.",
                     ", according to the company's register at the time of the export."));
    page_raw(p, "</p>");
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
    page_raw(p, "<nav>");
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        page_element(p, "<a href=\"", links[i][0], "\">");
        page_element(p, "", links[i][1 + p->language], "</a>");
    }
    page_raw(p, "</nav>\n");
}

static void head(struct page *p)
{
    const struct dossier_view *v = p->v;
    page_raw(p, "<!DOCTYPE html>\n<html lang=\"");
    page_raw(p, SAY(p, "fr", "en"));
    page_raw(p, "\"><head><meta charset=\"utf-8\">"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'\">"
                "<meta name=\"referrer\" content=\"no-referrer\"><title>");
    page_text(p, SAY(p, "Dossier de preuve, facture ", "Evidence file, invoice "));
    page_text(p, v->timeline.invoice);
    page_raw(p, "</title><style>");
    page_raw(p, DOSSIER_STYLE);
    page_raw(p, "</style></head><body><main>\n<p class=\"over\">");
    page_text(p, SAY(p, "Dossier de preuve", "Evidence file"));
    page_raw(p, "</p><h1>");
    page_text(p, SAY(p, "Facture ", "Invoice "));
    page_foreign(p, v->timeline.invoice);
    page_raw(p, "</h1><p class=\"meta\">");
    page_text(p, SAY(p, "Exporté le ", "Exported "));
    WORDS(p, words_instant(v->exported, p->language, to));
    page_raw(p, "</p><p class=\"nature\">");
    WORDS(p, words_nature(v, p->language, to));
    page_raw(p, "</p>\n<div class=\"parties\">");
    creditor(p);
    debtor(p);
    page_raw(p, "</div>");
    bill(p);
    page_raw(p, "<p>");
    WORDS(p, words_summary(v, p->language, to));
    page_raw(p, "</p>");
    navigation(p);
}

/* --- the timeline
 * --------------------------------------------------------------------------------*/

static void timeline(struct page *p)
{
    page_section(p, "chronologie", SAY(p, "Chronologie", "Timeline"));
    page_element(p, "<p class=\"meta\">",
                 SAY(p, "Heures UTC. Cliquez pour déplier le texte et les en-têtes d'un message.",
                     "Times in UTC. Click to unfold a message's text and header."),
                 "</p>\n");
    for (size_t i = 0; i < p->v->exhibit_count; i++)
        dossier_html_entry(p, &p->v->exhibits[i]);
}

/* --- the list of exhibits --------------------------------------------------------------------*/

static void cell(struct page *p, const char *name)
{
    page_raw(p, "<td data-is=\"");
    page_text(p, name);
    page_raw(p, "\">");
}

static void exhibit_row(struct page *p, const struct view_exhibit *x)
{
    const struct timeline_item *i = x->item;
    bool has_file = x->message_file != NULL;
    p->done = p->done && bytes_printf(p->out, "<tr><td><a href=\"#p%" PRIu64 "\">", i->n);
    WORDS(p, words_exhibit(i->n, p->language, to));
    page_raw(p, "</a></td>");
    cell(p, "Date (UTC)");
    WORDS(p, words_clock(i->time, p->language, to));
    page_raw(p, "</td>");
    cell(p, SAY(p, "Datée par un tiers (UTC)", "Dated by a third party (UTC)"));
    WORDS(p, words_bounds(&x->bounds, false, p->language, to));
    page_raw(p, "</td>");
    cell(p, "Nature");
    page_text(p, timeline_words(i, p->language));
    page_raw(p, "</td>");
    cell(p, SAY(p, "Niveau", "Level"));
    page_text(p, *words_level(i->level, p->language) ? words_level(i->level, p->language) : "—");
    page_raw(p, "</td>");
    page_raw(p, "<td class=\"hash\" data-is=\"SHA-256\">");
    page_file_link(p, has_file ? x->message_file : x->record_file);
    page_element(p, "<br><code>", has_file ? x->message_sha256 : x->record_sha256,
                 "</code></td></tr>\n");
}

static void exhibits(struct page *p)
{
    page_section(p, "bordereau", SAY(p, "Bordereau de pièces", "List of exhibits"));
    page_raw(p, "<div class=\"table\"><table><thead><tr>");
    page_element(p, "<th>", SAY(p, "Pièce", "Exhibit"), "</th>");
    page_element(p, "<th>", SAY(p, "Date (UTC)", "Date (UTC)"), "</th>");
    page_element(p, "<th>", SAY(p, "Datée par un tiers (UTC)", "Dated by a third party (UTC)"),
                 "</th>");
    page_element(p, "<th>", "Nature", "</th>");
    page_element(p, "<th>", SAY(p, "Niveau", "Level"), "</th>");
    page_element(p, "<th>", SAY(p, "Fichier et empreinte SHA-256", "File and SHA-256"),
                 "</th></tr></thead><tbody>");
    for (size_t i = 0; i < p->v->exhibit_count; i++)
        exhibit_row(p, &p->v->exhibits[i]);
    page_raw(p, "</tbody></table></div>\n");
    struct strings dating = {0};
    p->done = p->done && words_dating(p->v, p->language, &dating);
    for (size_t i = 0; i < dating.count; i++)
        page_element(p, "<p>", dating.items[i], "</p>");
    strings_free(&dating);
}

/* --- the rest --------------------------------------------------------------------------------*/

static void changes(struct page *p)
{
    page_section(
        p, "modifications",
        SAY(p, "Ce que le serveur de la société a modifié", "What the company's server changed"));
    page_element(p, "<p>", words_unchanged(p->language), "</p><ul>");
    for (const char *const *field = words_fields(p->language); *field; field++)
        page_element(p, "<li>", *field, "</li>");
    page_element(p, "</ul><p class=\"meta\">",
                 SAY(p, "Les modifications de chaque message sont à sa pièce, dans la chronologie.",
                     "The changes of each message stand at its exhibit, in the timeline."),
                 "</p>\n");
}

static void service(struct page *p)
{
    struct strings lines = {0};
    page_section(p, "service",
                 SAY(p, "Continuité, messages écartés ou effacés",
                     "Continuity, messages kept out or erased"));
    p->done = p->done && words_continuity(p->v, p->language, &lines);
    page_raw(p, "<ul>");
    for (size_t i = 0; i < lines.count; i++)
        page_element(p, "<li>", lines.items[i], "</li>");
    page_raw(p, "</ul>\n");
    strings_free(&lines);
}

static void sentences(struct page *p, const char *title, const char *const *list)
{
    page_element(p, "<h3>", title, "</h3><ul>");
    for (; *list; list++)
        page_element(p, "<li>", *list, "</li>");
    page_raw(p, "</ul>\n");
}

static void claims(struct page *p)
{
    page_section(p, "portee", SAY(p, "Portée et limites", "What is shown, and what is not"));
    sentences(p, SAY(p, "Ce que ce dossier montre", "What this file shows"),
              words_shown(p->language));
    sentences(p, SAY(p, "Ce qu'il ne montre pas", "What it does not show"),
              words_not_shown(p->language));
    page_element(p, "<h3>", SAY(p, "Les niveaux", "The levels"), "</h3><ul>");
    for (int level = LEVEL_PREPARED; level <= LEVEL_ACKNOWLEDGED; level++)
        page_element(p, "<li>", level_words((enum proof_level)level, p->language), "</li>");
    page_raw(p, "</ul>\n");
}

static void steps(struct page *p)
{
    struct strings list = {0};
    page_section(p, "verifier", SAY(p, "Comment vérifier", "How to verify"));
    p->done = p->done && words_steps(p->v, p->language, &list);
    page_raw(p, "<ol>");
    for (size_t i = 0; i + 1 < list.count; i += 2) {
        page_element(p, "<li>", list.items[i], "");
        if (*list.items[i + 1])
            page_element(p, "<pre>", list.items[i + 1], "</pre>");
        page_raw(p, "</li>");
    }
    page_raw(p, "</ol>\n");
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
    page_raw(&p, "<footer>");
    WORDS(&p, words_nature(v, language, to));
    page_raw(&p, "</footer></main></body></html>\n");
    return p.done;
}
