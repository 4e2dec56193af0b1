/*
 * test_wire - frames split anywhere, lies about lengths, descriptors, entries there and back
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/wire.h"

struct pair {
    int a, b;
};

static struct pair make_pair(void)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    return (struct pair){fds[0], fds[1]};
}

static void close_pair(struct pair *p)
{
    close(p->a);
    close(p->b);
}

static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static json_t *sample(void)
{
    return json_pack("{s:s, s:i}", "op", "ping", "n", 7);
}

/* The octets of a frame, as wire_send() makes them. */
static size_t raw_frame(const char *blob, char *out, size_t room)
{
    struct pair p = make_pair();
    json_t *json = sample();
    assert_int_equal(wire_send(p.a, json, blob, blob ? strlen(blob) : 0, NULL, 0, 100), WIRE_OK);
    ssize_t n = read(p.b, out, room);
    assert_true(n > 8);
    json_decref(json);
    close_pair(&p);
    return (size_t)n;
}

static void check_sample(struct frame *f, const char *blob)
{
    assert_string_equal(frame_op(f), "ping");
    assert_int_equal(json_integer_value(json_object_get(f->json, "n")), 7);
    assert_int_equal(f->blob.len, blob ? strlen(blob) : 0);
    if (blob)
        assert_memory_equal(f->blob.data, blob, strlen(blob));
    frame_free(f);
}

static void split_at_every_octet(void **state)
{
    (void)state;
    char raw[512];
    size_t len = raw_frame("BLOB", raw, sizeof raw);
    for (size_t cut = 1; cut < len; cut++) {
        struct pair p = make_pair();
        struct wire_reader r = {0};
        struct frame f;
        frame_init(&f);
        assert_int_equal(wire_read(&r, p.b, &f), WIRE_AGAIN);
        assert_int_equal(write(p.a, raw, cut), cut);
        assert_int_equal(wire_read(&r, p.b, &f), WIRE_AGAIN);
        assert_int_equal(write(p.a, raw + cut, len - cut), len - cut);
        assert_int_equal(wire_read(&r, p.b, &f), WIRE_OK);
        check_sample(&f, "BLOB");
        wire_reader_free(&r);
        close_pair(&p);
    }
}

static void octet_by_octet_and_two_in_a_row(void **state)
{
    (void)state;
    char raw[1024];
    size_t len = raw_frame(NULL, raw, sizeof raw);
    memcpy(raw + len, raw, len);
    struct pair p = make_pair();
    struct wire_reader r = {0};
    struct frame f;
    int frames = 0;
    for (size_t i = 0; i < 2 * len; i++) {
        assert_int_equal(write(p.a, raw + i, 1), 1);
        if (wire_read(&r, p.b, &f) == WIRE_OK) {
            check_sample(&f, NULL);
            frames++;
        }
    }
    assert_int_equal(frames, 2);
    assert_int_equal(write(p.a, raw, 2 * len), 2 * len);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(wire_receive(p.b, &f, 100), WIRE_OK);
        check_sample(&f, NULL);
    }
    wire_reader_free(&r);
    close_pair(&p);
}

/* What a reader makes of these octets, followed by a hang-up. */
static enum wire_result verdict(const char *octets, size_t len)
{
    struct pair p = make_pair();
    struct wire_reader r = {0};
    struct frame f;
    frame_init(&f);
    assert_int_equal(write(p.a, octets, len), len);
    close(p.a);
    enum wire_result result = wire_read(&r, p.b, &f);
    if (result == WIRE_ERROR)
        assert_int_equal(errno, EPROTO);
    frame_free(&f);
    wire_reader_free(&r);
    close(p.b);
    return result;
}

