/*
 * command_log - what commands that enter facts share: is the invoice known, take it in
 */
#include <sysexits.h>

#include "db/command.h"
#include "db/register.h"
#include "db/scribe_client.h"

int command_knows_invoice(const struct settings *s, const char *invoice)
{
    struct store_error err = {.text = ""};
    struct register_db *db;
    struct register_invoice known = {0};
    enum store_status status = register_open(s->store_directory, STORE_READ, &db, &err);
    if (status == STORE_OK) {
        status = register_invoice(db, invoice, &known, &err);
        register_invoice_free(&known);
        register_close(db);
        if (status == STORE_OK)
            return EX_OK;
    }
    if (status != STORE_NOT_FOUND)
        return command_fail_store(status, &err);

    struct store *store;
    struct dossier dossier = {0};
    status = store_open(s->store_directory, STORE_READ, &store, &err);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    status = store_dossier(store, invoice, &dossier, &err);
    dossier_free(&dossier);
    store_close(store);
    if (status == STORE_NOT_FOUND)
        return command_fail(EX_NOINPUT,
                            "invoice %s is not in the register and has no dossier: check the "
                            "number, or import the invoice",
                            invoice);
    return status == STORE_OK ? EX_OK : command_fail_store(status, &err);
}

int command_append(const struct settings *s, struct entry *e, struct appended *done)
{
    struct store_error err = {.text = ""};
    enum store_status status = log_append(s, e, done, &err);
    return status == STORE_OK ? EX_OK : command_fail_store(status, &err);
}
