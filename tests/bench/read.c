/*
 * read - messages a second of the reader, all of it on one core: the collection as the load
 *
 * Synopsis
 *      read DIRECTORY [SECONDS]
 *
 * Each round hands every *.eml of the directory to a reader of its own, as scribe does when many
 * wait (up to READER_BATCH to a process), and one by one, as an evidence file does. Everything is
 * bound to one processor, so that asking and reading count together; what counts is processor time,
 * user's and system's, of all processes, since the machine may have other things to do. Fails when
 * a message is not read.
 */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <time.h>

#include "db/reader.h"
#include "policy/bytes.h"

enum { MESSAGES_MAX = 2000 };

struct load {
    struct bytes messages[MESSAGES_MAX];
    size_t count, octets;
};

static bool load_file(const char *directory, const char *name, struct load *l)
{
    char path[4096], chunk[65536];
    size_t n;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "r");
    struct bytes *m = &l->messages[l->count];
    bool done = f != NULL;
    while (done && (n = fread(chunk, 1, sizeof chunk, f)) > 0)
        done = bytes_append(m, chunk, n);
    if (f)
        fclose(f);
    l->octets += m->len;
    l->count += done;
    return done;
}

static bool load_all(const char *directory, struct load *l)
{
    const struct dirent *item;
    DIR *dir = opendir(directory);
    bool done = dir != NULL;
    while (done && l->count < MESSAGES_MAX && (item = readdir(dir)) != NULL) {
        const char *dot = strrchr(item->d_name, '.');
        if (dot && strcmp(dot, ".eml") == 0)
            done = load_file(directory, item->d_name, l);
    }
    if (dir)
        closedir(dir);
    return done && l->count > 0;
}

static bool count_answer(size_t i, json_t *answer, void *context)
{
    size_t *count = context;
    (void)i;
    *count += json_is_object(json_object_get(answer, "facts"));
    json_decref(answer);
    return true;
}

/* One round; false: something was not read. */
static bool round_of(struct reader *reader, const struct load *l, size_t batch)
{
    const struct reader_options options = {.facts = true, .domain = "creditor.example"};
    size_t read = 0;
    for (size_t i = 0; i < l->count;) {
        struct reader_bundle b;
        struct reader_outcome how;
        struct store_error err;
        reader_bundle_init(&b);
        bool put = true;
        for (size_t k = 0; put && k < batch && i < l->count; k++, i++)
            put = reader_bundle_begin(&b) &&
                  reader_bundle_put(&b, l->messages[i].data, l->messages[i].len);
        bool done =
            put &&
            reader_ask(reader, &b, &options, -1, count_answer, &read, &how, &err) == STORE_OK &&
            !how.why[0];
        reader_bundle_free(&b);
        if (!done) {
            fprintf(stderr, "read: message %zu: %s\n", i, put ? how.why : strerror(errno));
            return false;
        }
    }
    return read == l->count;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds_of(const struct timeval *t)
{
    return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

/* Of this process and of those that it has waited for. */
static double used(void)
{
    struct rusage self, children;
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    return seconds_of(&self.ru_utime) + seconds_of(&self.ru_stime) +
           seconds_of(&children.ru_utime) + seconds_of(&children.ru_stime);
}

/* With a reader of its own, whose start counts, too. */
static bool measure(const struct load *l, size_t batch, double seconds)
{
    struct reader *reader;
    struct store_error err;
    size_t rounds = 0;
    double before = used(), begin = now();
    bool done = reader_start(&reader_limits_default, &reader, &err) == STORE_OK;
    for (; done && (rounds == 0 || now() - begin < seconds); rounds++)
        done = round_of(reader, l, batch);
    reader_stop(reader);
    if (done)
        printf("%2zu to a process: %6.0f messages a second of processor time\n", batch,
               (double)(rounds * l->count) / (used() - before));
    return done;
}

int main(int argc, char **argv)
{
    static struct load l;
    struct rusage usage;
    cpu_set_t one;
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 5;
    if (argc < 2 || !load_all(argv[1], &l)) {
        fprintf(stderr, "usage: read DIRECTORY [SECONDS]\n");
        return EX_USAGE;
    }
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        return EX_OSERR;
    printf("%zu messages of %zu octets on average, one core\n", l.count, l.octets / l.count);
    bool done = measure(&l, READER_BATCH, seconds) && measure(&l, 1, seconds);
    if (getrusage(RUSAGE_CHILDREN, &usage) == 0)
        printf("largest process: %ld MB\n", usage.ru_maxrss / 1024);
    for (size_t i = 0; i < l.count; i++)
        bytes_free(&l.messages[i]);
    return done ? EX_OK : EX_SOFTWARE;
}
