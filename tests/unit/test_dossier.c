/*
 * test_dossier - dossier.pdf and index.html: what they show, what strangers cannot do to them,
 *                and that the same dossier gives the same octets
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <gmime/gmime.h>

#include "db/dossier_html.h"
#include "db/dossier_pdf.h"
#include "db/dossier_words.h"
#include "tests/unit/sealed_store.h"

enum { EXPORTED = 1795298827 }; /* 2026-11-21T22:07:07Z */

static struct sealed_store world;
static struct reader *reader;
static uint64_t last;

#define INVOICE "F/1 é"
#define REMINDER                                                                                 \
    "From: =?utf-8?Q?Jeanne_Lef=C3=A8vre?= <jeanne@creditor.example>\r\n"                        \
    "To: Bob <bob@debtor.example>\r\nSubject: =?utf-8?Q?Facture_F=2F1_=C3=A9_impay=C3=A9e?=\r\n" \
    "Message-ID: <1@creditor.example>\r\nTemoin-Token: abc\r\n"                                  \
    "Content-Type: text/plain; charset=utf-8\r\n\r\n"                                            \
    "Bonjour,\r\n\r\nsauf erreur, la facture reste impayée.\r\n\r\nJeanne Lefèvre\r\n"
#define REPLY                                                                               \
    "From: Bob <bob@debtor.example>\r\nSubject: Re: <script>alert(1)</script> \x1b[31m\r\n" \
    "Content-Type: text/html\r\n\r\n<p>Nous paierons <b>vendredi</b> "                      \
    "&lt;img src=x onerror=alert(1)&gt;</p>\r\n"

static void check(enum store_status st, const struct store_error *err)
{
    if (st != STORE_OK)
        fail_msg("%s", err->text);
}

static void fill_register(void)
{
    struct register_db *db;
    struct store_error err = {0};
    bool changed;
    char number[] = INVOICE, debtor[] = "ACME", euro[] = "EUR", due[] = "2026-10-31",
         issued[] = "2026-10-01";
    struct register_invoice bill = {.number = number,
                                    .debtor = debtor,
                                    .currency = euro,
                                    .amount = 123456789,
                                    .issued = issued,
                                    .due = due};
    check(register_create(world.store, &err), &err);
    check(register_open(world.store, STORE_WRITE, &db, &err), &err);
    check(register_begin(db, &err), &err);
    check(register_put_debtor(db, "ACME", "Acmé & fils <SA>", &changed, &err), &err);
    check(register_put_contact(db, "ACME", "bob@debtor.example", NULL, &changed, &err), &err);
    check(register_put_invoice(db, &bill, &changed, &err), &err);
    check(register_put_payment(db, INVOICE, "V1", 20000, "EUR", "2026-11-01", &changed, &err),
          &err);
    check(register_commit(db, &err), &err);
    register_close(db);
}

/* An entry whose event, private part and message are these; the rest follows from them. */
static uint64_t add(const char *event, const char *direction, const char *private_json,
                    const char *message)
{
    bool filed =
        strcmp(event, "start") != 0 && strcmp(event, "stop") != 0 && strcmp(event, "clock") != 0;
    return sealed_store_add(&world, &(struct wanted_entry){.event = event,
                                                           .direction = direction,
                                                           .invoice = filed ? INVOICE : NULL,
                                                           .private_json = private_json,
                                                           .message = message});
}

