/*
 * dossier_words - dates, amounts and short phrases, in French and in English
 */
#include "db/dossier_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "policy/erasure.h"
#include "policy/money.h"

#define NBSP "\u00a0"  /* no-break space */
#define NNBSP "\u202f" /* narrow no-break space: between thousands */

/* --- dates -----------------------------------------------------------------------------------*/

static const char *const months[][2] = {
    {"janvier", "January"}, {"février", "February"},  {"mars", "March"},
    {"avril", "April"},     {"mai", "May"},           {"juin", "June"},
    {"juillet", "July"},    {"août", "August"},       {"septembre", "September"},
    {"octobre", "October"}, {"novembre", "November"}, {"décembre", "December"}};

/* Year, month and day of "2026-10-31…". */
static bool day_read(const char *text, unsigned *year, unsigned *month, unsigned *day)
{
    return text && sscanf(text, "%4u-%2u-%2u", year, month, day) == 3 && *month >= 1 &&
           *month <= 12 && *day >= 1 && *day <= 31;
}

bool words_clock(const char *time, enum language language, struct bytes *out)
{
    unsigned y, m, d;
    if (!time || strlen(time) != RECORD_TIME - 1 || !day_read(time, &y, &m, &d))
        return bytes_puts(out, IN(language, "date inconnue", "time unknown"));
    const char *clock = time + strlen("2026-11-21T");
    return language == LANGUAGE_FR ? bytes_printf(out, "%02u/%02u/%04u %.8s", d, m, y, clock)
                                   : bytes_printf(out, "%04u-%02u-%02u %.8s", y, m, d, clock);
}

bool words_time(const char *time, enum language language, struct bytes *out)
{
    unsigned y, m, d;
    bool known = time && strlen(time) == RECORD_TIME - 1 && day_read(time, &y, &m, &d);
    return words_clock(time, language, out) && (!known || bytes_puts(out, NBSP "UTC"));
}

bool words_instant(int64_t seconds, enum language language, struct bytes *out)
{
    char time[RECORD_TIME];
    record_time(seconds, time);
    return words_time(time, language, out);
}

bool words_day(const char *day, enum language language, struct bytes *out)
{
    unsigned y, m, d;
    if (!day_read(day, &y, &m, &d))
        return bytes_puts(out, day && *day ? day : IN(language, "non connue", "not known"));
    const char *first = language == LANGUAGE_FR && d == 1 ? "er" : "";
    return bytes_printf(out, "%u%s" NBSP "%s" NBSP "%u", d, first, months[m - 1][language], y);
}

/* --- numbers ---------------------------------------------------------------------------------*/

/* Digits in groups of three. */
static bool grouped(const char *digits, size_t len, const char *between, struct bytes *out)
{
    bool done = true;
    for (size_t i = 0; done && i < len; i++)
        done = bytes_puts(out, i && (len - i) % 3 == 0 ? between : "") &&
               bytes_append(out, digits + i, 1);
    return done;
}

bool words_money(int64_t amount, const char *currency, enum language language, struct bytes *out)
{
    char plain[MONEY_CHARS];
    const char *code = currency ? currency : "EUR";
    money_format(amount, code, plain);
    bool euro = strcmp(code, "EUR") == 0, french = language == LANGUAGE_FR;
    bool minus = plain[0] == '-';
    const char *digits = plain + minus;
    size_t whole = strcspn(digits, ".");
    const char *cents = digits[whole] ? digits + whole + 1 : NULL;
    bool done = bytes_puts(out, minus ? "−" : "");
    if (done && !french)
        done = euro ? bytes_puts(out, "€") : bytes_printf(out, "%s" NBSP, code);
    done = done && grouped(digits, whole, french ? NNBSP : ",", out);
    if (done && cents)
        done = bytes_printf(out, "%s%s", french ? "," : ".", cents);
    if (done && french)
        done = bytes_printf(out, NBSP "%s", euro ? "€" : code);
    return done;
}

