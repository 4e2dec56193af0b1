/*
 * test_edits - the stamp in all its variants, the dossier header, and the header as it leaves
 */
#include "tests/unit/policy_world.h"

#include "policy/edits.h"

#define TOKEN "abcdefghijklmnopqrstuvwxyz"
#define TOKEN_ID "<" TOKEN "@temoin.creditor.example>"
#define HEAD "From: jeanne@creditor.example\nSubject: Relance\nMessage-ID: <m@creditor.example>\n"

/* Accountants of the world below. */
enum { PLAIN, PLUS, SENDER_ONLY };

#define ACCOUNTANTS \
    "accountant \"Only\" { login = only address = \"only@creditor.example\" plus_sender = on }\n"

static const char *const senders[] = {"jeanne@creditor.example", "paul@creditor.example",
                                      "only@creditor.example"};

struct stamped {
    struct mail m;
    struct edits edits;
    struct fields final;
};

static void stamp_with(const struct world *w, int who, const char *sender, bool reminder,
                       const char *header, const char *checkpoint, struct stamped *out)
{
    struct stamp_order order = {&w->s->accountants[who], TOKEN, reminder, false, checkpoint};
    struct origin from = {"x", NULL, sender, false};
    memset(out, 0, sizeof *out);
    mail_make(w, from, "compta@d1.example", header, &out->m);
    order.add_message_id = !out->m.r.message_id;
    assert_true(edits_stamp(w->s, &order, &out->m.e, &out->m.f, &out->m.r, &out->edits));
    assert_true(edits_apply(&out->edits, &out->m.f, &out->final));
}

static void stamp_from(const struct world *w, int who, const char *sender, bool reminder,
                       const char *header, struct stamped *out)
{
    stamp_with(w, who, sender, reminder, header, NULL, out);
}

static void stamp(const struct world *w, int who, bool reminder, const char *header,
                  struct stamped *out)
{
    stamp_from(w, who, senders[who], reminder, header, out);
}

static void stamped_free(struct stamped *st)
{
    mail_free(&st->m);
    edits_free(&st->edits);
    fields_free(&st->final);
}

static const char *field(const struct stamped *st, const char *name)
{
    size_t at = fields_find(&st->final, name, 1);
    assert_true(fields_count(&st->final, name) <= 1);
    return at < st->final.count ? st->final.items[at].value : NULL;
}

/* The only edit of the envelope, or NULL. */
static const struct edit *sender_edit(const struct stamped *st)
{
    const struct edit *found = NULL;
    for (size_t i = 0; i < st->edits.count; i++)
        if (st->edits.items[i].kind == EDIT_ENVELOPE_SENDER) {
            assert_null(found);
            found = &st->edits.items[i];
        }
    return found;
}

static void test_without_plus_addresses(void **state)
{
    (void)state;
    struct world w;
    struct stamped st;
    world_open(&w, ACCOUNTANTS);
    stamp(&w, PLAIN, true, HEAD, &st);
    assert_string_equal(sender_edit(&st)->value, "jeanne@creditor.example");
    assert_string_equal(sender_edit(&st)->arguments, "RET=HDRS ENVID=" TOKEN);
    assert_string_equal(field(&st, "References"), " " TOKEN_ID);
    assert_string_equal(field(&st, "Temoin-Token"), " " TOKEN);
    assert_string_equal(field(&st, "Disposition-Notification-To"), " jeanne@creditor.example");
    assert_null(field(&st, "Reply-To"));
    assert_int_equal(st.edits.notes.count, 0);
    assert_string_equal(field(&st, "Message-ID"), " <m@creditor.example>");
    stamped_free(&st);
    world_close(&w);
}

static void test_with_plus_addresses(void **state)
{
    (void)state;
    struct world w;
    struct stamped st;
    world_open(&w, ACCOUNTANTS);
    stamp(&w, PLUS, true, HEAD, &st);
    assert_string_equal(sender_edit(&st)->value, "paul+g" TOKEN "@creditor.example");
    assert_string_equal(field(&st, "Reply-To"), " paul+g" TOKEN "@creditor.example");
    assert_string_equal(field(&st, "Disposition-Notification-To"),
                        " paul+g" TOKEN "@creditor.example");
    stamped_free(&st);
    stamp(&w, SENDER_ONLY, true, HEAD, &st);
    assert_string_equal(sender_edit(&st)->value, "only+g" TOKEN "@creditor.example");
    assert_null(field(&st, "Reply-To"));
    stamped_free(&st);
    /* An older tag gives way. */
    stamp_from(&w, PLUS, "paul+g{101}@creditor.example", true, HEAD, &st);
    assert_string_equal(sender_edit(&st)->value, "paul+g" TOKEN "@creditor.example");
    stamped_free(&st);
    world_close(&w);
}

