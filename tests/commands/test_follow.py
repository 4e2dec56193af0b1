"""temoin follow on logs that are written here: rotation, truncation, kill -9, whose message it is."""

import bz2
import contextlib
import fcntl
import gzip
import json
import lzma
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from lib import mails, milter, wait
from lib.case import BUILD, DaemonCase
from lib.mails import JEANNE, PAUL

REMOTE = "/usr/lib/systemd/systemd-journal-remote"
ACCEPTED = "250 2.0.0 Ok: queued as 4F00{0}"


def stamp(seconds):
    return time.strftime("%b %e %H:%M:%S", time.gmtime(seconds))


def postfix(program, text, at=None, pid=4711):
    return f"{stamp(at or time.time())} mail postfix/{program}[{pid}]: {text}\n"


def delivery(queue_id, to=PAUL, status="sent", words="250 2.0.0 Ok: queued as 4F001", at=None,
             relay="mx.debtor.example[192.0.2.1]:25", pid=4711, program="smtp", dsn="2.0.0"):  # fmt: skip
    text = f"{queue_id}: to=<{to}>, relay={relay}, delay=1, delays=0/0/1/0, dsn={dsn}, " \
           f"status={status} ({words})"  # fmt: skip
    return postfix(program, text, at, pid)


def strangers(count, at=None):
    return "".join(delivery(f"5AA{n:07X}", f"u{n}@elsewhere.example", at=at) for n in range(count))


class FollowCase(DaemonCase):
    log_numbers = iter(range(1000))

    def setUp(self):
        place = self.directory / f"log{next(self.log_numbers)}"
        place.mkdir()
        place.chmod(0o755)
        self.log = place / "mail.log"
        self.log.write_text("")

    def write(self, *lines):
        with open(self.log, "a") as log:
            log.write("".join(lines))

    def follow(self, *argv, **keywords):
        argv = argv or ("--once", self.log)
        return json.loads(self.daemon.temoin("follow", "--json", *argv, **keywords).stdout)

    def remind_as(self, queue_id=None, to=(PAUL,), mid=None):
        """A reminder in the log of entries: (invoice, its queue ID)."""
        invoice, queue_id = self.invoice(), queue_id or self.queue_id()
        outcome = self.submit(mails.reminder(invoice, to=", ".join(to), mid=mid), to,
                              queue_id=queue_id)  # fmt: skip
        self.assert_stamped(outcome)
        return invoice, queue_id

    def told(self, invoice):
        return [(e["event"], e["log"].get("smtp_reply")) for e in self.daemon.entries(invoice)
                if "log" in e]  # fmt: skip

    def alarms(self):
        with sqlite3.connect(f"file:{self.daemon.store}/log.db?mode=ro", uri=True) as db:
            rows = db.execute("SELECT private FROM entry WHERE event = 'unrecorded' ORDER BY seq")
            return [json.loads(private) for (private,) in rows]


