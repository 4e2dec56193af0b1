/*
 * reply_text_notices - what programs put into a person's mail: banners, disclaimers, footers
 */
#include "policy/reply_text_notices.h"

#include <string.h>

enum { SHORT_NOTICE = 160, BANNER_LINES = 12 };

/* --- mobile clients --------------------------------------------------------------------------*/

static const char *const *const sent_from_my = PHRASES(
    "envoye de mon ", "envoye depuis mon ", "envoye a partir de mon ", "envoye avec mon ",
    "envoye depuis ma ", "envoye de ma ", "sent from my ", "sent from mobile", "von meinem ",
    "von meiner ", "gesendet von meinem", "enviado desde mi ", "enviado de meu ", "enviado do meu ",
    "enviado a partir do meu", "inviato dal mio ", "inviata dal mio", "verzonden vanaf mijn ",
    "verstuurd vanaf mijn ", "telecharger outlook pour", "telechargez outlook pour",
    "obtenez outlook pour", "obtenir outlook pour", "get outlook for", "download outlook for",
    "outlook fur ", "holen sie sich outlook", "obtener outlook para", "obten outlook para",
    "descargar outlook para", "scarica outlook per", "ottieni outlook per", "outlook voor ",
    "download outlook voor", "obter o outlook", "obtenha o outlook", "provenance: courri",
    "yahoo mail:", "yahoo mail for", "message envoye depuis mon", "courriel envoye depuis mon",
    "mail envoye depuis mon", "e-mail envoye depuis mon", "envoye de l'iphone", "sent by my ",
    "typed on my ", "sent on the go", "skickat fran min", "sendt fra min", "wyslano z ");
static const char *const *const sent_from = PHRASES(
    "envoye depuis ", "envoye avec ", "envoye de ", "envoye a partir d", "envoye via ",
    "envoye par ", "envoye a l'aide de", "sent from ", "sent with ", "sent via ", "sent using ",
    "gesendet mit ", "gesendet von ", "enviado desde ", "enviado con ", "enviado via ",
    "enviado com ", "inviato da ", "inviato con ", "inviata da", "verzonden vanaf ",
    "verzonden met ", "verstuurd vanaf ", "verstuurd met ", "message envoye ", "courriel envoye ",
    "mail envoye ", "e-mail envoye ", "this message was sent from");
static const char *const *const devices =
    PHRASES("iphone", "ipad", "android", "galaxy", "samsung", "huawei", "xiaomi", "smartphone",
            "telephone mobile", "appareil", "outlook", "yahoo", "gmail", "blackberry", "windows",
            "mobile", "application", "proton", "tutanota", "bluemail", "mailspring", "spark",
            "sfr mail", "free mobile", "laposte", "la poste", "k-9", "tablette", "handy",
            "dispositivo", "mail.ru", "aqua mail", "thunderbird", "apple mail", "zimbra",
            "orange mail", "edison", "webmail", "hotmail", "superhuman", "missive", "nokia",
            "pixel", "gmx", "web.de", "telefon", "mail app", "app mail", "fairemail", "redmi",
            "smartfon", "cellulare", "movil", "celular", "courrier pour", "mail pour", "mail for");

static bool is_mobile(const char *key)
{
    size_t skip = strspn(key, "[(<-_> ");
    key += skip;
    if (strlen(key) > SHORT_NOTICE)
        return false;
    if (key_begins(key, sent_from_my))
        return true;
    return key_begins(key, sent_from) && key_has(key, devices) && key_words(key) <= 12;
}

/* --- programs that check mail ----------------------------------------------------------------*/

static const char *const *const checked = PHRASES(
    "garanti sans virus", "sans virus.", "cet e-mail a ete verifie", "cet email a ete verifie",
    "ce message a ete verifie", "ce mail a ete verifie", "ce courriel a ete verifie",
    "ce courrier electronique a ete verifie", "l'absence de virus", "aucun virus trouve",
    "aucun virus n'a ete", "virus-free", "virus free", "no virus found", "no viruses found",
    "this email has been checked", "this e-mail has been checked", "this email has been scanned",
    "this e-mail has been scanned", "this message has been scanned",
    "ce courrier electronique ne contient aucun virus", "cet e-mail ne contient aucun virus",
    "ce message a ete analyse", "ce mail a ete analyse", "analyse effectuee par",
    "analyse antivirus", "diese e-mail wurde von avast", "diese e-mail wurde auf viren",
    "virenfrei", "libre de virus", "este correo electronico ha sido comprobado",
    "el software de antivirus avast", "questa e-mail e stata controllata", "mail priva di virus",
    "privo di virus", "virusvrij", "deze e-mail is gecontroleerd", "scanned by", "checked by avg",
    "verifie par avg", "mail scanne par", "livre de virus", "sem virus", "este email foi escaneado",
    "database virale", "base de donnees virale", "version: 20", "spam detection by");

