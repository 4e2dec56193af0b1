/*
 * charset - octets of whatever charset, or of none, as UTF-8
 */
#include "policy/charset.h"

#include <errno.h>
#include <gmime/gmime.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

enum { NAME_SIZE = 64, SNIFFED = 1024 };

/* --- names -----------------------------------------------------------------------------------*/

static const char *const unlabelled[] = {
    "",        "us-ascii",  "ascii",          "ansi_x3.4-1968", "unknown-8bit",
    "8bit",    "x-unknown", "utf8",           "utf-8",          "default",
    "unknown", "binary",    "x-user-defined", "7bit",           "utf-8n",
    "utf8mb4", "unicode",   "none",           "undefined",      NULL};
static const char *const latin1[] = {"iso-8859-1",
                                     "iso8859-1",
                                     "iso_8859-1",
                                     "latin1",
                                     "latin-1",
                                     "l1",
                                     "iso88591",
                                     "ansi",
                                     "iso-8859-1-windows-3.1-latin-1",
                                     "windows-1252http-equivcontent-type",
                                     "iso 8859-1",
                                     NULL};
static const char *const one_octet[] = {"windows-125", "cp125",     "iso-8859-",
                                        "iso8859-",    "iso_8859-", "x-mac-",
                                        "macintosh",   "koi8-",     NULL};

static bool is_one(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(name, *list) == 0)
            return true;
    return false;
}

static bool begins_one(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (strncmp(name, *list, strlen(*list)) == 0)
            return true;
    return false;
}

/* Lower case, without quotes, blanks, and what follows a semicolon. */
static void tidy_name(const char *charset, char *name)
{
    size_t n = 0;
    for (const char *c = charset; *c && *c != ';' && n + 1 < NAME_SIZE; c++)
        if (!strchr("\"' \t<>=", *c) && *c > ' ' && *c < 0x7f)
            name[n++] = g_ascii_tolower(*c);
    name[n] = '\0';
}

/* What iconv calls it, or the larger charset that is meant. A process that can open no file must
   have loaded these before (db/reader_confine.c). */
