/*
 * fill - a log of any length, made by the store's own functions, for measurements
 *
 * Synopsis
 *      tests/bench/fill temoin.conf ENTRIES INVOICE MESSAGES
 *
 * Brings the log to ENTRIES entries. MESSAGES of them, evenly spread, are messages in the dossier
 * of INVOICE; of the others one in four is a message and the rest are notes, ten to a dossier
 * (X-1, X-2, …). The daemon is stopped meanwhile; when it starts, its sealer signs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/command.h"
#include "db/writer.h"

enum { GROUP = 1000, IN_A_DOSSIER = 10, ONE_MESSAGE_IN = 4 };

struct filling {
    const struct settings *settings;
    struct store *store;
    struct store_context context;
    const char *invoice;
    uint64_t entries, messages;
};

static bool message(struct entry *e, uint64_t seq, const char *invoice)
{
    struct bytes head = {0}, body = {0};
    bool ok = bytes_printf(&head,
                           "From: Jeanne <jeanne@creditor.example>\r\n"
                           "To: Paul <paul@debtor.example>\r\n"
                           "Subject: Facture %s : rappel\r\n"
                           "Message-ID: <%" PRIu64 ".fill@creditor.example>\r\n"
                           "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
                           invoice, seq);
    for (int line = 0; ok && line < 12; line++)
        ok = bytes_printf(&body, "%d. notre facture %s (%" PRIu64 ") reste impayée.\r\n", line,
                          invoice, seq * 2654435761u);
    ok = ok && entry_take_message(e, &head, body.data, body.len, -1, 0, true, NULL);
    bytes_free(&head);
    bytes_free(&body);
    return ok;
}

static bool compose(const struct filling *f, uint64_t seq, struct entry *e)
{
    char other[40];
    uint64_t step = f->entries / f->messages;
    bool ours = seq % step == 0 && seq / step <= f->messages;
    snprintf(other, sizeof other, "X-%" PRIu64, seq / IN_A_DOSSIER);
    const char *invoice = ours ? f->invoice : other;
    e->actor = "jeanne";
    if (!strings_add(&e->dossiers, invoice))
        return false;
    if (!ours && seq % ONE_MESSAGE_IN) {
        e->event = "note";
        e->private_part =
            json_pack("{s:s, s:s}", "invoice", invoice, "text", "appelé, pas de réponse");
        return e->private_part != NULL;
    }
    e->event = "prepared";
    e->direction = "outbound";
    e->level = "prepared";
    e->private_part = json_pack("{s:s, s:{s:s, s:[s]}}", "invoice", invoice, "envelope", "from",
                                "jeanne@creditor.example", "to", "paul@debtor.example");
    return e->private_part && message(e, seq, invoice);
}

static enum store_status group(const struct filling *f, uint64_t *seq, struct store_error *err)
{
    enum store_status st = store_begin(f->store, err);
    for (int n = 0; st == STORE_OK && n < GROUP && *seq < f->entries; n++) {
        struct entry e;
        struct appended done = {0};
        entry_init(&e);
        if (compose(f, *seq + 1, &e))
            st = store_append(f->store, &f->context, &e, &done, err);
        else
            st = store_fail(err, STORE_NO_MEMORY, "out of memory");
        *seq = done.seq;
        appended_free(&done);
        entry_free(&e);
    }
    return st == STORE_OK ? store_commit(f->store, err) : st;
}

static enum store_status fill(struct filling *f, struct store_error *err)
{
    struct writer writer;
    uint64_t seq = 0;
    enum store_status st = writer_identify(f->settings, &writer, err);
    if (st != STORE_OK)
        return st;
    f->context = writer_context(&writer, f->settings, "command", (unsigned)getuid());
    st = store_open(f->settings->store_directory, STORE_WRITE, &f->store, err);
    if (st != STORE_OK)
        return st;
    st = store_last_seq(f->store, &seq, err);
    while (st == STORE_OK && seq < f->entries)
        st = group(f, &seq, err);
    if (st == STORE_OK)
        st = store_checkpoint_restart(f->store, err);
    store_close(f->store);
    return st;
}

int main(int argc, char **argv)
{
    struct settings *settings = NULL;
    struct store_error err = {0};
    struct filling f = {0};
    if (argc != 5 || !command_number(argv[2], &f.entries) ||
        !command_number(argv[4], &f.messages) || !f.messages || f.messages > f.entries) {
        fprintf(stderr, "usage: fill temoin.conf ENTRIES INVOICE MESSAGES\n");
        return EX_USAGE;
    }
    f.invoice = argv[3];
    int status = command_settings(argv[1], &settings);
    if (status == EX_OK)
        status = command_become_user(settings);
    if (status == EX_OK) {
        f.settings = settings;
        enum store_status st = fill(&f, &err);
        if (st != STORE_OK)
            status = command_fail_store(st, &err);
    }
    settings_unref(settings);
    return status;
}
