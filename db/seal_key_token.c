/*
 * seal_key_token - keys that sign and never leave their token, "pkcs11:…" (RFC 7512)
 *
 * A STORE loader is asked when OpenSSL has one for the scheme (pkcs11-provider), and otherwise the
 * engine "pkcs11" of libp11, which is what Debian 12 has. Nobody is ever asked for a PIN: it comes
 * with the URI. A file that pin-source names is read here, since libp11 takes the line end that
 * every editor writes for a part of the PIN.
 *
 * A token locks itself after a few wrong PINs, so one that was refused is told apart from all
 * else (STORE_INVALID): the caller must not just try again.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* ENGINE */
#include "db/seal_internal.h"

#include <errno.h>
#ifndef OPENSSL_NO_ENGINE
#include <openssl/engine.h>
#endif
#include <openssl/err.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    PIN_MAX = 255,
    PATH_ROOM = 1024,
    PIN_REFUSED_FIRST = 0xa0, /* CKR_PIN_INCORRECT, …_INVALID, …_LEN_RANGE, …_EXPIRED, …_LOCKED */
    PIN_REFUSED_LAST = 0xa4,
    ENGINE_INVALID_ID = 100, /* libp11's engine: the URI cannot be read; nothing fits it */
    ENGINE_NOT_FOUND = 101,
};

static const char pin_source[] = "pin-source=";

bool seal_key_in_token(const char *uri)
{
    return strncasecmp(uri, "pkcs11:", 7) == 0;
}

void seal_uri_shown(const char *uri, char shown[SEAL_URI_SHOWN])
{
    const char *pin = strstr(uri, "pin-value=");
    snprintf(shown, SEAL_URI_SHOWN, "%.*s%s", pin ? (int)(pin - uri) : 190, uri,
             pin ? "pin-value=…" : "");
}

