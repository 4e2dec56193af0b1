/*
 * test_settings - the configuration: defaults, every key, every complaint with its line, lookups
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/settings.h"

#define SMALLEST                                           \
    "company \"ACME\" { domain = \"creditor.example\" }\n" \
    "listener \"mail\" { socket = \"unix:/run/temoin/mail\" }\n"

static struct settings *parsed(const char *text)
{
    struct settings *s = NULL;
    struct strings errors = {0};
    bool done = settings_parse(text, "t.conf", &s, &errors);
    for (size_t i = 0; i < errors.count; i++)
        print_error("%s\n", errors.items[i]);
    assert_true(done);
    assert_non_null(s);
    assert_int_equal(errors.count, 0);
    strings_free(&errors);
    return s;
}

static void test_defaults(void **state)
{
    (void)state;
    struct settings *s = parsed(SMALLEST);
    assert_string_equal(s->company_name, "ACME");
    assert_string_equal(s->company_domain, "creditor.example");
    assert_int_equal(s->own_domains.count, 1);
    assert_string_equal(s->user, "temoin");
    assert_string_equal(s->milter_user, "temoin-milter");
    assert_string_equal(s->sealer_user, "temoin-seal");
    assert_string_equal(s->reader_user, "temoin-read");
    assert_int_equal(s->reader_memory, 256 * 1024 * 1024);
    assert_int_equal(s->reader_timeout_s, 10);
    assert_null(s->socket_group);
    assert_int_equal(s->socket_mode, 0660);
    assert_string_equal(s->run_directory, "/run/temoin");
    assert_string_equal(s->key_directory, "/etc/temoin/keys");
    assert_string_equal(s->syslog_facility, "mail");
    assert_int_equal(s->drain_timeout_s, 600);
    assert_null(s->postfix_config_directory);
    assert_int_equal(s->invoice_patterns.count, 1);
    assert_int_equal(regexec(&s->invoice_expressions[0], "F-2026-0042", 0, NULL, 0), 0);
    assert_false(s->register_open);
    assert_int_equal(s->trusted_network_count, 0);
    assert_int_equal(s->never_archive.count, 0);
    assert_int_equal(s->delimiter, '+');
    assert_int_equal(s->retry_window_s, 5 * 86400);
    assert_int_equal(s->max_message_size, 50 * 1024 * 1024);
    assert_int_equal(s->on_oversize, FAILURE_ACCEPT);
    assert_int_equal(s->spill_size, 256 * 1024);
    assert_int_equal(s->guard_paid, GUARD_REJECT);
    assert_int_equal(s->guard_recipient, GUARD_REJECT);
    assert_string_equal(s->store_directory, "/var/lib/temoin");
    assert_int_equal(s->commit_timeout_ms, 2000);
    assert_int_equal(s->on_store_failure, FAILURE_TEMPFAIL);
    assert_int_equal(s->listeners[0].role, ROLE_BOTH);
    assert_int_equal(strlen(s->sha256), 64);
    settings_unref(s);
}

static void test_defaults_of_proofs(void **state)
{
    (void)state;
    struct settings *s = parsed(SMALLEST);
    assert_false(s->witness);
    assert_int_equal(s->checkpoint_to.count, 0);
    assert_string_equal(s->sendmail_path, "/usr/sbin/sendmail");
    assert_string_equal(s->seal_key, "file:/etc/temoin/keys/seal.key");
    assert_string_equal(s->seal_certificate, "/etc/temoin/keys/seal.pem");
    assert_string_equal(s->export_key, "file:/etc/temoin/keys/export.key");
    assert_string_equal(s->export_certificate, "/etc/temoin/keys/export.pem");
    assert_int_equal(s->seal_crls.count, 0);
    assert_int_equal(s->retention_years, 5);
    assert_int_equal(s->accounting_retention_years, 10);
    assert_false(s->erase_needs_second);
    assert_null(s->authserv_id);
    assert_true(s->dkim_keys);
    assert_int_equal(s->dns_servers.count, 0);
    assert_string_equal(s->dns_trust_anchor, "/usr/share/dns/root.key");
    assert_int_equal(s->tsa_count, 0);
    settings_unref(s);
}

static const char every_key[] =
    "user = u\nmilter_user = m\nsealer_user = s\nreader_user = r\n"
    "reader_memory = 96M\nreader_timeout = 3\nsocket_group = g\nsocket_mode = 0600\n"
    "run_directory = /tmp/run\nkey_directory = /tmp/keys\nsyslog_facility = local3\n"
    "drain_timeout = 1m\npostfix_config_directory = /tmp/postfix\n"
    "invoice_pattern = { 'FA[0-9]+$', \"^X-[0-9]+\" }\nregister = open\n"
    "trusted_networks = { 192.0.2.0/24, \"2001:db8::/32\", 127.0.0.1 }\n"
    "never_archive = { \"Maitre@Avocat.example\", \"@Lawyers.example\" }\ndelimiter = \"-\"\n"
    "retry_window = 2d\nmax_message_size = 1M\non_oversize = reject\nspill_size = 8k\n"
    "company \"ACME\" { domain = Creditor.EXAMPLE own_domains = { creditor.fr } }\n"
    "accountant \"Jeanne\" { login = { jeanne, \"j@x\" } address = { \"Jeanne@creditor.example\",\n"
    "  \"compta@creditor.fr\" } reply_to = \"compta@creditor.fr\" plus_address = on\n"
    "  plus_reply_to = off }\n"
    "accountant \"Paul\" { address = \"paul@creditor.example\" plus_sender = on }\n"
    "listener \"in\" { socket = \"inet:8891@127.0.0.1\" role = stamp }\n"
    "listener \"out\" { socket = \"unix:/tmp/out\" role = archive }\n"
    "guard \"paid\" { action = warn }\nguard \"recipient\" { action = off }\n"
    "store { directory = /tmp/store commit_timeout = 500 on_store_failure = accept }\n";

static void test_every_key(void **state)
{
    (void)state;
    struct settings *s = parsed(every_key);
    assert_string_equal(s->user, "u");
    assert_string_equal(s->milter_user, "m");
    assert_string_equal(s->sealer_user, "s");
    assert_string_equal(s->reader_user, "r");
    assert_int_equal(s->reader_memory, 96 * 1024 * 1024);
    assert_int_equal(s->reader_timeout_s, 3);
    assert_string_equal(s->socket_group, "g");
    assert_int_equal(s->socket_mode, 0600);
    assert_string_equal(s->run_directory, "/tmp/run");
    assert_string_equal(s->key_directory, "/tmp/keys");
    assert_string_equal(s->syslog_facility, "local3");
    assert_int_equal(s->drain_timeout_s, 60);
    assert_string_equal(s->postfix_config_directory, "/tmp/postfix");
    assert_int_equal(s->invoice_patterns.count, 2);
    assert_string_equal(s->invoice_patterns.items[0], "FA[0-9]+$");
    assert_string_equal(s->invoice_patterns.items[1], "^X-[0-9]+");
    assert_true(s->register_open);
    assert_int_equal(s->trusted_network_count, 3);
    assert_string_equal(s->never_archive.items[0], "maitre@avocat.example");
    assert_string_equal(s->never_archive.items[1], "@lawyers.example");
    assert_int_equal(s->delimiter, '-');
    assert_int_equal(s->retry_window_s, 2 * 86400);
    assert_int_equal(s->max_message_size, 1024 * 1024);
    assert_int_equal(s->on_oversize, FAILURE_REJECT);
    assert_int_equal(s->spill_size, 8192);
    assert_string_equal(s->company_domain, "creditor.example");
    assert_int_equal(s->own_domains.count, 2);
    assert_int_equal(s->accountant_count, 2);
    const struct accountant *jeanne = &s->accountants[0], *paul = &s->accountants[1];
    assert_string_equal(jeanne->addresses.items[0], "jeanne@creditor.example");
    assert_string_equal(jeanne->reply_to, "compta@creditor.fr");
    assert_true(jeanne->plus_sender);
    assert_false(jeanne->plus_reply_to);
    assert_string_equal(paul->logins.items[0], "paul@creditor.example");
    assert_string_equal(paul->reply_to, "paul@creditor.example");
    assert_true(paul->plus_sender);
    assert_false(paul->plus_reply_to);
    assert_int_equal(s->listeners[0].role, ROLE_STAMP);
    assert_int_equal(s->listeners[1].role, ROLE_ARCHIVE);
    assert_int_equal(s->guard_paid, GUARD_WARN);
    assert_int_equal(s->guard_recipient, GUARD_OFF);
    assert_string_equal(s->store_directory, "/tmp/store");
    assert_int_equal(s->commit_timeout_ms, 500);
    assert_int_equal(s->on_store_failure, FAILURE_ACCEPT);
    settings_unref(s);
}

static const char every_proof[] = SMALLEST
    "key_directory = /k\nwitness = yes\n"
    "checkpoint_to = { \"Auditor@Audit.example\" }\n"
    "seal_key = \"pkcs11:token=t;object=seal?pin-source=/p\"\nseal_certificate = /c/s.pem\n"
    "export_certificate = \"/c/e.pem\"\nseal_crls = { \"/c/ca.crl\" }\n"
    "retention_years = 6\naccounting_retention_years = 11\nerase_needs_second = on\n"
    "authserv_id = mx.us.example\ndkim_keys = no\n"
    "dns_server = { \"127.0.0.1:5353\", \"::1\", \"[2001:db8::1]:53\" }\n"
    "dns_trust_anchor = /etc/anchor\n"
    "tsa \"one\" { url = \"http://a.example/tsr\" certificate = /a.pem timeout = 2 }\n"
    "tsa \"two\" { url = \"https://b.example\" certificate = /b.pem policy = 1.2.3 }\n";

static void test_every_proof(void **state)
{
    (void)state;
    struct settings *s = parsed(every_proof);
    assert_true(s->witness);
    assert_string_equal(s->checkpoint_to.items[0], "auditor@audit.example");
    assert_string_equal(s->seal_key, "pkcs11:token=t;object=seal?pin-source=/p");
    assert_string_equal(s->seal_certificate, "/c/s.pem");
    assert_string_equal(s->export_key, "file:/k/export.key");
    assert_string_equal(s->export_certificate, "/c/e.pem");
    assert_string_equal(s->seal_crls.items[0], "/c/ca.crl");
    assert_int_equal(s->retention_years, 6);
    assert_int_equal(s->accounting_retention_years, 11);
    assert_true(s->erase_needs_second);
    assert_string_equal(s->authserv_id, "mx.us.example");
    assert_false(s->dkim_keys);
    assert_int_equal(s->dns_servers.count, 3);
    assert_string_equal(s->dns_servers.items[2], "[2001:db8::1]:53");
    assert_string_equal(s->dns_trust_anchor, "/etc/anchor");
    assert_int_equal(s->tsa_count, 2);
    assert_string_equal(s->tsas[0].name, "one");
    assert_string_equal(s->tsas[0].url, "http://a.example/tsr");
    assert_string_equal(s->tsas[0].certificate, "/a.pem");
    assert_int_equal(s->tsas[0].timeout_ms, 2000);
    assert_null(s->tsas[0].policy);
    assert_int_equal(s->tsas[1].timeout_ms, 10000);
    assert_string_equal(s->tsas[1].policy, "1.2.3");
    settings_unref(s);
}

/* A text that must be refused, and how the complaint begins (file and line) and what it says. */
struct refusal {
    const char *text;
    const char *begin;
    const char *says;
};

