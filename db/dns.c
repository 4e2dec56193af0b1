/*
 * dns - questions to the DNS, answers validated by DNSSEC, every wait bounded
 *
 * libunbound's own wait ends when it has tried every name server many times over, which can take
 * minutes; so questions are asked in the background, and given up at a time of ours.
 */
#include "db/dns.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unbound.h>

#include "db/wire.h"

enum { CLASS_IN = 1, NAME_ROOM = 300, NXDOMAIN = 3 };

struct dns {
    const struct settings *settings;
    struct ub_ctx *ctx;
    bool validates;
    bool proved; /* the anchor's zone was validated through these name servers */
    char anchor_zone[NAME_ROOM];
    const char *reason; /* static; NULL: validates */
};

void dns_answer_free(struct dns_answer *a)
{
    free(a->why);
    bytes_free(&a->packet);
    *a = (struct dns_answer){0};
}

const char *dns_security_name(enum dns_security security)
{
    static const char *const names[] = {"unchecked", "insecure", "secure", "bogus"};
    return names[security];
}

const char *dns_unchecked_reason(const struct dns *dns)
{
    return dns->reason;
}

static size_t without_dot(const char *name)
{
    size_t len = strlen(name);
    return len && name[len - 1] == '.' ? len - 1 : len;
}

bool dns_is_anchor(const struct dns *dns, const char *zone)
{
    size_t len = without_dot(zone);
    return dns->validates && len == without_dot(dns->anchor_zone) &&
           strncasecmp(zone, dns->anchor_zone, len) == 0;
}

/* --- set-up ---------------------------------------------------------------------------------*/

/* "[2001:db8::1]:53" and the like as libunbound writes it: "2001:db8::1@53". */
static void server_write(const char *text, char out[NAME_ROOM])
{
    const char *bracket = strrchr(text, ']'), *colon = strrchr(text, ':');
    bool bare_v6 = *text != '[' && strchr(text, ':') != colon;
    bool port = colon && !bare_v6 && (!bracket || colon > bracket);
    size_t len = port ? (size_t)(colon - text) : strlen(text);
    if (*text == '[') {
        text++;
        len -= 2;
    }
    snprintf(out, NAME_ROOM, "%.*s%s%s", (int)len, text, port ? "@" : "", port ? colon + 1 : "");
}

static int servers_set(struct ub_ctx *ctx, const struct settings *s)
{
    char server[NAME_ROOM];
    if (s->dns_servers.count == 0)
        return ub_ctx_resolvconf(ctx, NULL);
    int code = UB_NOERROR;
    for (size_t i = 0; code == UB_NOERROR && i < s->dns_servers.count; i++) {
        server_write(s->dns_servers.items[i], server);
        code = ub_ctx_set_fwd(ctx, server);
    }
    return code;
}

/* The zone of the file's first record; the root when that cannot be told. */
static enum store_status anchor_find(struct dns *dns, struct store_error *err)
{
    char line[4096];
    const char *file = dns->settings->dns_trust_anchor;
    FILE *f = file ? fopen(file, "re") : NULL;
    if (!f) {
        if (file && errno != ENOENT)
            return store_fail_errno(err, errno, "%s", file);
        dns->reason = file ? "the file of dns_trust_anchor is not there" : "no dns_trust_anchor";
        return STORE_OK;
    }
    dns->validates = true;
    snprintf(dns->anchor_zone, sizeof dns->anchor_zone, ".");
    while (fgets(line, sizeof line, f)) {
        size_t len = strcspn(line, " \t\r\n");
        if (len == 0 || len >= sizeof dns->anchor_zone || strchr(";$", *line))
            continue;
        snprintf(dns->anchor_zone, sizeof dns->anchor_zone, "%.*s", (int)len, line);
        break;
    }
    fclose(f);
    return STORE_OK;
}

static enum store_status context_make(struct dns *dns, struct store_error *err)
{
    ub_ctx_delete(dns->ctx);
    dns->ctx = ub_ctx_create();
    if (!dns->ctx)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    /* a name server of this machine is as good as any; what goes wrong is told by the result */
    int code = ub_ctx_set_option(dns->ctx, "do-not-query-localhost:", "no");
    if (code == UB_NOERROR)
        code = ub_ctx_debugout(dns->ctx, NULL);
    if (code == UB_NOERROR)
        code = ub_ctx_async(dns->ctx, 1);
    if (code != UB_NOERROR)
        return store_fail(err, STORE_INVALID, "libunbound: %s", ub_strerror(code));
    code = servers_set(dns->ctx, dns->settings);
    if (code != UB_NOERROR)
        return store_fail(err, STORE_INVALID, "%s: %s: name them with dns_server",
                          dns->settings->dns_servers.count ? "dns_server" : "/etc/resolv.conf",
                          ub_strerror(code));
    if (!dns->validates)
        return STORE_OK;
    code = ub_ctx_add_ta_file(dns->ctx, dns->settings->dns_trust_anchor);
    return code == UB_NOERROR ? STORE_OK
                              : store_fail(err, STORE_INVALID, "%s: %s",
                                           dns->settings->dns_trust_anchor, ub_strerror(code));
}

