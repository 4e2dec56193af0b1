/*
 * dossier_html - index.html: a dossier to click through, in one file without script or network
 *
 * Readable on a phone and on paper. What strangers wrote is escaped, and isolated from the
 * direction of the text around it; links lead to files of the container only.
 */
#ifndef TEMOIN_DB_DOSSIER_HTML_H
#define TEMOIN_DB_DOSSIER_HTML_H

#include "db/dossier_view.h"

/* Append the page. False: out of memory. */
bool dossier_html_write(const struct dossier_view *v, enum language language, struct bytes *out);

#endif
