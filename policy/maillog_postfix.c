/*
 * maillog_postfix - what Postfix's programs write behind the queue ID
 *
 * Values stand between "key=" and the next ", ". Addresses are in "<>" and may hold anything, also
 * ", status=sent": so each value is taken by its own form, in the order in which Postfix writes
 * them, and a key is never searched behind the text in parentheses.
 */
#include <string.h>

#include "policy/maillog_private.h"

/* A value "<…>": up to the last ">" that is followed by ", " and one of the keys that may come
   next; addresses of strangers may hold ">, ". */
static struct slice address_value(struct slice *rest)
{
    static const char *const after[] = {
        ">, relay=", ">, orig_to=", ">, size=",   ">, proto=", ">, status=", ">, to=",
        ">, nrcpt=", ">, orig_id=", "> orig_id=", "> to=<",    "> proto="};
    struct slice value = {NULL, 0};
    if (rest->len == 0 || *rest->text != '<')
        return value;
    struct slice inside = slice_after(*rest, 1);
    size_t best = inside.len && inside.text[inside.len - 1] == '>' ? inside.len - 1 : inside.len;
    for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
        size_t n = slice_find(inside, after[i]);
        if (n < best)
            best = n;
    }
    value = (struct slice){inside.text, best};
    *rest = slice_after(inside, best + 1);
    return value;
}

/* Take "key=value" off the front (after ", "). False: something else stands there. */
static bool take(struct slice *rest, const char *key, struct slice *value)
{
    struct slice s = *rest;
    while (s.len && strchr(", ", *s.text))
        s = slice_after(s, 1);
    if (!slice_begins(s, key))
        return false;
    s = slice_after(s, strlen(key));
    if (s.len && *s.text == '<') {
        *value = address_value(&s);
    } else {
        size_t end = slice_find(s, ", ");
        *value = (struct slice){s.text, end};
        s = slice_after(s, end);
    }
    *rest = s;
    return true;
}

/* "mx.debtor.example[192.0.2.1]:25" */
static void peer_read(struct slice relay, struct maillog_line *line)
{
    size_t open = slice_find(relay, "[");
    if (open == relay.len)
        return;
    struct slice inside = slice_after(relay, open + 1);
    line->peer_name = (struct slice){relay.text, open};
    line->peer_address = slice_until(inside, "]");
    struct slice port = slice_after(inside, line->peer_address.len + 1);
    int number = port.len > 1 && *port.text == ':' ? slice_number(slice_after(port, 1)) : -1;
    line->peer_port = number > 0 ? number : 0;
}

/* "250 2.0.0 Ok", "550-5.1.1 …": what begins with a reply code of RFC 5321, 4.2. */
static bool is_reply(struct slice s)
{
    return s.len >= 3 && s.text[0] >= '2' && s.text[0] <= '5' && s.text[1] >= '0' &&
           s.text[1] <= '9' && s.text[2] >= '0' && s.text[2] <= '9' &&
           (s.len == 3 || s.text[3] == ' ' || s.text[3] == '-');
}

/* Behind " said: " or " refused to talk to me: " stand the server's own words. */
static void words_read(struct slice text, struct maillog_line *line)
{
    static const char *const quotes[] = {" said: ", " refused to talk to me: "};
    for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++) {
        size_t at = slice_find(text, quotes[i]);
        struct slice words = slice_after(text, at + strlen(quotes[i]));
        if (at == text.len || !is_reply(words))
            continue;
        line->reason = text;
        size_t end = words.len;
        for (size_t from = 0, n; from < words.len; from = n + 1) { /* the last one is Postfix's */
            n = from + slice_find(slice_after(words, from), " (in reply to ");
            if (n < words.len)
                end = n;
        }
        line->reply = (struct slice){words.text, end};
        return;
    }
    if (line->agent == AGENT_SMTP && line->status == STATUS_SENT && is_reply(text))
        line->reply = text;
    else
        line->reason = text;
}

static enum maillog_status status_of(struct slice word)
{
    if (slice_is(word, "sent"))
        return STATUS_SENT;
    if (slice_is(word, "deferred"))
        return STATUS_DEFERRED;
    if (slice_is(word, "bounced"))
        return STATUS_BOUNCED;
    return STATUS_OTHER; /* "deliverable", "undeliverable": probes */
}

static enum maillog_agent agent_of(struct slice service)
{
    static const char *const local[] = {"lmtp", "local", "virtual", "pipe", "discard"};
    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        if (slice_is(service, local[i]))
            return AGENT_LOCAL;
    return slice_is(service, "smtp") ? AGENT_SMTP : AGENT_NOBODY;
}

/* "to=<…>, orig_to=<…>, relay=…, conn_use=2, delay=…, delays=…, dsn=2.0.0, status=sent (…)" */
static void delivery_read(struct slice body, struct maillog_line *line)
{
    struct slice skipped, text;
    if (!take(&body, "to=", &line->to))
        return;
    take(&body, "orig_to=", &line->orig_to);
    if (take(&body, "relay=", &line->relay))
        peer_read(line->relay, line);
    line->reused = take(&body, "conn_use=", &skipped);
    take(&body, "delay=", &skipped);
    take(&body, "delays=", &skipped);
    if (take(&body, "tls=", &skipped))
        line->tls_version = skipped;
    take(&body, "dsn=", &line->dsn);
    while (body.len && strchr(", ", *body.text))
        body = slice_after(body, 1);
    if (!slice_begins(body, "status="))
        return;
    body = slice_after(body, strlen("status="));
    struct slice word = slice_until(body, " ,");
    line->status = status_of(word);
    line->agent = agent_of(line->service);
    line->kind = MAILLOG_DELIVERY;
    text = slice_trim(slice_after(body, word.len));
    if (text.len >= 2 && text.text[0] == '(' && text.text[text.len - 1] == ')')
        text = (struct slice){text.text + 1, text.len - 2};
    words_read(text, line);
    line->queued_as = maillog_queued_as(line->reply);
}

