/*
 * settings - turn a configuration text into a checked struct settings
 *
 * settings_file.c reads the text; here each value is checked and each complaint says file,
 * line, what is wrong and how to mend it. All complaints of a file are collected, so that one
 * run of `temoin check` shows them together. Syntax errors end the reading at the first one.
 */
#include "policy/settings.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/settings_build.h"
#include "policy/settings_values.h"

enum { READER_MEMORY_MIN = 64 * 1024 * 1024 }; /* the libraries alone take a third of it */

static int choice(struct build *b, cfg_t *section, const char *key, const char *const *words)
{
    const char *text = cfg_getstr(section, key);
    int position = 0;
    if (!value_choice(text, words, &position))
        COMPLAIN(b, section, key, 0, "%s = %s is not known: write %s%s%s or %s", key, text,
                 words[0], words[2] ? ", " : "", words[2] ? words[1] : "", words[words[2] ? 2 : 1]);
    return position;
}

static uint64_t size(struct build *b, const char *key, uint64_t least)
{
    const char *text = cfg_getstr(b->file->root, key);
    uint64_t octets = least;
    if (!value_size(text, &octets) || octets < least)
        COMPLAIN(b, b->file->root, key, 0,
                 "%s = %s is no size: write octets, or a number with k, M or G, from %llu on", key,
                 text, (unsigned long long)least);
    return octets;
}

/* A duration between `least` and `most` milliseconds. */
static uint64_t duration(struct build *b, cfg_t *section, const char *key, uint64_t unit,
                         uint64_t least, uint64_t most)
{
    const char *text = cfg_getstr(section, key);
    uint64_t ms = least;
    if (!value_duration(text, unit, &ms) || ms < least || ms > most) {
        COMPLAIN(b, section, key, 0,
                 "%s = %s is no fitting time: write a number with ms, s, m, h or d, from %llu ms "
                 "to %llu s",
                 key, text, (unsigned long long)least, (unsigned long long)(most / 1000));
        ms = least;
    }
    return ms;
}

static char *path(struct build *b, cfg_t *section, const char *key)
{
    const char *text = cfg_getstr(section, key);
    if (!text)
        return NULL;
    if (!value_path(text))
        COMPLAIN(b, section, key, 0, "%s = \"%s\" is no absolute path: begin it with /", key, text);
    return build_copy(b, text);
}

static char *account_name(struct build *b, const char *key)
{
    const char *text = cfg_getstr(b->file->root, key);
    if (!text)
        return NULL;
    if (!value_name(text))
        COMPLAIN(b, b->file->root, key, 0, "%s = \"%s\" is no account: write a system %s's name",
                 key, text, strcmp(key, "socket_group") == 0 ? "group" : "user");
    return build_copy(b, text);
}

static void take_listener(struct build *b, unsigned index)
{
    static const char *const roles[] = {"both", "stamp", "archive", NULL};
    cfg_t *root = b->file->root, *section = cfg_getnsec(root, "listener", index);
    struct listener *l = build_grow(b, (void **)&b->s->listeners, b->s->listener_count, sizeof *l);
    if (!l)
        return;
    b->s->listener_count++;
    l->name = build_copy(b, cfg_title(section));
    if (!value_name(cfg_title(section)))
        COMPLAIN(b, root, "listener", index,
                 "listener \"%s\": use letters, digits, - and _ for its name", cfg_title(section));
    l->role = (enum listener_role)choice(b, section, "role", roles);
    const char *text = cfg_getstr(section, "socket");
    if (!text) {
        COMPLAIN(b, root, "listener", index,
                 "listener \"%s\" has no socket: add socket = \"unix:/path\"", cfg_title(section));
        return;
    }
    l->socket = build_copy(b, text);
    if (!value_socket(text))
        COMPLAIN(b, section, "socket", 0,
                 "socket = \"%s\": write unix:/path (at most 107 octets) or inet:port@address",
                 text);
    for (size_t i = 0; l->socket && i + 1 < b->s->listener_count; i++)
        if (b->s->listeners[i].socket && strcmp(b->s->listeners[i].socket, text) == 0)
            COMPLAIN(b, section, "socket", 0,
                     "socket \"%s\" is listener \"%s\"'s too: give each its own", text,
                     b->s->listeners[i].name);
}

