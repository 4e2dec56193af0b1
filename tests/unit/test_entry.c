/*
 * test_entry - entries of messages, their JSON, and the name of a message as received
 */
#include "tests/unit/store_world.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <zstd.h>

/* --- JSON -----------------------------------------------------------------------------------*/

static void foreign_text_survives(void **state)
{
    (void)state;
    json_t *clean = json_foreign("caf\xc3\xa9");
    json_t *odd = json_foreign("caf\xe9");
    assert_string_equal(json_string_value(clean), "caf\xc3\xa9");
    assert_string_equal(json_string_value(json_object_get(odd, "b64")), "Y2Fm6Q==");
    json_decref(clean);
    json_decref(odd);
}

static void edits_come_back_verbatim(void **state)
{
    (void)state;
    struct edits e = {0}, back = {0};
    assert_true(edits_add(&e, EDIT_ENVELOPE_SENDER, NULL, 0, "a+gx@b", "RET=HDRS ENVID=x"));
    assert_true(edits_add(&e, EDIT_DELETE, "Temoin-Token", 2, NULL, NULL));
    assert_true(edits_add(&e, EDIT_CHANGE, "References", 1, " <a@b>\n\t<\xff@c>", NULL));
    assert_true(edits_add(&e, EDIT_ADD, "X", 0, "", NULL));
    assert_true(strings_add(&e.notes, "reply-to: not ours"));
    json_t *json = edits_json(&e);
    assert_true(edits_from_json(json, &back));
    json_decref(json);
    assert_int_equal(back.count, e.count);
    for (size_t i = 0; i < e.count; i++) {
        assert_int_equal(back.items[i].kind, e.items[i].kind);
        assert_int_equal(back.items[i].instance, e.items[i].instance);
        const char *was[] = {e.items[i].name, e.items[i].value, e.items[i].arguments};
        const char *is[] = {back.items[i].name, back.items[i].value, back.items[i].arguments};
        for (int k = 0; k < 3; k++) {
            assert_int_equal(was[k] == NULL, is[k] == NULL);
            if (was[k])
                assert_string_equal(was[k], is[k]);
        }
    }
    assert_int_equal(back.notes.count, 1);
    assert_string_equal(back.notes.items[0], "reply-to: not ours");
    edits_free(&e);
    edits_free(&back);
}

static void other_json_is_no_edits(void **state)
{
    (void)state;
    const char *others[] = {"{}",
                            "[1]",
                            "[{}]",
                            "[{\"kind\":\"burn\"}]",
                            "[{\"kind\":\"add\",\"name\":5}]",
                            "[{\"kind\":\"add\",\"instance\":-1}]"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct edits e = {0};
        json_t *json = json_loads(others[i], 0, NULL);
        assert_non_null(json);
        assert_false(edits_from_json(json, &e));
        json_decref(json);
        edits_free(&e);
    }
}

/* --- the message ----------------------------------------------------------------------------*/