static void fill_log(void)
{
    char json[200];
    add("start", NULL, "{\"clock\":{\"synchronised\":true,\"maximum_error_us\":3500}}", NULL);
    add("prepared", "outbound",
        "{\"envelope\":{\"to\":[\"bob@debtor.example\"],\"from\":\"jeanne@creditor.example\","
        "\"queue_id\":\"4F2B1\",\"auth\":\"jeanne\"},\"peer\":{\"ip\":\"192.0.2.1\",\"helo\":"
        "\"pc.example\"},\"kind\":\"reminder\",\"edits\":[{\"kind\":\"add\",\"name\":"
        "\"Temoin-Token\",\"value\":\" abc\"},{\"kind\":\"envelope-sender\",\"value\":"
        "\"jeanne+gabc@creditor.example\",\"arguments\":\"RET=HDRS\"},{\"note\":\"reply-to: not "
        "ours\"}]}",
        REMINDER);
    add("stop", NULL, NULL, NULL);
    add("start", NULL, "{\"clock\":{\"synchronised\":false,\"maximum_error_us\":1}}", NULL);
    add("reply", "inbound", "{\"match\":{\"how\":\"token\",\"strength\":\"strong\"}}", REPLY);
    add("start", NULL, "{\"clock\":{\"state\":\"not told\"}}", NULL); /* it had broken off */
    add("clock", NULL, "{\"synchronised\":true,\"offset_us\":120,\"step_us\":61000000}", NULL);
    add("note", NULL, "{\"occurred\":\"2026-11-20\",\"text\":\"appelé : promet vendredi\"}", NULL);
    add("payment", NULL, "{\"amount\":20000,\"currency\":\"EUR\",\"reference\":\"V1\"}", NULL);
    for (int i = 0; i < 3; i++) {
        uint64_t weak = sealed_store_add(&world, &(struct wanted_entry){.event = "reply",
                                                                        .direction = "inbound",
                                                                        .review = INVOICE,
                                                                        .message = REPLY});
        snprintf(json, sizeof json, "{\"about\":%d,\"reason\":\"autre client\"}", (int)weak);
        if (i < 2)
            add(i ? "dismiss" : "assign", NULL, json, NULL);
    }
    uint64_t erased = add("reply", "inbound", NULL, REPLY);
    last = add("export", NULL, "{\"what\":\"evidence\"}", NULL);
    snprintf(json, sizeof json, "UPDATE entry SET private = NULL WHERE seq = %d", (int)erased);
    sealed_store_sign(&world);
    sealed_store_sql(&world, "log.db", json);
}

static int make_world(void **state)
{
    struct store_error err = {0};
    (void)state;
    check(reader_start(&reader_limits_default, &reader, &err), &err);
    g_mime_init();
    sealed_store_make(&world);
    fill_register();
    fill_log();
    return 0;
}

static int drop_world(void **state)
{
    (void)state;
    reader_stop(reader);
    sealed_store_remove(&world);
    return 0;
}

static enum store_status bounds(void *context, uint64_t seq, struct view_bounds *out,
                                struct store_error *err)
{
    (void)context;
    (void)err;
    if (seq > 5)
        return STORE_OK;
    strcpy(out->not_before, "2026-11-21T20:00:00Z");
    strcpy(out->not_after, "2026-11-21T21:30:00Z");
    return STORE_OK;
}

static enum store_status load_until(uint64_t until, const char *invoice, struct dossier_view *v)
{
    struct store_error err = {0};
    struct dossier_view_sources from = {.company = "Société d'essai & Cie",
                                        .domain = "creditor.example",
                                        .origin = "temoin.creditor.example",
                                        .seal_fingerprint = "00ff",
                                        .export_fingerprint = "11ee",
                                        .file = "F_1_e.asice",
                                        .exported = EXPORTED,
                                        .reader = reader,
                                        .bounds = bounds};
    *v = (struct dossier_view){0};
    check(store_open(world.store, STORE_READ, &from.timeline.store, &err), &err);
    check(seal_store_open(world.store, STORE_READ, &from.timeline.seals, &err), &err);
    check(register_open(world.store, STORE_READ, &from.timeline.bills, &err), &err);
    enum store_status st = dossier_view_load(&from, invoice, until, v, &err);
    register_close(from.timeline.bills);
    seal_store_close(from.timeline.seals);
    store_close(from.timeline.store);
    return st;
}

static void load(struct dossier_view *v)
{
    assert_int_equal(load_until(last, INVOICE, v), STORE_OK);
}

