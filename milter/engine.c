/*
 * engine - see engine.h
 *
 * Signals. libmilter waits for HUP, TERM and INT in a thread of its own and stops the process
 * on them, which cuts sessions. So they are blocked in all its threads, and ignored by the
 * calling one, which is the process's main thread and leaves them unblocked: the kernel then
 * drops them before sigwait() can see them. What they mean reaches this process through the
 * control socket, from the parent.
 *
 * Replies. Connect, HELO, MAIL, RCPT and header fields are taken without a reply (SMFIP_NR_*;
 * libmilter makes up for an MTA without it), so an unrelated message costs one answer, at the
 * end of its header. Body chunks are answered: libmilter skips the end of message when an
 * unanswered chunk comes together with it.
 */
#include "milter/engine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gmime/gmime.h>
#include <libmilter/mfapi.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/msg.h"
#include "milter/attend.h"
#include "milter/control.h"
#include "milter/session.h"

enum { REPLY_TEXT_MAX = 400, BACKLOG = 1024 };

/* libmilter hangs up at a packet above 64 kB unless told otherwise, and a header field comes in
   one packet. Postfix 3.7 cuts fields at 60 kB; other MTAs need not. */
enum { PACKET_MAX = 2 * 1024 * 1024 };

/* libmilter hands callbacks nothing of the process's own, so this must be global. It is set
   before the first callback and does not change. */
static struct {
    struct services *services;
    atomic_uint open_sessions;
} engine;

/* A connection's private data. */
struct connection {
    struct session *session;
    bool leading_space; /* SMFIP_HDR_LEADSPC was agreed */
    bool skip;          /* SMFIP_SKIP */
    bool made_up;       /* the client has port 0: the MTA made it up for mail not from SMTP */
    bool postfix;
};

/* --- what the decisions can ask of the MTA --------------------------------------------------*/

static bool mta_change_sender(void *context, const char *address, const char *arguments)
{
    struct bytes path = {0};
    bool ok = bytes_printf(&path, "<%s>", address) &&
              smfi_chgfrom(context, path.data, (char *)arguments) == MI_SUCCESS;
    bytes_free(&path);
    return ok;
}

static bool mta_recipient(SMFICTX *ctx, const char *address, int (*change)(SMFICTX *, char *))
{
    struct bytes path = {0};
    bool ok = bytes_printf(&path, "<%s>", address) && change(ctx, path.data) == MI_SUCCESS;
    bytes_free(&path);
    return ok;
}

static bool mta_add_recipient(void *context, const char *address)
{
    return mta_recipient(context, address, smfi_addrcpt);
}

static bool mta_remove_recipient(void *context, const char *address)
{
    return mta_recipient(context, address, smfi_delrcpt);
}

/* Without SMFIP_HDR_LEADSPC the MTA puts the space itself. */
static char *field_value(SMFICTX *ctx, const char *value)
{
    const struct connection *c = smfi_getpriv(ctx);
    if (value != NULL && !c->leading_space && *value == ' ')
        value++;
    return (char *)value;
}

static bool mta_add_field(void *context, const char *name, const char *value)
{
    return smfi_addheader(context, (char *)name, field_value(context, value)) == MI_SUCCESS;
}

static bool mta_change_field(void *context, const char *name, unsigned instance, const char *value)
{
    return smfi_chgheader(context, (char *)name, (int)instance, field_value(context, value)) ==
           MI_SUCCESS;
}

/* libmilter formats the text (so "%" is doubled) and refuses line ends; accents would go raw
   on the wire. */
static bool mta_set_reply(void *context, const char *code, const char *enhanced, const char *text)
{
    char safe[REPLY_TEXT_MAX + 3];
    size_t at = 0;
    for (; *text != '\0' && at < REPLY_TEXT_MAX; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '%')
            safe[at++] = '%';
        safe[at++] = c < ' ' ? ' ' : c > '~' ? '?' : (char)c;
    }
    safe[at] = '\0';
    return smfi_setreply(context, (char *)code, (char *)enhanced, safe) == MI_SUCCESS;
}

