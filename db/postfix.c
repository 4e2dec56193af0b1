/*
 * postfix - what the configuration of a Postfix on this machine says about milters
 *
 * Three questions: main.cf's values, master.cf's own values (-P), master.cf's commands and
 * chroot flags (-F). Answers are lines "name = value".
 */
#include "db/postfix.h"

#include <ctype.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_MAX = 1024 * 1024, ARGUMENTS = 24 };

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

static void service_free(struct postfix_service *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->milters[i].address);
        free(s->milters[i].default_action);
    }
    free(s->milters);
    free(s->name);
    free(s->default_action);
}

void postfix_free(struct postfix *p)
{
    for (size_t i = 0; i < p->count; i++)
        service_free(&p->services[i]);
    free(p->services);
    free(p->queue_directory);
    free(p->mail_owner);
    free(p->filter_classes);
    free(p->protocol);
    *p = (struct postfix){0};
}

/* --- asking ---------------------------------------------------------------------------------*/

static bool read_answer(int fd, struct bytes *answer)
{
    char chunk[4096];
    ssize_t got;
    while ((got = read(fd, chunk, sizeof chunk)) > 0 || (got < 0 && errno == EINTR))
        if (got > 0 && answer->len < ANSWER_MAX && !bytes_append(answer, chunk, (size_t)got))
            return false;
    return got == 0;
}

static enum store_status run(char **arguments, struct bytes *answer, struct store_error *err)
{
    extern char **environ;
    posix_spawn_file_actions_t actions;
    int ends[2], ended = 0;
    pid_t child;
    if (pipe(ends) != 0)
        return store_fail_errno(err, errno, "cannot make a pipe");
    int failed = posix_spawn_file_actions_init(&actions);
    if (!failed) {
        failed = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        if (!failed)
            failed = posix_spawn_file_actions_addclose(&actions, ends[0]);
        if (!failed)
            failed = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    close(ends[1]);
    bool done = !failed && read_answer(ends[0], answer);
    close(ends[0]);
    if (failed)
        return store_fail(err, STORE_NOT_FOUND, "cannot run %s: %s: is Postfix installed?",
                          arguments[0], strerror(failed));
    while (waitpid(child, &ended, 0) < 0)
        if (errno != EINTR)
            return store_fail_errno(err, errno, "cannot wait for postconf");
    if (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0 || !done)
        return store_fail(err, STORE_INVALID,
                          "postconf failed: see above, and set postfix_config_directory");
    return STORE_OK;
}

/* postconf [-c DIR] WORDS…: `words` ends with NULL. */
static enum store_status postconf(const char *directory, const char *const *words,
                                  struct bytes *answer, struct store_error *err)
{
    char *arguments[ARGUMENTS] = {NULL};
    size_t n = 0;
    bool copied = true;
    const char *head[] = {"postconf", directory ? "-c" : NULL, directory};
    for (size_t i = 0; i < 3 && copied; i++)
        if (head[i])
            copied = (arguments[n++] = strdup(head[i])) != NULL;
    for (; *words && copied && n + 1 < ARGUMENTS; words++)
        copied = (arguments[n++] = strdup(*words)) != NULL;
    enum store_status status = copied ? run(arguments, answer, err) : no_memory(err);
    for (size_t i = 0; i < n; i++)
        free(arguments[i]);
    return status;
}

/* The value of "name = value" in an answer, malloc'd; NULL: not there, or out of memory. */
static char *value_of(const struct bytes *answer, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = answer->data; line && *line;) {
        const char *end = strchr(line, '\n');
        size_t whole = end ? (size_t)(end - line) : strlen(line);
        if (whole >= len + 2 && strncmp(line, name, len) == 0 &&
            strncmp(line + len, " =", 2) == 0) {
            const char *value = line + len + 2;
            while (value < line + whole && *value == ' ')
                value++;
            return strndup(value, (size_t)(line + whole - value));
        }
        line = end ? end + 1 : NULL;
    }
    return NULL;
}

/* --- lists of milters -----------------------------------------------------------------------*/

/* "inet:host:port, default_action=accept, timeout=…": the address and its options. */
static bool take_braced(const char *text, size_t len, struct postfix_milter *m)
{
    static const char key[] = "default_action";
    char *copy = strndup(text, len), *rest = copy, *word;
    bool done = copy != NULL;
    while (done && (word = strsep(&rest, ", \t\n")) != NULL) {
        char *equals = strchr(word, '=');
        if (!*word)
            continue;
        if (!m->address)
            done = (m->address = strdup(word)) != NULL;
        else if (equals && strncmp(word, key, sizeof key - 1) == 0 && !m->default_action)
            done = (m->default_action = strdup(equals + 1)) != NULL;
    }
    free(copy);
    return done;
}

static bool add_milter(struct postfix_milter **milters, size_t *count,
                       const struct postfix_milter *m)
{
    struct postfix_milter *grown = realloc(*milters, (*count + 1) * sizeof *grown);
    if (!grown)
        return false;
    *milters = grown;
    grown[(*count)++] = *m;
    return true;
}

