/*
 * test_markup - HTML as a reader sees it; and the two things that stand before plain text: what
 * charset it is in, and where lines were broken
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gmime/gmime.h>

#include "policy/charset.h"
#include "policy/flowed.h"
#include "policy/markup.h"

static void shows(const char *html, const char *seen)
{
    struct bytes text = {0};
    assert_true(markup_text(html, strlen(html), &text));
    if (strcmp(text.data ? text.data : "", seen) != 0)
        fail_msg("%s\ngave \"%s\"\ninstead of \"%s\"", html, text.data ? text.data : "", seen);
    bytes_free(&text);
}

static void test_blocks_and_blanks(void **state)
{
    (void)state;
    shows("<p>a</p><p>b\n  c</p>", "a\n\nb c");
    shows("<div>a</div><div>b</div>", "a\nb");
    shows("<div>a</div><div><br></div><div>b</div>", "a\n\nb");
    shows("<div>a<br></div>b", "a\nb");
    shows("a<br>b<br><br><br><br>c", "a\nb\n\nc");
    shows("<p class=MsoNormal>a<o:p></o:p></p><p class=MsoNormal>b<o:p></o:p></p>", "a\nb");
    shows("<p class=MsoNormal>a</p><p class=MsoNormal>&nbsp;</p><p class=MsoNormal>b</p>",
          "a\n\nb");
    shows("<b>a</b> <i>b</i>&nbsp;!", "a b !");
    shows("&eacute;&#8217;&euro;&amp;&lt;", "é’€&<");
    shows("<pre>a  b\n  c</pre>", "a  b\n  c");
    shows("voyez <a href='https://a.example'>ici</a>.", "voyez ici.");
}

static void test_lists_and_tables(void **state)
{
    (void)state;
    shows("<ul><li>a</li><li><p>b</p></li></ul>c", "- a\n- b\n\nc");
    shows("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b");
    shows("<table><tr><td>a</td><td><p>b</p></td></tr><tr><td></td><td>c</td></tr></table>d",
          "a\tb\nc\nd");
    shows("<table><tr><td>a</td><td></td><td>c</td></tr></table>", "a\t\tc");
}

static void test_hidden_things_are_left_out(void **state)
{
    (void)state;
    shows("<head><title>t</title><style>p{}</style></head><body><script>x()</script>a</body>", "a");
    shows("<div style='DISPLAY : none'>x</div>a", "a");
    shows("<span style='mso-hide:all;font-size:0'>x</span><div hidden>y</div>a<!-- z -->", "a");
    shows("<div style='max-height:0;overflow:hidden'>x</div><div style='max-height:0.5em'>a</div>",
          "a");
}

static void test_quotes_of_clients(void **state)
{
    (void)state;
    static const char *const quotes[] = {
        "<blockquote>q</blockquote>",
        "<blockquote type=cite><div>q</div></blockquote>",
        "<div class='gmail_quote'><blockquote class=gmail_quote>q</blockquote></div>",
        "<div class='gmail_quote'>q</div>",
        "<div class=moz-cite-prefix>q</div>",
        "<div id=mail-editor-reference-message-container>q</div>",
        "<div class='yahoo_quoted' id=yahoo_quoted_1>q</div>",
        "<div class=protonmail_quote>q</div>",
        "<div style='border-left:2px solid #C3D9E5' name=quote>q</div>",
        "<div style='border:none;border-left:solid blue 1.5pt'>q</div>",
        "<div id=appendonsend></div>q",
        "<div id=divRplyFwdMsg>q</div>",
        "<div><div style='border:none;border-top:solid #E1E1E1 1.0pt'><b>q</b></div></div>",
        "<span id=OLK_SRC_BODY_SECTION>q</span>",
        "<div id=reply-intro>q</div>",
    };
    for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++) {
        char html[512];
        g_snprintf(html, sizeof html, "<div>a</div>%s", quotes[i]);
        shows(html, "a\n> q");
    }
    /* All that is below Outlook's line; what is beside a blockquote is new. */
    shows("a<div id=divRplyFwdMsg>q</div><div>r</div>", "a\n> q\n> r");
    shows("<div class=gmail_quote><blockquote>q</blockquote><div>a</div></div>", "> q\na");
    shows("<blockquote>q<blockquote>r</blockquote></blockquote>a", "> q\n> > r\na");
    shows("<blockquote><p>q</p><p>r</p></blockquote>", "> q\n>\n> r");
    shows("<blockquote style='margin:0 0 0 40px;border:none;padding:0px'>a</blockquote>", "a");
    shows("<div style='border-top:solid #E1E1E1 1pt'>a</div>", "a");
    shows("a<div class=gmail_signature>s</div>", "a\n-- \ns");
}

