/*
 * gate - see gate.h
 */
#include "milter/gate.h"

#include <errno.h>
#include <time.h>

bool gate_init(struct gate *gate)
{
    gate->count = 0;
    if (sem_init(&gate->places, 0, GATE_PLACES) != 0)
        return false;
    if (pthread_mutex_init(&gate->lock, NULL) != 0) {
        sem_destroy(&gate->places);
        return false;
    }
    for (; gate->count < GATE_PLACES; gate->count++) {
        gate->packers[gate->count] = packer_new();
        if (gate->packers[gate->count] == NULL) {
            gate_destroy(gate);
            return false;
        }
    }
    return true;
}

void gate_destroy(struct gate *gate)
{
    while (gate->count > 0)
        packer_free(gate->packers[--gate->count]);
    pthread_mutex_destroy(&gate->lock);
    sem_destroy(&gate->places);
}

struct packer *gate_enter(struct gate *gate)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += GATE_WAIT_SECONDS;
    int result;
    do
        result = sem_clockwait(&gate->places, CLOCK_MONOTONIC, &until);
    while (result != 0 && errno == EINTR);
    if (result != 0)
        return NULL;
    /* Who holds a place finds a packer. The last one that was used: its memory is still warm. */
    pthread_mutex_lock(&gate->lock);
    struct packer *packer = gate->packers[--gate->count];
    pthread_mutex_unlock(&gate->lock);
    return packer;
}

void gate_leave(struct gate *gate, struct packer *packer)
{
    pthread_mutex_lock(&gate->lock);
    gate->packers[gate->count++] = packer;
    pthread_mutex_unlock(&gate->lock);
    sem_post(&gate->places);
}
