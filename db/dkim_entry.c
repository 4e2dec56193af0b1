/*
 * dkim_entry - the entry that tells which DNS keys the signatures of a message were to be checked
 *              with, and the file dkim/NNN.txt that is made of it
 */
#include "db/dkim_entry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/wire.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool says(const json_t *key, const char *member, const char *word)
{
    return strcmp(text_of(key, member), word) == 0;
}

uint64_t dkim_entry_message(const json_t *private_part)
{
    json_int_t seq = json_integer_value(json_object_get(private_part, "signed_entry"));
    return seq > 0 ? (uint64_t)seq : 0;
}

bool dkim_entry_is_final(const json_t *key)
{
    return says(key, "result", "unanswered") || !says(key, "dnssec", "bogus");
}

static enum key_kept kept(const json_t *key)
{
    if (says(key, "dnssec", "bogus"))
        return KEY_BOGUS;
    if (!says(key, "result", "found"))
        return KEY_NOT_KEPT;
    return says(key, "dnssec", "secure") ? KEY_VALIDATED : KEY_SEEN;
}

enum key_kept dkim_entry_kept(const json_t *private_part, const char *domain)
{
    const json_t *keys = json_object_get(private_part, "keys"), *key;
    enum key_kept best = KEY_NOT_KEPT;
    size_t i;
    json_array_foreach(keys, i, key) if ((!domain || says(key, "domain", domain)) &&
                                         kept(key) > best) best = kept(key);
    return best;
}

bool dkim_entry_has_chain(const json_t *private_part)
{
    const json_t *keys = json_object_get(private_part, "keys"), *key;
    size_t i;
    json_array_foreach(keys, i, key) if (json_is_true(json_object_get(key, "chain"))) return true;
    return false;
}

/* --- words ----------------------------------------------------------------------------------*/

static const char *result_words(const json_t *key, enum language language)
{
    static const char *const words[][2] = {
        {"clé reçue, authentique selon DNSSEC", "key found, validated by DNSSEC"},
        {"clé reçue, vue de notre seul serveur", "key found, seen by our server only"},
        {"aucune clé, selon DNSSEC", "no key there, validated by DNSSEC"},
        {"aucune clé, selon notre seul serveur", "no key there, as seen by our server only"},
        {"réponse que les signatures DNSSEC contredisent",
         "an answer that its DNSSEC signatures contradict"},
        {"aucune réponse, recherche abandonnée", "no answer, given up"}};
    bool found = says(key, "result", "found");
    size_t i = says(key, "result", "unanswered") ? 5
               : says(key, "dnssec", "bogus")    ? 4
                                                 : (found ? 0 : 2) + !says(key, "dnssec", "secure");
    return words[i][language];
}

bool dkim_entry_words(const json_t *private_part, enum language language, struct bytes *out)
{
    const json_t *keys = json_object_get(private_part, "keys"), *key;
    size_t i;
    json_array_foreach(keys, i, key)
    {
        char *name = foreign_from_json(json_object_get(key, "name"));
        bool done = bytes_printf(out, "%s%s%s %s", i ? "; " : "", name ? name : "?",
                                 language == LANGUAGE_FR ? " :" : ":", result_words(key, language));
        free(name);
        if (!done)
            return false;
    }
    return true;
}

/* --- the file -------------------------------------------------------------------------------*/

/* Foreign text on a line of its own: what is not printable ASCII as \DDD (RFC 1035, 5.1). */
static bool put_plain(struct bytes *out, const json_t *foreign)
{
    char *text = foreign_from_json(foreign);
    bool done = true;
    for (const char *c = text; done && c && *c; c++)
        done = *c >= ' ' && *c <= '~' ? bytes_append(out, c, 1)
                                      : bytes_printf(out, "\\%03u", (unsigned char)*c);
    free(text);
    return done;
}

static bool put_each(struct bytes *out, const json_t *list, const char *before, const json_t *name)
{
    const json_t *item;
    size_t i;
    json_array_foreach(list, i, item)
    {
        bool done = bytes_puts(out, before) &&
                    (!name || (put_plain(out, name) && bytes_puts(out, " "))) &&
                    put_plain(out, item) && bytes_puts(out, "\n");
        if (!done)
            return false;
    }
    return true;
}

static bool put_line(struct bytes *out, const char *before, const json_t *foreign)
{
    return !foreign ||
           (bytes_puts(out, before) && put_plain(out, foreign) && bytes_puts(out, "\n"));
}

static bool put_key(struct bytes *out, const json_t *key)
{
    const json_t *name = json_object_get(key, "name");
    bool complete = json_is_true(json_object_get(key, "chain"));
    return bytes_puts(out, ";\n") && put_line(out, "; name ", name) &&
           put_line(out, "; algorithm ", json_object_get(key, "algorithm")) &&
           put_line(out, "; asked ", json_object_get(key, "asked")) &&
           bytes_printf(out, "; %s / %s\n", result_words(key, LANGUAGE_FR),
                        result_words(key, LANGUAGE_EN)) &&
           put_line(out, complete ? "; dnssec, chain complete: " : "; dnssec: ",
                    json_object_get(key, "dnssec")) &&
           put_line(out, "; why ", json_object_get(key, "why")) &&
           put_each(out, json_object_get(key, "texts"), "; key ", name) &&
           put_each(out, json_object_get(key, "records"), "", NULL);
}

bool dkim_entry_file(json_t *const *private_parts, size_t count, struct bytes *out)
{
    bool done = bytes_puts(out, "; Clés DNS des signatures DKIM / DNS keys of the DKIM "
                                "signatures\n");
    for (size_t n = 0; done && n < count; n++) {
        const json_t *keys = json_object_get(private_parts[n], "keys"), *key;
        size_t i;
        done = bytes_printf(out, "; message : %" PRIu64 " (\"seq\")\n",
                            dkim_entry_message(private_parts[n]));
        json_array_foreach(keys, i, key) done = done && put_key(out, key);
    }
    return done;
}
