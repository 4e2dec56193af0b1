/* A header: fields, what they say, addresses, ids, authentication results, signatures. */
#include "tests/fuzz/fuzz.h"

#include "policy/authres.h"
#include "policy/dkim_signature.h"
#include "policy/message.h"
#include "policy/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fields f = {0};
    struct reading r = {0};
    struct authres a = {0};
    struct bytes rendered = {0};
    size_t body;
    PROMISED(fields_parse((const char *)data, size, &f, &body));
    PROMISED(body <= size && reading_take(&f, &r));
    PROMISED(fuzz_is_utf8(r.subject, strlen(r.subject)) &&
             !text_has_control(r.subject, strlen(r.subject)));
    PROMISED(r.from.count <= ADDRESSES_MAX && r.references.count <= IDS_MAX);
    for (size_t i = 0; i < r.authentication_results.count; i++)
        PROMISED(authres_take(r.authentication_results.items[i], "mx.example", &a));
    PROMISED(a.count <= AUTHRES_MAX);
    struct dkim_signatures found = {0};
    PROMISED(dkim_signatures_read(&f, &found) && found.count <= DKIM_SIGNATURES_MAX);
    dkim_signatures_free(&found);
    PROMISED(fields_render(&f, &rendered));
    bytes_free(&rendered);
    authres_free(&a);
    reading_free(&r);
    fields_free(&f);
    return 0;
}
