# Copyright (C) chatws contributors
#
# The compared servers: how each is started, and what the generator has to
# say to it.  A peer is named KIND or KINDn, n being its workers.

import base64
import hmac
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, "build")
BENCH = os.path.join(BUILD, "bench")

NOTIFICATION = (
    '{"type":"new_message","chatId":"room_%r","message":'
    '{"id":"msg_0123456789abcdef","text":"%t","sender":"publisher",'
    '"timestamp":"2026-01-01T00:00:00.000Z","isOwnMessage":false},'
    '"timestamp":"2026-01-01T00:00:00.000Z"}')

# those that speak the specification's protocol

CHAT = {
    "sub-path": "/api/ws?userId=user_%c",
    "sub-message": '{"action":"subscribe","chatId":"room_%r"}',
    "pub-path": "/api/messages",
    "pub-body": '{"chatId":"room_%r","text":"%t","sender":"publisher"}',
}

# those that know channels and bytes

PLAIN = {
    "sub-path": "/sub?id=room_%r",
    "pub-path": "/pub?id=room_%r",
    "pub-body": NOTIFICATION,
}

ECHO = {"sub-path": "/echo"}


class Unavailable(Exception):
    pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listening(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def stat_fields(pid):
    with open("/proc/%s/stat" % pid) as f:
        return f.read().rsplit(")", 1)[1].split()


def children(parent):
    pids = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if int(stat_fields(name)[1]) == parent:
                    pids.append(int(name))
            except (OSError, IndexError):
                pass
    return pids


def family(pid):
    pids = [pid]
    for p in pids:
        pids.extend(children(p))
    return pids


def pss(pids):
    total = 0
    for pid in pids:
        with open("/proc/%d/smaps_rollup" % pid) as f:
            for line in f:
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


class Server:
    """A running peer: adapter, port and pids are for the generator."""

    adapter = {}
    has_batch = False
    settle = 300

    def __init__(self, name, workers, options):
        self.name = name
        self.workers = workers
        self.options = options
        self.port = free_port()
        self.prefix = tempfile.mkdtemp(prefix="chatws-bench-")
        self.log = os.path.join(self.prefix, "output.log")
        self.process = None
        self.pids = []

    def command(self):
        raise NotImplementedError

    def environment(self):
        # nginx takes a variable NGINX for sockets of another nginx
        return {k: v for k, v in os.environ.items() if k != "NGINX"}

    def processes(self):
        return 1

    def start(self):
        args = self.command()

        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                args, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environment(), cwd=self.prefix)

        end = time.monotonic() + 20

        while True:
            self.pids = family(self.process.pid)

            if (len(self.pids) >= self.processes()
                    and listening(self.port)):
                return

            if self.process.poll() is not None or time.monotonic() > end:
                output = self.tail()
                self.stop()
                raise Unavailable("did not start: " + output)

            time.sleep(0.05)

    def tail(self):
        text = ""
        for name in ("output.log", "error.log"):
            path = os.path.join(self.prefix, name)
            if os.path.exists(path):
                with open(path, errors="replace") as f:
                    text += f.read()[-800:]
        return text.strip()

    def complaints(self):
        """What the server wrote to its log at level error or worse."""
        return [line for line in self.tail().splitlines()
                if re.search(r"\[(error|crit|alert|emerg)\]|Traceback",
                             line)][:3]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                for pid in family(self.process.pid):
                    os.kill(pid, signal.SIGKILL)
                self.process.wait()
        shutil.rmtree(self.prefix, ignore_errors=True)


class Nginx(Server):

    module = ""
    http = ""
    server = ""

    def processes(self):
        return 1 + self.workers

    def command(self):
        nginx = shutil.which(self.options.nginx)

        if nginx is None:
            raise Unavailable("no nginx")

        if self.module and not os.path.exists(self.module):
            raise Unavailable("no " + os.path.relpath(self.module, ROOT))

        with open(os.path.join(HERE, "peers", "nginx.conf")) as f:
            text = f.read()

        words = {
            "workers": str(self.workers),
            "prefix": self.prefix,
            "user": "user root;" if os.geteuid() == 0 else "",
            "load": "load_module %s;" % self.module if self.module else "",
            "http": self.http,
            "server": self.server,
            "port": str(self.port),
        }
        conf = os.path.join(self.prefix, "nginx.conf")

        with open(conf, "w") as f:
            f.write(re.sub(r"@(\w+)@", lambda m: words[m.group(1)], text))

        return [nginx, "-p", self.prefix, "-c", conf,
                "-e", os.path.join(self.prefix, "error.log")]


class Chatws(Nginx):

    adapter = CHAT
    has_batch = True
    http = "chatws_zone zone=bench:128m;"
    server = """
        location = /api/ws       { chatws bench; }
        location = /api/messages { chatws_publish bench; }
    """

    def __init__(self, *args):
        super().__init__(*args)
        self.module = os.path.abspath(self.options.module)