static const struct refusal refusals[] = {
    {"\n\nzork = 1\n" SMALLEST, "t.conf:3: ", "no such option 'zork'"},
    {SMALLEST "store {\n zork = 1\n}\n", "t.conf:4: ", "no such option 'zork'"},
    {"\ninclude(\"/etc/passwd\")\n" SMALLEST, "t.conf:2: ", "no such option 'include'"},
    {SMALLEST "user = \"a", "t.conf:3: ", "the file ends inside"},
    {SMALLEST "store {\n directory = /a\n", "t.conf:4: ", "the file ends inside"},
    {SMALLEST "/* for ever\n", "t.conf:3: ", "comment"},
    {SMALLEST "user = \"${HOME}\"\n", "t.conf:3: ", "environment"},
    {SMALLEST "user = ${HOME}\n", "t.conf:3: ", "environment"},
    {SMALLEST "run_directory = \"/run/#${HOME}\"\n", "t.conf:3: ", "environment"},
    {SMALLEST "run_directory = \"/run//${HOME}\"\n", "t.conf:3: ", "environment"},
    {SMALLEST "/* don't */ user = \"a\nb${HOME}\"\n", "t.conf:4: ", "environment"},
    {SMALLEST "# it's\nuser = \"\\\"${HOME}\"\n", "t.conf:4: ", "environment"},
    {SMALLEST "user = \"no good\"\n", "t.conf:3: ", "account"},
    {SMALLEST "socket_mode = 0888\n", "t.conf:3: ", "octal"},
    {SMALLEST "run_directory = run\n", "t.conf:3: ", "absolute path"},
    {SMALLEST "syslog_facility = cron\n", "t.conf:3: ", "syslog_facility"},
    {SMALLEST "drain_timeout = soon\n", "t.conf:3: ", "time"},
    {SMALLEST "register = ajar\n", "t.conf:3: ", "closed or open"},
    {SMALLEST "invoice_pattern = {\n 'F[0-9]+',\n '(' }\n", "t.conf:5: ", "regular expression"},
    {SMALLEST "invoice_pattern = '[0-9]*'\n", "t.conf:3: ", "empty"},
    {SMALLEST "trusted_networks = {\n10.0.0.0/8,\n10.0.0.0/33\n}\n", "t.conf:5: ", "network"},
    {SMALLEST "trusted_networks = 10.0.0.1/8\n", "t.conf:3: ", "bits"},
    {SMALLEST "never_archive = lawyer\n", "t.conf:3: ", "address"},
    {SMALLEST "never_archive = \"@\"\n", "t.conf:3: ", "domain"},
    {SMALLEST "delimiter = \"++\"\n", "t.conf:3: ", "delimiter"},
    {SMALLEST "delimiter = \"a\"\n", "t.conf:3: ", "delimiter"},
    {SMALLEST "retry_window = -1\n", "t.conf:3: ", "time"},
    {SMALLEST "max_message_size = 99999999999G\n", "t.conf:3: ", "size"},
    {SMALLEST "max_message_size = 12\n", "t.conf:3: ", "size"},
    {SMALLEST "spill_size = 8q\n", "t.conf:3: ", "size"},
    {SMALLEST "on_oversize = drop\n", "t.conf:3: ", "tempfail, accept or reject"},
    {SMALLEST "store {\ncommit_timeout = 0\n}\n", "t.conf:4: ", "time"},
    {SMALLEST "store {\non_store_failure = reject\n}\n", "t.conf:4: ", "tempfail or accept"},
    {SMALLEST "guard \"paid\" {\naction = no\n}\n", "t.conf:4: ", "reject, warn or off"},
    {SMALLEST "guard \"zork\" { }\n", "t.conf:3: ", "\"paid\" and \"recipient\""},
    {SMALLEST "listener \"two\" {\n socket = \"unix:/run/temoin/mail\" }\n",
     "t.conf:4: ", "listener \"mail\"'s too"},
    {SMALLEST "listener \"two\" {\n socket = \"unix:run\" }\n", "t.conf:4: ", "unix:/path"},
    {SMALLEST "listener \"two\" { socket = \"inet:0@::1\" }\n", "t.conf:3: ", "inet:port"},
    {SMALLEST "listener \"two\" {\n}\n", "t.conf:4: ", "no socket"},
    {SMALLEST "listener \"t o\" { socket = \"unix:/b\" }\n", "t.conf:3: ", "letters"},
    {SMALLEST "listener \"two\" { socket = \"unix:/b\"\nrole = stamp }\n",
     "t.conf:4: ", "none archives"},
    {SMALLEST "listener \"mail\" { socket = \"unix:/b\" }\n", "t.conf:3: ", "duplicate"},
    {SMALLEST "company \"B\" { domain = b.example }\n", "t.conf:3: ", "several companies"},
    {"listener \"l\" { socket = \"unix:/b\" }\n", "t.conf:1: ", "no company"},
    {"company \"ACME\" { domain = a.example }\n\n", "t.conf:2: ", "no listener"},
    {"company \"ACME\" { }\nlistener \"l\" { socket = \"unix:/b\" }\n", "t.conf:1: ", "no domain"},
    {"company \"ACME\" {\n domain = \"a b\" }\nlistener \"l\" { socket = \"unix:/b\" }\n",
     "t.conf:2: ", "no domain"},
    {"company \"\" { domain = a.example }\nlistener \"l\" { socket = \"unix:/b\" }\n",
     "t.conf:1: ", "no name"},
    {SMALLEST "accountant \"J\" {\n}\n", "t.conf:4: ", "no address"},
    {SMALLEST "accountant \"J\" { address = {\n\"j@creditor.example\",\n\"j@else.example\"} }\n",
     "t.conf:5: ", "own_domains"},
    {SMALLEST "accountant \"J\" { address = jeanne }\n", "t.conf:3: ", "no address"},
    {SMALLEST "accountant \"J\" { address = \"j@creditor.example\" }\n"
              "accountant \"K\" { address = \"J@creditor.example\" }\n",
     "t.conf:4: ", "accountant \"J\"'s too"},
    {SMALLEST "accountant \"J\" { login = a address = \"j@creditor.example\" }\n"
              "accountant \"K\" { login = a address = \"k@creditor.example\" }\n",
     "t.conf:4: ", "accountant \"J\"'s too"},
    {SMALLEST "accountant \"J\" { login = \"\" address = \"j@creditor.example\" }\n",
     "t.conf:3: ", "login is empty"},
    {SMALLEST "accountant \"J\" { address = \"j@creditor.example\"\nreply_to = \"j@b.example\" }\n",
     "t.conf:4: ", "own_domains"},
    {SMALLEST "delimiter = \"\"\naccountant \"J\" { address = \"j@creditor.example\"\n"
              "plus_address = on }\n",
     "t.conf:5: ", "need a delimiter"},
    {SMALLEST "accountant \"J\" { address = \"j@creditor.example\"\nplus_address = maybe }\n",
     "t.conf:4: ", "boolean"},
    {SMALLEST "witness = maybe\n", "t.conf:3: ", "boolean"},
    {SMALLEST "checkpoint_to = {\n auditor }\n", "t.conf:4: ", "address"},
    {SMALLEST "seal_key = \"/k/seal.key\"\n", "t.conf:3: ", "no URI"},
    {SMALLEST "export_key = \"file:\"\n", "t.conf:3: ", "no URI"},
    {SMALLEST "seal_certificate = seal.pem\n", "t.conf:3: ", "absolute path"},
    {SMALLEST "sendmail_path = sendmail\n", "t.conf:3: ", "absolute path"},
    {SMALLEST "seal_crls = { /a, b }\n", "t.conf:3: ", "absolute path"},
    {SMALLEST "retention_years = 0\n", "t.conf:3: ", "1 to 100"},
    {SMALLEST "accounting_retention_years = 101\n", "t.conf:3: ", "1 to 100"},
    {SMALLEST "dns_server = \"ns.example\"\n", "t.conf:3: ", "address:port"},
    {SMALLEST "dns_server = { ::1, \"127.0.0.1:70000\" }\n", "t.conf:3: ", "address:port"},
    {SMALLEST "dns_server = \"[::1]53\"\n", "t.conf:3: ", "address:port"},
    {SMALLEST "dns_server = { 1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4, 1.1.1.5, 1.1.1.6, 1.1.1.7,"
              " 1.1.1.8, 1.1.1.9 }\n",
     "t.conf:3: ", "8 at most"},
    {SMALLEST "dns_trust_anchor = \"root.key\"\n", "t.conf:3: ", "absolute path"},
    {SMALLEST "authserv_id = \"a b\"\n", "t.conf:3: ", "Authentication-Results"},
    {SMALLEST "authserv_id = \"\"\n", "t.conf:3: ", "Authentication-Results"},
    {SMALLEST "tsa \"a\" {\n certificate = /a }\n", "t.conf:4: ", "no url"},
    {SMALLEST "tsa \"a\" {\n url = \"http://a\" }\n", "t.conf:4: ", "no certificate"},
    {SMALLEST "tsa \"a\" { certificate = /a\n url = \"ftp://a\" }\n", "t.conf:4: ", "http"},
    {SMALLEST "tsa \"a\" { certificate = /a url = \"http://a\"\n timeout = 0 }\n",
     "t.conf:4: ", "1s to 120s"},
    {SMALLEST "tsa \"a\" { certificate = /a url = \"http://a\"\n policy = x }\n",
     "t.conf:4: ", "identifier"},
    {SMALLEST "tsa \"a b\" { certificate = /a url = \"http://a\" }\n", "t.conf:3: ", "letters"},
    {"\001\002", "t.conf:1: ", ""},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct settings *s = (struct settings *)1;
        struct strings errors = {0};
        bool done = settings_parse(refusals[i].text, "t.conf", &s, &errors);
        if (done || errors.count != 1 || !strstr(errors.items[0], refusals[i].says) ||
            strncmp(errors.items[0], refusals[i].begin, strlen(refusals[i].begin)) != 0) {
            for (size_t k = 0; k < errors.count; k++)
                print_error("%s\n", errors.items[k]);
            fail_msg("refusal %zu: %s", i, refusals[i].text);
        }
        assert_null(s);
        strings_free(&errors);
    }
}

