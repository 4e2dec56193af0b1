/* A line of a mail server's log; each slice lies within it. */
#include "tests/fuzz/fuzz.h"

#include "policy/maillog.h"

static void inside(struct slice s, const char *text, size_t len)
{
    PROMISED(!s.text || (s.text >= text && s.len <= len && s.text + s.len <= text + len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct maillog_glance g;
    struct maillog_line line;
    /* Of just this length, so that a read beyond it is seen. */
    char *text = malloc(size ? size : 1);
    PROMISED(text != NULL);
    memcpy(text, data, size);
    enum maillog_look look = maillog_look(text, size, &g);
    if (look != MAILLOG_NOTHING)
        inside(g.body, text, size);
    if (look == MAILLOG_QUEUE)
        inside(g.queue_id, text, size);
    if (maillog_parse(text, size, &line)) {
        const struct slice all[] = {
            line.host,     line.program, line.service,    line.queue_id,    line.from,
            line.to,       line.orig_to, line.relay,      line.peer_name,   line.peer_address,
            line.dsn,      line.reply,   line.reason,     line.queued_as,   line.login,
            line.client,   line.orig_id, line.message_id, line.tls_version, line.tls_cipher,
            line.tls_trust};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            inside(all[i], text, size);
    }
    free(text);
    return 0;
}