class Encrypted(Chatws):
    """The mark of the generator has to be in the id: the text is hidden."""

    server = """
        location = /api/ws       { chatws bench; }
        location = /api/messages { chatws_publish bench; chatws_encrypt on;
                                   chatws_encryption_key_file keys.jwks; }
    """

    def command(self):
        with open(os.path.join(self.prefix, "keys.jwks"), "w") as f:
            f.write('{"keys":[{"kty":"oct","kid":"k1","k":"%s"}]}' % ("A" * 43))

        return super().command()


class Token(Chatws):
    """All connections come with the same token."""

    server = """
        location = /api/ws {
            chatws                bench;
            chatws_token          $http_authorization;
            chatws_token_key_file keys.jwks;
        }
    """

    def command(self):
        signed = ".".join(b64(json.dumps(part).encode()) for part in (
            {"alg": self.alg, "kid": "k1", "typ": "JWT"},
            {"sub": "user_1", "name": "User One", "iat": int(time.time()),
             "exp": int(time.time()) + 3600,
             "chats": ["room_%d" % i for i in range(4)],
             "chatPrefixes": {"room_": ["subscribe", "typing"]}}))
        token = signed + "." + b64(self.sign(signed.encode()))

        self.adapter = dict(
            CHAT, **{"sub-field": "Authorization: Bearer " + token})

        with open(os.path.join(self.prefix, "keys.jwks"), "w") as f:
            json.dump({"keys": [dict(self.key, kid="k1", alg=self.alg)]}, f)

        return super().command()


class TokenHs(Token):

    alg = "HS256"
    key = {"kty": "oct", "k": "A" * 43}

    def sign(self, text):
        return hmac.new(bytes(32), text, "sha256").digest()


class TokenRs(Token):

    alg = "RS256"

    def sign(self, text):
        name = os.path.join(self.prefix, "key.pem")

        subprocess.run(["openssl", "genrsa", "-out", name, "2048"],
                       check=True, stderr=subprocess.DEVNULL)
        modulus = subprocess.run(
            ["openssl", "rsa", "-in", name, "-noout", "-modulus"], check=True,
            stdout=subprocess.PIPE, text=True).stdout.split("=")[1].strip()

        self.key = {"kty": "RSA", "n": b64(bytes.fromhex(modulus)),
                    "e": "AQAB"}

        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", name],
                              check=True, input=text,
                              stdout=subprocess.PIPE).stdout


class App:
    """An app server in this process, which grants everything."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                size = int(self.headers["Content-Length"])
                chats = json.loads(self.rfile.read(size))["chats"]
                body = json.dumps({"chats": {c: ["subscribe", "typing"]
                                             for c in chats}}).encode()

                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]

        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Access(TokenHs):
    """The same token in all of them; here it is asked for nothing else."""

    access = "chatws_access open;"
    warm = False
    app = None

    @property
    def server(self):
        return """
            location = /api/ws {
                chatws                  bench;
                chatws_token            $http_authorization;
                chatws_token_key_file   keys.jwks;
                %s
            }
        """ % self.access

    def stop(self):
        super().stop()

        if self.app is not None:
            self.app.stop()
            self.app = None


class AccessClaims(Access):

    access = "chatws_access token;"


class AccessCached(Access):
    """Who is measured finds what was asked for others."""

    warm = True

    @property
    def access(self):
        self.app = self.app or App()

        return """
            chatws_access           request;
            chatws_access_pass      http://127.0.0.1:%d;
            chatws_access_cache     valid=1h;
            chatws_access_timeout   60s;
        """ % self.app.port


class Full(Access):
    """Tokens, rights, limits and typing; publications are the app server's."""

    api = """
        location = /api/messages { chatws_publish bench; }
        location = /api/commands { chatws_api bench write=on; }
    """

    @property
    def access(self):
        self.app = self.app or App()

        return """
            chatws_access            token request;
            chatws_access_pass       http://127.0.0.1:%d;
            chatws_access_cache      valid=1h recheck=1h;
            chatws_limit_actions     rate=1000r/s burst=10000;
            chatws_limit_user        rate=1000r/s burst=10000;
            chatws_limit_errors      rate=1r/s burst=10;
            chatws_limit_connections user=10000;
            chatws_typing            merge=3;
        """ % self.app.port

    @property
    def server(self):
        return super().server + self.api


class Kick(Chatws):
    """Each user has several connections."""

    adapter = dict(CHAT, **{
        "sub-path": "/api/ws?userId=user_%u",
        "pub-path": "/api/commands",
        "pub-body": '{"command":"disconnect","userId":"user_%u"}',
    })
    server = """
        location = /api/ws       { chatws bench; }
        location = /api/commands { chatws_api bench write=on; }
    """


class Typing(Chatws):
    """Who types is counted, and nobody does."""

    server = """
        location = /api/ws       { chatws bench; chatws_typing merge=3; }
        location = /api/messages { chatws_publish bench; }
    """


class People(Chatws):
    """All that a zone knows of people, but for who is there."""

    people = """
        chatws_users    zone=bench;
        chatws_unread   zone=bench;
        chatws_receipts zone=bench delivered;
    """

    @property
    def http(self):
        return super().http + self.people


