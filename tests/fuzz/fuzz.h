/*
 * fuzz - what the targets of libFuzzer share
 *
 * Each target gives one parser whatever octets there are, and holds what comes out against what
 * the parser's header promises: a broken promise ends the process, as a fault does.
 */
#ifndef TEMOIN_TESTS_FUZZ_H
#define TEMOIN_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gmime/gmime.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define PROMISED(condition)                                                                 \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            fprintf(stderr, "%s:%d: promise broken: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                        \
        }                                                                                   \
    } while (0)

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    g_mime_init();
    return 0;
}

/* The input as a C string without NUL; free() it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    PROMISED(text != NULL);
    for (size_t i = 0; i < size; i++)
        text[i] = data[i] ? (char)data[i] : ' ';
    text[size] = '\0';
    return text;
}

/* The same, made valid UTF-8, as policy/mail.h gives text; g_free() it. */
static inline char *fuzz_utf8(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), *valid = g_utf8_make_valid(text, -1);
    free(text);
    return valid;
}

static inline bool fuzz_is_utf8(const char *text, size_t len)
{
    return g_utf8_validate(text, (gssize)len, NULL);
}

#endif
