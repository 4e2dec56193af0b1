/*
 * lisezmoi - LISEZMOI.txt of an evidence file
 *
 * The commands use what a Debian base system has: sh, sed, grep, tr, cut, and of the coreutils
 * sha256sum and basenc; and openssl. They stand in subshells, so that a failure does not close
 * the terminal that they are pasted into.
 */
#include "db/lisezmoi.h"

#include <inttypes.h>
#include <string.h>

#include "db/record.h"

static const char HEAD_FR[] =
    "Document privé de la société %s, établi par elle. Il n'émane d'aucun tribunal ni d'aucun\n"
    "tiers de confiance.\n\n"
    "CE QUE CE DOSSIER MONTRE\n\n"
    "- Les octets de chaque message (entries/NNN.eml) sont ceux auxquels la fiche de l'entrée\n"
    "  (entries/NNN.json) s'engage par une empreinte.\n"
    "- La société a scellé chaque fiche : signature CAdES (entries/NNN.json.p7s) par le\n"
    "  certificat certs/seal.pem. Le certificat joint n'identifie personne à lui seul :\n"
    "  vérifiez son empreinte auprès de la société, par un autre moyen que ce dossier :\n"
    "  SHA-256 %s\n"
    "- Une seconde clé scelle l'export entier : META-INF/signature001.p7s signe la liste\n"
    "  META-INF/ASiCManifest001.xml, qui donne l'empreinte de chaque fichier. Certificat\n"
    "  certs/export.pem, à vérifier de même :\n"
    "  SHA-256 %s\n"
    "- Les entrées du dossier sont numérotées de 1 à %zu sans trou, et chacune contient\n"
    "  l'empreinte de la précédente : en retirer, ajouter ou déplacer une obligerait à refaire et\n"
    "  à signer de nouveau toutes les suivantes.\n\n"
    "CE QU'IL NE MONTRE PAS\n\n"
    "- Les dates sont celles de l'horloge de la société. Aucun tiers ne les atteste dans cette\n"
    "  version du dossier.\n"
    "- La société détient la clé : ce dossier seul n'exclut pas qu'elle en ait établi un autre.\n"
    "- Un message rapproché du dossier sans certitude, et sur lequel personne n'a encore décidé,\n"
    "  n'y est pas.\n"
    "- Un courrier qui n'a pas été reconnu, ou qui n'est pas passé par le serveur de messagerie\n"
    "  de la société, n'y est pas.\n"
    "- Les octets archivés sont ceux que montre le protocole milter : la ligne Received ajoutée\n"
    "  par le serveur de messagerie lui-même n'y est pas.\n"
    "- Le jeton d'un message (Temoin-Token) l'achemine ; il ne prouve pas qui a écrit.\n"
    "\n"
    "Chaque entrée a un niveau :\n";

static const char HEAD_EN[] =
    "Private document of the company %s, made by itself. It was issued by no court and by no\n"
    "trusted third party.\n\n"
    "WHAT THIS FILE SHOWS\n\n"
    "- The octets of each message (entries/NNN.eml) are those that the entry's record\n"
    "  (entries/NNN.json) commits to by a hash.\n"
    "- The company sealed each record: CAdES signature (entries/NNN.json.p7s) by the certificate\n"
    "  certs/seal.pem. The certificate that comes along identifies nobody by itself: check its\n"
    "  fingerprint with the company, by other means than this file:\n"
    "  SHA-256 %s\n"
    "- A second key seals the export as a whole: META-INF/signature001.p7s signs the list\n"
    "  META-INF/ASiCManifest001.xml, which gives the hash of every file. Certificate\n"
    "  certs/export.pem, to be checked likewise:\n"
    "  SHA-256 %s\n"
    "- The entries of the dossier are numbered 1 to %zu without a gap, and each holds the leaf\n"
    "  hash of the one before: to remove, insert or reorder one would mean making and signing\n"
    "  all later ones again.\n\n"
    "WHAT IT DOES NOT SHOW\n\n"
    "- Times are those of the company's clock. In this version of the file nobody else vouches\n"
    "  for them.\n"
    "- The company holds the key: this file alone does not rule out that it made another one.\n"
    "- A message that was matched weakly, and on which nobody has decided yet, is not in it.\n"
    "- Mail that was not recognised, or that did not pass through the company's mail server, is\n"
    "  not in it.\n"
    "- The archived octets are those that the milter protocol shows: the Received line that the\n"
    "  mail server itself adds is not there.\n"
    "- A message's token (Temoin-Token) routes it; it does not prove who wrote.\n"
    "\n"
    "Each entry has a level:\n";

