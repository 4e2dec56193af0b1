/*
 * cmd_check - temoin check: configuration, keys, store; with --live, Postfix and the daemon
 *
 * Keys and Postfix are looked at with the caller's rights; then root's are given up, and the
 * store is opened as the user who owns it.
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "db/check.h"
#include "db/dkim_index.h"
#include "db/keys.h"
#include "db/register.h"
#include "db/scribe_client.h"
#include "db/seal.h"

enum { MEGABYTE = 1024 * 1024, STALE_DAYS = 8, DAY_S = 86400, PING_MS = 3000, KEYS_LATE_S = 3600 };

static const char help[] =
    "usage: temoin check [--live] [--json]\n\n"
    "Checks the configuration, the keys and the store.\n\n"
    "  --live  ask the running Postfix and temoind too (as root)\n\n"
    "Exit status: 0 when there is no error, 78 for the configuration, others as for commands.\n";

/* --- lines ----------------------------------------------------------------------------------*/

void check_say(struct check *check, enum check_level level, int status, const char *format, ...)
{
    static const char *const words[] = {"ok", "warning", "error"};
    char text[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    check->warnings += level == CHECK_WARNING;
    check->errors += level == CHECK_ERROR;
    if (level == CHECK_ERROR && !check->status)
        check->status = status;
    if (check->lines) {
        json_t *line = json_foreign(text);
        json_array_append_new(check->lines,
                              json_pack("{s:s, s:o}", "level", words[level], "text", line));
        return;
    }
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
    printf("%-7s %s\n", words[level], text);
}

void check_say_store(struct check *check, const char *what, enum store_status status,
                     const struct store_error *err)
{
    check_say(check, CHECK_ERROR, exit_status(status), "%s: %s", what,
              err->text[0] ? err->text : store_status_text(status));
}

/* --- users ----------------------------------------------------------------------------------*/

static bool is_member(const struct passwd *pw, gid_t group)
{
    gid_t groups[256];
    int count = 256;
    if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &count) < 0)
        return true; /* more groups than can be looked at */
    for (int i = 0; i < count; i++)
        if (groups[i] == group)
            return true;
    return false;
}

static void check_user(struct check *check, const char *name, const char *key, gid_t group)
{
    const struct passwd *pw = getpwnam(name);
    if (!pw)
        check_say(check, CHECK_ERROR, EX_NOUSER,
                  "user %s (%s) does not exist: create it with adduser --system %s", name, key,
                  name);
    else if (!is_member(pw, group))
        check_say(check, CHECK_ERROR, EX_NOUSER,
                  "user %s (%s) is not in the group of `user`: add it with adduser", name, key);
}

/* Whoever takes the reader over is to find nothing that its user may reach. */
static void check_reader_user(struct check *check, const struct settings *s, gid_t group)
{
    const struct passwd *pw = getpwnam(s->reader_user);
    if (!pw)
        check_say(
            check, CHECK_ERROR, EX_NOUSER,
            "user %s (reader_user) does not exist: create it with adduser --system --group %s",
            s->reader_user, s->reader_user);
    else if (pw->pw_uid == 0)
        check_say(check, CHECK_ERROR, EX_CONFIG,
                  "reader_user is root: name one that may do nothing");
    else if (is_member(pw, group))
        check_say(check, CHECK_WARNING, 0,
                  "user %s (reader_user) is in the group of `user`, which may read the store: take "
                  "it out",
                  s->reader_user);
}

/* Users matter to root only; anybody else runs everything as himself. */
static void check_users(struct check *check, const struct settings *s)
{
    if (geteuid() != 0)
        return;
    const struct passwd *pw = getpwnam(s->user);
    unsigned before = check->errors;
    if (!pw) {
        check_say(check, CHECK_ERROR, EX_NOUSER,
                  "user %s (user) does not exist: create it with adduser --system --group %s",
                  s->user, s->user);
        return;
    }
    gid_t group = pw->pw_gid;
    check_user(check, s->milter_user, "milter_user", group);
    check_user(check, s->sealer_user, "sealer_user", group);
    check_reader_user(check, s, group);
    if (check->errors == before)
        check_say(check, CHECK_OK, 0, "users %s, %s, %s, %s", s->user, s->milter_user,
                  s->sealer_user, s->reader_user);
}

