/*
 * test_reader - hostile messages are read by a process that can do nothing, and cost nobody but
 *               themselves
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/facts_json.h"
#include "db/reader_private.h"
#include "policy/bytes.h"

/* What a message that took its process over would try. */
static struct confinement *confinement;

/* -1: it was killed by SIGSYS; else what `attempt` gave. */
static int try_in_confinement(int (*attempt)(void), bool starter)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if (starter ? !confinement_enter(confinement)
                    : !confinement_drop(confinement, &reader_limits_default))
            _exit(99);
        _exit(attempt());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGSYS);
        return -1;
    }
    return WEXITSTATUS(status);
}

static int opening_for_writing(void)
{
    return open("/tmp/temoin-confined", O_WRONLY | O_CREAT, 0600) < 0 ? errno : 0;
}

static int opening_for_reading(void)
{
    return open("/etc/passwd", O_RDONLY) < 0 ? errno : 0;
}

static int making_a_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
}

static int executing(void)
{
    (void)execl("/bin/true", "true", (char *)NULL);
    return errno;
}

static int forking(void)
{
    pid_t pid = fork();
    return pid < 0 ? errno : 0;
}

static int writing_elsewhere(void)
{
    return write(2, "x", 1) < 0 ? errno : 0;
}

static int sending_a_signal(void)
{
    return kill(getppid(), SIGCONT) < 0 ? errno : 0;
}

static int making_memory_executable(void)
{
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? errno : 0;
}

static int using_memory(void)
{
    char *octets = malloc(1000000);
    if (!octets)
        return 1;
    memset(octets, 1, 1000000);
    free(octets);
    return 0;
}

static void confined(void **state)
{
    (void)state;
    confinement = confinement_prepare();
    assert_non_null(confinement);
    for (int starter = 0; starter < 2; starter++) {
        assert_int_equal(try_in_confinement(using_memory, starter), 0);
        assert_int_equal(try_in_confinement(opening_for_writing, starter), EPERM);
        assert_int_equal(try_in_confinement(opening_for_reading, starter), EPERM);
        assert_int_equal(try_in_confinement(making_memory_executable, starter), EPERM);
        assert_int_equal(try_in_confinement(making_a_socket, starter), -1);
        assert_int_equal(try_in_confinement(executing, starter), -1);
    }
    assert_int_equal(try_in_confinement(forking, false), -1);
    assert_int_equal(try_in_confinement(sending_a_signal, false), -1);
    assert_int_equal(try_in_confinement(writing_elsewhere, false), EPERM);
    assert_int_not_equal(access("/tmp/temoin-confined", F_OK), 0);
}

/* The signal of the processor's time, not SIGKILL: how it ended is told to people. */
static void out_of_time(void **state)
{
    (void)state;
    int status = 0;
    const struct reader_limits short_time = {.memory = 256 * 1024 * 1024, .seconds = 1};
    static struct confinement *c; /* what is prepared is kept for the process's life */
    c = confinement_prepare();
    assert_non_null(c);
    pid_t pid = fork();
    if (pid == 0) {
        if (!confinement_drop(c, &short_time))
            _exit(99);
        for (volatile unsigned turns = 0;; turns++)
            ;
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGXCPU);
}

/* --- reading ---------------------------------------------------------------------------------*/

static struct reader *start(const struct reader_limits *limits)
{
    struct store_error err = {{0}};
    struct reader *reader;
    if (reader_start(limits, &reader, &err) != STORE_OK)
        fail_msg("%s", err.text);
    return reader;
}

static json_t *read_facts(struct reader *reader, const char *octets, size_t len,
                          struct reader_outcome *how)
{
    struct store_error err = {{0}};
    json_t *answer;
    const struct reader_options options = {.facts = true};
    if (reader_read(reader, octets, len, &options, &answer, how, &err) != STORE_OK)
        fail_msg("%s", err.text);
    json_t *facts = answer ? facts_take(json_object_get(answer, "facts")) : NULL;
    json_decref(answer);
    return facts;
}

#define REPLY                                                                             \
    "From: claire@debtor.example\r\nIn-Reply-To: <1@creditor.example>\r\nSubject: Re\r\n" \
    "\r\nBonjour\r\n"

