/*
 * dossier_pdf - dossier.pdf: parties and sums, timeline, exhibits, the milter's edits, continuity
 *               of the service, what is shown and what is not, how to verify
 */
#include "db/dossier_pdf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/dossier_words.h"
#include "db/sheet.h"
#include "db/timeline_facts.h"

struct paper {
    const struct dossier_view *v;
    enum language language;
    struct sheet *sheet;
    double *heights; /* of the exhibits in the timeline, from the first round; 0: not known yet */
    bool done;       /* false: out of memory */
};

/* Of an entry that a page's end cuts, points that stay together. */
enum { ENTRY_KEEP = 80 };

#define SAY(p, french, english) IN((p)->language, french, english)

/* Composes a text, hands it to `use` as `made.data`, and frees it. */
#define COMPOSED(p, compose, use)           \
    do {                                    \
        struct bytes made = {0};            \
        struct bytes *to = &made;           \
        (p)->done = (p)->done && (compose); \
        if ((p)->done && made.data) {       \
            use;                            \
        }                                   \
        bytes_free(&made);                  \
    } while (0)

/* --- the first page --------------------------------------------------------------------------*/

static bool creditor(const struct dossier_view *v, enum language language, struct bytes *to)
{
    return bytes_puts(to, v->company) && (!v->domain || bytes_printf(to, "\n%s", v->domain)) &&
           bytes_printf(to, "\n%s %s", IN(language, "Journal :", "Log:"), v->origin);
}

static bool debtor(const struct dossier_view *v, enum language language, struct bytes *to)
{
    const struct register_invoice *b = &v->timeline.bill;
    if (!v->timeline.registered)
        return bytes_puts(to, IN(language, "La facture n'est pas au registre.",
                                 "The invoice is not in the register."));
    bool named = b->debtor_name && *b->debtor_name;
    bool done =
        bytes_puts(to, named ? b->debtor_name : b->debtor) &&
        (!named || bytes_printf(to, "\n%s%s", IN(language, "Code : ", "Code: "), b->debtor));
    for (size_t i = 0; done && i < b->contacts.count; i++)
        done = bytes_printf(to, "\n%s", b->contacts.items[i]);
    return done;
}

static void parties(struct paper *p)
{
    const double half = sheet_width() / 2;
    const struct sheet_column columns[] = {
        {SAY(p, "Créancier", "Creditor"), half, STYLE_BODY, 3},
        {SAY(p, "Débiteur", "Debtor"), half, STYLE_BODY, 3},
    };
    struct bytes one = {0}, other = {0};
    p->done = p->done && creditor(p->v, p->language, &one) && debtor(p->v, p->language, &other);
    if (p->done) {
        const char *const cells[] = {one.data, other.data};
        sheet_table(p->sheet, columns, 2);
        sheet_row(p->sheet, cells, NULL);
        sheet_table_end(p->sheet);
    }
    bytes_free(&one);
    bytes_free(&other);
}

static bool dates(const struct register_invoice *b, enum language language, struct bytes *to)
{
    return bytes_puts(to, IN(language, "Facture émise le ", "Invoice issued ")) &&
           words_day(b->issued, language, to) &&
           bytes_puts(to, IN(language, ", échue le ", ", due ")) &&
           words_day(b->due, language, to) &&
           bytes_printf(to,
                        IN(language, ", %s, selon le registre de la société à la date de l'export.",
                           ", %s, according to the company's register at the time of the export."),
                        words_status(b->status, language));
}

static void sums(struct paper *p)
{
    const struct register_invoice *b = &p->v->timeline.bill;
    if (!p->v->timeline.registered)
        return;
    struct bytes amount = {0}, paid = {0}, balance = {0};
    p->done = p->done && words_money(b->amount, b->currency, p->language, &amount) &&
              words_money(b->paid, b->currency, p->language, &paid) &&
              words_money(b->amount - b->paid, b->currency, p->language, &balance);
    if (p->done) {
        const char *const names[] = {SAY(p, "Montant TTC", "Amount incl. tax"),
                                     SAY(p, "Payé", "Paid"), SAY(p, "Solde", "Balance")};
        const char *const values[] = {amount.data, paid.data, balance.data};
        sheet_fields(p->sheet, names, values, 3);
    }
    COMPOSED(p, dates(b, p->language, to), sheet_text(p->sheet, STYLE_BODY, 0, made.data));
    bytes_free(&amount);
    bytes_free(&paid);
    bytes_free(&balance);
}

