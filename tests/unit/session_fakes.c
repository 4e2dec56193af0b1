/*
 * session_fakes - see session_fakes.h
 */
#include "session_fakes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

/* --- the MTA --------------------------------------------------------------------------------*/

static bool note(struct fake_mta *f, const char *what, const char *name, const char *value)
{
    struct bytes line = {0};
    if (f->refuses_edits)
        return false;
    bool ok = bytes_printf(&line, "%s %s%s%s", what, name, value != NULL ? ":" : "",
                           value != NULL ? value : "") &&
              strings_add(&f->edits, line.data);
    bytes_free(&line);
    return ok;
}

static bool change_sender(void *context, const char *address, const char *arguments)
{
    return note(context, "from", address, arguments);
}

static bool add_recipient(void *context, const char *address)
{
    return note(context, "add-recipient", address, NULL);
}

static bool remove_recipient(void *context, const char *address)
{
    return note(context, "remove-recipient", address, NULL);
}

static bool add_field(void *context, const char *name, const char *value)
{
    return note(context, "add", name, value);
}

static bool change_field(void *context, const char *name, unsigned instance, const char *value)
{
    struct bytes place = {0};
    bool ok = bytes_printf(&place, "%s/%u", name, instance) &&
              note(context, value != NULL ? "change" : "delete", place.data, value);
    bytes_free(&place);
    return ok;
}

static bool set_reply(void *context, const char *code, const char *enhanced, const char *text)
{
    struct fake_mta *f = context;
    bytes_free(&f->reply);
    return bytes_printf(&f->reply, "%s %s %s", code, enhanced, text);
}

void fake_mta_begin(struct fake_mta *f)
{
    *f = (struct fake_mta){.mta = {.context = f,
                                   .change_sender = change_sender,
                                   .add_recipient = add_recipient,
                                   .remove_recipient = remove_recipient,
                                   .add_field = add_field,
                                   .change_field = change_field,
                                   .set_reply = set_reply}};
    fake_scribe.mta = f;
}

void fake_mta_end(struct fake_mta *f)
{
    strings_free(&f->edits);
    bytes_free(&f->reply);
    fake_scribe.mta = NULL;
}

const char *fake_mta_edit(const struct fake_mta *f, const char *beginning)
{
    for (size_t i = 0; i < f->edits.count; i++)
        if (strncmp(f->edits.items[i], beginning, strlen(beginning)) == 0)
            return f->edits.items[i];
    return NULL;
}

/* --- scribe ---------------------------------------------------------------------------------*/

struct fake_scribe fake_scribe;

static void forget_entry(void)
{
    struct fake_scribe *f = &fake_scribe;
    free(f->event);
    free(f->direction);
    free(f->review);
    free(f->learn);
    f->event = f->direction = f->review = f->learn = NULL;
    strings_free(&f->dossiers);
    bytes_free(&f->message);
}

void fake_scribe_reset(void)
{
    forget_entry();
    edits_free(&fake_scribe.known_edits);
    stamped_free(&fake_scribe.told);
    fake_scribe = (struct fake_scribe){.status = STORE_OK, .ping_answers = true};
    fake_store = (struct fake_store){.status = STORE_OK, .knows_sent_number = true};
}

static struct scribe_client *client;

struct scribe_client *scribe_client_new(const char *run_directory)
{
    (void)run_directory;
    return (struct scribe_client *)(void *)&client;
}

void scribe_client_free(struct scribe_client *c)
{
    (void)c;
}

static bool unpack(const struct entry_message *m, struct bytes *out)
{
    unsigned long long size = ZSTD_getFrameContentSize(m->packed.data, m->packed.len);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ||
        !bytes_reserve(out, size + m->body_size))
        return false;
    size_t n = ZSTD_decompress(out->data, size, m->packed.data, m->packed.len);
    if (ZSTD_isError(n))
        return false;
    out->len = n;
    out->data[n] = '\0';
    if (m->body_fd < 0)
        return true;
    ssize_t body = pread(m->body_fd, out->data + n, m->body_size, 0);
    out->len += body > 0 ? (size_t)body : 0;
    out->data[out->len] = '\0';
    return body == (ssize_t)m->body_size;
}

static char *copy(const char *text)
{
    return text != NULL ? strdup(text) : NULL;
}

static bool copy_edits(const struct edits *from, struct edits *to)
{
    bool ok = true;
    edits_free(to);
    for (size_t i = 0; ok && i < from->count; i++) {
        const struct edit *e = &from->items[i];
        ok = edits_add(to, e->kind, e->name, e->instance, e->value, e->arguments);
    }
    return ok;
}

enum store_status scribe_append(struct scribe_client *c, struct entry *e, int timeout_ms,
                                struct appended *out, struct store_error *err)
{
    (void)c;
    (void)timeout_ms;
    struct fake_scribe *f = &fake_scribe;
    f->appends++;
    f->edits_at_append = f->mta != NULL ? f->mta->edits.count : 0;
    *out = (struct appended){.seq = 40 + f->appends};
    strcpy(err->text, "fake");
    if (f->status != STORE_OK)
        return f->status;
    if (f->known && memcmp(f->retry, e->retry, sizeof f->retry) == 0) {
        out->duplicate = true;
        out->token = f->known_token;
        return copy_edits(&f->known_edits, &out->edits) ? STORE_OK : STORE_NO_MEMORY;
    }
    forget_entry();
    f->event = copy(e->event);
    f->direction = copy(e->direction);
    f->review = copy(e->review_invoice);
    f->learn = copy(e->learn_debtor);
    f->dropped = e->message.bytes_dropped;
    f->pauses = e->pauses;
    f->had_file = e->message.body_fd >= 0;
    f->token = e->token;
    f->size = e->message.size;
    memcpy(f->retry, e->retry, sizeof f->retry);
    f->known = e->has_retry;
    f->known_token = e->token;
    bool ok = strings_add_all(&f->dossiers, &e->dossiers) && copy_edits(&e->edits, &f->known_edits);
    if (ok && !f->dropped)
        ok = unpack(&e->message, &f->message);
    return ok ? STORE_OK : STORE_NO_MEMORY;
}

