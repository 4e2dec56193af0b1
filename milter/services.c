/*
 * services - see services.h
 */
#include "milter/services.h"

#include <stdio.h>
#include <stdlib.h>

struct services *services_new(struct snapshot *first)
{
    struct services *services = calloc(1, sizeof *services);
    if (services == NULL || !gate_init(&services->gate)) {
        free(services);
        snapshot_unref(first);
        return NULL;
    }
    atomic_init(&services->header_octets, 0);
    services->scribe = scribe_client_new(first->settings->run_directory);
    services->lookups = lookups_new(first->settings->store_directory);
    services->latch = latch_new();
    if (asprintf(&services->spool_directory, "%s/spool", first->settings->store_directory) < 0)
        services->spool_directory = NULL;
    if (services->scribe != NULL) {
        services->numbers = numbers_new(services->scribe);
        services->witness = witness_new(first->settings->store_directory, services->scribe);
    }
    services->current = current_new(first);
    if (services->scribe == NULL || services->lookups == NULL || services->latch == NULL ||
        services->spool_directory == NULL || services->numbers == NULL ||
        services->witness == NULL || services->current == NULL) {
        services_free(services);
        return NULL;
    }
    return services;
}

void services_free(struct services *services)
{
    if (services == NULL)
        return;
    current_free(services->current);
    witness_free(services->witness);
    numbers_free(services->numbers);
    latch_free(services->latch);
    lookups_free(services->lookups);
    if (services->scribe != NULL)
        scribe_client_free(services->scribe);
    free(services->spool_directory);
    gate_destroy(&services->gate);
    free(services);
}