/* --- the view --------------------------------------------------------------------------------*/

static void exhibits(void **state)
{
    struct dossier_view v;
    (void)state;
    load(&v);
    assert_int_equal(v.exhibit_count, 8);
    const struct view_exhibit *sent = &v.exhibits[0], *assigned = &v.exhibits[4];
    assert_string_equal(sent->message_file, "entries/001.eml");
    assert_string_equal(sent->record_file, "entries/001.json");
    assert_int_equal(strlen(sent->message_sha256), 64);
    assert_int_equal(strlen(sent->record_sha256), 64);
    assert_string_equal(sent->queue_id, "4F2B1");
    assert_string_equal(sent->peer, "192.0.2.1 (pc.example)");
    assert_int_equal(sent->edits.count, 2);
    assert_int_equal(sent->edits.notes.count, 1);
    assert_string_equal(sent->bounds.not_after, "2026-11-21T21:30:00Z");
    assert_non_null(strstr(sent->text.body, "sauf erreur"));
    assert_true(v.exhibits[1].text.from_markup);
    assert_string_equal(assigned->item->event, "assign");
    assert_string_equal(assigned->message_file, "entries/005a.eml");
    assert_true(assigned->text.read);
    assert_null(v.exhibits[5].message_file); /* dismissed: it is not in the container */
    assert_true(v.exhibits[6].item->erased);
    assert_null(v.exhibits[6].message_file);
    assert_int_equal(v.waiting, 3); /* the decisions here are facts only */
    assert_int_equal(v.dated, 2);
    dossier_view_free(&v);
}

static void set_time(uint64_t seq, const char *time)
{
    char sql[300];
    snprintf(
        sql, sizeof sql,
        "UPDATE entry SET record = CAST(json_set(CAST(record AS TEXT), '$.time', '%s') AS BLOB)"
        " WHERE seq = %d",
        time, (int)seq);
    sealed_store_sql(&world, "log.db", sql);
}

/* 2 prepared, 3 stop, 4 start, 5 reply, 6 start */
static void assert_said(const struct dossier_view *v, enum language language, const char *wanted)
{
    struct strings lines = {0};
    bool said = false;
    assert_true(words_continuity(v, language, &lines));
    for (size_t i = 0; i < lines.count; i++)
        said = said || strstr(lines.items[i], wanted);
    if (!said)
        for (size_t i = 0; i < lines.count; i++)
            print_message("%s\n", lines.items[i]);
    assert_true(said);
    strings_free(&lines);
}

static void service(void **state)
{
    struct dossier_view v;
    (void)state;
    sealed_store_save(&world);
    set_time(3, "2026-11-21T10:00:00Z");
    set_time(4, "2026-11-21T11:30:00Z");
    set_time(5, "2026-11-21T12:00:00Z");
    set_time(6, "2026-11-21T12:00:30Z");
    load(&v);
    assert_int_equal(v.gap_count, 2);
    assert_true(v.gaps[0].announced);
    assert_int_equal(v.gaps[0].to - v.gaps[0].from, 5400);
    assert_false(v.gaps[1].announced);
    assert_int_equal(v.gaps[1].to - v.gaps[1].from, 30);
    assert_int_equal(v.fact_count, 1);
    assert_string_equal(v.facts[0].event, "clock");
    assert_string_equal(v.facts[0].words, "");
    assert_true(v.facts[0].clock.told && v.facts[0].clock.synchronised);
    assert_int_equal(v.facts[0].clock.offset_us, 120);
    assert_int_equal(v.starts.count, 3); /* the one before the first exhibit, too */
    assert_int_equal(v.starts.synchronised, 1);
    assert_int_equal(v.starts.loose, 1);
    assert_int_equal(v.starts.maximum_error_us, 3500);
    assert_said(&v, LANGUAGE_FR,
                "avancée de 1\u00a0min\u00a001\u00a0s, synchronisée, écart estimé 120\u00a0µs");
    assert_said(&v, LANGUAGE_EN,
                "with a synchronised clock: 1; not synchronised: 1; of a state that the system did "
                "not tell: 1. Error stated by the system: at most 4\u00a0ms.");
    dossier_view_free(&v);
    set_time(6, "2026-11-21T12:00:05Z");
    load(&v);
    assert_int_equal(v.gap_count, 1);
    assert_int_equal(v.short_gaps, 1);
    dossier_view_free(&v);
    sealed_store_restore(&world);
}

