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

#include "policy/address.h"
#include "policy/settings_file.h"
#include "policy/settings_values.h"

struct build {
    struct settings_file *file;
    struct settings *s;
};

#define COMPLAIN(b, section, key, index, ...)                                             \
    settings_file_complain((b)->file, settings_file_line((b)->file, section, key, index), \
                           __VA_ARGS__)

static char *copy(struct build *b, const char *text)
{
    char *made = strdup(text);
    if (!made)
        b->file->out_of_memory = true;
    return made;
}

static void add(struct build *b, struct strings *list, const char *text)
{
    if (!strings_add_unique(list, text))
        b->file->out_of_memory = true;
}

/* One entry more at the end of an array, zeroed. NULL: out of memory. */
static void *grow(struct build *b, void **array, size_t count, size_t size)
{
    void *grown = realloc(*array, (count + 1) * size);
    if (!grown) {
        b->file->out_of_memory = true;
        return NULL;
    }
    *array = grown;
    return memset((char *)grown + count * size, 0, size);
}

static int choice(struct build *b, cfg_t *section, const char *key, const char *const *words)
{
    const char *text = cfg_getstr(section, key);
    int position = 0;
    if (!value_choice(text, words, &position))
        COMPLAIN(b, section, key, 0, "%s = %s is not known: write %s, %s%s%s", key, text, words[0],
                 words[1], words[2] ? " or " : "", words[2] ? words[2] : "");
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
    return copy(b, text);
}

static char *account_name(struct build *b, const char *key)
{
    const char *text = cfg_getstr(b->file->root, key);
    if (!text)
        return NULL;
    if (!value_name(text))
        COMPLAIN(b, b->file->root, key, 0, "%s = \"%s\" is no account: write a system %s's name",
                 key, text, strcmp(key, "socket_group") == 0 ? "group" : "user");
    return copy(b, text);
}

/* The normal form of a domain of the file; NULL after a complaint. */
static char *domain(struct build *b, cfg_t *section, const char *key, unsigned index,
                    const char *text)
{
    char *normal = domain_normalise(text);
    if (!normal)
        b->file->out_of_memory = true;
    else if (!value_domain(normal)) {
        COMPLAIN(b, section, key, index, "%s: \"%s\" is no domain: write it like creditor.example",
                 key, text);
        free(normal);
        normal = NULL;
    }
    return normal;
}

static char *address(struct build *b, cfg_t *section, const char *key, unsigned index,
                     const char *text)
{
    char *normal = address_normalise(text);
    if (!normal)
        b->file->out_of_memory = true;
    else if (!value_address(normal)) {
        COMPLAIN(b, section, key, index,
                 "%s: \"%s\" is no address: write it like jeanne@creditor.example", key, text);
        free(normal);
        normal = NULL;
    }
    return normal;
}

static void take_company(struct build *b)
{
    cfg_t *root = b->file->root;
    if (cfg_size(root, "company") != 1) {
        settings_file_complain(b->file, b->file->last_line,
                               "%s: write company \"Name\" { domain = \"creditor.example\" } once",
                               cfg_size(root, "company") ? "there are several companies"
                                                         : "there is no company");
        return;
    }
    cfg_t *section = cfg_getsec(root, "company");
    b->s->company_name = copy(b, cfg_title(section));
    if (!*cfg_title(section))
        COMPLAIN(b, root, "company", 0, "the company has no name: write it after the word company");
    const char *text = cfg_getstr(section, "domain");
    if (!text) {
        COMPLAIN(b, root, "company", 0,
                 "company \"%s\" has no domain: add domain = \"creditor.example\"",
                 cfg_title(section));
        return;
    }
    b->s->company_domain = domain(b, section, "domain", 0, text);
    if (b->s->company_domain)
        add(b, &b->s->own_domains, b->s->company_domain);
    for (unsigned i = 0; i < cfg_size(section, "own_domains"); i++) {
        char *own = domain(b, section, "own_domains", i, cfg_getnstr(section, "own_domains", i));
        if (own)
            add(b, &b->s->own_domains, own);
        free(own);
    }
}

static void take_logins(struct build *b, cfg_t *section, struct accountant *a)
{
    for (unsigned i = 0; i < cfg_size(section, "login"); i++) {
        const char *login = cfg_getnstr(section, "login", i);
        const struct accountant *other = settings_accountant_by_login(b->s, login);
        if (!*login)
            COMPLAIN(b, section, "login", i, "login is empty: write the name she logs in with");
        else if (other && other != a)
            COMPLAIN(b, section, "login", i,
                     "login \"%s\" is accountant \"%s\"'s too: give it to one of them", login,
                     other->name);
        else
            add(b, &a->logins, login);
    }
}

