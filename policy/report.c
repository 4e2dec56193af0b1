/*
 * report - the few lines of a delivery or disposition report that the mail path needs
 *
 * Fields of RFC 3464 (DSN) and RFC 8098 (MDN) stand in groups that empty lines end; a group
 * with a recipient field is one recipient. Prose in the human part that looks like a field
 * ("Status: paid") gives nothing, for it names no recipient. A folded field (many senders
 * fold Message-ID) is joined before it is read, so a field is only read when the first octet
 * of the next line is known. Base64-coded parts are not read here.
 */
#include "policy/report.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/address.h"
#include "policy/message.h"
#include "policy/msgid.h"
#include "policy/text.h"
#include "policy/xtext.h"

enum { LINE_MAX_OCTETS = 2048, RECIPIENTS_MAX = 100 };

static const char *const actions[] = {"failed",  "delayed",  "delivered",
                                      "relayed", "expanded", NULL};

static void recipient_free(struct report_recipient *one)
{
    free(one->final);
    free(one->original);
    free(one->action);
    free(one->status);
    *one = (struct report_recipient){0};
}

/* The recipient that the current group is about; NULL: there are too many, or no memory. */
static struct report_recipient *current(struct report *r)
{
    if (r->in_group)
        return &r->recipients[r->count - 1];
    if (r->count >= RECIPIENTS_MAX)
        return NULL;
    if (r->count == r->room) {
        size_t room = r->room ? r->room * 2 : 4;
        struct report_recipient *grown = realloc(r->recipients, room * sizeof *grown);
        if (!grown) {
            r->out_of_memory = true;
            return NULL;
        }
        r->recipients = grown;
        r->room = room;
    }
    r->recipients[r->count] = (struct report_recipient){0};
    r->in_group = true;
    return &r->recipients[r->count++];
}

/* An empty line, or the end: a group that names nobody was prose. */
static void end_group(struct report *r)
{
    if (!r->in_group)
        return;
    r->in_group = false;
    struct report_recipient *one = &r->recipients[r->count - 1];
    if (!one->final && !(one->original && (one->action || one->status || r->disposition))) {
        recipient_free(one);
        r->count--;
    }
}

/* Take over a malloc'd string unless there is one already. */
static void keep(struct report *r, char **kept, char *text)
{
    if (!text)
        r->out_of_memory = true;
    if (*kept)
        free(text);
    else
        *kept = text;
}

/* "rfc822; <a@b>": the address behind its type. */
static void take_address(struct report *r, char **kept, const char *value)
{
    const char *semicolon = strchr(value, ';');
    char *address = envelope_address(semicolon ? semicolon + 1 : value);
    if (!address) {
        r->out_of_memory = true;
        return;
    }
    if (semicolon && strncasecmp(value, "utf-8", 5) == 0)
        xtext_decode_utf8(address);
    if (*address)
        keep(r, kept, address_normalise(address));
    free(address);
}

static void take_final(struct report *r, const char *value)
{
    /* a second one without an empty line between: a sloppy sender */
    if (r->in_group && r->recipients[r->count - 1].final)
        end_group(r);
    struct report_recipient *one = current(r);
    if (one)
        take_address(r, &one->final, value);
}

static void take_original(struct report *r, const char *value)
{
    struct report_recipient *one = current(r);
    if (one)
        take_address(r, &one->original, value);
}

static void take_action(struct report *r, const char *value)
{
    for (const char *const *action = actions; *action; action++) {
        size_t len = strlen(*action);
        if (strncasecmp(value, *action, len) != 0 || g_ascii_isalpha(value[len]))
            continue;
        struct report_recipient *one = current(r);
        if (one)
            keep(r, &one->action, strdup(*action));
        return;
    }
}

/* RFC 3463: class, subject, detail. */
static void take_status(struct report *r, const char *value)
{
    size_t at = 0;
    for (int part = 0; part < 3; part++) {
        size_t digits = strspn(value + at, "0123456789");
        if (!digits || digits > 3 || (part < 2 && value[at + digits] != '.'))
            return;
        at += digits + (part < 2);
    }
    struct report_recipient *one = current(r);
    if (one)
        keep(r, &one->status, strndup(value, at));
}

static void take_envelope_id(struct report *r, const char *value)
{
    char *id = text_clean(value);
    if (id)
        xtext_decode(id);
    keep(r, &r->envelope_id, id);
}

/* The word at its beginning, lower case; NULL in *word: there is none. */
static bool take_word(const char *value, char **word)
{
    size_t len = 0;
    while (g_ascii_isalnum(value[len]) || value[len] == '-')
        len++;
    *word = len ? strndup(value, len) : NULL;
    for (char *p = *word; p && *p; p++)
        *p = g_ascii_tolower(*p);
    return !len || *word;
}

/* "manual-action / MDN-sent-manually" without its blanks; `len` octets. */
static char *mode_of(const char *value, size_t len)
{
    char *mode = malloc(len + 1), *to = mode;
    for (size_t i = 0; mode && i < len; i++)
        if ((unsigned char)value[i] > ' ' && (unsigned char)value[i] < 0x7f)
            *to++ = value[i];
    if (mode)
        *to = '\0';
    return mode;
}

static bool is_disposition(const char *word)
{
    /* RFC 8098, 3.2.6.2; the others are of RFC 2298 */
    static const char *const types[] = {"displayed", "deleted", "dispatched",
                                        "denied",    "failed",  "processed"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(word, types[i]) == 0)
            return true;
    return false;
}

/* "manual-action/MDN-sent-manually; displayed/error": mode and type (RFC 8098, 3.2.6). Without
   a mode only a type that is known counts. */
