/*
 * lisezmoi - LISEZMOI.txt of an evidence file: what it says; lisezmoi_commands.c has the commands
 *
 * A claim stands there only when the volume holds what it rests on.
 */
#include "db/lisezmoi.h"

#include <inttypes.h>

#include "db/dossier_words.h"
#include "db/record.h"

struct words {
    const char *document; /* the company */
    const char *volume;   /* k, n */
    const char *records;  /* fingerprint, fingerprint of the export's */
    const char *numbers;  /* entries in the dossier */
    const char *log;      /* size of the checkpoint */
    const char *dates;
    const char *stamp;
    const char *keys;
    const char *not_shown;
    const char *clock;
    const char *undated; /* how many */
    const char *no_checkpoint;
    const char *rest;
    const char *entries;
    const char *dropped, *erased;
};

static const struct words french = {
    .document =
        "Document privé de la société %s, établi par elle. Il n'émane d'aucun tribunal ni d'aucun\n"
        "tiers de confiance.\n\n",
    .volume =
        "Volume %u sur %u : dossier.pdf et index.html sont dans le premier. Décompressez chaque\n"
        "volume dans un répertoire à lui ; chacun se vérifie seul.\n\n",
    .records =
        "CE QUE CE DOSSIER MONTRE\n\n"
        "- Les octets de chaque message (entries/NNN.eml) sont ceux auxquels la fiche de l'entrée\n"
        "  (entries/NNN.json) s'engage par une empreinte.\n"
        "- La société a scellé chaque fiche : signature CAdES (entries/NNN.json.p7s) par le\n"
        "  certificat certs/seal.pem. Le certificat joint n'identifie personne à lui seul :\n"
        "  vérifiez son empreinte SHA-256 auprès de la société, par un autre moyen que ce dossier "
        ":\n"
        "  %s\n"
        "- Une seconde clé scelle l'export entier : META-INF/signature001.p7s signe la liste\n"
        "  META-INF/ASiCManifest001.xml, qui donne l'empreinte de chaque fichier. Certificat\n"
        "  certs/export.pem, à vérifier de même :\n"
        "  %s\n",
    .numbers =
        "- Les entrées du dossier sont numérotées de 1 à %zu sans trou, et chacune contient\n"
        "  l'empreinte de la précédente : en retirer, ajouter ou déplacer une obligerait à refaire "
        "et\n"
        "  à signer de nouveau toutes les suivantes.\n",
    .log =
        "- Chaque entrée est dans le journal de la société, dont log/checkpoint signe l'état à\n"
        "  %" PRIu64 " entrées (log/NNN.proof.json : preuve d'inclusion, RFC 9162). Les points de\n"
        "  contrôle que des relances ont portés à leur destinataire (champ Temoin-Checkpoint), et\n"
        "  ceux des lots datés (batches/), en sont des débuts (log/consistency-*.json) : comparez "
        "à\n"
        "  une relance reçue.\n",
    .dates =
        "- Un tiers atteste que les entrées datées existaient au plus tard à l'heure du jeton\n"
        "  d'horodatage (RFC 3161) de leur lot, batches/NNN.tst. L'enregistrement de preuve (RFC\n"
        "  4998) META-INF/evidencerecordNNN.ers relie les fichiers de l'entrée NNN à ce jeton.\n"
        "  Cette date repose sur le tiers, non sur la société. index.json donne pour chaque\n"
        "  entrée l'intervalle (not_before, not_after).\n",
    .stamp = "- Un tiers a daté l'export entier : META-INF/timestamp001.tst, sur la liste\n"
             "  META-INF/ASiCArchiveManifest.xml.\n",
    .keys = "- Pour chaque message reçu qui porte une signature DKIM, dkim/NNN.txt conserve la clé "
            "que le\n"
            "  DNS donnait à son arrivée, avec la chaîne DNSSEC quand il y en a une ; une clé sans "
            "chaîne\n"
            "  n'a été vue que par le serveur de la société.\n",
    .not_shown = "\nCE QU'IL NE MONTRE PAS\n\n",
    .clock =
        "- Les heures affichées sont celles de l'horloge de la société ; un tiers n'en atteste\n"
        "  que des bornes.\n",
    .undated =
        "- Aucun tiers n'a encore daté %zu entrée(s) : leurs dates sont celles de l'horloge de\n"
        "  la société.\n",
    .no_checkpoint = "- Le journal n'a pas de clé de points de contrôle : rien ne montre ici qu'il "
                     "est unique.\n",
    .rest = "- La société détient les clés : ce dossier seul n'exclut pas qu'elle en ait établi un "
            "autre.\n"
            "- Un message rapproché du dossier sans certitude, et sur lequel personne n'a encore "
            "décidé,\n"
            "  n'y est pas.\n"
            "- Un courrier qui n'a pas été reconnu, ou qui n'est pas passé par le serveur de "
            "messagerie\n"
            "  de la société, n'y est pas.\n"
            "- Les octets archivés sont ceux que montre le protocole milter : la ligne Received "
            "ajoutée\n"
            "  par le serveur de messagerie lui-même n'y est pas.\n"
            "- Le jeton d'un message (Temoin-Token) l'achemine ; il ne prouve pas qui a écrit.\n\n"
            "Chaque entrée a un niveau :\n",
    .entries = "ENTRÉES (heures UTC)\n\n",
    .dropped = " (message trop grand : empreinte et taille seules)",
    .erased = " (effacée : il reste la fiche signée)",
};

