/*
 * cmd_init - temoin init: keys, seal, store, the first log entry; rotation of the token key
 *
 * Run as root, directories and keys are made by root and handed to their owners; each database
 * is made by a child process that is its owner, so that no file of root's is left in the store.
 * As any other user everything is made by and for that user.
 *
 * What is there already is kept; a store that holds entries is refused. So a run that was cut
 * short can be repeated.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <openssl/rand.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/batch.h"
#include "db/checkpoint.h"
#include "db/command.h"
#include "db/example_conf.h"
#include "db/keys.h"
#include "db/register.h"
#include "db/seal.h"
#include "db/writer.h"

enum { SEAL_MS = 3000 };

static const char help[] =
    "usage: temoin init\n"
    "       temoin init --rotate-token-key | --missing-keys\n\n"
    "Makes the token key, the seal (a self-signed certificate), the log key, the store and its\n"
    "first entry.\n"
    "Without a configuration, writes an example of one and stops. Never overwrites anything.\n\n"
    "  --rotate-token-key  add a new token key; old tokens stay valid\n"
    "  --missing-keys      make the keys that a store of an earlier version has not\n";

/* Who owns what. Not root: nobody is changed to. */
struct owners {
    uid_t user, sealer;
    gid_t group;
};

struct init {
    const struct command_context *c;
    const struct settings *s;
    struct strings made; /* the keys that this run made: "token", "seal", "export", "log" */
};

static int find_user(const char *name, uid_t *uid, gid_t *gid)
{
    const struct passwd *pw = getpwnam(name);
    if (!pw)
        return command_fail(EX_NOUSER,
                            "user %s does not exist: create it (adduser --system --group %s), or "
                            "name another in the configuration",
                            name, name);
    *uid = pw->pw_uid;
    if (gid)
        *gid = pw->pw_gid;
    return EX_OK;
}

static int find_owners(const struct settings *s, struct owners *o)
{
    uid_t milter, reader;
    *o = (struct owners){(uid_t)-1, (uid_t)-1, (gid_t)-1};
    if (geteuid() != 0)
        return EX_OK;
    int status = find_user(s->user, &o->user, &o->group);
    if (status == EX_OK)
        status = find_user(s->sealer_user, &o->sealer, NULL);
    if (status == EX_OK)
        status = find_user(s->reader_user, &reader, NULL);
    return status == EX_OK ? find_user(s->milter_user, &milter, NULL) : status;
}

static bool exists(const char *directory, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    int len = snprintf(path, sizeof path, "%s/%s", directory, name);
    return len > 0 && (size_t)len < sizeof path && lstat(path, &st) == 0;
}

/* Make a directory and those above it (0755, our own); one that exists is left as it is. */
static int make_directory(const char *path, mode_t mode, uid_t owner, gid_t group)
{
    char up[PATH_MAX];
    int len = snprintf(up, sizeof up, "%s", path);
    if (len < 0 || (size_t)len >= sizeof up)
        return command_fail(EX_CONFIG, "%s: the name is too long", path);
    for (char *slash = strchr(up + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(up, 0755) != 0 && errno != EEXIST)
            return command_fail(EX_CANTCREAT, "cannot make directory %s: %s", up, strerror(errno));
        *slash = '/';
    }
    if (mkdir(path, mode) != 0) {
        struct stat st;
        if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
            return EX_OK;
        return command_fail(EX_CANTCREAT, "cannot make directory %s: %s", path, strerror(errno));
    }
    if (chown(path, owner, group) != 0 || chmod(path, mode) != 0)
        return command_fail(EX_CANTCREAT, "cannot give %s to its owner: %s", path, strerror(errno));
    return EX_OK;
}

static int fail_as_created(enum store_status status, const struct store_error *err)
{
    if (status == STORE_OK)
        return EX_OK;
    return command_fail(status == STORE_INVALID ? EX_CANTCREAT : exit_status(status), "%s",
                        err->text);
}

/* --- the example ----------------------------------------------------------------------------*/

