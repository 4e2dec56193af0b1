/*
 * cmd_erase - temoin erase, temoin hold: personal data out, and what forbids it
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "db/command.h"
#include "db/erase_order.h"
#include "policy/erasure.h"

enum { FINISH_MS = 60000 };

static const char help_erase[] =
    "usage: temoin erase INVOICE --ground GROUND --by NAME [--confirm-by NAME]\n"
    "       temoin erase --entry SEQ --ground GROUND --by NAME [--confirm-by NAME]\n\n"
    "Deletes messages and private parts for good: of all the invoice's dossier, or of one entry.\n"
    "A signed skeleton stays (number, time, direction, size, hashes), and the erasure is an entry\n"
    "of its own. What another dossier holds too is erased by --entry only.\n\n"
    "  --ground GROUND    why:\n";

static const char help_hold[] =
    "usage: temoin hold INVOICE [--release]\n\n"
    "Nothing of the invoice's dossier may be erased, nor expires, until --release.\n";

struct erase_arguments {
    const char *invoice; /* NULL: one entry */
    uint64_t seq;
    struct erase_order order;
};

static int print_help(void)
{
    const struct erasure_ground *g;
    fputs(help_erase, stdout);
    for (size_t i = 0; (g = erasure_ground_at(i)); i++)
        printf("      %-18s %s\n", g->name, g->words[LANGUAGE_EN]);
    puts("  --by NAME          who orders it\n"
         "  --confirm-by NAME  the second person (erase_needs_second)");
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

/* --- what to erase --------------------------------------------------------------------------*/

/* Take out what other dossiers hold too; say which. */
static void keep_shared(struct erasables *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct erasable *item = &list->items[i];
        if (item->dossiers.count > 1) {
            printf("entry %" PRIu64 " (%s) is kept: it is in the dossiers of", item->seq,
                   item->event);
            for (size_t k = 0; k < item->dossiers.count; k++)
                printf("%s %s", k ? "," : "", item->dossiers.items[k]);
            printf(": temoin erase --entry %" PRIu64 " erases it in all of them\n", item->seq);
            free(item->event);
            strings_free(&item->dossiers);
        } else {
            list->items[kept++] = *item;
        }
    }
    list->count = kept;
}

/* STORE_INVALID: the dossier is on hold. */
static enum store_status check_hold(struct store *store, const char *invoice,
                                    struct store_error *err)
{
    uint64_t hold;
    enum store_status st = store_hold(store, invoice, &hold, err);
    if (st == STORE_OK && hold)
        st = store_fail(err, STORE_INVALID,
                        "%s is on hold since entry %" PRIu64 ": nothing of it may be erased "
                        "(temoin hold --release %s, when that has ended)",
                        invoice, hold, invoice);
    return st;
}

static enum store_status find(const struct settings *s, const struct erase_arguments *a,
                              struct erasables *list, struct store_error *err)
{
    struct store *store;
    struct dkim_links *keys = NULL;
    struct dossier d = {0};
    enum store_status st = store_open(s->store_directory, STORE_READ, &store, err);
    if (st != STORE_OK)
        return st;
    if (!a->invoice) {
        st = store_erasable(store, a->seq, list, err);
    } else {
        st = store_dossier(store, a->invoice, &d, err);
        if (st == STORE_OK)
            st = check_hold(store, a->invoice, err);
        if (st == STORE_OK)
            st = dkim_links_open(store, &keys, err);
        if (st == STORE_OK)
            st = store_erasables(store, keys, a->invoice, list, err);
        dkim_links_close(keys);
    }
    dossier_free(&d);
    store_close(store);
    return st;
}

static int erase(const struct command_context *c, const struct erase_arguments *a)
{
    struct store_error err = {.text = ""};
    struct erasables list = {0};
    size_t erased = 0;
    enum store_status st = find(c->settings, a, &list, &err);
    if (st == STORE_OK && a->invoice)
        keep_shared(&list);
    if (st == STORE_OK && list.count)
        st = erase_order_run(c->settings, &a->order, &list, &erased, &err);
    erasables_free(&list);
    if (erased)
        printf("%zu %s erased, on the ground \"%s\"\n", erased, erased == 1 ? "entry" : "entries",
               a->order.ground);
    else if (st == STORE_OK)
        puts("nothing to erase");
    if (st == STORE_OK && erased)
        st = log_erase_finish(c->settings, FINISH_MS, &err);
    if (st == STORE_OK && erased)
        puts("Backups made before still hold it: make a new one in their place (temoin backup).");
    fflush(stdout);
    return st == STORE_OK ? EX_OK : command_fail_store(st, &err);
}

