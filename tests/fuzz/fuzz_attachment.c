/* File names as a body passes by: whole, and split anywhere. */
#include "tests/fuzz/fuzz.h"

#include "policy/attachment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct attachments whole = {0}, split = {0};
    const char *octets = (const char *)data;
    size_t step = size ? 1 + data[0] % 7 : 1;
    attachments_feed(&whole, octets, size);
    attachments_end(&whole);
    for (size_t at = 0; at < size; at += step)
        attachments_feed(&split, octets + at, size - at < step ? size - at : step);
    attachments_end(&split);
    PROMISED(whole.names.count == split.names.count);
    for (size_t i = 0; i < whole.names.count; i++) {
        PROMISED(strcmp(whole.names.items[i], split.names.items[i]) == 0);
        PROMISED(fuzz_is_utf8(whole.names.items[i], strlen(whole.names.items[i])));
    }
    attachments_free(&whole);
    attachments_free(&split);
    return 0;
}
