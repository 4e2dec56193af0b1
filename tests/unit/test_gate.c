/*
 * test_gate - a few at a time, each with a packer that nobody else has
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "milter/gate.h"

enum { THREADS = 4 * GATE_PLACES, ROUNDS = 200 };

struct crowd {
    struct gate gate;
    _Atomic(struct packer *) inside[THREADS];
    atomic_uint count, most, wrong;
};

struct visitor {
    struct crowd *crowd;
    unsigned number;
    pthread_t thread;
};

/* Is it nobody else's, and does it pack? */
static bool is_good(struct visitor *v, struct packer *packer)
{
    struct bytes head = {0}, out = {0};
    char body[3000], back[4000], *rest = body;
    for (unsigned i = 0; i < THREADS; i++)
        if (i != v->number && atomic_load(&v->crowd->inside[i]) == packer)
            return false;
    for (unsigned i = 0; i + 16 < sizeof body; i += 16, rest += 16)
        snprintf(rest, 17, "%07u%07u\r\n", v->number, i);
    bool ok = bytes_puts(&head, "Subject: x\r\n\r\n") &&
              packer_pack(packer, &head, body, (size_t)(rest - body), &out);
    size_t got = ok ? ZSTD_decompress(back, sizeof back, out.data, out.len) : 0;
    ok = ok && got == head.len + (size_t)(rest - body) && memcmp(back, head.data, head.len) == 0 &&
         memcmp(back + head.len, body, (size_t)(rest - body)) == 0;
    bytes_free(&head);
    bytes_free(&out);
    return ok;
}

static void *visit(void *argument)
{
    struct visitor *v = argument;
    struct crowd *c = v->crowd;
    for (int i = 0; i < ROUNDS; i++) {
        struct packer *packer = gate_enter(&c->gate);
        if (packer == NULL) {
            atomic_fetch_add(&c->wrong, 1);
            continue;
        }
        atomic_store(&c->inside[v->number], packer);
        unsigned now = atomic_fetch_add(&c->count, 1) + 1, most = atomic_load(&c->most);
        while (now > most && !atomic_compare_exchange_weak(&c->most, &most, now))
            ;
        sched_yield();
        if (!is_good(v, packer))
            atomic_fetch_add(&c->wrong, 1);
        atomic_fetch_sub(&c->count, 1);
        atomic_store(&c->inside[v->number], NULL);
        gate_leave(&c->gate, packer);
    }
    return NULL;
}

static void a_crowd_goes_through(void **state)
{
    (void)state;
    static struct crowd c;
    static struct visitor visitors[THREADS];
    assert_true(gate_init(&c.gate));
    for (unsigned i = 0; i < THREADS; i++) {
        visitors[i] = (struct visitor){.crowd = &c, .number = i};
        assert_int_equal(pthread_create(&visitors[i].thread, NULL, visit, &visitors[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(visitors[i].thread, NULL);
    assert_int_equal(c.wrong, 0);
    assert_in_range(c.most, 2, GATE_PLACES);
    assert_int_equal(c.gate.count, GATE_PLACES); /* all are back */
    gate_destroy(&c.gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_crowd_goes_through)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