/* --- keys -----------------------------------------------------------------------------------*/

/* Is a key file as private as it must be? */
static bool check_mode(struct check *check, const char *path, mode_t forbidden, const char *mend)
{
    struct stat st;
    if (stat(path, &st) != 0 || !(st.st_mode & forbidden))
        return true;
    check_say(check, CHECK_ERROR, EX_NOPERM, "%s has mode %03o, which is too open: chmod %s %s",
              path, (unsigned)(st.st_mode & 0777), mend, path);
    return false;
}

static void check_token_keys(struct check *check, const struct settings *s)
{
    char path[PATH_MAX];
    struct store_error err = {.text = ""};
    struct keyring ring;
    unsigned count = 0;
    snprintf(path, sizeof path, "%s/token.keys", s->key_directory);
    enum store_status status = keys_read(s->key_directory, &ring, &err);
    if (status != STORE_OK) {
        check_say_store(check, "token keys", status, &err);
        return;
    }
    for (unsigned i = 0; i < TOKEN_KEYS_MAX; i++)
        count += ring.present[i];
    if (check_mode(check, path, 0027, "640"))
        check_say(check, CHECK_OK, 0, "token keys: %u, key %u is active", count, ring.active);
    keyring_wipe(&ring);
}

/* Sign something and let the certificate judge it: key and certificate belong together. */
static enum store_status try_seal(const char *certificate, const struct seal_key *key,
                                  struct store_error *err)
{
    static const char sample[] = "temoin check";
    struct bytes signature = {0};
    struct seal_judge *judge;
    enum store_status status = seal_sign(key, sample, sizeof sample - 1, &signature, err);
    if (status == STORE_OK)
        status = seal_judge_open(certificate, &judge, err);
    if (status == STORE_OK) {
        status =
            seal_judge_check(judge, sample, sizeof sample - 1, signature.data, signature.len, err);
        seal_judge_close(judge);
    }
    bytes_free(&signature);
    return status;
}

static void check_signer(struct check *check, const char *name, const char *uri,
                         const char *certificate)
{
    char fingerprint[65], what[40];
    struct store_error err = {.text = ""};
    struct seal_key *key;
    const char *file = seal_key_file(uri);
    snprintf(what, sizeof what, "%s certificate", name);
    enum store_status status = seal_fingerprint(certificate, fingerprint, &err);
    if (status == STORE_NOT_FOUND) {
        check_say(check, CHECK_ERROR, exit_status(status),
                  "%s: %s: run temoin init, or restore the backup", what, err.text);
        return;
    }
    if (status != STORE_OK) {
        check_say_store(check, what, status, &err);
        return;
    }
    status = seal_key_open(uri, certificate, &key, &err);
    if (status == STORE_DENIED && geteuid() != 0) {
        check_say(check, CHECK_WARNING, 0,
                  "%s: its key cannot be read by this user, as it should be: run check as root "
                  "to try it",
                  name);
        return;
    }
    if (status == STORE_OK) {
        status = try_seal(certificate, key, &err);
        seal_key_free(key);
    }
    if (status != STORE_OK)
        check_say_store(check, name, status, &err);
    else if (!file || check_mode(check, file, 0077, "400"))
        check_say(check, CHECK_OK, 0, "%s: key and certificate agree, SHA-256 %s", name,
                  fingerprint);
}

/* --- DNS keys -------------------------------------------------------------------------------*/

static void check_anchor(struct check *check, const struct settings *s)
{
    const char *anchor = s->dns_trust_anchor;
    if (!s->dkim_keys)
        check_say(check, CHECK_OK, 0, "DNS keys of signatures: not kept, dkim_keys = no");
    else if (!anchor)
        check_say(check, CHECK_OK, 0, "DNS keys of signatures: kept, none is validated");
    else if (access(anchor, R_OK) != 0)
        check_say(check, CHECK_WARNING, 0,
                  "DNS keys of signatures: kept, but none can be validated: %s: %s: install "
                  "dns-root-data, or name the file with dns_trust_anchor",
                  anchor, strerror(errno));
    else
        check_say(check, CHECK_OK, 0, "DNS keys of signatures: validated from %s", anchor);
}

