/*
 * review_confirm - a suggestion of the reader's becomes a fact, since a person says so
 *
 * Private part of the entry that is made: invoice, about (the message's entry), suggestion {number,
 * what}, text (the sentence), date (the day that was named), amount and currency. The reader may
 * be made to read again and find more or fewer suggestions: so the sentence is kept, not only the
 * number. Two who confirm at the same instant both find nothing before them: the retry key, of
 * dossier, message, number and sentence, lets the log take one.
 */
#include "db/review_confirm.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "db/facts_db.h"
#include "db/register.h"

struct confirming {
    const struct command_context *c;
    uint64_t seq, which;
    char *invoice;
    char currency[8];
    struct fact_row row;
    const json_t *suggestion; /* in row */
};

static json_t *private_part_of(struct store *store, uint64_t seq, enum store_status *status,
                               struct store_error *err)
{
    struct stored_entry entry = {0};
    *status = store_entry(store, seq, &entry, err);
    json_t *part = *status == STORE_OK && entry.private_part.data
                       ? json_loadb(entry.private_part.data, entry.private_part.len, 0, NULL)
                       : NULL;
    stored_entry_free(&entry);
    return part;
}

/* Where a decision about the entry put it; false: said, and *result is a status. `in_review` false:
   nobody was ever asked. */
static bool find_decision(const struct confirming *f, struct store *store, struct strings *dossiers,
                          bool *in_review, int *result)
{
    struct review_item *items = NULL;
    struct store_error err = {.text = ""};
    size_t count = 0;
    enum store_status status = store_reviews(store, false, &items, &count, &err);
    const struct review_item *item = NULL;
    for (size_t i = 0; status == STORE_OK && i < count; i++)
        item = items[i].seq == f->seq ? &items[i] : item;
    *in_review = item != NULL;
    *result = status == STORE_OK ? EX_OK : command_fail_store(status, &err);
    if (item && strcmp(item->state, "open") == 0)
        *result = command_fail(EX_DATAERR, "entry %llu waits in review: assign it first",
                               (unsigned long long)f->seq);
    else if (item && strcmp(item->state, "dismissed") == 0)
        *result = command_fail(EX_DATAERR, "entry %llu was dismissed, by entry %llu",
                               (unsigned long long)f->seq, (unsigned long long)item->decided_by);
    else if (item) {
        json_t *part = private_part_of(store, item->decided_by, &status, &err);
        const char *target = json_string_value(json_object_get(part, "invoice"));
        if (status != STORE_OK)
            *result = command_fail_store(status, &err);
        else if (target && !strings_add(dossiers, target))
            *result = command_fail(EX_OSERR, "out of memory");
        json_decref(part);
    }
    review_items_free(items, count);
    return *result == EX_OK;
}

/* The dossiers of an entry about which nobody had to decide. */
static int find_filed(const struct confirming *f, struct store *store, struct strings *dossiers)
{
    struct store_error err = {.text = ""};
    enum store_status status;
    json_t *part = private_part_of(store, f->seq, &status, &err);
    json_t *invoices = json_object_get(part, "invoice");
    json_int_t about = json_integer_value(json_object_get(part, "about"));
    int result = EX_OK;
    if (status == STORE_NOT_FOUND)
        result = command_fail(EX_NOINPUT, "there is no entry %llu", (unsigned long long)f->seq);
    else if (status != STORE_OK)
        result = command_fail_store(status, &err);
    else if (about > 0)
        result = command_fail(EX_DATAERR, "entry %llu is about entry %lld: name that one",
                              (unsigned long long)f->seq, (long long)about);
    for (size_t i = 0; result == EX_OK && i < json_array_size(invoices); i++) {
        const char *one = json_string_value(json_array_get(invoices, i));
        if (one && !strings_add(dossiers, one))
            result = command_fail(EX_OSERR, "out of memory");
    }
    json_decref(part);
    return result;
}

