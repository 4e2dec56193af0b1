/*
 * policy_world - a small company, its debtors and its log, for the tests of the decisions
 *
 * A message is written as its header; the road is the real one (reading_take, query_build); the
 * store is the tables below, asked as the database would be. So each test says: this message,
 * in this world, is decided so.
 */
#ifndef TEMOIN_TESTS_POLICY_WORLD_H
#define TEMOIN_TESTS_POLICY_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/direction.h"
#include "policy/facts.h"
#include "policy/settings.h"

#define WORLD_BASE                                                                                 \
    "company \"ACME\" { domain = creditor.example own_domains = { creditor.fr } }\n"               \
    "accountant \"Jeanne\" { login = jeanne\n"                                                     \
    "  address = { \"jeanne@creditor.example\", \"compta@creditor.fr\" } }\n"                      \
    "accountant \"Paul\" { login = paul address = \"paul@creditor.example\" plus_address = on }\n" \
    "listener \"mail\" { socket = \"unix:/run/temoin/mail\" }\n"                                   \
    "never_archive = { \"maitre@avocat.example\", \"@cabinet.example\" }\n"                        \
    "trusted_networks = { 192.0.2.0/24 }\n"

static const struct {
    const char *address, *debtor;
} world_contacts[] = {
    {"compta@d1.example", "D1"},   {"chef@d1.example", "D1"},     {"compta@d2.example", "D2"},
    {"both@agency.example", "D1"}, {"both@agency.example", "D2"},
};

static const struct {
    const char *number, *debtor;
    enum invoice_status status;
    bool contact;
} world_invoices[] = {
    {"F-2026-0001", "D1", INVOICE_OPEN, true},     {"F-2026-0002", "D1", INVOICE_PAID, true},
    {"F-2026-0003", "D2", INVOICE_OPEN, true},     {"F-2026-0004", "D3", INVOICE_OPEN, false},
    {"F-2026-0005", "D1", INVOICE_CREDITED, true}, {"F-2026-0007", "D1", INVOICE_OPEN, true},
    {"F-2026-0008", NULL, INVOICE_OPEN, false},
};

static const struct {
    uint64_t seq, token;
    const char *id;
    bool outbound;
    const char *invoices[3], *recipients[3], *base_subject;
} world_entries[] = {
    {1,
     101,
     "<r1@creditor.example>",
     true,
     {"F-2026-0001"},
     {"compta@d1.example", "marie@creditor.example"},
     "relance facture f-2026-0001"},
    {2, 0, "<a1@d1.example>", false, {"F-2026-0001"}, {NULL}, NULL},
    {3,
     103,
     "<r3@creditor.example>",
     true,
     {"F-2026-0001", "F-2026-0003"},
     {"both@agency.example"},
     "vos factures"},
    {4, 104, "<r4@creditor.example>", true, {"F-2026-0002"}, {"compta@d1.example"}, "solde"},
    {5, 0, "<a5@d1.example>", false, {"F-2026-0002"}, {NULL}, NULL},
    {6, 0, "<u6@d1.example>", false, {NULL}, {NULL}, NULL},
    {8, 108, "<r8@creditor.example>", true, {"F-2026-8888"}, {"x@y.example"}, "stub"},
    {9, 0, "<a9@y.example>", false, {"F-2026-8888"}, {NULL}, NULL},
    {7, 107, "<r7@creditor.example>", true, {"F-2026-0001"}, {"new@elsewhere.example"}, "relance"},
};

#define WORLD_COUNT(table) (sizeof(table) / sizeof *(table))

