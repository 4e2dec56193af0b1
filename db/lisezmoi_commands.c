/*
 * lisezmoi_commands - the commands of LISEZMOI.txt, to check an evidence file without temoin
 *
 * They use what a Debian base system has: sh, sed, grep, find, tr, cut, cmp, and of the coreutils
 * sha256sum, base64 and basenc; and openssl; for DNS keys, Python and two libraries. Most stand in
 * subshells, so that a failure does not close the terminal that they are pasted into. -attime,
 * because certificates expire: without it nothing could be checked any more afterwards.
 */
#include <inttypes.h>

#include "db/lisezmoi.h"
#include "db/record.h"

static const char TITLE[] =
    "COMMANDES DE VÉRIFICATION / COMMANDS TO CHECK IT\n\n"
    "À coller une à une dans un terminal, dans le répertoire où ce conteneur a été décompressé\n"
    "(Debian : paquets unzip, openssl, coreutils, diffutils, findutils). Toute altération est\n"
    "signalée, et le code de retour n'est alors pas 0 ; une commande qui n'affiche rien dit oui.\n"
    "To be pasted one by one into a terminal, in the directory into which this container was\n"
    "unpacked (Debian: packages unzip, openssl, coreutils, diffutils, findutils). Any alteration\n"
    "is reported, and the exit status is then not 0; a command that prints nothing says yes.\n\n";

static const char EXPORT[] =
    "- La liste des fichiers est signée, et les fichiers sont ceux de la liste / The list of\n"
    "  files is signed, and the files are those of the list (\"CAdES Verification "
    "successful\"):\n\n"
    "    printf %%s application/vnd.etsi.asic-e+zip | cmp - mimetype\n\n"
    "    openssl cms -verify -binary -cades -purpose any -inform DER \\\n"
    "      -in META-INF/signature001.p7s -content META-INF/ASiCManifest001.xml \\\n"
    "      -CAfile certs/export.pem -attime %" PRId64 " -out /dev/null\n\n"
    "    ( sum=$(openssl dgst -sha256 -binary SHA256SUMS | base64)\n"
    "    grep -A3 'URI=\"SHA256SUMS\"' META-INF/ASiCManifest001.xml | grep -qF \">$sum<\" ||\n"
    "      { echo 'SHA256SUMS: ALTERED'; exit 1; }\n"
    "    sha256sum --check --strict --quiet SHA256SUMS || exit 1\n"
    "    ! find . -type f ! -path './META-INF/*' ! -name '*.asice' | cut -c3- | grep -vxF \\\n"
    "      \"$(printf '%%s\\n' mimetype SHA256SUMS; cut -c67- SHA256SUMS)\" |\n"
    "      sed 's/$/: NOT LISTED/' | grep . )\n\n";

static const char STAMP[] =
    "- Un tiers a daté cet export, ses signatures et ses preuves comprises / A third party dated\n"
    "  this export, with its signatures and proofs (\"Verification: OK\"):\n\n"
    "    openssl ts -verify -data META-INF/ASiCArchiveManifest.xml -token_in \\\n"
    "      -in META-INF/timestamp001.tst -CAfile certs/tsa.pem -attime %" PRId64 "\n\n"
    "    ( list() { grep -o 'ObjectReference URI=\"[^\"]*\"' META-INF/ASiCArchiveManifest.xml |\n"
    "      cut -d '\"' -f 2 | grep -e ^META-INF/ -e '^SHA256SUMS$'; }\n"
    "    list | while read -r f; do\n"
    "      sum=$(openssl dgst -sha256 -binary \"$f\" | base64)\n"
    "      grep -A3 \"URI=\\\"$f\\\"\" META-INF/ASiCArchiveManifest.xml | grep -qF \">$sum<\" ||\n"
    "        { echo \"$f: ALTERED\"; exit 1; }\n"
    "    done || exit 1\n"
    "    ! find META-INF -type f | grep -vxF \"$(list\n"
    "      printf 'META-INF/%%s\\n' ASiCArchiveManifest.xml timestamp001.tst)\" |\n"
    "      sed 's/$/: NOT LISTED/' | grep . )\n\n";

static const char SIGNATURES[] =
    "- Chaque fiche est signée / Each record is signed (\"CAdES Verification successful\"):\n\n"
    "    ( for f in entries/*.p7s; do\n"
    "      openssl cms -verify -binary -cades -purpose any -inform DER -in \"$f\" \\\n"
    "        -content \"${f%%.p7s}\" -CAfile certs/seal.pem -attime %" PRId64 " -out /dev/null \\\n"
    "        || { echo \"$f: ALTERED\"; exit 1; }\n"
    "    done )\n\n";

static const char FINGERPRINT[] =
    "- Les empreintes des certificats, à comparer à celles que donne la société / The\n"
    "  certificates' fingerprints, to be compared with what the company says:\n\n"
    "    openssl x509 -in certs/seal.pem -noout -fingerprint -sha256\n"
    "    openssl x509 -in certs/export.pem -noout -fingerprint -sha256\n\n";