static void cut_and_unknown(void **state)
{
    struct dossier_view v;
    (void)state;
    assert_int_equal(load_until(5, INVOICE, &v), STORE_OK);
    assert_int_equal(v.exhibit_count, 2);
    assert_int_equal(v.waiting, 0);
    dossier_view_free(&v);
    assert_int_equal(load_until(1, INVOICE, &v), STORE_NOT_FOUND);
    dossier_view_free(&v);
    assert_int_equal(load_until(last, "F-404", &v), STORE_NOT_FOUND);
    dossier_view_free(&v);
}

/* --- words -----------------------------------------------------------------------------------*/

#define assert_words(expected, call)              \
    do {                                          \
        struct bytes made = {0};                  \
        struct bytes *to = &made;                 \
        assert_true(call);                        \
        assert_string_equal(made.data, expected); \
        bytes_free(&made);                        \
    } while (0)

static void words(void **state)
{
    (void)state;
    assert_words("1\u202f234\u202f567,89\u00a0€", words_money(123456789, "EUR", LANGUAGE_FR, to));
    assert_words("−€1,234,567.89", words_money(-123456789, "EUR", LANGUAGE_EN, to));
    assert_words("500\u00a0JPY", words_money(500, "JPY", LANGUAGE_FR, to));
    assert_words("0,05\u00a0€", words_money(5, NULL, LANGUAGE_FR, to));
    assert_words("1er\u00a0août\u00a02026", words_day("2026-08-01", LANGUAGE_FR, to));
    assert_words("31\u00a0October\u00a02026", words_day("2026-10-31", LANGUAGE_EN, to));
    assert_words("non connue", words_day(NULL, LANGUAGE_FR, to));
    assert_words("21/11/2026 21:07:07\u00a0UTC",
                 words_time("2026-11-21T21:07:07Z", LANGUAGE_FR, to));
    assert_words("time unknown", words_time("", LANGUAGE_EN, to));
    assert_words("1\u00a0h\u00a030\u00a0min", words_duration(5400, LANGUAGE_FR, to));
    assert_words("2\u00a0d\u00a001\u00a0h", words_duration(176400, LANGUAGE_EN, to));
    struct view_bounds none = {0};
    assert_words("pas encore datée par un tiers", words_bounds(&none, true, LANGUAGE_FR, to));
    const struct view_bounds both = {"2026-11-21T20:00:00Z", "2026-11-21T21:00:00Z", 1};
    assert_words("between 2026-11-21 20:00:00\u00a0UTC and 2026-11-21 21:00:00\u00a0UTC",
                 words_bounds(&both, true, LANGUAGE_EN, to));
    assert_words("entre le 21/11/2026 20:00:00 et le 21/11/2026 21:00:00",
                 words_bounds(&both, false, LANGUAGE_FR, to));
    assert_words("AB:01:CD", words_fingerprint("ab01cd", to));
    char wrote[] = "wrote", french[] = "Écrit", none_at_all[] = "";
    assert_words("Wrote", words_row_name(&(struct reading_row){.name = wrote}, to));
    assert_words("Écrit", words_row_name(&(struct reading_row){.name = french}, to));
    assert_words("", words_row_name(&(struct reading_row){.name = none_at_all}, to) &&
                         bytes_puts(to, ""));
}

