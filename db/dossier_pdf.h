/*
 * dossier_pdf - dossier.pdf: a dossier to hand over on paper
 *
 * A4, with an outline and links; the same view gives the same octets on the same system.
 */
#ifndef TEMOIN_DB_DOSSIER_PDF_H
#define TEMOIN_DB_DOSSIER_PDF_H

#include "db/dossier_view.h"

/* Append the document. STORE_NOT_FOUND: this system has no font. */
enum store_status dossier_pdf_write(const struct dossier_view *v, enum language language,
                                    struct bytes *out, struct store_error *err);

#endif