static void check_waiting_keys(struct check *check, const struct settings *s)
{
    struct store_error err = {.text = ""};
    struct dkim_figures figures;
    enum store_status status = dkim_figures(s->store_directory, &figures, &err);
    time_t since = (time_t)figures.waiting_since, now = time(NULL);
    if (status != STORE_OK)
        check_say_store(check, "DNS keys of signatures", status, &err);
    else if (s->dkim_keys && figures.waiting && since < now - KEYS_LATE_S)
        check_say(check, CHECK_WARNING, 0,
                  "DNS keys of signatures: %llu wait, for up to %lld minutes: is temoin-keys.timer "
                  "running, do the name servers answer?",
                  (unsigned long long)figures.waiting, (long long)(now - since) / 60);
}

/* --- store ----------------------------------------------------------------------------------*/

static void check_space(struct check *check, const char *directory)
{
    struct statvfs fs;
    if (statvfs(directory, &fs) != 0) {
        check_say(check, CHECK_ERROR, EX_IOERR, "%s: %s", directory, strerror(errno));
        return;
    }
    unsigned long long free_mb = (unsigned long long)fs.f_bavail * fs.f_frsize / MEGABYTE;
    if (free_mb < 64)
        check_say(check, CHECK_ERROR, EX_IOERR, "disk: %llu MB free on %s: make room", free_mb,
                  directory);
    else if (free_mb < 1024)
        check_say(check, CHECK_WARNING, 0, "disk: %llu MB free on %s: make room soon", free_mb,
                  directory);
    else
        check_say(check, CHECK_OK, 0, "disk: %llu MB free on %s", free_mb, directory);
}

static bool check_log(struct check *check, const char *directory, uint64_t *entries)
{
    struct store_error err = {.text = ""};
    struct store *store;
    struct store_figures figures;
    enum store_status status = store_open(directory, STORE_READ, &store, &err);
    if (status == STORE_OK) {
        status = store_figures(store, &figures, &err);
        store_close(store);
    }
    if (status != STORE_OK) {
        check_say_store(check, "log", status, &err);
        return false;
    }
    *entries = figures.entries;
    check_say(check, CHECK_OK, 0, "log: %llu entries in %llu dossiers",
              (unsigned long long)figures.entries, (unsigned long long)figures.dossiers);
    if (figures.open_reviews)
        check_say(check, CHECK_WARNING, 0, "review: %llu messages wait: temoin review",
                  (unsigned long long)figures.open_reviews);
    return true;
}

static void check_signatures(struct check *check, const char *directory, uint64_t entries)
{
    struct store_error err = {.text = ""};
    struct seal_store *seals;
    uint64_t last = 0;
    enum store_status status = seal_store_open(directory, STORE_READ, &seals, &err);
    if (status == STORE_OK) {
        status = seal_last(seals, &last, &err);
        seal_store_close(seals);
    }
    if (status != STORE_OK)
        check_say_store(check, "signatures", status, &err);
    else if (last < entries)
        check_say(check, CHECK_WARNING, 0,
                  "signatures: %llu entries are not signed yet: is temoind running?",
                  (unsigned long long)(entries - last));
    else
        check_say(check, CHECK_OK, 0, "signatures: %llu, all entries are signed",
                  (unsigned long long)last);
}

/* Days since the register was last written; -1: not known. */
static long register_age(const char *directory)
{
    static const char *const names[] = {"register.db", "register.db-wal"};
    time_t last = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PATH_MAX];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        if (stat(path, &st) == 0 && st.st_size > 0 && st.st_mtime > last)
            last = st.st_mtime;
    }
    return last ? (long)((time(NULL) - last) / DAY_S) : -1;
}

