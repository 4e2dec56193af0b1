/*
 * temoin - the command: reads the common options, finds the subcommand, loads the configuration
 *
 * Synopsis
 *      temoin [--config FILE] COMMAND [OPTION…] [ARGUMENT…]
 *
 * --config may stand before or after the subcommand; what follows "--" is left alone. See
 * temoin(1).
 */
#include <getopt.h>
#include <gmime/gmime.h>
#include <locale.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/command.h"
#include "db/msg.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#define DEFAULT_CONFIG SYSCONFDIR "/temoin/temoin.conf"

enum needs_settings { SETTINGS_OWN, SETTINGS_NEEDED, SETTINGS_OPTIONAL };

struct command {
    const char *name;
    int (*run)(const struct command_context *c, int argc, char **argv);
    enum needs_settings settings; /* OWN: the command reads the configuration itself */
    bool becomes_user;            /* main gives up root's rights before it */
    const char *help;
};

static const struct command commands[] = {
    {"init", command_init, SETTINGS_OWN, false, "make keys, seal and store; rotate the token key"},
    {"check", command_check, SETTINGS_OWN, false,
     "check configuration, keys, store; --live: Postfix"},
    {"import", command_import, SETTINGS_NEEDED, false,
     "take in invoices, contacts, payments (CSV)"},
    {"show", command_show, SETTINGS_NEEDED, true, "the dossier of an invoice, as a timeline"},
    {"note", command_note, SETTINGS_NEEDED, true, "enter a note in a dossier"},
    {"review", command_review, SETTINGS_NEEDED, true,
     "weak matches and suggestions: list, assign, confirm, dismiss"},
    {"file", command_file, SETTINGS_NEEDED, false, "take in a message that the milter did not see"},
    {"read", command_read, SETTINGS_OWN, false, "what a message says, as JSON"},
    {"follow", command_follow, SETTINGS_NEEDED, false, "enter what the mail server's log tells"},
    {"reread", command_reread, SETTINGS_NEEDED, true, "have archived messages read again"},
    {"evidence", command_evidence, SETTINGS_NEEDED, false, "write the evidence file of an invoice"},
    {"verify", command_verify, SETTINGS_OPTIONAL, true,
     "is the log, or an evidence file, what was written?"},
    {"seal", command_seal, SETTINGS_NEEDED, true, "date the log by a timestamp authority"},
    {"keys", command_keys, SETTINGS_NEEDED, true, "keep the DNS keys of DKIM signatures"},
    {"backup", command_backup, SETTINGS_NEEDED, false, "copy the store while the daemon runs"},
    {"restore", command_restore, SETTINGS_NEEDED, false, "a store out of a backup, renamed"},
    {"erase", command_erase, SETTINGS_NEEDED, true, "delete personal data, keep the proof of it"},
    {"hold", command_hold, SETTINGS_NEEDED, true, "forbid erasures of a dossier, or allow them"},
    {"retention", command_retention, SETTINGS_NEEDED, true, "what has expired; --apply erases it"},
    {"stats", command_stats, SETTINGS_NEEDED, true, "figures"},
};

static void print_help(FILE *to)
{
    fputs("usage: temoin [--config FILE] COMMAND [OPTION...] [ARGUMENT...]\n\n"
          "  --config FILE  the configuration (" DEFAULT_CONFIG ")\n"
          "  --help, --version\n\n",
          to);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].help);
    fputs("\ntemoin COMMAND --help tells more; temoin(1) tells all.\n", to);
}

/* Take "--config FILE" and "--config=FILE" out of argv. False: FILE is missing. */
static bool take_config(int *argc, char **argv, const char **config)
{
    int kept = 1;
    bool ended = false;
    for (int i = 1; i < *argc; i++) {
        if (!ended && strcmp(argv[i], "--config") == 0) {
            if (i + 1 == *argc)
                return false;
            *config = argv[++i];
        } else if (!ended && strncmp(argv[i], "--config=", 9) == 0) {
            *config = argv[i] + 9;
        } else {
            ended = ended || strcmp(argv[i], "--") == 0;
            argv[kept++] = argv[i];
        }
    }
    argv[kept] = NULL;
    *argc = kept;
    return **config != '\0';
}

/* Who did it, for the log: sudo's caller, else the login's name; malloc'd. SUDO_USER is
   believed from root only, who could write anything anyway. */
static char *find_actor(void)
{
    const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
    if (sudo && *sudo)
        return strdup(sudo);
    const struct passwd *pw = getpwuid(getuid());
    if (pw)
        return strdup(pw->pw_name);
    struct bytes number = {0};
    bool done = bytes_printf(&number, "uid %u", (unsigned)getuid());
    return done ? bytes_steal(&number) : NULL;
}

static int run(const struct command *command, const char *config, int argc, char **argv)
{
    char *actor = find_actor();
    if (!actor)
        return command_fail(EX_OSERR, "out of memory");
    struct command_context c = {.config_file = config, .actor = actor};
    int status = EX_OK;
    bool help = argc > 1 && strcmp(argv[1], "--help") == 0;
    bool wanted = command->settings == SETTINGS_NEEDED ||
                  (command->settings == SETTINGS_OPTIONAL && access(config, R_OK) == 0);
    if (wanted && !help)
        status = command_settings(config, &c.settings);
    if (status == EX_OK && c.settings && command->becomes_user)
        status = command_become_user(c.settings);
    if (status == EX_OK)
        status = command->run(&c, argc, argv);
    settings_unref(c.settings);
    free(actor);
    return status;
}

/* Evidence files are for everybody: no configuration, no user of the store's. */
static const struct command verify_files = {"verify", command_verify_files, SETTINGS_OWN, false,
                                            NULL};

static bool asks_for_files(const struct command *command, int argc, char **argv)
{
    if (!command || command->run != command_verify)
        return false;
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--log") == 0)
            return false;
    return true;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    const char *config = DEFAULT_CONFIG;
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN);
    msg_open("temoin", NULL);
    g_mime_init();
    opterr = 0; /* the subcommands say it in their own words */
    if (argc < 1 || !take_config(&argc, argv, &config))
        return command_fail(EX_USAGE, "--config needs a file name");
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        print_help(stdout);
        return EX_OK;
    }
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        printf("temoin %s\n", PACKAGE_VERSION);
        return EX_OK;
    }
    const struct command *command = argc >= 2 ? find_command(argv[1]) : NULL;
    if (!command) {
        if (argc >= 2)
            command_fail(EX_USAGE, "unknown command \"%s\"", argv[1]);
        print_help(stderr);
        return EX_USAGE;
    }
    if (asks_for_files(command, argc - 1, argv + 1))
        command = &verify_files;
    return run(command, config, argc - 1, argv + 1);
}
