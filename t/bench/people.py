# Copyright (C) chatws contributors
#
# Scenarios about people: what is told of them, to whom and how often; uploads;
# and what a dead worker leaves.  Connections are few, and in this process.

import base64
import json
import os
import select
import signal
import socket
import threading
import time

import peers
import scenarios
from scenarios import Failed, Scenario, generate


def cpu(pids):
    """Nanoseconds of processor time that processes have used."""
    total = 0
    for pid in pids:
        with open("/proc/%d/schedstat" % pid) as f:
            total += int(f.read().split()[0])
    return total


class WebSocket:
    """A connection that speaks JSON; frames of a server have no mask."""

    def __init__(self, server, args):
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.data = b""
        self.counts = {}
        self.bytes = {}

        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((
            "GET /api/ws?%s HTTP/1.1\r\nHost: localhost\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n"
            % (args, key)).encode())

        while b"\r\n\r\n" not in self.data:
            self.receive(10)

        head, self.data = self.data.split(b"\r\n\r\n", 1)

        if b" 101 " not in head.split(b"\r\n")[0]:
            raise Failed("not upgraded: " + head.decode()[:80])

    def receive(self, seconds):
        if not select.select([self.socket], [], [], seconds)[0]:
            return False
        data = self.socket.recv(1 << 16)
        if not data:
            raise Failed("a connection was closed")
        self.data += data
        return True

    def send(self, **message):
        text = json.dumps(message).encode()
        size = len(text)
        head = (b"\x81" + bytes([0x80 | size]) if size < 126 else
                b"\x81\xfe" + size.to_bytes(2, "big"))
        self.socket.sendall(head + bytes(4) + text)

    def parse(self):
        """The next text that is there, or None."""
        if len(self.data) < 2:
            return None
        size, at = self.data[1] & 0x7f, 2
        if size > 125:
            at = 4 if size == 126 else 10
            size = int.from_bytes(self.data[2:at], "big")
        if len(self.data) < at + size or at > len(self.data):
            return None
        opcode = self.data[0] & 0x0f
        text, self.data = self.data[at:at + size], self.data[at + size:]
        if opcode == 9:
            self.socket.sendall(b"\x8a" + bytes([0x80 | size]) + bytes(4)
                                + text)
        if opcode != 1:
            return self.parse()
        event = json.loads(text)
        kind = event["type"]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.bytes[kind] = self.bytes.get(kind, 0) + at + size
        return event

    def until(self, kind, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            event = self.parse()
            if event is None:
                self.receive(end - time.monotonic())
            elif event["type"] == kind:
                return event
        raise Failed("no " + kind)

    def drain(self, seconds):
        """Takes what comes until it is quiet for so long."""
        while True:
            while self.parse() is not None:
                pass
            if not self.receive(seconds):
                return

    def close(self):
        self.socket.close()


def post(server, message):
    body = json.dumps(message).encode()
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        s.sendall(b"POST /api/messages HTTP/1.1\r\nHost: localhost\r\n"
                  b"Content-Type: application/json\r\nConnection: close\r\n"
                  b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        answer = b""
        while True:
            data = s.recv(65536)
            if not data:
                break
            answer += data
    if b" 201 " not in answer.split(b"\r\n")[0]:
        raise Failed("not published: " + answer.decode()[:80])
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])


class Upload(Scenario):
    """Processor time of the server; a connection of the user listens."""

    unit = "us/MB"
    base = "upload-off"
    peers = ["upload-off1", "upload-on1"]

    def run(self, server, extra):
        opts = self.options(server, extra)
        watcher = WebSocket(server, "userId=u")
        count, size = opts["uploads"], opts["size"]
        piece = bytes(1 << 20)
        before, start = cpu(server.pids), time.monotonic()

        with socket.create_connection(("127.0.0.1", server.port)) as s:
            for n in range(count):
                s.sendall(b"POST /upload?userId=u&id=%d HTTP/1.1\r\n"
                          b"Host: localhost\r\nContent-Length: %d\r\n\r\n"
                          % (n, size << 20))
                for _ in range(size):
                    s.sendall(piece)
                answer = s.recv(4096)
                if b" 204 " not in answer.split(b"\r\n")[0]:
                    raise Failed("upload: " + answer.decode()[:60])

        wall = time.monotonic() - start
        used = cpu(server.pids) - before
        watcher.drain(0.5)
        watcher.close()

        return {"copies": count * size, "wall_ns": wall * 1e9,
                "cpu_ns": used, "told": watcher.counts.get("upload_progress",
                                                           0),
                "figure": used / 1e3 / (count * size)}