static void check_register(struct check *check, const char *directory)
{
    struct store_error err = {.text = ""};
    struct register_db *db;
    struct register_figures figures;
    enum store_status status = register_open(directory, STORE_READ, &db, &err);
    if (status == STORE_OK) {
        status = register_figures(db, &figures, &err);
        register_close(db);
    }
    long age = register_age(directory);
    if (status != STORE_OK)
        check_say_store(check, "register", status, &err);
    else if (figures.invoices == 0)
        check_say(check, CHECK_WARNING, 0,
                  "register: holds no invoice, so no reminder is recognised: temoin import");
    else if (figures.outbox)
        check_say(check, CHECK_WARNING, 0,
                  "register: %llu changes are not in the log yet: run temoin import again",
                  (unsigned long long)figures.outbox);
    else if (age > STALE_DAYS)
        check_say(check, CHECK_WARNING, 0,
                  "register: last changed %ld days ago: import invoices and payments regularly",
                  age);
    else
        check_say(check, CHECK_OK, 0, "register: %llu invoices, %llu open, %llu contacts",
                  (unsigned long long)figures.invoices, (unsigned long long)figures.open_invoices,
                  (unsigned long long)figures.contacts);
}

static void check_daemon(struct check *check, const struct settings *s)
{
    struct store_error err = {.text = ""};
    struct scribe_client *client = scribe_client_new(s->run_directory);
    enum store_status status = client ? scribe_ping(client, PING_MS, &err) : STORE_NO_MEMORY;
    scribe_client_free(client);
    if (status == STORE_OK)
        check_say(check, CHECK_OK, 0, "daemon: scribe answers");
    else if (status == STORE_NOT_FOUND)
        check_say(check, CHECK_ERROR, EX_UNAVAILABLE,
                  "daemon: temoind does not run: systemctl start temoind");
    else
        check_say_store(check, "daemon", status, &err);
}

/* --- all ------------------------------------------------------------------------------------*/

static void check_all(struct check *check, const struct settings *s, bool live)
{
    uint64_t entries = 0;
    check_users(check, s);
    check_token_keys(check, s);
    check_signer(check, "seal", s->seal_key, s->seal_certificate);
    check_signer(check, "export seal", s->export_key, s->export_certificate);
    check_anchor(check, s);
    if (live)
        check_live(check, s);
    fflush(stdout);
    int status = command_become_user(s);
    if (status != EX_OK) {
        check_say(check, CHECK_ERROR, status, "store: not looked at, without its user");
        return;
    }
    check_space(check, s->store_directory);
    if (check_log(check, s->store_directory, &entries))
        check_signatures(check, s->store_directory, entries);
    check_register(check, s->store_directory);
    check_waiting_keys(check, s);
    if (live)
        check_daemon(check, s);
}

static int check_file(struct check *check, const char *file, bool live)
{
    struct settings *s;
    struct strings errors = {0};
    int status = command_settings_list(file, &s, &errors);
    for (size_t i = 0; i < errors.count; i++)
        check_say(check, CHECK_ERROR, status, "%s", errors.items[i]);
    strings_free(&errors);
    if (status == EX_OK) {
        check_say(check, CHECK_OK, 0, "configuration %s, SHA-256 %.16s...", file, s->sha256);
        check_all(check, s, live);
    }
    settings_unref(s);
    return check->status ? check->status : status;
}

int command_check(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"live", no_argument, NULL, 'l'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    bool live = false, json = false;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
        if (option == '?')
            return command_wrong_option("check", argv, "", options);
        live = live || option == 'l';
        json = json || option == 'j';
    }
    if (optind != argc)
        return command_misused("check", "check takes no argument");
    struct check check = {.lines = json ? json_array() : NULL};
    if (json && !check.lines)
        return command_fail(EX_OSERR, "out of memory");
    int status = check_file(&check, c->config_file, live);
    if (json) {
        int printed = command_print_json(check.lines);
        return status ? status : printed;
    }
    printf("%u error%s, %u warning%s\n", check.errors, check.errors == 1 ? "" : "s", check.warnings,
           check.warnings == 1 ? "" : "s");
    return fflush(stdout) == 0 ? status : EX_IOERR;
}
