/*
 * session_fixture - see session_fixture.h
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session_fixture.h"

static char directory[] = "/tmp/test_session.XXXXXX";
static char keys[] = "1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f active\n";

struct snapshot *fixture_snapshot(const char *role, const char *more)
{
    struct bytes text = {0};
    struct strings errors = {0};
    struct settings *settings = NULL;
    assert_true(bytes_printf(&text,
                             "company \"ACME\" { domain = \"creditor.example\" }\n"
                             "accountant \"Jeanne\" { login = { \"jeanne\" }\n"
                             " address = { \"jeanne@creditor.example\" } }\n"
                             "listener \"mail\" { socket = \"unix:/x/mail\" role = %s }\n"
                             "listener \"other\" { socket = \"unix:/x/other\" role = archive }\n"
                             "listener \"more\" { socket = \"unix:/x/more\" role = stamp }\n"
                             "store { directory = \"%s\" on_store_failure = %s }\n%s",
                             role, directory,
                             strcmp(more, ON_FAILURE_ACCEPT) == 0 ? "accept" : "tempfail", more));
    if (!settings_parse(text.data, "t.conf", &settings, &errors))
        fail_msg("%s", errors.count > 0 ? errors.items[0] : "?");
    bytes_free(&text);
    struct keyring *ring = calloc(1, sizeof *ring);
    char *error = NULL;
    assert_true(keyring_parse(keys, "keys", ring, &error));
    bool found = false;
    struct snapshot *made = snapshot_new(settings, ring, "mail", &found);
    assert_true(found);
    return made;
}

struct fixture *fixture_begin(const char *role, const char *more)
{
    struct fixture *f = calloc(1, sizeof *f);
    char *error = NULL;
    fake_scribe_reset();
    f->services = services_new(fixture_snapshot(role, more));
    assert_non_null(f->services);
    fake_mta_begin(&f->mta);
    assert_true(keyring_parse(keys, "keys", &f->ring, &error));
    f->s = session_new(f->services);
    session_connect(f->s, "client.example", "192.0.2.1");
    session_helo(f->s, "client", NULL);
    return f;
}

void fixture_end(struct fixture *f)
{
    session_free(f->s);
    assert_int_equal(atomic_load(&f->services->header_octets), 0);
    services_free(f->services);
    fake_mta_end(&f->mta);
    free(f);
}

void envelope(struct fixture *f, const char *login, const char *from, const char *to)
{
    struct opening opening = {.sender = from, .login = login, .smtp = true};
    session_envfrom(f->s, &opening);
    session_envrcpt(f->s, to);
}

/* "Name: value" lines, split by LF; then the end of the header. */
enum verdict header(struct fixture *f, const char *lines)
{
    while (*lines != '\0') {
        size_t name = strcspn(lines, ":"), len = strcspn(lines, "\n");
        char *n = strndup(lines, name), *v = strndup(lines + name + 1, len - name - 1);
        session_header(f->s, n, v);
        free(n);
        free(v);
        lines += len + 1;
    }
    return session_eoh(f->s, &f->mta.mta, "QID1");
}

enum verdict finish(struct fixture *f, const char *body)
{
    if (*body != '\0')
        session_body(f->s, body, strlen(body));
    return session_eom(f->s, &f->mta.mta, "QID1");
}

void jeanne_writes(struct fixture *f)
{
    envelope(f, "jeanne", "<jeanne@creditor.example>", "<claire@debtor.example>");
}

void sent_token(const struct fixture *f, char text[TOKEN_CHARS + 1])
{
    assert_true(token_make(&f->ring, "creditor.example", SENT_NUMBER, text));
}

int fixture_set_up(void **state)
{
    (void)state;
    char spool[64];
    g_mime_init();
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(spool, sizeof spool, "%s/spool", directory);
    return mkdir(spool, 0700);
}

int fixture_tear_down(void **state)
{
    (void)state;
    char spool[64];
    fake_scribe_reset();
    snprintf(spool, sizeof spool, "%s/spool", directory);
    return rmdir(spool) != 0 || rmdir(directory) != 0;
}
