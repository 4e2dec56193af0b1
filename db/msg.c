/*
 * msg - what programs of this house say about their work
 *
 * The destination is set once at start and only read afterwards. A line is written with one
 * write(2), so that lines of several processes never mix; control characters that foreign
 * text may bring are shown as "?", so that a message cannot forge a log line.
 */
#include "db/msg.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

enum { LINE_MAX_OCTETS = 2000 };

static const char *msg_tag = "temoin"; /* set before threads start */
static bool msg_to_syslog;

static int facility_code(const char *name)
{
    static const struct {
        const char *name;
        int code;
    } known[] = {
        {"mail", LOG_MAIL},     {"daemon", LOG_DAEMON}, {"user", LOG_USER},
        {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2},
        {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5},
        {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0)
            return known[i].code;
    return LOG_MAIL;
}

void msg_open(const char *tag, const char *facility)
{
    msg_tag = tag;
    msg_to_syslog = facility != NULL;
    if (msg_to_syslog)
        openlog(tag, LOG_PID | LOG_NDELAY, facility_code(facility));
}

__attribute__((format(printf, 3, 0))) static void say(int priority, const char *word,
                                                      const char *format, va_list args)
{
    char line[LINE_MAX_OCTETS];
    int head = snprintf(line, sizeof line, "%s[%ld]: %s", msg_tag, (long)getpid(), word);
    if (head < 0 || (size_t)head >= sizeof line / 2)
        head = 0;
    int text = vsnprintf(line + head, sizeof line - (size_t)head - 1, format, args);
    if (text < 0)
        return;
    size_t len = strlen(line);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 127)
            line[i] = '?';
    if (msg_to_syslog) {
        syslog(priority, "%s%s", word, line + head);
        return;
    }
    line[len++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, len); /* nowhere left to report a failure */
    (void)ignored;
}

#define SAY(priority, word)                \
    do {                                   \
        va_list args;                      \
        va_start(args, format);            \
        say(priority, word, format, args); \
        va_end(args);                      \
    } while (0)

void msg_info(const char *format, ...)
{
    SAY(LOG_INFO, "");
}

void msg_warn(const char *format, ...)
{
    SAY(LOG_WARNING, "warning: ");
}

void msg_error(const char *format, ...)
{
    SAY(LOG_ERR, "error: ");
}

void msg_fatal(int status, const char *format, ...)
{
    SAY(LOG_CRIT, "fatal: ");
    exit(status);
}

void msg_panic(const char *format, ...)
{
    SAY(LOG_CRIT, "panic: ");
    exit(EX_SOFTWARE);
}