enum store_status scribe_reserve(struct scribe_client *c, uint64_t count, int timeout_ms,
                                 uint64_t *first, struct store_error *err)
{
    (void)c;
    (void)count;
    (void)timeout_ms;
    strcpy(err->text, "fake");
    *first = 1000 + 1000 * fake_scribe.reserves++;
    return fake_scribe.status;
}

enum store_status scribe_ping(struct scribe_client *c, int timeout_ms, struct store_error *err)
{
    (void)c;
    (void)timeout_ms;
    strcpy(err->text, "fake");
    fake_scribe.pings++;
    return fake_scribe.ping_answers ? STORE_OK : STORE_BUSY;
}

static bool copy_told(const struct stamped *from, struct stamped *to)
{
    memcpy(to->retry, from->retry, sizeof to->retry);
    to->token = from->token;
    to->reminder = from->reminder;
    to->rule = copy(from->rule);
    return strings_add_all(&to->invoices, &from->invoices) && copy_edits(&from->edits, &to->edits);
}

enum store_status scribe_stamped(struct scribe_client *c, struct stamped *s, int timeout_ms,
                                 bool *known, struct store_error *err)
{
    (void)c;
    (void)timeout_ms;
    struct fake_scribe *f = &fake_scribe;
    strcpy(err->text, "fake");
    if (f->status != STORE_OK)
        return f->status;
    *known = f->has_told && memcmp(f->told.retry, s->retry, sizeof s->retry) == 0;
    if (*known) {
        s->token = f->told.token;
        return copy_edits(&f->told.edits, &s->edits) ? STORE_OK : STORE_NO_MEMORY;
    }
    stamped_free(&f->told);
    f->has_told = copy_told(s, &f->told);
    return f->has_told ? STORE_OK : STORE_NO_MEMORY;
}

enum store_status scribe_recall(struct scribe_client *c, uint64_t token, int timeout_ms,
                                struct stamped *s, struct store_error *err)
{
    (void)c;
    (void)timeout_ms;
    struct fake_scribe *f = &fake_scribe;
    strcpy(err->text, "fake");
    if (f->status != STORE_OK)
        return f->status;
    if (!f->has_told || f->forgets || f->told.token != token)
        return STORE_NOT_FOUND;
    return copy_told(&f->told, s) ? STORE_OK : STORE_NO_MEMORY;
}

/* --- the store's facts ----------------------------------------------------------------------*/

struct fake_store fake_store;
static char reader;

enum store_status lookup_open(const char *directory, struct lookup **lookup,
                              struct store_error *err)
{
    (void)directory;
    (void)err;
    *lookup = (struct lookup *)(void *)&reader;
    return STORE_OK;
}

void lookup_close(struct lookup *lookup)
{
    (void)lookup;
}

static bool add_invoice(struct facts *f)
{
    f->invoices = calloc(1, sizeof *f->invoices);
    if (f->invoices == NULL)
        return false;
    f->invoice_count = 1;
    f->invoices[0] = (struct fact_invoice){.number = strdup("F-2026-001"),
                                           .debtor = strdup("D1"),
                                           .status = INVOICE_OPEN,
                                           .debtor_has_contact = true};
    return true;
}

/* The message we sent, as it is found by its number or its id. */
static bool add_entry(struct facts *f, const char *id)
{
    struct fact_entry *grown = realloc(f->entries, (f->entry_count + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    f->entries = grown;
    struct fact_entry *e = &f->entries[f->entry_count++];
    *e = (struct fact_entry){.seq = 3,
                             .by_token = id == NULL,
                             .token = SENT_NUMBER,
                             .id = copy(id),
                             .outbound = true,
                             .subject = 99};
    return strings_add(&e->invoices, "F-2026-001") &&
           strings_add(&e->recipients, "claire@debtor.example");
}

static bool add_contact(struct facts *f, size_t address)
{
    f->contacts = calloc(1, sizeof *f->contacts);
    if (f->contacts == NULL)
        return false;
    f->contact_count = 1;
    f->contacts[0] = (struct fact_contact){.address = address, .debtor = strdup("D1")};
    return true;
}

enum store_status lookup_facts(struct lookup *lookup, const struct query *q,
                               const char *base_subject, struct facts *f, struct store_error *err)
{
    (void)lookup;
    (void)base_subject;
    fake_store.lookups++;
    strcpy(err->text, "fake");
    if (fake_store.status != STORE_OK)
        return fake_store.status;
    bool ok = true, found = strings_contain(&q->numbers, "F-2026-001");
    for (size_t i = 0; ok && i < q->tokens.count && fake_store.knows_sent_number; i++)
        if (q->tokens.numbers[i] == SENT_NUMBER)
            ok = found = add_entry(f, NULL);
    if (ok && strings_contain(&q->ids, "<sent@creditor.example>"))
        ok = found = add_entry(f, "<sent@creditor.example>");
    for (size_t i = 0; ok && i < q->addresses.count; i++)
        if (strcmp(q->addresses.items[i], "claire@debtor.example") == 0)
            ok = add_contact(f, i);
    if (ok && found)
        ok = add_invoice(f);
    return ok ? STORE_OK : STORE_NO_MEMORY;
}