static void first_page(struct paper *p)
{
    const struct dossier_view *v = p->v;
    sheet_text(p->sheet, STYLE_OVER, 0, SAY(p, "DOSSIER DE PREUVE", "EVIDENCE FILE"));
    COMPOSED(p, bytes_printf(to, "%s %s", SAY(p, "Facture", "Invoice"), v->timeline.invoice),
             sheet_text(p->sheet, STYLE_TITLE, 0, made.data));
    COMPOSED(p,
             bytes_puts(to, SAY(p, "Exporté le ", "Exported ")) &&
                 words_instant(v->exported, p->language, to),
             sheet_text(p->sheet, STYLE_SOFT, 0, made.data));
    sheet_space(p->sheet, 10);
    COMPOSED(p, words_nature(v, p->language, to), sheet_panel(p->sheet, made.data));
    sheet_space(p->sheet, 4);
    parties(p);
    sums(p);
    COMPOSED(p, words_summary(v, p->language, to), sheet_text(p->sheet, STYLE_BODY, 0, made.data));
}

/* --- the timeline ----------------------------------------------------------------------------*/

static void line(struct paper *p, const char *name, const char *value)
{
    if (value && *value)
        COMPOSED(p, bytes_printf(to, "%s%s%s", name, SAY(p, " : ", ": "), value),
                 sheet_text(p->sheet, STYLE_BODY, 12, made.data));
}

static void recipients(struct paper *p, const struct strings *list)
{
    struct bytes all = {0};
    for (size_t i = 0; p->done && i < list->count; i++)
        p->done = bytes_printf(&all, "%s%s", i ? ", " : "", list->items[i]);
    line(p, SAY(p, "À", "To"), all.data);
    bytes_free(&all);
}

/* What was read in the message, and whether it came back. */
static void reading(struct paper *p, const struct timeline_item *i)
{
    struct reading_rows rows = {0};
    p->done = p->done && timeline_reading(&p->v->timeline, i, p->language, true, &rows);
    for (size_t k = 0; p->done && k < rows.count; k++) {
        const struct reading_row *row = &rows.items[k];
        bool goes_on = !*row->name;
        COMPOSED(p,
                 words_row_name(row, to) &&
                     bytes_printf(to, "%s%s", goes_on ? "" : SAY(p, " : ", ": "), row->text),
                 sheet_text(p->sheet, row->strong ? STYLE_STRONG : STYLE_BODY, goes_on ? 24 : 12,
                            made.data));
    }
    reading_rows_free(&rows);
}

static void fact(struct paper *p, const struct timeline_item *i)
{
    if (i->has_amount)
        COMPOSED(p, words_money(i->amount, i->currency, p->language, to),
                 line(p, SAY(p, "Montant", "Amount"), made.data));
    if (i->occurred && !i->logged)
        COMPOSED(p, words_day(i->occurred, p->language, to),
                 line(p, SAY(p, "Jour", "Day"), made.data));
    line(p, timeline_text_name(i, p->language), i->confirmed ? NULL : i->text);
    COMPOSED(p, timeline_erasure(&p->v->timeline, i, p->language, to),
             line(p, SAY(p, "Effacé", "Erased"), made.data));
    if (!i->confirmed)
        COMPOSED(p, timeline_entered(i, p->language, to),
                 line(p, SAY(p, "Saisi par", "Entered by"), made.data));
    COMPOSED(p, timeline_keys_words(i, p->language, to),
             line(p, SAY(p, "Clés DNS", "DNS keys"), made.data));
    if (i->dropped)
        sheet_text(p->sheet, STYLE_STRONG, 12,
                   SAY(p, "Message trop grand : seules son empreinte et sa taille sont conservées.",
                       "Message too large: only its hash and size were kept."));
    if (i->erased)
        COMPOSED(p, words_erased(i, p->language, to),
                 sheet_text(p->sheet, STYLE_STRONG, 12, made.data));
}