class Files(FollowCase):
    def test_goes_on_where_it_stopped(self):
        invoice, queue_id = self.remind_as()
        self.write(strangers(100), delivery(queue_id, status="deferred", words="timeout"))
        self.assertEqual(self.follow()["lines"], 101)
        self.write(strangers(10), delivery(queue_id))
        self.assertEqual(self.follow()["lines"], 11)
        self.assertEqual(
            self.told(invoice), [("delayed", None), ("handed-over", "250 2.0.0 Ok: queued as 4F001")]
        )

    def test_tells_what_is_wrong_with_the_log(self):
        done = self.daemon.temoin("follow", "--once", self.log.parent, status=None)
        self.assertIn("Is a directory", done.stderr)
        self.assertIn(str(self.log.parent), done.stderr)
        done = self.daemon.temoin("follow", "--once", "--journal=/nope", status=66)
        self.assertIn("/nope", done.stderr)
        self.write("Nov 27 10:00:00 mail CRON[12]: (root) CMD (true)\n",
                   "Nov 27 10:00:01 mail sshd[13]: Accepted publickey for root from 192.0.2.9\n",
                   "Nov 27 10:00:02 mail kernel: [1.5] usb 1-1: new device\n")  # fmt: skip
        done = self.daemon.temoin("follow", "--once", self.log)
        self.assertIn(f"no line of a mail server in {self.log}", done.stderr)
        self.write(strangers(1))
        self.assertNotIn("no line", self.daemon.temoin("follow", "--once", self.log).stderr)

    def test_the_log_of_a_mail_server_without_mail_is_no_cause_for_doubt(self):
        self.write(postfix("master", "daemon started -- version 3.7.11, configuration /etc/postfix"))
        self.assertEqual(self.daemon.temoin("follow", "--once", self.log).stderr, "")

    def test_what_this_run_entered_was_not_known_before(self):
        _, queue_id = self.remind_as()
        self.write(delivery(queue_id), delivery(queue_id))  # as two loggers write it
        figures = self.follow()
        self.assertEqual((figures["known"], figures["entries"]["handed-over"]), (0, 1))
        self.assertEqual(self.follow("-", stdin=self.log.read_text())["known"], 2)

    def test_a_line_that_was_erased_does_not_come_back(self):
        """Of a message that is still there."""
        invoice, queue_id = self.remind_as()
        self.write(delivery(queue_id, status="deferred", words="timeout"), delivery(queue_id))
        self.follow()
        for entry in self.daemon.entries(invoice):
            if entry["event"] in ("delayed", "handed-over"):
                self.daemon.temoin("erase", "--entry", entry["seq"], "--ground", "mistake",
                                   "--by", "Jeanne")  # fmt: skip
        before = self.daemon.events(invoice)
        figures = self.follow("-", stdin=self.log.read_text())
        self.assertEqual((figures["known"], sum(figures["entries"].values())), (2, 0))
        self.assertEqual(self.daemon.events(invoice), before)

    def test_the_same_line_of_another_logger(self):
        """The second may have changed before the other one wrote its stamp."""
        invoice, queue_id = self.remind_as()
        now = int(time.time())
        self.write(delivery(queue_id, status="deferred", words="timeout", at=now))
        self.follow()
        for later, entered in ((1, 0), (-1, 0), (2, 0), (60, 1), (61, 0), (120, 1)):
            with self.subTest(later=later):
                line = delivery(queue_id, status="deferred", words="timeout", at=now + later)
                figures = self.follow("-", stdin=line)
                self.assertEqual(figures["entries"]["delayed"], entered)
        line = delivery(queue_id, status="deferred", words="timeout", at=now + 1, pid=4712)
        self.assertEqual(self.follow("-", stdin=line)["entries"]["delayed"], 1)
        self.assertEqual([event for event, _ in self.told(invoice)], ["delayed"] * 4)

    def in_repeated_hour(self, *argv, **keywords):
        """Follow where clocks are set back by an hour in ten minutes: in an hour and five minutes
        they show the same as in five minutes."""
        now, environment = int(time.time()), self.daemon.environment
        summer = time.gmtime(now + 70 * 60)  # as summer's clock shows that instant
        zone = f"AAA0BBB,{(summer.tm_yday - 1 + 183) % 365}/0,{summer.tm_yday - 1}/" \
               f"{time.strftime('%H:%M:%S', summer)}"  # fmt: skip
        self.daemon.environment = lambda: {**environment(), "TZ": zone}
        try:
            return self.follow(*argv, **keywords)
        finally:
            self.daemon.environment = environment

    def occurred(self, event):
        with sqlite3.connect(f"file:{self.daemon.store}/log.db?mode=ro", uri=True) as db:
            rows = db.execute("SELECT private FROM entry WHERE event = ?"
                              " AND private IS NOT NULL ORDER BY seq", (event,))  # fmt: skip
            return [json.loads(private)["occurred"] for (private,) in rows]

    def test_an_hour_that_is_repeated(self):
        """A line of its second half is what it was the first time, wherever reading begins."""
        invoice, queue_id = self.remind_as()
        now = int(time.time())
        shown = now + 65 * 60
        self.write(delivery(queue_id, status="deferred", words="in summer", at=shown + 180))
        self.in_repeated_hour()
        self.write(delivery(queue_id, status="deferred", words="in winter", at=shown))
        self.in_repeated_hour()  # where the first run was is not forgotten
        wanted = [shown - 3600 + 180, shown]
        utc = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)) for at in wanted]
        self.assertEqual(self.occurred("delayed")[-2:], utc)
        for lines in self.log.read_text().splitlines(keepends=True):
            figures = self.in_repeated_hour("-", stdin=lines)
            self.assertEqual((figures["known"], figures["entries"]["delayed"]), (1, 0))
        self.assertEqual([event for event, _ in self.told(invoice)], ["delayed"] * 2)

    def test_half_a_line_waits_for_its_other_half(self):
        invoice, queue_id = self.remind_as()
        line = delivery(queue_id)
        self.write(strangers(5), line[:80])
        self.assertEqual(self.follow()["lines"], 5)
        self.write(line[80:])
        self.assertEqual(self.follow()["lines"], 1)
        self.assertEqual(len(self.told(invoice)), 1)

    def test_renamed_and_made_anew(self):
        invoice, queue_id = self.remind_as()
        self.write(strangers(20))
        self.follow()
        self.write(delivery(queue_id, status="deferred", words="timeout"))
        self.log.rename(self.log.with_name("mail.log.1"))
        self.write(strangers(3), delivery(queue_id))
        self.assertEqual(self.follow()["lines"], 5)
        self.assertEqual([event for event, _ in self.told(invoice)], ["delayed", "handed-over"])

    def test_copied_and_truncated(self):
        invoice, queue_id = self.remind_as()
        self.write(strangers(20))
        self.follow()
        self.write(delivery(queue_id, status="deferred", words="timeout"))
        shutil.copy(self.log, self.log.with_name("mail.log.1"))
        os.truncate(self.log, 0)
        self.write(delivery(queue_id))
        self.assertEqual(self.follow()["lines"], 2)
        self.assertEqual([event for event, _ in self.told(invoice)], ["delayed", "handed-over"])

    def compressed(self, suffix, pack):
        invoice, queue_id = self.remind_as()
        self.write(strangers(20))
        self.follow()
        self.write(delivery(queue_id, status="deferred", words="timeout"))
        old = self.log.with_name(f"mail.log.2{suffix}")
        old.write_bytes(pack(self.log.read_bytes()))
        self.log.unlink()
        self.write(delivery(queue_id, status="deferred", words="still a timeout"))
        time.sleep(0.02)
        self.log.rename(self.log.with_name("mail.log.1"))
        self.write(delivery(queue_id))
        self.assertEqual(self.follow()["lines"], 3)
        events = ["delayed", "delayed", "handed-over"]
        self.assertEqual([event for event, _ in self.told(invoice)], events)
        places = [e["seq"] for e in self.daemon.entries(invoice) if "log" in e]
        self.assertEqual(places, sorted(places))

    def test_gzip(self):
        self.compressed(".gz", gzip.compress)

    def test_xz(self):
        self.compressed(".xz", lzma.compress)

    def test_bzip2(self):
        self.compressed(".bz2", bz2.compress)

    def test_zstd(self):
        def pack(data):
            return subprocess.run(["zstd", "-q"], input=data, capture_output=True, check=True).stdout

        self.compressed(".zst", pack)

    def test_predecessors_the_first_time(self):
        invoice, queue_id = self.remind_as()
        old = strangers(5) + delivery(queue_id, status="deferred", words="timeout")
        self.log.with_name("mail.log.1.gz").write_bytes(gzip.compress(old.encode()))
        self.write(delivery(queue_id))
        self.follow()
        self.assertEqual([event for event, _ in self.told(invoice)], ["delayed", "handed-over"])

    def test_the_place_is_gone(self):
        invoice, queue_id = self.remind_as()
        self.write(strangers(20))
        self.follow()
        self.log.unlink()
        self.write(delivery(queue_id))
        done = self.daemon.temoin("follow", "--once", self.log)
        self.assertIn("lines may be missing", done.stderr)
        self.assertEqual(len(self.told(invoice)), 1)

    def test_no_log(self):
        done = self.daemon.temoin("follow", "--once", self.log.with_name("none"), status=66)
        self.assertIn("none", done.stderr)

    def test_standard_input(self):
        invoice, queue_id = self.remind_as()
        text = strangers(5) + delivery(queue_id).rstrip("\n")
        figures = self.follow("-", stdin=text)
        self.assertEqual((figures["lines"], figures["entries"]["handed-over"]), (6, 1))
        self.assertEqual(self.follow("-", stdin=text)["known"], 1)
        self.assertEqual(len(self.told(invoice)), 1)

    def test_a_state_that_cannot_be_read_is_said(self):
        self.write(strangers(3))
        self.follow()
        (state,) = [p for p in (self.daemon.store / "follow").iterdir()
                    if str(self.log) in p.read_text()]  # fmt: skip
        state.write_text("{")
        self.assertIn("remove it", self.daemon.temoin("follow", "--once", self.log, status=65).stderr)

    def test_damaged_lines(self):
        invoice, queue_id = self.remind_as()
        line = delivery(queue_id)
        with open(self.log, "ab") as log:
            for n in range(len(line)):
                log.write(line[:n].encode() + b"\n")
                log.write(line[:n].encode() + b"\xff\0" + line[n:].encode())
            log.write(b"\0" * 3000 + b"\n" + b"x" * 700000 + b"\n" + line.encode())
        self.follow()
        replies = {reply for _, reply in self.told(invoice)}
        self.assertIn("250 2.0.0 Ok: queued as 4F001", replies)
        self.daemon.temoin("verify", "--log")


