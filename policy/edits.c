/*
 * edits - lists of changes to envelope and header, and what they make of a header
 *
 * How a stamp is composed stands in edits_stamp.c. Instances count the fields as received, as
 * the milter protocol does; deletions of one name stand from the last to the first, so that
 * applying them one by one never shifts an index that is still to be used.
 */
#include "policy/edits.h"

#include <stdlib.h>
#include <string.h>

static char *copy(const char *text, bool *done)
{
    char *made = text ? strdup(text) : NULL;
    if (text && !made)
        *done = false;
    return made;
}

static void edit_free(struct edit *e)
{
    free(e->name);
    free(e->value);
    free(e->arguments);
}

bool edits_add(struct edits *e, enum edit_kind kind, const char *name, unsigned instance,
               const char *value, const char *arguments)
{
    if (e->count == e->room) {
        size_t room = e->room ? e->room * 2 : 8;
        struct edit *grown = realloc(e->items, room * sizeof *grown);
        if (!grown)
            return false;
        e->items = grown;
        e->room = room;
    }
    bool done = true;
    struct edit made = {.kind = kind, .instance = instance};
    made.name = copy(name, &done);
    made.value = copy(value, &done);
    made.arguments = copy(arguments, &done);
    if (done)
        e->items[e->count++] = made;
    else
        edit_free(&made);
    return done;
}

void edits_free(struct edits *e)
{
    for (size_t i = 0; i < e->count; i++)
        edit_free(&e->items[i]);
    free(e->items);
    strings_free(&e->notes);
    memset(e, 0, sizeof *e);
}

bool edits_delete_all(const struct fields *f, const char *name, struct edits *out)
{
    for (size_t i = fields_count(f, name); i > 0; i--)
        if (!edits_add(out, EDIT_DELETE, name, (unsigned)i, NULL, NULL))
            return false;
    return true;
}

bool edits_apply(const struct edits *e, const struct fields *from, struct fields *to)
{
    if (!fields_copy(from, to))
        return false;
    for (size_t i = 0; i < e->count; i++) {
        const struct edit *edit = &e->items[i];
        if (!edit->name)
            continue;
        size_t at = fields_find(to, edit->name, edit->instance ? edit->instance : 1);
        bool there = at < to->count, done = true;
        const char *value = edit->value ? edit->value : "";
        if (edit->kind == EDIT_ADD || (edit->kind == EDIT_CHANGE && !there))
            done = fields_add(to, edit->name, value);
        else if (edit->kind == EDIT_CHANGE)
            done = fields_set(to, at, value);
        else if (edit->kind == EDIT_DELETE && there)
            fields_remove(to, at);
        if (!done)
            return false;
    }
    return true;
}

/* A number as it may stand in a field: no control characters (a line end above all). */
static bool append_clean(struct bytes *b, const char *text)
{
    enum { NUMBER_MAX = 200 };
    size_t begin = b->len;
    if (!bytes_printf(b, " %.*s", NUMBER_MAX, text))
        return false;
    for (size_t i = begin; i < b->len; i++)
        if ((unsigned char)b->data[i] < ' ' || b->data[i] == 0x7f)
            b->data[i] = '?';
    return true;
}

bool edits_dossier(const struct strings *invoices, const char *kind, const char *match,
                   const struct fields *f, struct edits *out)
{
    static const char name[] = "Temoin-Dossier";
    bool done = edits_delete_all(f, name, out);
    for (size_t i = 0; done && invoices && i < invoices->count; i++) {
        struct bytes value = {0};
        done = append_clean(&value, invoices->items[i]) &&
               bytes_printf(&value, "; kind=%s; match=%s", kind, match) &&
               edits_add(out, EDIT_ADD, name, 0, value.data, NULL);
        bytes_free(&value);
    }
    return done;
}