static const char *const *const links = PHRASES("http://", "https://", "www.", "#");

static const char *const *const checkers =
    PHRASES("virus", "viren", "avast", "avg", "norton", "mcafee", "eset", "kaspersky", "scanner",
            "malveillant", "malware", "spam", "trend micro", "bitdefender", "sophos", "viral");

/* A line that is a link, a picture's name or Gmail's "#DAB4FAD8-…" and nothing else. */
static bool is_bare_link(const char *key)
{
    size_t skip = strspn(key, "<[( ");
    return key_begins(key + skip, links) && !strchr(key + skip, ' ');
}

static const char *const *const pictures = PHRASES(
    "[cid:", "[image:", "[inline image", "[image ]", "<image", "[logo", "[photo", "[signature",
    "[banniere", "[banner", "[icon", "[facebook", "[linkedin", "[twitter", "[data:image", "[~wrd",
    "[http", "[une image contenant", "[a picture containing", "[description:");

static bool is_picture(const char *key)
{
    size_t len = strlen(key);
    return key_begins(key, pictures) && (key[len - 1] == ']' || key[len - 1] == '>');
}

/* --- legal notices and footers ---------------------------------------------------------------*/

static const char *const *const legal = PHRASES(
    "ce message est confidentiel", "ce courriel est confidentiel", "cet e-mail est confidentiel",
    "cet email est confidentiel", "ce mail est confidentiel", "si vous n'etes pas le destinataire",
    "si vous avez recu ce ", "si vous avez recu cet ", "si vous recevez ce message par erreur",
    "si ce message ne vous est pas", "si cet e-mail ne vous est pas", "avis de confidentialite",
    "confidentialite:", "mention legale", "mentions legales", "clause de confidentialite",
    "note de confidentialite", "message confidentiel", "toute utilisation de ce message",
    "toute diffusion", "pensez a l'environnement", "pensez environnement",
    "merci de penser a l'environnement", "avant d'imprimer", "n'imprimez ce", "n'imprimez que",
    "ayez le reflexe", "preservons l'environnement", "protegeons l'environnement", "adoptez l'eco",
    "afin de contribuer au respect de l'environnement", "l'integrite de ce message",
    "internet ne permettant pas", "l'internet ne permettant pas", "this email and any",
    "this e-mail and any", "this email is confidential", "this e-mail is confidential",
    "this message is confidential", "confidentiality notice",
    "confidentiality:", "confidential:", "disclaimer", "legal notice", "legal disclaimer",
    "if you are not the intended", "if you have received this", "if you received this",
    "please consider the environment", "consider the environment", "think before you print",
    "think before printing", "please think of the environment", "please don't print",
    "bitte denken sie an die umwelt", "denken sie an die umwelt", "bitte prufen sie, ob",
    "si usted no es el destinatario", "antes de imprimir", "por favor, piense en el medio",
    "prima di stampare", "se avete ricevuto", "denk aan het milieu", "aviso legal",
    "aviso de confidencialidad", "aviso de confidencialidade", "avviso di riservatezza",
    "haftungsausschluss", "vertraulichkeitshinweis", "conformement au rgpd",
    "nous traitons vos donnees", "any views or opinions", "le present message ne saurait");

/* Words of a person, too, unless one of the others is in the line. */
static const char *const *const perhaps_legal = PHRASES(
    "les informations contenues", "l'information contenue", "les donnees contenues",
    "le contenu de ce", "the content of", "ai sensi del", "le informazioni contenute",
    "der inhalt dieser", "de informatie in", "de inhoud van", "as informacoes contidas",
    "ce message", "ce courriel", "ce mail", "cet e-mail", "cet email", "ce courrier electronique",
    "le present message", "le present courriel", "le present e-mail", "attention:", "avertissement",
    "important:", "this email", "this e-mail", "this message", "this electronic",
    "this communication", "this transmission", "the information", "the contents",
    "note:", "diese e-mail", "diese nachricht", "diese mail", "este mensaje", "este correo",
    "este e-mail", "este email", "esta mensagem", "questo messaggio", "questa e-mail",
    "questa mail", "il presente messaggio", "la presente e-mail", "dit bericht", "deze e-mail",
    "deze mail", "il contenuto di quest", "la informacion contenida", "the sender");
