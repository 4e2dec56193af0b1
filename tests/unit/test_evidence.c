/*
 * test_evidence - the evidence file is verified by the commands that its LISEZMOI prints, and
 *                 by nothing of ours; and these commands say no when anything was touched
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <gmime/gmime.h>

#include "db/command.h"
#include "db/dossier_words.h"
#include "db/evidence.h"
#include "db/pending_file.h"
#include "tests/unit/sealed_store.h"

static struct sealed_store world;
static char place[100]; /* where the file is unpacked */

#define MAIL(subject, text) "From: a@b.example\r\nSubject: " subject "\r\n\r\n" text "\r\n"

static int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int shell(const char *format, ...)
{
    char command[2000], line[1800];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    snprintf(command, sizeof command, "cd '%s' && { %s\n } > /dev/null 2>&1", world.directory,
             line);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_evidence(const char *invoice, const char *name)
{
    char target[200], command[] = "evidence", option[] = "-o", number[40];
    snprintf(target, sizeof target, "%s/%s", world.directory, name);
    snprintf(number, sizeof number, "%s", invoice);
    char *argv[] = {command, number, option, target, NULL};
    const struct command_context context = {
        .config_file = "none", .settings = &world.settings, .actor = "tester"};
    return command_evidence(&context, 4, argv);
}

/* Bodies that do not end in a line end, hold NUL-like octets, or look like our own fields. */
static int make_world(void **state)
{
    (void)state;
    static char root[] = "root";
    g_mime_init();
    sealed_store_make(&world);
    world.settings.user = root;
    world.settings.sealer_user = root;
    snprintf(place, sizeof place, "%s/unpacked", world.directory);
    sealed_store_add(&world, &(struct wanted_entry){.event = "start"});
    sealed_store_add(&world, &(struct wanted_entry){.event = "prepared",
                                                    .direction = "outbound",
                                                    .level = "prepared",
                                                    .invoice = "F/1 é",
                                                    .message = MAIL("relance", "Bonjour")});
    uint64_t stray = sealed_store_add(
        &world,
        &(struct wanted_entry){.event = "reply",
                               .direction = "inbound",
                               .review = "F/1 é",
                               .message = MAIL("Re: relance", "\"nonce\":\"00\" h\xe9las")});
    sealed_store_add(
        &world, &(struct wanted_entry){.event = "note",
                                       .invoice = "F/1 é",
                                       .second_invoice = "F-2",
                                       .private_json = "{\"text\":\"\\\"nonce\\\":\\\"ab\\\"\"}"});
    char about[60];
    snprintf(about, sizeof about, "{\"about\":%d,\"invoice\":\"F/1 é\"}", (int)stray);
    sealed_store_add(&world, &(struct wanted_entry){
                                 .event = "assign", .invoice = "F/1 é", .private_json = about});
    sealed_store_add(&world, &(struct wanted_entry){.event = "reply",
                                                    .direction = "inbound",
                                                    .invoice = "F/1 é",
                                                    .message = MAIL("gros", "trop"),
                                                    .dropped = true});
    sealed_store_add(&world, &(struct wanted_entry){.event = "reply",
                                                    .direction = "inbound",
                                                    .invoice = "F/1 é",
                                                    .message = MAIL("suite", "corps en fichier"),
                                                    .spilled = true});
    assert_int_equal(run_evidence("F/1 é", "f.asice"), 0);
    assert_int_equal(shell("unzip -q f.asice -d unpacked && cp -a unpacked pristine"), 0);
    return 0;
}

static int drop_world(void **state)
{
    (void)state;
    sealed_store_remove(&world);
    return 0;
}

/* Paste the commands: the lines of LISEZMOI that begin with four blanks, each group by itself;
   0: every one was content. */
static int paste_commands(void)
{
    return shell("sed -n 's/^    //p' unpacked/LISEZMOI.txt > commands && test -s commands && "
                 "cd unpacked && sh -e ../commands");
}

static void complete(void **state)
{
    (void)state;
    static const char *const wanted[] = {"LISEZMOI.txt",
                                         "index.json",
                                         "SHA256SUMS",
                                         "certs/seal.pem",
                                         "certs/export.pem",
                                         "META-INF/ASiCManifest001.xml",
                                         "META-INF/signature001.p7s",
                                         "mimetype",
                                         "entries/001.eml",
                                         "entries/001.json",
                                         "entries/001.json.p7s",
                                         "entries/001.private.json",
                                         "entries/002.json",
                                         "entries/003.json",
                                         "entries/003a.eml",
                                         "entries/003a.json",
                                         "entries/003a.json.p7s",
                                         "entries/004.json",
                                         "entries/005.eml",
                                         "entries/006.json"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (shell("test -s unpacked/%s", wanted[i]) != 0)
            fail_msg("%s is not in the file", wanted[i]);
    assert_int_not_equal(shell("test -e unpacked/entries/002.eml"), 0);
    assert_int_not_equal(shell("test -e unpacked/entries/004.eml"), 0); /* only its hash was kept */
    assert_int_not_equal(shell("test -e unpacked/entries/007.json"), 0);
    /* the export itself is the last entry */
    assert_int_equal(shell("grep -q '\"event\":\"export\"' unpacked/entries/006.json"), 0);
    /* octets as archived */
    assert_int_equal(shell("printf '%%s\\r\\n%%s\\r\\n\\r\\n%%s\\r\\n' 'From: a@b.example' "
                           "'Subject: suite' 'corps en fichier' | cmp - unpacked/entries/005.eml"),
                     0);
    assert_int_equal(shell("stat -c %%a f.asice | grep -qx 600"), 0);
    assert_int_equal(shell("python3 -c 'import json; json.load(open(\"unpacked/index.json\"))'"),
                     0);
    /* every file is in the list of hashes, and in the manifest */
    assert_int_equal(shell("cd unpacked && find * -type f ! -name SHA256SUMS ! -name mimetype "
                           "! -path 'META-INF/*' | sort > ../there && "
                           "cut -c67- SHA256SUMS | sort | cmp - ../there"),
                     0);
    assert_int_equal(shell("echo SHA256SUMS >> there && sort -o there there && "
                           "sed -n 's/.*DataObjectReference URI=\"\\([^\"]*\\)\".*/\\1/p' "
                           "unpacked/META-INF/ASiCManifest001.xml | sort | cmp - there"),
                     0);
}

static void says_what_it_is(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "Document privé de la société Société d'essai",
        "n'exclut pas qu'elle en ait établi un autre",
        "d'aucun tribunal",
        "Private document of the company Société d'essai",
        "issued by no court",
        "check its",
        "la ligne Received ajoutée",
        "the Received line that the",
        "préparé : notre copie",
        "prepared: our copy",
        "message trop grand",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (shell("grep -qF \"%s\" unpacked/LISEZMOI.txt", wanted[i]) != 0)
            fail_msg("LISEZMOI does not say \"%s\"", wanted[i]);
    char hex[65];
    struct bytes fingerprint = {0};
    assert_int_equal(seal_fingerprint(world.seal_certificate, hex, NULL), STORE_OK);
    assert_true(words_fingerprint(hex, &fingerprint));
    assert_int_equal(shell("grep -c %s unpacked/LISEZMOI.txt | grep -qx 2", fingerprint.data), 0);
    /* What its own command prints is found in it. */
    assert_int_equal(shell("cd unpacked && grep -qF $(openssl x509 -in certs/seal.pem -noout "
                           "-fingerprint -sha256 | cut -d= -f2) LISEZMOI.txt"),
                     0);
    bytes_free(&fingerprint);
}

static void commands_agree(void **state)
{
    (void)state;
    assert_int_equal(shell("grep -c '^    ' unpacked/LISEZMOI.txt | grep -qv '^[0-9]$'"), 0);
    assert_int_equal(paste_commands(), 0);
}

static void flip(const char *path)
{
    struct stat st;
    unsigned char octet;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(pread(fd, &octet, 1, st.st_size / 2), 1);
    octet ^= 1;
    assert_int_equal(pwrite(fd, &octet, 1, st.st_size / 2), 1);
    close(fd);
}

static void each_file(const char *folder, void (*each)(const char *path))
{
    char path[400];
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] == '.' || stat(path, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            each_file(path, each);
        else
            each(path);
    }
    closedir(dir);
}

static unsigned files_touched;

/* Touched, the commands as they were before say no; put back, they agree again. */
static void touch_and_check(const char *path)
{
    flip(path);
    int status = shell("cd unpacked && sh -e ../commands");
    if (status == 0)
        fail_msg("%s was touched and nobody noticed", path);
    flip(path);
    files_touched++;
}

static void touched(void **state)
{
    (void)state;
    assert_int_equal(paste_commands(), 0);
    files_touched = 0;
    each_file(place, touch_and_check);
    assert_true(files_touched >= 20);
    assert_int_equal(paste_commands(), 0);
}

/* Without the list of hashes, the signatures, commitments and the chain say it too. */
static void touch_and_check_deep(const char *path)
{
    if (!strstr(path, "/entries/"))
        return;
    flip(path);
    int status =
        shell("cd unpacked && sed -n '/^( for f/,$p' ../commands > ../deep && sh -e ../deep");
    if (status == 0)
        fail_msg("%s was touched and only SHA256SUMS would notice", path);
    flip(path);
}

static void touched_deep(void **state)
{
    (void)state;
    assert_int_equal(paste_commands(), 0);
    each_file(place, touch_and_check_deep);
    /* an entry taken out of the middle, with all its files */
    assert_int_equal(shell("rm unpacked/entries/002.*; sed -n '/^( for f/,$p' commands > deep"), 0);
    assert_int_not_equal(shell("cd unpacked && sh -e ../deep"), 0);
    assert_int_equal(shell("cp -a pristine/. unpacked/ && rm unpacked/entries/006.*"), 0);
    assert_int_not_equal(shell("cd unpacked && sh -e ../deep"), 0);
    assert_int_equal(shell("cp -a pristine/. unpacked/ && cd unpacked && sh -e ../deep"), 0);
}

/* --- failures -------------------------------------------------------------------------------*/

static void not_overwritten(void **state)
{
    (void)state;
    assert_int_equal(shell("sha256sum f.asice > before"), 0);
    assert_int_equal(run_evidence("F/1 é", "f.asice"), 73);
    assert_int_equal(shell("sha256sum -c before"), 0);
}

static unsigned count_files(void)
{
    unsigned count = 0;
    DIR *dir = opendir(world.directory);
    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count;
}

static void nothing_half_done(void **state)
{
    (void)state;
    unsigned before = count_files();
    assert_int_equal(run_evidence("F-404", "none.asice"), 66);
    assert_int_equal(count_files(), before);
    assert_int_not_equal(run_evidence("F-2", "nowhere/none.asice"), 0);
    sealed_store_save(&world);
    sealed_store_flip(&world, "log.db", "message", "packed", "seq = 2", -10);
    assert_int_equal(run_evidence("F/1 é", "damaged.asice"), 65);
    assert_int_equal(count_files(), before);
    sealed_store_restore(&world);
    assert_int_equal(run_evidence("F-2", "other.asice"), 0);
    assert_int_equal(count_files(), before + 1);
    assert_int_equal(shell("unzip -l other.asice | grep -q entries/002.json && rm other.asice"), 0);
}

static void full_disk(void **state)
{
    (void)state;
    struct pending_file f;
    struct store_error err = {0};
    char target[200];
    snprintf(target, sizeof target, "%s/small.asice", world.directory);
    assert_int_equal(pending_file_open(target, &f, &err), STORE_OK);
    int full = open("/dev/full", O_RDWR);
    assert_true(full >= 0);
    const struct evidence_order order = {&world.settings, "F/1 é", "tester", "small.asice",
                                         LANGUAGE_FR};
    struct strings remarks = {0};
    enum store_status st = evidence_write(&order, 1000, time(NULL), &full, 1, &remarks, &err);
    strings_free(&remarks);
    assert_int_not_equal(st, STORE_OK);
    assert_non_null(strstr(err.text, "zip file"));
    close(full);
    pending_file_close(&f);
    assert_int_not_equal(access(target, F_OK), 0);
}

/* Messages of more octets than a zip without ZIP64 takes are divided, too; and a plan that does
   not hold any more is not followed. */
static void octets_and_plans(void **state)
{
    (void)state;
    const struct evidence_order order = {&world.settings, "F/1 é", "tester", "large.asice",
                                         LANGUAGE_FR};
    struct store_error err = {0};
    struct strings remarks = {0};
    unsigned count = 0;
    sealed_store_save(&world);
    assert_int_equal(evidence_volumes(&order, 1000, &count, &err), STORE_OK);
    assert_int_equal(count, 1);
    sealed_store_sql(&world, "log.db",
                     "UPDATE entry SET record = CAST(json_set(CAST(record AS TEXT), '$.size',"
                     " 600000000) AS BLOB) WHERE seq IN (2, 7)");
    assert_int_equal(evidence_volumes(&order, 1000, &count, &err), STORE_OK);
    assert_int_equal(count, 2);
    sealed_store_restore(&world);
    int fds[2] = {open("/dev/null", O_RDWR), open("/dev/null", O_RDWR)};
    assert_int_equal(evidence_write(&order, 1000, time(NULL), fds, 2, &remarks, &err), STORE_BUSY);
    assert_non_null(strstr(err.text, "the dossier changed meanwhile"));
    strings_free(&remarks);
    close(fds[0]);
    close(fds[1]);
}

static void file_names(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"F-2026-001", "F-2026-001.asice"},
                                           {"F/2026 été", "F_2026_ete.asice"},
                                           {"../../etc/passwd", "_._.._etc_passwd.asice"},
                                           {"-rf", "_rf.asice"},
                                           {"", "dossier.asice"},
                                           {"\xff\x01", NULL}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *name = evidence_file_name(names[i][0]);
        assert_non_null(name);
        assert_null(strchr(name, '/'));
        assert_true(name[0] != '.' && name[0] != '-');
        if (names[i][1])
            assert_string_equal(name, names[i][1]);
        free(name);
    }
    char longer[301] = "";
    memset(longer, 'F', sizeof longer - 1);
    char *name = evidence_file_name(longer);
    assert_non_null(name);
    assert_int_equal(strlen(name), 100 + strlen(".asice"));
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete),          cmocka_unit_test(says_what_it_is),
        cmocka_unit_test(commands_agree),    cmocka_unit_test(touched),
        cmocka_unit_test(touched_deep),      cmocka_unit_test(not_overwritten),
        cmocka_unit_test(nothing_half_done), cmocka_unit_test(full_disk),
        cmocka_unit_test(file_names),        cmocka_unit_test(octets_and_plans),
    };
    return cmocka_run_group_tests(tests, make_world, drop_world);
}
