/*
 * identify - what an attachment really is, by libmagic
 *
 * Synopsis
 *      struct identify *id = identify_open();   // before a process is confined: it reads a file
 *      type = identify_octets(id, octets, len); // "application/pdf"
 *      identify_close(id);
 */
#ifndef TEMOIN_DB_IDENTIFY_H
#define TEMOIN_DB_IDENTIFY_H

#include <stddef.h>

struct identify;

/* NULL: libmagic or its database is not there, or no memory; attachments then have no verdict. */
struct identify *identify_open(void);
void identify_close(struct identify *id); /* NULL does nothing */

/* For struct understanding_tools; `id` is a struct identify, or NULL: NULL comes back. The text is
   good until the next call. */
const char *identify_octets(void *id, const void *octets, size_t len);

#endif
