/*
 * dossier_authorities - whose timestamps date the exhibits of a dossier, as their certificates call
 *                       themselves
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "db/dossier_view.h"
#include "policy/text.h"

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

/* "Unit 3, Example Trust" out of the signer's certificate, which is the first of the chain. */
static bool name_of(const struct bytes *chain, char **name)
{
    static const int kinds[] = {NID_commonName, NID_organizationName};
    struct bytes text = {0};
    BIO *in = chain->len ? BIO_new_mem_buf(chain->data, (int)chain->len) : NULL;
    X509 *signer = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    bool done = true;
    for (size_t i = 0; done && signer && i < sizeof kinds / sizeof *kinds; i++) {
        const X509_NAME *subject = X509_get_subject_name(signer);
        int at = X509_NAME_get_index_by_NID(subject, kinds[i], -1);
        unsigned char *utf8 = NULL;
        int len = at < 0 ? -1
                         : ASN1_STRING_to_UTF8(
                               &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
        if (len > 0)
            done =
                bytes_puts(&text, text.len ? ", " : "") && bytes_append(&text, utf8, (size_t)len);
        OPENSSL_free(utf8);
    }
    *name = done ? text_clean(text.data ? text.data : "?") : NULL;
    bytes_free(&text);
    X509_free(signer);
    BIO_free(in);
    ERR_clear_error();
    return *name != NULL;
}

/* Takes over `name`. */
static bool note(struct dossier_view *v, char *name, bool qualified)
{
    struct view_authority *a = v->authorities;
    size_t i = 0;
    while (i < v->authority_count && strcmp(a[i].name, name) != 0)
        i++;
    if (i < v->authority_count) {
        free(name);
    } else {
        struct view_authority *grown = reallocarray(a, i + 1, sizeof *grown);
        if (!grown) {
            free(name);
            return false;
        }
        v->authorities = a = grown;
        a[v->authority_count++] = (struct view_authority){.name = name};
    }
    a[i].tokens++;
    a[i].qualified += qualified;
    return true;
}

enum store_status dossier_authorities_load(struct batch_db *dates, struct dossier_view *v,
                                           struct store_error *err)
{
    enum store_status st = STORE_OK;
    uint64_t before = 0; /* entries are in the log's order, and so are batches */
    for (size_t i = 0; st == STORE_OK && i < v->exhibit_count; i++) {
        struct batch_token t = {0};
        uint64_t batch = v->exhibits[i].bounds.batch;
        char *name = NULL;
        if (batch == 0 || batch == before)
            continue;
        before = batch;
        st = batch_by_number(dates, batch, &t, err);
        if (st == STORE_OK && !(name_of(&t.chain, &name) && note(v, name, t.claims_qualified)))
            st = no_memory(err);
        batch_token_free(&t);
    }
    return st;
}
