"""The company itself as attacker: it has every key and every file, and writes its log again.

    forger = Forger(daemon)             # the daemon is stopped
    entries = forger.read()
    del entries[3]
    forger.write(entries)               # a log that is right in itself; the sealer signs it again

Numbers, links inside the dossiers, leaves and indexes are made anew, so that nothing in the log
contradicts anything else in it. What is left to notice is what other people hold.
"""

import hashlib
import json
import shutil
import sqlite3
from dataclasses import dataclass, field

MOVED = {"message": "seq", "dossier_entry": "seq", "message_id": "seq", "token": "seq",
         "retry": "seq", "review": "seq", "learned_contact": "seq"}  # fmt: skip


def compact(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass
class Forged:
    record: dict
    row: dict  # of the table entry
    others: dict = field(default_factory=dict)  # rows of the other tables

    @property
    def event(self):
        return self.record["event"]

    def copy(self):
        return Forged(json.loads(json.dumps(self.record)), dict(self.row),
                      {t: [dict(r) for r in rows] for t, rows in self.others.items()})  # fmt: skip


class Forger:
    def __init__(self, daemon):
        self.daemon = daemon

    def open(self, file):
        db = sqlite3.connect(self.daemon.store / file)
        db.row_factory = sqlite3.Row
        return db

    def read(self):
        db, entries = self.open("log.db"), []
        for row in db.execute("SELECT * FROM entry ORDER BY seq").fetchall():
            others = {
                table: [dict(r) for r in db.execute(
                    f"SELECT * FROM {table} WHERE {column} = ?", (row["seq"],))]
                for table, column in MOVED.items()
            }  # fmt: skip
            entries.append(Forged(json.loads(row["record"]), dict(row), others))
        db.close()
        return entries

    def write(self, entries, keep=None):
        """All of log.db's rows; seal.db is emptied, the sealer fills it again. `keep`: a store
        whose entries stay as they are, with their signatures."""
        db = self.open("log.db")
        ids = {r["public_id"].hex(): r["id"] for r in db.execute("SELECT * FROM dossier")}
        for table in [*MOVED, "entry"]:
            db.execute(f"DELETE FROM {table}")
        chains = {}
        for seq, entry in enumerate(entries, 1):
            leaf = self.renumber(entry, seq, chains, ids)
            entry.row["leaf"] = leaf
            self.insert(db, "entry", entry.row)
            for table, rows in entry.others.items():
                for row in rows:
                    self.insert(db, table, row)
        for public_id, (n, leaf) in chains.items():
            db.execute("UPDATE dossier SET n = ?, last_leaf = ? WHERE id = ?",
                       (n, leaf, ids[public_id]))  # fmt: skip
        db.commit()
        db.close()
        self.empty("seal/seal.db", "signature", "head", "node", "checkpoint")
        if keep:
            self.copy_back(keep / "seal/seal.db", "seal/seal.db", "signature", "head", "checkpoint")

    def copy_back(self, source, file, *tables):
        """Out of a copy: whoever closes a file last takes its -wal and -shm away."""
        copy = self.daemon.directory / "kept"
        shutil.copytree(source.parent, copy)
        db = self.open(file)
        db.execute("ATTACH ? AS kept", (str(copy / source.name),))
        for table in tables:
            db.execute(f"INSERT INTO {table} SELECT * FROM kept.{table}")
        db.commit()
        db.close()
        shutil.rmtree(copy)

    def renumber(self, entry, seq, chains, ids):
        entry.record["seq"] = entry.row["seq"] = seq
        for place in entry.record.get("dossiers", []):
            n, leaf = chains.get(place["id"], (0, None))
            place["n"] = n + 1
            place.pop("prev", None)
            if leaf:
                place["prev"] = leaf.hex()
        octets = compact(entry.record)
        leaf = hashlib.sha256(b"\0" + octets).digest()
        entry.row["record"] = octets
        for place in entry.record.get("dossiers", []):
            chains[place["id"]] = (place["n"], leaf)
        for table, rows in entry.others.items():
            for row in rows:
                row[MOVED[table]] = seq
        entry.others["dossier_entry"] = [
            {"dossier": ids[p["id"]], "n": p["n"], "seq": seq}
            for p in entry.record.get("dossiers", [])
        ]
        return leaf

    @staticmethod
    def insert(db, table, row):
        names = ", ".join(row)
        db.execute(f"INSERT OR REPLACE INTO {table}({names}) VALUES({', '.join('?' * len(row))})",
                   list(row.values()))  # fmt: skip

    def empty(self, file, *tables):
        db = self.open(file)
        for table in tables:
            db.execute(f"DELETE FROM {table}")
        db.commit()
        db.close()

    def forget_batches(self):
        """As if nothing had ever been dated."""
        for path in self.daemon.store.glob("batch.*"):
            path.unlink()
