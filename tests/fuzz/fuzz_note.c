/* Signed notes and checkpoints, as they come in with other people's mail. */
#include "tests/fuzz/fuzz.h"

#include "policy/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char key[NOTE_KEY] = {1, 2, 3};
    struct checkpoint c = {0};
    struct bytes note = {0};
    const char *why = NULL, *octets = (const char *)data;
    char *text = fuzz_text(data, size);
    if (checkpoint_parse(octets, size, &c, &why)) {
        PROMISED(note_judge(octets, size, c.origin, key) != NOTE_SIGNED);
        checkpoint_free(&c);
    } else {
        PROMISED(why != NULL);
    }
    note_from_field(text, &note);
    bytes_free(&note);
    note_find(octets, size, &note);
    bytes_free(&note);
    free(text);
    return 0;
}
