/*
 * gate - how many messages are hashed and compressed at a time
 *
 * The end of our messages costs processor time and a compressor's memory. A few at a time keep
 * both bounded when a hundred end at once; the others wait their turn.
 */
#ifndef TEMOIN_MILTER_GATE_H
#define TEMOIN_MILTER_GATE_H

#include <semaphore.h>
#include <stdbool.h>

enum { GATE_PLACES = 6, GATE_WAIT_SECONDS = 30 };

struct gate {
    sem_t places;
};

bool gate_init(struct gate *gate);
void gate_destroy(struct gate *gate);

/* False: no turn within GATE_WAIT_SECONDS. */
bool gate_enter(struct gate *gate);
void gate_leave(struct gate *gate);

#endif
