/*
 * test_scribe - a real scribe on a real store, asked through the client by many at once
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/scribe.h"
#include "db/scribe_client.h"
#include "db/scribe_requests.h"
#include "db/seal.h"
#include "db/stamped.h"
#include "db/wire.h"
#include "milter/listener.h"

enum { TIMEOUT_MS = 10000, THREADS = 8, EACH = 25 };

struct world {
    char directory[64], run[96], store[96], keys[96];
    struct settings *settings;
    struct bound socket;
    struct scribe_client *client;
    int control, sealer; /* our ends */
    struct scribe_setup setup;
    pthread_t thread;
    int exit_status;
};

static void *run(void *argument)
{
    struct world *w = argument;
    w->exit_status = scribe_run(&w->setup);
    return NULL;
}

static void start_scribe(struct world *w)
{
    int control[2], wake[2];
    struct frame f;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control), 0);
    assert_int_equal(pipe2(wake, O_CLOEXEC | O_NONBLOCK), 0);
    w->control = control[0];
    w->sealer = wake[0];
    w->setup = (struct scribe_setup){.listen_fd = w->socket.fd,
                                     .control_fd = control[1],
                                     .reader_fd = -1,
                                     .sealer_fd = wake[1],
                                     .settings = w->settings};
    assert_int_equal(pthread_create(&w->thread, NULL, run, w), 0);
    assert_int_equal(wire_receive(w->control, &f, TIMEOUT_MS), WIRE_OK);
    assert_string_equal(frame_op(&f), "ready");
    frame_free(&f);
}

static void stop_scribe(struct world *w, bool politely)
{
    if (politely) {
        json_t *stop = json_pack("{s:s}", "op", "stop");
        assert_int_equal(wire_send(w->control, stop, NULL, 0, NULL, 0, 1000), WIRE_OK);
        json_decref(stop);
    }
    shutdown(w->control, politely ? SHUT_RD : SHUT_RDWR); /* without a word: the parent is gone */
    pthread_join(w->thread, NULL);
    close(w->control);
    close(w->sealer);
    close(w->setup.control_fd);
    close(w->setup.sealer_fd);
    assert_int_equal(w->exit_status, EX_OK);
}

static char *config_text(const struct world *w, const char *company)
{
    struct bytes text = {0};
    assert_true(bytes_printf(&text,
                             "run_directory = \"%s\"\nkey_directory = \"%s\"\n"
                             "company \"%s\" { domain = \"creditor.example\" }\n"
                             "accountant \"j\" { login = {\"j\"} address = "
                             "{\"j@creditor.example\"} }\n"
                             "listener \"smtp\" { socket = \"unix:%s/smtp\" }\n"
                             "store { directory = \"%s\" }\n",
                             w->run, w->keys, company, w->run, w->store));
    return bytes_steal(&text);
}

