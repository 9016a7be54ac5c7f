"""One learner of a hub, as a browser would be: logs in by the form, has a server started, runs cells.

HTTP is httpx's and keeps cookies; the kernel's channels are a websocket through the hub's proxy, as
JupyterLab opens it. What the messages make of a cell's outputs is nbclient's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import time
import uuid

import httpx
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

PATIENCE = 300  # seconds for a page, a server's start, a cell: thirty start at once on two processors
BIGGEST = 100 * 2**20  # bytes of one message: a notebook's pictures come in one
END_OF_THE_CORE = "deeper"
NO_TLS = ssl.create_default_context()  # made once: each one takes 20 ms, and loopback uses none


class Trouble(RuntimeError):
    """Something that a learner would see go wrong; the text says what."""


class Learner:
    """A person with a browser at the hub's login page."""

    def __init__(self, url: str, name: str, password: str):
        self.url, self.name, self._password = url, name, password
        self.base = f"/user/{name}"
        self._client = httpx.AsyncClient(
            base_url=url,
            follow_redirects=True,
            timeout=PATIENCE,
            verify=NO_TLS,
            # A connection that is kept may be closed by the proxy just when the next request goes out. A
            # browser asks again by itself; httpx does not.
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"User-Agent": f"rehearsal of {name}"},
        )

    async def log_in(self) -> None:
        """Fill in the login form. Raises Trouble where the hub does not let the learner in."""
        form = await self._client.get("/hub/login")
        data = {"username": self.name, "password": self._password, "_xsrf": self._token("/hub/")}
        answer = await self._client.post("/hub/login?next=/hub/home", data=data)
        if answer.status_code != 200 or "/hub/home" not in str(answer.url):
            raise Trouble(f"login: status {form.status_code}, then {answer.status_code} at {answer.url}")

    async def start(self) -> None:
        """Have the hub start this learner's server, wait until it is there, and open JupyterLab's page."""
        await self._checked("GET", "/hub/spawn")
        await self._until_ready()
        await self._checked("GET", f"{self.base}/lab")  # by way of the hub's OAuth, for a cookie of its own

    async def _until_ready(self):
        said = "nothing"
        async with self._client.stream("GET", f"/hub/api/users/{self.name}/server/progress") as lines:
            async for line in lines.aiter_lines():
                if line.startswith("data:"):
                    said = json.loads(line.removeprefix("data:"))
                    if said.get("ready"):
                        return
        raise Trouble(f"the server did not start: {said}")

    async def notebook(self, name: str):
        """The learner's own copy of a notebook, as JupyterLab reads it."""
        answer = await self._checked("GET", f"{self.base}/api/contents/{name}")
        return nbformat.from_dict(answer.json()["content"])

    async def save(self, name: str, notebook) -> int:
        """Save a notebook, as JupyterLab does. Returns the answer's status: 200 when it was saved."""
        body = {"type": "notebook", "format": "json", "content": notebook}
        return (await self._request("PUT", f"{self.base}/api/contents/{name}", json=body)).status_code

    async def files(self) -> list[str]:
        """The names of what is in the learner's folder."""
        answer = await self._checked("GET", f"{self.base}/api/contents/")
        return sorted(entry["name"] for entry in answer.json()["content"])

    @contextlib.asynccontextmanager
    async def kernel(self, name: str):
        """A Kernel for that notebook; ended with the block."""
        wanted = {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
        answer = await self._checked("POST", f"{self.base}/api/sessions", json=wanted)
        session = answer.json()
        try:
            async with contextlib.AsyncExitStack() as stack:
                kernel = Kernel(session["kernel"]["id"], await self._channels(session))
                stack.callback(kernel.close)
                yield kernel
        finally:
            await self._request("DELETE", f"{self.base}/api/sessions/{session['id']}")

    async def _channels(self, session):
        path = f"{self.base}/api/kernels/{session['kernel']['id']}/channels"
        url = self._client.base_url.join(f"{path}?session_id={uuid.uuid4().hex}")
        cookies = httpx.Request("GET", url)
        self._client.cookies.set_cookie_header(cookies)
        headers = {"Cookie": cookies.headers["Cookie"], "Origin": self.url, "Sec-Fetch-Mode": "websocket"}
        url = str(url.copy_with(scheme="ws"))
        request = HTTPRequest(url, headers=headers, connect_timeout=PATIENCE, request_timeout=PATIENCE)
        return await websocket_connect(request, max_message_size=BIGGEST)

    async def stop(self) -> None:
        """Stop the server, as the hub's own page does."""
        headers = {"X-XSRFToken": self._token("/hub/"), "Referer": f"{self.url}/hub/home"}
        async with asyncio.timeout(PATIENCE):
            await self._client.delete(f"/hub/api/users/{self.name}/server", headers=headers)
            while (await self._client.get(f"/hub/api/users/{self.name}")).json()["pending"]:
                await asyncio.sleep(0.1)  # between two looks

    async def close(self) -> None:
        """Close the browser. The server stays."""
        await self._client.aclose()

    async def _checked(self, method, path, **what):
        answer = await self._request(method, path, **what)
        if answer.is_error:
            raise Trouble(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer

    async def _request(self, method, path, **what):
        token = self._token(f"{self.base}/")
        headers = {"X-XSRFToken": token} if token and method != "GET" else {}
        try:
            return await self._client.request(method, path, headers=headers, **what)
        except httpx.HTTPError as error:
            raise Trouble(f"{method} {path}: {error!r}") from error

    def _token(self, path):
        found = [c.value for c in self._client.cookies.jar if c.name == "_xsrf" and c.path == path]
        return found[0] if found else ""


class Kernel:
    """A learner's kernel at the other end of a websocket."""

    def __init__(self, identity: str, websocket):
        self.identity, self._websocket = identity, websocket
        self._session = uuid.uuid4().hex

    async def run(self, cell, index: int, collector: NotebookClient, patience: float = PATIENCE) -> float:
        """Run a code cell: its outputs are put into it. Returns seconds.

        Raises Trouble when the kernel ends meanwhile, or does not finish within `patience` seconds.
        """
        began = time.monotonic()
        collector.clear_before_next_output = False
        asked = await self._ask({"code": cell.source, "allow_stdin": False, "store_history": True})
        await self._collect(asked, patience, lambda message: collector.process_message(message, cell, index))
        return time.monotonic() - began

    async def value(self, expression: str, patience: float = PATIENCE) -> str:
        """The repr of what an expression gives in the kernel. Raises Trouble where it raises."""
        asked = await self._ask({"code": "", "silent": True, "user_expressions": {"it": expression}})
        reply = await self._collect(asked, patience, lambda message: None)
        it = reply["content"]["user_expressions"]["it"]
        if it["status"] != "ok":
            raise Trouble(f"{expression}: {it.get('ename')}: {it.get('evalue')}")
        return it["data"]["text/plain"]

    async def send(self, code: str) -> None:
        """Have the kernel begin with some code, and wait for nothing."""
        await self._ask({"code": code, "silent": True})

    async def _ask(self, content):
        header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "version": "5.4"}
        header |= {"username": "", "session": self._session, "date": now()}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        await self._websocket.write_message(json.dumps({**message, "channel": "shell", "buffers": []}))
        return header["msg_id"]

    async def _collect(self, asked, patience, take):
        """Give `take` what the kernel publishes for a request, until it is idle and has replied."""
        reply, idle = None, False
        deadline = asyncio.get_running_loop().time() + patience
        try:
            async with asyncio.timeout_at(deadline):
                while not (reply and idle):
                    message = await self._next()
                    if message["parent_header"].get("msg_id") != asked:
                        continue
                    if message["channel"] == "shell":
                        reply = message
                    elif message["channel"] == "iopub":
                        try:
                            take(message)
                        except CellExecutionComplete:
                            pass
                        idle = idle or message["content"].get("execution_state") == "idle"
        except TimeoutError:
            raise Trouble(f"no end of a cell within {patience:.0f} s") from None
        return reply

    async def _next(self):
        raw = await self._websocket.read_message()
        if raw is None:
            raise Trouble("the websocket was closed")
        message = json.loads(raw) if isinstance(raw, str) else from_bytes(raw)
        if message["content"].get("execution_state") in ("restarting", "dead"):
            raise Trouble(f"the kernel is {message['content']['execution_state']}")
        return message

    def close(self):
        """Close the websocket. The kernel stays."""
        self._websocket.close()


def from_bytes(raw: bytes) -> dict:
    """A message that carries buffers: a count, offsets, JSON, buffers (Jupyter Server's older form)."""
    count = int.from_bytes(raw[:4], "big")
    offsets = [int.from_bytes(raw[4 * at : 4 * at + 4], "big") for at in range(1, count + 1)] + [len(raw)]
    return json.loads(raw[offsets[0] : offsets[1]])


def now() -> str:
    """Now, as a message's header has it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())


def collector(notebook) -> NotebookClient:
    """What makes outputs of a kernel's messages, in the notebook's cells."""
    client = NotebookClient(notebook, record_timing=False, store_widget_state=False)
    client.reset_execution_trackers()
    return client


def core(notebook) -> list:
    """The (place, code cell) pairs of a notebook's core: all before the cell with the id "deeper"."""
    pairs = []
    for place, cell in enumerate(notebook.cells):
        if cell.get("id") == END_OF_THE_CORE:
            break
        if cell.cell_type == "code":
            pairs.append((place, cell))
    return pairs
