/*
 * restore - a store out of a backup, under a new name
 *
 * What a log said after the backup is lost, and some of it may be in other people's hands
 * (checkpoints in reminders). If the restored log went on under its old name there would be two
 * logs of it. So it is given a new origin; its first entry under that name, "restore", names the
 * old head and, where it is known, what was lost; message numbers go on far beyond those that
 * may have been given out; and erasures made since the backup are applied again.
 *
 * Private part of a "restore":
 *      backup   {"time": seconds since 1970}
 *      former   {"log": origin, "entries": n, "sealed": n, "root": of the sealed ones, hex}
 *      lost     {"from": seq, "to": seq} of the former log; absent when it is not known
 */
#ifndef TEMOIN_DB_RESTORE_H
#define TEMOIN_DB_RESTORE_H

#include "db/backup.h"
#include "policy/tree.h"

/* What is known of the store that the backup replaces. */
struct restore_head {
    bool known;
    uint64_t entries; /* of the log that is replaced */
    char origin[256];
    uint64_t sealed;               /* of the restored log: how many entries are signed, */
    unsigned char root[TREE_HASH]; /* and the root of these; see restore_seal() */
};

/* Look at the store that is there. A store that cannot be read leaves *head unknown. */
void restore_look(const struct settings *s, struct restore_head *head);

/* Copy a checked backup to `directory`, which does not exist yet. As root, files are given to
   `uid` and `gid`, those of the seal to `seal_uid`. */
struct restore_owners {
    uid_t uid, seal_uid;
    gid_t gid;
};
enum store_status restore_copy(const struct backup *b, const char *from, const char *directory,
                               const struct restore_owners *owners, struct store_error *err);

/* As the sealer's user: read the restored seal.db's head. Its files for readers are made by the
   way, which the store's user may not make. */
enum store_status restore_seal(const struct settings *s, struct restore_head *head,
                               struct store_error *err);

/* As the store's user, with the daemon stopped: the new origin and its first entry, whose number
   is *seq. */
enum store_status restore_begin(const struct settings *s, const struct backup *b,
                                const struct restore_head *replaced, const char *actor,
                                uint64_t *seq, struct store_error *err);

/* As the store's user: apply a list of erasures (store_erase.h) again. Lines about entries that
   the log has not, or that are erased in it, are passed over. */
enum store_status restore_erasures(const struct settings *s, const char *file, const char *actor,
                                   size_t *erased, struct store_error *err);

#endif