class Whose(FollowCase):
    def test_a_queue_id_used_again(self):
        invoice, queue_id = self.remind_as()
        now = time.time()
        self.write(
            delivery(queue_id, at=now + 1), postfix("qmgr", f"{queue_id}: removed", now + 1),
            postfix("smtpd", f"{queue_id}: client=other[198.51.100.1]", now + 5),
            delivery(queue_id, words="250 another message", at=now + 6),
        )  # fmt: skip
        self.follow()
        self.write(delivery(queue_id, words="250 and another", at=now + 7))
        self.follow()  # another process: it remembers
        self.assertEqual(self.told(invoice), [("handed-over", "250 2.0.0 Ok: queued as 4F001")])

    def test_two_messages_under_one_queue_id(self):
        first, queue_id = self.remind_as()
        now = time.time()
        self.write(delivery(queue_id), postfix("qmgr", f"{queue_id}: removed"))
        self.follow()
        wait.until(lambda: time.time() > now + 3, 10, "three seconds")
        second, _ = self.remind_as(queue_id)
        self.write(delivery(queue_id, words="250 the second"))
        self.follow()
        self.assertEqual([reply for _, reply in self.told(first)], ["250 2.0.0 Ok: queued as 4F001"])
        self.assertEqual([reply for _, reply in self.told(second)], ["250 the second"])

    def test_another_recipient_and_another_time(self):
        invoice, queue_id = self.remind_as()
        self.write(delivery(queue_id, "eve@elsewhere.example"),
                   delivery(queue_id, at=time.time() - 3600),
                   delivery(queue_id, at=time.time() - 20 * 86400))  # fmt: skip
        self.follow()
        self.assertEqual(self.told(invoice), [])

    def test_requeued(self):
        invoice, queue_id = self.remind_as()
        self.write(postfix("pickup", f"4NEW0000001: uid=89 from=<{JEANNE}> orig_id={queue_id}"),
                   delivery("4NEW0000001"))  # fmt: skip
        self.follow()
        self.write(delivery("4NEW0000001", words="250 later"))
        self.follow()
        self.assertEqual([reply for _, reply in self.told(invoice)],
                         ["250 2.0.0 Ok: queued as 4F001", "250 later"])  # fmt: skip

    def test_through_a_content_filter(self):
        mid = mails.message_id()
        invoice, queue_id = self.remind_as(mid=mid)
        self.write(
            postfix("smtpd", "4INNER00001: client=localhost[127.0.0.1]"),
            postfix("cleanup", f"4INNER00001: message-id={mid}"),
            delivery(queue_id, relay="127.0.0.1[127.0.0.1]:10024",
                     words="250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as "
                           "4INNER00001"),
            delivery("4INNER00001", words="250 the debtor's server"),
        )  # fmt: skip
        self.follow()
        self.assertEqual([event for event, _ in self.told(invoice)], ["relayed", "handed-over"])
        self.assertEqual(self.told(invoice)[1][1], "250 the debtor's server")

    def test_tls_of_the_connection(self):
        invoice, queue_id = self.remind_as()
        peer = "mx.debtor.example[192.0.2.1]:25"
        tls = (f"Verified TLS connection established to {peer}: TLSv1.3 with cipher "
               "TLS_AES_256_GCM_SHA384 (256/256 bits)")  # fmt: skip
        self.write(postfix("smtp", tls, pid=31))
        self.follow()  # remembered by the next process
        self.write(delivery(queue_id, pid=31), delivery("5OTHER", "x@y.example", pid=31),
                   delivery(queue_id, words="250 plain", pid=31))  # fmt: skip
        self.follow()
        remotes = [e["log"]["remote"] for e in self.daemon.entries(invoice) if "log" in e]
        self.assertEqual(remotes, ["mx.debtor.example [192.0.2.1]:25, TLSv1.3 (Verified)",
                                   "mx.debtor.example [192.0.2.1]:25"])  # fmt: skip

    def test_not_to_the_debtors_server(self):
        invoice, queue_id = self.remind_as()
        self.write(
            delivery(queue_id, relay="smtp.provider.example[192.0.2.9]:587", words="250 taken"),
            delivery(queue_id, relay="dovecot", program="pipe", words="delivered via dovecot service"),
            delivery(queue_id, relay="none", program="discard", words="policy"),
        )  # fmt: skip
        self.follow()
        self.assertEqual(self.told(invoice), [("relayed", "250 taken"), ("delivered-locally", None),
                                              ("delivered-locally", None)])  # fmt: skip
        self.assertEqual({e["level"] for e in self.daemon.entries(invoice)}, {"prepared"})

    def test_expired(self):
        invoice, queue_id = self.remind_as()
        self.write(delivery(queue_id, status="deferred", words="connect to x: refused"),
                   postfix("qmgr", f"{queue_id}: from=<{JEANNE}>, status=expired, returned to sender"))
        self.follow()
        self.assertEqual([event for event, _ in self.told(invoice)], ["delayed", "failed"])

    def test_sendmail(self):
        invoice, queue_id = self.remind_as("5ARKFcXX012345")
        head = f"{stamp(time.time())} mail sm-mta[77]: {queue_id}: "
        self.write(
            head + f"from=<{JEANNE}>, size=700, class=0, nrcpts=1, msgid=<x@y>, proto=ESMTP, "
            "daemon=MTA, relay=client [192.0.2.5]\n",
            head + f"to=<{PAUL}>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=1, "
            "relay=mx.debtor.example. [192.0.2.1], dsn=4.0.0, stat=Deferred: 451 try again\n",
            head + f"to=<{PAUL}>, delay=00:00:02, xdelay=00:00:01, mailer=esmtp, pri=1, "
            "relay=mx.debtor.example. [192.0.2.1], dsn=2.0.0, stat=Sent (2.0.0 Ok: queued as 4X)\n",
        )  # fmt: skip
        self.follow()
        self.assertEqual(self.told(invoice), [
            ("submitted", None), ("delayed", "451 try again"),
            ("handed-over", "2.0.0 Ok: queued as 4X"),
        ])  # fmt: skip


