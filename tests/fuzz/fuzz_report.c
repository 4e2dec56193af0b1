/* The scanner of the mail path: the same report whole, and split anywhere. */
#include "tests/fuzz/fuzz.h"

#include "policy/report.h"

static bool equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct report whole = {0}, split = {0};
    const char *octets = (const char *)data;
    size_t step = size ? 1 + data[0] % 7 : 1;
    report_feed(&whole, octets, size);
    report_end(&whole);
    for (size_t at = 0; at < size; at += step)
        report_feed(&split, octets + at, size - at < step ? size - at : step);
    report_end(&split);
    PROMISED(whole.count == split.count && whole.returned_ids.count == split.returned_ids.count);
    PROMISED(equal(whole.envelope_id, split.envelope_id));
    PROMISED(equal(whole.disposition, split.disposition));
    for (size_t i = 0; i < whole.count; i++)
        PROMISED(equal(whole.recipients[i].final, split.recipients[i].final) &&
                 equal(whole.recipients[i].action, split.recipients[i].action));
    report_free(&whole);
    report_free(&split);
    return 0;
}
