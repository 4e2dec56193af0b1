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

/* "set forward by 1 min 01 s" */
static bool step_words(int64_t step_us, enum language lang, struct bytes *s)
{
    const int64_t ms = (step_us < 0 ? -step_us : step_us) / 1000;
    return bytes_puts(s, step_us > 0 ? IN(lang, ", avancée de ", ", set forward by ")
                                     : IN(lang, ", reculée de ", ", set back by ")) &&
           (ms < 1000 ? bytes_printf(s, "%" PRId64 "\u00a0ms", ms)
                      : words_duration(ms / 1000, lang, s));
}

/* "synchronised, offset 120 µs, error at most 4 ms", after the step when there was one. */
static bool clock_words(const struct view_clock *c, enum language lang, struct bytes *s)
{
    if (c->step_us && !step_words(c->step_us, lang, s))
        return false;
    if (!c->told)
        return bytes_puts(
            s, IN(lang, ", état non communiqué par le système", ", state not told by the system"));
    return bytes_puts(s, c->synchronised ? IN(lang, ", synchronisée", ", synchronised")
                                         : IN(lang, ", non synchronisée", ", not synchronised")) &&
           bytes_printf(
               s,
               IN(lang, ", écart estimé %" PRId64 "\u00a0µs, erreur d'au plus %" PRId64 "\u00a0ms",
                  ", estimated offset %" PRId64 "\u00a0µs, error of at most %" PRId64 "\u00a0ms"),
               c->offset_us, (c->maximum_error_us + 999) / 1000);
}

/* How the clock was kept, as each start of the service notes it. */
static void starts(struct listing *l)
{
    const struct view_starts *t = &l->v->starts;
    struct bytes s = {0};
    if (t->count == 0)
        return;
    l->done =
        l->done &&
        bytes_printf(&s,
                     IN(l->language,
                        "Démarrages du service avec une horloge synchronisée\u00a0: %zu ; non "
                        "synchronisée\u00a0: %zu ; d'état non communiqué par le "
                        "système\u00a0: %zu",
                        "Starts of the service with a synchronised clock: %zu; not "
                        "synchronised: %zu; of a state that the system did not tell: %zu"),
                     t->synchronised, t->loose, t->count - t->synchronised - t->loose) &&
        (!t->maximum_error_us ||
         bytes_printf(&s,
                      IN(l->language,
                         ". Erreur annoncée par le système\u00a0: au plus %" PRId64 "\u00a0ms",
                         ". Error stated by the system: at most %" PRId64 "\u00a0ms"),
                      (t->maximum_error_us + 999) / 1000)) &&
        bytes_puts(&s, ".");
    add(l, &s);
}

static void facts(struct listing *l)
{
    struct bytes s = {0};
    bool clock = false;
    starts(l);
    for (size_t i = 0; i < l->v->fact_count; i++) {
        const struct view_fact *f = &l->v->facts[i];
        clock = clock || strcmp(f->event, "clock") == 0;
        l->done =
            l->done && words_time(f->time, l->language, &s) &&
            bytes_printf(&s, IN(l->language, "\u00a0: %s%s%s", ": %s%s%s"),
                         words_service(f->event, l->language), *f->words ? ", " : "", f->words) &&
            (!f->clock.there || clock_words(&f->clock, l->language, &s)) &&
            bytes_printf(&s,
                         IN(l->language, " (entrée %" PRIu64 " du journal)",
                            " (entry %" PRIu64 " of the log)"),
                         f->seq);
        add(l, &s);
    }
    if (!clock) {
        l->done = l->done &&
                  bytes_puts(&s, IN(l->language,
                                    "Le journal ne contient ni saut d'horloge, ni début ou fin de "
                                    "synchronisation entre la première et la dernière pièce.",
                                    "The log has no step of the clock, and no beginning or end of "
                                    "its synchronisation, between the first and the last "
                                    "exhibit."));
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
    l->done = l->done && words_exhibit(i->n, lang, &s) && bytes_puts(&s, ". ") &&
              words_erased(i, lang, &s);
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
