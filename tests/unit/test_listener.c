/*
 * test_listener - sockets: stale ones replaced, answered ones respected, directories checked
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "milter/listener.h"
#include "milter/pidfile.h"

struct place {
    char directory[64];
    char path[96];
    char spec[104];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    strcpy(p->directory, "/tmp/temoin-listener-XXXXXX");
    if (!p || !mkdtemp(p->directory) || chmod(p->directory, 0755) != 0)
        return -1;
    snprintf(p->path, sizeof p->path, "%s/smtp", p->directory);
    snprintf(p->spec, sizeof p->spec, "unix:%s", p->path);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;
    unlink(p->path);
    rmdir(p->directory);
    free(p);
    return 0;
}

static bool connects(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(a.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bool good = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    close(fd);
    return good;
}

static bool listener_fails(const char *spec, const char *word)
{
    struct bound b;
    struct store_error err = {{0}};
    bool bound = listener_bind(spec, 0660, (gid_t)-1, &b, &err);
    if (bound)
        listener_close(&b);
    assert_int_equal(b.fd, -1);
    return !bound && strstr(err.text, word);
}

static void binds_with_mode_and_unlinks(void **state)
{
    struct place *p = *state;
    struct bound b;
    struct stat st;
    assert_true(listener_bind(p->spec, 0620, (gid_t)-1, &b, NULL));
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0620);
    assert_true(fcntl(b.fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(b.fd, F_GETFD) & FD_CLOEXEC);
    assert_true(connects(p->path));
    listener_close(&b);
    assert_int_equal(access(p->path, F_OK), -1);
}

static void a_stale_socket_is_replaced(void **state)
{
    struct place *p = *state;
    struct bound old, b;
    assert_true(listener_bind(p->spec, 0660, (gid_t)-1, &old, NULL));
    close(old.fd); /* the process is gone, its path is not */
    assert_true(listener_bind(p->spec, 0660, (gid_t)-1, &b, NULL));
    assert_true(connects(p->path));
    free(old.path);
    listener_close(&b);
}

static void an_answering_socket_is_left_alone(void **state)
{
    struct place *p = *state;
    struct bound first;
    assert_true(listener_bind(p->spec, 0660, (gid_t)-1, &first, NULL));
    assert_true(listener_fails(p->spec, "another process serves"));
    assert_true(connects(p->path));
    listener_close(&first);
}

static void a_successors_path_is_not_unlinked(void **state)
{
    struct place *p = *state;
    struct bound old, b;
    assert_true(listener_bind(p->spec, 0660, (gid_t)-1, &old, NULL));
    unlink(p->path);
    assert_true(listener_bind(p->spec, 0660, (gid_t)-1, &b, NULL));
    listener_close(&old);
    assert_true(connects(p->path));
    listener_close(&b);
}

static void directories_of_others_are_refused(void **state)
{
    struct place *p = *state;
    assert_int_equal(chmod(p->directory, 0777), 0);
    assert_true(listener_fails(p->spec, "chmod go-w"));
    assert_int_equal(chmod(p->directory, 0775), 0);
    assert_true(listener_fails(p->spec, "chmod go-w"));
    assert_int_equal(chmod(p->directory, 0755), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(p->directory, 12345, (gid_t)-1), 0);
        assert_true(listener_fails(p->spec, "chown root"));
        assert_int_equal(chown(p->directory, 0, (gid_t)-1), 0);
    }
    struct bound b;
    assert_true(listener_bind(p->spec, 0660, (gid_t)-1, &b, NULL));
    listener_close(&b);
}

static void a_missing_directory_is_made(void **state)
{
    struct place *p = *state;
    char inner[110], spec[128];
    struct stat st;
    struct bound b;
    snprintf(inner, sizeof inner, "%s/new", p->directory);
    snprintf(spec, sizeof spec, "unix:%s/smtp", inner);
    assert_true(listener_bind(spec, 0660, (gid_t)-1, &b, NULL));
    assert_int_equal(stat(inner, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    listener_close(&b);
    assert_int_equal(rmdir(inner), 0);
}

static void what_is_no_socket_stays(void **state)
{
    struct place *p = *state;
    close(open(p->path, O_CREAT | O_WRONLY, 0600));
    assert_true(listener_fails(p->spec, "no socket"));
    assert_int_equal(access(p->path, F_OK), 0);
}

static void bad_specifications_are_explained(void **state)
{
    (void)state;
    char longer[300] = "unix:/tmp/";
    memset(longer + 10, 'x', 150);
    assert_true(listener_fails("local:/tmp/x", "write unix:/path"));
    assert_true(listener_fails("inet:8891", "port@address"));
    assert_true(listener_fails("inet:8891@localhost", "numeric"));
    assert_true(listener_fails("inet:smtp@127.0.0.1", "numeric"));
    assert_true(listener_fails(longer, "longer than"));
}

static void inet_binds(void **state)
{
    (void)state;
    struct bound b;
    struct sockaddr_in a;
    socklen_t len = sizeof a;
    assert_true(listener_bind("inet:0@127.0.0.1", 0660, (gid_t)-1, &b, NULL));
    assert_int_equal(getsockname(b.fd, (struct sockaddr *)&a, &len), 0);
    assert_int_equal(ntohl(a.sin_addr.s_addr), INADDR_LOOPBACK);
    assert_null(b.path);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, len), 0);
    close(fd);
    listener_close(&b);
}

static void one_pid_file_a_directory(void **state)
{
    struct place *p = *state;
    struct pidfile first, second;
    struct store_error err = {{0}};
    char path[128], text[32] = "";
    snprintf(path, sizeof path, "%s/temoind.pid", p->directory);
    assert_true(pidfile_take(p->directory, &first, &err));
    int fd = open(path, O_RDONLY);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    close(fd);
    assert_int_equal(atol(text), getpid());
    assert_false(pidfile_take(p->directory, &second, &err));
    assert_non_null(strstr(err.text, "running already"));
    pidfile_release(&first);
    assert_int_equal(access(path, F_OK), -1);
    assert_true(pidfile_take(p->directory, &second, &err));
    pidfile_release(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(binds_with_mode_and_unlinks, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_stale_socket_is_replaced, make_place, remove_place),
        cmocka_unit_test_setup_teardown(an_answering_socket_is_left_alone, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(a_successors_path_is_not_unlinked, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(directories_of_others_are_refused, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(a_missing_directory_is_made, make_place, remove_place),
        cmocka_unit_test_setup_teardown(what_is_no_socket_stays, make_place, remove_place),
        cmocka_unit_test(bad_specifications_are_explained),
        cmocka_unit_test(inet_binds),
        cmocka_unit_test_setup_teardown(one_pid_file_a_directory, make_place, remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
