/*
 * cmd_file - temoin file: take in a message that the milter did not see
 *
 * Sendmail's own bounces, mail that came during an outage, a message found in a mailbox. It is
 * read as one from outside, and matched as the milter would have done.
 *
 * The same message twice is one entry. Two ways find it: the retry key of the milter, computed
 * without what local delivery added (Return-Path, Delivered-To, X-Original-To, the topmost
 * Received), fits within the retry window when the envelope is the same; and any entry with the
 * same Message-ID and the same body, at any time. Not found are messages whose body a program
 * on the way to the mailbox changed (a footer, "From " quoted in an mbox), and, after the retry
 * window, those without a Message-ID.
 */
#include <getopt.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/command.h"
#include "db/envelope_hint.h"
#include "db/intake.h"
#include "db/keys.h"
#include "policy/inbound.h"

static const char help[] =
    "usage: temoin file [--from ADDRESS] [--to ADDRESS]... < MESSAGE\n\n"
    "Takes in a message that the milter did not see, and files it as the milter would have.\n\n"
    "  --from ADDRESS  envelope sender (\"\" of a bounce); else from Return-Path\n"
    "  --to ADDRESS    envelope recipient; else from X-Original-To, Delivered-To, Received\n\n"
    "Exit status: 0 filed, or filed before; 66 belongs to no dossier.\n";

struct filing {
    const struct command_context *c;
    struct intake in;
    struct fields fields;
    struct envelope envelope;
    bool guessed; /* the envelope, at least in part */
    struct reading reading;
    struct keyring ring;
    struct report report;
    struct tokens tokens;
    struct query query;
    struct facts facts;
    struct inbound inbound;
};

static void filing_free(struct filing *f)
{
    intake_free(&f->in);
    fields_free(&f->fields);
    envelope_free(&f->envelope);
    reading_free(&f->reading);
    keyring_wipe(&f->ring);
    report_free(&f->report);
    tokens_free(&f->tokens);
    query_free(&f->query);
    facts_free(&f->facts);
    inbound_free(&f->inbound);
}

static int no_memory(void)
{
    return command_fail(EX_OSERR, "out of memory");
}

static bool is_report(const struct filing *f)
{
    return f->reading.kind == KIND_DSN || f->reading.kind == KIND_MDN;
}

/* Reports may name us in their body alone. */
static bool scan_body(const char *data, size_t len, void *context)
{
    struct filing *f = context;
    report_feed(&f->report, data, len);
    report_end(&f->report);
    return !f->report.out_of_memory &&
           token_scan(&f->ring, f->c->settings->company_domain, data, len, &f->tokens);
}

static int read_message(struct filing *f)
{
    struct store_error err = {.text = ""};
    size_t body;
    enum store_status status = intake_read(&f->in, STDIN_FILENO, &err);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    if (!fields_parse(f->in.head.data ? f->in.head.data : "", f->in.head.len, &f->fields, &body))
        return no_memory();
    if (f->fields.count == 0)
        return command_fail(EX_DATAERR, "standard input holds no message: its header is empty");
    return reading_take(&f->fields, &f->reading) ? EX_OK : no_memory();
}

/* --- was it filed before? -------------------------------------------------------------------*/

struct body_hash {
    EVP_MD_CTX *ctx;
    unsigned matched; /* octets of CRLF CRLF seen */
};

static bool hash_behind_header(const void *data, size_t len, void *context)
{
    static const char end[] = "\r\n\r\n";
    struct body_hash *h = context;
    const char *octets = data;
    size_t i = 0;
    for (; i < len && h->matched < 4; i++)
        h->matched = octets[i] == end[h->matched] ? h->matched + 1 : octets[i] == '\r';
    return EVP_DigestUpdate(h->ctx, octets + i, len - i) == 1;
}

static bool hash_body(const char *data, size_t len, void *context)
{
    return EVP_DigestUpdate(context, data, len) == 1;
}

/* Does entry `seq` hold a message with this body? */
static bool same_body(struct store *store, uint64_t seq, const unsigned char *ours, EVP_MD_CTX *ctx)
{
    struct body_hash theirs = {.ctx = ctx};
    unsigned char hash[EVP_MAX_MD_SIZE];
    return EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
           store_message(store, seq, hash_behind_header, &theirs, NULL) == STORE_OK &&
           EVP_DigestFinal_ex(ctx, hash, NULL) == 1 && memcmp(hash, ours, HASH_OCTETS) == 0;
}