static int write_example(const char *file)
{
    char directory[PATH_MAX];
    snprintf(directory, sizeof directory, "%s", file);
    char *slash = strrchr(directory, '/');
    if (slash && slash != directory) {
        *slash = '\0';
        int status = make_directory(directory, 0755, (uid_t)-1, (gid_t)-1);
        if (status != EX_OK)
            return status;
    }
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return command_fail(EX_CANTCREAT, "cannot write %s: %s", file, strerror(errno));
    size_t len = sizeof example_configuration - 1;
    bool done = write(fd, example_configuration, len) == (ssize_t)len && fsync(fd) == 0;
    done = close(fd) == 0 && done;
    if (!done) {
        int code = errno;
        unlink(file);
        return command_fail(EX_CANTCREAT, "cannot write %s: %s", file, strerror(code));
    }
    printf("An example configuration is in %s.\nNothing else was made yet: write your company, "
           "domains and accountants there, then run\n    temoin check\n    temoin init\n",
           file);
    return EX_CONFIG;
}

/* --- keys -----------------------------------------------------------------------------------*/

static int give_key(const char *directory, const char *name, const struct owners *o)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    if (lchown(path, o->sealer, o->group) != 0)
        return command_fail(EX_CANTCREAT, "cannot give %s to its owner: %s", path, strerror(errno));
    return EX_OK;
}

/* A key that signs and its certificate; one that the configuration looks for elsewhere is its
   owner's business. */
static int make_signer(const struct settings *s, const char *name, const char *uri, uid_t owner,
                       gid_t group)
{
    char path[PATH_MAX];
    struct store_error err = {.text = ""};
    const char *wanted = seal_key_file(uri);
    int len = snprintf(path, sizeof path, "%s/%s.key", s->key_directory, name);
    if (len < 0 || (size_t)len >= sizeof path || !wanted || strcmp(path, wanted) != 0 ||
        access(path, F_OK) == 0)
        return EX_OK;
    int status =
        fail_as_created(seal_key_create(s->key_directory, name, s->company_name, &err), &err);
    if (status == EX_OK && lchown(path, owner, group) != 0)
        status =
            command_fail(EX_CANTCREAT, "cannot give %s to its owner: %s", path, strerror(errno));
    return status;
}

/* What was not there before and is now is added to `made`. */
static int make_keys(const struct settings *s, const struct owners *o, struct strings *made)
{
    static const struct {
        const char *key, *file;
    } files[] = {{"token", "token.keys"},
                 {"seal", "seal.key"},
                 {"export", "export.key"},
                 {"log", "log.key"}};
    enum { FILES = sizeof files / sizeof *files };
    bool had[FILES];
    struct store_error err = {.text = ""};
    const char *directory = s->key_directory;
    for (size_t i = 0; i < FILES; i++)
        had[i] = exists(directory, files[i].file);
    int status = make_directory(directory, 0750, (uid_t)-1, o->group);
    if (status == EX_OK && !had[0])
        status = fail_as_created(keys_create(directory, o->group, &err), &err);
    if (status == EX_OK)
        status = make_signer(s, "seal", s->seal_key, o->sealer, o->group);
    if (status == EX_OK)
        status = make_signer(s, "export", s->export_key, o->user, o->group);
    if (status == EX_OK && !had[FILES - 1]) {
        status = fail_as_created(log_key_create(directory, &err), &err);
        if (status == EX_OK)
            status = give_key(directory, "log.key", o);
    }
    for (size_t i = 0; status == EX_OK && i < FILES; i++)
        if (!had[i] && exists(directory, files[i].file) && !strings_add(made, files[i].key))
            status = command_fail(EX_OSERR, "out of memory");
    return status;
}

/* --- the store ------------------------------------------------------------------------------*/

/* As `user`. */
static int make_store(void *context)
{
    const struct settings *s = ((const struct init *)context)->s;
    const char *directory = s->store_directory;
    struct store_error err = {.text = ""};
    struct bytes origin = {0};
    unsigned char octets[4];
    if (RAND_bytes(octets, sizeof octets) != 1)
        return command_fail(EX_SOFTWARE, "OpenSSL gives no random octets");
    if (!bytes_printf(&origin, "temoin.%s/%02x%02x%02x%02x", s->company_domain, octets[0],
                      octets[1], octets[2], octets[3]))
        return command_fail(EX_OSERR, "out of memory");
    int status = EX_OK;
    if (!exists(directory, "register.db"))
        status = fail_as_created(register_create(directory, &err), &err);
    if (status == EX_OK && !exists(directory, "log.db"))
        status = fail_as_created(store_create(directory, origin.data, &err), &err);
    bytes_free(&origin);
    return status;
}

/* As `sealer_user`. */
static int make_seal_store(void *context)
{
    const struct settings *s = ((const struct init *)context)->s;
    struct store_error err = {.text = ""};
    return fail_as_created(seal_store_create(s->store_directory, &err), &err);
}