static struct mta mta_of(SMFICTX *ctx)
{
    return (struct mta){.context = ctx,
                        .change_sender = mta_change_sender,
                        .add_recipient = mta_add_recipient,
                        .remove_recipient = mta_remove_recipient,
                        .add_field = mta_add_field,
                        .change_field = mta_change_field,
                        .set_reply = mta_set_reply};
}

static sfsistat status_of(const struct connection *c, enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_CONTINUE:
        return SMFIS_CONTINUE;
    case VERDICT_SKIP:
        return c->skip ? SMFIS_SKIP : SMFIS_CONTINUE;
    case VERDICT_ACCEPT:
        return SMFIS_ACCEPT;
    case VERDICT_REJECT:
        return SMFIS_REJECT;
    case VERDICT_TEMPFAIL:
        break;
    }
    return SMFIS_TEMPFAIL;
}

/* --- negotiation ----------------------------------------------------------------------------*/

/* What the role cannot do without, and its name for the administrator. */
static const struct {
    unsigned long flag;
    bool archive_too; /* also needed by role archive */
    const char *name;
} needed_actions[] = {
    {SMFIF_ADDHDRS, true, "ADDHDRS (add header fields)"},
    {SMFIF_CHGHDRS, true, "CHGHDRS (change header fields)"},
    {SMFIF_CHGFROM, false, "CHGFROM (change the envelope sender)"},
};

static bool actions_offered(unsigned long offered, unsigned long *wanted)
{
    struct snapshot *now = current_take(engine.services->current);
    bool archive = now->role == ROLE_ARCHIVE;
    snapshot_unref(now);
    bool all = true;
    *wanted = 0;
    for (size_t i = 0; i < sizeof needed_actions / sizeof *needed_actions; i++) {
        if (archive && !needed_actions[i].archive_too)
            continue;
        *wanted |= needed_actions[i].flag;
        if ((offered & needed_actions[i].flag) != 0)
            continue;
        msg_error("the MTA does not offer the milter action %s: this session is refused; raise "
                  "milter_protocol to 6 (Postfix) or use Sendmail 8.14 or later",
                  needed_actions[i].name);
        all = false;
    }
    return all;
}

static struct connection *connection_new(SMFICTX *ctx)
{
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->leading_space = true;
    c->session = session_new(engine.services);
    if (c->session == NULL || smfi_setpriv(ctx, c) != MI_SUCCESS) {
        session_free(c->session);
        free(c);
        return NULL;
    }
    atomic_fetch_add(&engine.open_sessions, 1);
    return c;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
                             unsigned long f3, unsigned long *pf0, unsigned long *pf1,
                             unsigned long *pf2, unsigned long *pf3)
{
    (void)f2;
    (void)f3;
    if (!actions_offered(f0, pf0))
        return SMFIS_REJECT;
    *pf0 |= f0 & (SMFIF_ADDRCPT | SMFIF_DELRCPT | SMFIF_SETSYMLIST);
    *pf1 = (f1 & (SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_SKIP | SMFIP_HDR_LEADSPC)) |
           SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_HDR;
    *pf2 = *pf3 = 0;
    if ((f0 & SMFIF_SETSYMLIST) != 0 &&
        (smfi_setsymlist(ctx, SMFIM_CONNECT, (char *)"v") != MI_SUCCESS ||
         smfi_setsymlist(ctx, SMFIM_HELO, (char *)"{tls_version}") != MI_SUCCESS ||
         smfi_setsymlist(ctx, SMFIM_ENVFROM, (char *)"i {auth_authen}") != MI_SUCCESS ||
         smfi_setsymlist(ctx, SMFIM_ENVRCPT, (char *)"i") != MI_SUCCESS ||
         smfi_setsymlist(ctx, SMFIM_EOH, (char *)"i") != MI_SUCCESS ||
         smfi_setsymlist(ctx, SMFIM_EOM, (char *)"i") != MI_SUCCESS))
        return SMFIS_REJECT;
    struct connection *c = connection_new(ctx);
    if (c == NULL)
        return SMFIS_REJECT;
    c->leading_space = (f1 & SMFIP_HDR_LEADSPC) != 0;
    c->skip = (f1 & SMFIP_SKIP) != 0;
    return SMFIS_CONTINUE;
}

