/*
 * cmd_verify_log - temoin verify --log [--checkpoint FILE [--log-key FILE]] [--json]: is the log
 *                  what was written, and does it begin with what somebody outside holds?
 *
 * 0: intact, and the checkpoint, when there is one, is a beginning of the log; 1: altered, or
 * unsigned for too long, one line for each thing on stdout; 2: intact, but the checkpoint is not
 * signed by the log's key and proves nothing; 66, 74, 77: it cannot be read.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "db/checkpoint.h"
#include "db/cmd_verify.h"

enum { EXIT_ALTERED = 1, EXIT_UNIDENTIFIED = 2, FILE_MAX = 64 * 1024 * 1024 };

/* A checkpoint from outside. */
struct outside {
    struct checkpoint checkpoint; /* no origin: none was given */
    bool is_signed;               /* by the log's key; else it says nothing about the log */
};

static void show_progress(uint64_t done, uint64_t of)
{
    fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " entries", done, of);
    fflush(stderr);
}

/* --- the checkpoint ---------------------------------------------------------------------------*/

static int read_file(const char *file, struct bytes *content)
{
    char chunk[16384];
    FILE *f = fopen(file, "re");
    if (!f)
        return command_fail(errno == EACCES ? EX_NOPERM : EX_NOINPUT, "%s: %s", file,
                            strerror(errno));
    size_t got;
    bool done = true;
    while (done && content->len <= FILE_MAX && (got = fread(chunk, 1, sizeof chunk, f)) > 0)
        done = bytes_append(content, chunk, got);
    bool failed = ferror(f) != 0;
    fclose(f);
    if (!done)
        return command_fail(EX_OSERR, "out of memory");
    if (failed)
        return command_fail(EX_IOERR, "%s: cannot be read", file);
    return content->len <= FILE_MAX ? EX_OK
                                    : command_fail(EX_DATAERR, "%s: is larger than 64 MB", file);
}

static int judge(const struct settings *s, const struct bytes *note, const char *key_file,
                 struct outside *o)
{
    unsigned char key[NOTE_KEY];
    char *name = NULL;
    struct store_error err = {.text = ""};
    enum store_status st = key_file ? log_public_key_file(key_file, key, &name, &err)
                                    : log_public_key(s->key_directory, key, &err);
    if (st == STORE_OK)
        o->is_signed = note_judge(note->data, note->len, name ? name : o->checkpoint.origin, key) ==
                       NOTE_SIGNED;
    free(name);
    return st == STORE_OK ? EX_OK : command_fail_store(st, &err);
}

static int read_checkpoint(const struct settings *s, const char *file, const char *key_file,
                           struct outside *o)
{
    struct bytes content = {0}, note = {0};
    const char *why = "it holds none";
    int status = read_file(file, &content);
    if (status == EX_OK &&
        (!note_find(content.data ? content.data : "", content.len, &note) ||
         !checkpoint_parse(note.data ? note.data : "", note.len, &o->checkpoint, &why)))
        status = command_fail(EX_DATAERR,
                              "%s: is no checkpoint (%s): give a signed note, or a message with "
                              "the field Temoin-Checkpoint as it was delivered",
                              file, why);
    if (status == EX_OK)
        status = judge(s, &note, key_file, o);
    bytes_free(&content);
    bytes_free(&note);
    return status;
}

/* --- the answer -------------------------------------------------------------------------------*/

static void print_checkpoint(const struct verdict *v, const struct outside *o)
{
    const struct checkpoint *c = &o->checkpoint;
    if (!o->is_signed)
        printf("the checkpoint of %s, %" PRIu64 " entries, is not signed by the log key: whoever "
               "wrote it, it proves nothing\n",
               c->origin, c->size);
    if (v->witnessed)
        printf("the checkpoint of %s, %" PRIu64 " entries, is a beginning of this log: none of "
               "them was removed, inserted, changed or moved since\n",
               c->origin, c->size);
}

static void print_text(const struct verdict *v, const struct outside *o)
{
    for (size_t i = 0; i < v->count; i++) {
        const struct finding *f = &v->findings[i];
        if (f->seq)
            printf("entry %" PRIu64 ": %s\n", f->seq, f->what);
        else
            printf("%s\n", f->what);
    }
    if (o->checkpoint.origin)
        print_checkpoint(v, o);
    if (v->count == 0)
        printf("intact: all that was written is there, unchanged (entries: %" PRIu64
               ", messages: %" PRIu64 ", dossiers: %" PRIu64 ")",
               v->entries, v->messages, v->dossiers);
    else
        printf("NOT INTACT (findings: %zu, entries: %" PRIu64 ")", v->count, v->entries);
    if (v->erased)
        printf("; erased: %" PRIu64, v->erased);
    if (v->unsigned_yet)
        printf("; not yet signed: %" PRIu64, v->unsigned_yet);
    printf("\n");
}

static json_t *result_json(const struct verdict *v, const struct outside *o)
{
    json_t *json = verdict_json(v);
    if (!json || !o->checkpoint.origin)
        return json;
    json_t *one =
        json_pack("{s:s, s:I, s:b, s:b}", "origin", o->checkpoint.origin, "size",
                  (json_int_t)o->checkpoint.size, "signed", o->is_signed, "prefix", v->witnessed);
    if (json_object_set_new(json, "checkpoint", one) == 0)
        return json;
    json_decref(json);
    return NULL;
}

static int print_result(const struct verdict *v, const struct outside *o, bool as_json)
{
    int status = EX_OK;
    if (as_json)
        status = command_print_json(result_json(v, o));
    else {
        print_text(v, o);
        if (fflush(stdout) != 0 || ferror(stdout))
            status = command_fail(EX_IOERR, "cannot write to standard output");
    }
    if (status != EX_OK)
        return status;
    if (v->count)
        return EXIT_ALTERED;
    return o->checkpoint.origin && !o->is_signed ? EXIT_UNIDENTIFIED : EX_OK;
}

/* "cannot be read" is 66 or 74 (or 77): a damaged file gives 74 where exit_status() has 65. */
static int unreadable(enum store_status st, const struct verdict *v, const struct store_error *err)
{
    for (size_t i = 0; i < v->count; i++)
        fprintf(stderr, "temoin: found before: entry %" PRIu64 ": %s\n", v->findings[i].seq,
                v->findings[i].what);
    command_fail_store(st, err);
    return st == STORE_CORRUPT || st == STORE_INVALID ? EX_IOERR : exit_status(st);
}

int verify_log_command(const struct command_context *c, const struct verify_log_wishes *w)
{
    if (!c->settings)
        return command_fail(EX_CONFIG, "verify --log needs the configuration %s", c->config_file);
    struct verdict v = {0};
    struct outside o = {.is_signed = false};
    struct store_error err = {0};
    if (w->checkpoint) {
        int status = read_checkpoint(c->settings, w->checkpoint, w->log_key, &o);
        if (status != EX_OK) {
            checkpoint_free(&o.checkpoint);
            return status;
        }
        v.witness = o.is_signed ? &o.checkpoint : NULL;
    }
    bool shows = isatty(STDERR_FILENO);
    enum store_status st =
        verify_log(c->settings, (int64_t)time(NULL), shows ? show_progress : NULL, &v, &err);
    if (shows)
        fputs("\r\033[K", stderr);
    int status = st == STORE_OK ? print_result(&v, &o, w->json) : unreadable(st, &v, &err);
    verdict_free(&v);
    checkpoint_free(&o.checkpoint);
    return status;
}
