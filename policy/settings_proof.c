/*
 * settings_proof - what the configuration says about proofs: checkpoints, keys that sign,
 *                  timestamp authorities, retention, DNS
 *
 * Keys are named by URIs of OpenSSL's STORE (ossl_store(7)), so that a file and an HSM are
 * written alike; where nothing is written, they are files in key_directory.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/settings_build.h"
#include "policy/settings_values.h"

enum { YEARS_MAX = 100, DNS_SERVERS_MAX = 8, TIMEOUT_LEAST_MS = 1000, TIMEOUT_MOST_MS = 120000 };

static bool yes(cfg_t *section, const char *key)
{
    return cfg_getbool(section, key) == cfg_true;
}

/* "file:/path", "pkcs11:token=…": a scheme of two characters or more, RFC 3986, 3.1. */
static bool is_uri(const char *text)
{
    size_t len = 0;
    if (!isalpha((unsigned char)text[0]))
        return false;
    while (isalnum((unsigned char)text[len]) || (text[len] && strchr("+-.", text[len])))
        len++;
    return len >= 2 && text[len] == ':' && text[len + 1] != '\0';
}

/* `prefix` and the name of a file in key_directory. */
static char *in_key_directory(struct build *b, const char *prefix, const char *name)
{
    struct bytes made = {0};
    const char *directory = b->s->key_directory ? b->s->key_directory : "";
    char *text =
        bytes_printf(&made, "%s%s/%s", prefix, directory, name) ? bytes_steal(&made) : NULL;
    if (!text) {
        b->file->out_of_memory = true;
        bytes_free(&made);
    }
    return text;
}

static char *key_uri(struct build *b, const char *key, const char *name)
{
    const char *text = cfg_getstr(b->file->root, key);
    if (!text)
        return in_key_directory(b, "file:", name);
    if (!is_uri(text))
        COMPLAIN(b, b->file->root, key, 0,
                 "%s = \"%s\" is no URI: write file:/path or pkcs11:..., as ossl_store(7) reads it",
                 key, text);
    return build_copy(b, text);
}

/* An absolute path, complained about under `key`; NULL: not written. */
static char *file_name(struct build *b, cfg_t *section, const char *key)
{
    const char *text = cfg_getstr(section, key);
    if (text && !value_path(text))
        COMPLAIN(b, section, key, 0, "%s = \"%s\" is no absolute path: begin it with /", key, text);
    return text ? build_copy(b, text) : NULL;
}

static void take_keys(struct build *b)
{
    cfg_t *root = b->file->root;
    struct settings *s = b->s;
    s->seal_key = key_uri(b, "seal_key", "seal.key");
    s->export_key = key_uri(b, "export_key", "export.key");
    s->seal_certificate = file_name(b, root, "seal_certificate");
    if (!s->seal_certificate)
        s->seal_certificate = in_key_directory(b, "", "seal.pem");
    s->export_certificate = file_name(b, root, "export_certificate");
    if (!s->export_certificate)
        s->export_certificate = in_key_directory(b, "", "export.pem");
    for (unsigned i = 0; i < cfg_size(root, "seal_crls"); i++) {
        const char *text = cfg_getnstr(root, "seal_crls", i);
        if (value_path(text))
            build_add(b, &s->seal_crls, text);
        else
            COMPLAIN(b, root, "seal_crls", i,
                     "seal_crls: \"%s\" is no absolute path: begin it with /", text);
    }
}

static unsigned years(struct build *b, const char *key)
{
    long written = cfg_getint(b->file->root, key);
    if (written < 1 || written > YEARS_MAX) {
        COMPLAIN(b, b->file->root, key, 0, "%s = %ld: write a number of years from 1 to %d", key,
                 written, YEARS_MAX);
        return 1;
    }
    return (unsigned)written;
}

/* RFC 8601, 2.2: a domain, or any other word. */
static void take_authserv(struct build *b)
{
    const char *text = cfg_getstr(b->file->root, "authserv_id");
    if (!text)
        return;
    size_t len = strlen(text);
    bool plain = len > 0 && len < 256;
    for (const char *p = text; *p; p++)
        plain = plain && (unsigned char)*p > ' ' && *p != 0x7f && !strchr("\";()=", *p);
    if (!plain)
        COMPLAIN(b, b->file->root, "authserv_id", 0,
                 "authserv_id = \"%s\": write the name that your mail server puts into "
                 "Authentication-Results",
                 text);
    b->s->authserv_id = build_copy(b, text);
}

