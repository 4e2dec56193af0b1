/*
 * message_confine - giving up every right before hostile octets are parsed
 */
#include "db/message_confine.h"

#include <gmime/gmime.h>
#include <iconv.h>
#include <libxml/parser.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

enum { CPU_SECONDS = 5 };
static const rlim_t MEMORY = (rlim_t)1024 * 1024 * 1024;

/* What glibc has no built-in converter for and mail is written in. */
static const char *const charsets[] = {
    "ISO-8859-1",   "ISO-8859-2",   "ISO-8859-3",   "ISO-8859-4",   "ISO-8859-5",   "ISO-8859-7",
    "ISO-8859-9",   "ISO-8859-10",  "ISO-8859-13",  "ISO-8859-14",  "ISO-8859-15",  "ISO-8859-16",
    "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252", "WINDOWS-1253", "WINDOWS-1254", "WINDOWS-1255",
    "WINDOWS-1256", "WINDOWS-1257", "KOI8-R",       "KOI8-U",       "MACINTOSH",    "ISO-2022-JP",
    "EUC-JP",       "SHIFT_JIS",    "EUC-KR",       "GB18030",      "GBK",          "BIG5",
    "UTF-7",        "UTF-16"};

void message_prepare(void)
{
    g_mime_init();
    xmlInitParser();
    /* The handles are kept until the process ends: so the tables stay loaded. One that this
       system does not have makes mail in that charset less readable, no more. */
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
        (void)iconv_open("UTF-8", charsets[i]);
}

static bool limit(int resource, rlim_t most)
{
    const struct rlimit r = {most, most};
    return setrlimit(resource, &r) == 0;
}

/* Memory, locks, time and the end: what malloc, GLib and the sanitizers do. */
static const int allowed[] = {
    SCMP_SYS(mmap),           SCMP_SYS(munmap),       SCMP_SYS(mremap),    SCMP_SYS(brk),
    SCMP_SYS(mprotect),       SCMP_SYS(madvise),      SCMP_SYS(futex),     SCMP_SYS(exit),
    SCMP_SYS(exit_group),     SCMP_SYS(rt_sigreturn), SCMP_SYS(getrandom), SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),   SCMP_SYS(sched_yield),  SCMP_SYS(getpid),    SCMP_SYS(gettid),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(sigaltstack)};

bool message_confine(int out)
{
    bool done = limit(RLIMIT_CPU, CPU_SECONDS) && limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0);
#ifndef SANITIZED
    done = done && limit(RLIMIT_AS, MEMORY);
#else
    (void)MEMORY;
#endif
    scmp_filter_ctx filter = done ? seccomp_init(SCMP_ACT_KILL_PROCESS) : NULL;
    const struct scmp_arg_cmp to_out = {
        .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)out, .datum_b = 0};
    done =
        filter && seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, &to_out) == 0;
    for (size_t i = 0; done && i < sizeof allowed / sizeof *allowed; i++)
        done = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
    done = done && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return done;
}
