/*
 * cmd_stats - temoin stats: figures of log, register, seal and daemon
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "db/batch.h"
#include "db/command.h"
#include "db/dkim_index.h"
#include "db/facts_db.h"
#include "db/record.h"
#include "db/register.h"
#include "db/scribe_client.h"
#include "db/seal.h"
#include "db/store_facts.h"
#include "policy/delivery.h"

enum { PING_MS = 2000, KEYS_WARN_S = 3600 };

static const char help[] = "usage: temoin stats [--json]\n\n"
                           "Figures of the log, the register, the seal and the daemon.\n";

struct figures {
    struct store_figures store;
    struct register_figures reg;
    char *origin;
    uint64_t signatures;
    struct tree head;
    char root[2 * TREE_HASH + 1];
    enum store_status daemon;
    struct batch_figures dating;
    struct facts_figures facts;
    bool authorities;                           /* some are configured */
    uint64_t followed[DELIVERY_UNRECORDED + 1]; /* entries of the mail server's log, by kind */
    struct dkim_figures keys;
    bool asks_keys; /* dkim_keys */
};

/* Without facts.db every message waits; a damaged one is made anew by the daemon. */
static enum store_status read_facts(const char *directory, struct store *store, struct figures *f,
                                    struct store_error *err)
{
    struct facts_db *db;
    enum store_status status = facts_db_open(directory, STORE_READ, NULL, &db, err);
    if (status == STORE_OK)
        status = facts_db_figures(db, store, &f->facts, err);
    facts_db_close(db);
    if (status != STORE_NOT_FOUND && status != STORE_CORRUPT && status != STORE_SCHEMA)
        return status;
    f->facts = (struct facts_figures){.waiting = f->store.messages};
    return STORE_OK;
}

static enum store_status read_log(const char *directory, struct figures *f, struct store_error *err)
{
    struct store *store;
    enum store_status status = store_open(directory, STORE_READ, &store, err);
    if (status != STORE_OK)
        return status;
    status = store_figures(store, &f->store, err);
    if (status == STORE_OK)
        status = store_origin(store, &f->origin, err);
    for (int kind = DELIVERY_SUBMITTED; status == STORE_OK && kind <= DELIVERY_UNRECORDED; kind++)
        status = store_facts_count(store, delivery_event_name((enum delivery_kind)kind),
                                   &f->followed[kind], err);
    if (status == STORE_OK)
        status = read_facts(directory, store, f, err);
    store_close(store);
    return status;
}

static enum store_status read_register(const char *directory, struct figures *f,
                                       struct store_error *err)
{
    struct register_db *db;
    enum store_status status = register_open(directory, STORE_READ, &db, err);
    if (status != STORE_OK)
        return status;
    status = register_figures(db, &f->reg, err);
    register_close(db);
    return status;
}

static enum store_status read_seal(const char *directory, struct figures *f,
                                   struct store_error *err)
{
    struct seal_store *seals;
    enum store_status status = seal_store_open(directory, STORE_READ, &seals, err);
    if (status != STORE_OK)
        return status;
    status = seal_last(seals, &f->signatures, err);
    if (status == STORE_OK)
        status = seal_head(seals, &f->head, err);
    seal_store_close(seals);
    unsigned char root[TREE_HASH];
    if (status == STORE_OK && !tree_root(&f->head, root))
        return store_fail(err, STORE_IO, "the crypto library failed");
    for (size_t i = 0; status == STORE_OK && i < TREE_HASH; i++)
        snprintf(f->root + 2 * i, 3, "%02x", root[i]);
    return status;
}

static enum store_status read_all(const struct settings *s, struct figures *f,
                                  struct store_error *err)
{
    enum store_status status = read_log(s->store_directory, f, err);
    if (status == STORE_OK)
        status = read_register(s->store_directory, f, err);
    if (status == STORE_OK)
        status = read_seal(s->store_directory, f, err);
    if (status == STORE_OK)
        status = batch_figures(s->store_directory, &f->dating, err);
    if (status == STORE_OK)
        status = dkim_figures(s->store_directory, &f->keys, err);
    f->authorities = s->tsa_count > 0;
    f->asks_keys = s->dkim_keys;
    struct scribe_client *client = status == STORE_OK ? scribe_client_new(s->run_directory) : NULL;
    if (status == STORE_OK && !client)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    if (client)
        f->daemon = scribe_ping(client, PING_MS, err);
    scribe_client_free(client);
    return status;
}