static struct settings *parse(const struct world *w)
{
    char *text = config_text(w, "C");
    struct strings errors = {0};
    struct settings *s = NULL;
    if (!settings_parse(text, "test.conf", &s, &errors))
        fail_msg("%s", errors.count ? errors.items[0] : "?");
    strings_free(&errors);
    free(text);
    return s;
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct store_error err = {{0}};
    char spec[128];
    strcpy(w->directory, "/tmp/temoin-scribe-XXXXXX");
    assert_non_null(mkdtemp(w->directory));
    snprintf(w->run, sizeof w->run, "%s/run", w->directory);
    snprintf(w->store, sizeof w->store, "%s/store", w->directory);
    snprintf(w->keys, sizeof w->keys, "%s/keys", w->directory);
    assert_int_equal(mkdir(w->keys, 0755), 0);
    w->settings = parse(w);
    if (store_create(w->store, "log.example", &err) || seal_key_create(w->keys, "seal", "C", &err))
        fail_msg("%s", err.text);
    snprintf(spec, sizeof spec, "unix:%s/scribe.sock", w->run);
    assert_true(listener_bind(spec, 0660, (gid_t)-1, &w->socket, &err));
    w->client = scribe_client_new(w->run);
    start_scribe(w);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    char command[128];
    stop_scribe(w, true);
    scribe_client_free(w->client);
    listener_close(&w->socket);
    settings_unref(w->settings);
    snprintf(command, sizeof command, "rm -rf %s", w->directory);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

static void note(struct entry *e, const char *invoice)
{
    entry_init(e);
    e->event = "note";
    e->actor = "test";
    assert_true(strings_add(&e->dossiers, invoice));
    e->private_part = json_pack("{s:s}", "text", "called");
}

static uint64_t add_note(struct world *w, const char *invoice)
{
    struct entry e;
    struct appended done;
    struct store_error err = {{0}};
    note(&e, invoice);
    if (scribe_append(w->client, &e, TIMEOUT_MS, &done, &err) != STORE_OK)
        fail_msg("%s", err.text);
    entry_free(&e);
    uint64_t seq = done.seq;
    appended_free(&done);
    return seq;
}

/* Events of the log from `from` on, as "start note stop". */
static bool collect(const struct stored_entry *e, void *context)
{
    struct bytes *events = context;
    return bytes_printf(events, "%s%s", events->len ? " " : "", e->event);
}

static char *events(const struct world *w)
{
    struct store *store;
    struct bytes text = {0};
    assert_int_equal(store_open(w->store, STORE_READ, &store, NULL), STORE_OK);
    assert_int_equal(store_each_entry(store, 1, collect, &text, NULL), STORE_OK);
    store_close(store);
    return bytes_steal(&text);
}

static void assert_events(const struct world *w, const char *expected)
{
    char *found = events(w);
    assert_string_equal(found, expected);
    free(found);
}

/* --- tests ----------------------------------------------------------------------------------*/

static void an_entry_is_durable_when_answered(void **state)
{
    struct world *w = *state;
    assert_int_equal(add_note(w, "F1"), 2); /* 1 is "start" */
    assert_events(w, "start note");
    char octet;
    assert_int_equal(read(w->sealer, &octet, 1), 1); /* the sealer was woken */
}

static void a_known_retry_key_appends_nothing(void **state)
{
    struct world *w = *state;
    struct entry e;
    struct appended first, again;
    note(&e, "F1");
    e.token = 42;
    assert_true(edits_add(&e.edits, EDIT_ADD, "Temoin-Token", 0, " t", NULL));
    assert_int_equal(scribe_append(w->client, &e, TIMEOUT_MS, &first, NULL), STORE_OK);
    assert_true(e.has_retry); /* the client drew one */
    assert_int_equal(scribe_append(w->client, &e, TIMEOUT_MS, &again, NULL), STORE_OK);
    assert_false(first.duplicate);
    assert_true(again.duplicate);
    assert_int_equal(again.seq, first.seq);
    assert_int_equal(again.token, 42);
    assert_int_equal(again.edits.count, 1);
    assert_string_equal(again.edits.items[0].name, "Temoin-Token");
    appended_free(&first);
    appended_free(&again);
    entry_free(&e);
    assert_events(w, "start note");
}

static void *append_many(void *argument)
{
    struct world *w = argument;
    for (int i = 0; i < EACH; i++)
        add_note(w, "F-MANY");
    return NULL;
}

static void many_at_once_each_enter_once(void **state)
{
    struct world *w = *state;
    pthread_t threads[THREADS];
    struct dossier d;
    struct store *store;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, append_many, w), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(store_open(w->store, STORE_READ, &store, NULL), STORE_OK);
    assert_int_equal(store_dossier(store, "F-MANY", &d, NULL), STORE_OK);
    assert_int_equal(d.count, THREADS * EACH);
    for (uint64_t i = 1; i < d.count; i++)
        assert_true(d.seqs[i] == d.seqs[i - 1] + 1);
    dossier_free(&d);
    store_close(store);
}

