/*
 * review_confirm - temoin review confirm: a suggestion of the reader's becomes a fact
 */
#ifndef TEMOIN_DB_REVIEW_CONFIRM_H
#define TEMOIN_DB_REVIEW_CONFIRM_H

#include "db/command.h"

/* Enter the `which`-th suggestion (from 1) of entry `number` in a dossier: as a promise or a
   dispute, anything else as a note, with the sentence it rests on and who confirmed it. `invoice`
   NULL: the one dossier that the message is in; another than it is in is refused. Said on stdout; a
   second time is refused. Returns a sysexits status, said on stderr. */
int review_confirm(const struct command_context *c, const char *number, const char *which,
                   const char *invoice);

#endif
