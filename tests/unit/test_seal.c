/*
 * test_seal - keys, CAdES signatures as OpenSSL's command judges them, seal.db, the sealer
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/cms.h>
#include <openssl/pem.h>

#include <cmocka.h>

#include "db/msg.h"
#include "db/seal_shape.h"
#include "tests/unit/sealed_store.h"

static struct sealed_store world;

static int make_world(void **state)
{
    (void)state;
    sealed_store_make(&world);
    return 0;
}

static int drop_world(void **state)
{
    (void)state;
    sealed_store_remove(&world);
    return 0;
}

static int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int shell(const char *format, ...)
{
    char command[2000], line[1900];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    snprintf(command, sizeof command, "cd '%s' && { %s ; } > shell.out 2>&1", world.directory,
             line);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void write_file(const char *name, const void *data, size_t len)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", world.directory, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static struct seal_key *load_key(void)
{
    struct seal_key *key = NULL;
    assert_int_equal(seal_key_open(world.seal_key, world.seal_certificate, &key, NULL), STORE_OK);
    return key;
}

static enum store_status key_in(const char *folder, struct seal_key **key, struct store_error *err)
{
    char uri[300], certificate[300];
    snprintf(uri, sizeof uri, "file:%s/seal.key", folder);
    snprintf(certificate, sizeof certificate, "%s/seal.pem", folder);
    return seal_key_open(uri, certificate, key, err);
}

/* --- keys -----------------------------------------------------------------------------------*/

static void key_files(void **state)
{
    (void)state;
    char path[200];
    struct stat st;
    snprintf(path, sizeof path, "%s/seal.key", world.keys);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0400);
    snprintf(path, sizeof path, "%s/seal.pem", world.keys);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0444);

    assert_int_equal(shell("openssl x509 -in keys/seal.pem -noout -subject -nameopt "
                           "utf8,sep_comma_plus | grep \"O=Société d'essai,CN=Société d'essai\""),
                     0);
    assert_int_equal(shell("openssl x509 -in keys/seal.pem -noout -text | "
                           "grep -q 'Digital Signature, Non Repudiation'"),
                     0);
    assert_int_equal(shell("openssl x509 -in keys/seal.pem -noout -text | "
                           "grep -q 'ASN1 OID: prime256v1'"),
                     0);
    /* valid for nearly ten years, and no longer */
    assert_int_equal(shell("openssl x509 -in keys/seal.pem -noout -checkend 315000000"), 0);
    assert_int_not_equal(shell("openssl x509 -in keys/seal.pem -noout -checkend 316000000"), 0);
}

static void key_not_overwritten(void **state)
{
    (void)state;
    char before[65], after[65];
    struct store_error err;
    assert_int_equal(seal_fingerprint(world.seal_certificate, before, &err), STORE_OK);
    assert_int_equal(seal_key_create(world.keys, "seal", "Other", &err), STORE_INVALID);
    assert_non_null(strstr(err.text, "not overwritten"));
    assert_int_equal(seal_fingerprint(world.seal_certificate, after, &err), STORE_OK);
    assert_string_equal(before, after);
    assert_int_equal(
        shell("openssl x509 -in keys/seal.pem -outform DER | sha256sum | grep -q %s", before), 0);
}

static void key_trouble(void **state)
{
    (void)state;
    struct store_error err;
    struct seal_key *key;
    char folder[200];
    snprintf(folder, sizeof folder, "%s/none", world.directory);
    assert_int_equal(key_in(folder, &key, &err), STORE_NOT_FOUND);
    assert_null(key);
    /* a key that is not the certificate's */
    assert_int_equal(shell("rm -rf odd other && mkdir odd other"), 0);
    snprintf(folder, sizeof folder, "%s/other", world.directory);
    assert_int_equal(seal_key_create(folder, "seal", "Other", &err), STORE_OK);
    assert_int_equal(shell("cp other/seal.key odd/ && cp keys/seal.pem odd/"), 0);
    snprintf(folder, sizeof folder, "%s/odd", world.directory);
    assert_int_equal(key_in(folder, &key, &err), STORE_INVALID);
    assert_non_null(strstr(err.text, "not the key of the certificate"));
    assert_int_equal(shell("echo rubbish > odd/k && mv -f odd/k odd/seal.key"), 0);
    assert_int_equal(key_in(folder, &key, &err), STORE_CORRUPT);
    assert_non_null(strstr(err.text, "no private key that can be used without a pass phrase"));
    /* a key whose certificate is not there, is none, or is cut off */
    assert_int_equal(shell("cp -f keys/seal.key odd/seal.key && rm -f odd/seal.pem"), 0);
    assert_int_equal(key_in(folder, &key, &err), STORE_NOT_FOUND);
    assert_non_null(strstr(err.text, "seal.pem: cannot be opened"));
    assert_int_equal(shell("echo rubbish > odd/seal.pem"), 0);
    assert_int_equal(key_in(folder, &key, &err), STORE_CORRUPT);
    assert_int_equal(shell("head -c 300 keys/seal.pem > odd/seal.pem"), 0);
    assert_int_equal(key_in(folder, &key, &err), STORE_CORRUPT);
    assert_non_null(strstr(err.text, "holds no certificate in PEM"));
    assert_null(key);
}

