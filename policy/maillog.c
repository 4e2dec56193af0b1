/*
 * maillog - one line of a mail server's log: the glance, the frame around it, its time
 */
#include "policy/maillog.h"

#include <string.h>

#include "policy/maillog_private.h"

/* --- slices ---------------------------------------------------------------------------------*/

bool slice_is(struct slice s, const char *text)
{
    return s.text && s.len == strlen(text) && memcmp(s.text, text, s.len) == 0;
}

bool slice_begins(struct slice s, const char *text)
{
    size_t len = strlen(text);
    return s.text && s.len >= len && memcmp(s.text, text, len) == 0;
}

struct slice slice_after(struct slice s, size_t n)
{
    return n > s.len ? (struct slice){s.text + s.len, 0} : (struct slice){s.text + n, s.len - n};
}

size_t slice_find(struct slice s, const char *text)
{
    const char *at = s.len ? memmem(s.text, s.len, text, strlen(text)) : NULL;
    return at ? (size_t)(at - s.text) : s.len;
}

struct slice slice_until(struct slice s, const char *octets)
{
    size_t n = 0;
    while (n < s.len && !strchr(octets, s.text[n]))
        n++;
    return (struct slice){s.text, n};
}

struct slice slice_trim(struct slice s)
{
    while (s.len && strchr(" \t\r\n", s.text[s.len - 1]))
        s.len--;
    while (s.len && (*s.text == ' ' || *s.text == '\t'))
        s = slice_after(s, 1);
    return s;
}

struct slice slice_unbracket(struct slice s)
{
    if (s.len >= 2 && s.text[0] == '<' && s.text[s.len - 1] == '>')
        return (struct slice){s.text + 1, s.len - 2};
    return s;
}

int slice_number(struct slice s)
{
    int n = 0;
    if (s.len == 0 || s.len > 9)
        return -1;
    for (size_t i = 0; i < s.len; i++) {
        if (s.text[i] < '0' || s.text[i] > '9')
            return -1;
        n = 10 * n + (s.text[i] - '0');
    }
    return n;
}

/* --- the glance -----------------------------------------------------------------------------*/

#define HASH_FACTOR 0x9e3779b97f4a7c15u /* 2^64 / golden ratio */

/* Eight octets at a time: a busy server's log has millions of lines. What is found by it is
   compared, too. */