static void test_all_complaints_at_once(void **state)
{
    (void)state;
    struct settings *s;
    struct strings errors = {0};
    assert_false(
        settings_parse(SMALLEST "register = ajar\nsocket_mode = 9\n", "t.conf", &s, &errors));
    assert_int_equal(errors.count, 2);
    strings_free(&errors);
    assert_false(settings_parse("", "t.conf", &s, &errors));
    assert_int_equal(errors.count, 2);
    assert_non_null(strstr(errors.items[0], "t.conf:1: there is no company"));
    strings_free(&errors);
}

static void test_regular_expressions_survive(void **state)
{
    (void)state;
    struct settings *s = parsed(SMALLEST "# ${HOME} in a comment is nobody's business\n"
                                         "invoice_pattern = { '^F\\.[0-9]{2}$', \"^G[0-9]$\" }\n");
    assert_string_equal(s->invoice_patterns.items[0], "^F\\.[0-9]{2}$");
    assert_string_equal(s->invoice_patterns.items[1], "^G[0-9]$");
    assert_int_not_equal(regexec(&s->invoice_expressions[0], "Fx12", 0, NULL, 0), 0);
    settings_unref(s);
}

/* In comments of all kinds, in single quotes and behind a backslash nothing is replaced. */
static void test_dollars_that_stay(void **state)
{
    (void)state;
    struct settings *s =
        parsed(SMALLEST "/* ${HOME}\n \" ${HOME} */ // ${HOME}\n"
                        "invoice_pattern = { 'F#\"[${]', \"G[\\${]\" } # ' ${HOME}\n"
                        "run_directory = \"/run/it's\"\n");
    assert_string_equal(s->invoice_patterns.items[0], "F#\"[${]");
    assert_string_equal(s->invoice_patterns.items[1], "G[${]");
    assert_string_equal(s->run_directory, "/run/it's");
    settings_unref(s);
}

