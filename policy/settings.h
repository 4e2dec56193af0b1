/*
 * settings - what the configuration says, checked and ready to use
 *
 * Synopsis
 *      struct settings *s;
 *      struct strings errors = {0};
 *      if (!settings_parse(text, "temoin.conf", &s, &errors)) ...print errors.items[]...
 *      settings_unref(s);
 *
 * settings_parse() takes the text of a configuration file, not its name: policy/ does no I/O.
 * A parsed configuration never changes; holders share it by reference count, so that a reload
 * swaps one pointer while open sessions keep theirs. The keys are documented in temoin.conf(5).
 */
#ifndef TEMOIN_POLICY_SETTINGS_H
#define TEMOIN_POLICY_SETTINGS_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/bytes.h"

enum listener_role {
    ROLE_BOTH,    /* stamp and archive at once */
    ROLE_STAMP,   /* before the DKIM signer: edits only, writes nothing durable */
    ROLE_ARCHIVE, /* after the DKIM signer: no edits but Temoin-Dossier, takes the copy */
};

enum failure_action { FAILURE_TEMPFAIL, FAILURE_ACCEPT, FAILURE_REJECT };

enum guard_action { GUARD_REJECT, GUARD_WARN, GUARD_OFF };

struct listener {
    char *name;   /* the section's title; names the process in logs */
    char *socket; /* "unix:/path" or "inet:port@address" */
    enum listener_role role;
};

struct accountant {
    char *name;               /* the section's title */
    struct strings logins;    /* SASL logins ({auth_authen}), compared exactly */
    struct strings addresses; /* normalised (address.h); the first is the default Reply-To */
    char *reply_to;           /* normalised */
    bool plus_sender;         /* tag the envelope sender with a plus address */
    bool plus_reply_to;       /* tag Reply-To with a plus address */
};

/* An IPv4 or IPv6 network; IPv4 is held as ::ffff:0:0/96. */
struct network {
    unsigned char address[16];
    unsigned prefix; /* bits, 0 to 128 */
};

/* A timestamp authority (RFC 3161). */
struct tsa {
    char *name;        /* the section's title */
    char *url;         /* http:// or https:// */
    char *certificate; /* PEM file of its trust anchors */
    unsigned timeout_ms;
    char *policy; /* dotted OID that is asked for; NULL: its default */
};

struct settings {
    /* company */
    char *company_name;
    char *company_domain;       /* A-label, lower case; tokens are bound to it */
    struct strings own_domains; /* A-label, lower case; holds company_domain */

    struct accountant *accountants;
    size_t accountant_count;
    struct listener *listeners;
    size_t listener_count;

    /* recognition */
    struct strings invoice_patterns; /* the source text of the expressions */
    regex_t *invoice_expressions;    /* POSIX extended, compiled, one per pattern */
    bool register_open;              /* an unknown number creates a stub invoice */
    struct network *trusted_networks;
    size_t trusted_network_count;
    struct strings never_archive;       /* lawyers: addresses, or "@domain" */
    char *mail_log;                     /* the mail server's log, or "journal"; NULL: not told */
    struct network *own_relay_networks; /* servers of our own that mail passes on its way out */
    size_t own_relay_network_count;
    struct strings own_relays; /* the same by name: A-labels, lower case */
    char delimiter;            /* of plus addresses, '+' by default */

    /* guards */
    enum guard_action guard_paid;      /* the invoice is paid */
    enum guard_action guard_recipient; /* a recipient is neither a contact nor ours */

    /* store */
    char *store_directory;
    char *key_directory; /* token.keys, seal.key, seal.pem */
    unsigned commit_timeout_ms;
    enum failure_action on_store_failure; /* tempfail or accept */
    uint64_t max_message_size;            /* octets */
    enum failure_action on_oversize;      /* accept (hash and size only), tempfail, reject */
    unsigned retry_window_s;
    uint64_t spill_size; /* bodies above this go to a file of their own, octets */

    /* proofs */
    bool witness;                                /* Temoin-Checkpoint in reminders */
    struct strings checkpoint_to;                /* normalised addresses */
    char *sendmail_path;                         /* takes mail on standard input, with -i -t */
    char *seal_key, *export_key;                 /* URIs of OpenSSL's STORE */
    char *seal_certificate, *export_certificate; /* PEM files */
    struct strings seal_crls;                    /* PEM or DER files */
    unsigned retention_years, accounting_retention_years;
    bool erase_needs_second;
    char *authserv_id;          /* whose Authentication-Results are believed; NULL: nobody's */
    bool dkim_keys;             /* keep the DNS keys of signatures on matched inbound mail */
    struct strings dns_servers; /* "address", "address:port", "[address]:port"; none: those of
                                   resolv.conf */
    char *dns_trust_anchor;     /* file of DNSKEY or DS records; NULL: nothing is validated */
    struct tsa *tsas;           /* in order of preference */
    size_t tsa_count;

    /* process */
    char *run_directory; /* scribe's socket, the pid file */
    char *user;          /* owner of the store: scribe and commands */
    char *milter_user;   /* faces the mail; in the group of `user` */
    char *sealer_user;   /* holds the seal key; in the group of `user` */
    char *reader_user;   /* reads messages in depth; needs nothing */
    char *socket_group;  /* group of the milter sockets; NULL: the group of `user` */
    mode_t socket_mode;
    char *syslog_facility;     /* "mail" by default */
    uint64_t reader_memory;    /* octets that reading a message may take */
    unsigned reader_timeout_s; /* of processor time for a message */
    unsigned drain_timeout_s;
    char *postfix_config_directory; /* for `temoin check --live`; NULL: postconf's default */

    char sha256[65];     /* of the text, hexadecimal */
    unsigned references; /* private to settings_ref/unref; changed atomically */
};

/* Parse and check the NUL-terminated text of a configuration; `name` stands in messages. True:
   *out is owned by the caller (settings_unref). False: *out is NULL and `errors` holds one or
   more lines "name:line: what is wrong: how to mend it". */
bool settings_parse(const char *text, const char *name, struct settings **out,
                    struct strings *errors);

/* Share / give back. Safe from several threads. settings_unref(NULL) does nothing. */
struct settings *settings_ref(struct settings *s);
void settings_unref(struct settings *s);

/* The accountant with this SASL login / this (normalised) address; NULL: none. */
const struct accountant *settings_accountant_by_login(const struct settings *s, const char *login);
const struct accountant *settings_accountant_by_address(const struct settings *s,
                                                        const char *address);

/* Is the domain of this normalised address one of own_domains? */
bool settings_is_own_address(const struct settings *s, const char *address);

/* Is this textual IP address ("192.0.2.1", "2001:db8::1", "IPv6:…") in trusted_networks?
   NULL or anything that is not an IP address: false. */
bool settings_is_trusted(const struct settings *s, const char *client_address);

/* Is a server with this name or textual IP address (either may be NULL) listed in own_relays? */
bool settings_is_own_relay(const struct settings *s, const char *name, const char *address);

/* Does `never_archive` list this normalised address or its domain? */
bool settings_is_never_archived(const struct settings *s, const char *address);

#endif