static const char PRIVATE[] =
    "- \"private\" dans la fiche est SHA-256(nonce || NNN.private.json), et \"message\" est\n"
    "  SHA-256(nonce || NNN.eml) ; le nonce (32 octets en hexadécimal) est dans\n"
    "  NNN.private.json / In the record, \"private\" is SHA-256(nonce || NNN.private.json) and\n"
    "  \"message\" is SHA-256(nonce || NNN.eml); the nonce (32 octets in hexadecimal) is in\n"
    "  NNN.private.json:\n\n"
    "    ( for p in entries/*.private.json; do\n"
    "      test -e \"$p\" || continue\n"
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

static const char CHAIN[] =
    "- La feuille d'une fiche est SHA-256(0x00 || NNN.json) (RFC 6962) ; chaque fiche contient\n"
    "  celle de la précédente (\"prev\") / The leaf of a record is SHA-256(0x00 || NNN.json)\n"
    "  (RFC 6962); each record holds that of the one before (\"prev\"):\n\n"
    "    ( n=%zu; prev='%s%s%s'\n"
    "    for f in entries/*[0-9].json; do\n"
    "      n=$((n + 1))\n"
    "      grep -qF \"{\\\"id\\\":\\\"%s\\\",\\\"n\\\":$n$prev}\" \"$f\" ||\n"
    "        { echo \"$f: ALTERED\"; exit 1; }\n"
    "      leaf=$( { printf '\\000'; cat \"$f\"; } | sha256sum | cut -c1-64 )\n"
    "      prev=\",\\\"prev\\\":\\\"$leaf\\\"\"\n"
    "    done\n"
    "    test $n -eq %zu || { echo 'entries are missing'; exit 1; } )\n\n";

static const char TOKENS_BEGIN[] =
    "- Chaque jeton d'horodatage est sur la racine (RFC 4998) de son lot / Each timestamp is over\n"
    "  the root (RFC 4998) of its batch (\"Verification: OK\"):\n\n"
    "    ( for b in";

static const char TOKENS_END[] =
    "; do\n"
    "      rest=${b#*:}\n"
    "      openssl ts -verify -digest \"${rest%:*}\" -in \"batches/${b%%:*}.tst\" -token_in \\\n"
    "        -CAfile certs/tsa.pem -attime \"${rest#*:}\" || { echo \"$b: ALTERED\"; exit 1; }\n"
    "    done )\n\n";

/* "if True:", so that the blanks that each line begins with do no harm. */
static const char KEYS_BEGIN[] =
    "- Avec la clé conservée, la signature DKIM de chaque message dont notre serveur a jugé la\n"
    "  signature bonne est bonne ; Debian : paquet python3-dkim / With the key that was kept, the\n"
    "  DKIM signature of each message is good that our server found to be good; Debian: package\n"
    "  python3-dkim:\n\n"
    "    ( for s in";

static const char KEYS_END[] =
    "; do python3 -I -c 'if True:\n"
    "      import dkim, sys\n"
    "      stem, domain = sys.argv[1].split(\":\")\n"
    "      lines = open(\"dkim/\" + stem + \".txt\", encoding=\"utf-8\").read().splitlines()\n"
    "      keys = [l.split(\" \", 3)[2:] for l in lines if l.startswith(\"; key \")]\n"
    "      keys = {name: text.encode() for name, text in keys}\n"
    "      mail = dkim.DKIM(open(\"entries/\" + stem + \".eml\", \"rb\").read())\n"
    "      ask = lambda name, timeout=5: keys.get(name.decode().rstrip(\".\").lower(), b\"\")\n"
    "      good = set()\n"
    "      for i in [n for n, f in enumerate(f for f in mail.headers\n"
    "                if f[0].lower() == b\"dkim-signature\")]:\n"
    "        try:\n"
    "          good |= {mail.domain.decode().lower()} if mail.verify(i, dnsfunc=ask) else set()\n"
    "        except dkim.DKIMException as why:\n"
    "          print(stem, why)\n"
    "      sys.exit(domain not in good)' \"$s\" || { echo \"$s: ALTERED\"; exit 1; }\n"
    "    done )\n\n";