/* Kinds of keys that CMS verifiers do not know, or do not trust any more. */
static void key_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        enum store_status status;
        const char *why;
    } kinds[] = {{"ED25519", STORE_INVALID, "must be EC or RSA"},
                 {"RSA -pkeyopt rsa_keygen_bits:2048", STORE_INVALID, "at least 3072 bits"},
                 {"RSA -pkeyopt rsa_keygen_bits:3072", STORE_OK, NULL},
                 {"EC -pkeyopt ec_paramgen_curve:P-384", STORE_OK, NULL}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char folder[200];
        struct store_error err = {0};
        struct seal_key *key = NULL;
        assert_int_equal(shell("rm -rf kind && mkdir kind && openssl genpkey -algorithm %s"
                               " -out kind/seal.key && openssl req -x509 -key kind/seal.key"
                               " -subj /CN=x -out kind/seal.pem",
                               kinds[i].kind),
                         0);
        snprintf(folder, sizeof folder, "%s/kind", world.directory);
        assert_int_equal(key_in(folder, &key, &err), kinds[i].status);
        if (kinds[i].why)
            assert_non_null(strstr(err.text, kinds[i].why));
        seal_key_free(key);
    }
}

/* A company's name longer than X.520 allows is cut at a character, not at an octet. */
static void key_long_name(void **state)
{
    (void)state;
    char name[400] = "", folder[200];
    for (int i = 0; i < 70; i++)
        strcat(name, "é");
    assert_int_equal(shell("rm -rf long && mkdir long"), 0);
    snprintf(folder, sizeof folder, "%s/long", world.directory);
    struct store_error err = {0};
    assert_int_equal(seal_key_create(folder, "seal", name, &err), STORE_OK);
    assert_int_equal(
        shell("openssl x509 -in long/seal.pem -noout -subject -nameopt utf8 | grep -o é"
              " | wc -l | grep -qx 128"),
        0);
}

/* --- signatures -----------------------------------------------------------------------------*/

static const char RECORD[] = "{\"seq\":1}";

#define VERIFY                                                                                  \
    "openssl cms -verify -binary -cades -purpose any -inform DER -in s.p7s -content c -CAfile " \
    "keys/seal.pem -out /dev/null"

static void signature(void **state)
{
    (void)state;
    struct seal_key *key = load_key();
    struct seal_judge *judge;
    struct bytes p7s = {0};
    struct store_error err = {0};
    char pem[200];
    snprintf(pem, sizeof pem, "%s/seal.pem", world.keys);
    assert_int_equal(seal_judge_open(pem, &judge, &err), STORE_OK);
    assert_int_equal(seal_sign(key, RECORD, strlen(RECORD), &p7s, &err), STORE_OK);
    assert_int_equal(seal_judge_check(judge, RECORD, strlen(RECORD), p7s.data, p7s.len, &err),
                     STORE_OK);
    write_file("s.p7s", p7s.data, p7s.len);
    write_file("c", RECORD, strlen(RECORD));
    assert_int_equal(shell(VERIFY), 0);
    assert_int_equal(shell(VERIFY " 2>&1 | grep -q 'CAdES Verification successful'"), 0);

    write_file("c", "{\"seq\":2}", strlen(RECORD));
    assert_int_not_equal(shell(VERIFY), 0);
    assert_int_equal(
        seal_judge_check(judge, "{\"seq\":2}", strlen(RECORD), p7s.data, p7s.len, &err),
        STORE_CORRUPT);
    assert_int_equal(seal_judge_check(judge, RECORD, strlen(RECORD), p7s.data, p7s.len - 1, &err),
                     STORE_CORRUPT);
    assert_true(bytes_append(&p7s, "", 1));
    assert_int_equal(seal_judge_check(judge, RECORD, strlen(RECORD), p7s.data, p7s.len, &err),
                     STORE_CORRUPT);
    bytes_free(&p7s);
    seal_judge_close(judge);
    seal_key_free(key);
}

