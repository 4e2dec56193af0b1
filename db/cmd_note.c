/*
 * cmd_note - temoin note: enter a note in the dossier of an invoice
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/command.h"
#include "policy/date.h"

enum { NOTE_MAX = 64 * 1024 };

static const char help[] =
    "usage: temoin note [--occurred DATE] INVOICE TEXT...\n"
    "       temoin note [--occurred DATE] INVOICE - < TEXT\n\n"
    "Enters a note in the invoice's dossier. It cannot be changed afterwards.\n\n"
    "  --occurred DATE  the day it is about, when that is not today\n";

static int read_text(struct bytes *text)
{
    char chunk[4096];
    ssize_t got = 0;
    while (text->len <= NOTE_MAX && (got = read(STDIN_FILENO, chunk, sizeof chunk)) > 0)
        if (!bytes_append(text, chunk, (size_t)got))
            return command_fail(EX_OSERR, "out of memory");
    if (text->len <= NOTE_MAX && got < 0)
        return command_fail(EX_IOERR, "cannot read standard input: %s", strerror(errno));
    while (text->len && strchr("\r\n \t", text->data[text->len - 1]))
        text->data[--text->len] = '\0';
    return EX_OK;
}

static int join_text(char **words, struct bytes *text)
{
    for (size_t i = 0; words[i]; i++)
        if (!bytes_puts(text, i ? " " : "") || !bytes_puts(text, words[i]))
            return command_fail(EX_OSERR, "out of memory");
    return EX_OK;
}

static int check_text(const struct bytes *text)
{
    if (text->len == 0)
        return command_fail(EX_USAGE, "the note is empty: give its text, or - and standard input");
    if (text->len > NOTE_MAX)
        return command_fail(EX_DATAERR, "the note is longer than 64 kB: shorten it");
    if (memchr(text->data, '\0', text->len))
        return command_fail(EX_DATAERR, "the note holds a NUL octet: is it text?");
    return EX_OK;
}

static int append_note(const struct command_context *c, const char *invoice,
                       const struct bytes *text, const char *occurred)
{
    struct entry e;
    struct appended done = {0};
    entry_init(&e);
    e.event = "note";
    e.actor = c->actor;
    json_t *words = json_foreign(text->data);
    e.private_part = json_pack("{s:s, s:o}", "invoice", invoice, "text", words);
    bool made = e.private_part && strings_add(&e.dossiers, invoice);
    if (made && *occurred)
        made = json_object_set_new(e.private_part, "occurred", json_string(occurred)) == 0;
    int status =
        made ? command_append(c->settings, &e, &done) : command_fail(EX_OSERR, "out of memory");
    if (status == EX_OK)
        printf("%s: note entered as entry %llu of the log\n", invoice,
               (unsigned long long)done.seq);
    appended_free(&done);
    entry_free(&e);
    return status;
}

int command_note(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"occurred", required_argument, NULL, 'o'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    char occurred[DATE_CHARS + 1] = "";
    const char *why;
    int option;
    while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
        if (option == '?')
            return command_wrong_option("note", argv, "", options);
        if (!date_parse(optarg, occurred, &why))
            return command_misused("note", "--occurred \"%s\" %s", optarg, why);
    }
    if (argc - optind < 2)
        return command_misused("note", "note needs an invoice number and a text");
    const char *invoice = argv[optind];
    char **words = argv + optind + 1;
    int status = command_knows_invoice(c->settings, invoice);
    struct bytes text = {0};
    if (status == EX_OK)
        status =
            strcmp(words[0], "-") == 0 && !words[1] ? read_text(&text) : join_text(words, &text);
    if (status == EX_OK)
        status = check_text(&text);
    if (status == EX_OK)
        status = append_note(c, invoice, &text, occurred);
    bytes_free(&text);
    return status;
}