/* As `user`: 0 when the log is empty or not there yet. */
static int check_empty(void *context)
{
    const struct settings *s = ((const struct init *)context)->s;
    struct store_error err = {.text = ""};
    struct store *store;
    uint64_t last = 0;
    enum store_status status = store_open(s->store_directory, STORE_READ, &store, &err);
    if (status == STORE_NOT_FOUND)
        return EX_OK;
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    status = store_last_seq(store, &last, &err);
    store_close(store);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    return last == 0 ? EX_OK
                     : command_fail(EX_CANTCREAT,
                                    "%s holds a log of %llu entries already: nothing was changed",
                                    s->store_directory, (unsigned long long)last);
}

/* --- entries --------------------------------------------------------------------------------*/

/* As `user`: append a fact whose private part begins with the program's versions. */
static int append_fact(const struct init *i, const char *event, const char *key, json_t *value,
                       uint64_t *seq)
{
    struct entry e;
    struct appended done = {0};
    entry_init(&e);
    e.event = event;
    e.actor = i->c->actor;
    e.private_part = writer_versions(i->s);
    bool made = value && e.private_part && json_object_set(e.private_part, key, value) == 0;
    json_decref(value);
    int status = made ? command_append(i->s, &e, &done) : command_fail(EX_OSERR, "out of memory");
    *seq = done.seq;
    appended_free(&done);
    entry_free(&e);
    return status;
}

/* What people outside need to check the log with. */
struct identity {
    char fingerprint[65]; /* of the seal's certificate */
    char export[65];      /* of the one that seals evidence files */
    char *origin;
    struct bytes log_key; /* as Go's note.NewVerifier takes it */
};

static void identity_free(struct identity *id)
{
    free(id->origin);
    bytes_free(&id->log_key);
}

static int identity_read(const struct settings *s, struct identity *id)
{
    struct store_error err = {.text = ""};
    struct store *store;
    unsigned char key[NOTE_KEY];
    enum store_status status = seal_fingerprint(s->seal_certificate, id->fingerprint, &err);
    if (status == STORE_OK)
        status = seal_fingerprint(s->export_certificate, id->export, &err);
    if (status == STORE_OK)
        status = log_public_key(s->key_directory, key, &err);
    if (status == STORE_OK)
        status = store_open(s->store_directory, STORE_READ, &store, &err);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    status = store_origin(store, &id->origin, &err);
    store_close(store);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    if (!note_verifier(id->origin, key, &id->log_key))
        return command_fail(EX_OSERR, "out of memory");
    return EX_OK;
}

/* As `user`. */
static int first_entry(void *context)
{
    const struct init *i = context;
    struct identity id = {.origin = NULL};
    uint64_t seq;
    int status = identity_read(i->s, &id);
    if (status == EX_OK)
        status = append_fact(i, "init", "seal",
                             json_pack("{s:s, s:s, s:s, s:s, s:o}", "fingerprint", id.fingerprint,
                                       "export", id.export, "origin", id.origin, "log_key",
                                       id.log_key.data, "created", json_strings(&i->made)),
                             &seq);
    if (status == EX_OK)
        printf("The log %s begins. SHA-256 fingerprints of its seal and of its export seal, to be "
               "kept\noutside too:\n  %s\n  %s\nand the key of its checkpoints:\n  %s\n",
               id.origin, id.fingerprint, id.export, id.log_key.data);
    identity_free(&id);
    return status;
}

/* As `sealer_user`: the first signature; left to the daemon when it runs. */
static int sign_first(void *context)
{
    const struct settings *s = ((const struct init *)context)->s;
    struct store_error err = {.text = ""};
    enum store_status status = seal_wait(s, 1, SEAL_MS, &err);
    return status == STORE_OK ? EX_OK : command_fail_store(status, &err);
}

/* As `user`: date what is there, when an authority is configured. Its failure is no failure of
   init: the timer tries again. */
static int date_first(void *context)
{
    const struct init *i = context;
    struct batch_closed done;
    struct store_error err = {.text = ""};
    if (i->s->tsa_count == 0)
        return EX_OK;
    if (batch_close(i->s, i->c->actor, false, &done, &err) == STORE_OK)
        printf("Its beginning is dated by a third party.\n");
    else
        command_fail(EX_OK, "not yet dated: %s", err.text);
    batch_closed_free(&done);
    return EX_OK;
}

