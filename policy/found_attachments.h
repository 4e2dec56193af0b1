/*
 * found_attachments - the inventory of what came with a message, beside its text
 */
#ifndef TEMOIN_POLICY_FOUND_ATTACHMENTS_H
#define TEMOIN_POLICY_FOUND_ATTACHMENTS_H

#include "policy/understood.h"

/* Each named or attached part, and each part that is neither text nor report, with hash and
   size of its decoded octets and, by the tools, what it really is. False: out of memory. */
bool found_attachments(const struct mail *m, const struct understanding_tools *tools,
                       struct understood *u);

/* Does what an attachment is contradict what it is called? A program that is called a PDF does; a
   DOCX that a sender calls application/octet-stream does not. Pure. */
bool attachment_disagrees(const char *name, const char *declared, const char *actual);

#endif