static void outcomes(struct paper *p, const struct timeline_item *i)
{
    struct timeline_outcome *list;
    size_t count;
    p->done = p->done && timeline_outcomes(&p->v->timeline, i, &list, &count);
    if (!p->done)
        return;
    for (size_t k = 0; k < count; k++)
        COMPOSED(p, words_outcome(&list[k], p->language, to),
                 line(p, SAY(p, "Suite", "Outcome"), made.data));
    free(list);
}

static bool soft(const struct timeline_item *i, enum language language, struct bytes *to)
{
    const char *level = words_level(i->level, language);
    return words_time(i->time, language, to) &&
           (!*level || bytes_printf(to, "   ·   %s%s%s", IN(language, "niveau", "level"),
                                    IN(language, " : ", ": "), level));
}

static void entry(struct paper *p, const struct view_exhibit *x)
{
    const struct timeline_item *i = x->item;
    bool out = i->direction && strcmp(i->direction, "outbound") == 0;
    enum sheet_mark mark = !i->direction ? MARK_NONE : out ? MARK_OUT : MARK_IN;
    const char *arrow = !i->direction ? "" : out ? "→ " : "← ";
    struct bytes number = {0}, when = {0};
    char name[32];
    snprintf(name, sizeof name, "p%" PRIu64, i->n);
    p->done = p->done && words_exhibit(i->n, p->language, &number) && soft(i, p->language, &when);
    if (p->done)
        sheet_entry(p->sheet, mark, name, number.data, when.data, ENTRY_KEEP);
    COMPOSED(p, bytes_printf(to, "%s%s", arrow, timeline_words(i, p->language)),
             sheet_text(p->sheet, STYLE_STRONG, 12, made.data));
    line(p, SAY(p, "Objet", "Subject"), i->subject);
    line(p, SAY(p, "De", "From"), i->from);
    COMPOSED(p, timeline_author(i, p->language, to), line(p, "Attribution", made.data));
    recipients(p, &i->to);
    reading(p, i);
    line(p, SAY(p, "Serveur", "Server"), i->remote);
    line(p, SAY(p, "Sa réponse", "Its reply"), x->smtp_reply);
    line(p, SAY(p, "Motif", "Reason"), i->smtp_reply ? NULL : i->log_reason);
    if (i->logged)
        COMPOSED(p, words_time(i->occurred, p->language, to),
                 line(p, SAY(p, "Heure", "Time"), made.data));
    outcomes(p, i);
    fact(p, i);
    bytes_free(&number);
    bytes_free(&when);
}

struct rehearsed {
    struct paper *paper;
    const struct view_exhibit *exhibit;
};

static void rehearse(void *context)
{
    const struct rehearsed *r = context;
    entry(r->paper, r->exhibit);
}

/* On one page, unless it would leave much of that empty. The round that counts pages lays such an
   entry out once, as the round that draws does. */
static void entry_together(struct paper *p, size_t n)
{
    struct rehearsed r = {p, &p->v->exhibits[n]};
    bool counts = p->heights[n] <= 0;
    if (counts)
        p->heights[n] = sheet_rehearse(p->sheet, rehearse, &r);
    bool whole = p->heights[n] < sheet_room() / 2;
    if (whole)
        sheet_keep(p->sheet, p->heights[n]);
    if (whole && counts)
        sheet_space(p->sheet, p->heights[n]);
    else
        entry(p, r.exhibit);
}

static void timeline(struct paper *p)
{
    sheet_heading(p->sheet, 1, SAY(p, "Chronologie", "Timeline"));
    sheet_text(p->sheet, STYLE_SOFT, 0,
               SAY(p,
                   "Heures UTC, de l'horloge de la société. → message de la société, ← message "
                   "reçu. Le texte des messages est dans index.html et dans entries/.",
                   "Times in UTC, of the company's clock. → message of the company, ← message "
                   "received. The messages' text is in index.html and in entries/."));
    for (size_t i = 0; p->done && i < p->v->exhibit_count; i++)
        entry_together(p, i);
}

/* --- exhibits --------------------------------------------------------------------------------*/