static const char *const *const legal_words =
    PHRASES("confidenti", "intended recipient", "intended solely", "intended only", "privileged",
            "exclusi", "vertraulich", "riservat", "confidencial", "vertrouwelijk", "uitsluitend",
            "ausschliesslich", "solely for", "secret professionnel", "destine uniquement",
            "destines uniquement", "uniquement destine", "protected by law");

/* Two of these, and nobody who says "I". */
static const char *const *const legal_hints =
    PHRASES("destinataire", "destine", "strictement", "par erreur", "in error", "recipient",
            "addressee", "adressat", "empfanger", "destinatari", "intended", "detrui", "supprim",
            "divulg", "diffus", "delete", "copie", "disclos", "bestimmt");
static const char *const *const first_person =
    PHRASES(" m'a ", " m'est ", "j'ai ", " je ", " mon ", " nous a ", " nous est ", " notre ",
            " me ", " i ", " my ", " our ", " us ", " was sent to ", " ich ", " mich ");

static const char *const *const footers = PHRASES(
    "you received this message because", "you are receiving this", "vous recevez ce message car",
    "vous recevez ce message parce", "vous recevez cet e-mail car", "vous recevez cet e-mail parce",
    "vous avez recu ce message car", "vous avez recu ce message parce", "vous recevez ce mail car",
    "vous recevez ce mail parce", "vous recevez ce courriel car", "pour vous desabonner",
    "pour vous desinscrire", "pour se desabonner", "pour se desinscrire", "to unsubscribe",
    "unsubscribe from", "unsubscribe:", "pour ne plus recevoir", "to stop receiving",
    "to view this discussion", "pour afficher cette discussion", "pour obtenir davantage d'options",
    "for more options, visit", "manage your subscription", "gerer vos preferences",
    "sie erhalten diese nachricht, weil", "sie haben diese nachricht erhalten",
    "um sich abzumelden", "um sich von", "has recibido este mensaje porque",
    "para cancelar la suscripcion", "hai ricevuto questo messaggio perche",
    "per annullare l'iscrizione", "liste de diffusion ", "je ontvangt dit bericht omdat",
    "se desabonner", "se desinscrire");

static bool is_legal(const struct reply_line *line)
{
    const char *key = line->key;
    size_t skip = strspn(key, "#-_=>[( \"!.");
    key += skip;
    if (key_begins(key, legal))
        return true;
    if (!key_begins(key, perhaps_legal) || key_words(key) < 6 || key_has(key, first_person))
        return false;
    size_t hints = 0;
    for (const char *const *hint = legal_hints; *hint; hint++)
        hints += strstr(key, *hint) != NULL;
    return hints >= 2 || key_has(key, legal_words);
}

static bool is_footer(const char *key)
{
    const char *list = strstr(key, " mailing list");
    return key_begins(key, footers) || (list && key_words(key) <= 5 && list[13] == '\0');
}

enum notice notice_at(const struct reply_line *line)
{
    if (line->empty)
        return NOTICE_NONE;
    if (is_mobile(line->key) || is_picture(line->key))
        return NOTICE_LINE;
    if (key_begins(line->key + strspn(line->key, "[( -"), checked) &&
        key_has(line->key, checkers) && key_words(line->key) <= 30)
        return NOTICE_LINE;
    return is_legal(line) || is_footer(line->key) ? NOTICE_TAIL : NOTICE_NONE;
}

/* --- banners ---------------------------------------------------------------------------------*/

static const char *const *const tags = PHRASES(
    "[external]", "[externe]", "[ext]", "[external email]", "[external sender]", "[externo]",
    "[esterno]", "[extern]", "[mail externe]", "[email externe]", "[courriel externe]",
    "[expediteur externe]", "[message externe]", "[externer absender]", "[externe e-mail]",
    "[source externe]", "[external mail]", "[external message]", "(external)", "(externe)");
static const char *const *const warnings = PHRASES(
    "[", "attention", "caution", "warning", "avertissement", "mise en garde", "alerte", "achtung",
    "avviso", "atencion", "attenzione", "let op", "external", "externe", "message externe",
    "courriel externe", "mail externe", "email externe", "e-mail externe", "expediteur externe",
    "ce courriel", "ce message", "ce mail", "cet e-mail", "cet email", "ce courrier", "this email",
    "this e-mail", "this message", "this mail", "be careful", "soyez prudent", "prudence",
    "diese e-mail", "diese nachricht", "este correo", "questo messaggio", "questa e-mail",
    "questa mail", "deze e-mail", "dit bericht", "-", "=", "!", "⚠", "🛑", "🚨", "vigilance",
    "important", "security", "securite", "use caution", "l'expediteur de ce", "the sender of this",
    "vous ne recevez pas souvent", "vous n'obtenez pas souvent", "you don't often get",
    "sie erhalten nicht oft", "sie erhalten nicht haufig", "no suele recibir",
    "non si ricevono spesso", "some people who received", "certaines personnes qui ont recu");