/* --- callbacks ------------------------------------------------------------------------------*/

static const char *macro(SMFICTX *ctx, const char *name)
{
    return smfi_getsymval(ctx, (char *)name);
}

static sfsistat on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *address)
{
    struct connection *c = smfi_getpriv(ctx);
    if (c == NULL && (c = connection_new(ctx)) == NULL)
        return SMFIS_NOREPLY;
    char text[INET6_ADDRSTRLEN] = "";
    in_port_t port = 1;
    if (address != NULL && address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
        inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        port = in->sin_port;
    } else if (address != NULL && address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
        inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text);
        port = in6->sin6_port;
    }
    const char *version = macro(ctx, "v");
    c->made_up = port == 0;
    c->postfix = version != NULL && strncmp(version, "Postfix", strlen("Postfix")) == 0;
    session_connect(c->session, name, text[0] != '\0' ? text : NULL);
    return SMFIS_NOREPLY;
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
    struct connection *c = smfi_getpriv(ctx);
    if (c != NULL)
        session_helo(c->session, name, macro(ctx, "{tls_version}"));
    return SMFIS_NOREPLY;
}

static sfsistat on_envfrom(SMFICTX *ctx, char **argv)
{
    struct connection *c = smfi_getpriv(ctx);
    if (c == NULL)
        return SMFIS_NOREPLY;
    const char *queue_id = macro(ctx, "i");
    /* Postfix has a queue ID at MAIL for local submissions and its own bounces alone, and makes
       up a client with port 0 for them; Sendmail always has one. */
    bool local = queue_id != NULL && (c->made_up || c->postfix);
    struct opening opening = {.sender = argv[0],
                              .login = macro(ctx, "{auth_authen}"),
                              .queue_id = queue_id,
                              .smtp = !local};
    session_envfrom(c->session, &opening);
    return SMFIS_NOREPLY;
}

static sfsistat on_envrcpt(SMFICTX *ctx, char **argv)
{
    struct connection *c = smfi_getpriv(ctx);
    if (c != NULL && argv[0] != NULL)
        session_envrcpt(c->session, argv[0]);
    return SMFIS_NOREPLY;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
    struct connection *c = smfi_getpriv(ctx);
    if (c == NULL)
        return SMFIS_NOREPLY;
    struct bytes spaced = {0};
    if (!c->leading_space && bytes_puts(&spaced, " ") && bytes_puts(&spaced, value))
        value = spaced.data;
    session_header(c->session, name, value); /* its verdict is repeated at the header's end */
    bytes_free(&spaced);
    return SMFIS_NOREPLY;
}

static sfsistat on_eoh(SMFICTX *ctx)
{
    struct connection *c = smfi_getpriv(ctx);
    if (c == NULL) /* no memory at connect; who has logged in may write what is ours */
        return macro(ctx, "{auth_authen}") != NULL ? SMFIS_TEMPFAIL : SMFIS_ACCEPT;
    struct mta mta = mta_of(ctx);
    return status_of(c, session_eoh(c->session, &mta, macro(ctx, "i")));
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *data, size_t len)
{
    struct connection *c = smfi_getpriv(ctx);
    if (c == NULL)
        return SMFIS_CONTINUE;
    return status_of(c, session_body(c->session, data, len));
}

static sfsistat on_eom(SMFICTX *ctx)
{
    struct connection *c = smfi_getpriv(ctx);
    if (c == NULL)
        return SMFIS_ACCEPT;
    struct mta mta = mta_of(ctx);
    return status_of(c, session_eom(c->session, &mta, macro(ctx, "i")));
}