static void test_lookups(void **state)
{
    (void)state;
    struct settings *s = parsed(every_key);
    assert_ptr_equal(settings_accountant_by_login(s, "j@x"), &s->accountants[0]);
    assert_null(settings_accountant_by_login(s, "JEANNE"));
    assert_null(settings_accountant_by_login(s, NULL));
    assert_ptr_equal(settings_accountant_by_address(s, "paul@creditor.example"),
                     &s->accountants[1]);
    assert_null(settings_accountant_by_address(s, "marie@creditor.example"));
    assert_true(settings_is_own_address(s, "x@creditor.fr"));
    assert_false(settings_is_own_address(s, "x@sub.creditor.fr"));
    assert_false(settings_is_own_address(s, ""));
    assert_true(settings_is_trusted(s, "192.0.2.255"));
    assert_true(settings_is_trusted(s, "::ffff:192.0.2.1"));
    assert_false(settings_is_trusted(s, "192.0.3.0"));
    assert_true(settings_is_trusted(s, "IPv6:2001:db8:1::9"));
    assert_false(settings_is_trusted(s, "2001:db9::1"));
    assert_true(settings_is_trusted(s, "127.0.0.1"));
    assert_false(settings_is_trusted(s, "127.0.0.2"));
    assert_false(settings_is_trusted(s, NULL));
    assert_false(settings_is_trusted(s, "unknown"));
    assert_true(settings_is_never_archived(s, "maitre@avocat.example"));
    assert_false(settings_is_never_archived(s, "greffe@avocat.example"));
    assert_true(settings_is_never_archived(s, "any@lawyers.example"));
    assert_false(settings_is_never_archived(s, "lawyers.example"));
    settings_unref(s);
}

