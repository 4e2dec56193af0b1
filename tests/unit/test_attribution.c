/*
 * test_attribution - who wrote a message, as far as is shown: what our server found about its
 *                    signatures, what the register knew, and the level that follows
 */
#include "tests/unit/policy_world.h"

#include "policy/attribution.h"
#include "policy/authres.h"
#include "policy/inbound.h"

#define US "mx.creditor.example"

/* --- Authentication-Results -----------------------------------------------------------------*/

static const struct {
    const char *what, *value, *passed; /* domains parted by blanks */
    size_t count;
} fields[] = {
    {"plain", US "; dkim=pass header.d=d1.example header.s=s1", "d1.example", 1},
    {"blanks and case", "\n\t MX.Creditor.Example 1 ;\r\n\tDKIM = Pass\n header.d = D1.Example",
     "d1.example", 1},
    {"comments", "(a \\) (b)) " US " (c); (d) dkim=pass (2048-bit; x=y) header.d=d1.example (e)",
     "d1.example", 1},
    {"quoted",
     US "; dkim=pass reason=\"good; dkim=fail header.d=x.example\" header.d=\"d1.example\"",
     "d1.example", 1},
    {"header.i", US "; dkim=pass header.i=@d1.example header.b=\"abc=\"", "d1.example", 1},
    {"header.d before header.i", US "; dkim=pass header.d=d1.example header.i=a@sub.d1.example",
     "d1.example", 1},
    {"several",
     US "; dkim=fail header.d=bad.example; spf=pass smtp.mailfrom=a@s.example;"
        " dkim/1=pass header.d=d1.example; dkim=pass header.d=esp.example",
     "d1.example esp.example", 3},
    {"equals in a value", US "; dkim=pass header.b=AB+/x== header.d=d1.example", "d1.example", 1},
    {"none", US "; none", "", 0},
    {"another server's", "mx.d1.example; dkim=pass header.d=d1.example", "", 0},
    {"our name is its beginning", US ".evil.example; dkim=pass header.d=d1.example", "", 0},
    {"not passed", US "; dkim=passed header.d=d1.example; dkim=none", "", 2},
    {"other methods", US "; arc=pass header.d=d1.example; xdkim=pass header.d=d1.example", "", 0},
    {"no domain", US "; dkim=pass", "", 1},
    {"spf with a dkim comment", US "; spf=pass (; dkim=pass header.d=d1.example)", "", 0},
    {"broken off", US "; dkim=pass header.d=", "", 1},
    {"open comment", US "; dkim=pass (header.d=d1.example", "", 1},
    {"open quote", US "; dkim=pass reason=\"x header.d=d1.example", "", 1},
    {"nothing", "", "", 0},
    {"only separators", US ";;;=;=;;", "", 0},
};

static void results_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < WORLD_COUNT(fields); i++) {
        struct authres a = {0};
        struct strings passed = {0};
        struct bytes text = {0};
        assert_true(authres_take(fields[i].value, US, &a));
        assert_true(authres_passed(&a, &passed));
        for (size_t k = 0; k < passed.count; k++)
            assert_true(bytes_printf(&text, "%s%s", k ? " " : "", passed.items[k]));
        if (strcmp(text.data ? text.data : "", fields[i].passed) != 0 || a.count != fields[i].count)
            fail_msg("%s: %zu results, \"%s\" passed", fields[i].what, a.count, text.data);
        bytes_free(&text);
        strings_free(&passed);
        authres_free(&a);
    }
}

static void results_are_bounded(void **state)
{
    (void)state;
    struct bytes text = {0};
    struct authres a = {0};
    assert_true(bytes_puts(&text, US "; dkim=pass header.d="));
    for (int i = 0; i < 300; i++)
        assert_true(bytes_puts(&text, "a"));
    for (int i = 0; i < 1000; i++)
        assert_true(bytes_printf(&text, "; dkim=pass header.d=d%d.example", i));
    assert_true(authres_take(text.data, US, &a));
    assert_int_equal(a.count, AUTHRES_MAX);
    assert_null(a.items[0].domain); /* no beginning of a name is taken for it */
    authres_free(&a);
    assert_true(authres_take(text.data, NULL, &a)); /* nobody is believed */
    assert_int_equal(a.count, 0);
    authres_free(&a);
    bytes_free(&text);
}

