/*
 * message_confine - giving up every right before hostile octets are parsed
 *
 * Synopsis
 *      message_prepare();              // once: loads what cannot be loaded later
 *      if (fork() == 0) { if (!message_confine(out)) _exit(1); ... parse, write(out, …) ... }
 */
#ifndef TEMOIN_DB_MESSAGE_CONFINE_H
#define TEMOIN_DB_MESSAGE_CONFINE_H

#include <stdbool.h>

/* Load the tables of the charsets that mail uses: a confined process opens no file. */
void message_prepare(void);

/* From here on this process can use memory, write to `out` and end; anything else kills it
   (seccomp), as do 5 s of processor time. False: the kernel refused. */
bool message_confine(int out);

#endif
