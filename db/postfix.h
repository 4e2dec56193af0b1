/*
 * postfix - what the configuration of a Postfix on this machine says about milters
 *
 * Synopsis
 *      struct postfix p;
 *      status = postfix_ask("/etc/postfix", &p, &err);      // NULL: postconf's own default
 *      for (i = 0; i < p.count; i++) ... p.services[i].milters ...
 *      postfix_free(&p);
 *
 * postconf(1) is asked, found by PATH and run without a shell. Needs Postfix 3.0 or later.
 */
#ifndef TEMOIN_DB_POSTFIX_H
#define TEMOIN_DB_POSTFIX_H

#include <stdbool.h>
#include <stddef.h>

#include "db/store.h"

struct postfix_milter {
    char *address;        /* "unix:path" or "inet:host:port", as written */
    char *default_action; /* of its own, {…, default_action=…}; NULL: the service's */
};

/* A service of master.cf that runs milters: an smtpd, or cleanup for mail that does not come
   by SMTP (bounces, local submission). */
struct postfix_service {
    char *name; /* "submission/inet" */
    bool cleanup;
    bool chrooted;
    bool offers_login;    /* smtpd_sasl_auth_enable */
    char *default_action; /* milter_default_action as it holds here */
    struct postfix_milter *milters;
    size_t count;
};

struct postfix {
    char *queue_directory, *mail_owner, *filter_classes, *protocol;
    struct postfix_service *services;
    size_t count;
};

/* STORE_NOT_FOUND: there is no postconf. STORE_INVALID: it fails, or says nothing usable. */
enum store_status postfix_ask(const char *config_directory, struct postfix *p,
                              struct store_error *err);
void postfix_free(struct postfix *p);

/* Split a milter list ("a, b { c, key=value }") into *milters. False: out of memory. */
bool postfix_milters_parse(const char *list, struct postfix_milter **milters, size_t *count);

/* The file that a milter's "unix:" address means to this service, seen from outside its
   chroot; malloc'd. NULL: no such address, or out of memory. */
char *postfix_socket_file(const struct postfix *p, const struct postfix_service *service,
                          const char *address);

/* Do a milter's address as Postfix writes it and a listener's ("unix:/path",
   "inet:port@address") mean the same socket? */
bool postfix_same_socket(const struct postfix *p, const struct postfix_service *service,
                         const char *address, const char *listener);

/* Can `user` connect to this UNIX socket? As root tried in a child process that becomes the
   user, else judged by the permissions of the path (access lists are not seen). 0, or an errno;
   *tried tells which. */
int postfix_try_socket(const char *user, const char *file, bool *tried);

#endif