/* The four attributes of a CAdES-B-B signature, and no other. */
static void signed_attributes(void **state)
{
    (void)state;
    struct seal_key *key = load_key();
    struct bytes p7s = {0};
    assert_int_equal(seal_sign(key, RECORD, strlen(RECORD), &p7s, NULL), STORE_OK);
    const unsigned char *at = (const unsigned char *)p7s.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)p7s.len);
    assert_non_null(cms);
    CMS_SignerInfo *info = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
    static const int wanted[] = {NID_pkcs9_contentType, NID_pkcs9_signingTime,
                                 NID_pkcs9_messageDigest, NID_id_smime_aa_signingCertificateV2};
    assert_int_equal(CMS_signed_get_attr_count(info), 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(CMS_signed_get_attr_by_NID(info, wanted[i], -1) >= 0);
    assert_int_equal(CMS_unsigned_get_attr_count(info), -1);
    CMS_ContentInfo_free(cms);
    bytes_free(&p7s);
    seal_key_free(key);
}

/* Somebody else's seal over the same octets is not ours. */
static void foreign_signature(void **state)
{
    (void)state;
    char folder[200], pem[200];
    struct seal_key *key;
    struct seal_judge *judge;
    struct bytes p7s = {0};
    struct store_error err = {0};
    assert_int_equal(shell("rm -rf foreign && mkdir foreign"), 0);
    snprintf(folder, sizeof folder, "%s/foreign", world.directory);
    snprintf(pem, sizeof pem, "%s/seal.pem", world.keys);
    assert_int_equal(seal_key_create(folder, "seal", "Société d'essai", &err), STORE_OK);
    assert_int_equal(key_in(folder, &key, &err), STORE_OK);
    assert_int_equal(seal_sign(key, RECORD, strlen(RECORD), &p7s, &err), STORE_OK);
    assert_int_equal(seal_judge_open(pem, &judge, &err), STORE_OK);
    assert_int_equal(seal_judge_check(judge, RECORD, strlen(RECORD), p7s.data, p7s.len, &err),
                     STORE_CORRUPT);
    bytes_free(&p7s);
    seal_judge_close(judge);
    seal_key_free(key);
}

/* RFC 5035: which certificate signed is signed, too. */
static void no_certificate_named(void **state)
{
    (void)state;
    struct seal_judge *judge;
    struct store_error err = {0};
    char path[200], p7s[4096];
    write_file("c", RECORD, strlen(RECORD));
    for (int cades = 0; cades < 2; cades++) {
        assert_int_equal(
            shell("openssl cms -sign -binary -nosmimecap -md sha256 -in c %s"
                  " -signer keys/seal.pem -inkey keys/seal.key -outform DER -out s.p7s",
                  cades ? "-cades" : ""),
            0);
        snprintf(path, sizeof path, "%s/s.p7s", world.directory);
        FILE *f = fopen(path, "r");
        assert_non_null(f);
        size_t len = fread(p7s, 1, sizeof p7s, f);
        fclose(f);
        assert_int_equal(seal_judge_open(world.seal_certificate, &judge, &err), STORE_OK);
        assert_int_equal(seal_judge_check(judge, RECORD, strlen(RECORD), p7s, len, &err),
                         cades ? STORE_OK : STORE_CORRUPT);
        seal_judge_close(judge);
    }
}

