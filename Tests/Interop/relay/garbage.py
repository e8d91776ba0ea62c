"""Connections that mean no good, many at a time."""

import os
import select
import socket
import struct
import threading
import time

KINDS = ("nothing", "one byte", "random bytes", "a first message, then silence", "a byte now and then", "a huge length")
WAVE = 500


class Attack:
    """Opens connections in waves and sends each what its kind demands, until so many were opened."""

    def __init__(self, port: int, count: int, prefix: bytes, first_message):
        """`prefix` is what a friend would begin with, `first_message()` a first message that is valid."""
        self.port = port
        self.count = count
        self.prefix = prefix
        self.first_message = first_message
        self.opened = 0
        self.replies = {kind: set() for kind in KINDS}
        self.running = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _bytes(self, kind: str) -> bytes:
        match kind:
            case "nothing":
                return b""
            case "one byte":
                return self.prefix
            case "random bytes":
                return os.urandom(200)
            case "a first message, then silence":
                return self.prefix + self.first_message()
            case "a huge length":
                return self.prefix + struct.pack(">H", 65_535) + os.urandom(1_000)
            case "a byte now and then":
                return self.prefix + self.first_message()

    def _run(self):
        number = 0
        while self.opened < self.count:
            wave: dict[socket.socket, str] = {}
            slow: list[tuple[socket.socket, bytes]] = []
            for _ in range(min(WAVE, self.count - self.opened)):
                kind = KINDS[number % len(KINDS)]
                number += 1
                each = socket.create_connection(("127.0.0.1", self.port), timeout=30)
                each.settimeout(30)
                self.opened += 1
                data = self._bytes(kind)
                try:
                    if kind == "a byte now and then":
                        slow.append((each, data))
                    elif data:
                        each.sendall(data)
                except OSError:
                    pass
                wave[each] = kind
            # The slow ones never come to the end of the message.
            for position in range(20):
                for each, data in slow:
                    try:
                        each.send(data[position : position + 1])
                    except OSError:
                        pass
            for each, kind in wave.items():
                each.setblocking(False)
            poll = select.poll()
            by_descriptor = {each.fileno(): (each, kind) for each, kind in wave.items()}
            for descriptor in by_descriptor:
                poll.register(descriptor, select.POLLIN)
            # What the target says at once; a wave stays for a quarter of a second and makes room for the next.
            end = time.monotonic() + 0.25
            while by_descriptor and (left := end - time.monotonic()) > 0:
                for descriptor, _ in poll.poll(left * 1000):
                    each, kind = by_descriptor[descriptor]
                    try:
                        data = each.recv(4096)
                    except OSError:
                        data = b""
                    if data:
                        self.replies[kind].add(len(data))
                    else:
                        poll.unregister(descriptor)
                        del by_descriptor[descriptor]
            for each in wave:
                each.close()
        self.running = False


def resident(pid: int) -> int:
    """The resident memory of a process, in bytes."""
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def under_attack(attack: Attack, pid: int, honest) -> tuple[list[float], int]:
    """Calls `honest()` again and again while the attack lasts; gives its times and the largest memory that was seen."""
    times, peak = [], 0
    while attack.running:
        began = time.monotonic()
        honest()
        times.append(time.monotonic() - began)
        peak = max(peak, resident(pid))
    attack.thread.join()
    return sorted(times), peak