static void assert_sha256(const unsigned char *found, const struct bytes *of)
{
    unsigned char expected[HASH_OCTETS];
    assert_int_equal(EVP_Digest(of->data, of->len, expected, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(found, expected, HASH_OCTETS);
}

static void take_and_check(size_t len, bool spilled, struct packer *packer)
{
    struct entry e;
    struct bytes head = {0}, whole = {0};
    unsigned char commitment[HASH_OCTETS];
    char *body = pattern(len);
    entry_init(&e);
    assert_true(bytes_puts(&head, MAIL_HEAD) && bytes_puts(&whole, MAIL_HEAD) &&
                bytes_append(&whole, body, len));
    int fd = spilled ? open("/tmp", O_TMPFILE | O_RDWR, 0600) : -1;
    if (spilled)
        assert_int_equal(write(fd, body, len), (ssize_t)len);
    assert_true(entry_take_message(&e, &head, spilled ? NULL : body, spilled ? 0 : len, fd, len,
                                   true, packer));
    assert_true(e.message.present);
    assert_int_equal(e.message.size, whole.len);
    assert_sha256(e.message.sha256, &whole);
    assert_true(record_commit(e.message.nonce, whole.data, whole.len, commitment));
    assert_memory_equal(e.message.commitment, commitment, HASH_OCTETS);
    char *out = malloc(whole.len);
    assert_non_null(out);
    size_t got = ZSTD_decompress(out, whole.len, e.message.packed.data, e.message.packed.len);
    assert_int_equal(got, spilled ? head.len : whole.len);
    assert_memory_equal(out, whole.data, got);
    free(out);
    free(body);
    bytes_free(&head);
    bytes_free(&whole);
    entry_free(&e);
}

static void a_message_is_hashed_and_packed(void **state)
{
    (void)state;
    const size_t lengths[] = {0, 1, 4096, 65536, 65537, 300000, 3000000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        take_and_check(lengths[i], false, NULL);
    take_and_check(300000, true, NULL);
    take_and_check(3000000, true, NULL);
}

/* After large ones, small ones, a header alone: nothing of the message before is left. */
static void one_packer_packs_many(void **state)
{
    (void)state;
    const size_t lengths[] = {3000000, 0, 4096, 65537, 65536, 1, 300000, 4096};
    struct packer *packer = packer_new();
    assert_non_null(packer);
    for (size_t i = 0; i < 3 * sizeof lengths / sizeof *lengths; i++)
        take_and_check(lengths[i % (sizeof lengths / sizeof *lengths)], i % 5 == 4, packer);
    packer_free(packer);
}

static void a_file_that_is_not_whole_is_refused(void **state)
{
    (void)state;
    struct entry e;
    struct bytes head = {0};
    entry_init(&e);
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    assert_int_equal(write(fd, "12345", 5), 5);
    assert_false(entry_take_message(&e, &head, NULL, 0, fd, 6, true, NULL));
    entry_free(&e); /* closes fd */
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void over_the_limit_only_hash_and_size_stay(void **state)
{
    (void)state;
    struct entry e;
    struct bytes head = {0}, whole = {0};
    entry_init(&e);
    assert_true(bytes_puts(&whole, "12345"));
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    assert_int_equal(write(fd, "12345", 5), 5);
    assert_true(entry_take_message(&e, &head, NULL, 0, fd, 5, false, NULL));
    assert_true(e.message.bytes_dropped);
    assert_int_equal(e.message.body_fd, -1);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(e.message.packed.len, 0);
    assert_int_equal(e.message.size, 5);
    assert_sha256(e.message.sha256, &whole);
    bytes_free(&whole);
    entry_free(&e);
}

static void *take_some(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++)
        take_and_check(20000 + (size_t)i, i % 2, NULL);
    return NULL;
}

static void several_threads_do_not_meet(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_some, NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* --- the retry key --------------------------------------------------------------------------*/

struct received {
    struct envelope env;
    struct fields f;
    unsigned char key[HASH_OCTETS];
};

static void receive(struct received *r, const char *to1, const char *to2, const char *login,
                    const char *queue_id)
{
    *r = (struct received){0};
    r->env.sender = strdup("jeanne@creditor.example");
    r->env.login = login ? strdup(login) : NULL;
    r->env.queue_id = strdup(queue_id);
    assert_true(strings_add(&r->env.recipients, to1) && strings_add(&r->env.recipients, to2));
    assert_true(fields_add(&r->f, "Subject", " F-1"));
}

static void key_of(struct received *r, const char *direction, const char *body, int fd)
{
    assert_true(
        entry_retry_key(direction, &r->env, &r->f, body, body ? strlen(body) : 0, fd, r->key));
    envelope_free(&r->env);
    fields_free(&r->f);
}

static bool same(const struct received *a, const struct received *b)
{
    return memcmp(a->key, b->key, HASH_OCTETS) == 0;
}

static void the_retry_key_names_the_message_as_received(void **state)
{
    (void)state;
    struct received first, other;
    receive(&first, "a@x", "b@x", "jeanne", "Q1");
    key_of(&first, "outbound", "body", -1);
    receive(&other, "b@x", "a@x", "jeanne", "Q2"); /* other order and queue ID: the same */
    key_of(&other, "outbound", "body", -1);
    assert_true(same(&first, &other));
    receive(&other, "a@x", "b@x", "jeanne", "Q1");
    key_of(&other, "inbound", "body", -1);
    assert_false(same(&first, &other));
    receive(&other, "a@x", "b@x", NULL, "Q1");
    key_of(&other, "outbound", "body", -1);
    assert_false(same(&first, &other));
    receive(&other, "a@x", "b@xa", "jeanne", "Q1");
    key_of(&other, "outbound", "body", -1);
    assert_false(same(&first, &other));
    receive(&other, "a@x", "b@x", "jeanne", "Q1");
    key_of(&other, "outbound", "bodY", -1);
    assert_false(same(&first, &other));
    receive(&other, "a@x", "b@x", "jeanne", "Q1");
    assert_true(fields_add(&other.f, "X", " y"));
    key_of(&other, "outbound", "body", -1);
    assert_false(same(&first, &other));
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    assert_int_equal(write(fd, "body", 4), 4); /* in a file, wherever its offset is */
    receive(&other, "a@x", "b@x", "jeanne", "Q1");
    key_of(&other, "outbound", NULL, fd);
    assert_true(same(&first, &other));
    close(fd);
}

/* --- composing ------------------------------------------------------------------------------*/

static void fill(struct envelope *env, struct reading *r)
{
    *env = (struct envelope){.queue_id = strdup("4Xyz"),
                             .sender = strdup("jeanne@creditor.example"),
                             .login = strdup("jeanne"),
                             .client_address = strdup("192.0.2.1"),
                             .helo = strdup("pc\xe9"),
                             .smtp = true};
    assert_true(strings_add(&env->recipients, "Paul@ACME.example"));
    *r = (struct reading){0};
    r->message_id = strdup("<m1@creditor.example>");
    r->base_subject = strdup("facture f-1");
    assert_true(strings_add(&r->references, "<r0@acme.example>"));
}

static void assert_private(const struct entry *e, const char *expected)
{
    char *text = json_dumps(e->private_part, JSON_COMPACT | JSON_SORT_KEYS);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void an_outbound_entry_tells_all(void **state)
{
    (void)state;
    struct envelope env;
    struct reading r;
    struct edits edits = {0};
    struct accountant jeanne = {.name = (char *)"jeanne"};
    struct outbound o = {.verdict = OUTBOUND_OURS,
                         .rule = "subject",
                         .reminder = true,
                         .learn_debtor = (char *)"ACME"};
    struct entry e;
    fill(&env, &r);
    assert_true(strings_add(&o.invoices, "F-1") && strings_add(&o.overridden, "paid: warn") &&
                strings_add(&o.learn_addresses, "paul@acme.example"));
    assert_true(edits_add(&edits, EDIT_ADD, "Temoin-Token", 0, " abc", NULL));
    entry_init(&e);
    assert_true(entry_outbound(&o, &jeanne, &env, &r, 42, "abc", &edits, &e));
    assert_string_equal(e.event, "prepared");
    assert_string_equal(e.direction, "outbound");
    assert_string_equal(e.level, "prepared");
    assert_string_equal(e.actor, "jeanne");
    assert_int_equal(e.token, 42);
    assert_string_equal(e.dossiers.items[0], "F-1");
    assert_string_equal(e.ids.items[0], "<m1@creditor.example>");
    assert_string_equal(e.recipients.items[0], "paul@acme.example");
    assert_string_equal(e.base_subject, "facture f-1");
    assert_string_equal(e.learn_debtor, "ACME");
    assert_int_equal(e.edits.count, 1);
    assert_false(e.pauses);
    assert_private(&e,
                   "{\"accountant\":\"jeanne\","
                   "\"edits\":[{\"kind\":\"add\",\"name\":\"Temoin-Token\",\"value\":\" abc\"}],"
                   "\"envelope\":{\"auth\":\"jeanne\",\"envid\":\"abc\","
                   "\"from\":\"jeanne@creditor.example\",\"queue_id\":\"4Xyz\","
                   "\"to\":[\"Paul@ACME.example\"]},"
                   "\"ids\":{\"message_id\":\"<m1@creditor.example>\","
                   "\"references\":[\"<r0@acme.example>\"]},\"invoice\":[\"F-1\"],"
                   "\"kind\":\"reminder\","
                   "\"learned\":{\"addresses\":[\"paul@acme.example\"],\"debtor\":\"ACME\"},"
                   "\"overridden\":[\"paid: warn\"],"
                   "\"peer\":{\"helo\":{\"b64\":\"cGPp\"},\"ip\":\"192.0.2.1\"},"
                   "\"rule\":\"subject\"}");
    entry_free(&e);
    strings_free(&o.invoices);
    strings_free(&o.overridden);
    strings_free(&o.learn_addresses);
    edits_free(&edits);
    envelope_free(&env);
    reading_free(&r);
}

static void an_added_message_id_names_the_entry(void **state)
{
    (void)state;
    struct envelope env;
    struct reading r;
    struct edits edits = {0};
    struct outbound o = {.rule = "thread"};
    struct entry e;
    fill(&env, &r);
    free(r.message_id);
    r.message_id = NULL;
    assert_true(
        edits_add(&edits, EDIT_ADD, "Message-ID", 0, " <tok@temoin.creditor.example>", NULL));
    entry_init(&e);
    assert_true(entry_outbound(&o, NULL, &env, &r, 1, "tok", &edits, &e));
    assert_int_equal(e.ids.count, 1);
    assert_string_equal(e.ids.items[0], "<tok@temoin.creditor.example>");
    entry_free(&e);
    edits_free(&edits);
    envelope_free(&env);
    reading_free(&r);
}

static void inbound(enum inbound_verdict verdict, struct entry *e)
{
    struct envelope env;
    struct reading r;
    struct edits edits = {0};
    struct report_recipient to = {.final = (char *)"paul@acme.example",
                                  .action = (char *)"failed",
                                  .status = (char *)"5.1.1"};
    struct report report = {.recipients = &to, .count = 1};
    struct inbound i = {.verdict = verdict, .how = "token", .event = "failed", .pauses = true};
    fill(&env, &r);
    r.kind = KIND_DSN;
    assert_true(strings_add(&i.invoices, "F-1") && strings_add(&i.invoices, "F-2"));
    entry_init(e);
    assert_true(entry_inbound(&i, &env, &r, &report, &edits, e));
    strings_free(&i.invoices);
    envelope_free(&env);
    reading_free(&r);
}

static void a_strong_inbound_entry_is_filed(void **state)
{
    (void)state;
    struct entry e;
    inbound(INBOUND_STRONG, &e);
    assert_string_equal(e.event, "failed");
    assert_string_equal(e.level, "reported");
    assert_int_equal(e.dossiers.count, 2);
    assert_null(e.review_invoice);
    assert_true(e.pauses);
    char *text = json_dumps(e.private_part, JSON_COMPACT | JSON_SORT_KEYS);
    assert_non_null(strstr(text, "\"invoice\":[\"F-1\",\"F-2\"],\"kind\":\"dsn\","
                                 "\"match\":{\"how\":\"token\",\"strength\":\"strong\"}"));
    assert_non_null(strstr(text, "\"report\":{\"recipients\":[{\"action\":\"failed\","
                                 "\"final\":\"paul@acme.example\",\"status\":\"5.1.1\"}]}"));
    free(text);
    entry_free(&e);
}

static void a_reply_is_acknowledged(void **state)
{
    (void)state;
    struct envelope env;
    struct reading r;
    struct edits edits = {0};
    struct entry e;
    struct inbound i = {
        .verdict = INBOUND_STRONG, .how = "token", .event = "reply", .known = SENDER_CONTACT};
    fill(&env, &r);
    strings_free(&r.from);
    assert_true(strings_add(&r.from, "bob@debtor.example") && strings_add(&i.invoices, "F-1"));
    assert_true(authres_take("mx.us; dkim=pass header.d=debtor.example header.s=k", "mx.us",
                             &i.authentication));
    entry_init(&e);
    assert_true(entry_inbound(&i, &env, &r, NULL, &edits, &e));
    assert_string_equal(e.level, "acknowledged");
    char *text = json_dumps(e.private_part, JSON_COMPACT | JSON_SORT_KEYS);
    assert_non_null(strstr(text, "\"authentication\":{\"by\":\"mx.us\",\"results\":[{\"domain\":"
                                 "\"debtor.example\",\"result\":\"pass\",\"selector\":\"k\"}]}"));
    assert_non_null(
        strstr(text, "\"sender\":{\"domain\":\"debtor.example\",\"known\":\"contact\"}"));
    free(text);
    entry_free(&e);
    i.known = SENDER_UNKNOWN;
    entry_init(&e);
    assert_true(entry_inbound(&i, &env, &r, NULL, &edits, &e));
    assert_null(e.level); /* a token alone proves nothing about who wrote */
    entry_free(&e);
    inbound_free(&i);
    envelope_free(&env);
    reading_free(&r);
}

static void a_weak_one_is_proposed(void **state)
{
    (void)state;
    struct entry e;
    inbound(INBOUND_REVIEW, &e);
    assert_int_equal(e.dossiers.count, 0);
    assert_string_equal(e.review_invoice, "F-1");
    assert_false(e.pauses);
    assert_null(json_object_get(e.private_part, "invoice"));
    assert_int_equal(json_array_size(json_object_get(e.private_part, "proposed")), 2);
    entry_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_text_survives),
        cmocka_unit_test(edits_come_back_verbatim),
        cmocka_unit_test(other_json_is_no_edits),
        cmocka_unit_test(a_message_is_hashed_and_packed),
        cmocka_unit_test(one_packer_packs_many),
        cmocka_unit_test(a_file_that_is_not_whole_is_refused),
        cmocka_unit_test(over_the_limit_only_hash_and_size_stay),
        cmocka_unit_test(several_threads_do_not_meet),
        cmocka_unit_test(the_retry_key_names_the_message_as_received),
        cmocka_unit_test(an_outbound_entry_tells_all),
        cmocka_unit_test(an_added_message_id_names_the_entry),
        cmocka_unit_test(a_strong_inbound_entry_is_filed),
        cmocka_unit_test(a_reply_is_acknowledged),
        cmocka_unit_test(a_weak_one_is_proposed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
