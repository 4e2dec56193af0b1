/*
 * dossier_bounds - between which tokens of timestamp authorities an entry was made
 */
#include "db/batch.h"
#include "db/dossier_view.h"

enum store_status dossier_bounds_of_batches(void *context, uint64_t seq, struct view_bounds *out,
                                            struct store_error *err)
{
    struct batch_bounds found = {0};
    enum store_status st = batch_bounds(context, seq, &found, err);
    if (st == STORE_NOT_FOUND)
        return STORE_OK;
    if (st == STORE_OK && found.not_before)
        record_time(found.not_before, out->not_before);
    if (st == STORE_OK && found.not_after)
        record_time(found.not_after, out->not_after);
    out->batch = found.number;
    return st;
}
