/*
 * attribution_read - the attribution of an entry, from its record and private part
 */
#include "db/attribution_read.h"

#include <stdlib.h>
#include <string.h>

#include "policy/authres.h"

void attribution_reading_free(struct attribution_reading *r)
{
    free(r->from_domain);
    free(r->by);
    strings_free(&r->passed);
    *r = (struct attribution_reading){0};
}

/* An optional text, fit to be shown. False: out of memory. */
static bool take(const json_t *object, const char *key, char **text)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value) && !json_is_object(value))
        return true;
    *text = exhibit_text(object, key);
    return *text != NULL;
}

static bool take_results(const json_t *results, struct authres *a)
{
    size_t count = json_array_size(results);
    count = count < AUTHRES_MAX ? count : AUTHRES_MAX;
    a->items = calloc(count ? count : 1, sizeof *a->items);
    for (size_t i = 0; a->items && i < count; i++) {
        const json_t *one = json_array_get(results, i);
        struct authres_result *r = &a->items[a->count++];
        const char *result = json_string_value(json_object_get(one, "result"));
        r->result = strdup(result ? result : "");
        if (!r->result || !take(one, "domain", &r->domain))
            return false;
    }
    return a->items != NULL;
}

/* What our server found: which domains signed, and whether that speaks against From. */
static bool take_findings(const json_t *authentication, struct attribution_reading *r,
                          bool *disowned)
{
    struct authres a = {0};
    bool done = take_results(json_object_get(authentication, "results"), &a) &&
                take(authentication, "dmarc", &a.dmarc) &&
                take(authentication, "dmarc_domain", &a.dmarc_domain) &&
                authres_passed(&a, &r->passed);
    *disowned = done && authres_disowns(&a, r->from_domain);
    authres_free(&a);
    return done;
}

bool attribution_read(const struct exhibit *x, struct attribution_reading *r)
{
    const json_t *part = x->private_part, *match = json_object_get(part, "match");
    const json_t *authentication = json_object_get(part, "authentication");
    const json_t *sender = json_object_get(part, "sender");
    bool disowned = false;
    if (!take(sender, "domain", &r->from_domain) || !take(authentication, "by", &r->by) ||
        !take_findings(authentication, r, &disowned))
        return false;
    struct attribution_facts facts = {
        .event = x->event,
        .level = x->level,
        .erased = !part,
        .how = json_string_value(json_object_get(match, "how")),
        .strength = json_string_value(json_object_get(match, "strength")),
        .from_domain = r->from_domain,
        .passed = &r->passed,
        .disowned = disowned,
        .known = sender_known_from(json_string_value(json_object_get(sender, "known"))),
        .by = r->by};
    r->found = attribution_find(&facts);
    return true;
}