/* --- the PIN --------------------------------------------------------------------------------*/

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The path that pin-source names: "/path", "file:/path" or "file:///path", percent-encoded. */
static bool pin_path(const char *value, size_t len, char path[PATH_ROOM])
{
    size_t n = 0, i = 0;
    if (len >= 5 && strncasecmp(value, "file:", 5) == 0)
        i = len >= 8 && strncmp(value + 5, "///", 3) == 0 ? 7 : 5;
    for (; i < len && n + 1 < PATH_ROOM; i++) {
        char c = value[i];
        if (c == '%') {
            int high = i + 2 < len ? hex_digit(value[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(value[i + 2]) : -1;
            if (low < 0 || high + low == 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        path[n++] = c;
    }
    path[n] = '\0';
    return i == len && path[0] == '/';
}

static enum store_status pin_read(const char *path, char pin[PIN_MAX + 3], struct store_error *err)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return store_fail_errno(err, errno, "%s: the PIN's file cannot be opened", path);
    setvbuf(f, NULL, _IONBF, 0); /* no other copy of it */
    size_t len = fread(pin, 1, PIN_MAX + 2, f);
    bool failed = ferror(f);
    fclose(f);
    pin[len] = '\0';
    pin[strcspn(pin, "\r\n")] = '\0';
    if (!failed && pin[0] && strlen(pin) <= PIN_MAX)
        return STORE_OK;
    return store_fail(err, STORE_INVALID, "%s: holds no PIN in its first line", path);
}

/* `uri` with pin-value instead of pin-source, allocated; the same where it names no file. */
static enum store_status pin_fill_in(const char *uri, char **filled, struct store_error *err)
{
    const char *at = strstr(uri, pin_source);
    size_t room = strlen(uri) + (size_t)PIN_MAX * 3 + sizeof "pin-value=";
    char path[PATH_ROOM], pin[PIN_MAX + 3] = "";
    *filled = calloc(1, room);
    if (!*filled)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    if (!at) {
        snprintf(*filled, room, "%s", uri);
        return STORE_OK;
    }
    const char *value = at + sizeof pin_source - 1, *end = value + strcspn(value, ";?&");
    if (!pin_path(value, (size_t)(end - value), path))
        return store_fail(err, STORE_INVALID, "%s: pin-source must be the absolute path of a file",
                          uri);
    enum store_status st = pin_read(path, pin, err);
    if (st == STORE_OK) {
        int n = snprintf(*filled, room, "%.*spin-value=", (int)(at - uri), uri);
        for (const char *p = pin; *p; p++)
            n += snprintf(*filled + n, room - (size_t)n, "%%%02X", (unsigned)(unsigned char)*p);
        snprintf(*filled + n, room - (size_t)n, "%s", end);
    }
    OPENSSL_cleanse(pin, sizeof pin);
    return st;
}

/* --- the key --------------------------------------------------------------------------------*/

/* What OpenSSL's queue says: empties it. `asked`: a PIN was wanted and the URI has none. */
static enum store_status trouble(const char *shown, bool asked, struct store_error *err)
{
    const char *reason = NULL;
    bool refused = false, unread = false, none = false;
    for (unsigned long code; (code = ERR_get_error()) != 0;) {
        const char *text = ERR_reason_error_string(code);
        int number = ERR_GET_REASON(code);
        bool foreign = ERR_GET_LIB(code) >= ERR_LIB_USER; /* the engine's, libp11's, the token's */
        bool pin = foreign && number >= PIN_REFUSED_FIRST && number <= PIN_REFUSED_LAST;
        refused = refused || pin;
        unread = unread || (foreign && number == ENGINE_INVALID_ID);
        none = none || (foreign && number == ENGINE_NOT_FOUND);
        if (text && (!reason || pin))
            reason = text;
    }
    if (!reason)
        reason = "no reason given";
    if (refused)
        return store_fail(err, STORE_INVALID, "%s: the token refuses the PIN (%s)", shown, reason);
    if (asked)
        return store_fail(err, STORE_INVALID,
                          "%s: the token wants a PIN: name a file that holds it, with "
                          "\"?pin-source=/path\"",
                          shown);
    if (unread)
        return store_fail(err, STORE_INVALID, "%s: is no PKCS#11 URI (RFC 7512)", shown);
    if (none)
        return store_fail(err, STORE_NOT_FOUND,
                          "%s: no such private key in a token that is there: is the token "
                          "connected, and are its name and the key's right?",
                          shown);
    return store_fail(err, STORE_NOT_FOUND, "%s: no token can be reached (%s)", shown, reason);
}

#ifndef OPENSSL_NO_ENGINE
static int note_question(UI *ui)
{
    bool *asked = UI_get0_user_data(ui);
    if (asked)
        *asked = true;
    return 0; /* and it is not answered */
}

static EVP_PKEY *from_engine(ENGINE *engine, const char *uri, bool *asked)
{
    EVP_PKEY *key = NULL;
    UI_METHOD *nobody = UI_create_method("nobody");
    /* It would write the URI to stderr, PIN and all. */
    bool ready = nobody && UI_method_set_opener(nobody, note_question) == 0 &&
                 ENGINE_ctrl_cmd_string(engine, "QUIET", NULL, 0) == 1;
    if (ready && ENGINE_init(engine) == 1) {
        key = ENGINE_load_private_key(engine, uri, nobody, asked);
        ENGINE_finish(engine); /* the key holds the engine */
    }
    UI_destroy_method(nobody);
    return key;
}

static EVP_PKEY *by_engine(const char *uri, const char *shown, enum store_status *status,
                           struct store_error *err)
{
    bool asked = false;
    ENGINE_load_builtin_engines();
    ENGINE *engine = ENGINE_by_id("pkcs11");
    if (!engine) {
        *status = store_fail(err, STORE_NOT_FOUND,
                             "%s: OpenSSL has no way to tokens here: install "
                             "libengine-pkcs11-openssl (%s)",
                             shown, seal_crypto_reason());
        return NULL;
    }
    EVP_PKEY *key = from_engine(engine, uri, &asked);
    ENGINE_free(engine);
    if (!key)
        *status = trouble(shown, asked, err);
    return key;
}
#else
static EVP_PKEY *by_engine(const char *uri, const char *shown, enum store_status *status,
                           struct store_error *err)
{
    (void)uri;
    *status = store_fail(err, STORE_NOT_FOUND,
                         "%s: OpenSSL has no way to tokens here: install pkcs11-provider", shown);
    return NULL;
}
#endif

EVP_PKEY *seal_key_from_token(const char *uri, enum store_status *status, struct store_error *err)
{
    char shown[SEAL_URI_SHOWN], *filled = NULL;
    EVP_PKEY *key = NULL;
    seal_uri_shown(uri, shown);
    *status = pin_fill_in(uri, &filled, err);
    if (*status == STORE_OK) {
        OSSL_STORE_LOADER *loader = OSSL_STORE_LOADER_fetch(NULL, "pkcs11", NULL);
        ERR_clear_error();
        if (!loader)
            key = by_engine(filled, shown, status, err);
        else if ((key = seal_key_from_store(filled)) == NULL)
            *status = trouble(shown, false, err);
        OSSL_STORE_LOADER_free(loader);
    }
    if (filled)
        OPENSSL_cleanse(filled, strlen(filled));
    free(filled);
    return key;
}
