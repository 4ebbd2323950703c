#!/usr/bin/env python3
"""Prints the events of conntrack.events or conntrack.flat as JSON, one a line.

    kcat -C -b HOST:9092 -t conntrack.events -e -q -f '%R%s' | python3 events.py --registry URL

Needs fastavro. Reads both layouts, all framings and their mixture. kcat writes each value after its length in four bytes.
Values of framing confluent name their schema in the registry; the others are in schemas/src/main/avro, or wherever
--schemas says. A bare value does not name its schema: --bare does.
"""

import argparse
import io
import json
import pathlib
import struct
import sys
import urllib.request

import fastavro

HERE = pathlib.Path(__file__).resolve().parent
SCHEMAS = HERE.parents[3] / "schemas" / "src" / "main" / "avro"


def plain(schema):
    """The schema without logical types: times stay whole numbers, as in `ctstream read -o json`."""
    if isinstance(schema, dict):
        return {key: plain(value) for key, value in schema.items() if key != "logicalType"}
    if isinstance(schema, list):
        return [plain(branch) for branch in schema]
    return schema


class Values:
    """Finds the schema of a value and decodes it."""

    def __init__(self, folder, registry, bare):
        self.registry = registry
        self.by_id = {}
        self.by_fingerprint = {}
        self.bare = None
        for file in sorted(folder.glob("*.avsc")):
            schema = json.loads(file.read_text(encoding="utf-8"))
            canonical = fastavro.schema.to_parsing_canonical_form(schema)
            fingerprint = fastavro.schema.fingerprint(canonical, "CRC-64-AVRO")
            parsed = fastavro.parse_schema(plain(schema))
            self.by_fingerprint[bytes.fromhex(fingerprint)] = parsed
            if schema["name"] == bare:
                self.bare = parsed

    def from_registry(self, number):
        if number not in self.by_id:
            if self.registry is None:
                raise SystemExit(f"schema id {number}: --registry is missing")
            with urllib.request.urlopen(f"{self.registry}/schemas/ids/{number}") as answer:
                schema = json.loads(json.load(answer)["schema"])
            self.by_id[number] = fastavro.parse_schema(plain(schema))
        return self.by_id[number]

    def decode(self, value):
        if self.bare is not None:
            schema, start = self.bare, 0
        elif value[:2] == b"\xc3\x01":
            schema, start = self.by_fingerprint[value[2:10]], 10
        elif value[:1] == b"\x00":
            schema, start = self.from_registry(int.from_bytes(value[1:5], "big")), 5
        else:
            raise SystemExit("a value without a schema: is the topic bare? Then give --bare")
        return fastavro.schemaless_reader(io.BytesIO(value[start:]), schema, None)


def values(stream):
    """The values that kcat -f '%R%s' writes; a deleted one (null) has length -1."""
    while head := stream.read(4):
        (length,) = struct.unpack(">i", head)
        if length > 0:
            yield stream.read(length)


def events(record):
    """The events of a record of either layout, each with the fields of its batch."""
    if "events" not in record:
        yield record
        return
    common = {
        name: value
        for name, value in record.items()
        if name not in ("events", "first_event_time", "last_event_time")
    }
    for event in record["events"]:
        yield common | event


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--registry", help="Confluent's API of the schema registry, such as http://HOST:8081")
    parser.add_argument("--schemas", type=pathlib.Path, default=SCHEMAS, help="folder of *.avsc files")
    parser.add_argument("--bare", choices=["ConntrackBatch", "ConntrackFlatEvent"], help="record of a bare topic")
    arguments = parser.parse_args()
    reader = Values(arguments.schemas, arguments.registry, arguments.bare)
    for value in values(sys.stdin.buffer):
        for event in events(reader.decode(value)):
            print(json.dumps(event, ensure_ascii=False))


if __name__ == "__main__":
    main()