static void test_local_part_too_long(void **state)
{
    (void)state;
    static const char sender[] = "a.local.part.of.forty.octets.which.is.long@creditor.example";
    struct world w;
    struct stamped st;
    world_open(&w, ACCOUNTANTS);
    stamp_from(&w, PLUS, sender, true, HEAD, &st);
    assert_string_equal(sender_edit(&st)->value, sender);
    assert_string_equal(sender_edit(&st)->arguments, "RET=HDRS ENVID=" TOKEN);
    assert_string_equal(field(&st, "Disposition-Notification-To") + 1, sender);
    assert_true(strings_contain(&st.edits.notes, "envelope sender: too long for the plus form"));
    stamped_free(&st);
    world_close(&w);
}

static void test_null_sender_stays(void **state)
{
    (void)state;
    struct world w;
    struct stamped st;
    world_open(&w, ACCOUNTANTS);
    stamp_from(&w, PLUS, "", true, HEAD, &st);
    assert_null(sender_edit(&st));
    assert_null(field(&st, "Disposition-Notification-To"));
    stamped_free(&st);
    stamp_from(&w, PLUS, NULL, true, HEAD, &st);
    assert_null(sender_edit(&st));
    stamped_free(&st);
    world_close(&w);
}

static void test_notification(void **state)
{
    (void)state;
    struct world w;
    struct stamped st;
    world_open(&w, ACCOUNTANTS);
    stamp(&w, PLAIN, false, HEAD, &st);
    assert_null(field(&st, "Disposition-Notification-To"));
    stamped_free(&st);
    stamp(&w, PLAIN, true, HEAD "Disposition-Notification-To: other@creditor.example\n", &st);
    assert_string_equal(field(&st, "Disposition-Notification-To"), " other@creditor.example");
    assert_int_equal(st.edits.notes.count, 1);
    stamped_free(&st);
    world_close(&w);
}

static void test_reply_to(void **state)
{
    (void)state;
    static const struct {
        const char *header, *reply_to;
        size_t notes;
    } cases[] = {
        {"Reply-To: Compta <Compta@creditor.fr>\n", " compta+g" TOKEN "@creditor.fr", 0},
        {"Reply-To: compta+g{101}@creditor.fr\n", " compta+g" TOKEN "@creditor.fr", 0},
        {"Reply-To: paul@home.example\n", " paul@home.example", 1},
        {"Reply-To: a@creditor.fr, b@creditor.fr\n", " a@creditor.fr, b@creditor.fr", 1},
        {"Reply-To:\n", "", 1},
    };
    struct world w;
    world_open(&w, ACCOUNTANTS);
    for (size_t i = 0; i < WORLD_COUNT(cases); i++) {
        char header[512];
        struct stamped st;
        snprintf(header, sizeof header, HEAD "%s", cases[i].header);
        stamp(&w, PLUS, true, header, &st);
        assert_string_equal(field(&st, "Reply-To"), cases[i].reply_to);
        assert_int_equal(st.edits.notes.count, cases[i].notes);
        stamped_free(&st);
        /* Without the plus form it is nobody's business. */
        stamp(&w, PLAIN, true, header, &st);
        assert_int_equal(st.edits.notes.count, 0);
        stamped_free(&st);
    }
    world_close(&w);
}

static void test_references(void **state)
{
    (void)state;
    static const struct {
        const char *header, *references;
    } cases[] = {
        {"", " " TOKEN_ID},
        {"In-Reply-To: <p@d1.example>\n", " " TOKEN_ID "\n\t<p@d1.example>"},
        {"In-Reply-To: <p@d>\n", " " TOKEN_ID " <p@d>"},
        {"References: <p@d>\nIn-Reply-To: <q@d>\n", " " TOKEN_ID " <p@d>"},
        {"References: <a@d> <p@d>\n", " <a@d> " TOKEN_ID " <p@d>"},
        {"References: <a@d>\n\t<b@d>\n  <p@d>\n", " <a@d> <b@d> " TOKEN_ID "\n\t<p@d>"},
        {"References: <a@d><p@d>\n", " <a@d> " TOKEN_ID " <p@d>"},
        {"References:\nIn-Reply-To: <p@d>\n", " " TOKEN_ID " <p@d>"},
        {"References: nonsense\n", " nonsense " TOKEN_ID},
        {"References: <{101}@temoin.creditor.example>\n", NULL},
    };
    struct world w;
    world_open(&w, ACCOUNTANTS);
    for (size_t i = 0; i < WORLD_COUNT(cases); i++) {
        char header[512];
        struct stamped st;
        snprintf(header, sizeof header, HEAD "%s", cases[i].header);
        stamp(&w, PLAIN, true, header, &st);
        const char *found = field(&st, "References");
        if (cases[i].references)
            assert_string_equal(found, cases[i].references);
        assert_non_null(strstr(found, TOKEN_ID));
        for (size_t k = 0; k < st.m.r.references.count; k++)
            assert_non_null(strstr(found, st.m.r.references.items[k]));
        stamped_free(&st);
    }
    world_close(&w);
}