bool words_duration(int64_t s, enum language language, struct bytes *out)
{
    if (s < 60)
        return bytes_printf(out, "%" PRId64 NBSP "s", s);
    if (s < 3600)
        return bytes_printf(out, "%" PRId64 NBSP "min" NBSP "%02" PRId64 NBSP "s", s / 60, s % 60);
    if (s < 86400)
        return bytes_printf(out, "%" PRId64 NBSP "h" NBSP "%02" PRId64 NBSP "min", s / 3600,
                            s % 3600 / 60);
    return bytes_printf(out, "%" PRId64 NBSP "%s" NBSP "%02" PRId64 NBSP "h", s / 86400,
                        IN(language, "j", "d"), s % 86400 / 3600);
}

bool words_size(uint64_t octets, enum language language, struct bytes *out)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, octets);
    return grouped(digits, (size_t)len, IN(language, NNBSP, ","), out) &&
           bytes_puts(out, IN(language, NBSP "octets", NBSP "octets"));
}

bool words_fingerprint(const char *hex, struct bytes *out)
{
    bool done = true;
    for (size_t i = 0; done && hex[i]; i++) {
        char digit = hex[i] >= 'a' && hex[i] <= 'f' ? (char)(hex[i] - 'a' + 'A') : hex[i];
        done = bytes_puts(out, i && i % 2 == 0 ? ":" : "") && bytes_append(out, &digit, 1);
    }
    return done;
}

/* --- exhibits --------------------------------------------------------------------------------*/

bool words_exhibit(uint64_t n, enum language language, struct bytes *out)
{
    return bytes_printf(out, "%s" NBSP "%" PRIu64, IN(language, "Pièce" NBSP "n°", "Exhibit"), n);
}

bool words_bounds(const struct view_bounds *b, bool zone, enum language language, struct bytes *out)
{
    bool (*const put)(const char *, enum language, struct bytes *) =
        zone ? words_time : words_clock;
    bool after = b->not_before[0], before = b->not_after[0];
    if (!after && !before)
        return bytes_puts(
            out, IN(language, "pas encore datée par un tiers", "not yet dated by a third party"));
    if (after && before)
        return bytes_puts(out, IN(language, "entre le ", "between ")) &&
               put(b->not_before, language, out) &&
               bytes_puts(out, IN(language, " et le ", " and ")) &&
               put(b->not_after, language, out);
    return bytes_puts(out, after ? IN(language, "après le ", "after ")
                                 : IN(language, "avant le ", "before ")) &&
           put(after ? b->not_before : b->not_after, language, out);
}

bool words_row_name(const struct reading_row *row, struct bytes *out)
{
    char first =
        *row->name >= 'a' && *row->name <= 'z' ? (char)(*row->name - 'a' + 'A') : *row->name;
    return !first || (bytes_append(out, &first, 1) && bytes_puts(out, row->name + 1));
}

const char *words_level(enum proof_level level, enum language language)
{
    static const char *const words[][2] = {{"", ""},
                                           {"préparé", "prepared"},
                                           {"remis au serveur", "handed over"},
                                           {"rapporté", "reported"},
                                           {"reconnu", "acknowledged"}};
    return words[level][language];
}

const char *words_status(enum invoice_status status, enum language language)
{
    switch (status) {
    case INVOICE_PAID:
        return IN(language, "soldée", "settled");
    case INVOICE_CREDITED:
        return IN(language, "annulée par un avoir", "credited");
    case INVOICE_OPEN:
        break;
    }
    return IN(language, "non soldée", "not settled");
}