/* --- the decision ---------------------------------------------------------------------------*/

static const struct {
    const char *what, *event, *how, *strength, *from, *passed;
    enum sender_known known;
    enum attributed_to to;
    enum proof_level level;
} decisions[] = {
    {"the strongest", "reply", "token", "strong", "d1.example", "d1.example", SENDER_CONTACT,
     ATTRIBUTED_CONTACT, LEVEL_ACKNOWLEDGED},
    {"a colleague of the contact", "reply", "token", "strong", "d1.example", "d1.example",
     SENDER_DOMAIN, ATTRIBUTED_DOMAIN, LEVEL_ACKNOWLEDGED},
    {"signed by the domain above", "reply", "token", "strong", "mail.d1.example", "d1.example",
     SENDER_CONTACT, ATTRIBUTED_CONTACT, LEVEL_ACKNOWLEDGED},
    {"signed by a domain below", "reply", "token", "strong", "d1.example", "mail.d1.example",
     SENDER_CONTACT, ATTRIBUTED_NONE, LEVEL_NONE},
    {"a domain that ends alike", "reply", "token", "strong", "d1.example", "1.example",
     SENDER_CONTACT, ATTRIBUTED_NONE, LEVEL_NONE},
    {"another domain as long", "reply", "token", "strong", "d1.example", "d2.example",
     SENDER_CONTACT, ATTRIBUTED_NONE, LEVEL_NONE},
    {"no domain at all", "reply", "token", "strong", "", "", SENDER_CONTACT, ATTRIBUTED_NONE,
     LEVEL_NONE},
    {"a registry", "reply", "token", "strong", "d1.example", "example", SENDER_CONTACT,
     ATTRIBUTED_NONE, LEVEL_NONE},
    {"not signed", "reply", "token", "strong", "d1.example", NULL, SENDER_CONTACT, ATTRIBUTED_NONE,
     LEVEL_NONE},
    {"a stranger who signs and holds the token", "reply", "token", "strong", "evil.example",
     "evil.example", SENDER_UNKNOWN, ATTRIBUTED_SIGNED, LEVEL_NONE},
    {"without the token", "reply", "thread", "strong", "d1.example", "d1.example", SENDER_CONTACT,
     ATTRIBUTED_CONTACT, LEVEL_NONE},
    {"in review", "reply", "token", "review", "d1.example", "d1.example", SENDER_CONTACT,
     ATTRIBUTED_CONTACT, LEVEL_NONE},
    {"several From", "reply", "token", "strong", NULL, "d1.example", SENDER_CONTACT,
     ATTRIBUTED_NONE, LEVEL_NONE},
    {"an account that is a contact", "reply", "token", "strong", "gmail.com", "gmail.com",
     SENDER_CONTACT, ATTRIBUTED_CONTACT, LEVEL_ACKNOWLEDGED},
    {"gmail.com listed as a company", "reply", "token", "strong", "gmail.com", "gmail.com",
     SENDER_DOMAIN, ATTRIBUTED_SIGNED, LEVEL_NONE},
    {"a machine", "auto-reply", "token", "strong", "d1.example", "d1.example", SENDER_CONTACT,
     ATTRIBUTED_CONTACT, LEVEL_NONE},
    {"a signed report", "reported-delivered", "token", "strong", "d1.example", "d1.example",
     SENDER_DOMAIN, ATTRIBUTED_DOMAIN, LEVEL_REPORTED},
    {"our own message", "prepared", NULL, NULL, NULL, NULL, SENDER_UNKNOWN, ATTRIBUTED_NONE,
     LEVEL_PREPARED},
};