static const char *iconv_name(const char *name)
{
    static const struct {
        const char *name, *as;
    } others[] = {{"gb2312", "GB18030"},
                  {"gbk", "GB18030"},
                  {"x-gbk", "GB18030"},
                  {"gb_2312-80", "GB18030"},
                  {"ks_c_5601-1987", "CP949"},
                  {"ks_c_5601", "CP949"},
                  {"euc-kr", "CP949"},
                  {"x-sjis", "CP932"},
                  {"shift_jis", "CP932"},
                  {"iso-2022-jp-ms", "ISO-2022-JP"},
                  {"cp50220", "ISO-2022-JP"},
                  {"unicode-1-1-utf-7", "UTF-7"},
                  {"x-unicode-2-0-utf-7", "UTF-7"},
                  {"iso-8859-8-i", "ISO-8859-8"},
                  {"iso-8859-6-i", "ISO-8859-6"},
                  {"x-mac-roman", "MACINTOSH"},
                  {"x-macroman", "MACINTOSH"},
                  {"tis-620", "CP874"},
                  {"iso-8859-11", "CP874"},
                  {"iso-8859-9", "CP1254"},
                  {"big5-hkscs", "BIG5-HKSCS"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(name, others[i].name) == 0)
            return others[i].as;
    return name;
}

/* --- conversions -----------------------------------------------------------------------------*/

struct counts {
    size_t wide;   /* characters beyond ASCII in valid UTF-8 */
    size_t broken; /* octets that are no UTF-8 */
    size_t c1;     /* octets 80 to 9f */
};

static struct counts count(const char *octets, size_t len)
{
    struct counts n = {0};
    for (size_t at = 0; at < len;) {
        unsigned char c = (unsigned char)octets[at];
        n.c1 += c >= 0x80 && c < 0xa0;
        if (c < 0x80) {
            at++;
            continue;
        }
        gunichar wide = g_utf8_get_char_validated(octets + at, (gssize)(len - at));
        bool valid = wide < 0x110000;
        size_t was = valid ? (size_t)g_unichar_to_utf8(wide, NULL) : 1;
        n.wide += valid;
        n.broken += !valid && len - at >= 4; /* a limit may have cut the last character */
        at += was;
    }
    return n;
}

/* Windows-1252's characters at 80 to 9f; what it leaves out is a blank. */
static gunichar cp1252(unsigned char octet)
{
    static const unsigned short high[32] = {
        0x20ac, ' ',    0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, ' ',    0x017d, ' ',    ' ',    0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, ' ',    0x017e, 0x0178};
    return octet >= 0x80 && octet < 0xa0 ? high[octet - 0x80] : octet;
}

/* UTF-8 where it is (unless `never`), Windows-1252 elsewhere; NUL goes. */
static bool from_mixed(const char *octets, size_t len, bool never, struct bytes *text)
{
    if (!bytes_reserve(text, len))
        return false;
    for (size_t at = 0; at < len;) {
        size_t plain = at;
        while (plain < len && octets[plain] > 0)
            plain++;
        if (!bytes_append(text, octets + at, plain - at))
            return false;
        at = plain;
        if (at == len)
            break;
        gunichar c = never ? 0x110000 : g_utf8_get_char_validated(octets + at, (gssize)(len - at));
        size_t was = c && c < 0x110000 ? (size_t)g_unichar_to_utf8(c, NULL) : 1;
        char own[8];
        if (was == 1)
            c = cp1252((unsigned char)octets[at]);
        at += was;
        if (c && !bytes_append(text, own, (size_t)g_unichar_to_utf8(c, own)))
            return false;
    }
    return true;
}

/* What iconv gave, without NUL and noncharacters that GLib would not have. */
static bool append_valid(struct bytes *text, const char *data, size_t len)
{
    bool done = true;
    while (done && len) {
        size_t n = strnlen(data, len);
        done = bytes_append(text, data, n);
        data += n;
        len -= n;
        while (len && *data == '\0') {
            data++;
            len--;
        }
    }
    return done;
}

enum converted { CONVERTED, NO_SUCH_CHARSET, NO_MEMORY };

/* Octets that the charset does not have become U+FFFD, counted. */
static enum converted convert(const char *octets, size_t len, const char *charset,
                              struct bytes *text, size_t *wrong)
{
    iconv_t converter = g_mime_iconv_open("UTF-8", charset);
    if (converter == (iconv_t)-1)
        return NO_SUCH_CHARSET;
    char piece[4096], *in = (char *)octets;
    size_t left = len;
    bool done = true;
    for (bool last = false; done && !last;) {
        char *to = piece;
        size_t room = sizeof piece;
        last = left == 0;
        size_t result = last ? iconv(converter, NULL, NULL, &to, &room)
                             : iconv(converter, &in, &left, &to, &room);
        bool stuck = !last && result == (size_t)-1 && errno != E2BIG;
        done = append_valid(text, piece, sizeof piece - room);
        if (done && stuck && left) {
            done = bytes_puts(text, "\xef\xbf\xbd");
            (*wrong)++;
            in++;
            left--;
        }
    }
    g_mime_iconv_close(converter);
    return done ? CONVERTED : NO_MEMORY;
}

/* --- what it is ------------------------------------------------------------------------------*/

/* A byte order mark's charset, `*skip` its length; NULL: there is none. */
static const char *marked(const char *octets, size_t len, size_t *skip)
{
    *skip = 0;
    if (len >= 3 && memcmp(octets, "\xef\xbb\xbf", 3) == 0) {
        *skip = 3;
        return "utf-8";
    }
    if (len >= 2 && (memcmp(octets, "\xff\xfe", 2) == 0 || memcmp(octets, "\xfe\xff", 2) == 0)) {
        *skip = 2;
        return (unsigned char)octets[0] == 0xff ? "UTF-16LE" : "UTF-16BE";
    }
    return NULL;
}

/* RFC 2781, 4.3: big endian when nothing says otherwise; but programs of Windows don't know. */
static const char *utf16_order(const char *octets, size_t len)
{
    size_t zeros[2] = {0};
    for (size_t i = 0; i < len; i++)
        zeros[i & 1] += octets[i] == '\0';
    return zeros[1] > zeros[0] ? "UTF-16LE" : "UTF-16BE";
}

static bool has_escapes(const char *octets, size_t len)
{
    for (const char *esc = octets; (esc = memchr(esc, 0x1b, (size_t)(octets + len - esc))); esc++)
        if (octets + len - esc >= 3 && esc[1] == '$' && (esc[2] == 'B' || esc[2] == '@'))
            return true;
    return false;
}

/* iconv knows it, or the octets are taken for what they look like. */
static bool from_other(const char *octets, size_t len, const char *name, struct bytes *text)
{
    size_t begin = text->len, wrong = 0;
    enum converted result = convert(octets, len, iconv_name(name), text, &wrong);
    if (result == NO_MEMORY)
        return false;
    if (result == CONVERTED && wrong == 0)
        return true;
    struct counts n = count(octets, len);
    if (result == CONVERTED && (n.broken || !n.wide))
        return true;
    text->len = begin;
    return from_mixed(octets, len, false, text);
}

bool charset_to_utf8(const char *octets, size_t len, const char *charset, struct bytes *text)
{
    char name[NAME_SIZE];
    size_t skip, wrong = 0;
    tidy_name(charset, name);
    const char *mark = marked(octets, len, &skip);
    bool none = is_one(name, unlabelled);
    if (mark && (none || strncmp(name, "utf", 3) == 0)) {
        octets += skip;
        len -= skip;
        if (*mark == 'U')
            return convert(octets, len, mark, text, &wrong) != NO_MEMORY;
        return from_mixed(octets, len, false, text);
    }
    if (none && has_escapes(octets, len))
        return from_other(octets, len, "iso-2022-jp", text);
    if (none)
        return from_mixed(octets, len, false, text);
    if (strcmp(name, "utf-16") == 0 || strcmp(name, "ucs-2") == 0)
        return convert(octets, len, utf16_order(octets, len), text, &wrong) != NO_MEMORY;
    if (begins_one(name, one_octet) || is_one(name, latin1)) {
        struct counts n = count(octets, len);
        if (n.wide && !n.broken)
            return from_mixed(octets, len, false, text);
        bool euro = strcmp(name, "iso-8859-15") == 0 && n.c1 > 0;
        if (euro || is_one(name, latin1) || strcmp(name, "windows-1252") == 0)
            return from_mixed(octets, len, true, text);
    }
    return from_other(octets, len, name, text);
}

/* --- what a document says --------------------------------------------------------------------*/

void charset_of_markup(const char *html, size_t len, char *name, size_t size)
{
    static const char key[] = "charset=";
    len = len < SNIFFED ? len : SNIFFED;
    *name = '\0';
    for (size_t at = 0; at + sizeof key < len; at++) {
        if (strncasecmp(html + at, key, sizeof key - 1) != 0)
            continue;
        size_t n = 0;
        for (at += sizeof key - 1; at < len && n + 1 < size; at++) {
            if (strchr("\"' ", html[at]) && n == 0)
                continue;
            if (!g_ascii_isalnum(html[at]) && !strchr("-_:.", html[at]))
                break;
            name[n++] = html[at];
        }
        name[n] = '\0';
        return;
    }
}