static void test_shared_by_reference(void **state)
{
    (void)state;
    struct settings *s = parsed(SMALLEST);
    struct settings *held = settings_ref(s);
    settings_unref(s);
    assert_string_equal(held->company_name, "ACME");
    settings_unref(held);
    settings_unref(NULL);
}

static void test_hash_names_the_text(void **state)
{
    (void)state;
    struct settings *a = parsed(SMALLEST), *b = parsed(SMALLEST), *c = parsed(SMALLEST "#\n");
    assert_string_equal(a->sha256, b->sha256);
    assert_string_not_equal(a->sha256, c->sha256);
    settings_unref(a);
    settings_unref(b);
    settings_unref(c);
}

/* Cut and scratched copies of a good text: any answer is right but a crash or a leak. */
static void test_damaged_texts(void **state)
{
    (void)state;
    char text[sizeof every_key];
    unsigned seed = 12345;
    for (size_t cut = 0; cut < sizeof every_key; cut += 3) {
        memcpy(text, every_key, sizeof text);
        text[cut] = '\0';
        for (int scratch = 0; cut && scratch < 3; scratch++) {
            seed = seed * 1103515245U + 12345U;
            if (scratch < (int)(cut % 4))
                text[(seed >> 8) % cut] = (char)(seed >> 20 ? seed >> 20 : 1);
        }
        struct settings *s;
        struct strings errors = {0};
        if (settings_parse(text, "t.conf", &s, &errors))
            settings_unref(s);
        else
            assert_true(errors.count > 0);
        strings_free(&errors);
    }
}