/* The entry of the log that holds this message already; 0: none that could be found. */
static uint64_t find_in_entries(const struct filing *f, const struct facts *facts, EVP_MD_CTX *ctx)
{
    unsigned char ours[EVP_MAX_MD_SIZE];
    struct store *store;
    if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1 ||
        intake_show(&f->in, hash_body, ctx, NULL) != STORE_OK ||
        EVP_DigestFinal_ex(ctx, ours, NULL) != 1 ||
        store_open(f->c->settings->store_directory, STORE_READ, &store, NULL) != STORE_OK)
        return 0;
    uint64_t seq = 0;
    for (size_t i = 0; i < facts->entry_count && !seq; i++)
        if (!facts->entries[i].outbound && same_body(store, facts->entries[i].seq, ours, ctx))
            seq = facts->entries[i].seq;
    store_close(store);
    return seq;
}

static uint64_t find_before(const struct filing *f, struct lookup *lookup)
{
    struct query query = {.ids = {0}};
    struct facts facts = {.entry_count = 0};
    uint64_t seq = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx && f->reading.message_id && strings_add(&query.ids, f->reading.message_id) &&
        lookup_facts(lookup, &query, NULL, &facts, NULL) == STORE_OK && facts.entry_count)
        seq = find_in_entries(f, &facts, ctx);
    EVP_MD_CTX_free(ctx);
    facts_free(&facts);
    query_free(&query);
    return seq;
}

/* The header as the milter saw it: without what local delivery put on top. Our own mark is
   put on after the milter took its copy. */
static bool as_received(const struct fields *from, struct fields *to)
{
    static const char *const local[] = {"Return-Path", "Delivered-To", "X-Original-To",
                                        "Envelope-To", "Temoin-Dossier"};
    bool done = true, hidden = false;
    for (size_t i = 0; i < from->count && done; i++) {
        const struct field *field = &from->items[i];
        bool added = !hidden && strcasecmp(field->name, "Received") == 0;
        hidden = hidden || added;
        for (size_t k = 0; k < sizeof local / sizeof *local && !added; k++)
            added = strcasecmp(field->name, local[k]) == 0;
        if (!added)
            done = fields_add(to, field->name, field->value);
    }
    return done;
}

/* --- deciding and filing --------------------------------------------------------------------*/

static int unrelated(const char *reason)
{
    return command_fail(EX_NOINPUT, "the message belongs to no dossier: %s", reason);
}

static const char no_thread[] = "it names no token or thread of ours, and a report is matched by "
                                "token or thread only";

/* 0: f->inbound says where it belongs. *before: the entry it is already, or 0. */
static int recognise(struct filing *f, struct lookup *lookup, uint64_t *before)
{
    const struct settings *s = f->c->settings;
    struct store_error err = {.text = ""};
    struct direction_found found = direction_classify(s, &f->ring, &f->envelope, &f->reading);
    if (found.direction != DIRECTION_INBOUND)
        return unrelated(found.reason);
    bool scans = is_report(f) || f->envelope.sender[0] == '\0';
    enum store_status status = scans ? intake_show(&f->in, scan_body, f, &err) : STORE_OK;
    if (status == STORE_OK && f->envelope.sender[0] == '\0')
        f->reading.kind = report_kind(&f->report, f->reading.kind, &f->reading.from);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    if (!query_build(s, &f->ring, DIRECTION_INBOUND, &f->envelope, &f->reading, NULL,
                     scans ? &f->tokens : NULL, scans ? &f->report.returned_ids : NULL, &f->query))
        return no_memory();
    if (query_is_idle(&f->query))
        return unrelated(scans ? no_thread : "it names no token, thread or invoice of ours");
    status = lookup_facts(lookup, &f->query, f->reading.base_subject, &f->facts, &err);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    if (!inbound_decide(s, &f->envelope, &f->reading, is_report(f) ? &f->report : NULL, &f->query,
                        &f->facts, &f->inbound))
        return no_memory();
    if (f->inbound.verdict == INBOUND_UNRELATED)
        return unrelated(is_report(f) && !f->facts.entry_count ? no_thread : f->inbound.reason);
    *before = find_before(f, lookup);
    return EX_OK;
}