/* A seal may be a certificate that could issue others: those are not the seal. */
static void issued_by_the_seal(void **state)
{
    (void)state;
    char folder[200], pem[200];
    struct seal_key *key;
    struct seal_judge *judge;
    struct bytes p7s = {0};
    struct store_error err = {0};
    assert_int_equal(
        shell("rm -rf issuer issued && mkdir issuer issued &&"
              " openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
              " -keyout issuer/seal.key -out issuer/seal.pem -subj /CN=seal &&"
              " openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
              " -keyout issued/seal.key -out issued/csr -subj /CN=other &&"
              " openssl x509 -req -in issued/csr -CA issuer/seal.pem -CAkey issuer/seal.key"
              " -CAcreateserial -out issued/seal.pem"),
        0);
    snprintf(pem, sizeof pem, "%s/issuer/seal.pem", world.directory);
    assert_int_equal(seal_judge_open(pem, &judge, &err), STORE_OK);
    for (int own = 0; own < 2; own++) {
        snprintf(folder, sizeof folder, "%s/%s", world.directory, own ? "issuer" : "issued");
        assert_int_equal(key_in(folder, &key, &err), STORE_OK);
        assert_int_equal(seal_sign(key, RECORD, strlen(RECORD), &p7s, &err), STORE_OK);
        assert_int_equal(seal_judge_check(judge, RECORD, strlen(RECORD), p7s.data, p7s.len, &err),
                         own ? STORE_OK : STORE_CORRUPT);
        if (!own)
            assert_string_equal(err.text, "signed by another certificate");
        bytes_free(&p7s);
        seal_key_free(key);
    }
    seal_judge_close(judge);
}

/* --- seal.db --------------------------------------------------------------------------------*/

static void pending_once(void **state)
{
    (void)state;
    struct store *log;
    struct seal_store *seals, *second;
    struct store_error err = {0};
    struct tree head;
    struct bytes p7s = {0};
    uint64_t count;
    size_t done;
    struct seal_key *key = load_key();
    for (int i = 0; i < 5; i++)
        sealed_store_add(&world, &(struct wanted_entry){.event = "note", .invoice = "F-1"});
    assert_int_equal(store_open(world.store, STORE_READ, &log, &err), STORE_OK);
    assert_int_equal(seal_store_open(world.store, STORE_WRITE, &seals, &err), STORE_OK);
    assert_int_equal(seal_store_open(world.store, STORE_WRITE, &second, &err), STORE_BUSY);
    assert_int_equal(seal_pending(log, seals, key, 3, &done, &err), STORE_OK);
    assert_int_equal(done, 3);
    assert_int_equal(seal_signature(seals, 4, &p7s, &err), STORE_NOT_FOUND);
    assert_int_equal(seal_pending(log, seals, key, 3, &done, &err), STORE_OK);
    assert_int_equal(done, 2);
    assert_int_equal(seal_pending(log, seals, key, 3, &done, &err), STORE_OK);
    assert_int_equal(done, 0);
    assert_int_equal(seal_last(seals, &count, &err), STORE_OK);
    assert_int_equal(count, 5);
    assert_int_equal(seal_head(seals, &head, &err), STORE_OK);
    assert_int_equal(head.size, 5);
    struct tree own = {0};
    for (uint64_t seq = 1; seq <= 5; seq++) {
        struct stored_entry e;
        assert_int_equal(store_entry(log, seq, &e, &err), STORE_OK);
        assert_true(tree_append(&own, e.leaf));
        stored_entry_free(&e);
    }
    unsigned char root[2][TREE_HASH];
    assert_true(tree_root(&own, root[0]) && tree_root(&head, root[1]));
    assert_memory_equal(root[0], root[1], TREE_HASH);
    seal_store_close(seals);
    store_close(log);
    seal_key_free(key);
}