static void take_addresses(struct build *b, cfg_t *section, struct accountant *a)
{
    for (unsigned i = 0; i < cfg_size(section, "address"); i++) {
        const char *text = cfg_getnstr(section, "address", i);
        char *normal = address(b, section, "address", i, text);
        const struct accountant *other =
            normal ? settings_accountant_by_address(b->s, normal) : NULL;
        if (normal && b->s->own_domains.count && !settings_is_own_address(b->s, normal))
            COMPLAIN(b, section, "address", i,
                     "address \"%s\" is not in the company's own_domains: add \"%s\" there, or "
                     "write another address",
                     text, address_domain(normal));
        else if (other && other != a)
            COMPLAIN(b, section, "address", i,
                     "address \"%s\" is accountant \"%s\"'s too: give it to one of them", text,
                     other->name);
        else if (normal)
            add(b, &a->addresses, normal);
        free(normal);
    }
}

static bool switch_or(cfg_t *section, const char *key, bool otherwise)
{
    return cfg_size(section, key) ? cfg_getbool(section, key) == cfg_true : otherwise;
}

static void take_accountant(struct build *b, unsigned index)
{
    cfg_t *root = b->file->root, *section = cfg_getnsec(root, "accountant", index);
    struct accountant *a = grow(b, (void **)&b->s->accountants, b->s->accountant_count, sizeof *a);
    if (!a)
        return;
    b->s->accountant_count++;
    a->name = copy(b, cfg_title(section));
    take_logins(b, section, a);
    take_addresses(b, section, a);
    if (cfg_size(section, "address") == 0)
        COMPLAIN(b, root, "accountant", index,
                 "accountant \"%s\" has no address: add address = { \"jeanne@creditor.example\" }",
                 cfg_title(section));
    if (cfg_size(section, "login") == 0 && !strings_add_all(&a->logins, &a->addresses))
        b->file->out_of_memory = true;
    const char *reply_to = cfg_getstr(section, "reply_to");
    if (reply_to)
        a->reply_to = address(b, section, "reply_to", 0, reply_to);
    else if (a->addresses.count)
        a->reply_to = copy(b, a->addresses.items[0]);
    bool plus = cfg_getbool(section, "plus_address") == cfg_true;
    a->plus_sender = switch_or(section, "plus_sender", plus);
    a->plus_reply_to = switch_or(section, "plus_reply_to", plus);
    if ((a->plus_sender || a->plus_reply_to) && !b->s->delimiter)
        COMPLAIN(b, section,
                 plus             ? "plus_address"
                 : a->plus_sender ? "plus_sender"
                                  : "plus_reply_to",
                 0, "plus addresses need a delimiter: set delimiter = \"+\", or switch them off");
    if (reply_to && a->reply_to && b->s->own_domains.count &&
        !settings_is_own_address(b->s, a->reply_to))
        COMPLAIN(b, section, "reply_to", 0,
                 "reply_to \"%s\" is not in the company's own_domains: answers would not pass here",
                 reply_to);
}

static void take_listener(struct build *b, unsigned index)
{
    static const char *const roles[] = {"both", "stamp", "archive", NULL};
    cfg_t *root = b->file->root, *section = cfg_getnsec(root, "listener", index);
    struct listener *l = grow(b, (void **)&b->s->listeners, b->s->listener_count, sizeof *l);
    if (!l)
        return;
    b->s->listener_count++;
    l->name = copy(b, cfg_title(section));
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
    l->socket = copy(b, text);
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
        else if ((kept = grow(b, (void **)&b->s->trusted_networks, b->s->trusted_network_count,
                              sizeof *kept)) != NULL) {
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
            char *normal = address(b, root, "never_archive", i, text);
            if (normal)
                add(b, &b->s->never_archive, normal);
            free(normal);
            continue;
        }
        char *normal = domain(b, root, "never_archive", i, text + 1);
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
    s->syslog_facility = copy(b, facility);
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
    take_company(&b);
    take_recognition(&b);
    for (unsigned i = 0; i < cfg_size(file->root, "accountant"); i++)
        take_accountant(&b, i);
    for (unsigned i = 0; i < cfg_size(file->root, "listener"); i++)
        take_listener(&b, i);
    check_listeners(&b);
    take_guards(&b);
    take_store(&b);
    take_process(&b);
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