static const struct words english = {
    .document =
        "Private document of the company %s, made by itself. It was issued by no court and by no\n"
        "trusted third party.\n\n",
    .volume =
        "Volume %u of %u: dossier.pdf and index.html are in the first. Unpack each volume into a\n"
        "directory of its own; each is checked by itself.\n\n",
    .records =
        "WHAT THIS FILE SHOWS\n\n"
        "- The octets of each message (entries/NNN.eml) are those that the entry's record\n"
        "  (entries/NNN.json) commits to by a hash.\n"
        "- The company sealed each record: CAdES signature (entries/NNN.json.p7s) by the "
        "certificate\n"
        "  certs/seal.pem. The certificate that comes along identifies nobody by itself: check "
        "its\n"
        "  fingerprint with the company, by other means than this file:\n"
        "  %s\n"
        "- A second key seals the export as a whole: META-INF/signature001.p7s signs the list\n"
        "  META-INF/ASiCManifest001.xml, which gives the hash of every file. Certificate\n"
        "  certs/export.pem, to be checked likewise:\n"
        "  %s\n",
    .numbers =
        "- The entries of the dossier are numbered 1 to %zu without a gap, and each holds the "
        "leaf\n"
        "  hash of the one before: to remove, insert or reorder one would mean making and signing\n"
        "  all later ones again.\n",
    .log =
        "- Each entry is in the company's log, whose state at %" PRIu64
        " entries log/checkpoint signs\n"
        "  (log/NNN.proof.json: inclusion proof, RFC 9162). The checkpoints that reminders "
        "carried\n"
        "  to their recipients (field Temoin-Checkpoint), and those of dated batches (batches/),\n"
        "  are beginnings of it (log/consistency-*.json): compare with a reminder that was\n"
        "  received.\n",
    .dates =
        "- A third party attests that the dated entries existed no later than the time of their\n"
        "  batch's timestamp (RFC 3161), batches/NNN.tst. The evidence record (RFC 4998)\n"
        "  META-INF/evidencerecordNNN.ers ties the files of entry NNN to that token. This date\n"
        "  rests on the third party, not on the company. index.json has each entry's interval\n"
        "  (not_before, not_after).\n",
    .stamp =
        "- A third party dated the export as a whole: META-INF/timestamp001.tst, over the list\n"
        "  META-INF/ASiCArchiveManifest.xml.\n",
    .keys =
        "- For each message from outside with a DKIM signature, dkim/NNN.txt keeps the key that "
        "the\n"
        "  DNS gave when it came, with the DNSSEC chain when there is one; a key without a chain "
        "was\n"
        "  seen by the company's server only.\n",
    .not_shown = "\nWHAT IT DOES NOT SHOW\n\n",
    .clock =
        "- The times that are shown are those of the company's clock; a third party attests only\n"
        "  bounds of them.\n",
    .undated = "- No third party has dated %zu of the entries yet: their times are those of the "
               "company's\n"
               "  clock.\n",
    .no_checkpoint =
        "- The log has no key for checkpoints: nothing here shows that there is only one.\n",
    .rest =
        "- The company holds the keys: this file alone does not rule out that it made another "
        "one.\n"
        "- A message that was matched weakly, and on which nobody has decided yet, is not in it.\n"
        "- Mail that was not recognised, or that did not pass through the company's mail server, "
        "is\n"
        "  not in it.\n"
        "- The archived octets are those that the milter protocol shows: the Received line that "
        "the\n"
        "  mail server itself adds is not there.\n"
        "- A message's token (Temoin-Token) routes it; it does not prove who wrote.\n\n"
        "Each entry has a level:\n",
    .entries = "ENTRIES (times in UTC)\n\n",
    .dropped = " (message too large: hash and size only)",
    .erased = " (erased: the signed record remains)",
};

