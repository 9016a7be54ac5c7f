"""The class's board as a web page, for the projector: it looks, and nothing can be changed through it.

A page of its own and no notebook, so that no cell, no kernel and no token is on the wall. It asks each second
for what is new: a question that fails is asked again, whatever was in between, and meanwhile the page says
that what it shows is old.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import json
import re
import socket
import threading
from pathlib import Path

from tornado import httpserver, netutil, web

from labsupport import tidying
from labsupport.classroom.addresses import reachable
from labsupport.classroom.shown import board_of
from labsupport.closing import Closing
from labsupport.draw import board_html, board_style
from labsupport.servers import arguments

CONNECTIONS = 64  # to the page, at once: the class's server lives from the same process's descriptors
IDLE = 20  # seconds that a connection may take to ask
STARTING = 10  # seconds: the longest wait for the thread
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HOST = re.compile(r"(\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^:\[\]]+))(:[0-9]{1,5})?")
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "labsupport",
}
SHELL = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>The class's server</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="board.css"></head>
<body><div class="lost" role="alert"></div>
<main class="board {size}" data-version="{version}">{html}</main>
<noscript><p>Without scripts this page does not renew itself: load it again to see what is new.</p></noscript>
<script src="board.js"></script></body></html>
"""


class Page(Closing):
    """The board of `room`, a Classroom, as a web page at `url`, served by a background thread.

    `host` is an address of this machine: 127.0.0.1 for this machine alone. `port` 0 lets the kernel pick one.
    Raises TypeError or ValueError for bad arguments and OSError where the address cannot be had. `errors` has
    what went wrong while a board was drawn; close() raises the first.
    """

    def __init__(self, room, host="127.0.0.1", port=0):
        self.room, self.errors = room, []
        self._listener = _listener(host, port)
        self.address = self._listener.getsockname()[:2]
        self._loop, self._ready, self._failure = None, threading.Event(), None
        self._thread = threading.Thread(target=self._run, name="labsupport-page", daemon=True)
        try:
            room.keep_away(self.address[1])  # no visitor is to call here
            self._thread.start()
        except BaseException:
            self._listener.close()
            raise
        if not self._ready.wait(STARTING) or self._failure is not None:
            self._listener.close()
            raise self._failure or RuntimeError(f"the page's thread did not start within {STARTING} s")
        tidying.register(self, "view")

    @property
    def url(self):
        """Where a browser on this machine finds the page."""
        return self.urls[-1]

    @property
    def urls(self):
        """Where browsers find the page: one for each address that it listens on, loopback last."""
        return [f"http://{address}/" for address in reachable(*self.address)]

    @property
    def closed(self):
        """Whether `close()` was called."""
        return not self._thread.is_alive()

    def close(self):
        """End the thread and close every connection; again: nothing. Raises the first of `errors`, once."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(STARTING)
            if self._thread.is_alive():
                raise RuntimeError(f"the thread {self._thread.name} did not end within {STARTING} s")
        tidying.unregister(self)
        self._raise_first()

    def __repr__(self):
        return f"the class's board as a page{', closed' if self.closed else ''}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        from labsupport.widgets.bundle import bundle, still
        from labsupport.widgets.sheets import paper

        if self.closed:
            return bundle(repr(self))
        links = " or ".join(
            f'<a href="{url}" target="_blank" style="text-decoration:underline">{url}</a>'
            for url in self.urls
        )
        # The link's port is the live view's alone: it differs from run to run.
        return bundle(repr(self), None, still(paper(f"The board for the projector: {links}")))

    # In the thread

    def _run(self):
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error
            self.errors.append(error)
        finally:
            self._ready.set()

    async def _serve(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        given = {"page": self}
        paths = [("/", _Whole, given), ("/board", _News, given), (r"/(board\.css|board\.js)", _Still)]
        application = web.Application(
            paths, default_handler_class=_Nothing, log_function=lambda handler: None
        )
        server = _Server(
            application,
            idle_connection_timeout=IDLE,
            body_timeout=IDLE,
            max_header_size=16 * 1024,
            max_body_size=1024,
        )
        server.add_socket(self._listener)
        self._ready.set()
        await self._stop.wait()
        server.stop()
        await server.close_all_connections()

    def drawn(self):
        """(version, size, HTML) of the board as it is now; the version is the same while the board is."""
        model = board_of(self.room)
        html, size = board_html.board_html(model), board_html.size_class(model)
        return hashlib.sha256(f"{size} {html}".encode()).hexdigest()[:16], size, html


def _listener(host, port):
    """A listening socket on one address of this machine, that is given as an address."""
    (sock,) = netutil.bind_sockets(
        arguments.checked_port(port), address=host, family=arguments.family_of(host)
    )
    return sock


def trusted(host):
    """Whether a request's Host header may stand for this machine: an address, localhost or its own name.

    A stranger's page can let its own name point to 127.0.0.1 (DNS rebinding) and would then read the board as
    if it were its own; its name is what it cannot hide.
    """
    found = _HOST.fullmatch(host.strip().lower())
    if found is None:
        return False
    name = found["v6"] or found["name"]
    if name in ("localhost", socket.gethostname().lower()):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class _Server(httpserver.HTTPServer):
    """An HTTP server with so many connections at once and no more."""

    def initialize(self, *given, **options):
        super().initialize(*given, **options)
        self._count = 0

    def handle_stream(self, stream, address):
        if self._count >= CONNECTIONS:
            stream.close()
            return
        self._count += 1
        super().handle_stream(stream, address)

    def on_close(self, server_conn):
        self._count -= 1
        super().on_close(server_conn)


class _Handler(web.RequestHandler):
    """What all answers have: GET alone, the headers, a Host of this machine, errors as one plain line."""

    SUPPORTED_METHODS = ("GET",)

    def set_default_headers(self):
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def prepare(self):
        if not trusted(self.request.host):
            raise web.HTTPError(403, reason="ask for this page by an address or localhost")

    def write_error(self, status_code, **_details):
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{status_code}: {self._reason}\n")

    def log_exception(self, kind, error, traceback):
        """Nothing is printed into whatever cell is running; the page's errors have it."""


class _Nothing(_Handler):
    """The answer to every other path."""

    def prepare(self):
        super().prepare()
        raise web.HTTPError(404)


class _Still(_Handler):
    """The style sheet and the script."""

    def get(self, name):
        if name == "board.css":
            self.set_header("Content-Type", "text/css; charset=utf-8")
            self.finish(board_style.page_style())
        else:
            self.set_header("Content-Type", "text/javascript; charset=utf-8")
            self.finish(Path(__file__).with_name("board.js").read_text("utf-8"))


class _Drawing(_Handler):
    def initialize(self, page):
        self.page = page

    def drawn(self):
        """The page's board; what goes wrong is kept, and the browser gets one line."""
        try:
            return self.page.drawn()
        except Exception as error:
            if not self.page.errors:  # the same one would come each second
                self.page.errors.append(error)
            raise web.HTTPError(500, reason="the board cannot be drawn") from error


class _Whole(_Drawing):
    """The page."""

    def get(self):
        version, size, html = self.drawn()
        self.finish(SHELL.format(version=version, size=size, html=html))


class _News(_Drawing):
    """The board as JSON; without HTML where the browser has seen this version."""

    def get(self):
        version, size, html = self.drawn()
        known = self.get_query_argument("seen", "") == version
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"version": version, "size": size, "html": None if known else html}))