static void levels_follow(void **state)
{
    (void)state;
    for (size_t i = 0; i < WORLD_COUNT(decisions); i++) {
        struct strings passed = {0};
        if (decisions[i].passed)
            assert_true(strings_add(&passed, "other.example") &&
                        strings_add(&passed, decisions[i].passed));
        struct attribution_facts f = {.event = decisions[i].event,
                                      .level = "acknowledged", /* whatever the record claims */
                                      .how = decisions[i].how,
                                      .strength = decisions[i].strength,
                                      .from_domain = decisions[i].from,
                                      .passed = &passed,
                                      .known = decisions[i].known};
        struct attribution a = attribution_find(&f);
        if (a.to != decisions[i].to || a.level != decisions[i].level)
            fail_msg("%s: %s, %s", decisions[i].what, attribution_name(a.to), level_name(a.level));
        strings_free(&passed);
    }
    struct attribution_facts erased = {.event = "reply", .level = "acknowledged", .erased = true};
    assert_int_equal(attribution_find(&erased).level, LEVEL_ACKNOWLEDGED);
    assert_int_equal(attribution_find(&erased).to, ATTRIBUTED_NONE);
    assert_int_equal(attribution_find(&(struct attribution_facts){0}).level, LEVEL_NONE);
}

static const struct {
    const char *results, *from;
    bool disowned;
} verdicts[] = {
    {"dmarc=fail header.from=d1.example", "d1.example", true},
    {"dmarc=FAIL (p=none dis=none) header.from=D1.example", "d1.example", true},
    {"dmarc=fail header.from=other.example", "d1.example", false},
    {"dmarc=fail", "d1.example", true},
    {"dmarc=none header.from=d1.example", "d1.example", false},
    {"dkim=fail header.d=d1.example", "d1.example", true},
    {"dkim=fail header.d=d1.example", "mail.d1.example", true},
    {"dkim=fail header.d=list.example", "d1.example", false},
    {"dkim=temperror header.d=d1.example", "d1.example", false},
    {"dkim=fail header.d=d1.example; dkim=pass header.d=d1.example", "d1.example", false},
    {"dkim=pass header.d=d1.example; dmarc=fail header.from=d1.example", "d1.example", false},
    {"spf=fail smtp.mailfrom=d1.example", "d1.example", false},
    {"dmarc=fail", NULL, false},
    {"none", "d1.example", false},
};

static void findings_may_speak_against_the_sender(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        struct authres a = {0};
        struct bytes field = {0};
        assert_true(bytes_printf(&field, US "; %s", verdicts[i].results));
        assert_true(authres_take(field.data, US, &a));
        if (authres_disowns(&a, verdicts[i].from) != verdicts[i].disowned)
            fail_msg("%s, from %s", verdicts[i].results, verdicts[i].from);
        authres_free(&a);
        bytes_free(&field);
    }
    struct attribution_facts report = {
        .event = "failed", .level = "reported", .from_domain = "d1.example", .disowned = true};
    assert_int_equal(attribution_find(&report).level, LEVEL_NONE);
    assert_true(attribution_find(&report).disowned);
}

/* What a signature of the domain itself is worth is not taken away by another finding. */
static void a_signature_outweighs(void **state)
{
    (void)state;
    struct strings passed = {0};
    assert_true(strings_add(&passed, "d1.example"));
    struct attribution_facts f = {.event = "failed",
                                  .level = "reported",
                                  .from_domain = "d1.example",
                                  .passed = &passed,
                                  .disowned = true};
    assert_false(attribution_find(&f).disowned);
    assert_int_equal(attribution_find(&f).level, LEVEL_REPORTED);
    strings_free(&passed);
}

