/*
 * facts - what a decision needs to know from the store, asked for once
 *
 * Policy cannot look anything up. It says what it wants to know (struct query), db/lookup.h
 * answers (struct facts), and the decision is a pure function of message, facts and "now".
 */
#ifndef TEMOIN_POLICY_FACTS_H
#define TEMOIN_POLICY_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/bytes.h"
#include "policy/token.h"

struct query {
    struct strings ids;       /* message-ids "<…>" that may be known */
    struct tokens tokens;     /* checked message numbers */
    struct strings numbers;   /* invoice numbers named by the message */
    struct strings addresses; /* normalised addresses that may be contacts */
};

enum invoice_status {
    INVOICE_OPEN,
    INVOICE_PAID,     /* nothing is due any more */
    INVOICE_CREDITED, /* cancelled by a credit note */
};

struct fact_invoice {
    char *number;
    char *debtor; /* the debtor's code */
    enum invoice_status status;
    bool debtor_has_contact; /* an address or a domain is listed or learned */
    int64_t left;            /* still to be paid, minor units; 0: nothing, or not known */
    char currency[4];        /* of it, ISO 4217; "": not known */
};

/* An entry of the log that an id or a token names. */
struct fact_entry {
    uint64_t seq;
    bool by_token;             /* found by a token of the query, else by a message-id */
    uint64_t token;            /* its message number; 0: none */
    char *id;                  /* the query's id; NULL when by_token */
    bool outbound;             /* we sent it */
    struct strings invoices;   /* the numbers of its dossiers */
    struct strings recipients; /* normalised; outbound only */
    uint64_t subject;          /* keyed hash of its base subject; 0: unknown */
};

/* The address query.addresses.items[address] is a contact of this debtor. */
struct fact_contact {
    size_t address;
    char *debtor;
    bool by_domain; /* through a listed company domain */
};

struct facts {
    struct fact_invoice *invoices; /* of query.numbers and of every entry below */
    size_t invoice_count;
    struct fact_entry *entries;
    size_t entry_count;
    struct fact_contact *contacts;
    size_t contact_count;
    uint64_t subject; /* keyed hash of the base subject asked about */
};

void query_free(struct query *q);
void facts_free(struct facts *f);

/* The invoice of that number (compared exactly); NULL: the register does not know it. */
const struct fact_invoice *facts_invoice(const struct facts *f, const char *number);

/* Is this query address a contact of this debtor? */
bool facts_is_contact(const struct facts *f, const struct query *q, const char *address,
                      const char *debtor);

#endif