/* What was altered before it was signed is never signed, and nothing behind it. */
static void altered_before_signing(void **state)
{
    (void)state;
    struct store *log;
    struct seal_store *seals;
    struct store_error err = {0};
    struct tree head;
    size_t done;
    struct seal_key *key = load_key();
    uint64_t first = sealed_store_add(&world, &(struct wanted_entry){.event = "note"});
    for (int i = 0; i < 3; i++)
        sealed_store_add(&world, &(struct wanted_entry){.event = "note"});
    char where[40];
    snprintf(where, sizeof where, "seq = %d", (int)first + 1);
    sealed_store_flip(&world, "log.db", "entry", "record", where, 20);
    assert_int_equal(store_open(world.store, STORE_READ, &log, &err), STORE_OK);
    assert_int_equal(seal_store_open(world.store, STORE_WRITE, &seals, &err), STORE_OK);
    assert_int_equal(seal_pending(log, seals, key, 200, &done, &err), STORE_CORRUPT);
    assert_non_null(strstr(err.text, "contradict"));
    assert_int_equal(seal_head(seals, &head, &err), STORE_OK);
    assert_int_equal(head.size, first); /* the sound one before it is signed */
    sealed_store_flip(&world, "log.db", "entry", "record", where, 20);
    assert_int_equal(seal_pending(log, seals, key, 200, &done, &err), STORE_OK);
    assert_int_equal(done, 3);
    /* entries lost after they were signed */
    sealed_store_sql(&world, "log.db",
                     "DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)");
    assert_int_equal(seal_pending(log, seals, key, 200, &done, &err), STORE_CORRUPT);
    assert_non_null(strstr(err.text, "entries were lost"));
    seal_store_close(seals);
    store_close(log);
    seal_key_free(key);
}

static void newer_schema(void **state)
{
    (void)state;
    struct seal_store *seals;
    struct store_error err = {0};
    sealed_store_sql(&world, "seal/seal.db",
                     "CREATE TABLE t(x); INSERT INTO t VALUES(1); PRAGMA user_version = 99");
    assert_int_equal(seal_store_open(world.store, STORE_READ, &seals, &err), STORE_SCHEMA);
    assert_int_equal(seal_store_open(world.store, STORE_WRITE, &seals, &err), STORE_SCHEMA);
    sealed_store_sql(&world, "seal/seal.db",
                     "INSERT INTO t VALUES(2); DROP TABLE t; PRAGMA user_version = 1");
}

/* Cut off below what was signed, and as long again: nothing is signed on top of it. */
static void cut_and_grown_again(void **state)
{
    (void)state;
    struct store *log;
    struct seal_store *seals;
    struct seal_key *key;
    struct tree head;
    struct store_error err = {0};
    size_t done;
    const struct wanted_entry note = {.event = "note", .invoice = "F-1"};
    for (int i = 0; i < 3; i++)
        sealed_store_add(&world, &note);
    sealed_store_sign(&world);
    sealed_store_sql(&world, "log.db", "DELETE FROM dossier_entry WHERE seq > 1");
    sealed_store_sql(&world, "log.db", "UPDATE dossier SET n = 1");
    sealed_store_sql(&world, "log.db", "DELETE FROM entry WHERE seq > 1");
    for (uint64_t seq = 2; seq <= 4; seq++)
        assert_int_equal(sealed_store_add(&world, &note), seq);
    assert_int_equal(seal_key_open(world.seal_key, world.seal_certificate, &key, &err), STORE_OK);
    assert_int_equal(store_open(world.store, STORE_READ, &log, &err), STORE_OK);
    assert_int_equal(seal_store_open(world.store, STORE_WRITE, &seals, &err), STORE_OK);
    assert_int_equal(seal_pending(log, seals, key, 10, &done, &err), STORE_CORRUPT);
    assert_non_null(strstr(err.text, "entry 3 is not the one that was signed"));
    assert_int_equal(done, 0);
    assert_int_equal(seal_head(seals, &head, &err), STORE_OK);
    assert_int_equal(head.size, 3);
    seal_store_close(seals);
    store_close(log);
    seal_key_free(key);
}

/* --- the process ----------------------------------------------------------------------------*/

struct running {
    pid_t pid;
    int control, wake;
};

static struct running start_sealer(void)
{
    int control[2], wake[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, control), 0);
    assert_int_equal(pipe(wake), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char path[200];
        close(control[0]);
        close(wake[1]);
        snprintf(path, sizeof path, "%s/sealer.log", world.directory);
        int log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(log, STDERR_FILENO);
        msg_open("sealer", NULL);
        _exit(sealer_run(&world.settings, control[1], wake[0]));
    }
    close(control[1]);
    close(wake[0]);
    return (struct running){pid, control[0], wake[1]};
}

