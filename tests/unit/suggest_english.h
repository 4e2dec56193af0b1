/*
 * suggest_english - English sentences of debtors, and what each suggests
 *
 * Written on Friday, 27 November 2026.
 */
#ifndef TEMOIN_TESTS_SUGGEST_ENGLISH_H
#define TEMOIN_TESTS_SUGGEST_ENGLISH_H

#include "tests/unit/suggest_sentence.h"

static const struct said promise_english[] = {
    {"We will pay by 15 December.", "promise:2026-12-15"},
    {"we will pay next Friday", "promise:2026-12-04"},
    {"We'll pay at the end of the month.", "promise:2026-11-30"},
    {"We will pay within 10 days.", "promise:2026-12-07"},
    {"We will transfer 1,200.50 on 15 December.", "promise:2026-12-15:120050"},
    {"We will transfer EUR 500 on Monday.", "promise:2026-11-30:50000"},
    {"We'll get this paid by the end of next week.", "promise:2026-12-04"},
    {"Payment will be released on Monday.", "promise:2026-11-30"},
    {"This invoice is scheduled for payment on 10 December 2026.", "promise:2026-12-10"},
    {"I'm going to transfer the full amount of £1,450.00 tomorrow.", "promise:2026-11-28:145000"},
    {"Your invoice has been approved and will be paid in our next payment run on December 15th.",
     "promise:2026-12-15"},
    {"We expect to settle the outstanding balance within 14 days.", "promise:2026-12-11"},
    {"You should have the money by Wednesday.", "promise:2026-12-02"},
    {"We'll send you a cheque for EUR 320 on the 5th.", "promise:2026-12-05:32000"},
    {"I can pay half now and the remainder in January.", "promise:2027-01-31"},
    {"We are planning to pay you at the end of the month.", "promise:2026-11-30"},
    {"We should be in a position to pay by the 18th.", "promise:2026-12-18"},
    {"I have asked our accounts team to release payment next week.", "promise:2026-12-04"},
    {"Apologies for the delay, this will go out in Friday's payment run.", "promise:2026-12-04"},
    {"You'll receive the funds by close of business on Tuesday.", "promise:2026-12-01"},
    {"I've set up the transfer for 1 December.", "promise:2026-12-01"},
    {"The remaining $2,500.00 will be paid on Jan 5.", "promise:2027-01-05:250000"},
    {"We hope to clear the account before Christmas, by 22 December at the latest.",
     "promise:2026-12-22"},
    {"I shall arrange for a bank transfer first thing tomorrow.", "promise:2026-11-28"},
    {"Payment will follow within 7 days.", "promise:2026-12-04"},
    {"Ok will pay monday", "promise:2026-11-30"},
};

static const struct said already_paid_english[] = {
    {"we paid this last week", "already-paid"},
    {"Payment was sent on 20 November.", "already-paid:2026-11-20"},
    {"This was paid on 3 November.", "already-paid:2026-11-03"},
    {"We have already settled this invoice.", "already-paid"},
    {"The transfer went out yesterday.", "already-paid:2026-11-26"},
    {"Our records show that this invoice was paid on 30/10/2026.", "already-paid:2026-10-30"},
    {"I've just made the payment.", "already-paid"},
    {"Please find attached the proof of payment.", "already-paid"},
    {"A cheque for €600 was posted to you last Friday.", "already-paid:2026-11-20:60000"},
    {"Payment done.", "already-paid"},
    {"Payment was made on the 12th via BACS.", "already-paid:2026-11-12"},
    {"Hi, this one was settled on 16/11, see attached remittance.", "already-paid:2026-11-16"},
    {"I paid it this morning.", "already-paid:2026-11-27"},
    {"We believe this has already been paid.", "already-paid"},
    {"The cheque was cashed on 9 November.", "already-paid:2026-11-09"},
    {"We sent the payment two days ago.", "already-paid:2026-11-25"},
    {"Money sent yesterday.", "already-paid:2026-11-26"},
    {"The full balance of £3,210.75 was transferred on 25 November 2026.",
     "already-paid:2026-11-25:321075"},
};