struct slice maillog_queued_as(struct slice reply)
{
    static const char before[] = "queued as ";
    size_t at = slice_find(reply, before);
    struct slice none = {NULL, 0};
    if (at == reply.len)
        return none;
    struct slice id = slice_until(slice_after(reply, at + strlen(before)), " .,;)\r\n");
    return id.len >= 5 && id.len <= QUEUE_ID_MAX ? id : none;
}

/* "client=host[ip], sasl_method=PLAIN, sasl_username=jeanne", "…, orig_queue_id=…, orig_client=…"
 */
static void arrival_read(struct slice body, struct maillog_line *line)
{
    struct slice skipped;
    line->kind = MAILLOG_ARRIVAL;
    take(&body, "client=", &line->client);
    take(&body, "orig_queue_id=", &line->orig_id);
    take(&body, "orig_client=", &skipped);
    take(&body, "sasl_method=", &skipped);
    take(&body, "sasl_username=", &line->login);
    if (!line->orig_id.text)
        take(&body, "orig_queue_id=", &line->orig_id);
}

/* "uid=1000 from=<jeanne> orig_id=…" */
static void pickup_read(struct slice body, struct maillog_line *line)
{
    size_t at = slice_find(body, " from=");
    line->kind = MAILLOG_ARRIVAL;
    if (at == body.len)
        return;
    body = slice_after(body, at + strlen(" from="));
    line->from = address_value(&body);
    take(&body, "orig_id=", &line->orig_id);
}

/* "from=<…>, size=…, nrcpt=1 (queue active)", "from=<…>, status=expired, returned to sender" */
static void queue_read(struct slice body, struct maillog_line *line)
{
    struct slice word;
    if (!take(&body, "from=", &line->from))
        return;
    if (take(&body, "status=", &word))
        line->kind = slice_is(word, "expired") || slice_is(word, "force-expired") ? MAILLOG_EXPIRED
                                                                                  : MAILLOG_OTHER;
    else if (slice_find(body, "(queue active)") < body.len)
        line->kind = MAILLOG_QUEUED;
}

/* "milter-reject: END-OF-MESSAGE from host[ip]: 5.7.1 words; from=<…> to=<…> proto=… helo=…" */
static void refusal_read(struct slice body, struct maillog_line *line)
{
    size_t at = slice_find(body, "]: ");
    size_t end = slice_find(body, "; from=<");
    if (at >= end || slice_find(body, "END-OF-MESSAGE") >= at)
        return;
    line->kind = MAILLOG_REJECTED;
    line->reason = (struct slice){body.text + at + 3, end - at - 3};
    line->agent = AGENT_NOBODY;
    line->status = line->reason.len && *line->reason.text == '4' ? STATUS_DEFERRED : STATUS_BOUNCED;
    struct slice code = slice_until(line->reason, " ");
    if (slice_find(code, ".") < code.len)
        line->dsn = code;
}

/* "Trusted TLS connection established to host[ip]:25: TLSv1.3 with cipher X (256/256 bits) …" */
static void tls_read(struct slice body, struct maillog_line *line)
{
    static const char words[] = " TLS connection established to ";
    size_t at = slice_find(body, words);
    struct slice rest = slice_after(body, at + strlen(words));
    size_t end = slice_find(rest, ": ");
    if (at == body.len || end == rest.len)
        return;
    line->kind = MAILLOG_TLS_UP;
    line->tls_trust = (struct slice){body.text, at};
    line->relay = (struct slice){rest.text, end};
    peer_read(line->relay, line);
    rest = slice_after(rest, end + 2);
    line->tls_version = slice_until(rest, " ");
    size_t cipher = slice_find(rest, " with cipher ");
    if (cipher < rest.len)
        line->tls_cipher = slice_until(slice_after(rest, cipher + strlen(" with cipher ")), " ");
}

void maillog_postfix(struct slice body, struct maillog_line *line)
{
    if (!line->queue_id.text) {
        tls_read(body, line);
    } else if (slice_begins(body, "to=<")) {
        delivery_read(body, line);
    } else if (slice_begins(body, "from=<")) {
        if (slice_is(line->service, "qmgr") || slice_is(line->service, "nqmgr") ||
            slice_is(line->service, "oqmgr"))
            queue_read(body, line);
    } else if (slice_begins(body, "client=")) {
        arrival_read(body, line);
    } else if (slice_begins(body, "uid=")) {
        pickup_read(body, line);
    } else if (slice_begins(body, "message-id=")) {
        line->kind = MAILLOG_MESSAGE_ID;
        line->message_id = slice_trim(slice_after(body, strlen("message-id=")));
    } else if (slice_is(body, "removed")) {
        line->kind = MAILLOG_REMOVED;
    } else if (slice_begins(body, "milter-reject: ")) {
        refusal_read(body, line);
    }
}
