/*
 * power - a power failure, without one: what a disk would hold that kept nothing but what was
 * synced
 *
 * Synopsis
 *      power_watch(directory, before_sync, context);
 *      ... work; in before_sync: power_fail("/tmp/copy") ...
 *      power_ignore();
 *
 * A program that links this has its fsync() and fdatasync(), those of its libraries too. From
 * power_watch() on, each is noted: of a file its octets of that moment, of a directory its names.
 * power_fail() writes down what is left when the power fails now, in the worst case that POSIX
 * allows: octets that were written but not synced are lost, and so are names made or removed in a
 * directory that was not synced. Nothing is really synced meanwhile.
 */
#ifndef TEMOIN_TESTS_POWER_H
#define TEMOIN_TESTS_POWER_H

/* What is in `directory` and below it counts as synced. `before` is called before each sync. */
void power_watch(const char *directory, void (*before)(void *context), void *context);

/* Make the directory `to`, which must not exist, as `directory` would be after the failure. */
void power_fail(const char *to);

/* Forget all; syncs are the system's again. */
void power_ignore(void);

#endif
