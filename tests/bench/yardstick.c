/*
 * yardstick - a do-nothing libmilter filter: every callback registered, one header added
 *
 * Usage: yardstick SOCKET
 *
 * What a filter costs at the least when it is written the plain way. `make bench` measures
 * temoind against it, both sides in one run, so that the machine's speed drops out.
 */
#include <libmilter/mfapi.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>

static sfsistat on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *address)
{
    (void)ctx, (void)host, (void)address;
    return SMFIS_CONTINUE;
}

static sfsistat on_text(SMFICTX *ctx, char *text)
{
    (void)ctx, (void)text;
    return SMFIS_CONTINUE;
}

static sfsistat on_arguments(SMFICTX *ctx, char **arguments)
{
    (void)ctx, (void)arguments;
    return SMFIS_CONTINUE;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
    (void)ctx, (void)name, (void)value;
    return SMFIS_CONTINUE;
}

static sfsistat on_stage(SMFICTX *ctx)
{
    (void)ctx;
    return SMFIS_CONTINUE;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *chunk, size_t len)
{
    (void)ctx, (void)chunk, (void)len;
    return SMFIS_CONTINUE;
}

static sfsistat on_end_of_message(SMFICTX *ctx)
{
    char name[] = "X-Yardstick", value[] = "seen";
    return smfi_addheader(ctx, name, value) == MI_SUCCESS ? SMFIS_CONTINUE : SMFIS_TEMPFAIL;
}

static sfsistat on_unknown(SMFICTX *ctx, const char *command)
{
    (void)ctx, (void)command;
    return SMFIS_CONTINUE;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: yardstick SOCKET\n");
        return EX_USAGE;
    }
    char name[] = "yardstick";
    struct smfiDesc filter = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFIF_ADDHDRS,
        .xxfi_connect = on_connect,
        .xxfi_helo = on_text,
        .xxfi_envfrom = on_arguments,
        .xxfi_envrcpt = on_arguments,
        .xxfi_header = on_header,
        .xxfi_eoh = on_stage,
        .xxfi_body = on_body,
        .xxfi_eom = on_end_of_message,
        .xxfi_abort = on_stage,
        .xxfi_close = on_stage,
        .xxfi_unknown = on_unknown,
        .xxfi_data = on_stage,
    };
    if (smfi_setconn(argv[1]) != MI_SUCCESS || smfi_register(filter) != MI_SUCCESS) {
        fprintf(stderr, "yardstick: cannot register on %s\n", argv[1]);
        return EX_UNAVAILABLE;
    }
    return smfi_main() == MI_SUCCESS ? EX_OK : EX_UNAVAILABLE;
}