/* The dossier that the message is in, and that was named, if one was. */
static int find_invoice(struct confirming *f, struct store *store)
{
    struct strings dossiers = {0};
    bool in_review = false;
    int result = EX_OK;
    if (find_decision(f, store, &dossiers, &in_review, &result) && !in_review)
        result = find_filed(f, store, &dossiers);
    if (result == EX_OK && dossiers.count == 0)
        result = command_fail(EX_DATAERR, "entry %llu is a message in no dossier",
                              (unsigned long long)f->seq);
    else if (result == EX_OK && f->invoice && !strings_contain(&dossiers, f->invoice))
        result = command_fail(EX_DATAERR, "entry %llu is in the dossier of %s, not in that of %s",
                              (unsigned long long)f->seq, dossiers.items[0], f->invoice);
    else if (result == EX_OK && !f->invoice && dossiers.count > 1)
        result = command_fail(EX_DATAERR, "entry %llu is in several dossiers: name one of them",
                              (unsigned long long)f->seq);
    else if (result == EX_OK && !f->invoice && !(f->invoice = strdup(dossiers.items[0])))
        result = command_fail(EX_OSERR, "out of memory");
    strings_free(&dossiers);
    return result;
}

static int refuse_second(const struct confirming *f, uint64_t before)
{
    return command_fail(EX_DATAERR,
                        "suggestion %" PRIu64 " of entry %" PRIu64 " was confirmed already, "
                        "by entry %" PRIu64,
                        f->which, f->seq, before);
}

/* Is there an entry in the dossier that confirms it already? */
static int find_before(const struct confirming *f, struct store *store)
{
    struct dossier d = {0};
    struct store_error err = {.text = ""};
    enum store_status status = store_dossier(store, f->invoice, &d, &err);
    uint64_t before = 0;
    for (uint64_t i = 0; status == STORE_OK && !before && i < d.count; i++) {
        if (d.seqs[i] <= f->seq)
            continue;
        json_t *part = private_part_of(store, d.seqs[i], &status, &err);
        const json_t *confirmed = json_object_get(part, "suggestion");
        json_int_t about = json_integer_value(json_object_get(part, "about"));
        json_int_t number = json_integer_value(json_object_get(confirmed, "number"));
        if (confirmed && about == (json_int_t)f->seq && number == (json_int_t)f->which)
            before = d.seqs[i];
        json_decref(part);
    }
    dossier_free(&d);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    return before ? refuse_second(f, before) : EX_OK;
}

static int find_suggestion(struct confirming *f)
{
    struct facts_db *db = NULL;
    struct store_error err = {.text = ""};
    enum store_status status =
        facts_db_open(f->c->settings->store_directory, STORE_READ, NULL, &db, &err);
    if (status == STORE_OK)
        status = facts_db_get(db, f->seq, &f->row, &err);
    facts_db_close(db);
    if (status == STORE_NOT_FOUND)
        return command_fail(EX_NOINPUT, "entry %llu was not read yet: see temoin reread",
                            (unsigned long long)f->seq);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    f->suggestion =
        json_array_get(json_object_get(f->row.facts, "suggest"), (size_t)(f->which - 1));
    bool whole = json_object_get(f->suggestion, "what") && json_object_get(f->suggestion, "quote");
    return whole ? EX_OK
                 : command_fail(EX_NOINPUT, "entry %llu has no suggestion %llu: see temoin show",
                                (unsigned long long)f->seq, (unsigned long long)f->which);
}

/* What amounts of this dossier are in. */
static int find_currency(struct confirming *f)
{
    struct register_db *bills = NULL;
    struct register_invoice bill = {0};
    struct store_error err = {.text = ""};
    enum store_status status =
        register_open(f->c->settings->store_directory, STORE_READ, &bills, &err);
    if (status == STORE_OK)
        status = register_invoice(bills, f->invoice, &bill, &err);
    snprintf(f->currency, sizeof f->currency, "%s",
             status == STORE_OK && bill.currency ? bill.currency : "EUR");
    register_invoice_free(&bill);
    register_close(bills);
    return status == STORE_OK || status == STORE_NOT_FOUND ? EX_OK
                                                           : command_fail_store(status, &err);
}