static const char FILES[] =
    "FICHIERS / FILES\n\n"
    "dossier.pdf, index.html   à lire ou imprimer / to read or to print\n"
    "entries/NNN.eml           le message tel qu'archivé / the message as archived\n"
    "entries/NNN.json          la fiche, octets signés / the record, as signed\n"
    "entries/NNN.private.json  sa partie privée / its private part\n"
    "entries/NNN.json.p7s      la signature de la fiche / the record's signature\n"
    "entries/NNNa.*            le message que l'entrée NNN a versé au dossier / the message\n"
    "  that entry NNN put into the dossier\n"
    "dkim/NNN.txt              clés DNS des signatures de NNN.eml, fichier de zone / DNS keys of "
    "its\n"
    "  signatures, a zone file\n"
    "log/                      le journal : point de contrôle, preuves / the log: checkpoint, "
    "proofs\n"
    "batches/                  jetons d'horodatage des lots / timestamps of batches\n"
    "certs/seal.pem            le certificat du sceau / the seal's certificate\n"
    "certs/export.pem          celui de l'export / that of the export\n"
    "certs/tsa.pem             ceux des horodateurs / those of timestamp authorities\n"
    "index.json                la chronologie pour les programmes / the timeline for programs\n"
    "SHA256SUMS                empreintes des fichiers / hashes of the files\n"
    "META-INF/                 listes, signature, preuves (ETSI EN 319 162) / lists, signature,\n"
    "  evidence\n";

static bool levels(enum language language, struct bytes *out)
{
    for (int level = LEVEL_PREPARED; level <= LEVEL_ACKNOWLEDGED; level++)
        if (!bytes_printf(out, "- %s\n", level_words((enum proof_level)level, language)))
            return false;
    return bytes_puts(out, "\n");
}

static bool entries(const struct lisezmoi *l, enum language language, const struct words *w,
                    struct bytes *out)
{
    bool done = bytes_puts(out, w->entries);
    for (size_t n = l->first; done && n < l->first + l->count; n++) {
        const struct timeline_item *i = &l->timeline->items[n];
        done = bytes_printf(out, "%0*" PRIu64 "  %s  %s%s%s\n", (int)l->digits, i->n, i->time,
                            timeline_words(i, language), i->dropped ? w->dropped : "",
                            i->erased ? w->erased : "");
    }
    return done && bytes_puts(out, "\n");
}

/* The formats are ours, one of each kind in both languages. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static bool records(const struct lisezmoi *l, const struct words *w, struct bytes *out)
{
    struct bytes seal = {0}, export = {0};
    bool done = words_fingerprint(l->fingerprint, &seal) &&
                words_fingerprint(l->export_fingerprint, &export) &&
                bytes_printf(out, w->records, seal.data, export.data);
    bytes_free(&seal);
    bytes_free(&export);
    return done;
}

static bool shown(const struct lisezmoi *l, const struct words *w, struct bytes *out)
{
    return bytes_printf(out, w->document, l->company) &&
           (l->volumes == 1 || bytes_printf(out, w->volume, l->volume, l->volumes)) &&
           records(l, w, out) && bytes_printf(out, w->numbers, l->timeline->count) &&
           (!l->checkpoint_size || bytes_printf(out, w->log, l->checkpoint_size)) &&
           (!l->token_count || bytes_puts(out, w->dates)) &&
           (!l->stamped || bytes_puts(out, w->stamp)) && (!l->has_keys || bytes_puts(out, w->keys));
}

static bool not_shown(const struct lisezmoi *l, const struct words *w, struct bytes *out)
{
    return bytes_puts(out, w->not_shown) && bytes_puts(out, w->clock) &&
           (!l->undated || bytes_printf(out, w->undated, l->undated)) &&
           (l->checkpoint_size || bytes_puts(out, w->no_checkpoint)) && bytes_puts(out, w->rest);
}

#pragma GCC diagnostic pop

static bool part(const struct lisezmoi *l, enum language language, struct bytes *out)
{
    const struct words *w = language == LANGUAGE_FR ? &french : &english;
    return shown(l, w, out) && not_shown(l, w, out) && levels(language, out) &&
           entries(l, language, w, out);
}

bool lisezmoi_write(const struct lisezmoi *l, struct bytes *out)
{
    char time[RECORD_TIME];
    const char *invoice = l->timeline->invoice;
    record_time(l->exported, time);
    return bytes_printf(out, "FACTURE %s : DOSSIER DE PREUVE\n", invoice) &&
           bytes_printf(out, "Exporté le %s, journal %s. English text below.\n\n", time,
                        l->origin) &&
           part(l, LANGUAGE_FR, out) &&
           bytes_printf(out, "INVOICE %s: EVIDENCE FILE\nExported at %s, log %s.\n\n", invoice,
                        time, l->origin) &&
           part(l, LANGUAGE_EN, out) && lisezmoi_commands(l, out) && bytes_puts(out, FILES);
}