/* Half of a hash a line: easier to compare by eye. */
static bool named_hash(const char *file, const char *hash, struct bytes *to)
{
    size_t half = strlen(hash) / 2;
    return bytes_printf(to, "%s%s\n%.*s\n%s", to->len ? "\n" : "", file, (int)half, hash,
                        hash + half);
}

static bool file_and_hash(const struct view_exhibit *x, struct bytes *to)
{
    return (!x->message_file || named_hash(x->message_file, x->message_sha256, to)) &&
           named_hash(x->record_file, x->record_sha256, to);
}

static void exhibit(struct paper *p, const struct view_exhibit *x)
{
    const struct timeline_item *i = x->item;
    struct bytes number = {0}, time = {0}, dated = {0}, hash = {0};
    const char *level = words_level(i->level, p->language);
    char link[32];
    snprintf(link, sizeof link, "p%" PRIu64, i->n);
    p->done = p->done && words_exhibit(i->n, p->language, &number) &&
              words_clock(i->time, p->language, &time) &&
              words_bounds(&x->bounds, false, p->language, &dated) && file_and_hash(x, &hash);
    if (p->done) {
        const char *const cells[] = {number.data,          time.data,
                                     dated.data,           timeline_words(i, p->language),
                                     *level ? level : "—", hash.data};
        sheet_row(p->sheet, cells, link);
    }
    bytes_free(&number);
    bytes_free(&time);
    bytes_free(&dated);
    bytes_free(&hash);
}

static void exhibits(struct paper *p)
{
    const struct sheet_column columns[] = {
        {SAY(p, "Pièce", "Exhibit"), 54, STYLE_LABEL, 2},
        {"Date (UTC)", 57, STYLE_SMALL, 2},
        {SAY(p, "Datée par un tiers (UTC)", "Dated by a third party (UTC)"), 84, STYLE_SMALL, 4},
        {"Nature", sheet_width() - 54 - 57 - 84 - 58 - 142, STYLE_SMALL, 6},
        {SAY(p, "Niveau", "Level"), 58, STYLE_SMALL, 2},
        {SAY(p, "Fichier, SHA-256", "File, SHA-256"), 142, STYLE_MONO, 3},
    };
    struct strings dating = {0};
    sheet_heading(p->sheet, 1, SAY(p, "Bordereau de pièces", "List of exhibits"));
    sheet_table(p->sheet, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; p->done && i < p->v->exhibit_count; i++)
        exhibit(p, &p->v->exhibits[i]);
    sheet_table_end(p->sheet);
    p->done = p->done && words_dating(p->v, p->language, &dating);
    for (size_t i = 0; i < dating.count; i++)
        sheet_text(p->sheet, STYLE_BODY, 0, dating.items[i]);
    strings_free(&dating);
}

/* --- edits -----------------------------------------------------------------------------------*/

static void edits_of(struct paper *p, const struct view_exhibit *x)
{
    struct bytes number = {0};
    p->done = p->done && words_exhibit(x->item->n, p->language, &number);
    sheet_keep(p->sheet, 40);
    if (p->done)
        sheet_text(p->sheet, STYLE_LABEL, 0, number.data);
    bytes_free(&number);
    for (size_t i = 0; i < x->edits.count; i++)
        COMPOSED(p, words_edit(&x->edits.items[i], p->language, to),
                 sheet_bullet(p->sheet, STYLE_SMALL, made.data));
    for (size_t i = 0; i < x->edits.notes.count; i++)
        COMPOSED(p,
                 bytes_printf(to, "%s%s", SAY(p, "omis : ", "left out: "), x->edits.notes.items[i]),
                 sheet_bullet(p->sheet, STYLE_SMALL, made.data));
    sheet_space(p->sheet, 4);
}

static void edits(struct paper *p)
{
    bool any = false;
    sheet_heading(
        p->sheet, 1,
        SAY(p, "Ce que le serveur de la société a modifié", "What the company's server changed"));
    sheet_text(p->sheet, STYLE_BODY, 0, words_unchanged(p->language));
    for (const char *const *field = words_fields(p->language); *field; field++)
        sheet_bullet(p->sheet, STYLE_BODY, *field);
    sheet_space(p->sheet, 4);
    for (size_t i = 0; p->done && i < p->v->exhibit_count; i++) {
        const struct edits *e = &p->v->exhibits[i].edits;
        if (e->count + e->notes.count == 0)
            continue;
        any = true;
        edits_of(p, &p->v->exhibits[i]);
    }
    if (!any)
        sheet_bullet(p->sheet, STYLE_BODY, SAY(p, "aucune n'est consignée.", "none is recorded."));
}

