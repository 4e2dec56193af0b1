/*
 * verify_index - what an entry's own two parts say that the indexes must repeat
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/verify_internal.h"
#include "db/wire.h"

/* A text, or a list of texts. */
static bool take_texts(const json_t *object, const char *key, struct strings *out)
{
    const json_t *value = json_object_get(object, key);
    if (!value)
        return true;
    if (json_is_array(value))
        return strings_from_json(value, out);
    char *text = foreign_from_json(value);
    bool taken = text && strings_add(out, text);
    free(text);
    return taken;
}

static uint64_t take_number(const json_t *object, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(object, key));
    return n > 0 ? (uint64_t)n : 0;
}

static bool claim_read(const struct exhibit *x, struct strings *proposed, struct index_claim *c)
{
    const json_t *part = x->private_part;
    const json_t *match = json_object_get(part, "match");
    const char *strength = json_string_value(json_object_get(match, "strength"));
    bool decides = strcmp(x->event, "assign") == 0 || strcmp(x->event, "dismiss") == 0;
    bool weak = !strength || strcmp(strength, "strong") != 0;
    *c = (struct index_claim){.seq = x->seq,
                              .outbound = x->direction && strcmp(x->direction, "outbound") == 0,
                              .token = take_number(part, "number"),
                              .about = decides ? take_number(part, "about") : 0,
                              .pauses = json_is_true(json_object_get(part, "pauses")),
                              .erased = x->erased_by != 0};
    if (strcmp(x->event, "erasure") == 0)
        c->erases = json_array_size(json_object_get(part, "erased"));
    bool taken =
        take_texts(part, "proposed", proposed) && take_texts(part, "invoice", &c->target) &&
        strings_add_all(&c->invoices, &c->target) && strings_add_all(&c->invoices, proposed) &&
        take_texts(json_object_get(part, "ids"), "message_id", &c->ids);
    if (taken && x->direction && !c->about && weak && proposed->count)
        c->proposed = proposed->items[0];
    return taken;
}

/* Faults that concern a whole dossier are said once, whichever entry shows them first. */
static bool report_misnamed(struct verification *all, uint64_t seq, const struct strings *misnamed)
{
    bool done = true;
    pthread_mutex_lock(&all->lock);
    for (size_t i = 0; done && i < misnamed->count; i++) {
        const char *name = misnamed->items[i];
        if (strings_contain(&all->misnamed, name))
            continue;
        done = strings_add(&all->misnamed, name) &&
               verdict_add(all->verdict, 0,
                           "dossier %s: entry %" PRIu64 ", which the index lists in it, says that "
                           "it is of another invoice",
                           name, seq);
    }
    pthread_mutex_unlock(&all->lock);
    return done;
}

enum store_status verify_index(struct verification *all, struct store *store,
                               const struct exhibit *x, struct strings *problems,
                               struct store_error *err)
{
    struct index_claim claim;
    struct index_faults faults = {{0}, {0}};
    struct strings proposed = {0};
    enum store_status st = STORE_NO_MEMORY;
    if (claim_read(x, &proposed, &claim))
        st = store_index_check(store, &claim, &faults, err);
    if (st == STORE_CORRUPT) /* a page of it, or of an entry that this one leads to */
        st = strings_add(problems, err->text) ? STORE_OK : STORE_NO_MEMORY;
    if (st == STORE_OK &&
        !(strings_add_all(problems, &faults.own) && report_misnamed(all, x->seq, &faults.misnamed)))
        st = STORE_NO_MEMORY;
    index_claim_free(&claim);
    index_faults_free(&faults);
    strings_free(&proposed);
    return st;
}
