/*
 * settings_query - what others ask of a parsed configuration, and its life
 *
 * Lookups are linear: a company has a handful of accountants, domains and networks.
 */
#include "policy/settings.h"

#include <stdlib.h>
#include <string.h>

#include "policy/address.h"
#include "policy/settings_values.h"

static void accountant_free(struct accountant *a)
{
    free(a->name);
    strings_free(&a->logins);
    strings_free(&a->addresses);
    free(a->reply_to);
}

static void settings_free(struct settings *s)
{
    for (size_t i = 0; i < s->accountant_count; i++)
        accountant_free(&s->accountants[i]);
    for (size_t i = 0; i < s->listener_count; i++) {
        free(s->listeners[i].name);
        free(s->listeners[i].socket);
    }
    for (size_t i = 0; i < s->invoice_patterns.count; i++)
        regfree(&s->invoice_expressions[i]);
    for (size_t i = 0; i < s->tsa_count; i++) {
        free(s->tsas[i].name);
        free(s->tsas[i].url);
        free(s->tsas[i].certificate);
        free(s->tsas[i].policy);
    }
    char *texts[] = {s->company_name,
                     s->company_domain,
                     s->store_directory,
                     s->key_directory,
                     s->run_directory,
                     s->user,
                     s->milter_user,
                     s->sealer_user,
                     s->reader_user,
                     s->socket_group,
                     s->syslog_facility,
                     s->sendmail_path,
                     s->seal_key,
                     s->export_key,
                     s->seal_certificate,
                     s->export_certificate,
                     s->authserv_id,
                     s->dns_trust_anchor,
                     s->postfix_config_directory};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    free(s->accountants);
    free(s->listeners);
    free(s->tsas);
    free(s->invoice_expressions);
    free(s->trusted_networks);
    free(s->mail_log);
    free(s->own_relay_networks);
    strings_free(&s->own_relays);
    strings_free(&s->own_domains);
    strings_free(&s->invoice_patterns);
    strings_free(&s->never_archive);
    strings_free(&s->checkpoint_to);
    strings_free(&s->seal_crls);
    strings_free(&s->dns_servers);
    free(s);
}

struct settings *settings_ref(struct settings *s)
{
    __atomic_add_fetch(&s->references, 1, __ATOMIC_RELAXED);
    return s;
}

void settings_unref(struct settings *s)
{
    if (s && __atomic_sub_fetch(&s->references, 1, __ATOMIC_ACQ_REL) == 0)
        settings_free(s);
}

const struct accountant *settings_accountant_by_login(const struct settings *s, const char *login)
{
    for (size_t i = 0; login && i < s->accountant_count; i++)
        if (strings_contain(&s->accountants[i].logins, login))
            return &s->accountants[i];
    return NULL;
}

const struct accountant *settings_accountant_by_address(const struct settings *s,
                                                        const char *address)
{
    for (size_t i = 0; i < s->accountant_count; i++)
        if (strings_contain(&s->accountants[i].addresses, address))
            return &s->accountants[i];
    return NULL;
}

bool settings_is_own_address(const struct settings *s, const char *address)
{
    return strings_contain(&s->own_domains, address_domain(address));
}

bool settings_is_trusted(const struct settings *s, const char *client_address)
{
    unsigned char ip[16];
    if (!client_address || !value_ip(client_address, ip))
        return false;
    for (size_t i = 0; i < s->trusted_network_count; i++)
        if (value_ip_within(ip, s->trusted_networks[i].address, s->trusted_networks[i].prefix))
            return true;
    return false;
}

bool settings_is_own_relay(const struct settings *s, const char *name, const char *address)
{
    unsigned char ip[16];
    if (name && strings_contain_nocase(&s->own_relays, name))
        return true;
    if (!address || !value_ip(address, ip))
        return false;
    for (size_t i = 0; i < s->own_relay_network_count; i++)
        if (value_ip_within(ip, s->own_relay_networks[i].address, s->own_relay_networks[i].prefix))
            return true;
    return false;
}

bool settings_is_never_archived(const struct settings *s, const char *address)
{
    const char *domain = address_domain(address);
    for (size_t i = 0; i < s->never_archive.count; i++) {
        const char *listed = s->never_archive.items[i];
        if (listed[0] == '@' ? *domain && strcmp(listed + 1, domain) == 0
                             : strcmp(listed, address) == 0)
            return true;
    }
    return false;
}