static const char *const *const outside =
    PHRASES("externe", "external", "exterieur", "outside", "extern", "esterno", "externo",
            "ausserhalb", "fuera de", "buiten", "hors de ", "exterior", "esterna", "externa",
            "expediteur inconnu", "unknown sender");
static const char *const *const mails =
    PHRASES("mail", "message", "courriel", "courrier", "expediteur", "sender", "origin",
            "nachricht", "absender", "correo", "mensaje", "messaggio", "bericht", "source");
static const char *const *const seldom =
    PHRASES("vous ne recevez pas souvent", "vous n'obtenez pas souvent", "you don't often get",
            "sie erhalten nicht oft", "sie erhalten nicht haufig", "no suele recibir",
            "non si ricevono spesso", "some people who received this",
            "certaines personnes qui ont recu ce");
static const char *const *const advice = PHRASES(
    "ne cliquez", "do not click", "don't click", "n'ouvrez", "do not open", "sauf si vous",
    "unless you", "know the content is safe", "soyez vigilant", "soyez prudent", "be cautious",
    "exercise caution", "avant de cliquer", "before clicking", "before opening", "verifiez l'exped",
    "recognize the sender", "recognise the sender", "contenu est sur", "contenu est fiable",
    "de cliquer sur", "d'ouvrir les pieces", "clicking links", "opening attachments",
    "links or open", "links or attachments", "liens ou", "reconnaissez l'exp", "decouvrez pourquoi",
    "learn why this", "pourquoi cela est important", "klicken sie", "offnen sie keine",
    "keine links", "no haga clic", "non fare clic", "non cliccare", "klik niet",
    "report suspicious", "signalez tout", "suspicious", "suspect");

static const char *const *const shouts =
    PHRASES("external", "externe", "caution", "warning", "attention", "avertissement", "achtung");

/* What a long sentence of a banner says, and a person who warns of something does not. */
static const char *const *const origins =
    PHRASES("provien", "provenan", "origin", "vient d", "venant", "from outside", "outside of",
            "outside your", "outside the", "from an external", "de l'ext", "exterieur a",
            "exterieur de", "hors de", "emis", "sent by", "sent from", "organi", "kommt von",
            "stammt von", "wurde von", "fuera de", "buiten", "all'esterno", "dall'esterno");

/* A banner's own line; `started`: one stood above. */
static bool is_banner(const struct reply_line *line, bool started)
{
    const char *key = line->key;
    if (key_is(key, tags) || key_begins(key, seldom))
        return true;
    if (started && (key_has(key, advice) || key_begins(key, seldom)))
        return true;
    if (!key_begins(key, warnings))
        return false;
    if (key_has(key, outside) && key_has(key, mails))
        return key_words(key) <= 7 || key_has(key, origins) || key_has(key, advice);
    key += strspn(key, "-=!#[_ ");
    size_t len = key_begins(key, shouts);
    return len && key[len + strspn(key + len, "-=!#]_ :.")] == '\0';
}

/* A single word of warning is a banner only when more of one follows. */
static bool is_lone_word(const struct reply_line *line)
{
    return key_words(line->key) <= 2 && !key_is(line->key, tags) && !key_has(line->key, outside);
}

static void mark_banner(struct reply_lines *l, size_t begin, size_t end)
{
    bool started = false, sure = false;
    size_t last = begin, i = begin;
    for (size_t seen = 0; i < end && seen < BANNER_LINES; i++) {
        const struct reply_line *line = &l->items[i];
        if (line->empty || reply_line_is_rule(line, 3))
            continue;
        if (!is_banner(line, started))
            break;
        started = true;
        sure = sure || !is_lone_word(line);
        seen++;
        last = i + 1;
    }
    for (i = begin; sure && i < last; i++)
        l->items[i].form = FORM_NOTICE;
    size_t next = reply_lines_next(l, sure ? last : begin);
    if (sure && next < end && reply_line_is_rule(&l->items[next], 3)) {
        l->items[next].form = FORM_NOTICE;
        next = reply_lines_next(l, next + 1);
    }
    size_t tag = next < end ? key_begins(l->items[next].key, tags) : 0;
    struct reply_line *line = tag ? &l->items[next] : NULL;
    if (line && line->len > tag && line->text[tag] == ' ') {
        line->text += tag + 1;
        line->len -= tag + 1;
        line->key += tag + (line->key[tag] == ' ');
    }
}

