/* What a reply may mean for the claim. */
#include "tests/fuzz/fuzz.h"

#include "policy/suggest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char header[] = "From: a@b.example\nDate: Fri, 27 Nov 2026 10:00:00 +0100\n\n";
    struct mail m = {0};
    struct understood u = {0};
    char *text = fuzz_utf8(data, size);
    PROMISED(mail_parse(header, sizeof header - 1, &m));
    PROMISED(suggest_read(&m, text, &u));
    for (size_t i = 0; i < u.suggestion_count; i++) {
        const struct suggestion *s = &u.suggestions[i];
        PROMISED(fuzz_is_utf8(s->quote, strlen(s->quote)));
        PROMISED(strlen(s->date) == 0 || strlen(s->date) == READ_DATE_CHARS);
    }
    understood_free(&u);
    mail_free(&m);
    g_free(text);
    return 0;
}
