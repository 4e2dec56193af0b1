/*
 * xtext - what SMTP extensions encode within a parameter, decoded
 *
 * Both decode in place, for the text never grows. What is no valid code stays as it stands.
 */
#ifndef TEMOIN_POLICY_XTEXT_H
#define TEMOIN_POLICY_XTEXT_H

/* RFC 3461, 4: "+2B" is "+". Octets that are no printable ASCII stay encoded. */
void xtext_decode(char *text);

/* RFC 6533, 3: "\x{E9}" is é in an address of the type "utf-8". */
void xtext_decode_utf8(char *text);

#endif
