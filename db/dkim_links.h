/*
 * dkim_links - which entries tell about the DNS keys of a message, whether dkim.db knows it or not
 *
 * Synopsis
 *      struct dkim_links *links;
 *      if (dkim_links_open(store, &links, &err) == STORE_OK) {
 *          st = dkim_links_entries(links, message_seq, seqs, DKIM_LINKS_MAX, &count, &err);
 *          dkim_links_close(links);
 *      }
 *
 * dkim.db is brought forward by `temoin keys` only, and may be missing: from where it stands, the
 * log itself is asked. For erasures, which may not pass over any.
 */
#ifndef TEMOIN_DB_DKIM_LINKS_H
#define TEMOIN_DB_DKIM_LINKS_H

#include "db/store.h"

/* About one message: each of its keys is entered once when it was contradicted and once for good.
 */
enum { DKIM_LINKS_MAX = 64 };

struct dkim_links;

/* `store` must outlive it; what is appended later is not seen. */
enum store_status dkim_links_open(struct store *store, struct dkim_links **links,
                                  struct store_error *err);
void dkim_links_close(struct dkim_links *links); /* NULL does nothing */

/* The entries that tell about the keys of a message, in no order, maybe twice; at most `room`. */
enum store_status dkim_links_entries(struct dkim_links *links, uint64_t message, uint64_t *seqs,
                                     size_t room, size_t *count, struct store_error *err);

#endif