static void reads(void **state)
{
    struct reader_outcome how;
    struct reader *reader = start(&reader_limits_default);
    (void)state;
    json_t *facts = read_facts(reader, REPLY, strlen(REPLY), &how);
    assert_non_null(facts);
    assert_string_equal(how.why, "");
    assert_string_equal(json_string_value(json_object_get(facts, "kind")), "reply");
    assert_string_equal(json_string_value(json_object_get(facts, "reply_text")), "Bonjour");
    json_decref(facts);
    facts = read_facts(reader, "", 0, &how);
    assert_string_equal(json_string_value(json_object_get(facts, "kind")), "other");
    json_decref(facts);
    reader_stop(reader);
}

/* A message that needs more memory than it may have costs its own process; the next is read. */
#ifndef __SANITIZE_ADDRESS__ /* whose memory has no bounds; tests/commands/test_read.py has it, \
                                too */
static void too_large(void **state)
{
    struct reader_outcome how;
    const struct reader_limits small = {.memory = 64 * 1024 * 1024, .seconds = 10};
    struct reader *reader = start(&small);
    size_t len = 60 * 1024 * 1024;
    char *octets = malloc(len);
    (void)state;
    assert_non_null(octets);
    memset(octets, 'a', len);
    memcpy(octets, REPLY, strlen(REPLY));
    assert_null(read_facts(reader, octets, len, &how));
    assert_string_not_equal(how.why, "");
    assert_int_equal(how.answered, 0);
    /* The same process, with more from the next order on. */
    reader_limit(reader, &(const struct reader_limits){1024 * 1024 * 1024, 10});
    json_t *large = read_facts(reader, octets, len, &how);
    assert_non_null(large);
    json_decref(large);
    reader_limit(reader, &small);
    assert_null(read_facts(reader, octets, len, &how));
    free(octets);
    json_t *facts = read_facts(reader, REPLY, strlen(REPLY), &how);
    assert_non_null(facts);
    json_decref(facts);
    reader_stop(reader);
}
#endif

struct got {
    size_t count;
    struct strings words;
};

static bool take(size_t i, json_t *answer, void *context)
{
    struct got *got = context;
    const json_t *facts = json_object_get(answer, "facts");
    assert_int_equal(i, got->count++);
    assert_true(strings_add(&got->words, json_string_value(json_object_get(facts, "reply_text"))));
    json_decref(answer);
    return true;
}

static void put_reply(struct reader_bundle *b, int n)
{
    struct bytes octets = {0};
    assert_true(bytes_printf(&octets, "From: a@b.example\r\nSubject: Re\r\n\r\nword%d\r\n", n));
    assert_true(reader_bundle_begin(b));
    assert_true(reader_bundle_put(b, octets.data, 10)); /* in pieces */
    assert_true(reader_bundle_put(b, octets.data + 10, octets.len - 10));
    bytes_free(&octets);
}

static void a_bundle(void **state)
{
    struct reader *reader = start(&reader_limits_default);
    struct reader_bundle b;
    struct got got = {0};
    struct reader_outcome how;
    struct store_error err = {{0}};
    const struct reader_options options = {.facts = true};
    (void)state;
    reader_bundle_init(&b);
    for (int i = 0; i < READER_BATCH; i++)
        put_reply(&b, i);
    assert_false(reader_bundle_begin(&b));
    for (int round = 0; round < 2; round++) {
        got.count = 0;
        assert_int_equal(reader_ask(reader, &b, &options, -1, take, &got, &how, &err), STORE_OK);
        assert_int_equal(how.answered, READER_BATCH);
        assert_string_equal(how.why, "");
    }
    assert_int_equal(got.words.count, 2 * READER_BATCH);
    assert_string_equal(got.words.items[0], "word0");
    assert_string_equal(got.words.items[READER_BATCH - 1], "word63");
    strings_free(&got.words);
    reader_bundle_free(&b);
    reader_stop(reader);
}

static struct reader_question *order(struct reader *reader, int n, size_t messages)
{
    struct reader_bundle b;
    struct store_error err = {{0}};
    struct reader_question *question;
    const struct reader_options options = {.facts = true};
    reader_bundle_init(&b);
    for (size_t i = 0; i < messages; i++)
        put_reply(&b, n);
    if (reader_order(reader, &b, &options, -1, &question, &err) != STORE_OK)
        fail_msg("%s", err.text);
    reader_bundle_free(&b);
    return question;
}

