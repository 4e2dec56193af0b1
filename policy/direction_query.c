/*
 * direction_query - what a message gives to ask the store about
 *
 * Tokens are checked here against the keyring, so that a forged one costs no look-up. Limits:
 * the first SEARCH_MAX octets of a text are searched for invoice numbers, and NUMBERS_MAX
 * numbers are kept, so that no subject line becomes a thousand questions.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/address.h"
#include "policy/direction.h"

enum { SEARCH_MAX = 4096, NUMBERS_MAX = 50 };

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* All matches of one expression that stand alone, not inside a longer word or number. */
static bool find_matches(const regex_t *expression, const char *text, struct strings *numbers)
{
    regmatch_t match;
    const char *from = text;
    while (numbers->count < NUMBERS_MAX &&
           regexec(expression, from, 1, &match, from == text ? 0 : REG_NOTBOL) == 0) {
        const char *begin = from + match.rm_so, *end = from + match.rm_eo;
        bool alone = (begin == text || !is_word(begin[-1]) || !is_word(*begin)) &&
                     (end == begin || !is_word(end[-1]) || !is_word(*end));
        if (end > begin && alone) {
            char *number = strndup(begin, (size_t)(end - begin));
            bool added = number && strings_add_unique(numbers, number);
            free(number);
            if (!added)
                return false;
            from = end;
        } else {
            from = begin + 1;
        }
        if (begin[0] == '\0' || *from == '\0')
            break;
    }
    return true;
}

bool invoice_numbers_find(const struct settings *s, const char *text, struct strings *numbers)
{
    if (!text)
        return true;
    char *searched = strndup(text, SEARCH_MAX);
    bool done = searched != NULL;
    for (size_t i = 0; done && i < s->invoice_patterns.count; i++)
        done = find_matches(&s->invoice_expressions[i], searched, numbers);
    free(searched);
    return done;
}

bool invoice_header_find(const char *value, struct strings *numbers)
{
    while (value && *value && numbers->count < NUMBERS_MAX) {
        size_t len = strcspn(value, ",;");
        const char *begin = value, *end = value + len;
        while (begin < end && isspace((unsigned char)*begin))
            begin++;
        while (end > begin && isspace((unsigned char)end[-1]))
            end--;
        char *number = strndup(begin, (size_t)(end - begin));
        bool added = number && (!*number || strings_add_unique(numbers, number));
        free(number);
        if (!added)
            return false;
        value += len + (value[len] != '\0');
    }
    return true;
}

/* Is this id in the space that only our tokens use: "<…@temoin.company>"? */
static bool is_own_id(const struct settings *s, const char *id)
{
    static const char prefix[] = "temoin.";
    const char *host = address_domain(id);
    size_t len = strlen(s->company_domain);
    return strncasecmp(host, prefix, sizeof prefix - 1) == 0 &&
           strncasecmp(host + sizeof prefix - 1, s->company_domain, len) == 0 &&
           strcmp(host + sizeof prefix - 1 + len, ">") == 0;
}

/* Put ids into the query: valid tokens as tokens, forged ones nowhere, the rest as ids. */
static bool add_ids(const struct settings *s, const struct keyring *ring, const struct strings *ids,
                    struct query *q)
{
    for (size_t i = 0; ids && i < ids->count; i++) {
        const char *text = token_in_message_id(ids->items[i]);
        uint64_t number;
        if (text && token_check(ring, s->company_domain, text, &number)) {
            if (!tokens_add(&q->tokens, number))
                return false;
        } else if (!(text && is_own_id(s, ids->items[i])) &&
                   !strings_add_unique(&q->ids, ids->items[i])) {
            return false;
        }
    }
    return true;
}

static bool add_recipient_tokens(const struct settings *s, const struct keyring *ring,
                                 const struct envelope *e, struct query *q)
{
    for (size_t i = 0; s->delimiter && i < e->recipients.count; i++) {
        const char *text = token_in_address(e->recipients.items[i], s->delimiter);
        uint64_t number;
        if (text && token_check(ring, s->company_domain, text, &number) &&
            !tokens_add(&q->tokens, number))
            return false;
    }
    return true;
}