static void test_any_depth_is_text(void **state)
{
    (void)state;
    struct bytes html = {0}, text = {0};
    assert_true(bytes_puts(&html, "a"));
    for (int i = 0; i < 20000; i++)
        assert_true(bytes_puts(&html, "<div><blockquote>"));
    assert_true(markup_text(html.data, html.len, &text));
    assert_int_equal(text.data[0], 'a');
    bytes_free(&html);
    bytes_free(&text);
}

/* --- charsets --------------------------------------------------------------------------------*/

static void reads(const char *octets, size_t len, const char *charset, const char *as)
{
    struct bytes text = {0};
    assert_true(charset_to_utf8(octets, len, charset, &text));
    if (strcmp(text.data ? text.data : "", as) != 0)
        fail_msg("%s as %s: \"%s\" instead of \"%s\"", octets, charset, text.data ? text.data : "",
                 as);
    assert_true(g_utf8_validate(text.data ? text.data : "", (gssize)text.len, NULL));
    bytes_free(&text);
}

#define READS(octets, charset, as) reads(octets, sizeof octets - 1, charset, as)

static void test_charsets_that_are_not_what_they_are_called(void **state)
{
    (void)state;
    READS("\xe9t\xe9 \x80", "iso-8859-1", "été €");
    READS("\xe9t\xe9 \x80", "us-ascii", "été €");
    READS("\xe9t\xe9 \x80", "", "été €");
    READS("\xe9t\xe9", "unknown-8bit", "été");
    READS("\xe9t\xe9", "no-such-charset", "été");
    READS("été", "no-such-charset", "été");
    READS("été €", "iso-8859-1", "été €");
    READS("été €", "windows-1252", "été €");
    READS("d\xc3\xa9j\xe0", "utf-8", "déjà");
    READS("\xa4 \xbd", "iso-8859-15", "€ œ");
    READS("\x80 \x9c", "iso-8859-15", "€ œ");
    READS("\xe9", "\"ISO-8859-1\"; format=flowed", "é");
    READS("a\0b\xe9\0", "", "abé");
}

static void test_charsets_of_several_octets(void **state)
{
    (void)state;
    READS("a\0\xe9\0", "utf-16", "aé");
    READS("\0a\0\xe9", "utf-16", "aé");
    READS("\xff\xfe"
          "a\0\xe9\0",
          "utf-16", "aé");
    READS("\xfe\xff\0a\0\xe9", "", "aé");
    READS("\xef\xbb\xbf\xc3\xa9", "utf-8", "é");
    READS("+AOk-t+AOk-", "utf-7", "été");
    READS("\x1b$B$\"\x1b(B", "iso-2022-jp", "あ");
    READS("\x1b$B$\"\x1b(B", "us-ascii", "あ");
    READS("\xc4\xe3", "gb2312", "你");
    READS("\xc4\xe3 \xff", "gb18030", "你 \xef\xbf\xbd");
    READS("\xf0", "utf-16be", "\xef\xbf\xbd");
}

static void test_charset_of_a_document(void **state)
{
    (void)state;
    char name[16];
    static const char html[] = "<meta http-equiv=x content=\"text/html; charset=iso-8859-15\">";
    charset_of_markup(html, strlen(html), name, sizeof name);
    assert_string_equal(name, "iso-8859-15");
    charset_of_markup("<meta charset='utf-8'>", 22, name, sizeof name);
    assert_string_equal(name, "utf-8");
    charset_of_markup("<p>", 3, name, sizeof name);
    assert_string_equal(name, "");
    charset_of_markup("charset=aaaaaaaaaaaaaaaaaaaaaaaaaa", 34, name, sizeof name);
    assert_int_equal(strlen(name), sizeof name - 1);
}

/* --- format=flowed ---------------------------------------------------------------------------*/

static void flows(const char *lines, bool delsp, const char *typed)
{
    struct bytes text = {0};
    assert_true(flowed_undo(lines, strlen(lines), delsp, &text));
    assert_string_equal(text.data ? text.data : "", typed);
    bytes_free(&text);
}

static void test_flowed(void **state)
{
    (void)state;
    flows("a \nb\nc\n", false, "a b\nc\n");
    flows("a \nb\n", true, "ab\n");
    flows("> a \n> b\nc\n", false, "> a b\nc\n");
    flows(">>a \n>b\n", false, "> > a \n> b\n");
    flows(" >a\n From b\n", false, ">a\nFrom b\n");
    flows("a \n-- \nb\n", false, "a \n-- \nb\n");
    flows("a \n\nb", false, "a \nb\n");
    flows("", false, "");
    flows("a ", false, "a ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_and_blanks),
        cmocka_unit_test(test_lists_and_tables),
        cmocka_unit_test(test_hidden_things_are_left_out),
        cmocka_unit_test(test_quotes_of_clients),
        cmocka_unit_test(test_any_depth_is_text),
        cmocka_unit_test(test_charsets_that_are_not_what_they_are_called),
        cmocka_unit_test(test_charsets_of_several_octets),
        cmocka_unit_test(test_charset_of_a_document),
        cmocka_unit_test(test_flowed),
    };
    g_mime_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
