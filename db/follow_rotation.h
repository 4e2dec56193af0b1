/*
 * follow_rotation - in which order a log and its predecessors are to be read
 *
 * Synopsis
 *      struct follow_plan plan = {0};
 *      st = follow_plan_resume(opener, path, &state, oldest, &plan, &err);
 *      ... plan.parts[0..count): the oldest first, the last is the log itself ...
 *      follow_plan_free(&plan);
 *
 * A file is known by the hash of its first octets, so it is found again after it was renamed,
 * copied and truncated, or compressed; inodes are used again, and names move on.
 */
#ifndef TEMOIN_DB_FOLLOW_ROTATION_H
#define TEMOIN_DB_FOLLOW_ROTATION_H

#include "db/follow_reader.h"

struct follow_part {
    char *name;      /* beside the log; NULL: the log itself */
    uint64_t offset; /* where to begin, unpacked */
    uint64_t device, inode;
    int64_t written; /* st_mtime */
};

struct follow_plan {
    struct follow_part *parts;
    size_t count;
    bool lost; /* the place where following stopped was not found any more */
};
void follow_plan_free(struct follow_plan *plan);

/* From where `state` says; without one, from the files that were written since `oldest`. */
enum store_status follow_plan_resume(struct follow_opener *o, const char *path,
                                     const struct follow_state *state, int64_t oldest,
                                     struct follow_plan *plan, struct store_error *err);

#endif