static void lies_are_refused(void **state)
{
    (void)state;
    assert_int_equal(verdict("", 0), WIRE_EOF);
    assert_int_equal(verdict("\0\0", 2), WIRE_ERROR);                        /* cut off */
    assert_int_equal(verdict("\xff\xff\xff\xff\0\0\0\2{}", 10), WIRE_ERROR); /* 4 GB */
    assert_int_equal(verdict("\0\x80\0\1\0\0\0\2{}", 10), WIRE_ERROR);       /* 8 MB and 1 */
    assert_int_equal(verdict("\0\0\0\3\0\0\0\2{}", 10), WIRE_ERROR);         /* below 4 */
    assert_int_equal(verdict("\0\0\0\6\0\0\0\3{}", 10), WIRE_ERROR);         /* JSON > all */
    assert_int_equal(verdict("\0\0\0\4\0\0\0\0", 8), WIRE_ERROR);            /* no JSON */
    assert_int_equal(verdict("\0\0\0\6\0\0\0\2{]", 10), WIRE_ERROR);         /* garbage */
    assert_int_equal(verdict("\0\0\0\6\0\0\0\2[]", 10), WIRE_ERROR);         /* no object */
    assert_int_equal(verdict("\0\0\0\6\0\0\0\2{}", 10), WIRE_OK);
    assert_int_equal(verdict("\0\0\0\x11\0\0\0\xd{\"a\":1,\"a\":2}", 21), WIRE_ERROR); /* twice */
}

static void an_announcement_takes_no_memory(void **state)
{
    (void)state;
    struct pair p = make_pair();
    struct wire_reader r = {0};
    struct frame f;
    assert_int_equal(write(p.a, "\0\x7f\xff\xff\0\0\0\2", 8), 8);
    assert_int_equal(wire_read(&r, p.b, &f), WIRE_AGAIN);
    assert_true(r.pending.room < 256 * 1024);
    wire_reader_free(&r);
    close_pair(&p);
}

static void too_long_is_not_sent(void **state)
{
    (void)state;
    struct pair p = make_pair();
    json_t *json = sample();
    char *blob = calloc(1, WIRE_MAX);
    assert_int_equal(wire_send(p.a, json, blob, WIRE_MAX, NULL, 0, 100), WIRE_ERROR);
    assert_int_equal(errno, EMSGSIZE);
    free(blob);
    json_decref(json);
    close_pair(&p);
}

static void a_full_socket_times_out(void **state)
{
    (void)state;
    struct pair p = make_pair();
    json_t *json = sample();
    size_t len = 4 * 1024 * 1024;
    char *blob = calloc(1, len);
    struct frame f;
    int64_t before = wire_clock_ms();
    assert_int_equal(wire_send(p.a, json, blob, len, NULL, 0, 50), WIRE_TIMEOUT);
    assert_true(wire_clock_ms() - before >= 50);
    assert_int_equal(wire_receive(p.b, &f, 50), WIRE_TIMEOUT); /* the rest never comes */
    free(blob);
    json_decref(json);
    close_pair(&p);
}

static void a_peer_that_is_gone_raises_no_signal(void **state)
{
    (void)state;
    struct pair p = make_pair();
    json_t *json = sample();
    close(p.b);
    assert_int_equal(wire_send(p.a, json, NULL, 0, NULL, 0, 100), WIRE_ERROR);
    assert_int_equal(errno, EPIPE);
    json_decref(json);
    close(p.a);
}

