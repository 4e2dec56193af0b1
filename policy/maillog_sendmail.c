/*
 * maillog_sendmail - what Sendmail writes behind the queue ID
 *
 * "to=<a@x>,<b@x>, ctladdr=…, delay=…, mailer=esmtp, pri=…, relay=mx.x. [192.0.2.1], dsn=2.0.0,
 * stat=Sent (ok)": `stat` is the last, and holds anything; so it is taken first, and the other
 * keys are looked for before it.
 */
#include <string.h>

#include "policy/maillog_private.h"

/* The value of ", key=" in `s`, up to the next ", ". */
static struct slice value_of(struct slice s, const char *key)
{
    size_t at = slice_find(s, key);
    struct slice none = {NULL, 0};
    if (at == s.len)
        return none;
    struct slice rest = slice_after(s, at + strlen(key));
    return (struct slice){rest.text, slice_find(rest, ", ")};
}

/* "mx.debtor.example. [192.0.2.1]", "[127.0.0.1] [127.0.0.1]", "local" */
static void peer_read(struct slice relay, struct maillog_line *line)
{
    size_t open = slice_find(relay, " [");
    line->relay = relay;
    if (open == relay.len)
        return;
    line->peer_address = slice_until(slice_after(relay, open + 2), "]");
    if (slice_begins(line->peer_address, "IPv6:"))
        line->peer_address = slice_after(line->peer_address, strlen("IPv6:"));
    line->peer_name = (struct slice){relay.text, open};
    if (open && relay.text[open - 1] == '.')
        line->peer_name.len--;
}

static enum maillog_agent agent_of(struct slice mailer)
{
    if (slice_is(mailer, "relay"))
        return AGENT_OUR_HUB;
    if (slice_is(mailer, "smtp") || slice_is(mailer, "esmtp") || slice_is(mailer, "smtp8") ||
        slice_is(mailer, "dsmtp") || slice_is(mailer, "smtp8bit"))
        return AGENT_SMTP;
    return mailer.text ? AGENT_LOCAL : AGENT_NOBODY;
}

/* What Sendmail itself says when nobody answered. */
static bool is_own(struct slice words)
{
    static const char *const own[] = {"Connection ",  "Name server", "Host unknown", "No route",
                                      "Operation ",   "I/O error",   "User unknown", "queued",
                                      "Cannot send ", "Local ",      "host map",     "Service un",
                                      "Data format",  "Deferred",    "timeout"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (slice_begins(words, own[i]))
            return true;
    return words.len == 0;
}

/* The status word and the words behind it. A server's words are in parentheses after "Sent", after
   a colon after "Deferred"; a refusal is named by Sendmail, and told in the bounce. */
static void stat_read(struct slice stat, struct maillog_line *line)
{
    struct slice words;
    /* The server's words stand before, in "reply=", and may look like a "stat": dsn does not lie.
     */
    if (slice_begins(stat, "Sent") && (!line->dsn.text || slice_begins(line->dsn, "2"))) {
        line->status = STATUS_SENT;
        words = slice_trim(slice_after(stat, strlen("Sent")));
        if (words.len >= 2 && words.text[0] == '(' && words.text[words.len - 1] == ')')
            words = (struct slice){words.text + 1, words.len - 2};
        if (line->agent == AGENT_LOCAL || line->agent == AGENT_NOBODY)
            line->reason = stat;
        else
            line->reply = words;
        line->queued_as = maillog_queued_as(line->reply);
        return;
    }
    line->reason = stat;
    line->status = slice_begins(line->dsn, "5") ? STATUS_BOUNCED : STATUS_OTHER;
    if (slice_begins(stat, "Deferred")) {
        line->status = STATUS_DEFERRED;
        words = slice_after(stat, strlen("Deferred"));
        words = slice_begins(words, ": ") ? slice_after(words, 2) : (struct slice){stat.text, 0};
        if (line->agent != AGENT_LOCAL && line->peer_address.text && !is_own(words))
            line->reply = words;
    } else if (slice_begins(line->dsn, "4")) {
        line->status = STATUS_DEFERRED;
    } else if (line->agent != AGENT_LOCAL && line->peer_address.text && stat.len >= 4 &&
               stat.text[0] == '5' && stat.text[3] == ' ') {
        line->reply = stat;
    }
}

static void delivery_read(struct slice body, struct maillog_line *line)
{
    size_t at = slice_find(body, ", stat=");
    if (at == body.len)
        return;
    struct slice head = {body.text, at};
    size_t end = head.len;
    static const char *const after[] = {", ctladdr=", ", delay=", ", mailer=", ", pri="};
    for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
        size_t n = slice_find(head, after[i]);
        end = n < end ? n : end;
    }
    line->kind = MAILLOG_DELIVERY;
    line->to = (struct slice){head.text + 3, end - 3};
    struct slice keys = slice_after(head, end);
    line->agent = agent_of(value_of(keys, ", mailer="));
    line->dsn = value_of(keys, ", dsn=");
    struct slice relay = value_of(keys, ", relay=");
    if (relay.text)
        peer_read(relay, line);
    size_t said = slice_find(keys, ", reply="); /* the last one before `stat` */
    struct slice reply = slice_after(keys, said + strlen(", reply="));
    stat_read(slice_after(body, at + strlen(", stat=")), line);
    if (said < keys.len && reply.len >= 3 && line->peer_address.text && line->status != STATUS_SENT)
        line->reply = reply; /* 8.16 and later: the code and text of the refusal */
}