class Alarm(FollowCase):
    def queued(self, queue_id, login="jeanne", to=PAUL, more=()):
        self.write(
            postfix("submission/smtpd", f"{queue_id}: client=c[192.0.2.5], sasl_method=PLAIN, "
                    f"sasl_username={login}"),
            postfix("cleanup", f"{queue_id}: message-id=<{queue_id}@client.example>"),
            *more,
            postfix("qmgr", f"{queue_id}: from=<{JEANNE}>, size=700, nrcpt=1 (queue active)"),
            delivery(queue_id, to), delivery(queue_id, to, words="250 again"),
        )  # fmt: skip

    def test_past_the_milter(self):
        before = len(self.alarms())
        self.queued("6BYPASS0001")
        done = self.daemon.temoin("follow", "--once", self.log)
        self.assertEqual(done.stderr.count("6BYPASS0001: accountant's mail to a debtor"), 1)
        (alarm,) = self.alarms()[before:]
        self.assertEqual((alarm["login"], alarm["debtor"]), ("jeanne", ["ACME"]))
        self.assertEqual(alarm["envelope"], {"from": JEANNE, "to": [PAUL], "queue_id": "6BYPASS0001"})
        state = self.daemon.store / "follow"
        shutil.rmtree(state)
        self.assertNotIn("accountant's mail", self.daemon.temoin("follow", "--once", self.log).stderr)
        self.assertEqual(len(self.alarms()), before + 1)
        self.assertEqual(self.daemon.json("stats")["follow"]["alarms"], before + 1)

    def test_no_alarm(self):
        before = len(self.alarms())
        _, known = self.remind_as()
        seen = postfix("x", "")[:15] + " mail temoind/submission[9]: 6SEEN000001: untouched reason=x\n"
        self.queued(known)
        self.queued("6BOSS000001", login="boss")
        self.queued("6FRIEND0001", to="friend@elsewhere.example")
        self.queued("6SEEN000001", more=[seen])
        self.follow()
        self.assertEqual(self.alarms()[before:], [])

    def test_a_second_attempt_of_the_client_is_the_same_message(self):
        before = len(self.alarms())
        mid = mails.message_id()
        invoice, _ = self.remind_as(mid=mid)
        self.write(
            postfix("smtpd", "6AGAIN00001: client=c[192.0.2.5], sasl_method=PLAIN, "
                    "sasl_username=jeanne"),
            postfix("cleanup", f"6AGAIN00001: message-id={mid}"),
            delivery("6AGAIN00001"),
        )  # fmt: skip
        self.follow()
        self.assertEqual(len(self.told(invoice)), 1)
        self.assertEqual(self.alarms()[before:], [])


