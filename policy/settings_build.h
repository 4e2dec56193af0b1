/*
 * settings_build - what settings.c and settings_people.c share while they fill a struct settings
 *
 * Convention: nothing here fails by a return code. A wrong value is complained about with its
 * line and the work goes on, so that all complaints come together; the flags in struct
 * settings_file tell at the end whether the result may be used.
 */
#ifndef TEMOIN_POLICY_SETTINGS_BUILD_H
#define TEMOIN_POLICY_SETTINGS_BUILD_H

#include "policy/settings.h"
#include "policy/settings_file.h"

struct build {
    struct settings_file *file;
    struct settings *s;
};

#define COMPLAIN(b, section, key, index, ...)                                             \
    settings_file_complain((b)->file, settings_file_line((b)->file, section, key, index), \
                           __VA_ARGS__)

/* A copy for the settings. NULL: out of memory, noted. */
char *build_copy(struct build *b, const char *text);

/* Add to a list unless it is there. */
void build_add(struct build *b, struct strings *list, const char *text);

/* One entry more at the end of an array of `count`, zeroed. NULL: out of memory, noted. */
void *build_grow(struct build *b, void **array, size_t count, size_t size);

/* The normal form of the domain / address that stands as the index-th value of a key, malloc'd.
   NULL: complained about. */
char *build_domain(struct build *b, cfg_t *section, const char *key, unsigned index,
                   const char *text);
char *build_address(struct build *b, cfg_t *section, const char *key, unsigned index,
                    const char *text);

/* The company section; then, with delimiter and own_domains known, one accountant. */
void build_company(struct build *b);
void build_accountant(struct build *b, unsigned index);

/* The mail server's log, and servers of our own. */
void build_follow(struct build *b);

/* Checkpoints, keys that sign, timestamp authorities, retention, DNS; after key_directory. */
void build_proofs(struct build *b);

#endif