/* Of each event: what it is worth by itself, and at most, whatever the record claims. */
static const struct {
    const char *event;
    enum proof_level own, highest;
} worth[] = {
    {"prepared", LEVEL_PREPARED, LEVEL_PREPARED},
    {"submitted", LEVEL_PREPARED, LEVEL_PREPARED},
    {"handed-over", LEVEL_HANDED_OVER, LEVEL_HANDED_OVER},
    {"relayed", LEVEL_PREPARED, LEVEL_PREPARED},
    {"delivered-locally", LEVEL_PREPARED, LEVEL_PREPARED},
    {"unrecorded", LEVEL_NONE, LEVEL_NONE},
    {"failed", LEVEL_REPORTED, LEVEL_REPORTED},
    {"delayed", LEVEL_REPORTED, LEVEL_REPORTED},
    {"reported-delivered", LEVEL_REPORTED, LEVEL_REPORTED},
    {"reported-displayed", LEVEL_REPORTED, LEVEL_REPORTED},
    {"dsn", LEVEL_REPORTED, LEVEL_REPORTED},
    {"mdn", LEVEL_REPORTED, LEVEL_REPORTED},
    {"reply", LEVEL_NONE, LEVEL_ACKNOWLEDGED},
    {"auto-reply", LEVEL_NONE, LEVEL_NONE},
    {"note", LEVEL_NONE, LEVEL_NONE},
    {"call", LEVEL_NONE, LEVEL_NONE},
    {"promise", LEVEL_NONE, LEVEL_NONE},
    {"payment", LEVEL_NONE, LEVEL_NONE},
    {"letter", LEVEL_NONE, LEVEL_NONE},
    {"export", LEVEL_NONE, LEVEL_NONE},
    {"of a version to come", LEVEL_NONE, LEVEL_NONE},
};

static void events_are_worth_no_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < WORLD_COUNT(worth); i++) {
        const char *event = worth[i].event;
        if (event_level(event, NULL) != worth[i].own ||
            event_level(event, "no level") != worth[i].own ||
            event_level(event, "none") != LEVEL_NONE ||
            event_level(event, "acknowledged") != worth[i].highest)
            fail_msg("%s: %s, at most %s", event, level_name(event_level(event, NULL)),
                     level_name(event_level(event, "acknowledged")));
    }
    /* the same outcome, by our own log and by a report that came in */
    assert_non_null(strstr(event_words("failed", LEVEL_PREPARED, LANGUAGE_EN), "server's log"));
    assert_non_null(strstr(event_words("delayed", LEVEL_PREPARED, LANGUAGE_FR), "le journal"));
    assert_non_null(strstr(event_words("failed", LEVEL_REPORTED, LANGUAGE_EN), "a report"));
}

static void words_do_not_claim_more(void **state)
{
    (void)state;
    struct attribution a = {.to = ATTRIBUTED_CONTACT,
                            .level = LEVEL_ACKNOWLEDGED,
                            .freemail = true,
                            .domain = "gmail.com",
                            .by = US};
    struct bytes fr = {0}, en = {0};
    assert_true(attribution_words(&a, LANGUAGE_FR, &fr));
    assert_true(attribution_words(&a, LANGUAGE_EN, &en));
    assert_non_null(strstr(fr.data, "prouve un compte, non une société"));
    assert_non_null(strstr(en.data, "gmail.com, valid according to " US));
    bytes_free(&fr);
    bytes_free(&en);
    /* what was kept of the key, which the signature is worth later */
    static const char *const keys[][3] = {
        {"none", "sa clé DNS n'est pas conservée", "its DNS key is not kept"},
        {"bogus", "contredite par DNSSEC", "contradicted by DNSSEC"},
        {"seen", "vue de notre seul serveur", "seen by our server only"},
        {"validated", "authentique selon DNSSEC", "validated by DNSSEC"}};
    for (a.key = KEY_NOT_KEPT; a.key <= KEY_VALIDATED; a.key++) {
        assert_true(attribution_words(&a, LANGUAGE_FR, &fr));
        assert_true(attribution_words(&a, LANGUAGE_EN, &en));
        assert_string_equal(key_kept_name(a.key), keys[a.key][0]);
        assert_non_null(strstr(fr.data, keys[a.key][1]));
        assert_non_null(strstr(en.data, keys[a.key][2]));
        bytes_free(&fr);
        bytes_free(&en);
    }
    a = (struct attribution){.level = LEVEL_REPORTED};
    assert_true(attribution_words(&a, LANGUAGE_FR, &fr));
    assert_non_null(strstr(fr.data, "auteur non authentifié"));
    assert_null(strstr(fr.data, "signature DKIM du domaine"));
    assert_non_null(strstr(attribution_event_words("reported-displayed", &a, LANGUAGE_EN),
                           "not authenticated"));
    a.disowned = true;
    assert_non_null(strstr(attribution_event_words("mdn", &a, LANGUAGE_EN), "perhaps forged"));
    assert_non_null(strstr(attribution_event_words("failed", &a, LANGUAGE_FR), "contrefait"));
    assert_null(strstr(attribution_event_words("reply", &a, LANGUAGE_EN), "report"));
    bytes_free(&en);
    assert_true(attribution_words(&a, LANGUAGE_EN, &en));
    assert_non_null(strstr(en.data, "may be forged"));
    a.disowned = false;
    a.to = ATTRIBUTED_DOMAIN;
    const char *displayed = attribution_event_words("reported-displayed", &a, LANGUAGE_EN);
    assert_null(strstr(displayed, "not authenticated"));
    assert_non_null(strstr(displayed, "does not prove reading"));
    assert_int_equal(sender_known_from(sender_known_name(SENDER_DOMAIN)), SENDER_DOMAIN);
    assert_int_equal(sender_known_from("friend"), SENDER_UNKNOWN);
    assert_int_equal(sender_known_from(NULL), SENDER_UNKNOWN);
    bytes_free(&fr);
    bytes_free(&en);
}

