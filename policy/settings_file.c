/*
 * settings_file - a configuration text read by libconfuse
 *
 * What libconfuse does not do by itself: it prints to stderr unless an error function is set;
 * it forgets the lines of values once they are read (a validating callback notes them here, so
 * that checks which need the whole file can still name the line); it takes an unclosed section
 * or comment for a finished one (a sentinel after the text must come out again); and it
 * replaces ${NAME} from the environment, which differs between our processes (refused).
 * There is no include: no such function is registered.
 */
#include "policy/settings_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTINEL "end-of-configuration"

/* libconfuse's callbacks have no context argument; see the limits in the header. */
static struct settings_file *being_read;

static void add_error(struct settings_file *file, int line, const char *what, const char *mend)
{
    struct bytes text = {0};
    if (!bytes_printf(&text, "%s:%d: %s%s", file->name, line, what, mend) ||
        !strings_add(file->errors, text.data))
        file->out_of_memory = true;
    bytes_free(&text);
    file->failed = true;
}

void settings_file_complain(struct settings_file *file, int line, const char *format, ...)
{
    char what[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    add_error(file, line, what, "");
}

static void on_error(cfg_t *cfg, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void on_error(cfg_t *cfg, const char *format, va_list args)
{
    char what[512];
    if (!being_read)
        return;
    if (cfg->line > being_read->last_line) {
        add_error(being_read, being_read->last_line,
                  "the file ends inside a section, list, string or comment",
                  ": close it with } or a quote or */");
        return;
    }
    vsnprintf(what, sizeof what, format, args);
    add_error(being_read, cfg->line, what, ": correct it; temoin.conf(5) has every key");
}

static const void *value_identity(const cfg_opt_t *opt, unsigned index)
{
    return opt->type == CFGT_STR ? opt->values[index]->string : (const void *)opt->values[index];
}

/* Called by libconfuse after each value, and again at the closing brace of a list. */
static int note_place(cfg_t *cfg, cfg_opt_t *opt)
{
    struct settings_file *file = being_read;
    unsigned count = cfg_opt_size(opt);
    if (!file || count == 0)
        return 0;
    struct settings_place place = {opt, count - 1, value_identity(opt, count - 1), cfg->line};
    for (size_t i = file->place_count; i-- > 0;) {
        const struct settings_place *old = &file->places[i];
        if (old->option == opt && old->index == place.index) {
            if (old->value == place.value)
                return 0;
            break;
        }
    }
    if (file->place_count == file->place_room) {
        size_t room = file->place_room ? file->place_room * 2 : 64;
        void *grown = realloc(file->places, room * sizeof *file->places);
        if (!grown) {
            file->out_of_memory = true;
            return -1;
        }
        file->places = grown;
        file->place_room = room;
    }
    file->places[file->place_count++] = place;
    return 0;
}

int settings_file_line(const struct settings_file *file, cfg_t *section, const char *key,
                       unsigned index)
{
    const cfg_opt_t *option = cfg_getopt(section, key);
    for (size_t i = file->place_count; i-- > 0;)
        if (file->places[i].option == option && file->places[i].index == index)
            return file->places[i].line;
    return file->last_line;
}

/* --- the keys ---------------------------------------------------------------------------------*/

/* libconfuse copies the tables; its types know no const. */
#define KEY(NAME, TYPE, FLAGS, MEMBER, VALUE)                                                  \
    {                                                                                          \
        .name = NAME, .type = TYPE, .flags = FLAGS, .def.MEMBER = VALUE, .validcb = note_place \
    }
#define TEXT(NAME, VALUE) KEY(NAME, CFGT_STR, CFGF_NONE, string, VALUE)
#define LIST(NAME, VALUE) KEY(NAME, CFGT_STR, CFGF_LIST, parsed, (char *)(VALUE))
#define NUMBER(NAME, VALUE) KEY(NAME, CFGT_INT, CFGF_NONE, number, VALUE)
#define FLAG(NAME, VALUE) KEY(NAME, CFGT_BOOL, CFGF_NONE, boolean, VALUE)
/* Without a default: whoever asks finds nothing. */
#define TEXT_OR_NONE(NAME) KEY(NAME, CFGT_STR, CFGF_NODEFAULT, string, NULL)
#define LIST_OR_NONE(NAME) KEY(NAME, CFGT_STR, CFGF_LIST | CFGF_NODEFAULT, parsed, NULL)
#define FLAG_OR_NONE(NAME) KEY(NAME, CFGT_BOOL, CFGF_NODEFAULT, boolean, cfg_false)
#define SECTION(NAME, KEYS, FLAGS)                                                      \
    {                                                                                   \
        .name = NAME, .type = CFGT_SEC, .flags = FLAGS, .subopts = (cfg_opt_t *)(KEYS), \
        .validcb = note_place                                                           \
    }
#define TITLED(NAME, KEYS) SECTION(NAME, KEYS, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES)
#define END CFG_END()

static const cfg_opt_t company[] = {TEXT_OR_NONE("domain"), LIST_OR_NONE("own_domains"), END};

static const cfg_opt_t accountant[] = {
    LIST_OR_NONE("login"),
    LIST_OR_NONE("address"),
    TEXT_OR_NONE("reply_to"),
    FLAG("plus_address", cfg_false),
    FLAG_OR_NONE("plus_sender"),
    FLAG_OR_NONE("plus_reply_to"),
    END,
};

static const cfg_opt_t listener[] = {TEXT_OR_NONE("socket"), TEXT("role", "both"), END};

static const cfg_opt_t guard[] = {TEXT("action", "reject"), END};

static const cfg_opt_t store[] = {
    TEXT("directory", "/var/lib/temoin"),
    TEXT("commit_timeout", "2000ms"),
    TEXT("on_store_failure", "tempfail"),
    END,
};

static const cfg_opt_t tsa[] = {
    TEXT_OR_NONE("url"),
    TEXT_OR_NONE("certificate"),
    TEXT("timeout", "10s"),
    TEXT_OR_NONE("policy"),
    END,
};

static const cfg_opt_t top[] = {
    TEXT("user", "temoin"),
    TEXT("milter_user", "temoin-milter"),
    TEXT("sealer_user", "temoin-seal"),
    TEXT("reader_user", "temoin-read"),
    TEXT("reader_memory", "256M"),
    TEXT("reader_timeout", "10s"),
    TEXT_OR_NONE("socket_group"),
    TEXT("socket_mode", "0660"),
    TEXT("run_directory", "/run/temoin"),
    TEXT("key_directory", "/etc/temoin/keys"),
    TEXT("syslog_facility", "mail"),
    TEXT("drain_timeout", "600s"),
    TEXT_OR_NONE("postfix_config_directory"),
    LIST("invoice_pattern", "{'F-?[0-9]{4}-[0-9]{3,6}'}"),
    TEXT("register", "closed"),
    LIST_OR_NONE("trusted_networks"),
    LIST_OR_NONE("never_archive"),
    TEXT_OR_NONE("mail_log"),
    LIST_OR_NONE("own_relays"),
    TEXT("delimiter", "+"),
    TEXT("retry_window", "5d"),
    TEXT("max_message_size", "50M"),
    TEXT("on_oversize", "accept"),
    TEXT("spill_size", "256k"),
    FLAG("witness", cfg_false),
    LIST_OR_NONE("checkpoint_to"),
    TEXT("sendmail_path", "/usr/sbin/sendmail"),
    TEXT_OR_NONE("seal_key"),
    TEXT_OR_NONE("seal_certificate"),
    TEXT_OR_NONE("export_key"),
    TEXT_OR_NONE("export_certificate"),
    LIST_OR_NONE("seal_crls"),
    NUMBER("retention_years", 5),
    NUMBER("accounting_retention_years", 10),
    FLAG("erase_needs_second", cfg_false),
    TEXT_OR_NONE("authserv_id"),
    FLAG("dkim_keys", cfg_true),
    LIST_OR_NONE("dns_server"),
    TEXT("dns_trust_anchor", "/usr/share/dns/root.key"),
    TEXT_OR_NONE(SENTINEL),
    TITLED("company", company),
    TITLED("accountant", accountant),
    TITLED("listener", listener),
    TITLED("guard", guard),
    SECTION("store", store, CFGF_NONE),
    TITLED("tsa", tsa),
    END,
};

/* --- ${NAME} ----------------------------------------------------------------------------------*/

/* Where libconfuse's scanner is. Single-quoted strings and comments replace nothing. */
enum place { PLAIN, LINE_COMMENT, BLOCK_COMMENT, DOUBLE_QUOTED, SINGLE_QUOTED };

/* Does a comment or string begin at `p`, outside of any? "#" ends a bare word; the slashes of
   "unix:/a//b" do not. */
static enum place opens(const char *text, const char *p)
{
    bool in_word = p > text && !strchr(" \t\r\n{}()=+,*\"'", p[-1]);
    if (*p == '#' || (!in_word && p[0] == '/' && p[1] == '/'))
        return LINE_COMMENT;
    if (!in_word && p[0] == '/' && p[1] == '*')
        return BLOCK_COMMENT;
    return *p == '"' ? DOUBLE_QUOTED : *p == '\'' ? SINGLE_QUOTED : PLAIN;
}

/* Does the comment or string end at `p`? */
static bool closes(enum place place, const char *p)
{
    return (place == LINE_COMMENT && *p == '\n') ||
           (place == BLOCK_COMMENT && p[0] == '*' && p[1] == '/') ||
           (place == DOUBLE_QUOTED && *p == '"') || (place == SINGLE_QUOTED && *p == '\'');
}

/* Complain about each "${" that would be replaced, and count the lines. */
static void refuse_environment(struct settings_file *file, const char *text)
{
    int line = 1;
    enum place place = PLAIN;
    for (const char *p = text; *p; p++) {
        bool quoted = place == DOUBLE_QUOTED || place == SINGLE_QUOTED;
        if ((place == PLAIN || place == DOUBLE_QUOTED) && p[0] == '$' && p[1] == '{')
            settings_file_complain(file, line,
                                   "${...} would be replaced from the environment: write the "
                                   "value itself");
        if (quoted && *p == '\\' && p[1]) {
            p++;
        } else if (place == PLAIN) {
            place = opens(text, p);
            p += place == BLOCK_COMMENT;
        } else if (closes(place, p)) {
            p += place == BLOCK_COMMENT;
            place = PLAIN;
        }
        line += *p == '\n';
    }
    file->last_line = line - (line > 1 && text[strlen(text) - 1] == '\n');
}

/* The text and, on a line of its own, the sentinel; malloc'd. NULL: out of memory. */
static char *with_sentinel(const char *text)
{
    struct bytes b = {0};
    if (bytes_puts(&b, text) && bytes_puts(&b, "\n\n" SENTINEL " = seen\n"))
        return bytes_steal(&b);
    bytes_free(&b);
    return NULL;
}

bool settings_file_read(const char *text, const char *name, struct strings *errors,
                        struct settings_file *file)
{
    *file = (struct settings_file){.name = name, .errors = errors};
    refuse_environment(file, text);
    char *closed = with_sentinel(text);
    file->root = cfg_init((cfg_opt_t *)top, CFGF_NONE);
    if (!closed || !file->root) {
        free(closed);
        file->out_of_memory = true;
        return false;
    }
    cfg_set_error_function(file->root, on_error);
    being_read = file;
    int result = cfg_parse_buf(file->root, closed);
    being_read = NULL;
    free(closed);
    if (result != CFG_SUCCESS && !file->failed)
        settings_file_complain(file, file->last_line, "this file cannot be read: is it text?");
    const char *seen = cfg_getstr(file->root, SENTINEL);
    if (result == CFG_SUCCESS && (!seen || strcmp(seen, "seen") != 0))
        settings_file_complain(file, file->last_line,
                               "the file ends inside a comment: close it with */");
    return !file->failed && !file->out_of_memory;
}

void settings_file_close(struct settings_file *file)
{
    if (file->root)
        cfg_free(file->root);
    free(file->places);
    file->root = NULL;
    file->places = NULL;
    file->place_count = file->place_room = 0;
}
