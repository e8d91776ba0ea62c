"""Three machines in network namespaces: a client, a relay, and a server that nobody can reach from outside.

    client 45.77.1.2 ── 45.77.1.1 relay 45.77.2.1 ── 45.77.2.2 server
                              45.77.0.1

The relay does not forward packets, so client and server can't reach each other; both reach 45.77.0.1. The addresses look
public, which is what clients insist on, and exist in the namespaces alone.
"""

import ctypes
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading

CLONE_NEWNET = 0x40000000
RELAY = "45.77.0.1"
CLIENT = "45.77.1.2"
SERVER = "45.77.2.2"


def missing() -> str | None:
    """Why there can be no namespaces here, if so."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "making network namespaces needs root"
    if not shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        return "iproute2 is not installed; Scripts/setup --tests does it"
    probe = f"chf-probe-{os.getpid()}"
    made = subprocess.run([_ip(), "netns", "add", probe], capture_output=True, text=True)
    if made.returncode:
        return "network namespaces can't be made here: " + made.stderr.strip()
    subprocess.run([_ip(), "netns", "delete", probe], check=True)
    return None


def _ip() -> str:
    return shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin")


class Namespaces:
    """The three machines; they go with the scope."""

    def __init__(self):
        self.names = {role: f"chf-{role}-{os.getpid()}" for role in ("client", "relay", "server")}
        self.sockets: list[socket.socket] = []

    def _run(self, *command):
        subprocess.run([str(part) for part in command], check=True, capture_output=True)

    def __enter__(self):
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make(self):
        ip, names = _ip(), self.names
        for name in names.values():
            self._run(ip, "netns", "add", name)
            self._run(ip, "-n", name, "link", "set", "lo", "up")
        self._run(ip, "-n", names["relay"], "address", "add", f"{RELAY}/32", "dev", "lo")
        self._run(*self.within("relay"), "sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward")
        for role, net in (("client", 1), ("server", 2)):
            near, far = f"chf{role[0]}0-{os.getpid() % 10000}", f"chf{role[0]}1-{os.getpid() % 10000}"
            self._run(ip, "link", "add", near, "netns", names[role], "type", "veth", "peer", "name", far, "netns", names["relay"])
            for name, device, last in ((names[role], near, 2), (names["relay"], far, 1)):
                self._run(ip, "-n", name, "address", "add", f"45.77.{net}.{last}/24", "dev", device)
                self._run(ip, "-n", name, "link", "set", device, "up")
            # Everything goes by the relay's machine, which passes nothing on.
            self._run(ip, "-n", names[role], "route", "add", "default", "via", f"45.77.{net}.1")

    def __exit__(self, *_):
        for each in self.sockets:
            each.close()
        for name in self.names.values():
            subprocess.run([_ip(), "netns", "delete", name], capture_output=True)

    def within(self, role: str) -> list[str]:
        """What to put before a command so that it runs on that machine."""
        return [_ip(), "netns", "exec", self.names[role]]

    def call(self, role: str, body):
        """Runs `body` on a thread that is on that machine; sockets that it makes stay there."""
        outcome = []

        def run():
            with open(pathlib.Path("/var/run/netns") / self.names[role]) as file:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(file.fileno(), CLONE_NEWNET):
                    outcome.append(OSError(ctypes.get_errno(), "setns"))
                    return
            try:
                outcome.append(body())
            except BaseException as error:
                outcome.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if isinstance(outcome[0], BaseException):
            raise outcome[0]
        return outcome[0]

    def lend(self, role: str, port: int):
        """Makes a port of this machine's loopback interface one of that machine's, too: the cluster is everybody's."""

        def listen():
            listener = socket.create_server(("127.0.0.1", port), backlog=64)
            return listener

        listener = self.call(role, listen)
        self.sockets.append(listener)

        def accept():
            while True:
                try:
                    near, _ = listener.accept()
                    far = socket.create_connection(("127.0.0.1", port))
                except OSError:
                    return
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=copy, args=(source, target), daemon=True).start()

        def copy(source, target):
            try:
                while data := source.recv(65_536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                source.close()
                target.close()

        threading.Thread(target=accept, daemon=True).start()

    def tcp(self, role: str) -> list[tuple[str, int, str, int, str]]:
        """The TCP sockets of that machine: local address and port, remote address and port, state."""
        table = subprocess.run(
            [*self.within(role), "cat", "/proc/net/tcp"], check=True, capture_output=True, text=True
        ).stdout
        found = []
        for line in table.splitlines()[1:]:
            _, local, remote, state, *_ = line.split()
            ends = []
            for end in (local, remote):
                address, port = end.split(":")
                ends += [socket.inet_ntoa(bytes.fromhex(address)[::-1]), int(port, 16)]
            found.append((*ends, state))
        return found


class Capture:
    """Everything that crosses the interfaces of one machine, by a raw socket."""

    def __init__(self, namespaces: Namespaces, role: str):
        self.socket = namespaces.call(
            role, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        )
        self.socket.settimeout(0.2)
        self.frames: list[bytes] = []
        self.running = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while self.running:
            try:
                # With their headers: what the relay sends the server must not hold the client's address anywhere.
                self.frames.append(self.socket.recv(262_144))
            except TimeoutError:
                continue

    def stop(self) -> list[bytes]:
        self.running = False
        self.thread.join()
        self.socket.close()
        return self.frames
