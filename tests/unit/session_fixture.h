/*
 * session_fixture - a session between fakes, and short words for what a client sends
 *
 * Synopsis
 *      struct fixture *f = fixture_begin("both", "");
 *      jeanne_writes(f);
 *      header(f, REMINDER_HEADER);
 *      assert_int_equal(finish(f, "body"), VERDICT_ACCEPT);
 *      fixture_end(f);
 *
 * The company is creditor.example, its accountant Jeanne has the login "jeanne". A test program
 * has fixture_set_up and fixture_tear_down as its group's.
 */
#ifndef TEMOIN_TESTS_SESSION_FIXTURE_H
#define TEMOIN_TESTS_SESSION_FIXTURE_H

#include "policy/token.h"
#include "session_fakes.h"

/* Given as further configuration: that of a store which lets messages go. */
#define ON_FAILURE_ACCEPT "# accept\n"

struct fixture {
    struct services *services;
    struct session *s;
    struct fake_mta mta;
    struct keyring ring;
};

#define REMINDER_HEADER                                                   \
    "From: Jeanne <jeanne@creditor.example>\nTo: claire@debtor.example\n" \
    "Subject: Facture F-2026-001\nMessage-ID: <m1@creditor.example>\n"

int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* The configuration of a listener in this role, with `more` lines. */
struct snapshot *fixture_snapshot(const char *role, const char *more);
/* Connected, HELO said, nothing held by scribe. The end checks that no header is still counted. */
struct fixture *fixture_begin(const char *role, const char *more);
void fixture_end(struct fixture *f);

/* MAIL and one RCPT; login NULL: none. */
void envelope(struct fixture *f, const char *login, const char *from, const char *to);
/* Jeanne, logged in, to Claire. */
void jeanne_writes(struct fixture *f);
/* "Name: value" lines, split by LF; then the end of the header. */
enum verdict header(struct fixture *f, const char *lines);
/* The body, unless it is "", and the end of the message. */
enum verdict finish(struct fixture *f, const char *body);
/* The token of the message that the store knows. */
void sent_token(const struct fixture *f, char text[TOKEN_CHARS + 1]);

#endif
