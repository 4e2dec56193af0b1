/*
 * cmd_retention - temoin retention: what has expired and why; --apply erases it
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "db/command.h"
#include "db/erase_order.h"
#include "db/record.h"
#include "db/retention.h"

enum { FINISH_MS = 600000, DAY_CHARS = 10 };

static const char help[] =
    "usage: temoin retention [--all] [--json]\n"
    "       temoin retention --apply [--by NAME] [--confirm-by NAME]\n\n"
    "Lists the dossiers with entries that have outlived retention_years (accounting documents:\n"
    "accounting_retention_years) since the invoice was settled. Holds stop it.\n\n"
    "  --all              the other dossiers too, and why they are kept\n"
    "  --apply            erase what has expired; empty volumes are dropped\n"
    "  --by NAME          who orders it; by default whoever runs the command\n"
    "  --confirm-by NAME  the second person (erase_needs_second)\n";

static const char *state_name(enum retention_state state)
{
    static const char *const names[] = {"settled", "open", "not in the register", "on hold"};
    return names[state];
}

/* "2026-11-21"; "" for none. */
static void day(int64_t seconds, char text[RECORD_TIME])
{
    text[0] = '\0';
    if (seconds)
        record_time(seconds, text);
    text[seconds ? DAY_CHARS : 0] = '\0';
}

static json_t *case_json(const struct retention_case *c)
{
    char settled[RECORD_TIME], next[RECORD_TIME];
    day(c->settled, settled);
    day(c->next, next);
    return json_pack("{s:s, s:s, s:s*, s:o*, s:I, s:I, s:s*}", "invoice", c->invoice, "state",
                     state_name(c->state), "settled", *settled ? settled : NULL, "hold",
                     c->hold ? json_integer((json_int_t)c->hold) : NULL, "expired",
                     (json_int_t)c->expired, "left", (json_int_t)c->left, "next",
                     *next ? next : NULL);
}

static int print_json(const struct retention *r, bool all)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < r->count; i++)
        if ((all || r->cases[i].expired) &&
            json_array_append_new(list, case_json(&r->cases[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    return command_print_json(json_pack("{s:o, s:I, s:I}", "dossiers", list, "unfiled",
                                        (json_int_t)r->unfiled, "expired",
                                        (json_int_t)r->expired.count));
}

static void print_case(const struct retention_case *c)
{
    char settled[RECORD_TIME], next[RECORD_TIME];
    day(c->settled, settled);
    day(c->next, next);
    printf("%-24s %s%s%s: %zu expired, %zu kept", c->invoice, state_name(c->state),
           *settled ? " " : "", settled, c->expired, c->left);
    if (c->hold)
        printf(" (entry %" PRIu64 ")", c->hold);
    if (*next)
        printf(", the next until %s", next);
    putchar('\n');
}

static int print_text(const struct retention *r, bool all)
{
    for (size_t i = 0; i < r->count; i++)
        if (all || r->cases[i].expired)
            print_case(&r->cases[i]);
    if (r->unfiled)
        printf("filed nowhere: %zu expired\n", r->unfiled);
    printf("%zu %s expired%s\n", r->expired.count,
           r->expired.count == 1 ? "entry has" : "entries have",
           r->expired.count ? ": temoin retention --apply erases" : "");
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

static int apply(const struct command_context *c, const struct retention *r,
                 const struct erase_order *order)
{
    struct store_error err = {.text = ""};
    size_t erased = 0;
    enum store_status st = erase_order_run(c->settings, order, &r->expired, &erased, &err);
    printf("%zu %s erased\n", erased, erased == 1 ? "entry" : "entries");
    if (st == STORE_OK)
        st = log_erase_finish(c->settings, FINISH_MS, &err);
    fflush(stdout);
    return st == STORE_OK ? EX_OK : command_fail_store(st, &err);
}

static int run(const struct command_context *c, const struct erase_order *order, bool applies,
               bool all, bool json)
{
    struct store_error err = {.text = ""};
    struct retention r = {0};
    enum store_status st = retention_plan(c->settings, (int64_t)time(NULL), &r, &err);
    int status = st != STORE_OK ? command_fail_store(st, &err)
                 : applies      ? apply(c, &r, order)
                 : json         ? print_json(&r, all)
                                : print_text(&r, all);
    retention_free(&r);
    return status;
}

int command_retention(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"apply", no_argument, NULL, 'a'},
                                            {"all", no_argument, NULL, 'l'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"by", required_argument, NULL, 'b'},
                                            {"confirm-by", required_argument, NULL, 'c'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct erase_order order = {.ground = "retention-expired", .by = c->actor, .actor = c->actor};
    struct store_error err = {.text = ""};
    bool applies = false, all = false, json = false;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
        if (option == '?')
            return command_wrong_option("retention", argv, "", options);
        applies = applies || option == 'a';
        all = all || option == 'l';
        json = json || option == 'j';
        order.by = option == 'b' ? optarg : order.by;
        order.confirmed_by = option == 'c' ? optarg : order.confirmed_by;
    }
    if (optind != argc)
        return command_misused("retention", "retention takes no argument");
    if (applies && erase_order_check(&order, c->settings->erase_needs_second, &err) != STORE_OK)
        return command_misused("retention", "%s", err.text);
    return run(c, &order, applies, all, json);
}