static const char *daemon_word(enum store_status ping)
{
    return ping == STORE_OK          ? "running"
           : ping == STORE_NOT_FOUND ? "stopped"
           : ping == STORE_DENIED    ? "not reachable for this user"
                                     : "not answering";
}

static uint64_t unsigned_entries(const struct figures *f)
{
    return f->store.entries > f->signatures ? f->store.entries - f->signatures : 0;
}

#define N(value) ((json_int_t)(value))

/* How long the open batch has been open, seconds; -1: there is none. */
static int64_t open_age(const struct figures *f)
{
    int64_t age = (int64_t)time(NULL) - f->dating.open_since;
    return f->dating.open_since <= 0 ? -1 : age > 0 ? age : 0;
}

/* A time that may be absent; false: out of memory. */
static bool put_time(json_t *object, const char *key, int64_t seconds)
{
    char text[RECORD_TIME];
    if (seconds <= 0)
        return true;
    record_time(seconds, text);
    return json_object_set_new(object, key, json_string(text)) == 0;
}

static json_t *dating_json(const struct figures *f)
{
    const struct batch_figures *d = &f->dating;
    json_t *json =
        json_pack("{s:I, s:I, s:I, s:I, s:I}", "batches", N(d->batches), "renewals", N(d->renewals),
                  "dated", N(d->dated), "open", N(d->open), "unlogged", N(d->unlogged));
    bool done = json && put_time(json, "last_timestamp", d->last_gen_time) &&
                put_time(json, "earliest_end", d->earliest_end);
    if (done && open_age(f) >= 0)
        done = json_object_set_new(json, "open_s", json_integer(open_age(f))) == 0;
    if (done && d->trouble)
        done = json_object_set_new(json, "trouble", json_foreign(d->trouble)) == 0;
    if (done)
        return json;
    json_decref(json);
    return NULL;
}

static json_t *follow_json(const struct figures *f)
{
    const uint64_t *n = f->followed;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "submitted", N(n[DELIVERY_SUBMITTED]),
                     "handed_over", N(n[DELIVERY_HANDED_OVER]), "relayed", N(n[DELIVERY_RELAYED]),
                     "delivered_locally", N(n[DELIVERY_LOCAL]), "failed", N(n[DELIVERY_FAILED]),
                     "delayed", N(n[DELIVERY_DELAYED]), "alarms", N(n[DELIVERY_UNRECORDED]));
}

static int print_json(const struct figures *f)
{
    const struct store_figures *s = &f->store;
    const struct register_figures *r = &f->reg;
    json_t *log =
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "origin", f->origin,
                  "entries", N(s->entries), "dossiers", N(s->dossiers), "messages", N(s->messages),
                  "message_octets", N(s->message_octets), "stored_octets", N(s->stored_octets),
                  "open_reviews", N(s->open_reviews), "file_octets", N(s->log_file_octets),
                  "wal_octets", N(s->wal_octets), "volumes", N(s->volumes), "bodies", N(s->bodies));
    json_t *reg =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "debtors", N(r->debtors), "contacts",
                  N(r->contacts), "invoices", N(r->invoices), "open_invoices", N(r->open_invoices),
                  "payments", N(r->payments), "outbox", N(r->outbox));
    json_t *seal = json_pack("{s:I, s:I, s:I, s:s}", "signatures", N(f->signatures), "unsigned",
                             N(unsigned_entries(f)), "tree_size", N(f->head.size), "root", f->root);
    json_t *keys =
        json_pack("{s:I, s:I}", "messages", N(f->keys.kept), "waiting", N(f->keys.waiting));
    if (!put_time(keys, "waiting_since", f->keys.waiting_since)) {
        json_decref(keys);
        keys = NULL;
    }
    json_t *facts = json_pack("{s:I, s:I, s:I}", "read", N(f->facts.read), "unread",
                              N(f->facts.unread), "waiting", N(f->facts.waiting));
    return command_print_json(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "log", log,
                                        "register", reg, "seal", seal, "dating", dating_json(f),
                                        "dns_keys", keys, "facts", facts, "follow", follow_json(f),
                                        "daemon", daemon_word(f->daemon)));
}

