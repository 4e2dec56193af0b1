/*
 * settings_file - a configuration text read by libconfuse: the keys there are, their defaults,
 * and the line at which each value stood
 *
 * Private to settings.c, which checks what the values mean.
 *
 * Limits: libconfuse's scanner is one for the process, and it hands its callbacks no context;
 * so configurations are parsed by one thread at a time. That is so here: a process parses at
 * its start and on reload, in the thread that has the control socket.
 */
#ifndef TEMOIN_POLICY_SETTINGS_FILE_H
#define TEMOIN_POLICY_SETTINGS_FILE_H

#include <confuse.h>
#include <stdbool.h>

#include "policy/bytes.h"

struct settings_place {
    const cfg_opt_t *option;
    unsigned index;
    const void *value; /* tells a value set again from libconfuse's second call for one value */
    int line;
};

struct settings_file {
    cfg_t *root;
    const char *name;       /* stands in messages */
    int last_line;          /* of the text */
    struct strings *errors; /* the caller's */
    struct settings_place *places;
    size_t place_count;
    size_t place_room;
    bool failed;        /* something was complained about */
    bool out_of_memory; /* then errors may lack lines */
};

/* Read a text. False: errors has lines that say why (or out_of_memory). Either way
   settings_file_close() it. */
bool settings_file_read(const char *text, const char *name, struct strings *errors,
                        struct settings_file *file);
void settings_file_close(struct settings_file *file);

/* Add "name:line: " and the formatted text to the errors. */
void settings_file_complain(struct settings_file *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The line of the index-th value of an option; of a section, the line of its closing brace.
   The last line of the file for a value that is not written there. */
int settings_file_line(const struct settings_file *file, cfg_t *section, const char *key,
                       unsigned index);

#endif