static const char COMMANDS_TITLE[] =
    "COMMANDES DE VÉRIFICATION / COMMANDS TO CHECK IT\n\n"
    "À coller dans un terminal, dans le dossier décompressé. Debian : paquets openssl,\n"
    "coreutils, diffutils. Toute altération est signalée, et le code de retour n'est alors pas 0.\n"
    "To be pasted into a terminal, in the unpacked directory. Debian: packages openssl,\n"
    "coreutils, diffutils. Any alteration is reported, and the exit status is then not 0.\n\n";

/* -attime: otherwise a signature could not be checked any more once the certificate expired. */
static const char COMMAND_EXPORT[] =
    "1. La liste des fichiers est signée, et les fichiers sont ceux de la liste / The list of\n"
    "   files is signed, and the files are those of the list (\"CAdES Verification "
    "successful\"):\n\n"
    "    printf %%s application/vnd.etsi.asic-e+zip | cmp - mimetype\n\n"
    "    openssl cms -verify -binary -cades -purpose any -inform DER \\\n"
    "      -in META-INF/signature001.p7s -content META-INF/ASiCManifest001.xml \\\n"
    "      -CAfile certs/export.pem -attime %" PRId64 " -out /dev/null\n\n"
    "    ( sum=$(openssl dgst -sha256 -binary SHA256SUMS | base64)\n"
    "    grep -A3 'URI=\"SHA256SUMS\"' META-INF/ASiCManifest001.xml | grep -qF \">$sum<\" ||\n"
    "      { echo 'SHA256SUMS: ALTERED'; exit 1; }\n"
    "    sha256sum --check --strict --quiet SHA256SUMS )\n\n";

static const char COMMAND_SIGNATURES[] =
    "2. Chaque fiche est signée / Each record is signed (\"CAdES Verification successful\"):\n\n"
    "    ( for f in entries/*.p7s; do\n"
    "      openssl cms -verify -binary -cades -purpose any -inform DER -in \"$f\" \\\n"
    "        -content \"${f%%.p7s}\" -CAfile certs/seal.pem -attime %" PRId64 " -out /dev/null \\\n"
    "        || { echo \"$f: ALTERED\"; exit 1; }\n"
    "    done )\n\n";

static const char COMMAND_FINGERPRINT[] =
    "3. Les empreintes des certificats, à comparer à celles que donne la société / The\n"
    "   certificates' fingerprints, to be compared with what the company says:\n\n"
    "    openssl x509 -in certs/seal.pem -noout -fingerprint -sha256\n"
    "    openssl x509 -in certs/export.pem -noout -fingerprint -sha256\n\n";

static const char COMMAND_PRIVATE[] =
    "4. \"private\" dans la fiche est SHA-256(nonce || NNN.private.json), et \"message\" est\n"
    "   SHA-256(nonce || NNN.eml) ; le nonce (32 octets en hexadécimal) est dans\n"
    "   NNN.private.json / In the record, \"private\" is SHA-256(nonce || NNN.private.json) and\n"
    "   \"message\" is SHA-256(nonce || NNN.eml); the nonce (32 octets in hexadecimal) is in\n"
    "   NNN.private.json:\n\n"
    "    ( for p in entries/*.private.json; do\n"
    "      stem=\"${p%.private.json}\"\n"
    "      nonce=$(sed -n 's/.*\"nonce\":\"\\([0-9a-f]*\\)\".*/\\1/p' \"$p\" | tr a-f A-F)\n"
    "      for part in private message; do\n"
    "        file=\"$stem.eml\"; test $part = private && file=\"$p\"\n"
    "        test -e \"$file\" || continue\n"
    "        hash=$( { printf '%s' \"$nonce\" | basenc --base16 -d; cat \"$file\"; } |\n"
    "          sha256sum | cut -c1-64 )\n"
    "        grep -qF \"\\\"$part\\\":\\\"$hash\\\"\" \"$stem.json\" ||\n"
    "          { echo \"$file: ALTERED\"; exit 1; }\n"
    "      done\n"
    "    done )\n\n";