static sfsistat on_abort(SMFICTX *ctx)
{
    struct connection *c = smfi_getpriv(ctx);
    if (c != NULL)
        session_abort(c->session);
    return SMFIS_CONTINUE;
}

/* A port probe comes here without a connection. */
static sfsistat on_close(SMFICTX *ctx)
{
    struct connection *c = smfi_getpriv(ctx);
    if (c == NULL)
        return SMFIS_CONTINUE;
    smfi_setpriv(ctx, NULL);
    session_free(c->session);
    free(c);
    atomic_fetch_sub(&engine.open_sessions, 1);
    return SMFIS_CONTINUE;
}

/* --- running --------------------------------------------------------------------------------*/

static bool register_callbacks(const struct engine_setup *setup)
{
    struct smfiDesc description = {
        .xxfi_name = (char *)setup->name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGFROM | SMFIF_ADDRCPT |
                      SMFIF_DELRCPT | SMFIF_SETSYMLIST,
        .xxfi_connect = on_connect,
        .xxfi_helo = on_helo,
        .xxfi_envfrom = on_envfrom,
        .xxfi_envrcpt = on_envrcpt,
        .xxfi_header = on_header,
        .xxfi_eoh = on_eoh,
        .xxfi_body = on_body,
        .xxfi_eom = on_eom,
        .xxfi_abort = on_abort,
        .xxfi_close = on_close,
        .xxfi_negotiate = on_negotiate,
    };
    char listener[32];
    snprintf(listener, sizeof listener, "fd:%d", setup->listen_fd);
    smfi_setmaxdatasize(PACKET_MAX);
    if (smfi_register(description) != MI_SUCCESS || smfi_setbacklog(BACKLOG) != MI_SUCCESS) {
        msg_error("libmilter refuses the registration of this filter");
        return false;
    }
    if (smfi_setconn(listener) != MI_SUCCESS || smfi_opensocket(false) != MI_SUCCESS) {
        msg_error("libmilter cannot take over the listening socket \"%s\": it must be built with "
                  "the fd: form of socket names, as Debian's is",
                  listener);
        return false;
    }
    return true;
}

/* Runs libmilter; what it returns (never, unless it fails) goes into the pipe. */
static void *run_libmilter(void *argument)
{
    const int *ended = argument;
    char how = smfi_main() == MI_SUCCESS ? 's' : 'f';
    if (write(*ended, &how, 1) != 1)
        msg_error("libmilter has ended and the main thread cannot be told");
    return NULL;
}

static bool start_libmilter(int *ended)
{
    sigset_t blocked, before;
    pthread_t thread;
    pthread_attr_t detached;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGHUP);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    bool started = pthread_create(&thread, &detached, run_libmilter, ended) == 0;
    pthread_attr_destroy(&detached);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

/* A hundred sessions on a dozen threads must not scatter over as many heaps, and what a large
   message took goes back to the system. */
static void bound_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    mallopt(M_TRIM_THRESHOLD, 256 * 1024);
#endif
}

int engine_run(const struct engine_setup *setup)
{
    /* They live as long as libmilter's threads, which do not end before the process. */
    static int ended[2];
    bound_memory();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    g_mime_init();
    bool found = false;
    struct snapshot *first = snapshot_new(setup->settings, setup->keyring, setup->name, &found);
    engine.services = first != NULL ? services_new(first) : NULL;
    if (engine.services == NULL || pipe(ended) != 0) {
        msg_error("cannot start: %s", strerror(errno));
        return EX_OSERR;
    }
    if (!found)
        msg_warn("the configuration has no listener \"%s\": it works in role both", setup->name);
    if (!register_callbacks(setup))
        return EX_UNAVAILABLE;
    if (!start_libmilter(&ended[1]) || !control_say_ready(setup->control_fd)) {
        msg_error("cannot start: %s", strerror(errno));
        return EX_OSERR;
    }
    return attend(setup, engine.services, &engine.open_sessions, ended[0]);
}
