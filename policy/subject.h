/*
 * subject - what a subject line tells: its base, privacy, a machine's answer
 *
 * All work on folded text (text_fold): case, accents' spelling and white space do not
 * matter. The word lists are those of French and English mail, and the prefixes of neighbours.
 */
#ifndef TEMOIN_POLICY_SUBJECT_H
#define TEMOIN_POLICY_SUBJECT_H

#include <stdbool.h>

/* The base subject (in the manner of RFC 5256, 2.1): without reply, forward and automatic
   prefixes ("Re", "RÉP", "TR", "Re[2]", …), leading tags in brackets ("[EXTERNE]") unless
   nothing would be left, and a trailing "(fwd)"; malloc'd. NULL: out of memory. */
char *subject_base(const char *folded);

/* Marked as private, as French courts expect it of an employee's mail: the subject, behind its
   prefixes, begins with "personnel" or "privé", has it alone in brackets, or ends with it
   behind a dash. "frais de personnel" is no such mark. */
bool subject_is_personal(const char *folded);

enum subject_lead { SUBJECT_PLAIN, SUBJECT_REPLY, SUBJECT_FORWARD };

/* Does it say "Re:" or "TR:" (behind tags) before anything else? */
enum subject_lead subject_leads(const char *folded);

/* Begins as receipts do ("Lu : …", "Not read: …", "Return Receipt (displayed) - …"): static
   "displayed" or "deleted"; NULL: it does not. People write such subjects, too. */
const char *subject_receipt(const char *folded);

/* Begins as the usual vacation notices do ("Absence du bureau", "Automatic reply", …). */
bool subject_is_automatic(const char *folded);

#endif