/* A hundred ids, one very long, one too long for any line. */
static void test_long_references(void **state)
{
    (void)state;
    struct world w;
    struct stamped st;
    struct bytes header = {0};
    world_open(&w, ACCOUNTANTS);
    assert_true(
        bytes_printf(&header, HEAD "References: <%0900d@d.example> <%01500d@d.example>", 1, 2));
    for (int i = 0; i < 100; i++)
        assert_true(bytes_printf(&header, " <id.number.%d.of.a.long.conversation@d.example>", i));
    assert_true(bytes_puts(&header, "\n"));
    stamp(&w, PLAIN, true, header.data, &st);
    const char *value = field(&st, "References");
    for (const char *line = value; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        assert_true(strcspn(line, "\n") < 998 - strlen("References:"));
    assert_non_null(strstr(value, "<id.number.0.of"));
    const char *last = strstr(value, "<id.number.99.of");
    assert_non_null(last);
    assert_true(strstr(value, TOKEN_ID) < last);
    assert_true(strstr(value, TOKEN_ID) > strstr(value, "<id.number.98.of"));
    assert_string_equal(strchr(last, '>'), ">");
    stamped_free(&st);
    bytes_free(&header);
    world_close(&w);
}

static void test_own_fields_are_removed(void **state)
{
    (void)state;
    struct world w;
    struct stamped st;
    world_open(&w, ACCOUNTANTS);
    stamp(&w, PLAIN, true,
          HEAD "Temoin-Token: one\nX-A: a\nTEMOIN-TOKEN: two\nTemoin-Invoice: F-2026-0001\n"
               "Temoin-Invoice: F-2026-0007\n",
          &st);
    assert_string_equal(field(&st, "Temoin-Token"), " " TOKEN);
    assert_null(field(&st, "Temoin-Invoice"));
    assert_string_equal(field(&st, "X-A"), " a");
    unsigned last = 3;
    for (size_t i = 0; i < st.edits.count; i++)
        if (st.edits.items[i].kind == EDIT_DELETE &&
            strcmp(st.edits.items[i].name, "Temoin-Token") == 0) {
            assert_int_equal(st.edits.items[i].instance, last - 1);
            last--;
        }
    assert_int_equal(last, 1);
    stamped_free(&st);
    world_close(&w);
}

static void test_signed_header_is_left_alone(void **state)
{
    (void)state;
    struct world w;
    struct stamped st;
    world_open(&w, ACCOUNTANTS);
    stamp(&w, PLUS, true, HEAD "DKIM-Signature: v=1; d=creditor.example\n", &st);
    assert_int_equal(st.edits.count, 1);
    assert_string_equal(sender_edit(&st)->value, "paul+g" TOKEN "@creditor.example");
    assert_true(strings_contain(&st.edits.notes, "dkim-signature: header left alone"));
    assert_int_equal(st.final.count, st.m.f.count);
    stamped_free(&st);
    stamp(&w, PLUS, true, HEAD "DKIM-Signature: v=1\nTemoin-Invoice: F-2026-0001\n", &st);
    assert_int_equal(st.edits.count, 1);
    assert_non_null(field(&st, "Temoin-Invoice"));
    assert_non_null(strstr(st.edits.notes.items[0], "Temoin-Invoice too"));
    stamped_free(&st);
    world_close(&w);
}

static void test_message_id_is_added(void **state)
{
    (void)state;
    struct world w;
    struct stamped st;
    world_open(&w, ACCOUNTANTS);
    stamp(&w, PLAIN, true, "From: jeanne@creditor.example\n", &st);
    assert_string_equal(field(&st, "Message-ID"), " " TOKEN_ID);
    assert_null(field(&st, "References"));
    assert_true(strings_contain(&st.edits.notes, "message-id: none was there, one added"));
    stamped_free(&st);
    world_close(&w);
}

static void test_what_is_never_changed(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, ACCOUNTANTS);
    unsigned seed = 5;
    for (int i = 0; i < 300; i++) {
        struct stamped st;
        char *random = world_random_header(&seed), header[8192];
        snprintf(header, sizeof header, "%s%s", i % 5 ? HEAD : "", random);
        stamp(&w, i % 3, i % 2, header, &st);
        for (size_t k = 0; k < st.edits.count; k++) {
            const struct edit *e = &st.edits.items[k];
            assert_true(!e->name ||
                        (strcasecmp(e->name, "Subject") && strcasecmp(e->name, "From")));
            assert_true(!e->name || strcasecmp(e->name, "Message-ID") || i % 5 == 0);
            assert_true(!e->value || !strchr(e->value, '\r'));
        }
        stamped_free(&st);
        free(random);
    }
    world_close(&w);
}