static void descriptors_stay_with_their_frame(void **state)
{
    (void)state;
    struct pair p = make_pair();
    json_t *json = sample();
    struct frame f;
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    int before = open_descriptors();
    /* all of this lies in the socket at once; the second frame has none */
    assert_int_equal(wire_send(p.a, json, "x", 1, &pipe_fds[1], 1, 100), WIRE_OK);
    assert_int_equal(wire_send(p.a, json, NULL, 0, NULL, 0, 100), WIRE_OK);
    assert_int_equal(wire_send(p.a, json, NULL, 0, pipe_fds, 2, 100), WIRE_OK);
    assert_int_equal(wire_receive(p.b, &f, 100), WIRE_OK);
    assert_int_equal(f.fd_count, 1);
    assert_int_equal(fcntl(f.fds[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    int taken = frame_take_fd(&f, 0);
    assert_int_equal(frame_take_fd(&f, 1), -1);
    frame_free(&f);
    assert_int_equal(write(taken, "y", 1), 1);
    close(taken);
    assert_int_equal(wire_receive(p.b, &f, 100), WIRE_OK);
    assert_int_equal(f.fd_count, 0);
    frame_free(&f);
    assert_int_equal(wire_receive(p.b, &f, 100), WIRE_OK);
    assert_int_equal(f.fd_count, 2);
    frame_free(&f);
    assert_int_equal(open_descriptors(), before);
    json_decref(json);
    close_pair(&p);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

/* Send `octets` with `count` copies of a descriptor. */
static void send_with(int fd, int extra, size_t count, const char *octets, size_t len)
{
    char space[CMSG_SPACE(sizeof(int) * 16)];
    struct iovec iov = {(void *)octets, len};
    memset(space, 0, sizeof space);
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = space,
                       .msg_controllen = CMSG_SPACE(sizeof(int) * count)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * count);
    for (size_t i = 0; i < count; i++)
        memcpy(CMSG_DATA(c) + i * sizeof extra, &extra, sizeof extra);
    assert_int_equal(sendmsg(fd, &m, 0), len);
}

static void descriptors_are_closed_on_errors(void **state)
{
    (void)state;
    struct frame f;
    int before = open_descriptors();
    for (int variant = 0; variant < 3; variant++) {
        struct pair p = make_pair();
        struct wire_reader r = {0};
        if (variant == 0) { /* more than may come */
            send_with(p.a, p.a, 9, "\0\0\0\6\0\0\0\2{}", 10);
        } else if (variant == 1) { /* too many in pieces */
            send_with(p.a, p.a, 3, "\0\0\0\6\0", 5);
            send_with(p.a, p.a, 3, "\0\0\2{}", 5);
        } else { /* with garbage */
            send_with(p.a, p.a, 2, "\0\0\0\6\0\0\0\2{]", 10);
        }
        assert_int_equal(wire_read(&r, p.b, &f), WIRE_ERROR);
        wire_reader_free(&r);
        close_pair(&p);
        assert_int_equal(open_descriptors(), before);
    }
    struct pair p = make_pair(); /* and when the frame never ends */
    struct wire_reader r = {0};
    send_with(p.a, p.a, 2, "\0\0\0\6\0", 5);
    assert_int_equal(wire_read(&r, p.b, &f), WIRE_AGAIN);
    assert_int_equal(open_descriptors(), before + 4);
    wire_reader_free(&r);
    close_pair(&p);
    assert_int_equal(open_descriptors(), before);
}

/* --- entries --------------------------------------------------------------------------------*/

static int file_of(size_t size)
{
    int fd = memfd_create("body", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    return fd;
}

static void full_entry(struct entry *e)
{
    entry_init(e);
    e->event = "prepared";
    e->direction = "outbound";
    e->level = "prepared";
    e->actor = "jeanne";
    assert_true(strings_add(&e->dossiers, "F-2026-001"));
    assert_true(strings_add(&e->ids, "<caf\xe9@x.example>")); /* no clean UTF-8 */
    assert_true(strings_add(&e->recipients, "paul@debtor.example"));
    e->private_part = json_pack("{s:s}", "invoice", "F-2026-001");
    e->token = 123456789;
    e->base_subject = strdup("facture");
    e->pauses = true;
    e->learn_debtor = strdup("D1");
    assert_true(strings_add(&e->learn_addresses, "paul@debtor.example"));
    e->has_retry = true;
    memset(e->retry, 0xab, sizeof e->retry);
    assert_true(edits_add(&e->edits, EDIT_ADD, "Temoin-Token", 0, " abc", NULL));
    e->message.present = true;
    e->message.size = 300000;
    memset(e->message.nonce, 1, NONCE_OCTETS);
    memset(e->message.sha256, 2, HASH_OCTETS);
    memset(e->message.commitment, 3, HASH_OCTETS);
    assert_true(bytes_append(&e->message.packed, "\0zstd", 5));
    e->message.body_fd = file_of(290000);
    e->message.body_size = 290000;
}

/* Through a socket, as from milter to scribe. */
static bool there_and_back(const struct entry *e, struct entry *back, const char **error)
{
    struct pair p = make_pair();
    struct frame out, in;
    assert_true(entry_to_frame(e, "append", &out));
    assert_int_equal(
        wire_send(p.a, out.json, out.blob.data, out.blob.len, out.fds, out.fd_count, 100), WIRE_OK);
    assert_int_equal(wire_receive(p.b, &in, 100), WIRE_OK);
    assert_string_equal(frame_op(&in), "append");
    bool done = entry_from_frame(&in, back, error);
    frame_free(&out);
    frame_free(&in);
    close_pair(&p);
    return done;
}

static void an_entry_survives_the_way(void **state)
{
    (void)state;
    struct entry e, back;
    const char *error;
    int before = open_descriptors();
    full_entry(&e);
    assert_true(there_and_back(&e, &back, &error));
    assert_string_equal(back.event, "prepared");
    assert_string_equal(back.direction, "outbound");
    assert_string_equal(back.actor, "jeanne");
    assert_string_equal(back.dossiers.items[0], "F-2026-001");
    assert_string_equal(back.ids.items[0], "<caf\xe9@x.example>");
    assert_string_equal(back.recipients.items[0], "paul@debtor.example");
    assert_true(json_equal(back.private_part, e.private_part));
    assert_int_equal(back.token, 123456789);
    assert_string_equal(back.base_subject, "facture");
    assert_true(back.pauses);
    assert_string_equal(back.learn_debtor, "D1");
    assert_true(back.has_retry);
    assert_memory_equal(back.retry, e.retry, HASH_OCTETS);
    assert_int_equal(back.edits.count, 1);
    assert_string_equal(back.edits.items[0].value, " abc");
    assert_int_equal(back.message.size, 300000);
    assert_memory_equal(back.message.commitment, e.message.commitment, HASH_OCTETS);
    assert_int_equal(back.message.packed.len, 5);
    assert_int_equal(back.message.body_size, 290000);
    assert_true(back.message.body_fd >= 0);
    entry_free(&back);
    entry_free(&e);
    assert_int_equal(open_descriptors(), before);
}

/* Decode a change of a good entry's JSON; the field that is refused, "" for none. */
static const char *refused_field(const char *key, json_t *value)
{
    struct entry e, back;
    struct frame f;
    const char *error;
    full_entry(&e);
    assert_true(entry_to_frame(&e, "append", &f));
    assert_int_equal(value ? json_object_set_new(f.json, key, value) : json_object_del(f.json, key),
                     0);
    bool done = entry_from_frame(&f, &back, &error);
    entry_free(&back);
    frame_free(&f);
    entry_free(&e);
    return done ? "" : error;
}

static void bad_fields_are_named(void **state)
{
    (void)state;
    int before = open_descriptors();
    assert_string_equal(refused_field("event", NULL), "event");
    assert_string_equal(refused_field("event", json_string("a\nb")), "event");
    assert_string_equal(refused_field("direction", json_string("sideways")), "direction");
    assert_string_equal(refused_field("dossiers", json_string("F1")), "dossiers");
    assert_string_equal(refused_field("private", json_array()), "private");
    assert_string_equal(refused_field("message", NULL), "message"); /* a blob without */
    assert_string_equal(refused_field("message", json_object()), "message");
    assert_string_equal(refused_field("token", json_integer(-1)), "token");
    assert_string_equal(refused_field("token", json_integer((json_int_t)1 << 41)), "token");
    assert_string_equal(refused_field("decides", json_integer(3)), "decides or decision");
    assert_string_equal(refused_field("retry", json_string("abcd")), "retry");
    assert_string_equal(refused_field("ids", json_pack("[{s:s}]", "b64", "A*==")),
                        "ids or recipients");
    assert_string_equal(refused_field("edits", json_string("none")), "edits");
    assert_string_equal(refused_field("actor", json_pack("{s:s}", "b64", "6Q==")), "");
    assert_int_equal(open_descriptors(), before);
}

static void a_body_must_be_a_file_of_its_size(void **state)
{
    (void)state;
    struct entry e, back;
    const char *error;
    full_entry(&e);
    e.message.body_size = 290001;
    assert_false(there_and_back(&e, &back, &error));
    assert_string_equal(error, "message");
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    close(e.message.body_fd);
    e.message.body_fd = pipe_fds[0];
    e.message.body_size = 0;
    assert_false(there_and_back(&e, &back, &error));
    close(pipe_fds[1]);
    entry_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_at_every_octet),
        cmocka_unit_test(octet_by_octet_and_two_in_a_row),
        cmocka_unit_test(lies_are_refused),
        cmocka_unit_test(an_announcement_takes_no_memory),
        cmocka_unit_test(too_long_is_not_sent),
        cmocka_unit_test(a_full_socket_times_out),
        cmocka_unit_test(a_peer_that_is_gone_raises_no_signal),
        cmocka_unit_test(descriptors_stay_with_their_frame),
        cmocka_unit_test(descriptors_are_closed_on_errors),
        cmocka_unit_test(an_entry_survives_the_way),
        cmocka_unit_test(bad_fields_are_named),
        cmocka_unit_test(a_body_must_be_a_file_of_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