static inline uint64_t world_hash(const char *text)
{
    uint64_t hash = 1469598103934665603U;
    for (; text && *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211U;
    return text ? hash : 0;
}

struct world {
    struct settings *s;
    struct keyring ring;
};

static inline void world_open(struct world *w, const char *more)
{
    char text[4096], *error = NULL;
    struct strings errors = {0};
    snprintf(text, sizeof text, "%s%s", WORLD_BASE, more);
    bool done = settings_parse(text, "world.conf", &w->s, &errors);
    for (size_t i = 0; i < errors.count; i++)
        print_error("%s\n", errors.items[i]);
    assert_true(done);
    assert_true(keyring_parse("7 000102030405060708090a0b0c0d0e0f"
                              "101112131415161718191a1b1c1d1e1f active\n",
                              "keys", &w->ring, &error));
}

static inline void world_close(struct world *w)
{
    settings_unref(w->s);
    keyring_wipe(&w->ring);
}

/* Copy `text` with each "{N}" replaced by the token of message number N for our domain, and
   "{!N}" by that for another company's; the caller frees it. */
static inline char *world_tokens(const struct world *w, const char *text)
{
    struct bytes out = {0};
    while (*text) {
        unsigned number;
        bool foreign = strncmp(text, "{!", 2) == 0;
        if (*text == '{' && sscanf(text + 1 + foreign, "%u}", &number) == 1) {
            char token[TOKEN_CHARS + 1];
            assert_true(token_make(&w->ring, foreign ? "other.example" : "creditor.example", number,
                                   token));
            assert_true(bytes_puts(&out, token));
            text = strchr(text, '}') + 1;
        } else {
            assert_true(bytes_append(&out, text++, 1));
        }
    }
    return bytes_steal(&out);
}

/* Where a message comes from. */
struct origin {
    const char *login, *client, *sender;
    bool local; /* not by SMTP */
};

struct mail {
    struct envelope e;
    struct fields f;
    struct reading r;
};

/* `to` is one or more recipients parted by blanks; `header` has lines ended by LF. */
static inline void mail_make(const struct world *w, struct origin from, const char *to,
                             const char *header, struct mail *m)
{
    memset(m, 0, sizeof *m);
    m->e.login = from.login ? strdup(from.login) : NULL;
    m->e.client_address = from.client ? strdup(from.client) : NULL;
    m->e.sender = from.sender ? world_tokens(w, from.sender) : NULL;
    m->e.smtp = !from.local;
    char *recipients = world_tokens(w, to), *place = NULL;
    for (char *one = strtok_r(recipients, " ", &place); one; one = strtok_r(NULL, " ", &place))
        assert_true(strings_add(&m->e.recipients, one));
    free(recipients);
    char *text = world_tokens(w, header);
    struct bytes message = {0};
    size_t body;
    assert_true(bytes_printf(&message, "%s\nbody\n", text));
    assert_true(fields_parse(message.data, message.len, &m->f, &body));
    assert_true(reading_take(&m->f, &m->r));
    bytes_free(&message);
    free(text);
}

static inline void mail_free(struct mail *m)
{
    envelope_free(&m->e);
    fields_free(&m->f);
    reading_free(&m->r);
}

static inline void answer_invoice(struct facts *f, const char *number)
{
    if (facts_invoice(f, number))
        return;
    for (size_t i = 0; i < WORLD_COUNT(world_invoices); i++)
        if (strcmp(world_invoices[i].number, number) == 0) {
            f->invoices = realloc(f->invoices, (f->invoice_count + 1) * sizeof *f->invoices);
            f->invoices[f->invoice_count++] = (struct fact_invoice){
                strdup(number),
                world_invoices[i].debtor ? strdup(world_invoices[i].debtor) : NULL,
                world_invoices[i].status,
                world_invoices[i].contact,
                120000,
                "EUR"};
        }
}

static inline void answer_entry(struct facts *f, size_t at, const char *id)
{
    struct fact_entry entry = {.seq = world_entries[at].seq,
                               .by_token = !id,
                               .token = world_entries[at].token,
                               .id = id ? strdup(id) : NULL,
                               .outbound = world_entries[at].outbound,
                               .subject = world_hash(world_entries[at].base_subject)};
    for (size_t i = 0; i < 3 && world_entries[at].invoices[i]; i++) {
        assert_true(strings_add(&entry.invoices, world_entries[at].invoices[i]));
        answer_invoice(f, world_entries[at].invoices[i]);
    }
    for (size_t i = 0; i < 3 && world_entries[at].recipients[i]; i++)
        assert_true(strings_add(&entry.recipients, world_entries[at].recipients[i]));
    f->entries = realloc(f->entries, (f->entry_count + 1) * sizeof *f->entries);
    f->entries[f->entry_count++] = entry;
}

/* What the store would say. */
static inline void world_answer(const struct query *q, const char *base_subject, struct facts *f)
{
    memset(f, 0, sizeof *f);
    f->subject = world_hash(base_subject && *base_subject ? base_subject : NULL);
    for (size_t i = 0; i < q->numbers.count; i++)
        answer_invoice(f, q->numbers.items[i]);
    for (size_t k = 0; k < WORLD_COUNT(world_entries); k++) {
        for (size_t i = 0; i < q->ids.count; i++)
            if (strcmp(q->ids.items[i], world_entries[k].id) == 0)
                answer_entry(f, k, q->ids.items[i]);
        for (size_t i = 0; i < q->tokens.count; i++)
            if (q->tokens.numbers[i] == world_entries[k].token)
                answer_entry(f, k, NULL);
    }
    for (size_t i = 0; i < q->addresses.count; i++)
        for (size_t k = 0; k < WORLD_COUNT(world_contacts); k++)
            if (strcmp(q->addresses.items[i], world_contacts[k].address) == 0) {
                f->contacts = realloc(f->contacts, (f->contact_count + 1) * sizeof *f->contacts);
                f->contacts[f->contact_count++] =
                    (struct fact_contact){i, strdup(world_contacts[k].debtor), false};
            }
}

/* A header of random pieces that mean something to one decision or another; caller frees. */
static inline char *world_random_header(unsigned *seed)
{
    static const char *const pieces[] = {
        "From: compta@d1.example\n",
        "From: jeanne@creditor.example\n",
        "From: ??\n",
        "From: \n",
        "Subject: Re: F-2026-0001 F-2026-0003\n",
        "Subject: F-2026-0002\n",
        "Subject: =?x?q?=\n",
        "In-Reply-To: <r1@creditor.example>\n",
        "In-Reply-To: (<x@y>) <a5@d1.example>\n",
        "References: <{101}@temoin.creditor.example>\n\t<r3@creditor.example>\n",
        "References:\n",
        "References: <<<>>> {103} <{!103}@temoin.creditor.example>\n",
        "Reply-To: jeanne@creditor.example\n",
        "Reply-To: a@b.example, c@d.example\n",
        "Temoin-Invoice: F-2026-0001;, F-2026-0004\n",
        "Temoin-Token: {104}\n",
        "Auto-Submitted: auto-replied\n",
        "DKIM-Signature: v=1\n",
        "Sensitivity: Private\n",
        "Content-Type: multipart/report; report-type=delivery-status\n",
        "Content-Type: multipart/report; report-type=disposition-notification\n",
        "Disposition-Notification-To: jeanne@creditor.example\n",
        "Temoin-Dossier: x\n",
    };
    struct bytes out = {0};
    for (int i = 0; i < 8; i++) {
        *seed = *seed * 1103515245U + 12345U;
        assert_true(bytes_puts(&out, pieces[(*seed >> 10) % WORLD_COUNT(pieces)]));
    }
    return bytes_steal(&out);
}

#endif