class RunningCase(FollowCase):
    def start(self, source=None):
        argv = [BUILD / "temoin", "--config", self.daemon.config_file, "follow", source or self.log]
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.daemon.environment()
        )
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stderr.close()


class Service(RunningCase):
    def test_follows_through_rotations(self):
        invoice, queue_id = self.remind_as()
        self.write(strangers(5))
        process = self.start()
        self.write(delivery(queue_id, words="250 first"))
        wait.until(lambda: len(self.told(invoice)) == 1, 20, "the first")
        self.log.rename(self.log.with_name("mail.log.1"))
        with open(self.log.with_name("mail.log.1"), "a") as old:
            old.write(delivery(queue_id, words="250 second"))
        self.write(delivery(queue_id, words="250 third"))
        wait.until(lambda: len(self.told(invoice)) == 3, 20, "both")
        shutil.copy(self.log, self.log.with_name("mail.log.1"))
        os.truncate(self.log, 0)
        self.write(delivery(queue_id, words="250 4th"))
        wait.until(lambda: len(self.told(invoice)) == 4, 20, "after the truncation")
        process.terminate()
        self.assertEqual(process.wait(10), 0)
        replies = [reply for _, reply in self.told(invoice)]
        self.assertEqual(replies, ["250 first", "250 second", "250 third", "250 4th"])

    def test_a_truncation_without_a_copy_is_said(self):
        invoice, queue_id = self.remind_as()
        process = self.start()
        self.write(strangers(5), delivery(queue_id, words="250 first"))
        wait.until(lambda: len(self.told(invoice)) == 1, 20, "the first")
        os.truncate(self.log, 0)
        self.write(delivery(queue_id, words="250 second"))
        wait.until(lambda: len(self.told(invoice)) == 2, 20, "the second")
        process.terminate()
        said = process.communicate(timeout=10)[1].decode()
        self.assertIn("no copy of what it held is there: lines may be missing", said)

    def test_killed_at_any_moment(self):
        """kill -9 again and again while lines come: none is lost, none enters twice."""
        reminders = [self.remind_as() for _ in range(12)]
        for number, (_, queue_id) in enumerate(reminders * 5):
            process = self.start()
            self.write(strangers(50), delivery(queue_id, words=f"250 line {number}"))
            time.sleep(0.01 * (number % 13))
            process.kill()
            process.wait()
        self.follow()
        for number, (invoice, _) in enumerate(reminders):
            replies = [reply for _, reply in self.told(invoice)]
            self.assertEqual(replies, [f"250 line {number + 12 * k}" for k in range(5)])
        self.daemon.temoin("verify", "--log")

    def test_waits_for_a_log_of_entries_that_cannot_be_written(self):
        """It has tried, and said that it could not, before it can."""
        invoice, queue_id = self.remind_as()
        process = self.start()
        os.set_blocking(process.stderr.fileno(), False)
        said = b""

        def complained():
            nonlocal said
            said += process.stderr.read() or b""
            return b"trying again" in said

        scribes = self.daemon.signal("scribe", signal.SIGSTOP)
        try:
            self.write(delivery(queue_id))
            wait.until(complained, 60, "a complaint")
            self.assertEqual(self.told(invoice), [])
        finally:
            for pid in scribes:
                os.kill(pid, signal.SIGCONT)
        wait.until(lambda: len(self.told(invoice)) == 1, 30, "the entry")
        self.assertIsNone(process.poll())
        complained()
        self.assertEqual(said.count(b"trying again"), 1)

    def test_two_take_turns(self):
        """Whoever enters lines holds the directory of places: another waits, and looks after it."""
        invoice, queue_id = self.remind_as()
        self.write(strangers(1))
        self.follow()
        held = os.open(self.daemon.store / "follow", os.O_RDONLY)
        self.addCleanup(os.close, held)
        fcntl.flock(held, fcntl.LOCK_EX)
        process = self.start()
        self.write(delivery(queue_id))
        proc = pathlib.Path(f"/proc/{process.pid}")

        def has_read():
            for link in (proc / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if os.readlink(link) == str(self.log):
                        info = (proc / "fdinfo" / link.name).read_text()
                        return f"pos:\t{self.log.stat().st_size}\n" in info
            return False

        def sleeps():
            status = (proc / "status").read_text()
            return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])

        wait.until(has_read, 20, "the line is read")
        before = sleeps()
        wait.until(lambda: sleeps() >= before + 10, 20, "it has waited, and looked again")
        self.assertEqual(self.told(invoice), [])
        fcntl.flock(held, fcntl.LOCK_UN)
        wait.until(lambda: len(self.told(invoice)) == 1, 20, "the entry")


