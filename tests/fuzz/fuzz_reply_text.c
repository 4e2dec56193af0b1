/* What the sender of a reply wrote. */
#include "tests/fuzz/fuzz.h"

#include "policy/reply_text.h"
#include "policy/understood.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *body = fuzz_utf8(data, size);
    struct bytes text = {0};
    PROMISED(reply_text(body, strlen(body), &text));
    PROMISED(text.len <= READ_REPLY_MAX);
    PROMISED(fuzz_is_utf8(text.data ? text.data : "", text.len));
    bytes_free(&text);
    g_free(body);
    return 0;
}
