#!/usr/bin/env python3
"""Checks exported topics of ctstream against what their hosts have signed. Written from docs/proof.md alone; it shares no
code with ctstream, and needs Python's cryptography.

    check.py --schemas DIRECTORY --keys FILE [--kept FILE [--witness FILE]] [DUMP...]

A dump has one JSON object a line: {"topic": "events" | "control", "partition": 0, "offset": 0, "value": BASE64}, each
partition in its order. A partition whose first offset is not 0 has been cut by retention; a value of null is no record. For each dump one line is printed: "DUMP good PROVEN UNPROVEN", or
"DUMP bad KIND HOST/BOOT/EPOCH LOG_INDEX TOPIC PARTITION OFFSET", of the first record that does not fit. Exit code 1 if any is bad.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NONE = -1
CONTROL, BATCH, FLAT = "ConntrackControl", "ConntrackBatch", "ConntrackFlatEvent"


def sha(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


class Bad(Exception):
    pass


# --- Avro ---------------------------------------------------------------------------------------------------------------


class Reader:
    def __init__(self, data):
        self.data, self.at, self.names = data, 0, {}

    def take(self, count):
        if count < 0 or self.at + count > len(self.data):
            raise Bad("damaged")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self):
        shift = result = 0
        while True:
            byte = self.take(1)[0]
            result |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 63:
                raise Bad("damaged")
        return (result >> 1) ^ -(result & 1)

    def read(self, schema):
        if isinstance(schema, list):
            branch = self.number()
            if not 0 <= branch < len(schema):
                raise Bad("damaged")
            return self.read(schema[branch])
        kind = schema["type"] if isinstance(schema, dict) else schema
        if isinstance(kind, (dict, list)):
            return self.read(kind)
        if kind == "null":
            return None
        if kind == "boolean":
            byte = self.take(1)[0]
            if byte > 1:
                raise Bad("damaged")
            return byte == 1
        if kind in ("int", "long"):
            return self.number()
        if kind == "bytes":
            return self.take(self.number())
        if kind == "string":
            try:
                return self.take(self.number()).decode()
            except UnicodeDecodeError:
                raise Bad("damaged")
        if kind == "record":
            self.names[schema["name"]] = schema
            return {field["name"]: self.read(field["type"]) for field in schema["fields"]}
        if kind in ("array", "map"):
            items = []
            for _ in self.items():
                if kind == "map":
                    self.read("string")
                items.append(self.read(schema["items" if kind == "array" else "values"]))
            return items
        if kind in self.names:
            return self.read(self.names[kind])
        raise Bad("type " + str(kind))

    def items(self):
        while True:
            count = self.number()
            if count < 0:
                self.number()
                count = -count
            if count == 0:
                return
            for _ in range(count):
                yield None


def canonical(schema):
    """Parsing Canonical Form, as far as our schemas need it."""
    if isinstance(schema, list):
        return "[" + ",".join(canonical(one) for one in schema) + "]"
    if isinstance(schema, str):
        full = "dev.ctstream.record." + schema
        return json.dumps(full if schema[0].isupper() else schema)
    kind = schema["type"]
    if kind == "record":
        fields = ",".join(
            '{"name":%s,"type":%s}' % (json.dumps(f["name"]), canonical(f["type"])) for f in schema["fields"]
        )
        return '{"name":"dev.ctstream.record.%s","type":"record","fields":[%s]}' % (schema["name"], fields)
    if kind == "array":
        return '{"type":"array","items":%s}' % canonical(schema["items"])
    if kind == "map":
        return '{"type":"map","values":%s}' % canonical(schema["values"])
    return canonical(kind)


def fingerprint(schema):
    """CRC-64-AVRO, little endian, as the single-object framing has it."""
    empty = 0xC15D213AA4D7A795
    result = empty
    for byte in canonical(schema).encode():
        entry = (result ^ byte) & 0xFF
        for _ in range(8):
            entry = (entry >> 1) ^ (empty & -(entry & 1))
        result = (result >> 8) ^ entry
    return struct.pack("<Q", result)


class Schemas:
    def __init__(self, directory):
        self.all = []
        for name in (BATCH, FLAT, CONTROL):
            with open(os.path.join(directory, name + ".avsc")) as file:
                self.all.append(json.load(file))
        self.by_fingerprint = {fingerprint(schema): schema for schema in self.all}

    def record(self, value):
        """The fields of a record, its name, its datum, and the bytes of its events: (sequence, event_time, bytes)."""
        if value[:2] == b"\xc3\x01":
            schema = self.by_fingerprint.get(value[2:10])
            if schema is None:
                raise Bad("unknown schema")
            return self.decode(schema, value[10:])
        datum = value[5:] if value[:1] == b"\0" else value
        for schema in self.all:
            try:
                return self.decode(schema, datum)
            except Bad:
                pass
        raise Bad("not a record of ctstream")

    @staticmethod
    def decode(schema, datum):
        reader, fields, events = Reader(datum), {}, []
        names = [field["name"] for field in schema["fields"]]
        for field in schema["fields"]:
            if field["name"] == "events":
                for _ in reader.items():
                    begin = reader.at
                    event = reader.read(field["type"]["items"])
                    events.append((event["sequence"], event["event_time"], datum[begin : reader.at]))
            else:
                if field["name"] == "sequence":
                    begin = reader.at
                fields[field["name"]] = reader.read(field["type"])
        if reader.at != len(datum):
            raise Bad("bytes are left over")
        if "sequence" in names:
            events.append((fields["sequence"], fields["event_time"], datum[begin:]))
        return fields, schema["name"], datum, events


# --- Trees and notes ----------------------------------------------------------------------------------------------------


class Tree:
    def __init__(self, size=0, hashes=()):
        if bin(size).count("1") != len(hashes):
            raise Bad("not a compact range")
        self.size, self.hashes = size, list(hashes)

    def copy(self):
        return Tree(self.size, self.hashes)

    def append(self, leaf):
        rest = self.size
        while rest & 1:
            leaf = sha(b"\1", self.hashes.pop(), leaf)
            rest >>= 1
        self.hashes.append(leaf)
        self.size += 1
        return self

    def root(self):
        if not self.hashes:
            return sha()
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = sha(b"\1", left, root)
        return root


def parse_key(line, kind=b"\1"):
    name, ident, coded = line.strip().split("+", 2)
    typed = base64.b64decode(coded, validate=True)
    if typed[:1] != kind or sha(name.encode(), b"\n", typed)[:4].hex() != ident:
        raise Bad("not a key: " + line)
    return name, ident, typed[1:]


def parse_note(note):
    text, blank, lines = note.rpartition("\n\n")
    if not blank:
        raise Bad("not a note")
    signatures = []
    for line in lines.splitlines():
        match = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        if not match:
            raise Bad("not a signature")
        try:
            coded = base64.b64decode(match[2], validate=True)
        except ValueError:
            raise Bad("not a signature")
        signatures.append((match[1], coded[:4].hex(), coded[4:]))
    return text + "\n", signatures


def signed(text, signatures, key):
    for name, ident, signature in signatures:
        if (name, ident) == key[:2]:
            try:
                Ed25519PublicKey.from_public_bytes(key[2]).verify(signature, text.encode())
                return True
            except InvalidSignature:
                raise Bad("the signature is not good")
    return False


def cosigned(text, signatures, witness):
    """The time at which a witness cosigned, in seconds."""
    for name, ident, timed in signatures:
        if (name, ident) == witness[:2]:
            seconds = int.from_bytes(timed[:8], "big")
            message = "cosignature/v1\ntime %d\n%s" % (seconds, text)
            try:
                Ed25519PublicKey.from_public_bytes(witness[2]).verify(timed[8:], message.encode())
                return seconds
            except InvalidSignature:
                raise Bad("the cosignature is not good")
    raise Bad("not cosigned")


def coded(text):
    return "".join(
        chr(b) if b < 128 and (chr(b).isalnum() or chr(b) in "-._~") else "%%%02X" % b for b in text.encode()
    )


# --- Logs ---------------------------------------------------------------------------------------------------------------


class MissingPiece(Bad):
    pass


class Log:
    def __init__(self):
        self.records = {}  # log_index -> list of (leaf hash, place), the first occurrence first
        self.listed = {}
        self.windows = []  # (begin, tree before, end, tree after)
        self.end = Tree()
        self.withdrawn = []
        self.begins = {}  # (topic, partition) -> least log_index
        self.newest = {}
        self.place = None
        self.stopped = self.started = self.control_there = self.unsigned_by_successor = False
        self.unfinished = []  # (log_index, place)
        self.lanes = set()
        self.ended = None
        self.times = []


class Check:
    def __init__(self, schemas, keys):
        self.schemas, self.keys = schemas, set(keys)
        self.logs, self.bad, self.notes, self.open = {}, [], [], {}
        self.trimmed = set()
        self.begins = {}  # (topic, partition) -> (run, log_index, whether pieces before it have expired)
        self.said_unsigned = []
        self.acknowledged = {}  # host -> (epoch, log_index)

    def log(self, run):
        return self.logs.setdefault(run, Log())

    def found(self, kind, run, index, place, exact=True):
        self.bad.append((kind, run, index, place, exact))

    def take(self, topic, partition, offset, value):
        place = (topic, partition, offset)
        try:
            fields, name, datum, events = self.schemas.record(value)
        except (Bad, IndexError, KeyError):
            self.found("changed", None, NONE, place)
            return
        if fields.get("kind") == "OPERATOR" and fields["log_index"] is None:
            return
        run = (fields["host_id"], fields["boot_id"], fields["stream_epoch"])
        index = fields["log_index"]
        log = self.log(run)
        log.place = log.place or place
        log.lanes.add((topic, partition))
        if index is None or index < 0 or (name == CONTROL) != (topic == "control"):
            self.found("changed", run, NONE, place)
            return
        lane = (topic, partition)
        try:
            leaf = self.leaf(fields, name, datum, events, run, place)
        except MissingPiece:
            begin = self.begins.setdefault(lane, (run, index, lane in self.trimmed))
            if begin != (run, index, True):
                self.found("removed", run, index, place)
            return
        except Bad:
            self.found("changed", run, index, place)
            return
        self.begins.setdefault(lane, (run, index, False))
        if leaf is not None:
            known = log.records.setdefault(index, [])
            if not known:
                log.begins[lane] = min(index, log.begins.get(lane, index))
                if log.newest.get(lane, NONE) > index:
                    self.found("moved", run, index, place)
                log.newest[lane] = max(index, log.newest.get(lane, NONE))
            if all(leaf != other for other, _ in known):
                known.append((leaf, place))
        if name == CONTROL:
            self.control(log, run, fields, index, place)

    def leaf(self, fields, name, datum, events, run, place):
        names = b"".join(
            struct.pack(">H", len(text)) + text
            for text in (fields[key].encode() for key in ("netns_id", "netns", "host_name"))
        )
        if name == CONTROL:
            head = struct.pack(">BBiqiq", 1, 1, -1, fields["control_sequence"], 1, 0)
            return sha(b"\0", head, sha(datum), names)
        first, count = fields["batch_first_sequence"], fields["batch_event_count"]
        sequences = [sequence for sequence, _, _ in events]
        times = [time for _, time, _ in events]
        if not events or sequences != list(range(sequences[0], sequences[0] + len(events))):
            raise Bad("sequences")
        if name == BATCH and (fields["first_event_time"], fields["last_event_time"]) != (min(times), max(times)):
            raise Bad("times")
        if sequences[0] < first or sequences[-1] >= first + count:
            raise Bad("sequences")
        stream = (run, fields["netns_id"], fields["ct_zone"])
        common = (fields["log_index"], first, count, fields["lost_total"], names)
        piece = self.open.get(stream)
        if piece and piece["common"][0] != fields["log_index"]:
            self.abandon(stream)
            piece = None
        if piece is None and sequences[0] == first:
            piece = self.open[stream] = {"common": common, "events": [], "next": first, "place": place}
        if piece is None or sequences[0] > piece["next"]:
            if piece:
                self.abandon(stream)
            raise MissingPiece("a piece is missing")
        if piece["common"] != common:
            raise Bad("fields")
        if sequences[0] == first:
            piece["next"] = first
        for sequence, _, data in events:  # every copy of an event must be equal
            at = sequence - first
            if at == len(piece["events"]):
                piece["events"].append(data)
            elif piece["events"][at] != data:
                raise Bad("copies")
        if sequences[0] < piece["next"]:
            return None
        piece["next"] += len(events)
        if piece["next"] < first + count:
            return None
        del self.open[stream]
        head = struct.pack(">BBiqiq", 1, 0, fields["ct_zone"], first, count, fields["lost_total"])
        return sha(b"\0", head, sha(*piece["events"]), names)

    def abandon(self, stream):
        piece = self.open.pop(stream)
        self.log(stream[0]).unfinished.append((piece["common"][0], piece["place"]))

    def control(self, log, run, fields, index, place):
        log.times.append(fields["time"])
        log.control_there = True
        if fields["acknowledged_epoch"] is not None:
            said = (fields["acknowledged_epoch"], fields["acknowledged_log_index"] or 0)
            self.acknowledged[run[0]] = max(said, self.acknowledged.get(run[0], (0, 0)))
        kind = fields["kind"]
        if kind == "STOPPED":
            log.stopped = log.stopped or fields["reason"] != "namespace-removed"
        elif kind == "CHECKPOINT":
            self.notes.append((fields["checkpoint_note"] or "", fields, run, run, index, place))
        elif kind == "STARTED":
            log.started = True
        if kind == "STARTED" and fields["preceding_epoch"] is not None:
            before = (run[0], fields["preceding_boot_id"], fields["preceding_epoch"])
            if fields["preceding_checkpoint"]:
                self.notes.append((fields["preceding_checkpoint"], fields, run, before, index, place))
            elif index == 0:
                self.said_unsigned.append((run, index, before))
        elif kind == "KEY":
            self.key(run, fields, index, place)
        elif kind == "WITHDRAWN":
            of = run
            if fields["gap_host_id"]:
                of = (fields["gap_host_id"], fields["gap_boot_id"], fields["gap_stream_epoch"])
            pairs = fields["log_indexes"] or []
            if of[0] == run[0]:
                self.log(of).withdrawn += [(a, b, run, index) for a, b in zip(pairs[::2], pairs[1::2])]

    def key(self, run, fields, index, place):
        try:
            text, signatures = parse_note(fields["next_key_signature"] or "")
            lines = text.split("\n")
            earlier, later = parse_key(lines[1]), parse_key(lines[2])
            if lines[0] != "ctstream key succession" or earlier[0] != later[0] or not signed(text, signatures, earlier):
                raise Bad("succession")
            if earlier in self.keys:
                self.keys.add(later)
        except (Bad, ValueError, IndexError):
            self.found("changed", run, index, place)

    def note(self, note, fields, run, named, index, place):
        try:
            text, signatures = parse_note(note)
            lines = text.split("\n")
            if "" in lines[:-1]:
                raise Bad("an empty line")
            origin, size, root = lines[:3]
            leaves = fields["leaf_hashes"] or []
            before = Tree(int(size) - len(leaves), fields["compact_range"] or [])
            after = before.copy()
            for leaf in leaves:
                after.append(leaf)
            if base64.b64encode(after.root()).decode() != root:
                raise Bad("root")
        except (Bad, ValueError):
            self.found("changed", run, index, place)
            return
        if origin != "ctstream/%s/%s/%d" % (coded(named[0]), coded(named[1]), named[2]):
            self.found("replayed", run, index, place)
            return
        mine = [key for key in self.keys if key[0] == "ctstream/" + coded(run[0])]
        try:
            if not any(signed(text, signatures, key) for key in mine):
                raise Bad("key")
        except Bad:
            self.found("resigned", run, index, place)
            return
        log = self.log(named)
        if named != run:
            log.ended = after.size
            if after.size < log.end.size:
                self.found("forked", named, after.size, place)
        for at, leaf in enumerate(leaves, before.size):
            if log.listed.setdefault(at, leaf) != leaf:
                self.found("forked", named, at, place)
        if before.size <= log.end.size <= after.size:
            tree = before.copy()
            for leaf in leaves[: log.end.size - before.size]:
                tree.append(leaf)
            if tree.hashes != log.end.hashes:
                self.found("forked", named, before.size, place)
        if before.size > log.end.size:
            log.windows.append((log.end, before))
        if after.size > log.end.size:
            log.end = after

    def finish(self):
        for note in self.notes:
            self.note(*note)
        for run, log in self.logs.items():
            self.join(run, log)
        for stream in list(self.open):
            self.abandon(stream)
        for by, index, before in self.said_unsigned:
            self.log(before).unsigned_by_successor |= self.good(by, index)
        proven = unproven = 0
        runs = sorted(self.logs, key=lambda run: (run[0], run[2]))
        for run in runs:
            mine = [self.logs[other] for other in runs if other[0] == run[0]]
            log = self.logs[run]
            if log.end.size == 0 and log.place is not None:
                self.unsigned(run, log, runs)
            one, other = self.compare(run, log)
            proven, unproven = proven + one, unproven + other
        self.bad.sort(key=lambda bad: 1 << 63 if not bad[4] else bad[2] if bad[2] != NONE else 1 << 62)
        return proven, unproven

    def join(self, run, log):
        """Leaves between checkpoints that neither lists: together they are proven, as if they were listed."""
        for begin, end in log.windows:
            indexes = range(begin.size, end.size)
            if not all(index in log.records for index in indexes):
                continue
            tree = begin.copy()
            for index in indexes:
                tree.append(log.records[index][0][0])
            if tree.hashes == end.hashes:
                log.listed.update((index, log.records[index][0][0]) for index in indexes)
            else:
                self.found("changed", run, begin.size, log.records[begin.size][0][1], False)

    def unsigned(self, run, log, runs):
        later_proven = any(o[0] == run[0] and self.logs[o].end.size and o[2] > run[2] for o in runs)
        earlier_proven = any(o[0] == run[0] and self.logs[o].end.size and o[2] < run[2] for o in runs)
        young = not log.stopped and max(log.times, default=0) - min(log.times, default=0) < 600_000
        newest = log.started and not any(o[0] == run[0] and o[2] > run[2] for o in runs)
        if not ((later_proven and not earlier_proven) or log.unsigned_by_successor or (newest and young)):
            self.found("inserted", run, NONE, log.place)

    def good(self, run, index):
        log = self.logs[run]
        records = log.records.get(index, [])
        return bool(records) and records[0][0] == log.listed.get(index)

    def compare(self, run, log):
        proven = unproven = 0
        for index in sorted(set(log.records) | set(log.listed)):
            records, listed = log.records.get(index, []), log.listed.get(index)
            if listed is None:
                if len(records) > 1:
                    self.found("inserted", run, index, records[1][1])
                if index >= log.end.size and log.ended is not None and log.stopped:
                    self.found("inserted", run, index, records[0][1])
                continue
            if not records:
                self.missing(run, log, index)
                continue
            wrong = [place for leaf, place in records if leaf != listed]
            for place in wrong:
                self.found("changed" if len(records) == 1 else "inserted", run, index, place)
            proven += not wrong
        for index in range(log.end.size):  # signed all together, although no checkpoint lists it
            if index not in log.listed and index not in log.records:
                self.missing(run, log, index, False)
        settled = self.acknowledged.get(run[0], (0, 0))
        for index, place in log.unfinished:
            gone = index in log.listed and index not in log.records
            to_come = (run[2], index) >= settled or (index >= log.end.size and not log.stopped)
            if not gone and not to_come and not self.given_up(log, index):
                self.found("inserted", run, index, place)
        unproven += len([index for index in log.records if index not in log.listed])
        return proven, unproven

    def compare_kept(self, kept):
        for text, _ in kept:
            origin, size, root = text.split("\n")[:3]
            for run, log in self.logs.items():
                if origin != "ctstream/%s/%s/%d" % (coded(run[0]), coded(run[1]), run[2]):
                    continue
                if log.end.size < int(size):
                    there = any(o[0] == run[0] and o[2] <= run[2] and self.logs[o].control_there for o in self.logs)
                    if log.end.size or there or not any(topic == "control" for topic, _ in self.trimmed):
                        self.found("cut", run, log.end.size, None)
                    continue
                tree = Tree()
                for index in range(int(size)):
                    leaf = log.listed.get(index) or log.records.get(index, [(None, None)])[0][0]
                    if leaf is None:
                        break
                    tree.append(leaf)
                if tree.size == int(size) and base64.b64encode(tree.root()).decode() != root:
                    self.found("forked", run, 0, None)

    def given_up(self, log, index):
        return any(begin <= index < end and self.good(by, at) for begin, end, by, at in log.withdrawn)

    def missing(self, run, log, index, exact=True):
        if self.given_up(log, index):
            return
        for lane in self.trimmed:
            earlier = any(o[0] == run[0] and o[2] < run[2] and lane in self.logs[o].lanes for o in self.logs)
            if not earlier and index < log.begins.get(lane, 1 << 62):
                return
        if (run[2], index) < self.acknowledged.get(run[0], (0, 0)):  # else it may still come
            self.found("removed", run, index, None, exact)


def check(schemas, keys, kept, dump):
    checker, seen = Check(schemas, keys), set()
    with open(dump) as lines:
        for line in lines:
            record = json.loads(line)
            lane = (record["topic"], record["partition"])
            if lane not in seen and record["offset"] > 0:
                checker.trimmed.add(lane)
            seen.add(lane)
            if record["value"] is not None:
                checker.take(*lane, record["offset"], base64.b64decode(record["value"]))
    proven, unproven = checker.finish()
    checker.compare_kept(kept)
    if not checker.bad:
        print(dump, "good", proven, unproven, flush=True)
        return True
    kind, run, index, place, _ = checker.bad[0]
    where = " ".join(map(str, place or ("-", NONE, NONE)))
    print(dump, "bad", kind, "/".join(map(str, run)) if run else "-", index, where, flush=True)
    return False


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--schemas", required=True)
    arguments.add_argument("--keys", required=True)
    arguments.add_argument("--kept", help="checkpoints kept elsewhere: signed notes, with an empty line after each")
    arguments.add_argument("--witness", help="public key of who cosigned them: prints the log, the size and the time of each")
    arguments.add_argument("dumps", nargs="*")
    options = arguments.parse_args()
    schemas = Schemas(options.schemas)
    with open(options.keys) as lines:
        keys = [parse_key(line) for line in lines if line.strip() and not line.startswith("#")]
    kept = []
    if options.kept:
        with open(options.kept) as file:
            parts = file.read().strip().split("\n\n")
            kept = [parse_note(text + "\n\n" + lines + "\n") for text, lines in zip(parts[::2], parts[1::2])]
    if options.witness:
        with open(options.witness) as file:
            witness = parse_key(file.read(), b"\4")
        for text, signatures in kept:
            try:
                print(*text.split("\n")[:2], cosigned(text, signatures, witness))
            except Bad as bad:
                sys.exit(text.split("\n")[0] + ": " + str(bad))
    sys.exit(0 if all([check(schemas, keys, kept, dump) for dump in options.dumps]) else 1)


if __name__ == "__main__":
    main()