/* A file of the source tree; the caller frees it. */
static char *source_file(const char *name)
{
    const char *source = getenv("srcdir");
    char path[4096], *text = calloc(1, 262144);
    snprintf(path, sizeof path, "%s/%s", source ? source : ".", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, 262143, file) > 0);
    fclose(file);
    return text;
}

static void test_example_file(void **state)
{
    (void)state;
    char *text = source_file("contrib/temoin.conf.example");
    struct settings *s = parsed(text);
    assert_int_equal(s->accountant_count, 2);
    settings_unref(s);
    free(text);
}

/* Each key of the table in settings_file.c stands in the manual and in the example. */
static void test_every_key_is_documented(void **state)
{
    (void)state;
    char *code = source_file("policy/settings_file.c");
    char *manual = source_file("contrib/man/temoin.conf.5");
    char *example = source_file("contrib/temoin.conf.example");
    static const char *const kinds[] = {"TEXT(\"",        "LIST(\"",         "NUMBER(\"",
                                        "FLAG(\"",        "TEXT_OR_NONE(\"", "LIST_OR_NONE(\"",
                                        "FLAG_OR_NONE(\""};
    size_t keys = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (const char *p = code; (p = strstr(p, kinds[i])); p++) {
            char name[64], entry[96], assignment[96];
            assert_int_equal(sscanf(p + strlen(kinds[i]), "%63[a-z_]\"", name), 1);
            keys++;
            snprintf(entry, sizeof entry, ".It Ic %s\n", name);
            snprintf(assignment, sizeof assignment, "%s =", name);
            if (!strstr(manual, entry) || !strstr(example, assignment))
                fail_msg("%s is not documented", name);
        }
    assert_true(keys >= 55);
    free(code);
    free(manual);
    free(example);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_defaults_of_proofs),
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_every_proof),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_all_complaints_at_once),
        cmocka_unit_test(test_regular_expressions_survive),
        cmocka_unit_test(test_dollars_that_stay),
        cmocka_unit_test(test_lookups),
        cmocka_unit_test(test_shared_by_reference),
        cmocka_unit_test(test_hash_names_the_text),
        cmocka_unit_test(test_damaged_texts),
        cmocka_unit_test(test_example_file),
        cmocka_unit_test(test_every_key_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
