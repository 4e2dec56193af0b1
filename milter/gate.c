/*
 * gate - see gate.h
 */
#include "milter/gate.h"

#include <errno.h>
#include <time.h>

bool gate_init(struct gate *gate)
{
    return sem_init(&gate->places, 0, GATE_PLACES) == 0;
}

void gate_destroy(struct gate *gate)
{
    sem_destroy(&gate->places);
}

bool gate_enter(struct gate *gate)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += GATE_WAIT_SECONDS;
    int result;
    do
        result = sem_clockwait(&gate->places, CLOCK_MONOTONIC, &until);
    while (result != 0 && errno == EINTR);
    return result == 0;
}

void gate_leave(struct gate *gate)
{
    sem_post(&gate->places);
}