static void a_senseless_entry_is_refused_alone(void **state)
{
    struct world *w = *state;
    struct entry e;
    struct appended done;
    struct store_error err = {{0}};
    note(&e, "F1");
    e.decides = 99; /* there is nothing to decide */
    e.decision = "dismiss";
    assert_int_equal(scribe_append(w->client, &e, TIMEOUT_MS, &done, &err), STORE_INVALID);
    assert_true(err.text[0]);
    entry_free(&e);
    add_note(w, "F1");
    assert_events(w, "start note");
}

static void one_bad_entry_does_not_spoil_its_group(void **state)
{
    struct world *w = *state;
    enum { PEERS = 10, BAD = 4 };
    int fds[PEERS];
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    assert_int_equal(getsockname(w->socket.fd, (struct sockaddr *)&address, &len), 0);
    for (int i = 0; i < PEERS; i++) { /* all asked before any is answered: few groups */
        struct entry e;
        struct frame f;
        fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_int_equal(connect(fds[i], (struct sockaddr *)&address, len), 0);
        note(&e, i == BAD ? "" : "F1");
        assert_true(entry_to_frame(&e, "append", &f));
        assert_int_equal(wire_send(fds[i], f.json, NULL, 0, NULL, 0, 1000), WIRE_OK);
        frame_free(&f);
        entry_free(&e);
    }
    for (int i = 0; i < PEERS; i++) {
        struct frame f;
        assert_int_equal(wire_receive(fds[i], &f, TIMEOUT_MS), WIRE_OK);
        assert_int_equal(json_integer_value(json_object_get(f.json, "status")),
                         i == BAD ? STORE_INVALID : STORE_OK);
        frame_free(&f);
        close(fds[i]);
    }
    assert_events(w, "start note note note note note note note note note");
}

static void numbers_are_given_once(void **state)
{
    struct world *w = *state;
    uint64_t a = 0, b = 0;
    assert_int_equal(scribe_reserve(w->client, 100, TIMEOUT_MS, &a, NULL), STORE_OK);
    stop_scribe(w, true);
    start_scribe(w);
    assert_int_equal(scribe_reserve(w->client, 1, TIMEOUT_MS, &b, NULL), STORE_OK);
    assert_true(a >= 1 && b >= a + 100);
    assert_int_equal(scribe_reserve(w->client, 0, TIMEOUT_MS, &b, NULL), STORE_INVALID);
}

/* A client that waits while scribe is away is served by its successor. */
static void *late_note(void *argument)
{
    struct world *w = argument;
    add_note(w, "F1");
    return NULL;
}

static void a_restart_is_waited_for(void **state)
{
    struct world *w = *state;
    pthread_t thread;
    add_note(w, "F1"); /* leaves a connection in the pool that will be stale */
    stop_scribe(w, true);
    assert_int_equal(pthread_create(&thread, NULL, late_note, w), 0);
    poll(NULL, 0, 100);
    start_scribe(w);
    pthread_join(thread, NULL);
    assert_events(w, "start note stop start note");
}

static void time_is_bounded(void **state)
{
    struct world *w = *state;
    struct store_error err = {{0}};
    stop_scribe(w, true);
    int64_t before = wire_clock_ms();
    assert_int_equal(scribe_ping(w->client, 80, &err), STORE_BUSY);
    int64_t took = wire_clock_ms() - before;
    assert_true(took >= 80 && took < 2000);
    start_scribe(w);
    assert_int_equal(scribe_ping(w->client, TIMEOUT_MS, &err), STORE_OK);
}

static void nobody_listens(void **state)
{
    struct world *w = *state;
    struct store_error err = {{0}};
    struct scribe_client *c = scribe_client_new(w->store);
    assert_int_equal(scribe_ping(c, 1000, &err), STORE_NOT_FOUND);
    assert_non_null(strstr(err.text, "not running"));
    scribe_client_free(c);
}

static void the_parents_death_ends_it(void **state)
{
    struct world *w = *state;
    stop_scribe(w, false);
    start_scribe(w);
    assert_events(w, "start stop start");
}