class Receipts(Scenario):
    """Readers of one message at the same time: what each of them is told."""

    unit = "frames/client"
    base = "people"
    peers = ["people1", "people2"]

    def run(self, server, extra):
        opts = self.options(server, extra)
        readers = [WebSocket(server, "userId=r%d" % n)
                   for n in range(opts["readers"])]

        for reader in readers:
            reader.send(action="subscribe", chatId="room", state=True)
        for reader in readers:
            reader.until("chat_state")

        answer = post(server, {"chatId": "room", "text": "x", "sender": "s"})

        for reader in readers:
            reader.until("new_message")
        for reader in readers:
            reader.counts, reader.bytes = {}, {}
            reader.send(action="read", chatId="room", seq=answer["seq"],
                        epoch=answer["epoch"])
        time.sleep(3)

        for reader in readers:
            reader.drain(0)

        told = [r.counts.get("read_receipt", 0) for r in readers]
        size = [r.bytes.get("read_receipt", 0) for r in readers]

        for reader in readers:
            reader.close()

        return {"copies": len(readers), "most": max(told),
                "bytes": max(size), "figure": sum(told) / len(told)}


class Unread(Scenario):
    """A message with a count to each, by what else is on."""

    base = "chatws"
    peers = ["chatws1", "presence1", "chatws2", "presence2"]


class PresenceStorm(Scenario):
    """Of people who come into one chat and go: what who stays is told."""

    unit = "bytes/client"
    base = "presence"
    peers = ["presence1", "presence2"]

    def run(self, server, extra):
        opts = dict(self.options(server, extra))
        watchers = [WebSocket(server, "userId=w%d" % n)
                    for n in range(opts.pop("watchers"))]

        for watcher in watchers:
            watcher.send(action="subscribe", chatId="room_00000", state=True)
        for watcher in watchers:
            watcher.until("chat_state")
            watcher.counts, watcher.bytes = {}, {}

        readers = [threading.Thread(target=w.drain, args=(5,))
                   for w in watchers]
        for reader in readers:
            reader.start()

        raw = generate(server, "storm", opts)

        for reader in readers:
            reader.join()

        frames = [w.counts.get("presence", 0) for w in watchers]
        size = [w.bytes.get("presence", 0) for w in watchers]

        for watcher in watchers:
            watcher.close()

        raw.update(frames=max(frames), figure=max(size))
        return raw


class Reap(Scenario):
    """The longest time that a request waits while a worker is cleared up."""

    unit = "ms"
    base = "reap"
    peers = ["reap2", "reap4"]

    def run(self, server, extra):
        opts = self.options(server, extra)
        chats = {"chat_%d" % n: {"seq": 0} for n in range(opts["chats"])}
        clients = [WebSocket(server, "userId=u%d" % n)
                   for n in range(opts["conns"])]

        for client in clients:
            client.send(action="resume", chats=chats, epoch="0")
        for client in clients:
            client.until("resumed")

        worst, stop = [0.0], threading.Event()

        probes = [socket.create_connection(("127.0.0.1", server.port))
                  for _ in range(16)]

        def probe():
            # those of the dead worker end
            while not stop.is_set():
                for s in list(probes):
                    try:
                        start = time.monotonic()
                        s.sendall(b"GET /probe HTTP/1.1\r\nHost: x\r\n\r\n")
                        if not s.recv(1000):
                            probes.remove(s)
                            continue
                        worst[0] = max(worst[0], time.monotonic() - start)
                    except ConnectionError:
                        probes.remove(s)

        before = self.subscriptions(server)
        thread = threading.Thread(target=probe)
        victim = peers.children(server.process.pid)[0]

        thread.start()
        time.sleep(1)
        calm, worst[0] = worst[0], 0.0

        os.kill(victim, signal.SIGKILL)

        end, last = time.monotonic() + 30, None
        while time.monotonic() < end:
            now = self.subscriptions(server)
            if now == last and now < before:
                break
            last = now
            time.sleep(0.5)

        stop.set()
        thread.join()

        for s in probes:
            s.close()
        for client in clients:
            client.close()

        return {"copies": before - last, "calm_ms": calm * 1e3,
                "figure": worst[0] * 1e3}

    def subscriptions(self, server):
        with socket.create_connection(("127.0.0.1", server.port)) as s:
            s.sendall(b"GET /status HTTP/1.0\r\n\r\n")
            text = b""
            while True:
                data = s.recv(65536)
                if not data:
                    break
                text += data
        return json.loads(text.split(b"\r\n\r\n", 1)[1])["subscriptions"]


ALL = [
    Upload("upload", "bodies of 64 MB, one after the other", uploads=8,
           size=64),
    Unread("people-big1", "big1 with users, unread, receipts, presence",
           conns=1000, rooms=1, publishers=1, time=2000),
    Unread("people-rooms", "rooms with users, unread, receipts, presence",
           time=2000, **scenarios.ROOMS),
    Receipts("receipts-100", "100 readers of one message", readers=100),
    PresenceStorm("presence-storm", "10,000 come into one chat and go",
                  conns=10000, rooms=1, parallel=512, watchers=5),
    Reap("reap", "a worker with half of 200,000 subscriptions dies",
         conns=1000, chats=200),
]

scenarios.ALL += ALL
scenarios.NAMES.update({s.name: s for s in ALL})
