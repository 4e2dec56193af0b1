/*
 * direction - which of the four directions a message takes
 *
 * Whom we believe: a SASL login, and clients in trusted_networks. Nothing else proves who
 * writes: on port 25 anybody may use any From, and any local user may run sendmail -f; neither
 * shows in a macro, and loopback is shared by both. So a message that says it comes from our
 * own domain but proves nothing is internal: untouched, never archived as ours, and it pauses
 * nothing. Reports are the one exception, since our own MTA's bounces say From: MAILER-DAEMON
 * at our own host: they go on to be matched by token and recipient.
 */
#include "policy/direction.h"

#include <stdlib.h>
#include <string.h>

#include "policy/address.h"

const char *direction_name(enum direction direction)
{
    switch (direction) {
    case DIRECTION_UNRELATED:
        return "unrelated";
    case DIRECTION_OUTBOUND:
        return "outbound";
    case DIRECTION_AGAIN:
        return "again";
    case DIRECTION_INTERNAL:
        return "internal";
    case DIRECTION_INBOUND:
        return "inbound";
    }
    return "unknown";
}

static bool is_authenticated(const struct envelope *e)
{
    return e->login && *e->login;
}

bool direction_may_matter(const struct settings *s, const struct envelope *e)
{
    return !is_authenticated(e) || settings_accountant_by_login(s, e->login);
}

static struct direction_found found(enum direction direction, const char *reason)
{
    return (struct direction_found){.direction = direction, .reason = reason};
}

static bool is_null_sender(const struct envelope *e)
{
    return e->sender && !*e->sender;
}

/* The envelope sender without a tag of ours, normalised. NULL: out of memory. */
static char *plain_sender(const struct settings *s, const struct envelope *e)
{
    const char *sender = e->sender ? e->sender : "";
    char *untagged = s->delimiter ? address_untag(sender, s->delimiter) : strdup(sender);
    char *normal = untagged ? address_normalise(untagged) : NULL;
    free(untagged);
    return normal;
}

static bool from_is_hers(const struct reading *r, const struct accountant *a)
{
    for (size_t i = 0; i < r->from.count; i++)
        if (!strings_contain(&a->addresses, r->from.items[i]))
            return false;
    return r->from.count > 0;
}

/* A message whose From names us among others is not a debtor's either. */
static bool from_is_own(const struct settings *s, const struct reading *r)
{
    for (size_t i = 0; i < r->from.count; i++)
        if (settings_is_own_address(s, r->from.items[i]))
            return true;
    return false;
}

static struct direction_found classify_login(const struct settings *s, const struct envelope *e,
                                             const struct reading *r, const char *sender)
{
    const struct accountant *a = settings_accountant_by_login(s, e->login);
    if (!a)
        return found(DIRECTION_INTERNAL, "login is no accountant's");
    if (is_null_sender(e))
        return found(DIRECTION_INTERNAL, "accountant's automatic message");
    if (!strings_contain(&a->addresses, sender))
        return found(DIRECTION_INTERNAL, "envelope sender is not the login's");
    if (!from_is_hers(r, a))
        return found(DIRECTION_INTERNAL, "From is not the login's");
    struct direction_found ours = found(DIRECTION_OUTBOUND, "accountant's login");
    ours.accountant = a;
    return ours;
}

static bool has_valid_token_header(const struct settings *s, const struct keyring *ring,
                                   const struct reading *r)
{
    uint64_t number;
    return r->token_header && strlen(r->token_header) == TOKEN_CHARS &&
           token_check(ring, s->company_domain, r->token_header, &number);
}

/* The accountant whose address is From, if the envelope sender is hers too. */
static const struct accountant *
accountant_without_login(const struct settings *s, const struct reading *r, const char *sender)
{
    const struct accountant *a =
        r->from.count ? settings_accountant_by_address(s, r->from.items[0]) : NULL;
    return a && from_is_hers(r, a) && strings_contain(&a->addresses, sender) ? a : NULL;
}

static struct direction_found classify(const struct settings *s, const struct keyring *ring,
                                       const struct envelope *e, const struct reading *r,
                                       const char *sender)
{
    if (is_authenticated(e))
        return classify_login(s, e, r, sender);
    bool trusted = settings_is_trusted(s, e->client_address);
    if (trusted && has_valid_token_header(s, ring, r))
        return found(DIRECTION_AGAIN, "second pass with a token");
    const struct accountant *a = trusted ? accountant_without_login(s, r, sender) : NULL;
    if (a) {
        struct direction_found ours = found(DIRECTION_OUTBOUND, "accountant in a trusted network");
        ours.accountant = a;
        return ours;
    }
    if (is_null_sender(e) && (r->kind == KIND_DSN || r->kind == KIND_MDN))
        return found(DIRECTION_INBOUND, "report");
    if (r->from.count == 0)
        return found(DIRECTION_INBOUND, "no From");
    if (!from_is_own(s, r))
        return found(DIRECTION_INBOUND, "from outside");
    if (is_null_sender(e))
        return found(DIRECTION_INTERNAL, "own domain's automatic message");
    return found(DIRECTION_INTERNAL, "own domain without a login");
}

struct direction_found direction_classify(const struct settings *s, const struct keyring *ring,
                                          const struct envelope *e, const struct reading *r)
{
    char *sender = plain_sender(s, e);
    if (!sender)
        return (struct direction_found){.reason = "out of memory", .out_of_memory = true};
    struct direction_found made = classify(s, ring, e, r, sender);
    free(sender);
    return made;
}