/* Compose the entry; the body's file is taken over. */
static bool make_entry(struct filing *f, struct entry *e)
{
    struct edits none = {0};
    struct fields received = {0};
    struct bytes head = {0};
    const struct intake *in = &f->in;
    bool made =
        entry_inbound(&f->inbound, &f->envelope, &f->reading, is_report(f) ? &f->report : NULL,
                      &none, e) &&
        json_object_set_new(e->private_part, "source",
                            json_pack("{s:s, s:s, s:s}", "command", "file", "by", f->c->actor,
                                      "envelope", f->guessed ? "from the header" : "given")) == 0 &&
        as_received(&f->fields, &received) &&
        entry_retry_key("inbound", &f->envelope, &received, in->memory.data, in->memory.len, in->fd,
                        e->retry) &&
        fields_render(&f->fields, &head);
    if (made) {
        e->actor = f->c->actor;
        e->has_retry = true;
        int fd = f->in.fd;
        f->in.fd = -1;
        made = entry_take_message(e, &head, in->memory.data, in->memory.len, fd,
                                  fd >= 0 ? in->size : 0, true, NULL);
    }
    fields_free(&received);
    bytes_free(&head);
    return made;
}

static void tell(const struct filing *f, uint64_t seq, bool before)
{
    printf("%s: %s", f->inbound.event,
           f->inbound.verdict == INBOUND_STRONG ? "filed in" : "to be reviewed for");
    for (size_t i = 0; i < f->inbound.invoices.count; i++)
        printf("%s %s", i ? "," : "", f->inbound.invoices.items[i]);
    printf(" (%s), entry %llu of the log%s\n", f->inbound.reason, (unsigned long long)seq,
           before ? ", where it was already" : "");
}

static int append(struct filing *f)
{
    struct entry e;
    struct appended done = {0};
    entry_init(&e);
    int status = make_entry(f, &e) ? command_append(f->c->settings, &e, &done)
                                   : command_fail(EX_OSERR, "cannot compose the entry: memory or "
                                                            "the crypto library failed");
    if (status == EX_OK)
        tell(f, done.seq, done.duplicate);
    appended_free(&done);
    entry_free(&e);
    return status;
}

static int file_message(struct filing *f)
{
    const struct settings *s = f->c->settings;
    struct store_error err = {.text = ""};
    enum store_status status = keys_read(s->key_directory, &f->ring, &err);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    int result = read_message(f);
    if (result == EX_OK && !envelope_hints(s, &f->fields, &f->reading, &f->envelope, &f->guessed))
        result = no_memory();
    if (result != EX_OK)
        return result;
    struct lookup *lookup;
    uint64_t before = 0;
    status = lookup_open(s->store_directory, &lookup, &err);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    result = recognise(f, lookup, &before);
    lookup_close(lookup);
    if (result == EX_OK && before)
        tell(f, before, true);
    else if (result == EX_OK)
        result = append(f);
    return result;
}

/* A --from or --to. */
static int take_address(struct filing *f, int option, const char *argument)
{
    char *address = envelope_address(argument);
    bool done = address != NULL;
    if (done && option == 'f') {
        free(f->envelope.sender);
        f->envelope.sender = address;
        return EX_OK;
    }
    done = done && strings_add(&f->envelope.recipients, address);
    free(address);
    return done ? EX_OK : no_memory();
}

int command_file(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"from", required_argument, NULL, 'f'},
                                            {"to", required_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct filing f = {.c = c, .in = {.fd = -1}};
    int option, status = EX_OK;
    while (status == EX_OK && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
        status = option == '?' ? command_wrong_option("file", argv, "", options)
                               : take_address(&f, option, optarg);
    }
    if (status == EX_OK && optind != argc)
        status = command_misused("file", "file reads standard input and takes no argument");
    if (status == EX_OK)
        status = command_become_user(c->settings);
    if (status == EX_OK) {
        char spool[4096];
        snprintf(spool, sizeof spool, "%s/spool", c->settings->store_directory);
        intake_begin(&f.in, spool, c->settings->spill_size, c->settings->max_message_size);
        status = file_message(&f);
    }
    filing_free(&f);
    return status;
}
