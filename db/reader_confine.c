/*
 * reader_confine - giving up every right before hostile octets are parsed
 *
 * Libraries try harmless things: a converter for a charset that does not exist looks for its
 * file. So most calls fail with an error. Those that no parser makes kill: whoever took one over
 * is not to have a second try, and the log says it.
 *
 * Both filters are built beforehand. The second is kept as a program for the kernel, since
 * compiling one for each message costs more than reading it.
 */
#include "db/reader_confine.h"

#include <fcntl.h>
#include <gmime/gmime.h>
#include <iconv.h>
#include <libxml/parser.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <openssl/evp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

enum { CHARSETS_MAX = 80 };

struct confinement {
    struct identify *identify;
    bool measured; /* the process as it is before any message: */
    rlim_t mapped, resident;
    struct sock_fprog inner;
    scmp_filter_ctx outer;
    iconv_t kept[CHARSETS_MAX]; /* as long as they are, their tables stay loaded */
};

/* --- loading ---------------------------------------------------------------------------------*/

/* What glibc has no built-in converter for and mail is written in. */
static const char *const charsets[] = {
    "ISO-8859-1",   "ISO-8859-2",   "ISO-8859-3",   "ISO-8859-4",   "ISO-8859-5",   "ISO-8859-6",
    "ISO-8859-7",   "ISO-8859-8",   "ISO-8859-9",   "ISO-8859-10",  "ISO-8859-13",  "ISO-8859-14",
    "ISO-8859-15",  "ISO-8859-16",  "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252", "WINDOWS-1253",
    "WINDOWS-1254", "WINDOWS-1255", "WINDOWS-1256", "WINDOWS-1257", "WINDOWS-1258", "KOI8-R",
    "KOI8-U",       "MACINTOSH",    "CP437",        "CP850",        "ISO-2022-JP",  "EUC-JP",
    "SHIFT_JIS",    "EUC-KR",       "GB2312",       "GB18030",      "GBK",          "BIG5",
    "UTF-7",        "UTF-16",       "CP932",        "CP949",        "CP874",        "BIG5-HKSCS"};

_Static_assert(sizeof charsets / sizeof *charsets <= CHARSETS_MAX, "each has its handle");

static void load(struct confinement *c)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len;
    g_mime_init();
    xmlInitParser();
    tzset();
    (void)EVP_Digest("", 0, digest, &len, EVP_sha256(), NULL); /* reads OpenSSL's configuration */
    /* One that this system does not have makes mail in that charset less readable, no more. */
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++) {
        c->kept[i] = iconv_open("UTF-8", charsets[i]);
        (void)g_mime_charset_iconv_name(charsets[i]);
    }
}

/* Octets that this process has mapped, and of these in memory. */
static bool measure(rlim_t *mapped, rlim_t *resident)
{
    unsigned long long size, rss;
    FILE *f = fopen("/proc/self/statm", "r");
    bool done = f && fscanf(f, "%llu %llu", &size, &rss) == 2;
    rlim_t page = (rlim_t)sysconf(_SC_PAGESIZE);
    if (f)
        fclose(f);
    if (done) {
        *mapped = (rlim_t)size * page;
        *resident = (rlim_t)rss * page;
    }
    return done;
}

/* --- filters ---------------------------------------------------------------------------------*/

/* Memory, locks, time and the end: what malloc, GLib and the sanitizers do. */
static const int for_all[] = {
    SCMP_SYS(munmap),      SCMP_SYS(mremap),         SCMP_SYS(brk),
    SCMP_SYS(madvise),     SCMP_SYS(futex),          SCMP_SYS(exit),
    SCMP_SYS(exit_group),  SCMP_SYS(rt_sigreturn),   SCMP_SYS(getrandom),
    SCMP_SYS(sched_yield), SCMP_SYS(clock_gettime),  SCMP_SYS(gettimeofday),
    SCMP_SYS(getpid),      SCMP_SYS(gettid),         SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall)};

/* What it takes to start a process, hand it a message, wait for it and tell of its end. */
static const int for_starter[] = {SCMP_SYS(recvmsg),     SCMP_SYS(sendmsg),
                                  SCMP_SYS(poll),        SCMP_SYS(ppoll),
                                  SCMP_SYS(read),        SCMP_SYS(write),
                                  SCMP_SYS(writev),      SCMP_SYS(close),
                                  SCMP_SYS(dup2),        SCMP_SYS(dup3),
                                  SCMP_SYS(close_range), SCMP_SYS(wait4),
                                  SCMP_SYS(waitid),      SCMP_SYS(pidfd_open),
                                  SCMP_SYS(kill),        SCMP_SYS(prctl),
                                  SCMP_SYS(seccomp),     SCMP_SYS(prlimit64),
                                  SCMP_SYS(setrlimit),   SCMP_SYS(fstat),
                                  SCMP_SYS(newfstatat),  SCMP_SYS(set_robust_list),
                                  SCMP_SYS(rseq),        SCMP_SYS(getppid),
                                  SCMP_SYS(pipe2)};

/* Nothing that reads messages has any business here. */
static const int fatal[] = {SCMP_SYS(execve),           SCMP_SYS(execveat),
                            SCMP_SYS(socket),           SCMP_SYS(socketpair),
                            SCMP_SYS(connect),          SCMP_SYS(bind),
                            SCMP_SYS(listen),           SCMP_SYS(accept),
                            SCMP_SYS(accept4),          SCMP_SYS(ptrace),
                            SCMP_SYS(io_uring_setup),   SCMP_SYS(bpf),
                            SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
                            SCMP_SYS(userfaultfd)};