enum store_status dns_open(const struct settings *s, struct dns **dns, struct store_error *err)
{
    struct dns *made = calloc(1, sizeof *made);
    *dns = NULL;
    if (!made)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    made->settings = s;
    enum store_status st = anchor_find(made, err);
    if (st == STORE_OK)
        st = context_make(made, err);
    if (st == STORE_OK)
        *dns = made;
    else
        dns_close(made);
    return st;
}

void dns_close(struct dns *dns)
{
    if (!dns)
        return;
    ub_ctx_delete(dns->ctx);
    free(dns);
}

/* --- a question -----------------------------------------------------------------------------*/

struct pending {
    bool done;
    int code;
    struct ub_result *result;
};

static void arrived(void *context, int code, struct ub_result *result)
{
    struct pending *p = context;
    *p = (struct pending){.done = true, .code = code, .result = result};
}

static enum store_status wait_for(struct dns *dns, const char *name, int type, struct pending *p,
                                  struct store_error *err)
{
    int id, code = ub_resolve_async(dns->ctx, name, type, CLASS_IN, p, arrived, &id);
    if (code == UB_INITFAIL) /* it reads its files now */
        return store_fail(err, STORE_INVALID,
                          "libunbound cannot begin: is %s a file of DNSKEY or DS records?",
                          dns->validates ? dns->settings->dns_trust_anchor : "resolv.conf");
    if (code != UB_NOERROR)
        return store_fail(err, STORE_BUSY, "%s: %s", name, ub_strerror(code));
    int64_t deadline = wire_clock_ms() + DNS_WAIT_MS, left;
    struct pollfd fd = {.fd = ub_fd(dns->ctx), .events = POLLIN};
    while (!p->done && (left = deadline - wire_clock_ms()) > 0) {
        if (poll(&fd, 1, (int)left) < 0 && errno != EINTR)
            break;
        code = ub_process(dns->ctx);
        if (code != UB_NOERROR)
            break;
    }
    if (p->done)
        return STORE_OK;
    ub_cancel(dns->ctx, id);
    return store_fail(err, STORE_BUSY, "%s: no name server answered within %d s", name,
                      DNS_WAIT_MS / 1000);
}

static enum store_status take(const struct dns *dns, const char *name, const struct pending *p,
                              struct dns_answer *a, struct store_error *err)
{
    const struct ub_result *r = p->result;
    if (p->code != UB_NOERROR || !r)
        return store_fail(err, STORE_BUSY, "%s: %s", name, ub_strerror(p->code));
    a->found = r->havedata != 0;
    a->security = r->bogus         ? DNS_BOGUS
                  : r->secure      ? DNS_SECURE
                  : dns->validates ? DNS_INSECURE
                                   : DNS_UNCHECKED;
    if (!r->bogus && !r->havedata && r->rcode != 0 && r->rcode != NXDOMAIN)
        return store_fail(err, STORE_BUSY, "%s: the name servers answer with code %d", name,
                          r->rcode);
    if (r->bogus && !(a->why = strdup(r->why_bogus ? r->why_bogus : "validation failed")))
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    if (r->answer_packet && r->answer_len > 0 &&
        !bytes_append(&a->packet, r->answer_packet, (size_t)r->answer_len))
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    return STORE_OK;
}

static enum store_status ask(struct dns *dns, const char *name, int type, struct dns_answer *a,
                             struct store_error *err)
{
    struct pending p = {0};
    enum store_status st = wait_for(dns, name, type, &p, err);
    if (st == STORE_OK)
        st = take(dns, name, &p, a, err);
    ub_resolve_free(p.result);
    return st;
}

/* Is a bogus answer the zone's fault, or do these name servers pass on nothing that could be
   validated? */
static enum store_status prove(struct dns *dns, struct store_error *err)
{
    struct dns_answer a = {0};
    enum store_status st = ask(dns, dns->anchor_zone, DNS_DNSKEY, &a, err);
    if (st == STORE_OK && a.found && a.security == DNS_SECURE)
        dns->proved = true;
    else if (st == STORE_OK) {
        dns->validates = false;
        dns->reason = "the name servers pass no DNSSEC records on, or the trust anchor is not "
                      "theirs";
        st = context_make(dns, err);
    }
    dns_answer_free(&a);
    return st;
}

enum store_status dns_ask(struct dns *dns, const char *name, int type, struct dns_answer *a,
                          struct store_error *err)
{
    enum store_status st = ask(dns, name, type, a, err);
    if (st != STORE_OK || a->security != DNS_BOGUS || dns->proved)
        return st;
    st = prove(dns, err);
    if (st == STORE_OK && !dns->validates) {
        dns_answer_free(a);
        st = ask(dns, name, type, a, err);
    }
    return st;
}
