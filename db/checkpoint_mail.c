/*
 * checkpoint_mail - the newest checkpoint by mail to checkpoint_to (see checkpoint_mail.h)
 *
 * The mail carries the checkpoint in Temoin-Checkpoint, so that it can be handed to "temoin verify
 * --log --checkpoint" as it is, and in clear for who reads it.
 */
#include "db/checkpoint_mail.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/checkpoint.h"
#include "db/record.h"

extern char **environ;

struct mailing {
    struct bytes note;
    struct checkpoint checkpoint;
    struct bytes text; /* the mail */
};

static void mailing_free(struct mailing *m)
{
    bytes_free(&m->note);
    checkpoint_free(&m->checkpoint);
    bytes_free(&m->text);
}

static int read_newest(const struct settings *s, struct mailing *m)
{
    struct seal_store *seals = NULL;
    struct store_error err = {.text = ""};
    const char *why;
    enum store_status st = seal_store_open(s->store_directory, STORE_READ, &seals, &err);
    if (st == STORE_OK)
        st = checkpoint_latest(seals, &m->note, &err);
    seal_store_close(seals);
    if (st == STORE_NOT_FOUND)
        return command_fail(EX_TEMPFAIL, "%s: is temoind's sealer running?", err.text);
    if (st != STORE_OK)
        return command_fail_store(st, &err);
    if (!checkpoint_parse(m->note.data, m->note.len, &m->checkpoint, &why))
        return command_fail(EX_DATAERR,
                            "the newest checkpoint is damaged (%s): run \"temoin "
                            "verify --log\"",
                            why);
    return EX_OK;
}

/* --- the mail ---------------------------------------------------------------------------------*/

static const char explanation[] =
    "Ceci est le point de contrôle du journal tenu par le programme temoin de\n"
    "l'expéditeur. Conservez ce message : il prouve que ce journal contenait à sa date\n"
    "ces écritures et pas d'autres. Rien n'est demandé de plus. Pour vérifier plus tard\n"
    "que rien n'a été retiré, ajouté ni modifié avant lui :\n"
    "\n"
    "    temoin verify --log --checkpoint CE-MESSAGE\n"
    "\n"
    "This is the checkpoint of the log that the sender's program temoin keeps. Keep this\n"
    "message: it proves that at its date the log held these entries and no others.\n"
    "Nothing else is asked of you. To check later that nothing before it was removed,\n"
    "added or changed, run the command above.\n"
    "\n";

static bool compose(const struct settings *s, struct mailing *m)
{
    const struct checkpoint *c = &m->checkpoint;
    bool done = bytes_printf(&m->text, "From: temoin@%s\nTo: ", s->company_domain);
    for (size_t i = 0; done && i < s->checkpoint_to.count; i++)
        done = bytes_printf(&m->text, "%s%s", i ? ",\n\t" : "", s->checkpoint_to.items[i]);
    return done &&
           bytes_printf(&m->text,
                        "\nSubject: =?utf-8?Q?Point_de_contr=C3=B4le?= (checkpoint) %s : %llu\n"
                        "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n"
                        "Content-Type: text/plain; charset=utf-8\n"
                        "Content-Transfer-Encoding: 8bit\n" CHECKPOINT_FIELD ":",
                        c->origin, (unsigned long long)c->size) &&
           note_field(m->note.data, m->note.len, &m->text) && bytes_puts(&m->text, "\n\n") &&
           bytes_puts(&m->text, explanation) && bytes_append(&m->text, m->note.data, m->note.len);
}

/* Write all to the program's standard input; false: it did not take it. */
static bool feed(int fd, const struct bytes *text)
{
    size_t at = 0;
    while (at < text->len) {
        ssize_t n = write(fd, text->data + at, text->len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static int hand_over(const char *program, const struct bytes *text)
{
    char dash_i[] = "-i", dash_t[] = "-t";
    char *argv[] = {(char *)program, dash_i, dash_t, NULL};
    posix_spawn_file_actions_t actions;
    int pipe_fds[2], status = 0;
    pid_t pid;
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return command_fail(EX_OSERR, "pipe: %s", strerror(errno));
    int code = posix_spawn_file_actions_init(&actions);
    if (code == 0) {
        code = posix_spawn_file_actions_adddup2(&actions, pipe_fds[0], STDIN_FILENO);
        if (code == 0)
            code = posix_spawn(&pid, program, &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    close(pipe_fds[0]);
    bool fed = code == 0 && feed(pipe_fds[1], text);
    close(pipe_fds[1]);
    if (code != 0)
        return command_fail(EX_UNAVAILABLE, "%s: %s: see sendmail_path in temoin.conf", program,
                            strerror(code));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (fed && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return EX_OK;
    return command_fail(EX_TEMPFAIL, "%s did not take the mail (status %d)", program,
                        WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

/* --- the entry --------------------------------------------------------------------------------*/

static int enter(const struct command_context *c, const struct mailing *m)
{
    struct entry e;
    struct appended done = {0};
    char root[2 * TREE_HASH + 1];
    record_hex(m->checkpoint.root, TREE_HASH, root);
    entry_init(&e);
    e.event = "checkpoint";
    e.actor = c->actor;
    e.private_part =
        json_pack("{s:o, s:s, s:I, s:s, s:s}", "sent_to", json_strings(&c->settings->checkpoint_to),
                  "origin", m->checkpoint.origin, "size", (json_int_t)m->checkpoint.size, "root",
                  root, "note", m->note.data);
    int status = e.private_part ? command_append(c->settings, &e, &done)
                                : command_fail(EX_OSERR, "out of memory");
    appended_free(&done);
    entry_free(&e);
    return status;
}

int checkpoint_mail(const struct command_context *c)
{
    struct mailing m = {.checkpoint = {.origin = NULL}};
    if (c->settings->checkpoint_to.count == 0)
        return command_fail(EX_CONFIG, "checkpoint_to is empty: name people outside, an auditor or "
                                       "a lawyer, in temoin.conf");
    int status = read_newest(c->settings, &m);
    if (status == EX_OK && !compose(c->settings, &m))
        status = command_fail(EX_OSERR, "out of memory");
    if (status == EX_OK)
        status = hand_over(c->settings->sendmail_path, &m.text);
    if (status == EX_OK)
        status = enter(c, &m);
    if (status == EX_OK)
        printf("Checkpoint of %llu entries handed over for %zu people.\n",
               (unsigned long long)m.checkpoint.size, c->settings->checkpoint_to.count);
    mailing_free(&m);
    return status;
}