static const int fatal_inside[] = {SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(fork),
                                   SCMP_SYS(vfork), SCMP_SYS(kill),   SCMP_SYS(sendmsg),
                                   SCMP_SYS(sendto)};

/* A call that this architecture does not have needs no rule. */
static bool add(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    bool done = true;
    for (size_t i = 0; done && i < count; i++)
        done = calls[i] < 0 || seccomp_rule_add(filter, action, calls[i], 0) == 0;
    return done;
}

#define ADD(filter, action, calls) add(filter, action, calls, sizeof(calls) / sizeof *(calls))

/* Memory is never made executable. */
static bool add_memory(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp data = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, data) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, data) == 0;
}

static scmp_filter_ctx outer_filter(void)
{
    /* A process, not a namespace. */
    const struct scmp_arg_cmp plain =
        SCMP_A0(SCMP_CMP_MASKED_EQ,
                CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                    CLONE_NEWPID | CLONE_NEWNET,
                0);
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool done = filter && ADD(filter, SCMP_ACT_KILL_PROCESS, fatal) &&
                ADD(filter, SCMP_ACT_ALLOW, for_all) && ADD(filter, SCMP_ACT_ALLOW, for_starter) &&
                add_memory(filter) &&
                seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, plain) == 0;
    if (done)
        return filter;
    seccomp_release(filter);
    return NULL;
}

static scmp_filter_ctx inner_filter(void)
{
    const struct scmp_arg_cmp out = {
        .arg = 0, .op = SCMP_CMP_EQ, .datum_a = CONFINED_OUT, .datum_b = 0};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool done = filter && ADD(filter, SCMP_ACT_KILL_PROCESS, fatal) &&
                ADD(filter, SCMP_ACT_KILL_PROCESS, fatal_inside) &&
                ADD(filter, SCMP_ACT_ALLOW, for_all) && add_memory(filter) &&
                seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, out) == 0;
    if (done)
        return filter;
    seccomp_release(filter);
    return NULL;
}

/* The filter as the kernel takes it. */
static bool take_program(scmp_filter_ctx filter, struct sock_fprog *program)
{
    struct stat info;
    int fd = memfd_create("filter", MFD_CLOEXEC);
    bool done = fd >= 0 && seccomp_export_bpf(filter, fd) == 0 && fstat(fd, &info) == 0 &&
                info.st_size > 0 && (program->filter = malloc((size_t)info.st_size)) != NULL &&
                pread(fd, program->filter, (size_t)info.st_size, 0) == info.st_size;
    if (done)
        program->len = (unsigned short)((size_t)info.st_size / sizeof *program->filter);
    if (fd >= 0)
        close(fd);
    return done;
}

struct confinement *confinement_prepare(void)
{
    struct confinement *c = calloc(1, sizeof *c);
    scmp_filter_ctx inner = inner_filter();
    if (!c || !inner || !(c->outer = outer_filter()) || !take_program(inner, &c->inner)) {
        seccomp_release(inner);
        free(c);
        return NULL;
    }
    seccomp_release(inner);
    load(c);
    c->identify = identify_open();
    c->measured = measure(&c->mapped, &c->resident);
    return c;
}

struct identify *confinement_identify(struct confinement *c)
{
    return c->identify;
}

/* --- giving up -------------------------------------------------------------------------------*/

/* No rule allows any path: nothing can be opened. A kernel that has no Landlock leaves it to
   seccomp. */
static void enter_landlock(void)
{
#ifdef SYS_landlock_create_ruleset
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1)
        return;
    /* What version 1 knows is LANDLOCK_ACCESS_FS_MAKE_SYM and all below it. */
    const struct landlock_ruleset_attr all = {.handled_access_fs =
                                                  2 * LANDLOCK_ACCESS_FS_MAKE_SYM - 1};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (rules < 0)
        return;
    (void)syscall(SYS_landlock_restrict_self, rules, 0);
    close(rules);
#endif
}

bool confinement_enter(const struct confinement *c)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return false;
    enter_landlock();
    return seccomp_load(c->outer) == 0;
}

static bool limit(int resource, rlim_t most, rlim_t hard)
{
    const struct rlimit r = {most, hard};
    return setrlimit(resource, &r) == 0;
}

#ifndef SANITIZED /* it maps terabytes */
/* What is mapped already, and what a message may take. */
static bool limit_memory(const struct confinement *c, rlim_t memory)
{
    rlim_t space = c->mapped + (memory > c->resident ? memory - c->resident : 0);
    return !c->measured || limit(RLIMIT_AS, space, space);
}
#endif

bool confinement_drop(const struct confinement *c, const struct reader_limits *limits)
{
    const rlim_t seconds = limits->seconds;
    /* At the hard limit the kernel sends SIGKILL, which would not tell why. */
    bool done = limit(RLIMIT_CPU, seconds, seconds + 1) && limit(RLIMIT_CORE, 0, 0) &&
                limit(RLIMIT_FSIZE, 0, 0);
#ifndef SANITIZED
    done = done && limit_memory(c, limits->memory);
#endif
    return done && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &c->inner, 0, 0) == 0;
}