static void line(const char *what, uint64_t value)
{
    printf("  %-28s %12llu\n", what, (unsigned long long)value);
}

static void time_line(const char *what, int64_t seconds)
{
    char text[RECORD_TIME];
    record_time(seconds, text);
    printf("  %-28s %s\n", what, text);
}

static void print_dating(const struct figures *f)
{
    const struct batch_figures *d = &f->dating;
    printf("dating\n");
    line("timestamps", d->batches);
    line("  renewals", d->renewals);
    line("entries not yet dated", d->open);
    if (d->last_gen_time)
        time_line("last timestamp", d->last_gen_time);
    if (d->earliest_end)
        time_line("first certificate ends", d->earliest_end);
    if (d->unlogged)
        line("timestamps not in the log", d->unlogged);
    if (d->trouble)
        printf("  trouble: %s\n", d->trouble);
    if (!f->authorities)
        printf("  no tsa section in the configuration: nothing is dated by a third party\n");
    else if (open_age(f) > BATCH_WARN_S)
        printf("  WARNING: entries have waited for a timestamp for %lld minutes: is the timer of "
               "\"temoin seal\" running?\n",
               (long long)(open_age(f) / 60));
}

static void print_keys(const struct figures *f)
{
    int64_t age = (int64_t)time(NULL) - f->keys.waiting_since;
    printf("DNS keys of DKIM signatures\n");
    line("messages whose keys are kept", f->keys.kept);
    line("keys still to be asked for", f->keys.waiting);
    if (!f->asks_keys)
        printf("  dkim_keys = no in the configuration: no key is asked for\n");
    else if (f->keys.waiting && age > KEYS_WARN_S)
        printf("  WARNING: keys have waited for %lld minutes: is the timer of \"temoin keys\" "
               "running, do the name servers answer?\n",
               (long long)(age / 60));
}

static void print_follow(const struct figures *f)
{
    const uint64_t *n = f->followed;
    printf("mail server's log\n");
    line("handed over to a server", n[DELIVERY_HANDED_OVER]);
    line("delayed attempts", n[DELIVERY_DELAYED]);
    line("failed", n[DELIVERY_FAILED]);
    if (n[DELIVERY_UNRECORDED])
        printf("  ALARM: %llu of accountants' messages to debtors left without an entry\n",
               (unsigned long long)n[DELIVERY_UNRECORDED]);
}

static int print_table(const struct figures *f)
{
    printf("log %s\n", f->origin);
    line("entries", f->store.entries);
    line("dossiers", f->store.dossiers);
    line("messages", f->store.messages);
    line("  octets", f->store.message_octets);
    line("  octets as stored", f->store.stored_octets);
    line("open reviews", f->store.open_reviews);
    line("log.db, octets", f->store.log_file_octets);
    line("write-ahead log, octets", f->store.wal_octets);
    line("volumes", f->store.volumes);
    line("large bodies", f->store.bodies);
    printf("messages read in depth\n");
    line("read", f->facts.read);
    line("could not be read", f->facts.unread);
    line("wait to be read", f->facts.waiting);
    printf("seal\n");
    line("signatures", f->signatures);
    line("entries not yet signed", unsigned_entries(f));
    printf("  root of %llu entries %s\n", (unsigned long long)f->head.size, f->root);
    print_dating(f);
    print_keys(f);
    print_follow(f);
    printf("register\n");
    line("debtors", f->reg.debtors);
    line("contacts", f->reg.contacts);
    line("invoices", f->reg.invoices);
    line("  open", f->reg.open_invoices);
    line("payments", f->reg.payments);
    line("changes not yet in the log", f->reg.outbox);
    printf("daemon %s\n", daemon_word(f->daemon));
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

int command_stats(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool json = false;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
        if (option == '?')
            return command_wrong_option("stats", argv, "", options);
        json = true;
    }
    if (optind != argc)
        return command_misused("stats", "stats takes no argument");
    struct figures f = {.origin = NULL};
    struct store_error err = {.text = ""};
    enum store_status status = read_all(c->settings, &f, &err);
    int result = status != STORE_OK ? command_fail_store(status, &err)
                 : json             ? print_json(&f)
                                    : print_table(&f);
    free(f.origin);
    batch_figures_free(&f.dating);
    return result;
}