@unittest.skipUnless(pathlib.Path(REMOTE).exists(), "systemd-journal-remote is not there")
class Journal(RunningCase):
    def add(self, place, name, *lines, uid=0):
        """Journal entries as journald would have them, in a file of their own."""
        text = ""
        for number, (program, pid, message) in enumerate(lines):
            micro = int(time.time() * 1e6) + number
            text += (
                f"__REALTIME_TIMESTAMP={micro}\n__MONOTONIC_TIMESTAMP={micro}\n"
                "_BOOT_ID=0123456789abcdef0123456789abcdef\n_MACHINE_ID="
                "fedcba9876543210fedcba9876543210\n_HOSTNAME=mail\nPRIORITY=6\nSYSLOG_FACILITY=2\n"
                f"_UID={uid}\n"
                f"SYSLOG_IDENTIFIER={program}\n_PID={pid}\nSYSLOG_PID={pid}\nMESSAGE={message}\n\n"
            )
        subprocess.run(
            [REMOTE, "-o", place / f"{name}.journal", "-"], input=text.encode(), check=True,
            capture_output=True,
        )  # fmt: skip
        for path in place.iterdir():
            path.chmod(0o644)

    def test_a_directory_of_journals(self):
        place = self.log.parent / "journal"
        place.mkdir()
        place.chmod(0o755)
        invoice, queue_id = self.remind_as()
        line = delivery(queue_id).split("]: ", 1)[1].rstrip("\n")
        self.add(place, "a", ("postfix/smtp", 7, "5X00001: to=<a@b.example>, relay=none, status=sent"),
                 ("postfix/smtp", 8, line.replace("sent", "deferred")), ("cron", 9, "nothing"))  # fmt: skip
        figures = self.follow("--once", f"--journal={place}")
        self.assertEqual((figures["lines"], figures["entries"]["delayed"]), (3, 1))
        self.add(place, "b", ("postfix/smtp", 8, line))
        figures = self.follow("--once", f"--journal={place}")
        self.assertEqual((figures["lines"], figures["entries"]["handed-over"]), (1, 1))
        (handed,) = [e for e in self.daemon.entries(invoice) if e["event"] == "handed-over"]
        self.assertIn(f"postfix/smtp[8]: {line}", handed["log"]["line"])

    def test_what_a_person_writes_in_the_servers_name(self):
        """logger -p mail.info -t postfix/smtp: journald says whose words they are."""
        place = self.log.parent / "journal"
        place.mkdir()
        place.chmod(0o755)
        invoice, queue_id = self.remind_as()
        line = delivery(queue_id).split("]: ", 1)[1].rstrip("\n")
        self.add(place, "a", *[("postfix/smtp", 8, line)] * 600, uid=1000)
        self.assertEqual(self.follow("--once", f"--journal={place}")["lines"], 0)
        self.assertEqual(self.told(invoice), [])
        self.add(place, "b", ("postfix/smtp", 8, line), uid=108)
        self.follow("--once", f"--journal={place}")
        self.assertEqual([event for event, _ in self.told(invoice)], ["handed-over"])

    def test_goes_on_in_a_new_file(self):
        """journald begins a new file now and then, and goes on in that."""
        place = self.log.parent / "journal"
        place.mkdir()
        place.chmod(0o755)
        invoice, queue_id = self.remind_as()
        line = delivery(queue_id).split("]: ", 1)[1].rstrip("\n")
        self.add(place, "a", ("postfix/smtp", 8, line.replace("sent", "deferred")))
        self.start(f"--journal={place}")
        wait.until(lambda: len(self.told(invoice)) == 1, 20, "the first file's")
        self.add(place, "b", ("postfix/smtp", 8, line))
        wait.until(lambda: len(self.told(invoice)) == 2, 20, "the new file's")
        self.assertEqual([event for event, _ in self.told(invoice)], ["delayed", "handed-over"])