/* A stamped message must meet its archiver, or it would leave without its copy. */
static void check_listeners(struct build *b)
{
    bool stamps = false, archives = false;
    if (b->s->listener_count == 0)
        settings_file_complain(b->file, b->file->last_line,
                               "there is no listener: add listener \"mail\" { socket = "
                               "\"unix:/path\" }");
    for (size_t i = 0; i < b->s->listener_count; i++) {
        stamps |= b->s->listeners[i].role == ROLE_STAMP;
        archives |= b->s->listeners[i].role == ROLE_ARCHIVE;
    }
    if (stamps && !archives)
        settings_file_complain(b->file, b->file->last_line,
                               "a listener stamps but none archives: add one with role = archive "
                               "after the DKIM signer, or write role = both");
}

static void take_guards(struct build *b)
{
    static const char *const actions[] = {"reject", "warn", "off", NULL};
    cfg_t *root = b->file->root;
    b->s->guard_paid = b->s->guard_recipient = GUARD_REJECT;
    for (unsigned i = 0; i < cfg_size(root, "guard"); i++) {
        cfg_t *section = cfg_getnsec(root, "guard", i);
        enum guard_action action = (enum guard_action)choice(b, section, "action", actions);
        if (strcmp(cfg_title(section), "paid") == 0)
            b->s->guard_paid = action;
        else if (strcmp(cfg_title(section), "recipient") == 0)
            b->s->guard_recipient = action;
        else
            COMPLAIN(b, root, "guard", i,
                     "guard \"%s\" is not known: there are \"paid\" and \"recipient\"",
                     cfg_title(section));
    }
}

static void take_patterns(struct build *b)
{
    cfg_t *root = b->file->root;
    unsigned count = cfg_size(root, "invoice_pattern");
    b->s->invoice_expressions = calloc(count + 1, sizeof *b->s->invoice_expressions);
    if (!b->s->invoice_expressions)
        b->file->out_of_memory = true;
    for (unsigned i = 0; b->s->invoice_expressions && i < count; i++) {
        const char *text = cfg_getnstr(root, "invoice_pattern", i);
        regex_t *expression = &b->s->invoice_expressions[b->s->invoice_patterns.count];
        char why[128];
        int code = regcomp(expression, text, REG_EXTENDED);
        if (code) {
            regerror(code, expression, why, sizeof why);
            COMPLAIN(b, root, "invoice_pattern", i,
                     "invoice_pattern '%s' is no regular expression (%s): see regex(7)", text, why);
            continue;
        }
        if (regexec(expression, "", 0, NULL, 0) == 0) {
            COMPLAIN(b, root, "invoice_pattern", i,
                     "invoice_pattern '%s' matches the empty text: ask for at least one digit",
                     text);
            regfree(expression);
        } else if (!strings_add(&b->s->invoice_patterns, text)) {
            regfree(expression);
            b->file->out_of_memory = true;
            return;
        }
    }
}

static void take_networks(struct build *b)
{
    cfg_t *root = b->file->root;
    for (unsigned i = 0; i < cfg_size(root, "trusted_networks"); i++) {
        const char *text = cfg_getnstr(root, "trusted_networks", i);
        struct network read, *kept;
        bool host_bits = false;
        if (!value_network(text, &read, &host_bits))
            COMPLAIN(b, root, "trusted_networks", i,
                     "trusted_networks: \"%s\" is no network: write 192.0.2.0/24 or 2001:db8::/32",
                     text);
        else if (host_bits)
            COMPLAIN(b, root, "trusted_networks", i,
                     "trusted_networks: \"%s\" has bits behind its prefix: write zeros there, or a "
                     "longer prefix",
                     text);
        else if ((kept = build_grow(b, (void **)&b->s->trusted_networks,
                                    b->s->trusted_network_count, sizeof *kept)) != NULL) {
            *kept = read;
            b->s->trusted_network_count++;
        }
    }
}

static void take_never_archive(struct build *b)
{
    cfg_t *root = b->file->root;
    for (unsigned i = 0; i < cfg_size(root, "never_archive"); i++) {
        const char *text = cfg_getnstr(root, "never_archive", i);
        if (*text != '@') {
            char *normal = build_address(b, root, "never_archive", i, text);
            if (normal)
                build_add(b, &b->s->never_archive, normal);
            free(normal);
            continue;
        }
        char *normal = build_domain(b, root, "never_archive", i, text + 1);
        struct bytes entry = {0};
        if (normal && (!bytes_printf(&entry, "@%s", normal) ||
                       !strings_add_unique(&b->s->never_archive, entry.data)))
            b->file->out_of_memory = true;
        bytes_free(&entry);
        free(normal);
    }
}