static int stop_sealer(struct running r)
{
    int status;
    close(r.control);
    close(r.wake);
    assert_int_equal(waitpid(r.pid, &status, 0), r.pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool signed_within(uint64_t seq, int ms)
{
    for (int waited = 0; waited <= ms; waited += 20) {
        struct seal_store *seals;
        struct tree head = {0};
        assert_int_equal(seal_store_open(world.store, STORE_READ, &seals, NULL), STORE_OK);
        assert_int_equal(seal_head(seals, &head, NULL), STORE_OK);
        seal_store_close(seals);
        if (head.size >= seq)
            return true;
        usleep(20000);
    }
    return false;
}

static void process_signs(void **state)
{
    (void)state;
    struct running r = start_sealer();
    usleep(300000);
    uint64_t seq = sealed_store_add(&world, &(struct wanted_entry){.event = "note"});
    assert_int_equal(write(r.wake, "x", 1), 1);
    assert_true(signed_within(seq, 1000));
    /* a command waits for it and does not sign itself */
    seq = sealed_store_add(&world, &(struct wanted_entry){.event = "note"});
    assert_int_equal(write(r.wake, "x", 1), 1);
    assert_int_equal(seal_wait(&world.settings, seq, 5000, NULL), STORE_OK);
    /* without being woken */
    seq = sealed_store_add(&world, &(struct wanted_entry){.event = "note"});
    assert_true(signed_within(seq, 3000));
    assert_int_equal(stop_sealer(r), 0);
    /* killed in the middle: the next one goes on where the head says */
    r = start_sealer();
    for (int i = 0; i < 20; i++)
        seq = sealed_store_add(&world, &(struct wanted_entry){.event = "note"});
    kill(r.pid, SIGKILL);
    stop_sealer(r);
    r = start_sealer();
    assert_true(signed_within(seq, 3000));
    assert_int_equal(stop_sealer(r), 0);
}

/* A scribe that is gone must not make it spin. */
static void process_is_idle(void **state)
{
    (void)state;
    struct running r = start_sealer();
    close(r.wake);
    r.wake = -1;
    usleep(1500000);
    char path[60];
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)r.pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(
        fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel),
        2);
    fclose(f);
    assert_true(user + kernel < (unsigned long)sysconf(_SC_CLK_TCK)); /* far below 1.5 s */
    uint64_t seq = sealed_store_add(&world, &(struct wanted_entry){.event = "note"});
    assert_true(signed_within(seq, 3000));
    assert_int_equal(stop_sealer(r), 0);
}

static void process_without_key(void **state)
{
    (void)state;
    assert_int_equal(shell("rm -f sealer.log; mv keys/seal.key keys/away"), 0);
    uint64_t seq = sealed_store_add(&world, &(struct wanted_entry){.event = "note"});
    struct running r = start_sealer();
    assert_false(signed_within(seq, 2500));
    assert_int_equal(shell("grep -c 'records are not being signed' sealer.log | grep -qx 1"), 0);
    assert_int_equal(shell("grep -q 'seal.key.*key_directory' sealer.log"), 0);
    struct store_error err = {0};
    assert_int_equal(seal_wait(&world.settings, seq, 100, &err), STORE_BUSY);
    assert_non_null(strstr(err.text, "sealer"));
    assert_int_equal(shell("mv keys/away keys/seal.key"), 0);
    assert_true(signed_within(seq, 3000));
    assert_int_equal(shell("grep -q 'being signed again' sealer.log"), 0);
    assert_int_equal(stop_sealer(r), 0);
}

/* With the daemon stopped a command signs itself. */
static void command_signs(void **state)
{
    (void)state;
    struct store_error err = {0};
    uint64_t seq = sealed_store_add(&world, &(struct wanted_entry){.event = "note"});
    assert_false(signed_within(seq, 0));
    if (seal_wait(&world.settings, seq, 5000, &err) != STORE_OK)
        fail_msg("%s", err.text);
    assert_true(signed_within(seq, 0));
}

#define test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

/* --- judging many alike ---------------------------------------------------------------------*/

static struct seal_judge *load_judge(void)
{
    struct seal_judge *judge = NULL;
    assert_int_equal(seal_judge_open(world.seal_certificate, &judge, NULL), STORE_OK);
    return judge;
}

static enum store_status judged(struct seal_judge *judge, const struct bytes *data,
                                const struct bytes *signature)
{
    return seal_judge_check(judge, data->data, data->len, signature->data, signature->len, NULL);
}

