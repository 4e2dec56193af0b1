/*
 * dossier_html_entry - one entry of index.html's timeline, with its message folded
 */
#ifndef TEMOIN_DB_DOSSIER_HTML_ENTRY_H
#define TEMOIN_DB_DOSSIER_HTML_ENTRY_H

#include "db/page.h"

/* Append the entry of an exhibit. */
void dossier_html_entry(struct page *p, const struct view_exhibit *x);

#endif
