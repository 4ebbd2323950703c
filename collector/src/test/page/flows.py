"""Traffic for the page: flows begin, change and end at rates that go up and down. Straight into the kernel's table by ctnetlink.

Source: uapi/linux/netfilter/nfnetlink_conntrack.h.
"""
import heapq
import itertools
import math
import random
import socket
import struct
import threading
import time

NETLINK_NETFILTER = 12
NEW, DELETE = 0x100, 0x102
REQUEST, CREATE = 0x1, 0x400
STEP_SECONDS = 0.05
MEAN_LIFE_SECONDS = 6
CHANGING = 0.4  # of all flows


def attribute(kind, body):
    return struct.pack('=HH', 4 + len(body), kind) + body + b'\0' * (-len(body) % 4)


def nest(kind, *content):
    body = b''.join(content)
    return struct.pack('=HH', 4 + len(body), kind | 0x8000) + body


def tuple_of(kind, source, destination, source_port, destination_port):
    return nest(kind, nest(1, attribute(1, source), attribute(2, destination)),
                nest(2, attribute(1, b'\x11'), attribute(2, struct.pack('!H', source_port)),
                     attribute(3, struct.pack('!H', destination_port))))


def message(kind, flags, number, zone, *more):
    source, destination = struct.pack('!I', 0x0a000000 + number % 0x1000000), b'\xc0\x00\x02\x01'
    body = struct.pack('!BBH', socket.AF_INET, 0, 0) + tuple_of(1, source, destination, 1024, 53)
    if flags & CREATE:
        body += tuple_of(2, destination, source, 53, 1024)
    body += attribute(18, struct.pack('!H', zone)) + b''.join(more)
    return struct.pack('=IHHII', 16 + len(body), kind, REQUEST | flags, number & 0xffffffff, 0) + body


def shares(seconds):
    """How much of the traffic each zone has."""
    return {0: 45, 7: 26 + 16 * math.sin(seconds / 11), 9: 13 + 11 * math.sin(seconds / 6 + 2), 12: 7, 4097: 4}


class Flows(threading.Thread):
    """Runs until it is stopped."""

    def __init__(self, per_second):
        super().__init__(daemon=True)
        self.per_second = per_second
        self.stopped = False

    def run(self):
        chance = random.Random(7)
        numbers = itertools.count(1)
        due = []  # (when, number, zone, whether it ends)
        begin = last = time.monotonic()
        pace = 1.0
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as s:
            s.setblocking(False)
            while not self.stopped:
                time.sleep(STEP_SECONDS)
                now = time.monotonic()
                t = now - begin
                pace = 0.97 * pace + 0.03 * chance.uniform(0.3, 1.7)
                count = int(self.per_second * (now - last) * pace * (1 + 0.3 * math.sin(t / 9)))
                last = now
                zones = shares(t)
                out = []
                for zone in chance.choices(list(zones), list(zones.values()), k=count):
                    number = next(numbers)
                    out.append(message(NEW, CREATE, number, zone, attribute(7, struct.pack('!I', 300))))
                    life = chance.expovariate(1 / MEAN_LIFE_SECONDS)
                    heapq.heappush(due, (now + life, number, zone, True))
                    if chance.random() < CHANGING:
                        heapq.heappush(due, (now + life / 2, number, zone, False))
                while due and due[0][0] <= now:
                    _, number, zone, ends = heapq.heappop(due)
                    out.append(message(DELETE, 0, number, zone) if ends else
                               message(NEW, 0, number, zone, attribute(8, struct.pack('!I', 16))))
                for i in range(0, len(out), 50):
                    s.send(b''.join(out[i:i + 50]))
