/*
 * checkpoint_mail - the newest checkpoint by mail to checkpoint_to: people outside who keep it
 */
#ifndef TEMOIN_DB_CHECKPOINT_MAIL_H
#define TEMOIN_DB_CHECKPOINT_MAIL_H

#include "db/command.h"

/* Hand it to sendmail(8) and enter that it was sent ("checkpoint", with sent_to). Returns a
   sysexits status; what went wrong is said on stderr. 78: checkpoint_to is empty; 75: there is no
   checkpoint yet, or sendmail failed. */
int checkpoint_mail(const struct command_context *c);

#endif