uint64_t maillog_hash(const char *text, size_t len)
{
    uint64_t hash = len * HASH_FACTOR, word;
    for (; len >= sizeof word; text += sizeof word, len -= sizeof word) {
        memcpy(&word, text, sizeof word);
        hash = (hash ^ word) * HASH_FACTOR;
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, text, len);
    hash = (hash ^ word) * HASH_FACTOR;
    hash ^= hash >> 32;
    return hash ? hash : 1;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What queue IDs are made of: letters and digits. */
static const bool id_octets[256] = {
    ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true, ['4'] = true, ['5'] = true,
    ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true, ['A'] = true, ['B'] = true,
    ['C'] = true, ['D'] = true, ['E'] = true, ['F'] = true, ['G'] = true, ['H'] = true,
    ['I'] = true, ['J'] = true, ['K'] = true, ['L'] = true, ['M'] = true, ['N'] = true,
    ['O'] = true, ['P'] = true, ['Q'] = true, ['R'] = true, ['S'] = true, ['T'] = true,
    ['U'] = true, ['V'] = true, ['W'] = true, ['X'] = true, ['Y'] = true, ['Z'] = true,
    ['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true, ['e'] = true, ['f'] = true,
    ['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true, ['k'] = true, ['l'] = true,
    ['m'] = true, ['n'] = true, ['o'] = true, ['p'] = true, ['q'] = true, ['r'] = true,
    ['s'] = true, ['t'] = true, ['u'] = true, ['v'] = true, ['w'] = true, ['x'] = true,
    ['y'] = true, ['z'] = true};

/* The process ID that ends before `end`: "…[123". */
static long pid_before(const char *begin, const char *end)
{
    long pid = 0, digit = 1;
    const char *p = end;
    while (p > begin && is_digit(p[-1]) && end - p < 10) {
        pid += digit * (p[-1] - '0');
        digit *= 10;
        p--;
    }
    return p < end && p > begin && p[-1] == '[' ? pid : -1;
}

/* A frame of RFC 5424: "<22>1 2026-11-27T20:15:38Z host program 123 - - text". The text after the
   structured data, and where the six fields begin. NULL: it is none. */
static const char *syslog_frame(const char *text, const char *end, struct slice fields[5])
{
    const char *p = memchr(text, '>', (size_t)(end - text < 6 ? end - text : 6));
    if (!p || end - p < 4 || p[1] != '1' || p[2] != ' ')
        return NULL;
    p += 3;
    for (int i = 0; i < 5; i++) {
        const char *space = memchr(p, ' ', (size_t)(end - p));
        if (!space)
            return NULL;
        fields[i] = (struct slice){p, (size_t)(space - p)};
        p = space + 1;
    }
    if (p < end && *p == '[') { /* a quoted "]" is preceded by a backslash */
        while (p < end && !(*p == ']' && p[-1] != '\\' && (p + 1 == end || p[1] == ' ')))
            p++;
        p++;
    } else if (p < end && *p == '-') {
        p++;
    }
    while (p < end && *p == ' ')
        p++;
    if (end - p >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        p += 3;
    return p < end ? p : NULL;
}

/* What the mail program wrote: after "program[123]: ". NULL: no such line. */
static const char *text_of(const char *text, const char *end, long *pid)
{
    struct slice fields[5];
    *pid = -1;
    if (text < end && *text == '<') {
        const char *body = syslog_frame(text, end, fields);
        if (body) {
            *pid = slice_number(fields[3]);
            return body;
        }
    }
    const char *p = text;
    while ((p = memchr(p, ']', (size_t)(end - p))) != NULL) {
        if (end - p > 3 && p[1] == ':' && p[2] == ' ') {
            *pid = pid_before(text, p);
            p += 3;
            break;
        }
        p++;
    }
    /* Some syslogds put "[ID 197553 mail.info] " there. */
    if (p && end - p > 4 && memcmp(p, "[ID ", 4) == 0) {
        const char *close = memchr(p, ']', (size_t)(end - p));
        p = close && end - close > 2 ? close + 2 : NULL;
    }
    return p;
}

/* "Trusted TLS connection established to …", Sendmail's "STARTTLS=client, …" */
static bool is_tls(struct slice body)
{
    static const char *const begins[] = {"Untrusted TLS connection established",
                                         "Trusted TLS connection established",
                                         "Verified TLS connection established",
                                         "Anonymous TLS connection established", "STARTTLS=client"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (*body.text == *begins[i] && slice_begins(body, begins[i]))
            return true;
    return false;
}

enum maillog_look maillog_look(const char *text, size_t len, struct maillog_glance *g)
{
    const char *end = text + len;
    const char *body = text_of(text, end, &g->pid);
    if (!body)
        return MAILLOG_NOTHING;
    const char *p = body;
    while (p < end && id_octets[(unsigned char)*p] && p - body <= QUEUE_ID_MAX)
        p++;
    if (end - p > 2 && p[0] == ':' && p[1] == ' ' && p - body >= 5 && p - body <= QUEUE_ID_MAX) {
        g->queue_id = (struct slice){body, (size_t)(p - body)};
        g->queue_hash = maillog_hash(body, g->queue_id.len);
        g->body = (struct slice){p + 2, (size_t)(end - p - 2)};
        return MAILLOG_QUEUE;
    }
    g->queue_id = (struct slice){NULL, 0};
    g->body = (struct slice){body, (size_t)(end - body)};
    return body < end && is_tls(g->body) ? MAILLOG_TLS : MAILLOG_NOTHING;
}

/* --- time -----------------------------------------------------------------------------------*/

static bool two_digits(const char *p, int *n)
{
    if (!is_digit(p[1]) || (!is_digit(p[0]) && p[0] != ' '))
        return false;
    *n = (p[0] == ' ' ? 0 : 10 * (p[0] - '0')) + (p[1] - '0');
    return true;
}

static bool clock_read(const char *p, struct maillog_stamp *t)
{
    return two_digits(p, &t->hour) && p[2] == ':' && two_digits(p + 3, &t->minute) && p[5] == ':' &&
           two_digits(p + 6, &t->second) && t->hour < 24 && t->minute < 60 && t->second < 61;
}

/* "Nov 27 20:15:38" */
static bool old_stamp(struct slice s, struct maillog_stamp *t, size_t *used)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (s.len < 15)
        return false;
    for (int m = 0; m < 12 && !t->month; m++)
        if (memcmp(s.text, months + 3 * m, 3) == 0)
            t->month = m + 1;
    *used = 15;
    return t->month && s.text[3] == ' ' && two_digits(s.text + 4, &t->day) && s.text[6] == ' ' &&
           clock_read(s.text + 7, t) && t->day >= 1 && t->day <= 31;
}

/* "Z", "+01:00", "-0500" */
static bool zone_read(struct slice s, struct maillog_stamp *t, size_t *used)
{
    int hours, minutes;
    if (s.len && *s.text == 'Z') {
        *used += 1;
        return t->has_zone = true;
    }
    if (s.len == 0 || *s.text == ' ')
        return true; /* local */
    size_t colon = s.len >= 6 && s.text[3] == ':';
    if (s.len < 5 + colon || (*s.text != '+' && *s.text != '-') ||
        !two_digits(s.text + 1, &hours) || !two_digits(s.text + 3 + colon, &minutes))
        return false;
    t->has_zone = true;
    t->zone_s = (*s.text == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    *used += 5 + colon;
    return true;
}

/* "2026-11-27T20:15:38.123456+01:00" */
static bool new_stamp(struct slice s, struct maillog_stamp *t, size_t *used)
{
    int century, year;
    if (s.len < 19 || s.text[4] != '-' || s.text[7] != '-' || !strchr("T ", s.text[10]) ||
        !two_digits(s.text, &century) || !two_digits(s.text + 2, &year) ||
        !two_digits(s.text + 5, &t->month) || !two_digits(s.text + 8, &t->day) ||
        !clock_read(s.text + 11, t) || t->month < 1 || t->month > 12 || t->day < 1 || t->day > 31)
        return false;
    t->year = 100 * century + year;
    *used = 19;
    if (*used < s.len && (s.text[*used] == '.' || s.text[*used] == ','))
        for (++*used; *used < s.len && is_digit(s.text[*used]);)
            ++*used;
    return zone_read(slice_after(s, *used), t, used);
}

static int64_t days_of(int year, int month, int day)
{
    /* Days since 1970 of a day of the Gregorian calendar; years begin in March. */
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int64_t maillog_seconds(const struct maillog_stamp *t)
{
    return days_of(t->year, t->month, t->day) * 86400 + t->hour * 3600 + t->minute * 60 +
           t->second - t->zone_s;
}

int maillog_year(const struct maillog_stamp *t, const struct maillog_stamp *reference)
{
    int64_t last = days_of(reference->year, reference->month, reference->day) + 2;
    for (int year = reference->year + 1; year > reference->year - 1; year--)
        if (days_of(year, t->month, t->day) <= last)
            return year;
    return reference->year - 1;
}

/* --- the line -------------------------------------------------------------------------------*/

/* "postfix-out/submission/smtpd[123]" into program, service; the pid is known. */
static void program_read(struct slice ident, struct maillog_line *line)
{
    line->program = slice_until(ident, "[:");
    line->service = line->program;
    for (size_t i = line->program.len; i-- > 0;)
        if (line->program.text[i] == '/') {
            line->service = slice_after(line->program, i + 1);
            break;
        }
    line->sendmail = line->service.len == line->program.len;
}

static bool frame_read(struct slice s, struct maillog_line *line)
{
    struct slice fields[5];
    size_t used = 0;
    struct maillog_stamp *t = &line->stamp;
    if (s.len && *s.text == '<') {
        if (syslog_frame(s.text, s.text + s.len, fields)) {
            line->host = fields[1];
            program_read(fields[2], line);
            return new_stamp(fields[0], t, &used);
        }
        size_t close = slice_find(s, ">");
        s = slice_after(s, close + 1);
    }
    if (!(s.len && is_digit(*s.text) ? new_stamp(s, t, &used) : old_stamp(s, t, &used)))
        return false;
    s = slice_trim(slice_after(s, used));
    line->host = slice_until(s, " ");
    s = slice_trim(slice_after(s, line->host.len));
    program_read(slice_until(s, " "), line);
    return line->program.len > 0;
}

bool maillog_parse(const char *text, size_t len, struct maillog_line *line)
{
    struct maillog_glance g;
    while (len && strchr("\r\n ", text[len - 1]))
        len--;
    *line = (struct maillog_line){.pid = -1};
    enum maillog_look look = maillog_look(text, len, &g);
    if (look == MAILLOG_NOTHING || !frame_read((struct slice){text, len}, line))
        return false;
    line->pid = g.pid;
    line->queue_id = g.queue_id;
    if (line->sendmail)
        maillog_sendmail(g.body, line);
    else
        maillog_postfix(g.body, line);
    return true;
}

bool maillog_next_address(struct slice *list, struct slice *address)
{
    while (list->len && strchr(", ", *list->text))
        *list = slice_after(*list, 1);
    if (list->len == 0)
        return false;
    if (*list->text == '<') {
        /* A quoted local part may hold ">"; a domain holds none. */
        struct slice inside = slice_after(*list, 1);
        size_t n = slice_find(inside, ">,");
        if (n == inside.len)
            n = inside.len && inside.text[inside.len - 1] == '>' ? inside.len - 1 : inside.len;
        *address = (struct slice){inside.text, n};
        *list = slice_after(inside, n + 1);
        return true;
    }
    *address = slice_until(*list, ", ");
    *list = slice_after(*list, address->len);
    return true;
}
