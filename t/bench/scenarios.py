# Copyright (C) chatws contributors
#
# The scenarios: what the generator is told, and which figure is the result.
# Every figure is made so that less is better.

import json
import os
import statistics
import subprocess

import peers

GENERATOR = os.path.join(peers.BENCH, "generator")


class Failed(Exception):
    pass


def command(server, mode, opts):
    args = {
        "mode": mode,
        "port": server.port,
        "pids": ",".join(str(p) for p in server.pids),
        "settle": server.settle,
    }
    args.update(server.adapter)
    args.update(opts)

    line = [GENERATOR]
    for key, value in args.items():
        line += ["--" + key, str(value)]
    return line


def parse(text):
    try:
        result = json.loads(text.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise Failed("the generator said: " + text[-200:])
    if "error" in result:
        raise Failed(result["error"])
    return result


def generate(server, mode, opts):
    run = subprocess.run(command(server, mode, opts), timeout=300,
                         stdout=subprocess.PIPE, text=True)
    return parse(run.stdout)


class Scenario:

    unit = "us/copy"
    peers = ["floor", "chatws1", "chatws2", "nchan1", "nchan2", "uws", "ws",
             "fastapi"]
    mode = "fanout"
    base = "floor"

    def __init__(self, name, title, **opts):
        self.name = name
        self.title = title
        self.opts = opts

    def options(self, server, extra):
        opts = dict(self.opts)
        opts.update(extra)
        return opts

    def run(self, server, extra):
        raw = generate(server, self.mode, self.options(server, extra))
        raw["figure"] = self.figure(raw)
        return raw

    def figure(self, raw):
        if not raw["copies"]:
            raise Failed("no copy was delivered, the last request was "
                         "answered %d" % raw.get("last_status", 0))
        return raw["cpu_ns"] / 1e3 / raw["copies"]


class Post(Scenario):
    """Requests to chats in which nobody is."""

    unit = "us/request"
    base = "nginx"
    peers = ["nginx1", "chatws1", "nchan1", "uws", "ws", "fastapi"]

    def figure(self, raw):
        raw["copies"] = raw["messages"]
        return super().figure(raw)


class EncryptedPost(Post):

    base = "chatws"
    peers = ["chatws1", "encrypted1"]


class Encrypted(Scenario):

    base = "chatws"
    peers = ["chatws1", "chatws2", "encrypted1", "encrypted2"]


class Batch(Scenario):
    """A peer without a batch form gets single messages."""

    def options(self, server, extra):
        opts = super().options(server, extra)
        if not server.has_batch:
            opts["batch"] = 0
            opts["publishers"] = 64
        return opts


class Latency(Scenario):

    unit = "us, p99"

    def figure(self, raw):
        return raw["p99_ns"] / 1e3


class Slow(Latency):
    """The fast ones' p99 with slow ones in the room; the same without."""

    def run(self, server, extra):
        opts = self.options(server, extra)
        slow = opts["slow"]
        alone = dict(opts, slow=0, conns=opts["conns"] - slow)

        before = generate(server, self.mode, alone)
        raw = generate(server, self.mode, opts)
        raw["p99_alone_ns"] = before["p99_ns"]
        raw["figure"] = self.figure(raw)
        return raw


class Storm(Scenario):

    unit = "us/connection"
    mode = "storm"


class TokenStorm(Storm):

    base = "chatws"
    peers = ["chatws1", "token-hs1", "token-rs1"]


class AccessStorm(Storm):
    """What was asked of the app server before is known when it counts."""

    base = "access-open"
    peers = ["access-open1", "access-claims1", "access-cached1"]

    def run(self, server, extra):
        opts = self.options(server, extra)

        if server.warm:
            generate(server, self.mode, dict(opts, conns=opts["rooms"],
                                             more=0, parallel=64))

        raw = generate(server, self.mode, opts)
        raw["figure"] = self.figure(raw)
        return raw


class AccessSubscribe(AccessStorm):
    """Subscriptions of connections that are open."""

    unit = "us/subscription"

    def run(self, server, extra):
        raw = super().run(server, extra)
        count = raw["copies"] * self.options(server, extra)["more"]
        raw["figure"] = raw["more_cpu_ns"] / 1e3 / count
        return raw


class Full(Scenario):

    base = "chatws"
    peers = ["chatws1", "full1", "chatws2", "full2"]


class Kick(Scenario):
    """From the command until the last connection has its close."""

    unit = "ms, median"
    mode = "kick"
    base = "kick"
    peers = ["kick1", "kick2"]

    def figure(self, raw):
        return statistics.median(raw["kicks_ns"]) / 1e6


class Echo(Scenario):

    unit = "us/message"
    mode = "echo"
    peers = ["floor-echo", "chatws-echo1", "uws-echo", "ws-echo"]


class Idle(Scenario):
    """Several generators where one has not descriptors enough."""

    unit = "bytes/connection"
    mode = "hold"

    def run(self, server, extra):
        opts = self.options(server, extra)
        total = opts["conns"]
        count = -(-total // 19000)
        each = total // count
        holders = []
        before = peers.pss(server.pids)

        try:
            for i in range(count):
                mine = dict(opts, conns=each, rooms=max(1, each // 10))
                mine["first-addr"] = 1 + 8 * i
                mine["deadline"] = 120000
                holder = subprocess.Popen(
                    command(server, self.mode, mine), text=True,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                holders.append(holder)
                if "ready" not in parse(holder.stdout.readline()):
                    raise Failed("the connections did not open")

            after = peers.pss(server.pids)
        finally:
            for holder in holders:
                holder.stdin.close()
            closed = 0
            for holder in holders:
                text = holder.stdout.read()
                holder.wait(60)
                if '"closed"' in text:
                    closed += parse(text)["closed"]

        return {"copies": each * count, "pss_before": before,
                "pss_after": after, "closed": closed,
                "figure": (after - before) / (each * count)}


ROOMS = {"conns": 5000, "rooms": 500, "publishers": 64}

# the same for both: the id has the mark, and is readable

MARKED = {"pub-body": '{"chatId":"room_%r","id":"%t","text":"' + "x" * 300
          + '","sender":"publisher"}'}

ALL = [
    Scenario("big1", "one chat of 1,000, one message at a time",
             conns=1000, rooms=1, publishers=1, time=2000),
    Scenario("paced", "one chat of 1,000, 20 messages a second",
             conns=1000, rooms=1, publishers=4, rate=20, time=3000),
    Scenario("big16", "one chat of 1,000, 16 publishers",
             conns=1000, rooms=1, publishers=16, time=2000),
    Scenario("rooms", "500 rooms of 10, 64 publishers", time=2000, **ROOMS),
    Batch("batch", "500 rooms of 10, batches of 50", time=2000, conns=5000,
          rooms=500, publishers=8, batch=50),
    Scenario("pairs", "1,000 pairs, 64 publishers",
             conns=2000, rooms=1000, publishers=64, time=2000),
    Post("post", "requests to empty chats, 64 publishers",
         conns=0, rooms=1000, publishers=64, time=2000),
    EncryptedPost("encrypt", "requests to empty chats, 300 bytes encrypted",
                  conns=0, rooms=1000, publishers=64, time=2000, **MARKED),
    Encrypted("encrypt16", "one chat of 1,000, 300 bytes encrypted, "
              "16 publishers", conns=1000, rooms=1, publishers=16, time=2000,
              **MARKED),
    Latency("rate", "500 rooms of 10, 4,000 messages a second",
            rate=4000, time=3000, **ROOMS),
    Slow("slow", "100 readers, 20 more that do not read",
         conns=120, slow=20, rooms=1, publishers=8, rate=500, frame=4096,
         time=3000),
    Storm("storm", "10,000 connect, subscribe and disconnect",
          conns=10000, rooms=1000, parallel=512),
    TokenStorm("tokens", "10,000 connect with a token, subscribe and "
               "disconnect", conns=10000, rooms=1000, parallel=512),
    AccessStorm("access", "10,000 connect with a token, subscribe by a right "
                "and disconnect", conns=10000, rooms=1000, parallel=512),
    AccessSubscribe("subscribe", "19 subscriptions by a right of each of 1,000 "
                    "connections", conns=1000, rooms=1000, parallel=512,
                    more=19),
    Full("all-big1", "big1 with tokens, rights, limits, typing, commands",
         conns=1000, rooms=1, publishers=1, time=2000),
    Full("all-rooms", "rooms with tokens, rights, limits, typing, commands",
         time=2000, **ROOMS),
    Kick("kick", "a user with 8 of 17,000 connections is disconnected",
         conns=17000, rooms=1700, parallel=512, kicks=5),
    Idle("idle", "10,000 idle subscribers", conns=10000),
    Echo("echo", "50-byte messages echoed, 100 deep, 64 connections",
         conns=64, depth=100, frame=50, time=2000),
]

BIG_IDLE = Idle("idle100k", "100,000 idle subscribers", conns=100000)
BIG_IDLE.peers = ["chatws6", "nchan6"]
ALL.append(BIG_IDLE)

NAMES = {s.name: s for s in ALL}
