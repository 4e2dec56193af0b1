/*
 * test_phrases - stock phrases found word by word (policy/phrases.h)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "policy/bytes.h"
#include "policy/phrases.h"

static void expect_words(const char *text, const char *joined)
{
    struct phrases p = {0};
    struct bytes words = {0};
    assert_true(phrases_take(text, strlen(text), &p));
    for (size_t i = 0; i < p.count; i++)
        assert_true(bytes_printf(&words, "%s%s", i ? " " : "", p.words[i]));
    assert_string_equal(words.data ? words.data : "", joined);
    bytes_free(&words);
    phrases_free(&p);
}

static void test_words(void **state)
{
    (void)state;
    expect_words("", "");
    expect_words("Réponse d’absence : À bientôt !", "reponse d absence : a bientot .");
    expect_words("J'AI\r\nreçu\tl'e-mail", "j ai recu l e mail");
    expect_words("un\n\ndeux\n \nthree", "un . deux . three");
    expect_words("nœud ﬁn ²", "noeud fin 2");
    expect_words("le 23.11.2026 à 09:12, ticket #4.", "le 23.11.2026 a 09:12 ticket # 4");
    expect_words("am 23. November", "am 23 november");
    expect_words("a@b.example. Bye...", "a b example . bye .");
    expect_words("e\xcc\x81te\xcc\x81", "ete");
    expect_words("\xff\xfe"
                 "a",
                 "a");
    expect_words("::!!##", ": . #");
}

static bool says(const char *text, const char *phrase)
{
    const char *const list[] = {phrase, NULL};
    struct phrases p = {0};
    assert_true(phrases_take(text, strlen(text), &p));
    bool found = phrases_say(&p, list);
    assert_int_equal(phrases_count(&p, list), found);
    phrases_free(&p);
    return found;
}

static void test_phrases(void **state)
{
    (void)state;
    assert_true(says("Je serai absente", "je suis|serai ~ absent*"));
    assert_true(says("Hier je suis un peu trop souvent absent.", "je suis|serai ~ absent*"));
    assert_false(says("je suis un deux trois quatre cinq absent", "je suis|serai ~ absent*"));
    assert_false(says("je suis. Absent", "je suis|serai ~ absent*"));
    assert_false(says("je suis : absent", "je suis|serai ~ absent*"));
    assert_true(says("je suis : absent", "je suis : absent"));
    assert_false(says("je ne suis pas absent", "je suis ~ absent*"));
    assert_true(says("sous 48h", "sous 9"));
    assert_true(says("48 heures", "9 heures"));
    assert_false(says("sous peu", "sous 9"));
    assert_false(says("absente", "absent"));
    assert_false(says("absen", "absent*"));
    assert_true(says("a b a b c", "a b c"));
    assert_true(says("a x a y z b", "a ~ b"));
    assert_false(says("", "a"));
    assert_false(says("le", "le ~ la"));
    assert_true(says("x y", "z|y"));
    assert_true(says("a b", "a b $"));
    assert_true(says("a b. c", "a b $"));
    assert_false(says("a b c", "a b $"));
}

static void test_beginnings(void **state)
{
    (void)state;
    static const char text[] = "Attention : externe.\n\nVotre message a été lu. Je pars";
    static const char *const yours[] = {"votre message", NULL};
    static const char *const externe[] = {"externe", NULL};
    static const char *const message[] = {"message", NULL};
    struct phrases p = {0};
    assert_true(phrases_take(text, strlen(text), &p));
    assert_true(phrases_begin(&p, yours, 10));
    assert_false(phrases_begin(&p, yours, 0));
    assert_false(phrases_begin(&p, yours, 1));
    assert_true(phrases_begin(&p, externe, 2));
    assert_false(phrases_begin(&p, message, 100)); /* inside a sentence */
    phrases_free(&p);
    assert_true(phrases_take(". votre message", 15, &p));
    assert_true(phrases_begin(&p, yours, 0));
    phrases_free(&p);
}

static void test_limits(void **state)
{
    (void)state;
    struct bytes text = {0};
    struct phrases p = {0};
    static const char *const last[] = {"fin", NULL};
    while (text.len < 2 * (size_t)PHRASES_OCTETS_MAX)
        assert_true(bytes_puts(&text, "a "));
    assert_true(bytes_puts(&text, "fin"));
    assert_true(phrases_take(text.data, text.len, &p));
    assert_int_equal(p.count, PHRASES_WORDS_MAX);
    assert_false(phrases_say(&p, last));
    phrases_free(&p);
    bytes_free(&text);
    /* letters that grow when they are folded, and marks that each end a word */
    while (text.len < 2 * (size_t)PHRASES_OCTETS_MAX)
        assert_true(bytes_puts(&text, "\xc8\xba\xc4\xb0#"));
    assert_true(phrases_take(text.data, text.len, &p));
    assert_int_equal(p.count, PHRASES_WORDS_MAX);
    phrases_free(&p);
    bytes_free(&text);
    while (text.len < 2 * (size_t)PHRASES_OCTETS_MAX)
        assert_true(bytes_puts(&text, "\xcc\x81")); /* accents of nothing */
    assert_true(phrases_take(text.data, text.len, &p));
    assert_int_equal(p.count, 0);
    phrases_free(&p);
    bytes_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_phrases),
        cmocka_unit_test(test_beginnings),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