/* "192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353". */
static bool is_name_server(const char *text)
{
    char address[64];
    unsigned char octets[16];
    const char *colon = strrchr(text, ':'), *bracket = strrchr(text, ']');
    bool bare_v6 = *text != '[' && strchr(text, ':') != colon;
    bool port = colon && !bare_v6 && (!bracket || colon > bracket);
    size_t len = port ? (size_t)(colon - text) : strlen(text);
    if (len >= sizeof address)
        return false;
    snprintf(address, sizeof address, "%.*s", (int)len, text);
    if (!value_ip(address, octets))
        return false;
    if (!port)
        return true;
    size_t digits = strspn(colon + 1, "0123456789");
    long number = digits && digits <= 5 ? strtol(colon + 1, NULL, 10) : 0;
    return colon[1 + digits] == '\0' && number >= 1 && number <= 65535;
}

static void take_dns(struct build *b)
{
    cfg_t *root = b->file->root;
    const char *anchor = cfg_getstr(root, "dns_trust_anchor");
    b->s->dkim_keys = yes(root, "dkim_keys");
    for (unsigned i = 0; i < cfg_size(root, "dns_server"); i++) {
        const char *text = cfg_getnstr(root, "dns_server", i);
        if (is_name_server(text) && i < DNS_SERVERS_MAX)
            build_add(b, &b->s->dns_servers, text);
        else
            COMPLAIN(b, root, "dns_server", i,
                     "dns_server: \"%s\": write an address, or address:port ([address]:port for "
                     "IPv6), %d at most",
                     text, DNS_SERVERS_MAX);
    }
    b->s->dns_trust_anchor = *anchor ? file_name(b, root, "dns_trust_anchor") : NULL;
}

/* A dotted object identifier, as RFC 3161's reqPolicy. */
static bool is_oid(const char *text)
{
    size_t len = strlen(text);
    return len >= 3 && len < 128 && text[0] >= '0' && text[0] <= '2' && text[1] == '.' &&
           strspn(text, "0123456789.") == len && !strstr(text, "..") && text[len - 1] != '.';
}

static bool is_web_address(const char *text)
{
    size_t scheme = strncmp(text, "http://", 7) == 0    ? 7
                    : strncmp(text, "https://", 8) == 0 ? 8
                                                        : 0;
    if (!scheme || !text[scheme] || text[scheme] == '/')
        return false;
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
            return false;
    return true;
}

static void take_tsa(struct build *b, unsigned index)
{
    cfg_t *root = b->file->root, *section = cfg_getnsec(root, "tsa", index);
    struct tsa *t = build_grow(b, (void **)&b->s->tsas, b->s->tsa_count, sizeof *t);
    if (!t)
        return;
    b->s->tsa_count++;
    const char *title = cfg_title(section), *url = cfg_getstr(section, "url");
    const char *policy = cfg_getstr(section, "policy"), *timeout = cfg_getstr(section, "timeout");
    uint64_t ms = TIMEOUT_LEAST_MS;
    t->name = build_copy(b, title);
    if (!value_name(title))
        COMPLAIN(b, root, "tsa", index, "tsa \"%s\": use letters, digits, - and _ for its name",
                 title);
    t->url = url ? build_copy(b, url) : NULL;
    if (!url)
        COMPLAIN(b, root, "tsa", index, "tsa \"%s\" has no url: add url = \"http://host/path\"",
                 title);
    else if (!is_web_address(url))
        COMPLAIN(b, section, "url", 0, "url = \"%s\": write http://host/path or https://host/path",
                 url);
    t->certificate = file_name(b, section, "certificate");
    if (!t->certificate)
        COMPLAIN(b, root, "tsa", index,
                 "tsa \"%s\" has no certificate: add certificate = \"/path\" (its CA, PEM)", title);
    t->policy = policy ? build_copy(b, policy) : NULL;
    if (policy && !is_oid(policy))
        COMPLAIN(b, section, "policy", 0, "policy = \"%s\" is no object identifier: write 1.2.3.4",
                 policy);
    if (!value_duration(timeout, 1000, &ms) || ms < TIMEOUT_LEAST_MS || ms > TIMEOUT_MOST_MS)
        COMPLAIN(b, section, "timeout", 0, "timeout = %s: write a time from 1s to 120s", timeout);
    t->timeout_ms = (unsigned)ms;
}

void build_proofs(struct build *b)
{
    cfg_t *root = b->file->root;
    struct settings *s = b->s;
    s->witness = yes(root, "witness");
    for (unsigned i = 0; i < cfg_size(root, "checkpoint_to"); i++) {
        char *to =
            build_address(b, root, "checkpoint_to", i, cfg_getnstr(root, "checkpoint_to", i));
        if (to)
            build_add(b, &s->checkpoint_to, to);
        free(to);
    }
    s->sendmail_path = file_name(b, root, "sendmail_path");
    take_keys(b);
    s->retention_years = years(b, "retention_years");
    s->accounting_retention_years = years(b, "accounting_retention_years");
    s->erase_needs_second = yes(root, "erase_needs_second");
    take_authserv(b);
    take_dns(b);
    for (unsigned i = 0; i < cfg_size(root, "tsa"); i++)
        take_tsa(b, i);
}