static void take_disposition(struct report *r, const char *value)
{
    char *type;
    const char *semicolon = strchr(value, ';');
    const char *rest = semicolon ? semicolon + 1 : value;
    if (!take_word(rest + strspn(rest, " \t\r\n"), &type)) {
        r->out_of_memory = true;
        return;
    }
    if (!type || (!semicolon && !is_disposition(type))) {
        free(type);
        return;
    }
    if (semicolon && semicolon > value && !r->disposition)
        keep(r, &r->disposition_mode, mode_of(value, (size_t)(semicolon - value)));
    keep(r, &r->disposition, type);
}

static void take_message_id(struct report *r, const char *value)
{
    char *id;
    if (r->returned_ids.count >= RECIPIENTS_MAX)
        return;
    if (!msgid_first(value, &id))
        r->out_of_memory = true;
    else if (id && !strings_add_unique(&r->returned_ids, id))
        r->out_of_memory = true;
    free(id);
}

/* An MDN names the message it is about; it routes like an id of returned headers. */
static void take_original_message_id(struct report *r, const char *value)
{
    take_message_id(r, value);
    if (!r->original_message_id && !msgid_first(value, &r->original_message_id))
        r->out_of_memory = true;
}

static const struct {
    const char *name;
    void (*take)(struct report *r, const char *value);
} takers[] = {
    {"Final-Recipient", take_final},
    {"Original-Recipient", take_original},
    {"Action", take_action},
    {"Status", take_status},
    {"Original-Envelope-Id", take_envelope_id},
    {"Original-Message-ID", take_original_message_id},
    {"Disposition", take_disposition},
    {"Message-ID", take_message_id},
};

/* Read the collected (joined) line and forget it. */
static void read_line(struct report *r)
{
    const char *colon = r->line.len ? memchr(r->line.data, ':', r->line.len) : NULL;
    if (colon && !memchr(r->line.data, '\0', r->line.len)) {
        size_t n = (size_t)(colon - r->line.data);
        while (n && (r->line.data[n - 1] == ' ' || r->line.data[n - 1] == '\t'))
            n--;
        const char *value = colon + 1 + strspn(colon + 1, " \t\r\n");
        for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
            if (strlen(takers[i].name) == n && strncasecmp(r->line.data, takers[i].name, n) == 0)
                takers[i].take(r, value);
    }
    r->line.len = 0;
    r->line_too_long = false;
}

/* A line end was seen. The field stays collected, for the next line may continue it; an empty
   line ends field and group. */
static void end_line(struct report *r)
{
    if (!r->line_too_long && r->line.len > r->joined && r->line.data[r->line.len - 1] == '\r')
        r->line.data[--r->line.len] = '\0';
    if (!r->at_start && (r->line.len > r->joined || r->line_too_long)) {
        r->at_start = true;
        return;
    }
    read_line(r);
    end_group(r);
    r->joined = 0;
    r->at_start = false;
}

/* Collect a piece without line ends, up to the limit. */
static void collect(struct report *r, const char *data, size_t len)
{
    if (len && r->at_start) {
        r->at_start = false;
        if (*data == ' ' || *data == '\t') {
            r->joined = r->line.len;
        } else {
            read_line(r);
            r->joined = 0;
        }
    }
    size_t room = LINE_MAX_OCTETS - r->line.len;
    if (len > room) {
        len = room;
        r->line_too_long = true;
    }
    if (len && !bytes_append(&r->line, data, len))
        r->out_of_memory = true;
}

void report_feed(struct report *r, const char *data, size_t len)
{
    while (len) {
        const char *lf = memchr(data, '\n', len);
        size_t piece = lf ? (size_t)(lf - data) : len;
        collect(r, data, piece);
        if (!lf)
            return;
        end_line(r);
        data += piece + 1;
        len -= piece + 1;
    }
}

void report_end(struct report *r)
{
    if (!r->at_start)
        end_line(r); /* the last line may lack its end */
    read_line(r);
    end_group(r);
    r->at_start = false;
    r->joined = 0;
}

void report_free(struct report *r)
{
    for (size_t i = 0; i < r->count; i++)
        recipient_free(&r->recipients[i]);
    free(r->recipients);
    free(r->envelope_id);
    free(r->original_message_id);
    free(r->disposition);
    free(r->disposition_mode);
    strings_free(&r->returned_ids);
    bytes_free(&r->line);
    *r = (struct report){0};
}

static bool is_daemon(const char *address)
{
    static const char *const names[] = {"mailer-daemon@", "postmaster@", "mail-daemon@"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(address, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

enum message_kind report_kind(const struct report *r, enum message_kind by_header,
                              const struct strings *from)
{
    if (by_header == KIND_DSN || by_header == KIND_MDN)
        return by_header;
    /* What a bounce returns may be a receipt. */
    for (size_t i = 0; i < r->count; i++)
        if (r->recipients[i].final && (r->recipients[i].action || r->recipients[i].status))
            return KIND_DSN;
    if (r->disposition)
        return KIND_MDN;
    return from->count == 1 && is_daemon(from->items[0]) ? KIND_DSN : by_header;
}

const char *report_event(const struct report *r, bool is_mdn)
{
    if (is_mdn)
        return r->disposition && strcmp(r->disposition, "displayed") == 0 ? "reported-displayed"
                                                                          : "mdn";
    static const struct {
        const char *action, *event;
    } worst_first[] = {
        {"failed", "failed"}, {"delayed", "delayed"}, {"delivered", "reported-delivered"}};
    for (size_t k = 0; k < sizeof worst_first / sizeof *worst_first; k++)
        for (size_t i = 0; i < r->count; i++)
            if (r->recipients[i].action &&
                strcmp(r->recipients[i].action, worst_first[k].action) == 0)
                return worst_first[k].event;
    return "dsn";
}
