/*
 * verify_keys - dkim/NNN.txt of an evidence file: does it say of message NNN what the entries say
 *               that tell about its keys?
 *
 * The file is made again of their private parts, and compared. Whether a signature is good with
 * a key, and whether DNSSEC vouches for the key, is for libraries that know how; LISEZMOI has the
 * commands.
 */
#include <inttypes.h>
#include <string.h>

#include "db/dkim_entry.h"
#include "db/verify_parts.h"

static const char DIRECTORY[] = "dkim/", SUFFIX[] = ".txt";

/* The entry "NNN" of "dkim/NNN.txt"; NULL: there is none. */
static const struct dossier_entry *message_of(const struct inspection *in, const struct part *p)
{
    const char *stem = p->name + sizeof DIRECTORY - 1;
    size_t len = strlen(stem) - (sizeof SUFFIX - 1);
    for (size_t i = 0; i < in->entry_count; i++)
        if (strncmp(in->entries[i].stem, stem, len) == 0 && in->entries[i].stem[len] == '\0')
            return &in->entries[i];
    return NULL;
}

/* Of all that tell about this message, in the order of the log. */
static size_t tellers(const struct inspection *in, uint64_t message,
                      json_t *parts[DKIM_ENTRIES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < in->entry_count && count < DKIM_ENTRIES_MAX; i++) {
        const struct exhibit *x = &in->entries[i].exhibit;
        if (x->private_part && strcmp(x->event, DKIM_EVENT) == 0 &&
            dkim_entry_message(x->private_part) == message)
            parts[count++] = x->private_part;
    }
    return count;
}

static void file_check(struct inspection *in, struct part *p)
{
    const struct dossier_entry *e = message_of(in, p);
    json_t *parts[DKIM_ENTRIES_MAX];
    struct bytes text = {0};
    if (!p->readable)
        return;
    if (!e || !e->message) {
        part_fault(in, p, FILE_ALTERED, "it belongs to no message");
        return;
    }
    size_t count = tellers(in, e->exhibit.seq, parts);
    bool volumes = in->verdict->span.of > 1;
    if (count == 0 && volumes)
        part_praise(in, p, "unchanged; the entry that it was taken from is in another volume");
    else if (count == 0)
        part_fault(in, p, FILE_ALTERED, "no entry of the dossier tells about these keys");
    else if (!dkim_entry_file(parts, count, &text))
        inspection_fail(in, STORE_NO_MEMORY, "out of memory");
    else if (p->data.len == text.len && memcmp(p->data.data, text.data, text.len) == 0)
        part_praise(in, p,
                    "DNS keys of entry %" PRIu64 ", as the records tell; to be used with a DKIM "
                    "library on %s",
                    e->exhibit.seq, e->message->name);
    else if (volumes)
        part_praise(in, p, "unchanged; other entries that it was taken from are in another volume");
    else
        part_fault(in, p, FILE_ALTERED, "it does not say what the records say");
    bytes_free(&text);
}

void inspect_keys(struct inspection *in)
{
    for (size_t i = 0; i < in->count; i++)
        if (part_is_in(&in->parts[i], DIRECTORY, SUFFIX))
            file_check(in, &in->parts[i]);
    for (size_t i = 0; i < in->entry_count; i++) {
        const struct dossier_entry *e = &in->entries[i];
        json_t *parts[DKIM_ENTRIES_MAX];
        if (e->message && tellers(in, e->exhibit.seq, parts) &&
            !part_findf(in, "dkim/%s.txt", e->stem))
            part_fault(in, e->record, FILE_ALTERED, "dkim/%s.txt is missing", e->stem);
    }
}
