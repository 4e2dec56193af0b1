/*
 * verify_file - is an evidence file what its company sealed, and is it whole? Form of the
 *               container, manifests, and the signature of the export
 */
#include "db/verify_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/record.h"
#include "db/verify_manifest.h"
#include "db/verify_parts.h"

static const char SIGNED[] = "META-INF/ASiCManifest001.xml";

/* --- pins and verdict -----------------------------------------------------------------------*/

enum store_status file_pins_add(struct file_pins *pins, enum pin kind, const char *pem_file,
                                struct store_error *err)
{
    enum { PEM_MAX = 256 * 1024 };
    char text[PEM_MAX];
    FILE *f = fopen(pem_file, "re");
    if (!f)
        return store_fail_errno(err, errno, "%s", pem_file);
    size_t len = fread(text, 1, sizeof text, f);
    bool failed = ferror(f) != 0;
    fclose(f);
    if (failed)
        return store_fail_errno(err, EIO, "%s", pem_file);
    if (len == sizeof text ||
        !certificates_read(text, len, kind == PIN_SEAL ? &pins->seal : &pins->tsa))
        return store_fail(err, STORE_CORRUPT, "%s: holds no certificate in PEM", pem_file);
    return STORE_OK;
}

void file_pins_free(struct file_pins *pins)
{
    sk_X509_pop_free(pins->seal, X509_free);
    sk_X509_pop_free(pins->tsa, X509_free);
    *pins = (struct file_pins){0};
}

void file_verdict_free(struct file_verdict *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free(v->lines[i].file);
        free(v->lines[i].what);
    }
    free(v->lines);
    *v = (struct file_verdict){0};
}

const char *file_answer_name(enum file_answer answer)
{
    static const char *const names[] = {"intact", "not-identified", "incomplete", "altered"};
    return names[answer];
}

json_t *file_verdict_json(const struct file_verdict *v)
{
    json_t *lines = json_array();
    for (size_t i = 0; lines && i < v->count; i++) {
        const struct file_line *l = &v->lines[i];
        json_t *line = json_pack("{s:o, s:s, s:o}", "file", json_foreign(l->file), "answer",
                                 file_answer_name(l->answer), "what", json_foreign(l->what));
        if (json_array_append_new(lines, line) < 0) {
            json_decref(lines);
            lines = NULL;
        }
    }
    return lines ? json_pack("{s:s, s:o}", "answer", file_answer_name(v->answer), "files", lines)
                 : NULL;
}

/* --- manifests ------------------------------------------------------------------------------*/

/* Hold the files against the list. */
static void references_check(struct inspection *in, struct part *manifest, const struct manifest *m)
{
    size_t bad = 0;
    for (size_t i = 0; i < m->count; i++) {
        struct part *there = part_find(in, m->references[i].name);
        if (there)
            there->listed = true;
        bad += !part_listed(in, manifest, m->references[i].name, m->references[i].sha256);
    }
    if (bad)
        part_fault(in, manifest, FILE_ALTERED,
                   "%zu of the %zu files that it lists are not as it says", bad, m->count);
    else
        part_praise(in, manifest, "lists %zu files, all of them there and unchanged", m->count);
}

static void export_signature(struct inspection *in, struct part *manifest, const char *name)
{
    struct part *p = part_find(in, name);
    struct signer s = {0};
    const char *why;
    char title[100], when[RECORD_TIME];
    if (!p) {
        part_missing(in, name, FILE_ALTERED, "missing: nobody signs %s", manifest->name);
        return;
    }
    p->accounted = true;
    if (!cms_check(p->data.data, p->data.len, manifest->data.data, manifest->data.len, &s, &why))
        part_fault(in, p, FILE_ALTERED, "altered, or the manifest was: %s", why);
    else if (!certificate_among(in->certificates, s.certificate))
        part_fault(in, p, FILE_ALTERED, "signed by a certificate that is not in certs/");
    else {
        const char *doubt =
            signer_doubt(&s, in->pins->seal, in->archived_at >= 0 ? in->archived_at : s.time);
        certificate_title(s.certificate, title, sizeof title);
        record_time(s.time, when);
        in->exported_at = s.time;
        if (doubt)
            part_fault(in, p, FILE_NOT_IDENTIFIED,
                       "over %s, by a certificate that calls itself \"%s\": %s", manifest->name,
                       title, doubt);
        part_praise(in, p, "over %s, by \"%s\", identified by --seal, at %s by its own clock",
                    manifest->name, title, when);
    }
    signer_clear(&s);
}

