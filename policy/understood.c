/*
 * understood - the facts of a message: growing, freeing, naming
 */
#include "policy/understood.h"

#include <ctype.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "policy/text.h"

const char *read_kind_name(enum read_kind kind)
{
    static const char *const names[] = {[READ_OTHER] = "other",
                                        [READ_REPLY] = "reply",
                                        [READ_DSN] = "dsn",
                                        [READ_MDN] = "mdn",
                                        [READ_AUTO_REPLY] = "auto-reply"};
    return names[kind];
}

void understood_forget_recipients(struct understood *u)
{
    for (size_t i = 0; i < u->recipient_count; i++) {
        free(u->recipients[i].final);
        free(u->recipients[i].original);
        free(u->recipients[i].status);
        free(u->recipients[i].remote_mta);
        free(u->recipients[i].diagnostic);
    }
    free(u->recipients);
    u->recipients = NULL;
    u->recipient_count = 0;
}

void understood_free(struct understood *u)
{
    understood_forget_recipients(u);
    for (size_t i = 0; i < u->attachment_count; i++) {
        free(u->attachments[i].name);
        free(u->attachments[i].declared);
        free(u->attachments[i].actual);
    }
    for (size_t i = 0; i < u->suggestion_count; i++)
        free(u->suggestions[i].quote);
    free(u->tokens);
    free(u->attachments);
    free(u->suggestions);
    free(u->message_id);
    strings_free(&u->in_reply_to);
    strings_free(&u->references);
    free(u->original_message_id);
    free(u->original_envelope_id);
    free(u->disposition_type);
    free(u->disposition_mode);
    free(u->reply_text);
    *u = (struct understood){0};
}

struct read_recipient *understood_recipient(struct understood *u)
{
    if (u->recipient_count == READ_RECIPIENTS_MAX)
        return NULL;
    struct read_recipient *grown = realloc(u->recipients, (u->recipient_count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    u->recipients = grown;
    grown[u->recipient_count] = (struct read_recipient){0};
    return &grown[u->recipient_count++];
}

bool understood_token(struct understood *u, const struct understanding_tools *tools,
                      const char *text, const char *where)
{
    struct read_token t = {.where = where, .checked = tools->ring && tools->domain};
    for (size_t i = 0; i < TOKEN_CHARS; i++)
        t.text[i] = (char)tolower((unsigned char)text[i]);
    for (size_t i = 0; i < u->token_count; i++)
        if (strcmp(u->tokens[i].text, t.text) == 0 && strcmp(u->tokens[i].where, where) == 0)
            return true;
    if (u->token_count == READ_TOKENS_MAX)
        return true;
    struct read_token *grown = realloc(u->tokens, (u->token_count + 1) * sizeof *grown);
    if (!grown)
        return false;
    uint64_t number;
    t.valid = t.checked && token_check(tools->ring, tools->domain, t.text, &number);
    u->tokens = grown;
    grown[u->token_count++] = t;
    return true;
}

static bool settle_line(char **text)
{
    if (!*text || (g_utf8_validate(*text, -1, NULL) && !text_has_control(*text, strlen(*text))))
        return true;
    char *clean = text_clean(*text);
    free(*text);
    *text = clean;
    return clean != NULL;
}

static bool settle_lines(struct strings *s)
{
    bool done = true;
    for (size_t i = 0; done && i < s->count; i++)
        if (!settle_line(&s->items[i])) {
            s->items[i] = s->items[--s->count];
            done = false;
        }
    return done;
}

/* Text of several lines. */
static bool settle_text(char **text)
{
    if (!*text || g_utf8_validate(*text, -1, NULL))
        return true;
    char *valid = text_from_glib(g_utf8_make_valid(*text, -1));
    free(*text);
    *text = valid;
    return valid != NULL;
}

bool understood_settle(struct understood *u)
{
    bool done = settle_line(&u->message_id) && settle_lines(&u->in_reply_to) &&
                settle_lines(&u->references) && settle_line(&u->original_message_id) &&
                settle_line(&u->original_envelope_id) && settle_line(&u->disposition_type) &&
                settle_line(&u->disposition_mode) && settle_text(&u->reply_text);
    for (size_t i = 0; done && i < u->recipient_count; i++) {
        struct read_recipient *r = &u->recipients[i];
        done = settle_line(&r->final) && settle_line(&r->original) && settle_line(&r->status) &&
               settle_line(&r->remote_mta) && settle_line(&r->diagnostic);
    }
    for (size_t i = 0; done && i < u->attachment_count; i++)
        done = settle_line(&u->attachments[i].name) && settle_line(&u->attachments[i].declared) &&
               settle_line(&u->attachments[i].actual);
    for (size_t i = 0; done && i < u->suggestion_count; i++)
        done = settle_line(&u->suggestions[i].quote);
    return done;
}

bool understood_suggest(struct understood *u, const char *what, const char *date,
                        const int64_t *amount, const char *quote)
{
    if (u->suggestion_count == READ_SUGGESTIONS_MAX)
        return true;
    struct suggestion *grown = realloc(u->suggestions, (u->suggestion_count + 1) * sizeof *grown);
    if (!grown)
        return false;
    u->suggestions = grown;
    struct suggestion *s = &grown[u->suggestion_count];
    *s = (struct suggestion){
        .what = what, .has_amount = amount != NULL, .amount = amount ? *amount : 0};
    if (date && strlen(date) == READ_DATE_CHARS)
        memcpy(s->date, date, READ_DATE_CHARS + 1);
    s->quote = strdup(quote);
    if (!s->quote)
        return false;
    u->suggestion_count++;
    return true;
}
