/*
 * edits - the changes of envelope and header that the milter asks the MTA for
 *
 * Synopsis
 *      struct edits e = {0};
 *      edits_stamp(settings, &order, envelope, fields, reading, &e);   // what to do
 *      edits_apply(&e, fields, &final);                       // the header as it will leave
 *
 * Body, Message-ID, Subject and From are never changed. The list is stored with the entry and
 * repeated verbatim when the same message comes again.
 */
#ifndef TEMOIN_POLICY_EDITS_H
#define TEMOIN_POLICY_EDITS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/message.h"
#include "policy/settings.h"

enum edit_kind {
    EDIT_ENVELOPE_SENDER,  /* value: address; arguments: ESMTP parameters or NULL */
    EDIT_ADD,              /* append a field */
    EDIT_CHANGE,           /* the instance-th field of that name gets this value */
    EDIT_DELETE,           /* the instance-th field of that name goes */
    EDIT_REMOVE_RECIPIENT, /* value: address as received */
    EDIT_ADD_RECIPIENT,
};

struct edit {
    enum edit_kind kind;
    char *name;        /* field name; NULL for envelope edits */
    unsigned instance; /* from 1, counted over the fields as received */
    char *value;       /* fields: with the leading space, LF between lines */
    char *arguments;
};

struct edits {
    struct edit *items; /* deletions of one name stand from the last to the first */
    size_t count;
    size_t room;
    struct strings notes; /* edits left out and why, for the log, e.g. "reply-to: not ours" */
};

bool edits_add(struct edits *e, enum edit_kind kind, const char *name, unsigned instance,
               const char *value, const char *arguments);
void edits_free(struct edits *e);

/* Delete every field of that name, from the last to the first. False: out of memory. */
bool edits_delete_all(const struct fields *f, const char *name, struct edits *out);

/* The header after the edits, into an empty `to`. False: out of memory. */
bool edits_apply(const struct edits *e, const struct fields *from, struct fields *to);

struct stamp_order {
    const struct accountant *accountant;
    const char *token;   /* TOKEN_CHARS characters */
    bool reminder;       /* asks for a disposition notification */
    bool add_message_id; /* none was seen: add "<token@temoin.company>", which then does not stand
                            in References; said in a note */
    const char *checkpoint; /* value of Temoin-Checkpoint (note_field()); NULL: none */
};

/* Compose the edits of an outbound message (DESIGN 2): envelope sender with RET=HDRS and
   ENVID, Reply-To, Disposition-Notification-To, References, Temoin-Token; Temoin-Checkpoint;
   removal of Temoin-Invoice and of Temoin-Token and Temoin-Checkpoint fields that came with the
   message. A message that has a
   DKIM-Signature gets envelope edits only. Lines are folded below 998 octets.
   False: out of memory. */
bool edits_stamp(const struct settings *s, const struct stamp_order *order,
                 const struct envelope *e, const struct fields *f, const struct reading *r,
                 struct edits *out);

/* Compose the edits of an inbound message: foreign Temoin-Dossier fields removed; with an
   `invoice`, "Temoin-Dossier: <invoice>; kind=…; match=…" added for each of the list.
   False: out of memory. */
bool edits_dossier(const struct strings *invoices, const char *kind, const char *match,
                   const struct fields *f, struct edits *out);

#endif