static void dating(void **state)
{
    char plain[] = "Plain", trust[] = "Qualified <Trust>";
    struct view_authority authorities[] = {{plain, 3, 0}, {trust, 2, 1}};
    struct dossier_view v = {
        .exhibit_count = 7, .dated = 5, .authorities = authorities, .authority_count = 2};
    struct strings lines = {0};
    (void)state;
    assert_true(words_dating(&v, LANGUAGE_EN, &lines));
    assert_int_equal(lines.count, 3);
    assert_non_null(strstr(lines.items[0], "calls itself \"Plain\" (RFC 3161 tokens: 3)"));
    assert_null(strstr(lines.items[0], "qualified"));
    assert_non_null(strstr(lines.items[1], "Tokens that claim qualified status: 1; check the EU "
                                           "trusted list at their time."));
    assert_string_equal(lines.items[2], "Exhibits that are not yet dated by a third party: 2.");
    strings_free(&lines);
    v = (struct dossier_view){.exhibit_count = 7};
    assert_true(words_dating(&v, LANGUAGE_FR, &lines));
    assert_int_equal(lines.count, 1);
    assert_non_null(strstr(lines.items[0], "Aucune pièce n'est encore datée par un tiers"));
    strings_free(&lines);
}

/* --- the page --------------------------------------------------------------------------------*/

static void holds(const struct bytes *page, const char *const *wanted, bool yes)
{
    for (; *wanted; wanted++)
        if ((strstr(page->data, *wanted) != NULL) != yes)
            fail_msg("\"%s\" is %s:\n%s", *wanted, yes ? "missing in" : "in", page->data);
}

static void page(void **state)
{
    static const char *const wanted[] = {"Société d&#39;essai &#38; Cie",
                                         "Acmé &#38; fils &#60;SA&#62;",
                                         "1\u202f234\u202f567,89\u00a0€",
                                         "Bordereau de pièces",
                                         "Pièce\u00a0n°\u00a01",
                                         "sauf erreur, la facture reste impayée",
                                         "entries/005a.eml",
                                         "n&#39;émane d&#39;aucune juridiction",
                                         "La partie privée manque",
                                         "autre client",
                                         "entre le 21/11/2026 20:00:00",
                                         "pas encore datée par un tiers",
                                         "&#60;script&#62;alert(1)",
                                         "&#60;img src=x onerror=alert(1)&#62;",
                                         "default-src 'none'",
                                         NULL};
    static const char *const never[] = {"<script",  "<img",   "\x1b", "http://", "https://",
                                        "onclick=", "src=\"", "url(", "@import", NULL};
    struct dossier_view v;
    struct bytes out = {0}, again = {0}, english = {0};
    (void)state;
    load(&v);
    assert_true(dossier_html_write(&v, LANGUAGE_FR, &out));
    assert_true(dossier_html_write(&v, LANGUAGE_FR, &again));
    assert_true(dossier_html_write(&v, LANGUAGE_EN, &english));
    assert_int_equal(out.len, again.len);
    assert_memory_equal(out.data, again.data, out.len);
    holds(&out, wanted, true);
    holds(&out, never, false);
    static const char *const in_english[] = {"List of exhibits", "Exhibit\u00a01",
                                             "issued by no "
                                             "court",
                                             "lang=\"en\"", NULL};
    holds(&english, in_english, true);
    bytes_free(&out);
    bytes_free(&again);
    bytes_free(&english);
    dossier_view_free(&v);
}

/* --- the document ----------------------------------------------------------------------------*/

static void save(const char *name, const struct bytes *data)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", world.directory, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data->data, 1, data->len, f), data->len);
    assert_int_equal(fclose(f), 0);
}

