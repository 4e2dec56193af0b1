/* The text of an HTML document. */
#include "tests/fuzz/fuzz.h"

#include "policy/markup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *html = fuzz_utf8(data, size);
    struct bytes text = {0};
    PROMISED(markup_text(html, strlen(html), &text));
    PROMISED(fuzz_is_utf8(text.data ? text.data : "", text.len));
    bytes_free(&text);
    g_free(html);
    return 0;
}