/* --- on the road ----------------------------------------------------------------------------*/

#define RESULT(domain) "Authentication-Results: " US "; dkim=pass header.d=" domain "\n"
#define RECEIVED "Received: from x by y; Sat, 21 Nov 2026 20:00:00 +0000\n"
#define REPLY "From: Compta <compta@d1.example>\nSubject: Re: F-2026-0001\n"

static void decide(struct world *w, const char *header, struct inbound *out)
{
    struct mail m;
    struct query q = {0};
    struct facts f;
    struct origin from = {NULL, "198.51.100.7", "compta@d1.example", false};
    mail_make(w, from, "jeanne+g{101}@creditor.example", header, &m);
    assert_true(query_build(w->s, &w->ring, DIRECTION_INBOUND, &m.e, &m.r, NULL, NULL, NULL, &q));
    world_answer(&q, m.r.base_subject, &f);
    assert_true(inbound_decide(w->s, &m.e, &m.r, NULL, &q, &f, out));
    mail_free(&m);
    query_free(&q);
    facts_free(&f);
}

static void messages_are_authenticated(void **state)
{
    (void)state;
    struct world w;
    struct inbound i;
    world_open(&w, "authserv_id = \"" US "\"\n");
    decide(&w, RESULT("d1.example") RECEIVED REPLY, &i);
    assert_int_equal(i.verdict, INBOUND_STRONG);
    assert_int_equal(i.known, SENDER_CONTACT);
    assert_string_equal(i.authentication.by, US);
    assert_string_equal(i.authentication.items[0].domain, "d1.example");
    inbound_free(&i);
    decide(&w, RECEIVED RESULT("d1.example") REPLY, &i); /* brought along from outside */
    assert_int_equal(i.authentication.count, 0);
    inbound_free(&i);
    decide(&w, RESULT("d1.example") "From: boss@d1.example\nSubject: F-2026-0001\n", &i);
    assert_int_equal(i.known, SENDER_UNKNOWN);
    inbound_free(&i);
    decide(&w, "From: compta@d1.example, x@evil.example\nSubject: F-2026-0001\n", &i);
    assert_int_equal(i.known, SENDER_UNKNOWN);
    inbound_free(&i);
    world_close(&w);

    world_open(&w, ""); /* no authserv_id */
    decide(&w, RESULT("d1.example") RECEIVED REPLY, &i);
    assert_int_equal(i.authentication.count, 0);
    inbound_free(&i);
    world_close(&w);
}

static int begin(void **state)
{
    (void)state;
    g_mime_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_read),
        cmocka_unit_test(results_are_bounded),
        cmocka_unit_test(levels_follow),
        cmocka_unit_test(findings_may_speak_against_the_sender),
        cmocka_unit_test(a_signature_outweighs),
        cmocka_unit_test(events_are_worth_no_more),
        cmocka_unit_test(words_do_not_claim_more),
        cmocka_unit_test(messages_are_authenticated),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
