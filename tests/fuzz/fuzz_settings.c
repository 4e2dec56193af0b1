/* A configuration. */
#include "tests/fuzz/fuzz.h"

#include "policy/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct settings *s = NULL;
    struct strings errors = {0};
    bool done = settings_parse(text, "fuzz.conf", &s, &errors);
    PROMISED(done ? s != NULL : s == NULL && errors.count > 0);
    settings_unref(s);
    strings_free(&errors);
    free(text);
    return 0;
}
