/*
 * dossier_continuity - what was not there, or is no longer: gaps in service, steps of the clock,
 *                      messages kept out, waiting or erased
 */
#include <inttypes.h>
#include <string.h>

#include "db/dossier_words.h"

struct listing {
    const struct dossier_view *v;
    enum language language;
    struct strings *out;
    bool done;
};

/* Add what was written as one sentence. */
static void add(struct listing *l, struct bytes *sentence)
{
    l->done = l->done && strings_add(l->out, sentence->data ? sentence->data : "");
    bytes_free(sentence);
}

static void gaps(struct listing *l)
{
    const struct dossier_view *v = l->v;
    struct bytes s = {0};
    enum language lang = l->language;
    if (v->gap_count == 0) {
        l->done = l->done &&
                  bytes_printf(&s,
                               IN(lang,
                                  "Le journal ne montre aucune interruption du service d'au moins "
                                  "%d s entre la première et la dernière pièce.",
                                  "The log shows no interruption of the service of at least %d s "
                                  "between the first and the last exhibit."),
                               GAP_MIN_S);
        add(l, &s);
    }
    for (size_t i = 0; i < v->gap_count; i++) {
        l->done = l->done && words_gap(&v->gaps[i], lang, &s) &&
                  bytes_puts(&s, IN(lang, ". Ce qui a pu passer alors n'est pas dans le dossier.",
                                    ". What may have passed then is not in this file."));
        add(l, &s);
    }
    if (v->short_gaps) {
        l->done =
            l->done && bytes_printf(&s,
                                    IN(lang, "Redémarrages brefs (moins de dix secondes) : %zu.",
                                       "Short restarts (less than ten seconds): %zu."),
                                    v->short_gaps);
        add(l, &s);
    }
}

static void facts(struct listing *l)
{
    struct bytes s = {0};
    bool clock = false;
    for (size_t i = 0; i < l->v->fact_count; i++) {
        const struct view_fact *f = &l->v->facts[i];
        clock = clock || strcmp(f->event, "clock") == 0;
        l->done = l->done && words_time(f->time, l->language, &s) &&
                  bytes_printf(&s, " : %s%s%s (%s %" PRIu64 ")",
                               words_service(f->event, l->language), *f->words ? ", " : "",
                               f->words, IN(l->language, "entrée", "entry"), f->seq);
        add(l, &s);
    }
    if (!clock) {
        l->done = l->done &&
                  bytes_puts(&s, IN(l->language,
                                    "Le journal ne contient aucun relevé ni saut d'horloge entre "
                                    "la première et la dernière pièce.",
                                    "The log has no state or step of the clock between the first "
                                    "and the last exhibit."));
        add(l, &s);
    }
}

/* A decision by which a message that was proposed for the dossier is not in it. */
static void kept_out(struct listing *l, const struct timeline_item *i)
{
    struct bytes s = {0};
    enum language lang = l->language;
    l->done =
        l->done &&
        bytes_puts(
            &s, i->elsewhere
                    ? IN(lang, "Message attribué à un autre dossier par décision de la société (",
                         "Message assigned to another dossier by a decision of the company (")
                    : IN(lang, "Message écarté du dossier par décision de la société (",
                         "Message kept out of the dossier by a decision of the company (")) &&
        words_exhibit(i->n, lang, &s) && bytes_puts(&s, ", ") && words_time(i->time, lang, &s) &&
        bytes_printf(&s, ")%s%s%s%s%s%s", i->from ? IN(lang, ", de ", ", from ") : "",
                     i->from ? i->from : "",
                     i->subject ? IN(lang, ", objet : ", ", subject: ") : "",
                     i->subject ? i->subject : "",
                     i->text ? IN(lang, " ; motif : ", "; reason: ") : "", i->text ? i->text : "");
    add(l, &s);
}

static void erased(struct listing *l, const struct timeline_item *i)
{
    struct bytes s = {0};
    enum language lang = l->language;
    l->done = l->done && words_exhibit(i->n, lang, &s) &&
              bytes_puts(&s, IN(lang, "\u00a0: ", ": ")) && words_erased(i, lang, &s);
    add(l, &s);
}

static void waiting(struct listing *l)
{
    struct bytes s = {0};
    if (l->v->waiting == 0)
        return;
    l->done = l->done &&
              bytes_printf(&s,
                           IN(l->language,
                              "Messages rapprochés de la facture sans certitude, sur lesquels "
                              "personne n'a encore décidé, et qui ne sont pas dans ce dossier : "
                              "%zu.",
                              "Messages matched weakly with the invoice, on which nobody has "
                              "decided yet, and which are not in this file: %zu."),
                           l->v->waiting);
    add(l, &s);
}

bool words_continuity(const struct dossier_view *v, enum language language, struct strings *out)
{
    struct listing l = {v, language, out, true};
    struct bytes s = {0};
    gaps(&l);
    facts(&l);
    for (size_t i = 0; i < v->exhibit_count; i++) {
        const struct timeline_item *item = v->exhibits[i].item;
        if (item->elsewhere || strcmp(item->event, "dismiss") == 0)
            kept_out(&l, item);
        if (item->erased)
            erased(&l, item);
    }
    waiting(&l);
    if (v->service_cut) {
        l.done = l.done && bytes_puts(&s, IN(language,
                                             "La liste est abrégée ici : le journal en contient "
                                             "davantage.",
                                             "The list is shortened here: the log has more."));
        add(&l, &s);
    }
    return l.done;
}
