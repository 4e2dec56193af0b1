/*
 * import_columns - what the columns of an accounting program's table mean
 *
 * Names are compared without case, accents, blanks and punctuation: "N° de facture",
 * "No de facture" and "n_de_facture" are the same. Of several columns that could mean the same
 * the one whose name stands first in the list below is taken, so that "Montant TTC" wins over
 * "Montant"; amounts without tax ("Montant HT") are in no list.
 */
#include <glib.h>
#include <string.h>

#include "db/import.h"

static const char *const column_names[COLUMN_COUNT] = {
    [COLUMN_INVOICE] = "invoice",   [COLUMN_DEBTOR] = "debtor",
    [COLUMN_NAME] = "name",         [COLUMN_AMOUNT] = "amount",
    [COLUMN_CURRENCY] = "currency", [COLUMN_ISSUED] = "issued",
    [COLUMN_DUE] = "due",           [COLUMN_ADDRESS] = "address",
    [COLUMN_DATE] = "date",         [COLUMN_REFERENCE] = "reference",
};

/* Blank separated, each as normalise() leaves it; the better name first. */
static const char *const synonyms[COLUMN_COUNT] = {
    [COLUMN_INVOICE] =
        "invoice invoicenumber invoiceno numerofacture numerodefacture nfacture ndefacture "
        "nofacture nodefacture numfacture numdefacture facture reffacture referencefacture "
        "invoiceref invoicereference numeropiece numerodepiece npiece ndepiece nopiece piece "
        "numero number num no n",
    [COLUMN_DEBTOR] =
        "debtor debtorcode codeclient codedebiteur client codetiers comptetiers comptclient "
        "compteclient numeroclient nclient noclient numclient idclient refclient debiteur "
        "customer customercode customerid customerno customernumber clientcode clientid tiers "
        "account compte code",
    [COLUMN_NAME] =
        "name nom nomclient nomduclient nomdudebiteur raisonsociale customername clientname "
        "debtorname companyname company societe denomination intitule nomducontact contactname "
        "contact libelleclient",
    [COLUMN_AMOUNT] =
        "amount amountttc montantttc totalttc montanttotalttc ttc amountincltax amountinctax "
        "grossamount gross totalincltax totalamount netapayer montantregle montantpaye "
        "montantdureglement montantencaisse amountpaid montanttotal montant total",
    [COLUMN_CURRENCY] = "currency currencycode devise codedevise monnaie",
    [COLUMN_ISSUED] =
        "issued issuedate dateissued issuedon dateemission datedemission emission emisele emise "
        "datefacture datedefacture datefacturation datedefacturation invoicedate datepiece "
        "datedepiece date",
    [COLUMN_DUE] = "due duedate datedue dueon echeance dateecheance datedecheance payableavant "
                   "dateexigibilite datelimite datelimitedepaiement",
    [COLUMN_ADDRESS] =
        "address email emailaddress mail mailaddress adresse adresseemail adressemail "
        "adresseelectronique adressecourriel courriel contactemail emailcontact emailducontact "
        "domain domaine",
    [COLUMN_DATE] =
        "date paymentdate datepayment datepaid paidon datepaiement datedepaiement "
        "datereglement datedereglement datedureglement dateencaissement datedencaissement "
        "datevaleur datedevaleur valuedate dateoperation datedoperation regle payele",
    [COLUMN_REFERENCE] =
        "reference paymentreference referencepaiement referencedupaiement referencereglement "
        "referencedureglement ref numeroreglement numerodereglement nreglement transaction "
        "transactionid idtransaction endtoendid libelle",
};

const char *import_column_name(enum import_column column)
{
    return column_names[column];
}

const char *import_kind_name(enum import_kind kind)
{
    static const char *const names[] = {
        [IMPORT_UNKNOWN] = "unknown",
        [IMPORT_INVOICES] = "invoices",
        [IMPORT_CONTACTS] = "contacts",
        [IMPORT_PAYMENTS] = "payments",
    };
    return names[kind];
}

/* Lower case ASCII letters and digits of a name, accents taken off; false: out of memory. The
   degree sign of "N°" would become "o", and is dropped so that "N° facture" is "nfacture". */
static bool normalise(const char *name, struct bytes *out)
{
    char *plain = g_utf8_normalize(name, -1, G_NORMALIZE_NFD);
    for (const char *c = plain ? plain : name; *c; c++) {
        char lower = g_ascii_tolower(*c);
        if (g_ascii_isalnum(lower) && !bytes_append(out, &lower, 1)) {
            g_free(plain);
            return false;
        }
    }
    g_free(plain);
    return true;
}