static const char COMMAND_CHAIN[] =
    "5. La feuille d'une fiche est SHA-256(0x00 || NNN.json) (RFC 6962) ; chaque fiche contient\n"
    "   celle de la précédente (\"prev\") / The leaf of a record is SHA-256(0x00 || NNN.json)\n"
    "   (RFC 6962); each record holds that of the one before (\"prev\"):\n\n"
    "    ( n=0; prev=''\n"
    "    for f in entries/*[0-9].json; do\n"
    "      n=$((n + 1))\n"
    "      grep -qF \"{\\\"id\\\":\\\"%s\\\",\\\"n\\\":$n$prev}\" \"$f\" ||\n"
    "        { echo \"$f: ALTERED\"; exit 1; }\n"
    "      leaf=$( { printf '\\000'; cat \"$f\"; } | sha256sum | cut -c1-64 )\n"
    "      prev=\",\\\"prev\\\":\\\"$leaf\\\"\"\n"
    "    done\n"
    "    test $n -eq %zu || { echo 'entries are missing'; exit 1; } )\n\n";

static const char FILES[] =
    "FICHIERS / FILES\n\n"
    "entries/NNN.eml           le message tel qu'archivé / the message as archived\n"
    "entries/NNN.json          la fiche, octets signés / the record, as signed\n"
    "entries/NNN.private.json  sa partie privée / its private part\n"
    "entries/NNN.json.p7s      la signature de la fiche / the record's signature\n"
    "entries/NNNa.*            le message que l'entrée NNN a versé au dossier / the message\n"
    "  that entry NNN put into the dossier\n"
    "certs/seal.pem            le certificat du sceau / the seal's certificate\n"
    "certs/export.pem          celui de l'export / that of the export\n"
    "index.json                la chronologie pour les programmes / the timeline for programs\n"
    "SHA256SUMS                empreintes des fichiers / hashes of the files\n"
    "META-INF/                 liste signée et signature (ETSI EN 319 162) / signed list, "
    "signature\n";

static bool levels(enum language language, struct bytes *out)
{
    for (int level = LEVEL_PREPARED; level <= LEVEL_ACKNOWLEDGED; level++)
        if (!bytes_printf(out, "- %s\n", level_words((enum proof_level)level, language)))
            return false;
    return bytes_puts(out, "\n");
}

static bool entry_line(const struct lisezmoi *l, const struct timeline_item *i,
                       enum language language, struct bytes *out)
{
    const char *dropped = language == LANGUAGE_FR
                              ? " (message trop grand : empreinte et taille seules)"
                              : " (message too large: hash and size only)";
    return bytes_printf(out, "%0*" PRIu64 "  %s  %s%s\n", (int)l->digits, i->n, i->time,
                        timeline_words(i, language), i->dropped ? dropped : "");
}

static bool entries(const struct lisezmoi *l, enum language language, struct bytes *out)
{
    bool done = bytes_puts(out, language == LANGUAGE_FR ? "ENTRÉES (heures UTC)\n\n"
                                                        : "ENTRIES (times in UTC)\n\n");
    for (size_t i = 0; done && i < l->timeline->count; i++)
        done = entry_line(l, &l->timeline->items[i], language, out);
    return done && bytes_puts(out, "\n");
}

static bool part(const struct lisezmoi *l, enum language language, struct bytes *out)
{
    size_t count = l->timeline->count;
    bool french = language == LANGUAGE_FR;
    bool done =
        french
            ? bytes_printf(out, HEAD_FR, l->company, l->fingerprint, l->export_fingerprint, count)
            : bytes_printf(out, HEAD_EN, l->company, l->fingerprint, l->export_fingerprint, count);
    return done && levels(language, out) && entries(l, language, out);
}

static bool commands(const struct lisezmoi *l, struct bytes *out)
{
    return bytes_puts(out, COMMANDS_TITLE) && bytes_printf(out, COMMAND_EXPORT, l->exported) &&
           bytes_printf(out, COMMAND_SIGNATURES, l->exported) &&
           bytes_puts(out, COMMAND_FINGERPRINT) && bytes_puts(out, COMMAND_PRIVATE) &&
           bytes_printf(out, COMMAND_CHAIN, l->dossier_id, l->timeline->count);
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
           part(l, LANGUAGE_EN, out) && commands(l, out) && bytes_puts(out, FILES);
}
