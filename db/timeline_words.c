/*
 * timeline_words - what people did in a dossier, in French and in English: who, why, to which
 * exhibits
 */
#include <inttypes.h>
#include <string.h>

#include "db/dossier_words.h"
#include "db/timeline.h"
#include "policy/erasure.h"

bool timeline_entered(const struct timeline_item *i, enum language language, struct bytes *out)
{
    const char *account = i->entered_by;
    bool done = true;
    if (i->erased_for)
        done =
            bytes_puts(out, i->erased_for) &&
            (!account || bytes_printf(out, IN(language, " (compte %s)", " (account %s)"), account));
    else if (account)
        done = bytes_printf(out, IN(language, "compte %s", "account %s"), account);
    return done && (!i->seconded_by ||
                    bytes_printf(out, IN(language, ", confirmé par %s", ", confirmed by %s"),
                                 i->seconded_by));
}

/* "3, 7" */
static bool erased_numbers(const struct timeline *t, const struct timeline_item *i, size_t *count,
                           struct bytes *out)
{
    bool done = true;
    for (size_t k = 0; done && k < t->count; k++)
        if (t->items[k].erased_by == i->seq)
            done = bytes_printf(out, "%s%" PRIu64, (*count)++ ? ", " : "", t->items[k].n);
    return done;
}

bool timeline_erasure(const struct timeline *t, const struct timeline_item *i,
                      enum language language, struct bytes *out)
{
    const struct erasure_ground *ground = i->ground ? erasure_ground(i->ground) : NULL;
    struct bytes numbers = {0};
    size_t count = 0;
    if (strcmp(i->event, "erasure") != 0)
        return true;
    bool done = erased_numbers(t, i, &count, &numbers);
    if (done && count)
        done = bytes_printf(out, "%s%s",
                            count == 1 ? IN(language, "pièce n°\u00a0", "exhibit ")
                                       : IN(language, "pièces n°\u00a0", "exhibits "),
                            numbers.data);
    if (done && i->ground)
        done = bytes_printf(out, "%s%s%s", count ? IN(language, " ; ", "; ") : "",
                            IN(language, "motif\u00a0: ", "ground: "),
                            ground ? ground->words[language] : i->ground);
    bytes_free(&numbers);
    return done;
}

const char *timeline_text_name(const struct timeline_item *i, enum language language)
{
    if (strcmp(i->event, "payment") == 0)
        return IN(language, "Référence", "Reference");
    if (i->decides)
        return IN(language, "Motif", "Reason");
    return IN(language, "Texte", "Text");
}