static bool is_meta(const struct part *p)
{
    return strncmp(p->name, "META-INF/", 9) == 0;
}

/* Everything but mimetype and META-INF must be in the signed list (EVIDENCE 6). */
static void unlisted_report(struct inspection *in)
{
    for (size_t i = 0; i < in->count; i++) {
        struct part *p = &in->parts[i];
        if (strcmp(p->name, "mimetype") == 0)
            continue;
        if (is_meta(p) ? !p->accounted : !p->listed)
            part_fault(in, p, FILE_ALTERED,
                       is_meta(p) ? "added: no manifest has a place for it"
                                  : "added: %s does not list it, so nobody signs it",
                       SIGNED);
    }
}

void inspect_signatures(struct inspection *in)
{
    struct part *p = part_find(in, SIGNED);
    struct manifest m = {0};
    const char *why;
    if (!p) {
        part_missing(in, SIGNED, FILE_ALTERED, "missing: nothing in this file is signed");
        return;
    }
    p->accounted = true;
    if (!manifest_read(p->data.data, p->data.len, &m, &why))
        part_fault(in, p, FILE_ALTERED, "altered, or no manifest: %s", why);
    else if (!m.type || strcmp(m.type, "application/pkcs7-signature") != 0)
        part_fault(in, p, FILE_ALTERED, "it names no CMS signature");
    else {
        references_check(in, p, &m);
        export_signature(in, p, m.signature);
    }
    manifest_clear(&m);
    unlisted_report(in);
}

/* --- all ------------------------------------------------------------------------------------*/

static void inspect_form(struct inspection *in)
{
    struct part *p = part_find(in, "mimetype");
    if (!p)
        part_missing(in, "mimetype", FILE_ALTERED, "missing: this is no ASiC-E container");
    else if (!zip_reader_typed(in->zip) || p->index != 0)
        part_fault(in, p, FILE_ALTERED,
                   "it is not what an ASiC-E container begins with (first, stored, nothing but "
                   "application/vnd.etsi.asic-e+zip)");
    else
        part_praise(in, p, "ASiC-E container");
    for (size_t i = 0; i < in->count; i++) {
        p = &in->parts[i];
        if (part_is_in(p, "certs/", ".pem") && p->readable &&
            !certificates_read(p->data.data, p->data.len, &in->certificates))
            part_fault(in, p, FILE_ALTERED, "it holds no certificates");
        else if (part_is_in(p, "certs/", ".pem"))
            part_praise(in, p, "unchanged; a certificate that comes along identifies nobody");
    }
}

enum store_status verify_file(int fd, const struct file_pins *pins, struct file_verdict *v,
                              struct store_error *err)
{
    struct inspection in = {
        .pins = pins, .verdict = v, .err = err, .archived_at = -1, .exported_at = -1};
    enum store_status st = zip_reader_open(fd, &in.zip, err);
    if (st != STORE_OK)
        return st;
    st = parts_load(&in);
    if (st == STORE_OK) {
        inspect_form(&in);
        inspect_dating(&in);
        inspect_signatures(&in);
        inspect_entries(&in);
        inspect_dossier(&in);
        inspect_keys(&in);
        inspect_proofs(&in);
        parts_report(&in);
        st = in.status;
    }
    parts_free(&in);
    return st;
}