static void test_dossier(void **state)
{
    (void)state;
    struct fields f = {0}, final = {0};
    struct edits e = {0};
    struct strings invoices = {0};
    assert_true(fields_add(&f, "Temoin-Dossier", " forged; match=strong"));
    assert_true(fields_add(&f, "Subject", " x"));
    assert_true(fields_add(&f, "temoin-dossier", " forged too"));
    assert_true(strings_add(&invoices, "F-2026-0001"));
    assert_true(strings_add(&invoices, "F\r\n2"));
    assert_true(edits_dossier(&invoices, "reply", "strong", &f, &e));
    assert_true(edits_apply(&e, &f, &final));
    assert_int_equal(final.count, 3);
    assert_string_equal(final.items[0].name, "Subject");
    assert_string_equal(final.items[1].value, " F-2026-0001; kind=reply; match=strong");
    assert_string_equal(final.items[2].value, " F??2; kind=reply; match=strong");
    edits_free(&e);
    fields_free(&final);
    /* Mail that is not ours loses only what was forged. */
    assert_true(edits_dossier(NULL, "reply", "strong", &f, &e));
    assert_true(edits_apply(&e, &f, &final));
    assert_int_equal(final.count, 1);
    edits_free(&e);
    fields_free(&final);
    fields_free(&f);
    strings_free(&invoices);
}

static void test_apply(void **state)
{
    (void)state;
    struct fields f = {0}, final = {0};
    struct edits e = {0};
    assert_true(fields_add(&f, "A", " 1"));
    assert_true(fields_add(&f, "A", " 2"));
    assert_true(edits_add(&e, EDIT_CHANGE, "a", 2, " two", NULL));
    assert_true(edits_add(&e, EDIT_CHANGE, "B", 1, " new", NULL));
    assert_true(edits_add(&e, EDIT_DELETE, "A", 9, NULL, NULL));
    assert_true(edits_add(&e, EDIT_DELETE, "A", 1, NULL, NULL));
    assert_true(edits_add(&e, EDIT_REMOVE_RECIPIENT, NULL, 0, "x@y.example", NULL));
    assert_true(edits_apply(&e, &f, &final));
    assert_int_equal(final.count, 2);
    assert_string_equal(final.items[0].value, " two");
    assert_string_equal(final.items[1].name, "B");
    assert_int_equal(f.count, 2);
    edits_free(&e);
    fields_free(&f);
    fields_free(&final);
}

/* The newest checkpoint goes along, and one that came with the message (a reminder sent again as a
   new mail) does not; a signed header is left alone. */
static void test_checkpoint(void **state)
{
    struct world w;
    struct stamped st;
    (void)state;
    world_open(&w, ACCOUNTANTS);
    stamp_with(&w, PLAIN, senders[PLAIN], true, HEAD "Temoin-Checkpoint: b2xk\n",
               " bmV3\n\tZXI=", &st);
    assert_string_equal(field(&st, "Temoin-Checkpoint"), " bmV3\n\tZXI=");
    stamped_free(&st);
    stamp_with(&w, PLAIN, senders[PLAIN], true, HEAD "Temoin-Checkpoint: b2xk\n", NULL, &st);
    assert_null(field(&st, "Temoin-Checkpoint"));
    stamped_free(&st);
    stamp_with(&w, PLAIN, senders[PLAIN], true, HEAD "DKIM-Signature: v=1\n", " bmV3", &st);
    assert_null(field(&st, "Temoin-Checkpoint"));
    stamped_free(&st);
    world_close(&w);
}

int main(void)
{
    g_mime_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checkpoint),
        cmocka_unit_test(test_without_plus_addresses),
        cmocka_unit_test(test_with_plus_addresses),
        cmocka_unit_test(test_local_part_too_long),
        cmocka_unit_test(test_null_sender_stays),
        cmocka_unit_test(test_notification),
        cmocka_unit_test(test_reply_to),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_long_references),
        cmocka_unit_test(test_own_fields_are_removed),
        cmocka_unit_test(test_signed_header_is_left_alone),
        cmocka_unit_test(test_message_id_is_added),
        cmocka_unit_test(test_what_is_never_changed),
        cmocka_unit_test(test_dossier),
        cmocka_unit_test(test_apply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