bool postfix_milters_parse(const char *list, struct postfix_milter **milters, size_t *count)
{
    static const char between[] = ", \t\r\n";
    *milters = NULL;
    *count = 0;
    for (;;) {
        list += strspn(list, between);
        if (!*list)
            return true;
        bool braced = *list == '{';
        list += braced;
        size_t len = strcspn(list, braced ? "}" : between);
        struct postfix_milter m = {NULL, NULL};
        bool done = take_braced(list, len, &m) && (!m.address || add_milter(milters, count, &m));
        if (!done || !m.address) {
            free(m.address);
            free(m.default_action);
        }
        if (!done)
            return false;
        list += len;
        list += braced && *list == '}';
    }
}

/* --- services -------------------------------------------------------------------------------*/

/* A parameter as it holds in a service: master.cf's -o, else main.cf's. */
static char *held_value(const struct bytes *master, const struct bytes *main_cf,
                        const char *service, const char *parameter)
{
    struct bytes name = {0};
    char *value = NULL;
    if (bytes_printf(&name, "%s/%s", service, parameter))
        value = value_of(master, name.data);
    bytes_free(&name);
    return value ? value : value_of(main_cf, parameter);
}

static bool fill_service(const struct bytes *main_cf, const struct bytes *master,
                         const struct bytes *fields, struct postfix_service *s)
{
    struct bytes name = {0};
    const char *parameter = s->cleanup ? "non_smtpd_milters" : "smtpd_milters";
    char *list = held_value(master, main_cf, s->name, parameter);
    char *login = held_value(master, main_cf, s->name, "smtpd_sasl_auth_enable");
    bool named = bytes_printf(&name, "%s/chroot", s->name);
    char *chroot_flag = named ? value_of(fields, name.data) : NULL;
    s->default_action = held_value(master, main_cf, s->name, "milter_default_action");
    s->offers_login = !s->cleanup && login && strcmp(login, "yes") == 0;
    s->chrooted = chroot_flag && chroot_flag[0] == 'y';
    bool done = list && s->default_action && chroot_flag &&
                postfix_milters_parse(list, &s->milters, &s->count);
    free(list);
    free(login);
    free(chroot_flag);
    bytes_free(&name);
    return done;
}

static bool add_service(struct postfix *p, const char *name, size_t len, bool cleanup,
                        const struct bytes *main_cf, const struct bytes *master,
                        const struct bytes *fields)
{
    struct postfix_service *grown = realloc(p->services, (p->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    p->services = grown;
    struct postfix_service *s = &grown[p->count++];
    *s = (struct postfix_service){.cleanup = cleanup, .name = strndup(name, len)};
    return s->name && fill_service(main_cf, master, fields, s);
}

/* Lines "submission/inet/command = smtpd -o …" of those that run milters. */
static bool take_services(struct postfix *p, const struct bytes *main_cf,
                          const struct bytes *master, const struct bytes *fields)
{
    static const char key[] = "/command = ";
    for (const char *line = fields->data; line && *line;) {
        const char *end = strchr(line, '\n');
        const char *command = strstr(line, key);
        if (command && (!end || command < end)) {
            const char *program = command + sizeof key - 1;
            size_t word = strcspn(program, " \t\n");
            bool smtpd = word == 5 && strncmp(program, "smtpd", word) == 0;
            bool cleanup = word == 7 && strncmp(program, "cleanup", word) == 0;
            if ((smtpd || cleanup) &&
                !add_service(p, line, (size_t)(command - line), cleanup, main_cf, master, fields))
                return false;
        }
        line = end ? end + 1 : NULL;
    }
    return true;
}

enum store_status postfix_ask(const char *config_directory, struct postfix *p,
                              struct store_error *err)
{
    static const char *const values[] = {"-x",
                                         "smtpd_milters",
                                         "non_smtpd_milters",
                                         "milter_default_action",
                                         "internal_mail_filter_classes",
                                         "queue_directory",
                                         "mail_owner",
                                         "milter_protocol",
                                         "smtpd_sasl_auth_enable",
                                         NULL};
    static const char *const own[] = {"-x", "-P", NULL};
    static const char *const services[] = {"-F", "*/*/command", "*/*/chroot", NULL};
    struct bytes main_cf = {0}, master = {0}, fields = {0};
    *p = (struct postfix){0};
    enum store_status status = postconf(config_directory, values, &main_cf, err);
    if (status == STORE_OK)
        status = postconf(config_directory, own, &master, err);
    if (status == STORE_OK)
        status = postconf(config_directory, services, &fields, err);
    if (status == STORE_OK) {
        p->queue_directory = value_of(&main_cf, "queue_directory");
        p->mail_owner = value_of(&main_cf, "mail_owner");
        p->filter_classes = value_of(&main_cf, "internal_mail_filter_classes");
        p->protocol = value_of(&main_cf, "milter_protocol");
        if (!p->queue_directory || !p->mail_owner || !p->filter_classes || !p->protocol ||
            !take_services(p, &main_cf, &master, &fields))
            status = store_fail(err, STORE_INVALID,
                                "postconf's answers are not understood: is it Postfix 3?");
    }
    bytes_free(&main_cf);
    bytes_free(&master);
    bytes_free(&fields);
    return status;
}