static int find_all(struct confirming *f)
{
    struct store *store = NULL;
    struct store_error err = {.text = ""};
    enum store_status status =
        store_open(f->c->settings->store_directory, STORE_READ, &store, &err);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    int result = find_invoice(f, store);
    if (result == EX_OK)
        result = command_knows_invoice(f->c->settings, f->invoice);
    if (result == EX_OK)
        result = find_before(f, store);
    store_close(store);
    if (result == EX_OK)
        result = find_suggestion(f);
    return result == EX_OK ? find_currency(f) : result;
}

static const char *event_of(const char *what)
{
    return strcmp(what, "promise") == 0 || strcmp(what, "dispute") == 0 ? what : "note";
}

/* The sentence, and the day that the program understood ("vendredi prochain" tells none). */
static json_t *text_of(const struct confirming *f, const char *date)
{
    const char *quote = json_string_value(json_object_get(f->suggestion, "quote"));
    struct bytes text = {0};
    bool done = date ? bytes_printf(&text, "%s (%s)", quote, date) : bytes_puts(&text, quote);
    json_t *json = done ? json_string(text.data) : NULL;
    bytes_free(&text);
    return json;
}

static json_t *private_part_for(const struct confirming *f)
{
    const char *what = json_string_value(json_object_get(f->suggestion, "what"));
    const char *date = json_string_value(json_object_get(f->suggestion, "date"));
    json_t *amount = json_object_get(f->suggestion, "amount");
    json_t *part =
        json_pack("{s:o, s:I, s:{s:I, s:s}, s:o, s:s*}", "invoice", json_foreign(f->invoice),
                  "about", (json_int_t)f->seq, "suggestion", "number", (json_int_t)f->which, "what",
                  what, "text", text_of(f, date), "date", date);
    if (part && amount &&
        (json_object_set(part, "amount", amount) != 0 ||
         json_object_set_new(part, "currency", json_string(f->currency)) != 0)) {
        json_decref(part);
        return NULL;
    }
    return part;
}

static bool key_make(const struct confirming *f, unsigned char key[HASH_OCTETS])
{
    _Static_assert((int)HASH_OCTETS == SHA256_DIGEST_LENGTH, "a retry key is a hash");
    struct bytes text = {0};
    bool done = bytes_printf(&text, "temoin review confirm\n%s\n%" PRIu64 "\n%" PRIu64 "\n%s",
                             f->invoice, f->seq, f->which,
                             json_string_value(json_object_get(f->suggestion, "quote"))) &&
                SHA256((const unsigned char *)text.data, text.len, key);
    bytes_free(&text);
    return done;
}

static int append_fact(const struct confirming *f)
{
    const char *what = json_string_value(json_object_get(f->suggestion, "what"));
    struct entry e;
    struct appended done = {0};
    entry_init(&e);
    e.event = entry_hold(&e, event_of(what));
    e.actor = f->c->actor;
    e.private_part = private_part_for(f);
    e.has_retry = key_make(f, e.retry);
    bool made = e.event && e.private_part && e.has_retry && strings_add(&e.dossiers, f->invoice);
    int status =
        made ? command_append(f->c->settings, &e, &done) : command_fail(EX_OSERR, "out of memory");
    if (status == EX_OK && done.duplicate)
        status = refuse_second(f, done.seq);
    else if (status == EX_OK)
        printf("%s: %s of entry %llu confirmed, as entry %llu of the log\n", f->invoice, what,
               (unsigned long long)f->seq, (unsigned long long)done.seq);
    appended_free(&done);
    entry_free(&e);
    return status;
}

int review_confirm(const struct command_context *c, const char *number, const char *which,
                   const char *invoice)
{
    struct confirming f = {.c = c};
    if (!command_number(number, &f.seq) || f.seq == 0)
        return command_misused("review", "\"%s\" is no entry number", number);
    if (!command_number(which, &f.which) || f.which == 0)
        return command_misused("review", "\"%s\" is no number of a suggestion", which);
    if (invoice && !(f.invoice = strdup(invoice)))
        return command_fail(EX_OSERR, "out of memory");
    int status = find_all(&f);
    if (status == EX_OK)
        status = append_fact(&f);
    fact_row_free(&f.row);
    free(f.invoice);
    return status;
}