/* --- encoded things --------------------------------------------------------------------------*/

/* "begin 644 name": what follows is a file, up to "end". */
static bool is_uu_begin(const struct reply_line *line)
{
    if (line->len < 12 || memcmp(line->text, "begin ", 6) != 0)
        return false;
    size_t digits = 0;
    while (6 + digits < line->len && line->text[6 + digits] >= '0' && line->text[6 + digits] <= '7')
        digits++;
    return (digits == 3 || digits == 4) && line->text[6 + digits] == ' ';
}

/* A line of it: its first octet counts the octets that the others stand for. */
static bool is_uu_line(const struct reply_line *line)
{
    if (line->len == 0)
        return false;
    unsigned octets = ((unsigned char)line->text[0] - 32u) & 63u;
    if (line->text[0] < 32 || line->text[0] > 96)
        return false;
    size_t full = 1 + (octets + 2) / 3 * 4;
    for (size_t i = 1; i < line->len; i++)
        if (line->text[i] < 32 || line->text[i] > 96)
            return false;
    /* Blanks at the end may have been lost, or a check octet been added. */
    return line->len <= full + 1 && (octets == 0 || line->len + 8 > full);
}

static size_t uu_end(const struct reply_lines *l, size_t begin, size_t end)
{
    size_t i = begin + 1;
    while (i < end && is_uu_line(&l->items[i]))
        i++;
    if (i == begin + 1)
        return begin;
    while (i < end && (l->items[i].empty || strcmp(l->items[i].key, "end") == 0)) {
        if (!l->items[i++].empty)
            break;
    }
    return i;
}

/* The header of clear-signed text, or a whole block of armour. */
static size_t armour_end(const struct reply_lines *l, size_t begin, size_t end)
{
    const char *key = l->items[begin].key;
    if (strncmp(key, "-----begin pgp signed message", 29) == 0) {
        size_t i = begin + 1;
        while (i < end && !l->items[i].empty)
            i++;
        return i;
    }
    if (strncmp(key, "-----begin pgp ", 15) != 0)
        return begin;
    for (size_t i = begin; i < end; i++)
        if (strncmp(l->items[i].key, "-----end pgp ", 13) == 0)
            return i + 1;
    return end;
}

/* --- all of them -----------------------------------------------------------------------------*/

static void mark_range(struct reply_lines *l, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        l->items[i].form = FORM_NOTICE;
}

/* Links and drawn lines beside a notice belong to it. */
static void mark_beside(struct reply_lines *l, size_t begin, size_t end)
{
    for (size_t i = begin; i + 1 < end; i++)
        if (l->items[i].form == FORM_NOTICE && is_bare_link(l->items[i + 1].key))
            l->items[i + 1].form = FORM_NOTICE;
    for (size_t i = end; i-- > begin + 1;)
        if (l->items[i].form == FORM_NOTICE && !l->items[i - 1].empty &&
            (is_bare_link(l->items[i - 1].key) || reply_line_is_rule(&l->items[i - 1], 3)))
            l->items[i - 1].form = FORM_NOTICE;
}

/* Until the empty line below. */
static size_t paragraph_end(const struct reply_lines *l, size_t at, size_t end)
{
    while (at < end && !l->items[at].empty)
        at++;
    return at;
}

void notices_mark(struct reply_lines *l, size_t begin, size_t end, bool top)
{
    bool words = false;
    if (top)
        mark_banner(l, begin, end);
    for (size_t i = begin; i < end; i++) {
        struct reply_line *line = &l->items[i];
        if (line->empty || line->form == FORM_NOTICE)
            continue;
        size_t encoded = is_uu_begin(line) ? uu_end(l, i, end) : armour_end(l, i, end);
        enum notice notice = encoded > i ? NOTICE_NONE : notice_at(line);
        if (notice == NOTICE_LINE)
            line->form = FORM_NOTICE;
        else if (notice == NOTICE_TAIL)
            encoded = words ? end : paragraph_end(l, i, end);
        else if (encoded == i)
            words = words || !reply_line_is_rule(line, 1);
        if (encoded > i) {
            mark_range(l, i, encoded);
            i = encoded - 1;
        }
    }
    mark_beside(l, begin, end);
}
