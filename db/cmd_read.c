/*
 * cmd_read - temoin read < MESSAGE: what the reader understands, as JSON
 *
 * A message that its reader dies of is read a second time, without what is behind its header. So
 * there is an answer to anything that is not too long; what could not be read is said on stderr.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/command.h"
#include "db/facts_json.h"
#include "db/keys.h"
#include "db/reader.h"

static const char USAGE[] = "usage: temoin read < MESSAGE\n\n"
                            "Prints what a message says, as JSON: its kind, tokens, recipients,\n"
                            "the sender's words, attachments, suggestions. Needs no store; with a\n"
                            "configuration and its keys, tokens are told to be valid or not.\n";

enum { SIZE_MAX_MB = 50 }; /* max_message_size where no configuration says another */

struct reading_order {
    struct settings *settings; /* NULL: none can be read */
    struct keyring *ring;      /* NULL: none can be read */
    struct reader_limits limits;
    struct reader *reader;
    struct reader_bundle message;
};

/* What there is of configuration and keys. A message can be read without. */
static bool take_settings(const struct command_context *c, struct reading_order *o)
{
    struct strings errors = {0};
    struct store_error err;
    o->limits = reader_limits_default;
    if (access(c->config_file, R_OK) != 0)
        return true;
    if (command_settings_list(c->config_file, &o->settings, &errors) != EX_OK)
        command_fail(EX_OK, "tokens are not checked: %s",
                     errors.count ? errors.items[0] : "no memory for the configuration");
    strings_free(&errors);
    if (!o->settings)
        return true;
    o->limits = reader_limits_of(o->settings);
    o->ring = calloc(1, sizeof *o->ring);
    if (o->ring && keys_read(o->settings->key_directory, o->ring, &err) != STORE_OK) {
        free(o->ring);
        o->ring = NULL;
        return true;
    }
    return o->ring != NULL;
}

static uint64_t size_max(const struct reading_order *o)
{
    return o->settings ? o->settings->max_message_size : (uint64_t)SIZE_MAX_MB * 1024 * 1024;
}

static int take_message(struct reading_order *o)
{
    char chunk[65536];
    ssize_t n;
    if (!reader_bundle_begin(&o->message))
        return command_fail(EX_OSERR, "cannot hold a message: %s", strerror(errno));
    while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return command_fail(EX_IOERR, "cannot read the message from standard input: %s",
                                strerror(errno));
        if (o->message.octets + (size_t)n > size_max(o))
            return command_fail(EX_DATAERR,
                                "the message has more than %llu octets: see max_message_size in "
                                "temoin.conf(5)",
                                (unsigned long long)size_max(o));
        if (!reader_bundle_put(&o->message, chunk, (size_t)n))
            return command_fail(EX_OSERR, "cannot hold a message: %s", strerror(errno));
    }
    return EX_OK;
}

static bool keep(size_t i, json_t *answer, void *context)
{
    json_t **facts = context;
    (void)i;
    *facts = facts_take(json_object_get(answer, "facts"));
    json_decref(answer);
    return *facts != NULL;
}

/* *facts NULL with STORE_OK: it could not be read. */
static enum store_status ask(struct reading_order *o, bool header_only, json_t **facts,
                             struct store_error *err)
{
    struct reader_outcome how;
    const struct reader_options options = {
        .facts = true,
        .header_only = header_only,
        .candidates = o->ring != NULL,
        .domain = o->settings ? o->settings->company_domain : NULL,
        .delimiter = o->settings ? o->settings->delimiter : '\0'};
    *facts = NULL;
    enum store_status st = reader_ask(o->reader, &o->message, &options, -1, keep, facts, &how, err);
    if (st == STORE_OK && !*facts)
        command_fail(EX_OK,
                     header_only ? "its header cannot be read either: %s"
                                 : "the message cannot be read, only its header is: %s",
                     how.why);
    return st;
}

static int print_facts(struct reading_order *o)
{
    struct store_error err = {{0}};
    json_t *facts;
    enum store_status st = ask(o, false, &facts, &err);
    if (st == STORE_OK && !facts) {
        st = ask(o, true, &facts, &err);
        facts = facts ? facts : json_object();
        if (st == STORE_OK && (!facts || !facts_header_only(facts)))
            st = store_fail(&err, STORE_NO_MEMORY, "out of memory");
    }
    if (st == STORE_OK &&
        !facts_check_tokens(facts, o->ring, o->settings ? o->settings->company_domain : NULL))
        st = store_fail(&err, STORE_NO_MEMORY, "out of memory");
    if (st == STORE_OK)
        return command_print_json(facts);
    json_decref(facts);
    return command_fail(EX_OSERR, "%s", err.text);
}

int command_read(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
    int option = getopt_long(argc, argv, "", options, NULL);
    if (option == 'h') {
        fputs(USAGE, stdout);
        return EX_OK;
    }
    if (option != -1 || optind != argc)
        return command_misused("read", "takes a message on standard input, and no arguments");
    struct reading_order o = {.message = {.fd = -1}};
    struct store_error err = {{0}};
    int status = take_settings(c, &o) ? EX_OK : command_fail(EX_OSERR, "out of memory");
    if (status == EX_OK && reader_start(&o.limits, &o.reader, &err) != STORE_OK)
        status = command_fail(EX_OSERR, "%s", err.text);
    if (status == EX_OK)
        status = take_message(&o);
    if (status == EX_OK)
        status = print_facts(&o);
    reader_stop(o.reader);
    reader_bundle_free(&o.message);
    if (o.ring)
        keyring_wipe(o.ring);
    free(o.ring);
    settings_unref(o.settings);
    return status;
}
