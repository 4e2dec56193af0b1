/*
 * xtext - what SMTP extensions encode within a parameter, decoded
 */
#include "policy/xtext.h"

#include <glib.h>
#include <string.h>

void xtext_decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        int high = *from == '+' ? g_ascii_xdigit_value(from[1]) : -1;
        int low = high >= 0 ? g_ascii_xdigit_value(from[2]) : -1;
        if (low >= 0 && high * 16 + low > ' ' && high * 16 + low < 0x7f) {
            *to++ = (char)(high * 16 + low);
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

void xtext_decode_utf8(char *text)
{
    char *to = text;
    for (const char *from = text; *from;) {
        gunichar c = 0;
        const char *p = from;
        if (strncmp(p, "\\x{", 3) == 0)
            for (p += 3; g_ascii_xdigit_value(*p) >= 0 && c <= 0x10ffff; p++)
                c = c * 16 + (gunichar)g_ascii_xdigit_value(*p);
        if (p - from > 4 && *p == '}' && c > ' ' && c != 0x7f && g_unichar_validate(c)) {
            to += g_unichar_to_utf8(c, to);
            from = p + 1;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}