static bool add_tokens(const struct tokens *from, struct query *q)
{
    for (size_t i = 0; from && i < from->count; i++)
        if (!tokens_add(&q->tokens, from->numbers[i]))
            return false;
    return true;
}

static bool add_normalised(const struct strings *addresses, struct strings *out)
{
    for (size_t i = 0; i < addresses->count; i++) {
        char *normal = address_normalise(addresses->items[i]);
        bool added = normal && strings_add_unique(out, normal);
        free(normal);
        if (!added)
            return false;
    }
    return true;
}

static bool build_outbound(const struct settings *s, const struct envelope *e,
                           const struct reading *r, const struct strings *attachment_names,
                           struct query *q)
{
    if (!invoice_numbers_find(s, r->subject, &q->numbers) ||
        !invoice_header_find(r->invoice_header, &q->numbers))
        return false;
    for (size_t i = 0; attachment_names && i < attachment_names->count; i++)
        if (!invoice_numbers_find(s, attachment_names->items[i], &q->numbers))
            return false;
    return add_normalised(&e->recipients, &q->addresses);
}

static bool build_inbound(const struct settings *s, const struct keyring *ring,
                          const struct envelope *e, const struct reading *r,
                          const struct tokens *body_tokens, const struct strings *returned_ids,
                          struct query *q)
{
    return add_ids(s, ring, returned_ids, q) && add_tokens(body_tokens, q) &&
           add_recipient_tokens(s, ring, e, q) &&
           invoice_numbers_find(s, r->subject, &q->numbers) &&
           strings_add_all(&q->addresses, &r->from);
}

bool query_build(const struct settings *s, const struct keyring *ring, enum direction direction,
                 const struct envelope *e, const struct reading *r,
                 const struct strings *attachment_names, const struct tokens *body_tokens,
                 const struct strings *returned_ids, struct query *q)
{
    if (direction != DIRECTION_OUTBOUND && direction != DIRECTION_INBOUND)
        return true;
    if (!add_ids(s, ring, &r->in_reply_to, q) || !add_ids(s, ring, &r->references, q))
        return false;
    if (direction == DIRECTION_OUTBOUND)
        return build_outbound(s, e, r, attachment_names, q);
    return build_inbound(s, ring, e, r, body_tokens, returned_ids, q);
}

bool query_is_idle(const struct query *q)
{
    return q->ids.count == 0 && q->tokens.count == 0 && q->numbers.count == 0;
}

/* Is the right side of this id one of our domains or a host in it? "<20260901.1@mail.acme.fr>" */
static bool made_by_us(const struct settings *s, const char *id)
{
    const char *host = address_domain(id);
    size_t len = strcspn(host, ">");
    for (size_t i = 0; i < s->own_domains.count; i++) {
        const char *own = s->own_domains.items[i];
        size_t n = strlen(own);
        if (len >= n && strncasecmp(host + len - n, own, n) == 0 &&
            (len == n || host[len - n - 1] == '.'))
            return true;
    }
    return false;
}

/* Without memory: yes. */
static bool is_for_accountant(const struct settings *s, const struct envelope *e)
{
    struct strings normal = {0};
    bool is = !add_normalised(&e->recipients, &normal);
    for (size_t i = 0; !is && i < normal.count; i++)
        is = settings_accountant_by_address(s, normal.items[i]) != NULL;
    strings_free(&normal);
    return is;
}

bool query_may_be_ours(const struct settings *s, const struct envelope *e, const struct query *q)
{
    for (size_t i = 0; i < q->ids.count; i++)
        if (made_by_us(s, q->ids.items[i]))
            return true;
    return q->tokens.count > 0 || (q->numbers.count > 0 && is_for_accountant(s, e));
}

bool recipients_hold_token(const struct settings *s, const struct keyring *ring,
                           const struct envelope *e)
{
    struct query q = {0};
    bool held = !add_recipient_tokens(s, ring, e, &q) || q.tokens.count > 0;
    query_free(&q);
    return held;
}