static void take_recognition(struct build *b)
{
    static const char *const registers[] = {"closed", "open", NULL};
    const char *delimiter = cfg_getstr(b->file->root, "delimiter");
    if (!value_delimiter(delimiter, &b->s->delimiter))
        COMPLAIN(b, b->file->root, "delimiter", 0,
                 "delimiter = \"%s\": write one character, as in Postfix's recipient_delimiter, "
                 "or \"\" for none",
                 delimiter);
    b->s->register_open = choice(b, b->file->root, "register", registers) == 1;
    take_patterns(b);
    take_networks(b);
    build_follow(b);
    take_never_archive(b);
}

static void take_store(struct build *b)
{
    static const char *const failures[] = {"tempfail", "accept", NULL};
    static const char *const oversize[] = {"tempfail", "accept", "reject", NULL};
    cfg_t *root = b->file->root, *store = cfg_getsec(root, "store");
    struct settings *s = b->s;
    s->store_directory = path(b, store, "directory");
    s->key_directory = path(b, root, "key_directory");
    s->commit_timeout_ms = (unsigned)duration(b, store, "commit_timeout", 1, 10, 120000);
    s->on_store_failure = (enum failure_action)choice(b, store, "on_store_failure", failures);
    s->on_oversize = (enum failure_action)choice(b, root, "on_oversize", oversize);
    s->max_message_size = size(b, "max_message_size", 1024);
    s->spill_size = size(b, "spill_size", 4096);
    s->retry_window_s =
        (unsigned)(duration(b, root, "retry_window", 1000, 0, UINT64_C(31622400000)) / 1000);
}

static void take_process(struct build *b)
{
    static const char *const facilities[] = {"mail",   "daemon", "auth",   "authpriv", "user",
                                             "local0", "local1", "local2", "local3",   "local4",
                                             "local5", "local6", "local7", NULL};
    cfg_t *root = b->file->root;
    struct settings *s = b->s;
    s->run_directory = path(b, root, "run_directory");
    s->postfix_config_directory = path(b, root, "postfix_config_directory");
    s->user = account_name(b, "user");
    s->milter_user = account_name(b, "milter_user");
    s->sealer_user = account_name(b, "sealer_user");
    s->reader_user = account_name(b, "reader_user");
    s->reader_memory = size(b, "reader_memory", READER_MEMORY_MIN);
    s->reader_timeout_s =
        (unsigned)(duration(b, root, "reader_timeout", 1000, 1000, 600000) / 1000);
    s->socket_group = account_name(b, "socket_group");
    const char *mode = cfg_getstr(root, "socket_mode");
    if (!value_mode(mode, &s->socket_mode))
        COMPLAIN(b, root, "socket_mode", 0, "socket_mode = %s: write it in octal, like 0660", mode);
    int position;
    const char *facility = cfg_getstr(root, "syslog_facility");
    if (!value_choice(facility, facilities, &position))
        COMPLAIN(b, root, "syslog_facility", 0,
                 "syslog_facility = %s is not known: write mail, daemon, auth, authpriv, user or "
                 "local0 to local7",
                 facility);
    s->syslog_facility = build_copy(b, facility);
    s->drain_timeout_s =
        (unsigned)(duration(b, root, "drain_timeout", 1000, 1000, 86400000) / 1000);
}

static bool hash(const char *text, char hex[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL) != 1 || len != 32)
        return false;
    for (unsigned i = 0; i < len; i++)
        snprintf(hex + (size_t)2 * i, 3, "%02x", digest[i]);
    return true;
}

static bool build(struct settings_file *file, const char *text, struct settings *s)
{
    struct build b = {file, s};
    build_company(&b);
    take_recognition(&b);
    for (unsigned i = 0; i < cfg_size(file->root, "accountant"); i++)
        build_accountant(&b, i);
    for (unsigned i = 0; i < cfg_size(file->root, "listener"); i++)
        take_listener(&b, i);
    check_listeners(&b);
    take_guards(&b);
    take_store(&b);
    take_process(&b);
    build_proofs(&b);
    if (!hash(text, s->sha256))
        settings_file_complain(file, 1, "SHA-256 cannot be computed: check the OpenSSL library");
    return !file->failed && !file->out_of_memory;
}

bool settings_parse(const char *text, const char *name, struct settings **out,
                    struct strings *errors)
{
    struct settings_file file;
    struct settings *s = calloc(1, sizeof *s);
    *out = NULL;
    bool done = s != NULL;
    if (done) {
        s->references = 1;
        done = settings_file_read(text, name, errors, &file) && build(&file, text, s);
        if (!done && file.out_of_memory)
            strings_add(errors, "out of memory while reading the configuration");
        settings_file_close(&file);
    } else {
        strings_add(errors, "out of memory while reading the configuration");
    }
    if (done)
        *out = s;
    else
        settings_unref(s);
    return done;
}