static void garbage_is_hung_up_on_and_others_go_on(void **state)
{
    struct world *w = *state;
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char answer[16];
    assert_int_equal(getsockname(w->socket.fd, (struct sockaddr *)&address, &len), 0);
    static const char *const rubbish[] = {"GET / HTTP/1.0\r\n\r\n",
                                          "\xff\xff\xff\xff\xff\xff\xff\xff"};
    for (int i = 0; i < 2; i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, len), 0);
        assert_true(write(fd, rubbish[i], strlen(rubbish[i])) > 0);
        assert_true(read(fd, answer, sizeof answer) <= 0);
        close(fd);
    }
    add_note(w, "F1");
}

static void an_unknown_request_is_answered(void **state)
{
    struct world *w = *state;
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    struct frame f;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    json_t *json = json_pack("{s:s}", "op", "erase-all");
    assert_int_equal(getsockname(w->socket.fd, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(wire_send(fd, json, NULL, 0, NULL, 0, 1000), WIRE_OK);
    assert_int_equal(wire_receive(fd, &f, TIMEOUT_MS), WIRE_OK);
    assert_int_equal(json_integer_value(json_object_get(f.json, "status")), STORE_INVALID);
    frame_free(&f);
    json_decref(json);
    close(fd);
}

static void tell_config(struct world *w, const char *text)
{
    json_t *json = json_pack("{s:s, s:s}", "op", "reload", "config", text);
    assert_int_equal(wire_send(w->control, json, NULL, 0, NULL, 0, 1000), WIRE_OK);
    json_decref(json);
}

static void reload_is_recorded(void **state)
{
    struct world *w = *state;
    char *text = config_text(w, "D");
    tell_config(w, text);
    tell_config(w, "nonsense {");
    free(text);
    stop_scribe(w, true); /* what the parent said before was read */
    start_scribe(w);
    assert_events(w, "start configuration stop start");
}

/* --- the stamping listener ------------------------------------------------------------------*/

static void make_stamp(struct stamped *s, unsigned char key, uint64_t token)
{
    *s = (struct stamped){.token = token, .reminder = true, .rule = strdup("subject")};
    memset(s->retry, key, sizeof s->retry);
    assert_true(strings_add(&s->invoices, "F1"));
    assert_true(edits_add(&s->edits, EDIT_ADD, "Temoin-Token", 0, " first", NULL));
}

static void stamps_are_remembered_and_recalled(void **state)
{
    struct world *w = *state;
    struct stamped s, again, back;
    bool known;
    make_stamp(&s, 7, 1001);
    assert_int_equal(scribe_stamped(w->client, &s, TIMEOUT_MS, &known, NULL), STORE_OK);
    assert_false(known);
    make_stamp(&again, 7, 1002); /* the client tries again: a new number was drawn */
    free(again.edits.items[0].value);
    again.edits.items[0].value = strdup(" second");
    assert_int_equal(scribe_stamped(w->client, &again, TIMEOUT_MS, &known, NULL), STORE_OK);
    assert_true(known);
    assert_int_equal(again.token, 1001);
    assert_string_equal(again.edits.items[0].value, " first");
    assert_int_equal(scribe_recall(w->client, 1001, TIMEOUT_MS, &back, NULL), STORE_OK);
    assert_memory_equal(back.retry, s.retry, HASH_OCTETS);
    assert_string_equal(back.invoices.items[0], "F1");
    assert_string_equal(back.rule, "subject");
    assert_true(back.reminder);
    stamped_free(&back);
    assert_int_equal(scribe_recall(w->client, 1002, TIMEOUT_MS, &back, NULL), STORE_NOT_FOUND);
    stamped_free(&s);
    stamped_free(&again);
}

static void a_stamp_survives_scribe_through_its_entry(void **state)
{
    struct world *w = *state;
    struct stamped s, again, back;
    struct entry e;
    struct appended done;
    bool known;
    make_stamp(&s, 9, 2001);
    assert_int_equal(scribe_stamped(w->client, &s, TIMEOUT_MS, &known, NULL), STORE_OK);
    note(&e, "F1"); /* the archive listener's, with a key of its own */
    e.event = e.level = "prepared";
    e.direction = "outbound";
    e.token = 2001;
    assert_int_equal(scribe_append(w->client, &e, TIMEOUT_MS, &done, NULL), STORE_OK);
    assert_false(done.duplicate);
    stop_scribe(w, true);
    start_scribe(w);
    make_stamp(&again, 9, 2002);
    assert_int_equal(scribe_stamped(w->client, &again, TIMEOUT_MS, &known, NULL), STORE_OK);
    assert_true(known);
    assert_int_equal(again.token, 2001);
    assert_string_equal(again.edits.items[0].value, " first");
    /* and the archive listener can recall it under the token of then */
    assert_int_equal(scribe_recall(w->client, 2001, TIMEOUT_MS, &back, NULL), STORE_OK);
    assert_string_equal(back.invoices.items[0], "F1");
    stamped_free(&back);
    entry_free(&e);
    stamped_free(&s);
    stamped_free(&again);
}

static void memory_is_bounded_and_the_oldest_goes_first(void **state)
{
    (void)state;
    enum { ROOM = 5 };
    struct stamped_memory *m = stamped_memory_new(ROOM);
    json_t *json = json_object();
    unsigned char key[HASH_OCTETS] = {0};
    for (unsigned char i = 1; i <= 12; i++) {
        key[0] = i;
        stamped_memory_put(m, json, key, i, 1000 + i);
        assert_int_equal(stamped_by_retry(m, key)->token, i);
    }
    for (unsigned char i = 1; i <= 12; i++) {
        key[0] = i;
        assert_true((stamped_by_retry(m, key) != NULL) == (i > 12 - ROOM));
        assert_true((stamped_by_token(m, i) != NULL) == (i > 12 - ROOM));
    }
    key[0] = 12; /* the same message under another number */
    stamped_memory_put(m, json, key, 77, 5000);
    assert_null(stamped_by_token(m, 12));
    assert_int_equal(stamped_by_retry(m, key)->token, 77);
    assert_int_equal(stamped_by_token(m, 77)->since_ms, 5000);
    stamped_memory_free(m);
    json_decref(json);
}

/* --- who may what ---------------------------------------------------------------------------*/

static enum store_status asked_by(uid_t uid, const char *event, const char *direction)
{
    const struct desk d = {.own_uid = 101, .milter_uid = 102};
    struct entry e;
    struct frame f;
    struct request r;
    note(&e, "F1");
    e.event = event;
    e.direction = direction;
    assert_true(entry_to_frame(&e, "append", &f));
    entry_free(&e);
    request_decode(&r, &f, uid, &d);
    enum store_status status = r.status;
    request_free(&r);
    frame_free(&f);
    return status;
}

/* A payment, an export or a stop that the mail side invents must not stand in the log. */
static void the_mail_side_files_messages_only(void **state)
{
    static const char *const facts[] = {"payment", "export", "stop", "note", "erasure"};
    static const char *const messages[] = {"reply",
                                           "auto-reply",
                                           "dsn",
                                           "mdn",
                                           "failed",
                                           "delayed",
                                           "reported-delivered",
                                           "reported-displayed"};
    (void)state;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        assert_int_equal(asked_by(102, facts[i], NULL), STORE_DENIED);
        assert_int_equal(asked_by(102, facts[i], "inbound"), STORE_DENIED);
        assert_int_equal(asked_by(102, facts[i], "outbound"), STORE_DENIED);
        assert_int_equal(asked_by(101, facts[i], NULL), STORE_OK);
        assert_int_equal(asked_by(0, facts[i], NULL), STORE_OK);
    }
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        assert_int_equal(asked_by(102, messages[i], "inbound"), STORE_OK);
    assert_int_equal(asked_by(102, "prepared", "outbound"), STORE_OK);
    assert_int_equal(asked_by(102, "prepared", "inbound"), STORE_DENIED);
    assert_int_equal(asked_by(102, "reply", "outbound"), STORE_DENIED);
}

/* --- commands -------------------------------------------------------------------------------*/

static void a_command_writes_with_and_without_scribe(void **state)
{
    struct world *w = *state;
    struct entry e;
    struct appended done;
    struct store_error err = {{0}};
    note(&e, "F1");
    assert_int_equal(log_append(w->settings, &e, &done, &err), STORE_OK);
    assert_int_equal(done.seq, 2);
    entry_free(&e);
    stop_scribe(w, true);
    listener_close(&w->socket); /* the daemon is stopped */
    note(&e, "F1");
    if (log_append(w->settings, &e, &done, &err) != STORE_OK)
        fail_msg("%s", err.text);
    assert_int_equal(done.seq, 4);
    entry_free(&e);
    char spec[128];
    snprintf(spec, sizeof spec, "unix:%s/scribe.sock", w->run);
    assert_true(listener_bind(spec, 0660, (gid_t)-1, &w->socket, &err));
    start_scribe(w);
    assert_events(w, "start note stop note start");
}

/* Without scribe many are one group; what makes no sense stops those after it alone. */
static void a_command_writes_many(void **state)
{
    struct world *w = *state;
    struct entry many[5];
    struct store_error err = {{0}};
    size_t taken;
    for (size_t i = 0; i < 5; i++) {
        note(&many[i], "F1");
        many[i].has_retry = true;
        memset(many[i].retry, (int)i + 1, HASH_OCTETS);
    }
    assert_int_equal(log_append_all(w->settings, many, 2, &taken, &err), STORE_OK);
    assert_int_equal(taken, 2);
    stop_scribe(w, true);
    listener_close(&w->socket);
    many[3].event = "";
    assert_int_equal(log_append_all(w->settings, many, 5, &taken, &err), STORE_INVALID);
    assert_int_equal(taken, 3);
    assert_int_equal(log_append_all(w->settings, many + 3, 2, &taken, &err), STORE_INVALID);
    assert_int_equal(taken, 0);
    many[3].event = "note";
    assert_int_equal(log_append_all(w->settings, many, 5, &taken, &err), STORE_OK);
    assert_int_equal(taken, 5);
    for (size_t i = 0; i < 5; i++)
        entry_free(&many[i]);
    char spec[128];
    snprintf(spec, sizeof spec, "unix:%s/scribe.sock", w->run);
    assert_true(listener_bind(spec, 0660, (gid_t)-1, &w->socket, &err));
    start_scribe(w);
    assert_events(w, "start note note stop note note note start");
}

#define WITH_SCRIBE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCRIBE(an_entry_is_durable_when_answered),
        WITH_SCRIBE(a_known_retry_key_appends_nothing),
        WITH_SCRIBE(many_at_once_each_enter_once),
        WITH_SCRIBE(a_senseless_entry_is_refused_alone),
        WITH_SCRIBE(one_bad_entry_does_not_spoil_its_group),
        WITH_SCRIBE(numbers_are_given_once),
        WITH_SCRIBE(a_restart_is_waited_for),
        WITH_SCRIBE(time_is_bounded),
        WITH_SCRIBE(nobody_listens),
        WITH_SCRIBE(the_parents_death_ends_it),
        WITH_SCRIBE(garbage_is_hung_up_on_and_others_go_on),
        WITH_SCRIBE(an_unknown_request_is_answered),
        WITH_SCRIBE(reload_is_recorded),
        WITH_SCRIBE(stamps_are_remembered_and_recalled),
        WITH_SCRIBE(a_stamp_survives_scribe_through_its_entry),
        cmocka_unit_test(memory_is_bounded_and_the_oldest_goes_first),
        WITH_SCRIBE(a_command_writes_with_and_without_scribe),
        WITH_SCRIBE(a_command_writes_many),
        cmocka_unit_test(the_mail_side_files_messages_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