/* EX_OK and a->order filled, or a status that was said; *helped: help was printed. */
static int read_options(int argc, char **argv, struct erase_arguments *a, bool *helped)
{
    static const struct option options[] = {
        {"entry", required_argument, NULL, 'e'}, {"ground", required_argument, NULL, 'g'},
        {"by", required_argument, NULL, 'b'},    {"confirm-by", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0}};
    int option;
    bool entry = false;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        *helped = *helped || option == 'h';
        if (option == '?')
            return command_wrong_option("erase", argv, "", options);
        if (option == 'e' && !(entry = command_number(optarg, &a->seq) && a->seq))
            return command_misused("erase", "\"%s\" is no entry number", optarg);
        if (option == 'g')
            a->order.ground = optarg;
        else if (option == 'b')
            a->order.by = optarg;
        else if (option == 'c')
            a->order.confirmed_by = optarg;
    }
    if (!*helped && argc - optind != (entry ? 0 : 1))
        return command_misused("erase", "erase takes one invoice number, or --entry SEQ");
    a->invoice = entry ? NULL : argv[optind];
    return EX_OK;
}

int command_erase(const struct command_context *c, int argc, char **argv)
{
    struct erase_arguments a = {.order = {.actor = c->actor}};
    struct store_error err = {.text = ""};
    bool helped = false;
    int status = read_options(argc, argv, &a, &helped);
    if (helped)
        return print_help();
    if (status != EX_OK)
        return status;
    enum store_status st = erase_order_check(&a.order, c->settings->erase_needs_second, &err);
    if (st != STORE_OK)
        return command_misused("erase", "%s", err.text);
    return erase(c, &a);
}

/* --- hold -----------------------------------------------------------------------------------*/

static int append_hold(const struct command_context *c, const char *invoice, bool release)
{
    struct entry e;
    struct appended done = {0};
    entry_init(&e);
    e.event = release ? "release" : "hold";
    e.actor = c->actor;
    e.private_part = json_object();
    bool made = e.private_part && strings_add(&e.dossiers, invoice);
    int status =
        made ? command_append(c->settings, &e, &done) : command_fail(EX_OSERR, "out of memory");
    if (status == EX_OK)
        printf("%s: %s, by entry %llu of the log\n", invoice, release ? "hold released" : "on hold",
               (unsigned long long)done.seq);
    appended_free(&done);
    entry_free(&e);
    return status;
}

static int hold(const struct command_context *c, const char *invoice, bool release)
{
    struct store_error err = {.text = ""};
    struct store *store;
    uint64_t held = 0;
    int status = command_knows_invoice(c->settings, invoice);
    if (status != EX_OK)
        return status;
    enum store_status st = store_open(c->settings->store_directory, STORE_READ, &store, &err);
    if (st == STORE_OK) {
        st = store_hold(store, invoice, &held, &err);
        store_close(store);
    }
    if (st != STORE_OK)
        return command_fail_store(st, &err);
    if (release && !held)
        return command_fail(EX_DATAERR, "%s is not on hold", invoice);
    if (!release && held)
        return command_fail(EX_DATAERR, "%s is on hold already, since entry %llu", invoice,
                            (unsigned long long)held);
    return append_hold(c, invoice, release);
}

int command_hold(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {
        {"release", no_argument, NULL, 'r'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool release = false;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help_hold, stdout) < 0 ? EX_IOERR : EX_OK;
        if (option == '?')
            return command_wrong_option("hold", argv, "", options);
        release = true;
    }
    if (argc - optind != 1)
        return command_misused("hold", "hold takes one invoice number");
    return hold(c, argv[optind], release);
}