class Presence(People):

    people = People.people + "chatws_presence zone=bench grace=1s;"


class Reap(Chatws):
    """A request that asks for nothing but a turn."""

    server = Chatws.server + """
        location = /status { chatws_status bench; }
        location = /probe  { return 204; }
    """


class UploadOff(Chatws):
    """A proxy to itself, which throws bodies away."""

    http = Chatws.http + "chatws_users zone=bench;"
    upload = ""

    @property
    def server(self):
        return super().server + """
            location = /sink   { client_max_body_size 0; return 204; }
            location = /upload {
                client_max_body_size 0;
                proxy_pass           http://127.0.0.1:%d/sink;
                chatws_user          $arg_userId;
                %s
            }
        """ % (self.port, self.upload)


class UploadOn(UploadOff):

    upload = "chatws_upload bench; chatws_upload_id $arg_id;"


class PlainNginx(Nginx):
    """Its own answer to a POST: the floor of a publishing request."""

    adapter = CHAT
    server = 'location / { return 201 "{}"; }'


class ChatwsEcho(Nginx):

    adapter = ECHO
    module = os.path.join(BUILD, "ngx_http_chatws_echo_module.so")
    server = "location = /echo { chatws_echo; }"


class Nchan(Nginx):

    adapter = PLAIN
    settle = 1000
    http = "nchan_shared_memory_size 256m;"
    server = """
        location = /sub { nchan_subscriber websocket;
                          nchan_subscriber_first_message newest;
                          nchan_channel_id $arg_id; }
        location = /pub { nchan_publisher http;
                          nchan_message_buffer_length 100;
                          nchan_channel_id $arg_id; }
    """

    def __init__(self, *args):
        super().__init__(*args)
        self.module = self.options.nchan


class Ws(Server):

    adapter = CHAT
    echo = ""

    def command(self):
        node = shutil.which("node")
        modules = os.path.join(BENCH, "node", "node_modules")

        if node is None or not os.path.isdir(os.path.join(modules, "ws")):
            raise Unavailable("needs node and make -C t/bench ws")

        return [node, os.path.join(HERE, "peers", "ws.js")]

    def environment(self):
        env = dict(os.environ, PORT=str(self.port),
                   NODE_PATH=os.path.join(BENCH, "node", "node_modules"))
        if self.echo:
            env["ECHO"] = self.echo
        return env


class WsEcho(Ws):

    adapter = ECHO
    echo = "1"


class FastApi(Server):

    adapter = CHAT

    def command(self):
        for python in (sys.executable, "/usr/bin/python3"):
            found = subprocess.run(
                [python, "-c", "import fastapi, uvicorn, websockets"],
                stderr=subprocess.DEVNULL)
            if found.returncode == 0:
                break
        else:
            raise Unavailable("needs python3-fastapi, python3-uvicorn and "
                              "python3-websockets")

        return [python, "-m", "uvicorn", "fastapi_app:app",
                "--app-dir", os.path.join(HERE, "peers"),
                "--host", "127.0.0.1", "--port", str(self.port),
                "--backlog", "4096", "--log-level", "warning",
                "--no-access-log", "--timeout-keep-alive", "600"]

    def environment(self):
        return dict(os.environ, PYTHONDONTWRITEBYTECODE="1")


class Program(Server):

    program = ""
    argument = ""

    def command(self):
        path = os.path.join(BENCH, self.program)

        if not os.path.exists(path):
            raise Unavailable("no " + os.path.relpath(path, ROOT))

        return [path, str(self.port)] + self.argument.split()


class Floor(Program):

    adapter = PLAIN
    program = "floor"


class FloorEcho(Floor):

    adapter = ECHO


class Uws(Program):

    adapter = CHAT
    program = "uws"


class UwsEcho(Uws):

    adapter = ECHO
    argument = "echo"


KINDS = {
    "chatws": Chatws,
    "encrypted": Encrypted,
    "token-hs": TokenHs,
    "token-rs": TokenRs,
    "access-open": Access,
    "access-claims": AccessClaims,
    "access-cached": AccessCached,
    "full": Full,
    "kick": Kick,
    "typing": Typing,
    "people": People,
    "presence": Presence,
    "reap": Reap,
    "upload-off": UploadOff,
    "upload-on": UploadOn,
    "nchan": Nchan,
    "nginx": PlainNginx,
    "ws": Ws,
    "fastapi": FastApi,
    "floor": Floor,
    "uws": Uws,
    "chatws-echo": ChatwsEcho,
    "ws-echo": WsEcho,
    "floor-echo": FloorEcho,
    "uws-echo": UwsEcho,
}


def make(name, options):
    match = re.fullmatch(r"([a-z-]+?)(\d*)", name)

    if match is None or match.group(1) not in KINDS:
        raise SystemExit("unknown peer " + name)

    return KINDS[match.group(1)](name, int(match.group(2) or 1), options)