static int shell(const char *command)
{
    char line[1000];
    snprintf(line, sizeof line, "cd '%s' && %s", world.directory, command);
    int status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void document(void **state)
{
    struct dossier_view v;
    struct store_error err = {0};
    struct bytes out = {0}, again = {0};
    (void)state;
    load(&v);
    check(dossier_pdf_write(&v, LANGUAGE_FR, &out, &err), &err);
    check(dossier_pdf_write(&v, LANGUAGE_FR, &again, &err), &err);
    assert_int_equal(out.len, again.len);
    assert_memory_equal(out.data, again.data, out.len);
    assert_memory_equal(out.data, "%PDF-1.5", 8);
    save("d.pdf", &out);
    assert_int_equal(shell("pdffonts d.pdf | tail -n +3 > fonts && test -s fonts && "
                           "! grep -v ' yes yes yes ' fonts >&2"),
                     0); /* every one is embedded, as a subset, with its characters */
    assert_int_equal(shell("pdfinfo -isodates d.pdf > info && grep -q '595.* x 841.*A4' info && "
                           "grep -Eq 'CreationDate: +2026-11-21T2[0-9]:07:07' info"),
                     0);
    assert_int_equal(
        shell("pdftotext -layout d.pdf text && "
              "for w in 'Bordereau de pi' 'entries/001.eml' 'Acm.* & fils' 'aucune juridiction' "
              "'promet vendredi' 'RET=HDRS' 'ne montre pas' 'openssl cms' 'autre client'; do "
              "grep -q \"$w\" text || { echo \"$w\" >&2; exit 1; }; done"),
        0);
    bytes_free(&out);
    bytes_free(&again);
    dossier_view_free(&v);
}

/* Wherever a page of the timeline ends, an entry that is not long begins on the next one. */
static void entries_stay_together(void **state)
{
    (void)state;
    for (int lines = 0; lines < 12; lines++) {
        struct dossier_view v;
        struct store_error err = {0};
        struct bytes out = {0};
        load(&v);
        for (size_t n = 0; n < v.timeline.count; n++) {
            struct bytes text = {0};
            for (int i = 0; i < 200 + (n ? 0 : lines * 20); i++)
                assert_true(bytes_puts(&text, "abcd "));
            free(v.timeline.items[n].subject);
            v.timeline.items[n].subject = bytes_steal(&text);
        }
        check(dossier_pdf_write(&v, LANGUAGE_FR, &out, &err), &err);
        save("d.pdf", &out);
        assert_int_equal(shell("pdftotext -layout d.pdf text && awk 'BEGIN { RS = \"\\f\" } "
                               "NR > 1 && !past { n = split($0, l, /\\n+/); ok = l[2] ~ "
                               "/^ *(Pièce n|2\\. +Bordereau)/; if (!ok) { print l[2]; exit 1 } "
                               "seen = 1 } /2\\. +Bordereau/ { past = 1 } "
                               "END { exit ok && seen ? 0 : 1 }' text >&2"),
                         0);
        bytes_free(&out);
        dossier_view_free(&v);
    }
}

/* Texts as long as a stranger likes: cells are cut, paragraphs go on over pages. */
static void long_texts(void **state)
{
    struct dossier_view v;
    struct store_error err = {0};
    struct bytes out = {0}, text = {0};
    (void)state;
    load(&v);
    for (int i = 0; i < 20000; i++)
        assert_true(bytes_puts(&text, i % 7 ? "x" : "\u202e é"));
    free(v.timeline.items[0].subject);
    v.timeline.items[0].subject = bytes_steal(&text);
    free(v.timeline.bill.debtor_name);
    assert_non_null(v.timeline.bill.debtor_name = strdup(v.timeline.items[0].subject));
    check(dossier_pdf_write(&v, LANGUAGE_EN, &out, &err), &err);
    assert_true(out.len > 10000);
    bytes_free(&out);
    dossier_view_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exhibits),
        cmocka_unit_test(service),
        cmocka_unit_test(cut_and_unknown),
        cmocka_unit_test(words),
        cmocka_unit_test(page),
        cmocka_unit_test(dating),
        cmocka_unit_test(document),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(entries_stay_together),
    };
    return cmocka_run_group_tests(tests, make_world, drop_world);
}
