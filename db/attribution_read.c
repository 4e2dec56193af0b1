/*
 * attribution_read - the attribution of an entry, from its record and private part
 */
#include "db/attribution_read.h"

#include <stdlib.h>
#include <string.h>

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

static bool take_passed(const json_t *results, struct strings *passed)
{
    size_t i;
    json_t *one;
    json_array_foreach((json_t *)results, i, one)
    {
        const char *result = json_string_value(json_object_get(one, "result"));
        char *domain = NULL;
        if (!result || strcmp(result, "pass") != 0)
            continue;
        bool done = take(one, "domain", &domain) && (!domain || strings_add_unique(passed, domain));
        free(domain);
        if (!done)
            return false;
    }
    return true;
}

bool attribution_read(const struct exhibit *x, struct attribution_reading *r)
{
    const json_t *part = x->private_part, *match = json_object_get(part, "match");
    const json_t *authentication = json_object_get(part, "authentication");
    const json_t *sender = json_object_get(part, "sender");
    if (!take(sender, "domain", &r->from_domain) || !take(authentication, "by", &r->by) ||
        !take_passed(json_object_get(authentication, "results"), &r->passed))
        return false;
    struct attribution_facts facts = {
        .event = x->event,
        .level = x->level,
        .erased = !part,
        .how = json_string_value(json_object_get(match, "how")),
        .strength = json_string_value(json_object_get(match, "strength")),
        .from_domain = r->from_domain,
        .passed = &r->passed,
        .known = sender_known_from(json_string_value(json_object_get(sender, "known"))),
        .by = r->by};
    r->found = attribution_find(&facts);
    return true;
}
