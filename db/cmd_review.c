/*
 * cmd_review - temoin review: what was matched weakly: list, assign, dismiss
 *
 * A decision is an entry of the log. "assign" files the message in a dossier (and notes it in
 * the one that was proposed, when that is another); "dismiss" is noted in the proposed one.
 * Who decides twice is refused: the first decision stands and can be read in the dossier.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "db/command.h"
#include "db/exhibit.h"
#include "db/review_confirm.h"
#include "db/stored_header.h"
#include "policy/text.h"

static const char help[] =
    "usage: temoin review [list] [--all] [--json]\n"
    "       temoin review assign SEQ INVOICE\n"
    "       temoin review dismiss SEQ --reason TEXT\n"
    "       temoin review confirm SEQ N [INVOICE]\n\n"
    "Messages whose match is not sure wait for somebody's decision, which is logged.\n\n"
    "  list     what waits (--all: what was decided too)\n"
    "  assign   file entry SEQ in this invoice's dossier; a reply pauses it\n"
    "  dismiss  it belongs to no dossier\n"
    "  confirm  what the program suggests as the N-th thing of entry SEQ (temoin show) is so:\n"
    "           it is entered as a promise, a dispute or a note\n";

enum { SUBJECT_CHARS = 60 }; /* of a line of the list */

/* What a person needs to decide. `time` and `how` point into the two JSON parts. */
struct details {
    json_t *record, *private_part;
    char *event;
    char *from, *subject; /* as they can be shown; NULL: erased, or not there */
    const char *time, *how;
};

static void details_free(struct details *d)
{
    json_decref(d->record);
    json_decref(d->private_part);
    free(d->event);
    free(d->from);
    free(d->subject);
    *d = (struct details){0};
}

static json_t *parse(const struct bytes *text)
{
    return text->data ? json_loadb(text->data, text->len, 0, NULL) : NULL;
}

static enum store_status read_subject(struct store *store, uint64_t seq, struct details *d,
                                      struct store_error *err)
{
    struct fields f = {0};
    enum store_status status = stored_header_read(store, seq, &f, err);
    size_t at = status == STORE_OK ? fields_find(&f, "Subject", 1) : 0;
    if (status == STORE_OK && at < f.count && !(d->subject = text_decode(f.items[at].value)))
        status = store_fail(err, STORE_NO_MEMORY, "out of memory");
    fields_free(&f);
    return status;
}

static enum store_status read_details(struct store *store, uint64_t seq, struct details *d,
                                      struct store_error *err)
{
    struct stored_entry entry = {0};
    enum store_status status = store_entry(store, seq, &entry, err);
    if (status != STORE_OK)
        return status;
    d->record = parse(&entry.record);
    d->private_part = parse(&entry.private_part);
    d->event = entry.event;
    entry.event = NULL;
    stored_entry_free(&entry);
    d->time = json_string_value(json_object_get(d->record, "time"));
    d->how = json_string_value(json_object_get(json_object_get(d->private_part, "match"), "how"));
    const json_t *envelope = json_object_get(d->private_part, "envelope");
    const bool sender = json_object_get(envelope, "from") != NULL;
    if (sender && !(d->from = exhibit_text(envelope, "from")))
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    return read_subject(store, seq, d, err);
}