bool words_edit(const struct edit *e, enum language language, struct bytes *out)
{
    const char *value = e->value ? e->value + strspn(e->value, " ") : "";
    const char *name = e->name ? e->name : "";
    switch (e->kind) {
    case EDIT_ENVELOPE_SENDER:
        return bytes_printf(
            out, "%s <%s>%s%s",
            IN(language, "expéditeur d'enveloppe remplacé :", "envelope sender replaced:"), value,
            e->arguments ? " " : "", e->arguments ? e->arguments : "");
    case EDIT_ADD:
        return bytes_printf(out, "%s %s: %s", IN(language, "champ ajouté :", "field added:"), name,
                            value);
    case EDIT_CHANGE:
        return bytes_printf(out, "%s %s: %s", IN(language, "champ modifié :", "field changed:"),
                            name, value);
    case EDIT_DELETE:
        return bytes_printf(out, "%s %s", IN(language, "champ retiré :", "field removed:"), name);
    case EDIT_REMOVE_RECIPIENT:
        return bytes_printf(out, "%s <%s>",
                            IN(language, "destinataire retiré :", "recipient removed:"), value);
    case EDIT_ADD_RECIPIENT:
        return bytes_printf(out, "%s <%s>",
                            IN(language, "destinataire ajouté :", "recipient added:"), value);
    }
    return true;
}

bool words_erased(const struct timeline_item *i, enum language language, struct bytes *out)
{
    const struct erasure_ground *ground =
        i->erased_ground ? erasure_ground(i->erased_ground) : NULL;
    if (!i->erased_by)
        return bytes_puts(out, IN(language,
                                  "La partie privée manque, et aucune entrée du journal ne dit "
                                  "qu'elle a été effacée.",
                                  "The private part is missing, and no entry of the log says that "
                                  "it was erased."));
    return bytes_puts(out, IN(language, "Effacé le ", "Erased on ")) &&
           words_time(i->erased_at, language, out) &&
           bytes_printf(out,
                        IN(language, ", par l'entrée %" PRIu64 " du journal ; motif\u00a0: %s. ",
                           ", by entry %" PRIu64 " of the log; ground: %s. "),
                        i->erased_by,
                        ground             ? ground->words[language]
                        : i->erased_ground ? i->erased_ground
                                           : IN(language, "inconnu", "unknown")) &&
           bytes_puts(out, IN(language,
                              "La partie privée et le message ne sont plus conservés ; la fiche "
                              "signée reste, à sa place dans la numérotation.",
                              "The private part and the message are no longer kept; the signed "
                              "record remains, in its place in the numbering."));
}

/* --- the service -----------------------------------------------------------------------------*/

bool words_gap(const struct view_gap *g, enum language language, struct bytes *out)
{
    bool done =
        bytes_puts(out, g->announced
                            ? IN(language, "Service arrêté du ", "Service stopped from ")
                            : IN(language, "Service interrompu sans arrêt consigné, après le ",
                                 "The service broke off without a recorded stop, after ")) &&
        words_instant(g->from, language, out);
    if (done && g->to < 0)
        return bytes_puts(out, IN(language, " jusqu'à l'export", " until the export"));
    return done &&
           bytes_puts(out, g->announced ? IN(language, " au ", " to ")
                                        : IN(language, " ; reparti le ", "; back at ")) &&
           words_instant(g->to, language, out) && bytes_puts(out, " (") &&
           (g->announced || bytes_puts(out, IN(language, "au plus ", "at most "))) &&
           words_duration(g->to - g->from, language, out) && bytes_puts(out, ")");
}

const char *words_service(const char *event, enum language language)
{
    static const struct {
        const char *event;
        const char *words[2];
    } known[] = {
        {"clock", {"horloge de la société", "the company's clock"}},
        {"configuration", {"configuration relue", "configuration read again"}},
        {"restore", {"restauration d'une sauvegarde", "restored from a backup"}},
        {"key", {"clé du service créée ou remplacée", "key of the service made or replaced"}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].event, event) == 0)
            return known[i].words[language];
    return event;
}

bool words_outcome(const struct timeline_outcome *o, enum language language, struct bytes *out)
{
    const char *words =
        strcmp(o->item->event, "handed-over") == 0
            ? IN(language, "remis au serveur distant", "handed over to the remote server")
            : timeline_words(o->item, language);
    return bytes_printf(out, "%s%s%s (", o->to, IN(language, "\u00a0: ", ": "), words) &&
           words_exhibit(o->item->n, language, out) && bytes_puts(out, ")");
}
