/* A whole message: everything that `temoin read` does but libmagic. */
#include "tests/fuzz/fuzz.h"

#include "db/read_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct understanding_tools tools = {0};
    struct understood u = {0};
    PROMISED(understand((const char *)data, size, &tools, &u));
    PROMISED(u.recipient_count <= READ_RECIPIENTS_MAX && u.token_count <= READ_TOKENS_MAX &&
             u.attachment_count <= READ_ATTACHMENTS_MAX &&
             u.suggestion_count <= READ_SUGGESTIONS_MAX);
    PROMISED(!u.reply_text || strlen(u.reply_text) <= READ_REPLY_MAX);
    /* Jansson takes valid UTF-8 only, so that all text is. */
    json_t *json = read_json(&u);
    PROMISED(json != NULL);
    json_decref(json);
    understood_free(&u);
    return 0;
}