static json_t *optional(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *item_json(const struct review_item *item, const struct details *d)
{
    return json_pack("{s:I, s:s, s:s, s:I, s:s, s:o, s:o, s:o, s:o}", "seq", (json_int_t)item->seq,
                     "invoice", item->invoice, "state", item->state, "decided_by",
                     (json_int_t)item->decided_by, "event", d->event, "time", optional(d->time),
                     "from", optional(d->from), "subject", optional(d->subject), "how",
                     optional(d->how));
}

/* Foreign text on a terminal. */
static void print_clean(const char *text)
{
    for (; text && *text; text++)
        putchar((unsigned char)*text < ' ' || *text == 127 ? '?' : *text);
}

/* In its column: so many characters of it. */
static void print_subject(const char *subject)
{
    int count = 0;
    for (; *subject; subject++) {
        count += ((unsigned char)*subject & 0xc0) != 0x80; /* the first octet of a character */
        if (count > SUBJECT_CHARS) {
            fputs("…", stdout);
            return;
        }
        putchar(*subject);
    }
}

static void print_item(const struct review_item *item, const struct details *d)
{
    printf("%8llu  %-20s  %-10s  ", (unsigned long long)item->seq, d->time ? d->time : "",
           d->event);
    print_clean(item->invoice);
    printf("?  from <");
    print_clean(d->from);
    printf(">, by %s", d->how ? d->how : "erased");
    if (item->decided_by)
        printf(", %s by entry %llu", item->state, (unsigned long long)item->decided_by);
    printf("  ");
    print_subject(d->subject && *d->subject ? d->subject : "(no subject)");
    putchar('\n');
}

static int list_items(struct store *store, const struct review_item *items, size_t count, bool json)
{
    json_t *list = json ? json_array() : NULL;
    struct store_error err = {.text = ""};
    if (json && !list)
        return command_fail(EX_OSERR, "out of memory");
    for (size_t i = 0; i < count; i++) {
        struct details d = {0};
        enum store_status status = read_details(store, items[i].seq, &d, &err);
        bool grown = true;
        if (status == STORE_OK && json)
            grown = json_array_append_new(list, item_json(&items[i], &d)) == 0;
        else if (status == STORE_OK)
            print_item(&items[i], &d);
        details_free(&d);
        if (status != STORE_OK || !grown) {
            json_decref(list);
            return grown ? command_fail_store(status, &err)
                         : command_fail(EX_OSERR, "out of memory");
        }
    }
    if (json)
        return command_print_json(list);
    if (count == 0)
        puts("nothing to review");
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

static int review_list(const struct command_context *c, bool all, bool json)
{
    struct store *store;
    struct store_error err = {.text = ""};
    struct review_item *items = NULL;
    size_t count = 0;
    enum store_status status = store_open(c->settings->store_directory, STORE_READ, &store, &err);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    status = store_reviews(store, !all, &items, &count, &err);
    int result = status == STORE_OK ? list_items(store, items, count, json)
                                    : command_fail_store(status, &err);
    review_items_free(items, count);
    store_close(store);
    return result;
}

/* What is decided about. */
struct subject {
    uint64_t seq;
    char *proposed;
    bool is_reply;
};

/* Find an open item; the store is closed again, since the decision is written by another. */
static int find_subject(const struct settings *s, const char *number, struct subject *subject)
{
    struct store *store;
    struct store_error err = {.text = ""};
    struct review_item *items = NULL;
    struct details d = {0};
    size_t count = 0;
    if (!command_number(number, &subject->seq))
        return command_misused("review", "\"%s\" is no entry number", number);
    enum store_status status = store_open(s->store_directory, STORE_READ, &store, &err);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    status = store_reviews(store, false, &items, &count, &err);
    const struct review_item *found = NULL;
    for (size_t i = 0; i < count && status == STORE_OK; i++)
        if (items[i].seq == subject->seq)
            found = &items[i];
    if (status == STORE_OK && found)
        status = read_details(store, subject->seq, &d, &err);
    int result = EX_OK;
    if (status != STORE_OK)
        result = command_fail_store(status, &err);
    else if (!found)
        result = command_fail(EX_NOINPUT, "entry %s is not in the review: see temoin review list",
                              number);
    else if (found->decided_by)
        result = command_fail(EX_DATAERR, "entry %s was %s already, by entry %llu", number,
                              found->state, (unsigned long long)found->decided_by);
    else if (!(subject->proposed = strdup(found->invoice)))
        result = command_fail(EX_OSERR, "out of memory");
    subject->is_reply = d.event && strcmp(d.event, "reply") == 0;
    details_free(&d);
    review_items_free(items, count);
    store_close(store);
    return result;
}

static int decide(const struct command_context *c, const struct subject *subject,
                  const char *decision, const char *target, const char *reason)
{
    struct entry e;
    struct appended done = {0};
    entry_init(&e);
    e.event = decision;
    e.actor = c->actor;
    e.decides = subject->seq;
    e.decision = decision;
    e.pauses = target && subject->is_reply;
    bool made = strings_add(&e.dossiers, target ? target : subject->proposed) &&
                strings_add_unique(&e.dossiers, subject->proposed);
    e.private_part =
        json_pack("{s:I, s:s}", "about", (json_int_t)subject->seq, "proposed", subject->proposed);
    made = made && e.private_part;
    if (made && target)
        made = json_object_set_new(e.private_part, "invoice", json_foreign(target)) == 0;
    if (made && reason)
        made = json_object_set_new(e.private_part, "reason", json_foreign(reason)) == 0;
    int status =
        made ? command_append(c->settings, &e, &done) : command_fail(EX_OSERR, "out of memory");
    if (status == EX_OK)
        printf("entry %llu: %s%s%s, as entry %llu of the log\n", (unsigned long long)subject->seq,
               target ? "assigned to " : "dismissed", target ? target : "",
               e.pauses ? ", which is paused" : "", (unsigned long long)done.seq);
    appended_free(&done);
    entry_free(&e);
    return status;
}

static int review_decide(const struct command_context *c, const char *decision, const char *number,
                         const char *target, const char *reason)
{
    struct subject subject = {0};
    int status = target ? command_knows_invoice(c->settings, target) : EX_OK;
    if (status == EX_OK)
        status = find_subject(c->settings, number, &subject);
    if (status == EX_OK)
        status = decide(c, &subject, decision, target, reason);
    free(subject.proposed);
    return status;
}

int command_review(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"all", no_argument, NULL, 'a'},
                                            {"reason", required_argument, NULL, 'r'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *reason = NULL;
    bool json = false, all = false;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
        if (option == '?')
            return command_wrong_option("review", argv, "", options);
        json = json || option == 'j';
        all = all || option == 'a';
        reason = option == 'r' ? optarg : reason;
    }
    int words = argc - optind;
    char **word = argv + optind;
    if (words == 0 || (words == 1 && strcmp(word[0], "list") == 0))
        return review_list(c, all, json);
    if (words == 3 && strcmp(word[0], "assign") == 0)
        return review_decide(c, "assign", word[1], word[2], reason);
    if (words == 2 && strcmp(word[0], "dismiss") == 0 && reason && *reason)
        return review_decide(c, "dismiss", word[1], NULL, reason);
    if (words == 2 && strcmp(word[0], "dismiss") == 0)
        return command_misused("review", "dismiss needs --reason TEXT");
    if ((words == 3 || words == 4) && strcmp(word[0], "confirm") == 0)
        return review_confirm(c, word[1], word[2], words == 4 ? word[3] : NULL);
    return command_misused("review", "review takes: list, assign SEQ INVOICE, dismiss SEQ, or "
                                     "confirm SEQ N");
}