static int make_all(struct init *i, const struct owners *o)
{
    const struct settings *s = i->s;
    int status = make_keys(s, o, &i->made);
    if (status == EX_OK)
        status = make_directory(s->store_directory, 0750, o->user, o->group);
    if (status == EX_OK)
        status = command_as_user(s->user, check_empty, i);
    char seal[PATH_MAX];
    int len = snprintf(seal, sizeof seal, "%s/seal", s->store_directory);
    if (status == EX_OK && (len < 0 || (size_t)len >= sizeof seal))
        status = command_fail(EX_CONFIG, "%s: the name is too long", s->store_directory);
    if (status == EX_OK)
        status = make_directory(seal, 0750, o->sealer, o->group);
    if (status == EX_OK && !exists(seal, "seal.db"))
        status = command_as_user(s->sealer_user, make_seal_store, i);
    if (status == EX_OK)
        status = command_as_user(s->user, make_store, i);
    if (status == EX_OK)
        status = command_as_user(s->user, first_entry, i);
    if (status == EX_OK)
        status = command_as_user(s->sealer_user, sign_first, i);
    if (status == EX_OK)
        status = command_as_user(s->user, date_first, i);
    return status;
}

static int init(const struct command_context *c, struct settings *s)
{
    struct init i = {.c = c, .s = s};
    struct owners owners;
    int status = find_owners(s, &owners);
    if (status == EX_OK)
        status = make_all(&i, &owners);
    if (status == EX_OK)
        puts("Next: temoin import your invoices and contacts, start temoind, temoin check --live");
    strings_free(&i.made);
    return status;
}

/* --- rotation -------------------------------------------------------------------------------*/

struct rotation {
    struct init init;
    unsigned number;
};

/* As `user`. */
static int log_rotation(void *context)
{
    const struct rotation *r = context;
    uint64_t seq;
    return append_fact(&r->init, "key", "token_key",
                       json_pack("{s:s, s:i}", "change", "rotated", "active", (int)r->number),
                       &seq);
}

static int rotate(const struct command_context *c, struct settings *s)
{
    struct rotation r = {.init = {.c = c, .s = s}};
    struct store_error err = {.text = ""};
    enum store_status status = keys_rotate(s->key_directory, &r.number, &err);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    int result = command_as_user(s->user, log_rotation, &r);
    printf("Token key %u is active; older ones stay for checking. Reload temoind now, so that it "
           "uses it:\n    systemctl reload temoind\n",
           r.number);
    return result;
}

/* --- keys that an earlier version did not make ----------------------------------------------*/

/* As `user`. */
static int log_missing_keys(void *context)
{
    const struct init *i = context;
    struct identity id = {.origin = NULL};
    uint64_t seq;
    int status = identity_read(i->s, &id);
    if (status == EX_OK)
        status = append_fact(i, "key", "keys",
                             json_pack("{s:o, s:s, s:s}", "created", json_strings(&i->made),
                                       "export", id.export, "log_key", id.log_key.data),
                             &seq);
    if (status == EX_OK)
        printf("Made. Keep outside too the SHA-256 fingerprint of the export seal and the key of "
               "the log's\ncheckpoints:\n  %s\n  %s\n",
               id.export, id.log_key.data);
    identity_free(&id);
    return status;
}

static int make_missing(const struct command_context *c, struct settings *s)
{
    struct init i = {.c = c, .s = s};
    struct owners owners;
    int status = find_owners(s, &owners);
    if (status == EX_OK)
        status = make_keys(s, &owners, &i.made);
    if (status == EX_OK && i.made.count)
        status = command_as_user(s->user, log_missing_keys, &i);
    strings_free(&i.made);
    return status;
}

int command_init(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"rotate-token-key", no_argument, NULL, 'r'},
                                            {"missing-keys", no_argument, NULL, 'm'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int (*work)(const struct command_context *, struct settings *) = init;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
        if (option == '?')
            return command_wrong_option("init", argv, "", options);
        work = option == 'r' ? rotate : make_missing;
    }
    if (optind != argc)
        return command_misused("init", "init takes no argument");
    umask(022);
    if (work == init && access(c->config_file, F_OK) != 0 && errno == ENOENT)
        return write_example(c->config_file);
    struct settings *s;
    int status = command_settings(c->config_file, &s);
    if (status == EX_OK)
        status = work(c, s);
    settings_unref(s);
    return status;
}
