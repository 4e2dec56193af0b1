/*
 * control - see control.h
 */
#include "milter/control.h"

#include <stdlib.h>
#include <string.h>

#include "db/msg.h"
#include "db/wire.h"

enum { CONTROL_TIMEOUT_MS = 5000 };

/* Out of a configuration's and a key file's text. NULL: logged. */
static struct snapshot *snapshot_parse(const char *config, const char *keys, const char *listener)
{
    struct settings *settings = NULL;
    struct strings errors = {0};
    bool found = false;
    if (!settings_parse(config, "temoin.conf", &settings, &errors)) {
        for (size_t i = 0; i < errors.count; i++)
            msg_error("reload: %s", errors.items[i]);
        strings_free(&errors);
        return NULL;
    }
    strings_free(&errors);
    struct keyring *keyring = calloc(1, sizeof *keyring);
    char *error = NULL;
    if (keyring == NULL || !keyring_parse(keys, "token.keys", keyring, &error)) {
        msg_error("reload: %s", error != NULL ? error : "out of memory");
        free(error);
        free(keyring);
        settings_unref(settings);
        return NULL;
    }
    struct snapshot *next = snapshot_new(settings, keyring, listener, &found);
    if (next != NULL && !found)
        msg_warn("the configuration has no listener \"%s\" any more: it works in role both until "
                 "the daemon is restarted",
                 listener);
    return next;
}

static void reload(const json_t *order, struct services *services, const char *listener)
{
    const char *config = json_string_value(json_object_get(order, "config"));
    const char *keys = json_string_value(json_object_get(order, "keys"));
    struct snapshot *next =
        config != NULL && keys != NULL ? snapshot_parse(config, keys, listener) : NULL;
    if (next == NULL) {
        msg_error("reload refused: the configuration of before stays");
        return;
    }
    msg_info("new configuration %.16s: sessions that begin now use it", next->settings->sha256);
    current_swap(services->current, next);
}

enum control_order control_receive(int fd, struct services *services, const char *listener)
{
    struct frame frame;
    enum control_order order = CONTROL_NONE;
    frame_init(&frame);
    if (wire_receive(fd, &frame, CONTROL_TIMEOUT_MS) != WIRE_OK) {
        frame_free(&frame);
        return CONTROL_GONE;
    }
    const char *op = json_string_value(json_object_get(frame.json, "op"));
    if (op != NULL && strcmp(op, "reload") == 0)
        reload(frame.json, services, listener);
    else if (op != NULL && strcmp(op, "drain") == 0)
        order = CONTROL_DRAIN;
    else if (op != NULL && strcmp(op, "stop") == 0)
        order = CONTROL_STOP;
    else
        msg_warn("the parent sent an order that this version does not know");
    frame_free(&frame);
    return order;
}

bool control_say_ready(int fd)
{
    json_t *json = json_pack("{s:s}", "op", "ready");
    bool done =
        json != NULL && wire_send(fd, json, NULL, 0, NULL, 0, CONTROL_TIMEOUT_MS) == WIRE_OK;
    json_decref(json);
    return done;
}
