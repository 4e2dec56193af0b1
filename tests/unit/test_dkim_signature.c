/*
 * test_dkim_signature - which signatures count, and where their keys are
 */
#include "tests/unit/policy_world.h"

#include "policy/dkim_signature.h"

#define REST "; a=rsa-sha256; bh=x; b=y; h=From:Subject"

static const struct {
    const char *what, *value, *name; /* of the key; NULL: no signature that counts */
} fields[] = {
    {"plain", "v=1; d=d.example; s=s1" REST, "s1._domainkey.d.example"},
    {"folded", "\n\tv=1;\r\n d = d.example ;s=\n s1\r\n\t" REST ";", "s1._domainkey.d.example"},
    {"capitals", "v=1; d=D.Example; s=S1" REST, "s1._domainkey.d.example"},
    {"selector of two labels", "v=1; d=d.example; s=a.b_c" REST, "a.b_c._domainkey.d.example"},
    {"other tags", "v=1; d=d.example; s=s1; t=1; x=2; zz=3; l=10" REST, "s1._domainkey.d.example"},
    {"identity", "v=1; d=d.example; s=s1; i=me@d.example" REST, "s1._domainkey.d.example"},
    {"identity below", "v=1; d=d.example; s=s1; i=@A.D.example" REST, "s1._domainkey.d.example"},
    {"query", "v=1; d=d.example; s=s1; q=dns/txt : other" REST, "s1._domainkey.d.example"},
    {"ed25519", "v=1; d=d.example; s=s1; a=ed25519-sha256; bh=x; b=y; h=from",
     "s1._domainkey.d.example"},
    {"identity elsewhere", "v=1; d=d.example; s=s1; i=me@bad.example" REST, NULL},
    {"identity without at", "v=1; d=d.example; s=s1; i=d.example" REST, NULL},
    {"identity of a longer name", "v=1; d=d.example; s=s1; i=@xd.example" REST, NULL},
    {"another query", "v=1; d=d.example; s=s1; q=http" REST, NULL},
    {"version", "v=2; d=d.example; s=s1" REST, NULL},
    {"no version", "d=d.example; s=s1" REST, NULL},
    {"no domain", "v=1; s=s1" REST, NULL},
    {"empty domain", "v=1; d=; s=s1" REST, NULL},
    {"no selector", "v=1; d=d.example" REST, NULL},
    {"no signature", "v=1; d=d.example; s=s1; a=rsa-sha256; bh=x; h=from", NULL},
    {"no body hash", "v=1; d=d.example; s=s1; a=rsa-sha256; b=x; h=from", NULL},
    {"From is not signed", "v=1; d=d.example; s=s1; a=rsa-sha256; bh=x; b=y; h=fromage:to", NULL},
    {"twice", "v=1; d=d.example; s=s1; d=d.example" REST, NULL},
    {"no list", "v=1; d=d.example; s=s1; rubbish" REST, NULL},
    {"a path", "v=1; d=../x; s=s1" REST, NULL},
    {"empty label", "v=1; d=d..example; s=s1" REST, NULL},
    {"dot at the end", "v=1; d=d.example.; s=s1" REST, NULL},
    {"blank inside", "v=1; d=d .example; s=s1" REST, NULL},
    {"eight bits", "v=1; d=d\xc3\xa9.example; s=s1" REST, NULL},
    {"algorithm", "v=1; d=d.example; s=s1; a=rsa sha256; bh=x; b=y; h=from", NULL},
    {"nothing", "", NULL},
};

static void fields_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct dkim_signature s;
        struct bytes name = {0};
        bool valid;
        assert_true(dkim_signature_read(fields[i].value, &s, &valid));
        if (valid != (fields[i].name != NULL))
            fail_msg("%s: %s", fields[i].what, valid ? "counts" : "does not count");
        if (valid) {
            assert_true(dkim_key_name(&s, &name));
            assert_string_equal(name.data, fields[i].name);
        } else
            assert_null(s.domain);
        bytes_free(&name);
        dkim_signature_free(&s);
    }
}

/* A name that no DNS could hold, and a field that is too long, are no signatures. */
static void lengths_are_bounded(void **state)
{
    (void)state;
    for (int labels = 1; labels < 130; labels++) {
        struct bytes text = {0};
        struct dkim_signature s;
        bool valid;
        assert_true(bytes_puts(&text, "v=1; s=s1" REST "; d=a"));
        for (int i = 1; i < labels; i++)
            assert_true(bytes_puts(&text, ".b"));
        assert_true(dkim_signature_read(text.data, &s, &valid));
        assert_int_equal(valid, 2 + 12 + 2 * labels - 1 <= DKIM_NAME_MAX);
        dkim_signature_free(&s);
        bytes_free(&text);
    }
    for (int len = 60; len < 68; len++) {
        struct bytes text = {0};
        struct dkim_signature s;
        bool valid;
        assert_true(bytes_printf(&text, "v=1; s=s1" REST "; d=%0*d.example", len, 0));
        assert_true(dkim_signature_read(text.data, &s, &valid));
        assert_int_equal(valid, len <= 63);
        dkim_signature_free(&s);
        bytes_free(&text);
    }
    for (int more = 0; more < 2; more++) {
        struct bytes text = {0};
        struct dkim_signature s;
        bool valid;
        assert_true(bytes_puts(&text, "v=1; s=s1; d=d.example" REST "; z="));
        while (text.len < (size_t)DKIM_FIELD_MAX + (size_t)more)
            assert_true(bytes_puts(&text, "z"));
        assert_true(dkim_signature_read(text.data, &s, &valid));
        assert_int_equal(valid, !more);
        dkim_signature_free(&s);
        bytes_free(&text);
    }
}

static void messages_are_read(void **state)
{
    (void)state;
    struct fields f = {0};
    struct dkim_signatures found = {0};
    assert_true(fields_add(&f, "Subject", " v=1; d=no.example; s=s1" REST));
    assert_true(fields_add(&f, "dkim-signature", " v=1; d=d1.example; s=s1" REST));
    assert_true(fields_add(&f, "DKIM-Signature", " v=1; d=D1.example; s=s1" REST)); /* same key */
    assert_true(fields_add(&f, "DKIM-Signature", " nonsense"));
    for (int i = 0; i < 10; i++) {
        struct bytes text = {0};
        assert_true(bytes_printf(&text, " v=1; d=d1.example; s=t%d" REST, i));
        assert_true(fields_add(&f, "DKIM-Signature", text.data));
        bytes_free(&text);
    }
    assert_true(dkim_signatures_read(&f, &found));
    assert_int_equal(found.count, DKIM_SIGNATURES_MAX);
    assert_true(found.more);
    assert_string_equal(found.items[0].selector, "s1");
    assert_string_equal(found.items[1].selector, "t0");
    assert_string_equal(found.items[0].algorithm, "rsa-sha256");
    dkim_signatures_free(&found);
    assert_int_equal(found.count, 0);
    fields_free(&f);
}

static int begin(void **state)
{
    (void)state;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(messages_are_read),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