/* "from=<…>, size=…, nrcpts=1, msgid=<…>, proto=ESMTP, daemon=MTA, relay=…" */
static void arrival_read(struct slice body, struct maillog_line *line)
{
    size_t end = slice_find(body, ", size=");
    line->kind = MAILLOG_QUEUED;
    line->from = slice_unbracket((struct slice){body.text + 5, end - 5});
    line->message_id = value_of(body, ", msgid=");
    line->client = value_of(body, ", relay=");
    struct slice count = value_of(body, ", nrcpts=");
    if (slice_number(count) == 0)
        line->kind = MAILLOG_OTHER; /* refused: nobody is left */
}

/* "STARTTLS=client, relay=mx.x., version=TLSv1.3, verify=FAIL, cipher=…, bits=256/256" */
static void tls_read(struct slice body, struct maillog_line *line)
{
    line->relay = value_of(body, ", relay=");
    line->tls_version = value_of(body, ", version=");
    line->tls_cipher = value_of(body, ", cipher=");
    line->tls_trust = value_of(body, ", verify=");
    if (!line->relay.text || !line->tls_version.text)
        return;
    line->kind = MAILLOG_TLS_UP;
    line->peer_name = line->relay;
    if (line->peer_name.len && line->peer_name.text[line->peer_name.len - 1] == '.')
        line->peer_name.len--;
}

/* "milter=temoin, reject=550 5.7.1 words", "Milter: data, reject=550 5.7.1 words" */
static void refusal_read(struct slice body, struct maillog_line *line)
{
    size_t at = slice_find(body, ", reject=");
    if (at == body.len || (!slice_begins(body, "Milter: data") && !slice_begins(body, "milter=")))
        return;
    line->kind = MAILLOG_REJECTED;
    line->agent = AGENT_NOBODY;
    line->reason = slice_after(body, at + strlen(", reject="));
    line->status = line->reason.len && *line->reason.text == '4' ? STATUS_DEFERRED : STATUS_BOUNCED;
}

void maillog_sendmail(struct slice body, struct maillog_line *line)
{
    if (slice_begins(body, "STARTTLS=client"))
        tls_read(body, line);
    else if (slice_begins(body, "to="))
        delivery_read(body, line);
    else if (slice_begins(body, "from="))
        arrival_read(body, line);
    else if (slice_begins(body, "milter=") || slice_begins(body, "Milter: "))
        refusal_read(body, line);
}