/* A judge that has seen many of our signatures says of each changed one what one says that has
   seen none, whichever octet it is, of the signature or of what is signed. */
static void judges_agree(void **state)
{
    (void)state;
    enum { MANY = 40 };
    struct seal_key *key = load_key();
    struct seal_judge *practised = load_judge();
    struct bytes data[MANY] = {{0}}, signatures[MANY] = {{0}};
    for (int i = 0; i < MANY; i++) {
        assert_true(bytes_printf(&data[i], "{\"seq\":%d}", i));
        assert_int_equal(seal_sign(key, data[i].data, data[i].len, &signatures[i], NULL), STORE_OK);
        assert_int_equal(judged(practised, &data[i], &signatures[i]), STORE_OK);
    }
    size_t refused = 0;
    for (size_t at = 0; at < signatures[0].len; at++) {
        struct seal_judge *fresh = load_judge();
        signatures[0].data[at] ^= 1;
        enum store_status right = judged(fresh, &data[0], &signatures[0]);
        if (judged(practised, &data[0], &signatures[0]) != right)
            fail_msg("octet %zu of %zu: %s", at, signatures[0].len, store_status_text(right));
        refused += right != STORE_OK;
        signatures[0].data[at] ^= 1;
        seal_judge_close(fresh);
    }
    assert_true(refused > signatures[0].len - 20);
    for (size_t at = 0; at < data[1].len; at++) {
        data[1].data[at] ^= 1;
        assert_int_equal(judged(practised, &data[1], &signatures[1]), STORE_CORRUPT);
        data[1].data[at] ^= 1;
    }
    /* another's signature, cut off, longer */
    assert_int_equal(judged(practised, &data[2], &signatures[3]), STORE_CORRUPT);
    signatures[4].len--;
    assert_int_equal(judged(practised, &data[4], &signatures[4]), STORE_CORRUPT);
    assert_true(bytes_append(&signatures[5], "", 1));
    assert_int_equal(judged(practised, &data[5], &signatures[5]), STORE_CORRUPT);
    for (int i = 0; i < MANY; i++) {
        bytes_free(&data[i]);
        bytes_free(&signatures[i]);
    }
    seal_judge_close(practised);
    seal_key_free(key);
}

/* It is the pattern that answers, not CMS_verify; and only for the key that it was learned of. */
static void patterns_are_learned(void **state)
{
    (void)state;
    struct seal_key *key = load_key();
    FILE *file = fopen(world.seal_certificate, "r");
    assert_non_null(file);
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    struct seal_shapes *shapes = seal_shapes_new(certificate);
    assert_non_null(shapes);
    size_t accepted = 0;
    for (int i = 0; i < 60; i++) {
        struct bytes signature = {0};
        assert_int_equal(seal_sign(key, "data", 4, &signature, NULL), STORE_OK);
        const unsigned char *der = (const unsigned char *)signature.data;
        bool known = seal_shapes_accept(shapes, "data", 4, der, signature.len);
        accepted += known;
        assert_false(seal_shapes_accept(shapes, "Data", 4, der, signature.len));
        CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &der, (long)signature.len);
        assert_non_null(cms);
        if (!known) /* over other data it does not become one */
            seal_shapes_learn(shapes, cms, "Data", 4, signature.data, signature.len);
        if (!known)
            assert_false(seal_shapes_accept(shapes, "data", 4, signature.data, signature.len));
        if (!known)
            seal_shapes_learn(shapes, cms, "data", 4, signature.data, signature.len);
        assert_true(seal_shapes_accept(shapes, "data", 4, signature.data, signature.len));
        CMS_ContentInfo_free(cms);
        bytes_free(&signature);
    }
    assert_true(accepted > 40); /* all but the first of each length */
    seal_shapes_free(shapes);
    X509_free(certificate);
    seal_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(key_files),           test(key_not_overwritten),  test(key_trouble),
        test(key_kinds),           test(key_long_name),        test(signature),
        test(signed_attributes),   test(foreign_signature),    test(no_certificate_named),
        test(issued_by_the_seal),  test(pending_once),         test(altered_before_signing),
        test(cut_and_grown_again), test(newer_schema),         test(process_signs),
        test(process_is_idle),     test(process_without_key),  test(command_signs),
        test(judges_agree),        test(patterns_are_learned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