/* --- the rest --------------------------------------------------------------------------------*/

static void service(struct paper *p)
{
    struct strings lines = {0};
    sheet_heading(p->sheet, 1,
                  SAY(p, "Continuité, messages écartés ou effacés",
                      "Continuity, messages kept out or erased"));
    p->done = p->done && words_continuity(p->v, p->language, &lines);
    for (size_t i = 0; i < lines.count; i++)
        sheet_bullet(p->sheet, STYLE_BODY, lines.items[i]);
    strings_free(&lines);
}

static void sentences(struct paper *p, const char *title, const char *const *list)
{
    sheet_heading(p->sheet, 2, title);
    for (; *list; list++)
        sheet_bullet(p->sheet, STYLE_BODY, *list);
}

static void claims(struct paper *p)
{
    sheet_heading(p->sheet, 1, SAY(p, "Portée et limites", "What is shown, and what is not"));
    sentences(p, SAY(p, "Ce que ce dossier montre", "What this file shows"),
              words_shown(p->language));
    sentences(p, SAY(p, "Ce qu'il ne montre pas", "What it does not show"),
              words_not_shown(p->language));
    sheet_heading(p->sheet, 2, SAY(p, "Les niveaux", "The levels"));
    for (int level = LEVEL_PREPARED; level <= LEVEL_ACKNOWLEDGED; level++)
        sheet_bullet(p->sheet, STYLE_BODY, level_words((enum proof_level)level, p->language));
}

static void steps(struct paper *p)
{
    struct strings list = {0};
    sheet_heading(p->sheet, 1, SAY(p, "Comment vérifier", "How to verify"));
    p->done = p->done && words_steps(p->v, p->language, &list);
    for (size_t i = 0; i + 1 < list.count; i += 2) {
        sheet_keep(p->sheet, 50);
        sheet_bullet(p->sheet, STYLE_BODY, list.items[i]);
        if (*list.items[i + 1])
            sheet_text(p->sheet, STYLE_COMMAND, 16, list.items[i + 1]);
        sheet_space(p->sheet, 4);
    }
    strings_free(&list);
}

static enum store_status write_pages(struct paper *p, const struct sheet_look *look,
                                     struct bytes *out, unsigned *pages, struct store_error *err)
{
    p->sheet = sheet_open(look, *pages, out);
    if (!p->sheet)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    first_page(p);
    timeline(p);
    exhibits(p);
    edits(p);
    service(p);
    claims(p);
    steps(p);
    enum store_status st = sheet_close(p->sheet, pages, err);
    return p->done ? st : store_fail(err, STORE_NO_MEMORY, "out of memory");
}

enum store_status dossier_pdf_write(const struct dossier_view *v, enum language language,
                                    struct bytes *out, struct store_error *err)
{
    struct paper p = {v, language, NULL, calloc(v->exhibit_count + 1, sizeof(double)), true};
    struct bytes title = {0}, foot = {0};
    char created[RECORD_TIME];
    unsigned pages = 0;
    record_time(v->exported, created);
    enum store_status st = STORE_OK;
    if (!p.heights ||
        !bytes_printf(&title, "%s %s",
                      SAY(&p, "Dossier de preuve, facture", "Evidence file, invoice"),
                      v->timeline.invoice) ||
        !words_nature(v, language, &foot))
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    const struct sheet_look look = {.title = title.data,
                                    .author = v->company,
                                    .subject = foot.data,
                                    .creator = "temoin",
                                    .created = created,
                                    .running = title.data,
                                    .foot = foot.data,
                                    .page = "Page"};
    if (st == STORE_OK)
        st = write_pages(&p, &look, NULL, &pages, err);
    if (st == STORE_OK)
        st = write_pages(&p, &look, out, &pages, err);
    bytes_free(&title);
    bytes_free(&foot);
    free(p.heights);
    return st;
}
