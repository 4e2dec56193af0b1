/*
 * dns_records - a DNS message as the lines of a zone file (RFC 1035, 5), and the chain of
 *               signatures that it rests on, up to the trust anchor
 */
#include "db/dns_records.h"

#include <ctype.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

void dns_records_free(struct dns_records *r)
{
    strings_free(&r->lines);
    strings_free(&r->signers);
    strings_free(&r->texts);
    *r = (struct dns_records){0};
}

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

/* --- a record -------------------------------------------------------------------------------*/

/* One line, blanks instead of tabs, without ldns's comments; malloc'd. NULL: out of memory, or a
   record that ldns cannot write. */
static char *line_of(const ldns_rr *rr)
{
    char *text = ldns_rr2str_fmt(ldns_output_format_nocomments, rr);
    if (!text)
        return NULL;
    bool quoted = false;
    size_t len = 0;
    for (const char *from = text; *from; from++) {
        if (*from == '\\' && from[1]) {
            text[len++] = *from++;
            text[len++] = *from;
            continue;
        }
        quoted ^= *from == '"';
        char c = !quoted && (*from == '\t' || *from == '\n') ? ' ' : *from;
        if (c == ' ' && !quoted && (len == 0 || text[len - 1] == ' '))
            continue;
        text[len++] = c;
    }
    while (len && text[len - 1] == ' ')
        len--;
    text[len] = '\0';
    return text;
}

static enum store_status put_line(struct dns_records *r, const ldns_rr *rr, struct store_error *err)
{
    char *line = line_of(rr);
    if (!line)
        return no_memory(err);
    enum store_status st = STORE_OK;
    if (!strings_contain(&r->lines, line)) {
        r->octets += strlen(line);
        if (r->octets > RECORDS_MAX_OCTETS)
            st = store_fail(err, STORE_INVALID, "the records are larger than %d octets",
                            RECORDS_MAX_OCTETS);
        else if (!strings_add(&r->lines, line))
            st = no_memory(err);
    }
    free(line);
    return st;
}

/* The strings of a TXT record, put together (RFC 6376, 3.6.2.2). */
static bool put_text(struct dns_records *r, const ldns_rr *rr)
{
    struct bytes text = {0};
    bool done = bytes_puts(&text, "");
    for (size_t i = 0; done && i < ldns_rr_rd_count(rr); i++) {
        const ldns_rdf *part = ldns_rr_rdf(rr, i);
        if (ldns_rdf_size(part) > 1)
            done = bytes_append(&text, ldns_rdf_data(part) + 1, ldns_rdf_size(part) - 1);
    }
    done = done && strings_add_n(&r->texts, text.data ? text.data : "", text.len);
    bytes_free(&text);
    return done;
}

static bool put_signer(struct dns_records *r, const ldns_rr *rr)
{
    const ldns_rdf *signer = ldns_rr_rrsig_signame(rr);
    char *name = signer ? ldns_rdf2str(signer) : NULL;
    for (char *c = name; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    bool done = !signer || (name && strings_add_unique(&r->signers, name));
    free(name);
    return done;
}

static enum store_status put_list(struct dns_records *r, const ldns_rr_list *list, bool proofs,
                                  struct store_error *err)
{
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && list && i < ldns_rr_list_rr_count(list); i++) {
        const ldns_rr *rr = ldns_rr_list_rr(list, i);
        ldns_rr_type type = ldns_rr_get_type(rr), covered = type;
        if (type == LDNS_RR_TYPE_RRSIG && ldns_rr_rd_count(rr) > 0)
            covered = ldns_rdf2rr_type(ldns_rr_rdf(rr, 0));
        /* beside the answer, only what proves that something is not there */
        if (proofs && covered != LDNS_RR_TYPE_NSEC && covered != LDNS_RR_TYPE_NSEC3 &&
            covered != LDNS_RR_TYPE_SOA)
            continue;
        st = put_line(r, rr, err);
        if (st == STORE_OK && !proofs && type == LDNS_RR_TYPE_TXT && !put_text(r, rr))
            st = no_memory(err);
        if (st == STORE_OK && type == LDNS_RR_TYPE_RRSIG && !put_signer(r, rr))
            st = no_memory(err);
    }
    return st;
}

enum store_status dns_records_read(const struct dns_answer *a, struct dns_records *r,
                                   struct store_error *err)
{
    ldns_pkt *packet = NULL;
    if (!a->packet.data ||
        ldns_wire2pkt(&packet, (const uint8_t *)a->packet.data, a->packet.len) != LDNS_STATUS_OK)
        return store_fail(err, STORE_INVALID, "the answer is no DNS message");
    enum store_status st = put_list(r, ldns_pkt_answer(packet), false, err);
    if (st == STORE_OK)
        st = put_list(r, ldns_pkt_authority(packet), true, err);
    ldns_pkt_free(packet);
    return st;
}

/* --- the chain ------------------------------------------------------------------------------*/

/* Append the records of one type of a zone. *there: they are there, and secure. */
static enum store_status fetch(struct dns *dns, const char *zone, int type, struct dns_records *r,
                               bool *there, struct store_error *err)
{
    struct dns_answer a = {0};
    enum store_status st = dns_ask(dns, zone, type, &a, err);
    *there = false;
    if (st == STORE_OK && a.found && a.security == DNS_SECURE) {
        st = dns_records_read(&a, r, err);
        *there = st == STORE_OK;
    }
    dns_answer_free(&a);
    return st == STORE_NO_MEMORY ? st : STORE_OK;
}

enum store_status dns_chain(struct dns *dns, struct dns_records *r, struct store_error *err)
{
    enum store_status st = STORE_OK;
    bool whole = r->signers.count > 0;
    /* the list grows as signers of keys and delegations come in */
    for (size_t i = 0; whole && st == STORE_OK && i < r->signers.count && i < CHAIN_ZONES; i++) {
        const char *zone = r->signers.items[i];
        st = fetch(dns, zone, DNS_DNSKEY, r, &whole, err);
        if (st == STORE_OK && whole && !dns_is_anchor(dns, zone))
            st = fetch(dns, zone, DNS_DS, r, &whole, err);
    }
    r->complete = st == STORE_OK && whole && r->signers.count <= CHAIN_ZONES;
    return st;
}
