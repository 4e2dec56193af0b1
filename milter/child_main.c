/*
 * child_main - the processes that temoind itself becomes: scribe, sealer, milter
 *
 * The reader is a program of its own (reader_main.c), so that none of these has its libraries.
 */
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "db/msg.h"
#include "db/scribe.h"
#include "db/seal.h"
#include "milter/child_setup.h"
#include "milter/engine.h"

enum {
    MILTER_ARENAS = 2,
    KEEP_OCTETS = 4 * 1024 * 1024, /* of freed memory, instead of giving it back at once */
};

static int run_scribe(struct child_setup *s)
{
    struct scribe_setup setup = {.listen_fd = frame_take_fd(&s->frame, 0),
                                 .control_fd = CHILD_CONTROL,
                                 .sealer_fd = frame_take_fd(&s->frame, 1),
                                 .reader_fd = frame_take_fd(&s->frame, 2),
                                 .settings = s->settings};
    return setup.listen_fd >= 0 ? scribe_run(&setup) : EX_SOFTWARE;
}

static int run_sealer(struct child_setup *s)
{
    int wake_fd = frame_take_fd(&s->frame, 0);
    return child_say_ready() ? sealer_run(s->settings, CHILD_CONTROL, wake_fd) : EX_OSERR;
}

/* The keys' text is overwritten once it has become a keyring. */
static struct keyring *take_keys(struct child_setup *s)
{
    const char *text = child_text(s, "keys");
    struct keyring *ring = calloc(1, sizeof *ring);
    char *error = NULL;
    if (!ring || !text || !keyring_parse(text, "token.keys", ring, &error)) {
        msg_error("%s", error ? error : "token.keys: no text or no memory");
        free(error);
        free(ring);
        return NULL;
    }
    OPENSSL_cleanse((void *)text, strlen(text));
    return ring;
}

static int run_milter(struct child_setup *s)
{
    mallopt(M_ARENA_MAX, MILTER_ARENAS); /* libmilter's threads would each keep a heap */
    /* A compressor is taken and given back with every message: pages that come and go with it
       cost a tenth of the work. */
    mallopt(M_MMAP_THRESHOLD, KEEP_OCTETS);
    mallopt(M_TRIM_THRESHOLD, KEEP_OCTETS);
    struct engine_setup setup = {.listen_fd = frame_take_fd(&s->frame, 0),
                                 .control_fd = CHILD_CONTROL,
                                 .name = s->name,
                                 .settings = settings_ref(s->settings),
                                 .keyring = take_keys(s)};
    if (!setup.keyring)
        return EX_CONFIG;
    return setup.listen_fd >= 0 ? engine_run(&setup) : EX_SOFTWARE;
}

static int run_role(struct child_setup *s)
{
    switch (s->role) {
    case CHILD_SCRIBE:
        return run_scribe(s);
    case CHILD_SEALER:
        return run_sealer(s);
    case CHILD_MILTER:
        return run_milter(s);
    case CHILD_READER:
        break;
    }
    return EX_USAGE;
}

int child_main(const char *role, const char *name)
{
    struct child_setup s;
    int status = child_setup_take(role, name, &s);
    if (status == EX_OK)
        status = run_role(&s);
    child_setup_free(&s);
    return status;
}