static const char CHAINS[] =
    "- Les clés validées par DNSSEC le sont encore, à l'heure où elles ont été demandées, depuis\n"
    "  la racine du DNS ; Debian : paquets python3-dnspython, python3-cryptography, et\n"
    "  dns-root-data pour la clé de la racine, que publie l'IANA / Keys that were validated by\n"
    "  DNSSEC still are, at the time when they were asked for, from the root of the DNS; Debian:\n"
    "  packages python3-dnspython, python3-cryptography, and dns-root-data for the root's key,\n"
    "  which IANA publishes:\n\n"
    "    anchor=/usr/share/dns/root.ds\n"
    "    ( for f in dkim/*.txt; do python3 -I -c 'if True:\n"
    "      import calendar, sys, time, dns.dnssec, dns.rrset\n"
    "      def get(name, kind, covers=\"\"):\n"
    "        return dns.rrset.from_text_list(name, 0, \"IN\", kind, sets[name, kind + covers])\n"
    "      def check(name, kind):\n"
    "        found, sigs = get(name, kind), get(name, \"RRSIG\", kind)\n"
    "        by = {s: keys(s) for s in {sig.signer for sig in sigs}}\n"
    "        dns.dnssec.validate(found, sigs, by, None, now)\n"
    "        return found\n"
    "      def keys(zone):\n"
    "        name = zone.to_text().lower()\n"
    "        ds = root if name == \".\" else check(name, \"DS\")\n"
    "        all = get(name, \"DNSKEY\")\n"
    "        good = [k for k in all if any(\n"
    "          dns.dnssec.make_ds(zone, k, d.digest_type) == d for d in ds)]\n"
    "        by = {zone: dns.rrset.from_rdata_list(zone, 0, good)}\n"
    "        dns.dnssec.validate(all, get(name, \"RRSIG\", \"DNSKEY\"), by, None, now)\n"
    "        return all\n"
    "      root = [\" \".join(l.split()).partition(\" DS \")[2] for l in open(sys.argv[1])]\n"
    "      root = dns.rrset.from_text_list(\".\", 0, \"IN\", \"DS\", list(filter(None, root)))\n"
    "      for block in open(sys.argv[2], encoding=\"utf-8\").read().split(\"\\n; name \")[1:]:\n"
    "        name, *lines = block.splitlines()\n"
    "        now, sets = None, {}\n"
    "        for l in lines:\n"
    "          if l.startswith(\"; asked \"):\n"
    "            now = calendar.timegm(time.strptime(l[8:], \"%Y-%m-%dT%H:%M:%SZ\"))\n"
    "          elif l and l[0] != \";\":\n"
    "            owner, ttl, cls, kind, data = l.split(\" \", 4)\n"
    "            kind += data.split(\" \")[0] if kind == \"RRSIG\" else \"\"\n"
    "            sets.setdefault((owner.lower(), kind), []).append(data)\n"
    "        if \"; dnssec, chain complete: secure\" in lines:\n"
    "          for owner, kind in list(sets):\n"
    "            if kind[:5] != \"RRSIG\" and kind != \"DNSKEY\":\n"
    "              check(owner, kind)\n"
    "          print(name + \": DNSSEC OK\")' \"$anchor\" \"$f\" ||\n"
    "        { echo \"$f: ALTERED\"; exit 1; }\n"
    "    done )\n\n";

static const char OTHERS[] =
    "Les preuves RFC 4998 (BouncyCastle, EU DSS) et celles du journal (Go sumdb/tlog), et tout ce\n"
    "qui précède d'un coup / RFC 4998 records (BouncyCastle, EU DSS), proofs about the log (Go\n"
    "sumdb/tlog), and all of the above at once: temoin verify FILE --seal CERT --tsa CERT\n\n";

static bool tokens(const struct lisezmoi *l, struct bytes *out)
{
    if (l->token_count == 0)
        return true;
    bool done = bytes_puts(out, TOKENS_BEGIN);
    for (size_t i = 0; done && i < l->token_count; i++) {
        const struct batch_token *t = &l->tokens[i];
        char root[2 * HASH_OCTETS + 1];
        record_hex(t->root, sizeof t->root, root);
        done =
            bytes_printf(out, " \\\n      %03" PRIu64 ":%s:%" PRId64, t->number, root, t->gen_time);
    }
    return done && bytes_puts(out, TOKENS_END);
}

static bool keys(const struct lisezmoi *l, struct bytes *out)
{
    const struct strings *s = l->signed_messages;
    bool done = !s || !s->count || bytes_puts(out, KEYS_BEGIN);
    for (size_t i = 0; done && s && i < s->count; i++)
        done = bytes_printf(out, " \\\n      %s", s->items[i]);
    done = done && (!s || !s->count || bytes_puts(out, KEYS_END));
    return done && (!l->chains || bytes_puts(out, CHAINS));
}

static bool chain(const struct lisezmoi *l, struct bytes *out)
{
    bool begins = l->leaf_before[0] == '\0';
    return bytes_printf(out, CHAIN, l->first, begins ? "" : ",\"prev\":\"", l->leaf_before,
                        begins ? "" : "\"", l->dossier_id, l->first + l->count);
}

bool lisezmoi_commands(const struct lisezmoi *l, struct bytes *out)
{
    return bytes_puts(out, TITLE) && bytes_printf(out, EXPORT, l->exported) &&
           (!l->stamped || bytes_printf(out, STAMP, l->exported)) &&
           bytes_printf(out, SIGNATURES, l->exported) && bytes_puts(out, FINGERPRINT) &&
           bytes_puts(out, PRIVATE) && chain(l, out) && tokens(l, out) && keys(l, out) &&
           bytes_puts(out, OTHERS);
}