/* More orders than the reader works on at a time; answers are taken in another order, and one's
   not at all. */
static void many_orders(void **state)
{
    enum { ORDERS = 2 * READER_PARALLEL + 1 };
    struct reader *reader = start(&reader_limits_default);
    struct reader_question *open[ORDERS];
    struct got got;
    struct reader_outcome how;
    struct store_error err = {{0}};
    (void)state;
    for (int n = 0; n < ORDERS; n++)
        open[n] = order(reader, n, n == 2 ? READER_BATCH : 1);
    reader_forget(open[2]);
    for (int n = ORDERS; n-- > 0;) {
        char word[20];
        if (n == 2)
            continue;
        got = (struct got){0};
        assert_int_equal(reader_take(open[n], -1, take, &got, &how, &err), STORE_OK);
        assert_string_equal(how.why, "");
        assert_int_equal(how.answered, 1);
        snprintf(word, sizeof word, "word%d", n);
        assert_string_equal(got.words.items[0], word);
        strings_free(&got.words);
    }
    reader_stop(reader);
}

static size_t children_of(pid_t pid, pid_t *children, size_t most)
{
    char file[64];
    size_t count = 0;
    int child;
    snprintf(file, sizeof file, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    while (count < most && fscanf(f, "%d", &child) == 1)
        children[count++] = child;
    fclose(f);
    return count;
}

/* Those that nobody reads from stand at a full pipe: so it is seen that they are at work at the
   same time, no more than may be, and that they end with their reader. */
static void at_the_same_time(void **state)
{
    enum { ORDERS = READER_PARALLEL + 2 };
    struct reader *reader = start(&reader_limits_default);
    struct reader_question *open[ORDERS];
    struct reader_bundle b;
    struct store_error err = {{0}};
    const struct reader_options options = {.text = true};
    size_t len = 300 * 1024, seen = 0;
    pid_t children[ORDERS];
    char *octets = malloc(len);
    (void)state;
    assert_non_null(octets);
    memset(octets, 'a', len);
    memcpy(octets, REPLY, strlen(REPLY));
    for (size_t at = 500; at < len; at += 60)
        octets[at] = '\n';
    for (int n = 0; n < ORDERS; n++) {
        reader_bundle_init(&b);
        assert_true(reader_bundle_begin(&b) && reader_bundle_put(&b, octets, len));
        assert_int_equal(reader_order(reader, &b, &options, -1, &open[n], &err), STORE_OK);
        reader_bundle_free(&b);
    }
    for (int wait = 0; wait < 1000 && seen < READER_PARALLEL; wait++) {
        usleep(10000);
        seen = children_of(reader->pid, children, ORDERS);
    }
    usleep(100000); /* for one too many */
    assert_int_equal(children_of(reader->pid, children, ORDERS), READER_PARALLEL);
    reader_stop(reader); /* waits for the reader, which waits for them */
    for (size_t i = 0; i < READER_PARALLEL; i++)
        assert_true(kill(children[i], 0) < 0 && errno == ESRCH);
    for (int n = 0; n < ORDERS; n++)
        reader_forget(open[n]);
    free(octets);
}

/* Whoever waits does not wait for ever, and hears of an end at once. */
static void given_up(void **state)
{
    int ends[2], cancel[2];
    struct reader_bundle b;
    struct got got = {0};
    struct reader_outcome how;
    struct store_error err = {{0}};
    const struct reader_options options = {.facts = true};
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    assert_int_equal(pipe(cancel), 0);
    assert_int_equal(write(cancel[1], "", 1), 1);
    struct reader *reader = reader_attach(ends[0], &reader_limits_default);
    reader_bundle_init(&b);
    put_reply(&b, 1);
    assert_int_equal(reader_ask(reader, &b, &options, cancel[0], take, &got, &how, &err),
                     STORE_BUSY); /* nobody reads at the other end */
    close(ends[1]);
    assert_int_not_equal(reader_ask(reader, &b, &options, -1, take, &got, &how, &err), STORE_OK);
    assert_int_equal(got.count, 0);
    reader_bundle_free(&b);
    reader_stop(reader);
    close(ends[0]);
    close(cancel[0]);
    close(cancel[1]);
}

/* --- what is kept of an answer ---------------------------------------------------------------*/

static void foreign_answers(void **state)
{
    (void)state;
    assert_null(facts_take(NULL));
    json_t *odd = json_pack("[s]", "kind");
    assert_null(facts_take(odd));
    json_decref(odd);
    odd = json_pack("{s:s}", "kind", "boss");
    assert_null(facts_take(odd));
    json_decref(odd);
    odd = json_pack("{s:s, s:s, s:i, s:[s,i], s:[{s:s, s:s, s:s}, i], s:[{s:s, s:i, s:s}],"
                    " s:{s:s, s:s}}",
                    "kind", "dsn", "reply_text", "a\x1b[31m\nb", "message_id", 5, "references",
                    "<1@x>", 7, "recipients", "final", "a@b", "action", "won", "level", "x", 3,
                    "attachments", "name", "n\n", "size", -4, "declared", "t", "disposition",
                    "type", "deleted", "other", "x");
    assert_non_null(odd);
    json_t *facts = facts_take(odd);
    json_decref(odd);
    json_t *wanted =
        json_pack("{s:s, s:s, s:[s], s:[{s:s}], s:[{s:s, s:s}], s:{s:s}}", "kind", "dsn",
                  "reply_text", "a [31m\nb", "references", "<1@x>", "recipients", "final", "a@b",
                  "attachments", "name", "n ", "declared", "t", "disposition", "type", "deleted");
    assert_true(json_equal(facts, wanted));
    json_decref(facts);
    json_decref(wanted);
    /* What a terminal obeys, or what shows "fdp.exe" the other way round. */
    odd = json_pack("{s:s, s:s, s:[s]}", "kind", "reply", "reply_text",
                    "a\xc2\x9b"
                    "31m\xc3\xa9\xc2\xa0.",
                    "references",
                    "\xe2\x80\xae"
                    "fdp\xe2\x81\xa6\xe2\x80\x99\xc2\x85");
    facts = facts_take(odd);
    json_decref(odd);
    wanted = json_pack("{s:s, s:s, s:[s]}", "kind", "reply", "reply_text",
                       "a  31m\xc3\xa9\xc2\xa0.", "references", "   fdp   \xe2\x80\x99  ");
    assert_non_null(wanted);
    assert_true(json_equal(facts, wanted));
    json_decref(facts);
    json_decref(wanted);
}

static void tokens(void **state)
{
    struct keyring *ring = calloc(1, sizeof *ring);
    char token[TOKEN_CHARS + 1], *error;
    (void)state;
    assert_non_null(ring);
    assert_true(
        keyring_parse("1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f active\n",
                      "keys", ring, &error));
    assert_true(token_make(ring, "creditor.example", 7, token));
    for (int with_ring = 0; with_ring < 2; with_ring++) {
        json_t *facts =
            json_pack("{s:s, s:[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}]}", "kind", "dsn", "tokens",
                      "token", token, "where", "candidate", "token", "abcdefghijklmnopqrstuvwxyz",
                      "where", "candidate", "token", "abcdefghijklmnopqrstuvwxyz", "where", "body");
        assert_true(facts_check_tokens(facts, with_ring ? ring : NULL, "creditor.example"));
        json_t *wanted =
            with_ring
                ? json_pack("[{s:s, s:s, s:b}, {s:s, s:s, s:b}]", "token", token, "where", "body",
                            "valid", 1, "token", "abcdefghijklmnopqrstuvwxyz", "where", "body",
                            "valid", 0)
                : json_pack("[{s:s, s:s}]", "token", "abcdefghijklmnopqrstuvwxyz", "where", "body");
        assert_true(json_equal(json_object_get(facts, "tokens"), wanted));
        json_decref(wanted);
        json_decref(facts);
    }
    keyring_wipe(ring);
    free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifndef __SANITIZE_ADDRESS__
        cmocka_unit_test(too_large),
#endif
        cmocka_unit_test(confined),    cmocka_unit_test(out_of_time),
        cmocka_unit_test(reads),       cmocka_unit_test(a_bundle),
        cmocka_unit_test(many_orders), cmocka_unit_test(at_the_same_time),
        cmocka_unit_test(given_up),    cmocka_unit_test(foreign_answers),
        cmocka_unit_test(tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
