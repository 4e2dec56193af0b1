/*
 * gate - how many messages are hashed and compressed at a time
 *
 * Synopsis
 *      struct packer *packer = gate_enter(gate);
 *      if (packer != NULL) {
 *              ... hash, packer_pack(packer, ...) ...
 *              gate_leave(gate, packer);
 *      }
 *
 * The end of our messages costs processor time and a compressor's memory. A few at a time keep
 * both bounded when a hundred end at once; the others wait their turn. Each place has a
 * compressor, which stays there.
 */
#ifndef TEMOIN_MILTER_GATE_H
#define TEMOIN_MILTER_GATE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>

#include "db/packer.h"

enum { GATE_PLACES = 6, GATE_WAIT_SECONDS = 30 };

struct gate {
    sem_t places;
    pthread_mutex_t lock; /* of the packers, never held while one works */
    struct packer *packers[GATE_PLACES];
    size_t count; /* of those that are here, at the array's beginning */
};

bool gate_init(struct gate *gate); /* false: out of memory */
void gate_destroy(struct gate *gate);

/* A place, with its packer. NULL: no turn within GATE_WAIT_SECONDS. */
struct packer *gate_enter(struct gate *gate);
void gate_leave(struct gate *gate, struct packer *packer);

#endif