static const struct said dispute_english[] = {
    {"We dispute this invoice.", "dispute"},
    {"The matter is in litigation.", "dispute"},
    {"We never ordered these goods.", "dispute"},
    {"The amount on the invoice is wrong.", "dispute"},
    {"We are still waiting for a credit note.", "dispute"},
    {"The goods arrived damaged and we will not be paying until they are replaced.", "dispute"},
    {"We were charged twice for the same delivery.", "dispute"},
    {"This invoice is in dispute.", "dispute"},
    {"The price does not match our purchase order.", "dispute"},
    {"The work has not been completed.", "dispute"},
    {"The quantity delivered does not match the invoice.", "dispute"},
    {"Half of the items were missing from the shipment.", "dispute"},
    {"We did not authorise this work.", "dispute"},
    {"I'm not happy with the quality of the work and won't be paying until it's fixed.", "dispute"},
    {"You have billed us at the wrong rate.", "dispute"},
    {"We returned the goods in October and expect a credit note.", "dispute"},
    {"This order was cancelled in September.", "dispute"},
    {"That's not the price we agreed.", "dispute"},
    {"The amount is incorrect, it should be 450 not 540.", "dispute"},
};

static const struct said asks_document_english[] = {
    {"Could you resend the invoice?", "asks-document"},
    {"Please provide a statement.", "asks-document"},
    {"Could you please send me a copy of the invoice?", "asks-document"},
    {"We don't seem to have received this invoice.", "asks-document"},
    {"Please provide your bank details.", "asks-document"},
    {"Can you resend it with our PO number?", "asks-document"},
    {"We need a signed proof of delivery before we can process this.", "asks-document"},
    {"Please could I have a copy invoice?", "asks-document"},
    {"We have no record of this invoice, kindly resend.", "asks-document"},
    {"Would you be able to send over a statement of account?", "asks-document"},
    {"I can't find invoice 1042, can you email it again?", "asks-document"},
    {"We can't process this without a PO number.", "asks-document"},
};

static const struct said asks_time_english[] = {
    {"Could we have until the end of January?", "asks-time:2027-01-31"},
    {"Would you accept payment in three instalments?", "asks-time"},
    {"We are having cash flow problems at the moment.", "asks-time"},
    {"Could you give us until 15 January?", "asks-time:2027-01-15"},
    {"We need a few more weeks to pay.", "asks-time"},
    {"Can we set up a payment plan?", "asks-time"},
    {"Any chance we could pay this at the end of January?", "asks-time:2027-01-31"},
    {"Could we please have a bit more time to pay?", "asks-time"},
    {"We're struggling with cash flow right now.", "asks-time"},
    {"We are unable to pay the full amount at present.", "asks-time"},
    {"Would it be possible to pay in instalments?", "asks-time"},
    {"We would like to request an extension until 31 January.", "asks-time:2027-01-31"},
};

static const struct said wrong_person_english[] = {
    {"I no longer work here.", "wrong-person"},
    {"She left the company in June.", "wrong-person"},
    {"I'm not the right person to deal with this.", "wrong-person"},
    {"Please contact our accounts department at ap@debtor.example.", "wrong-person"},
    {"John has left the company.", "wrong-person"},
    {"I no longer handle supplier payments.", "wrong-person"},
    {"You have the wrong email address.", "wrong-person"},
    {"Sorry, I think you've got the wrong person.", "wrong-person"},
    {"Please direct all invoice queries to Sarah Jones, sarah.jones@debtor.example.",
     "wrong-person"},
    {"I don't work for this company anymore.", "wrong-person"},
    {"Our accounts are now handled by an external firm, please write to them at fact@ext.example.",
     "wrong-person"},
    {"I don't deal with invoices.", "wrong-person"},
};

static const struct said nothing_english[] = {
    {"Thanks, I'll look into it and get back to you.", ""},
    {"When is the payment due?", ""},
    {"We have not paid this invoice yet.", ""},
    {"If you have not been paid by Friday, let me know.", ""},
    {"I will check with my accountant tomorrow.", ""},
    {"I'm on holiday until 3 January.", ""},
    {"Do you accept payment by card?", ""},
    {"Your invoice dated 15 October has been received.", ""},
    {"Could you call me back on Monday?", ""},
    {"I'll chase our accounts team.", ""},
    {"Has this invoice been paid?", ""},
    {"We received the goods on 3 November, thank you.", ""},
    {"The invoice is currently being reviewed by my manager.", ""},
    {"I am not disputing the invoice.", ""},
    {"What happens if we don't pay by Friday?", ""},
    {"Let me know if you need anything else.", ""},
};

#endif
