/*
 * settings_people - the company and its accountants, out of a configuration
 *
 * Also the small helpers that settings.c shares: copies, and checked domains and addresses.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/address.h"
#include "policy/settings_build.h"
#include "policy/settings_values.h"

char *build_copy(struct build *b, const char *text)
{
    char *made = strdup(text);
    if (!made)
        b->file->out_of_memory = true;
    return made;
}

void build_add(struct build *b, struct strings *list, const char *text)
{
    if (!strings_add_unique(list, text))
        b->file->out_of_memory = true;
}

void *build_grow(struct build *b, void **array, size_t count, size_t size)
{
    void *grown = realloc(*array, (count + 1) * size);
    if (!grown) {
        b->file->out_of_memory = true;
        return NULL;
    }
    *array = grown;
    return memset((char *)grown + count * size, 0, size);
}

char *build_domain(struct build *b, cfg_t *section, const char *key, unsigned index,
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

char *build_address(struct build *b, cfg_t *section, const char *key, unsigned index,
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

void build_company(struct build *b)
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
    b->s->company_name = build_copy(b, cfg_title(section));
    if (!*cfg_title(section))
        COMPLAIN(b, root, "company", 0, "the company has no name: write it after the word company");
    const char *text = cfg_getstr(section, "domain");
    if (!text) {
        COMPLAIN(b, root, "company", 0,
                 "company \"%s\" has no domain: add domain = \"creditor.example\"",
                 cfg_title(section));
        return;
    }
    b->s->company_domain = build_domain(b, section, "domain", 0, text);
    if (b->s->company_domain)
        build_add(b, &b->s->own_domains, b->s->company_domain);
    for (unsigned i = 0; i < cfg_size(section, "own_domains"); i++) {
        char *own =
            build_domain(b, section, "own_domains", i, cfg_getnstr(section, "own_domains", i));
        if (own)
            build_add(b, &b->s->own_domains, own);
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
            build_add(b, &a->logins, login);
    }
}

static void take_addresses(struct build *b, cfg_t *section, struct accountant *a)
{
    for (unsigned i = 0; i < cfg_size(section, "address"); i++) {
        const char *text = cfg_getnstr(section, "address", i);
        char *normal = build_address(b, section, "address", i, text);
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
            build_add(b, &a->addresses, normal);
        free(normal);
    }
}

static bool switch_or(cfg_t *section, const char *key, bool otherwise)
{
    return cfg_size(section, key) ? cfg_getbool(section, key) == cfg_true : otherwise;
}

void build_accountant(struct build *b, unsigned index)
{
    cfg_t *root = b->file->root, *section = cfg_getnsec(root, "accountant", index);
    struct accountant *a =
        build_grow(b, (void **)&b->s->accountants, b->s->accountant_count, sizeof *a);
    if (!a)
        return;
    b->s->accountant_count++;
    a->name = build_copy(b, cfg_title(section));
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
        a->reply_to = build_address(b, section, "reply_to", 0, reply_to);
    else if (a->addresses.count)
        a->reply_to = build_copy(b, a->addresses.items[0]);
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
