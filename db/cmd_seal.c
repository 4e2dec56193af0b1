/*
 * cmd_seal - temoin seal [--timer] [--renew] [--json]: date what is in the log by a third party
 *
 * 0: dated, or nothing to date; 75: no authority answered well, the entries wait for the next
 * time; 78: no authority is configured.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "db/batch.h"
#include "db/checkpoint_mail.h"
#include "db/command.h"
#include "db/record.h"

static const char help[] =
    "usage: temoin seal [--timer] [--json]\n"
    "       temoin seal --renew [--json]\n"
    "       temoin seal --mail-checkpoint\n\n"
    "Closes the batch: all entries since the last one are dated together by one timestamp (RFC\n"
    "3161) of an authority of the configuration. With nothing new, does so once a day.\n\n"
    "  --timer  leave alone authorities that failed a short time ago\n"
    "  --renew  renew timestamps whose certificates end within 90 days\n"
    "  --json   print the result for programs\n"
    "  --mail-checkpoint  mail the newest checkpoint of the log to checkpoint_to\n";

struct wishes {
    bool timer, renew, json, mail;
};

static int print_json(const struct wishes *w, const struct batch_closed *done)
{
    char at[RECORD_TIME] = "";
    json_t *remarks = json_strings(&done->remarks);
    if (done->batches)
        record_time(done->gen_time, at);
    json_t *json =
        json_pack("{s:I, s:I, s:o}", w->renew ? "renewals" : "batches", (json_int_t)done->batches,
                  w->renew ? "renewed" : "entries", (json_int_t)done->entries, "remarks", remarks);
    if (json && done->batches &&
        (json_object_set_new(json, "number", json_integer((json_int_t)done->number)) != 0 ||
         json_object_set_new(json, "gen_time", json_string(at)) != 0)) {
        json_decref(json);
        json = NULL;
    }
    return command_print_json(json);
}

static int print_text(const struct wishes *w, const struct batch_closed *done)
{
    char at[RECORD_TIME];
    record_time(done->gen_time, at);
    if (done->batches == 0)
        puts(w->renew ? "No timestamp ends soon." : "Nothing new to date.");
    else if (w->renew)
        printf("Batches whose timestamps were renewed on %s: %" PRIu64 "\n", at, done->entries);
    else
        printf("Entries dated: %" PRIu64 "; batch %" PRIu64 " on %s\n", done->entries, done->number,
               at);
    return fflush(stdout) == 0 ? EX_OK : command_fail(EX_IOERR, "cannot write to standard output");
}

static int seal(const struct command_context *c, const struct wishes *w)
{
    struct batch_closed done;
    struct store_error err = {.text = ""};
    enum store_status st = w->renew ? batch_renew(c->settings, c->actor, &done, &err)
                                    : batch_close(c->settings, c->actor, w->timer, &done, &err);
    /* the last remark of a failure is the error itself */
    size_t shown = done.remarks.count - (st == STORE_BUSY && done.remarks.count ? 1 : 0);
    for (size_t i = 0; i < shown; i++)
        command_fail(EX_OK, "%s", done.remarks.items[i]);
    int status = EX_OK;
    if (st == STORE_OK || done.batches)
        status = w->json ? print_json(w, &done) : print_text(w, &done);
    batch_closed_free(&done);
    if (st == STORE_OK)
        return status;
    command_fail_store(st, &err);
    return st == STORE_NOT_FOUND ? EX_CONFIG : exit_status(st);
}

int command_seal(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {
        {"timer", no_argument, NULL, 't'}, {"renew", no_argument, NULL, 'r'},
        {"json", no_argument, NULL, 'j'},  {"mail-checkpoint", no_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},  {NULL, 0, NULL, 0}};
    struct wishes w = {0};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
        if (option == '?')
            return command_wrong_option("seal", argv, "", options);
        w.timer |= option == 't';
        w.renew |= option == 'r';
        w.json |= option == 'j';
        w.mail |= option == 'm';
    }
    if (optind != argc)
        return command_misused("seal", "seal takes no argument");
    if (w.timer && w.renew)
        return command_misused("seal", "--timer is for closing, not for --renew");
    if (w.mail && (w.timer || w.renew || w.json))
        return command_misused("seal", "--mail-checkpoint stands alone");
    return w.mail ? checkpoint_mail(c) : seal(c, &w);
}
