/*
 * facts - what a decision needs to know from the store, asked for once
 */
#include "policy/facts.h"

#include <stdlib.h>
#include <string.h>

void query_free(struct query *q)
{
    strings_free(&q->ids);
    tokens_free(&q->tokens);
    strings_free(&q->numbers);
    strings_free(&q->addresses);
    *q = (struct query){0};
}

void facts_free(struct facts *f)
{
    for (size_t i = 0; i < f->invoice_count; i++) {
        free(f->invoices[i].number);
        free(f->invoices[i].debtor);
    }
    for (size_t i = 0; i < f->entry_count; i++) {
        free(f->entries[i].id);
        strings_free(&f->entries[i].invoices);
        strings_free(&f->entries[i].recipients);
    }
    for (size_t i = 0; i < f->contact_count; i++)
        free(f->contacts[i].debtor);
    free(f->invoices);
    free(f->entries);
    free(f->contacts);
    *f = (struct facts){0};
}

const struct fact_invoice *facts_invoice(const struct facts *f, const char *number)
{
    for (size_t i = 0; i < f->invoice_count; i++)
        if (strcmp(f->invoices[i].number, number) == 0)
            return &f->invoices[i];
    return NULL;
}

bool facts_is_contact(const struct facts *f, const struct query *q, const char *address,
                      const char *debtor)
{
    for (size_t i = 0; i < f->contact_count; i++) {
        const struct fact_contact *c = &f->contacts[i];
        if (c->address < q->addresses.count && strcmp(c->debtor, debtor) == 0 &&
            strcmp(q->addresses.items[c->address], address) == 0)
            return true;
    }
    return false;
}