/* The rank of a normalised name in a list, from 1; 0: not there. */
static unsigned rank_of(const char *list, const char *name)
{
    size_t len = strlen(name);
    unsigned rank = 0;
    while (*list && len) {
        size_t word = strcspn(list, " ");
        rank++;
        if (word == len && strncmp(list, name, len) == 0)
            return rank;
        list += word + strspn(list + word, " ");
    }
    return 0;
}

struct candidates {
    int at[COLUMN_COUNT];
    unsigned rank[COLUMN_COUNT];
};

static bool find_candidates(const struct strings *header, struct candidates *found)
{
    memset(found, 0, sizeof *found);
    for (int k = 0; k < COLUMN_COUNT; k++)
        found->at[k] = -1;
    for (size_t i = 0; i < header->count; i++) {
        struct bytes name = {0};
        if (!normalise(header->items[i], &name))
            return false;
        for (int k = 0; name.data && k < COLUMN_COUNT; k++) {
            unsigned rank = rank_of(synonyms[k], name.data);
            if (rank && (!found->rank[k] || rank < found->rank[k])) {
                found->at[k] = (int)i;
                found->rank[k] = rank;
            }
        }
        bytes_free(&name);
    }
    return true;
}

/* A debtor or a name beside a mere "date": invoices that lack their due date would be taken for
   payments, and close what they should open. */
static bool is_ambiguous(const struct candidates *found)
{
    return found->rank[COLUMN_DATE] == 1 && found->at[COLUMN_DUE] < 0 &&
           (found->at[COLUMN_DEBTOR] >= 0 || found->at[COLUMN_NAME] >= 0);
}

struct shape {
    enum import_kind kind;
    unsigned needs, may; /* bits of columns */
};
#define BIT(column) (1u << (column))

static const struct shape shapes[] = {
    {IMPORT_CONTACTS, BIT(COLUMN_DEBTOR) | BIT(COLUMN_ADDRESS), BIT(COLUMN_NAME)},
    {IMPORT_INVOICES,
     BIT(COLUMN_INVOICE) | BIT(COLUMN_DEBTOR) | BIT(COLUMN_AMOUNT) | BIT(COLUMN_DUE),
     BIT(COLUMN_NAME) | BIT(COLUMN_CURRENCY) | BIT(COLUMN_ISSUED)},
    {IMPORT_PAYMENTS, BIT(COLUMN_INVOICE) | BIT(COLUMN_AMOUNT) | BIT(COLUMN_DATE),
     BIT(COLUMN_CURRENCY) | BIT(COLUMN_REFERENCE)},
};

/* An amount makes it invoices or payments, a due date invoices; addresses without amounts are
   contacts. */
static const struct shape *choose(const struct candidates *found)
{
    if (found->at[COLUMN_AMOUNT] < 0)
        return found->at[COLUMN_ADDRESS] >= 0 ? &shapes[0] : NULL;
    return found->at[COLUMN_DUE] >= 0 ? &shapes[1] : &shapes[2];
}

bool import_recognise(const struct strings *header, struct import_map *map, const char **missing)
{
    static const char *const lacks[COLUMN_COUNT] = {
        [COLUMN_INVOICE] = "the invoice number (\"invoice\", \"numéro de facture\")",
        [COLUMN_DEBTOR] = "the debtor's code (\"debtor\", \"code client\")",
        [COLUMN_AMOUNT] = "the amount with tax (\"amount\", \"montant TTC\")",
        [COLUMN_DUE] = "the due date (\"due\", \"échéance\")",
        [COLUMN_ADDRESS] = "the address (\"address\", \"courriel\")",
        [COLUMN_DATE] = "the date (\"due\", \"échéance\" of invoices; \"date\" of payments)",
    };
    struct candidates found;
    *map = (struct import_map){.kind = IMPORT_UNKNOWN};
    for (int k = 0; k < COLUMN_COUNT; k++)
        map->at[k] = -1;
    *missing = "out of memory";
    if (!find_candidates(header, &found))
        return false;
    *missing = "the amount with tax, or an address: is the first line the columns' names?";
    const struct shape *shape = choose(&found);
    if (!shape)
        return false;
    *missing = "what its date is: name it \"due\" (\"échéance\") for invoices, \"payment date\" "
               "(\"date de paiement\") for payments";
    if (shape->kind == IMPORT_PAYMENTS && is_ambiguous(&found))
        return false;
    for (int k = 0; k < COLUMN_COUNT; k++)
        if ((shape->needs & BIT(k)) && found.at[k] < 0) {
            *missing = lacks[k];
            return false;
        }
    for (int k = 0; k < COLUMN_COUNT; k++) {
        bool wanted = (shape->needs | shape->may) & BIT(k);
        for (int j = 0; wanted && j < k; j++) /* one column means one thing */
            wanted = map->at[j] < 0 || map->at[j] != found.at[k];
        map->at[k] = wanted ? found.at[k] : -1;
    }
    map->kind = shape->kind;
    return true;
}
