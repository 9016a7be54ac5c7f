"""Buttons for the classroom screen: send this, read that, close, let a visitor come.

Each makes the very call its name says, on the learner's own socket, and never blocks: a cell that waits goes
on waiting. A lock keeps two presses apart, whichever thread the kernel runs them in; an error stands on the
status line with errno's name.
"""

from __future__ import annotations

import errno
import socket
import threading

from labsupport.draw import theme
from labsupport.waiting import readable, writable

_lock = threading.Lock()
_visitors = []  # they register themselves for `tidy`, weakly: this keeps them until then


def status(said):
    """The status line as HTML, announced by screen readers; an empty one takes no room."""
    if not said:
        return ""
    return (
        '<div role="status" style="font-size:13px;line-height:1.5;padding:0 8px;'
        f'color:var(--jp-content-font-color1,#1f2430)">{theme.escape(said)}</div>'
    )


def row(widgets, view, eye):
    """The widgets below a card: one box of buttons, or none where nothing can be done."""
    thing = eye.thing
    if isinstance(thing, socket.socket):
        parts = _listener(widgets, view, eye) if _listens(thing) else _conversation(widgets, view, eye)
    elif hasattr(thing, "cancel"):
        parts = _call(widgets, view, eye)
    elif hasattr(thing, "close"):
        parts = [_button(widgets, view, eye, "close", _close)]
    else:
        return []
    return [
        widgets.HBox(parts, layout={"flex_flow": "row wrap", "max_width": "640px", "margin": "0 0 10px 0"})
    ]


def _conversation(widgets, view, eye):
    field = widgets.Text(value="hello", placeholder="what to send", layout={"width": "180px"})
    return [
        field,
        _button(widgets, view, eye, "send", lambda sock: _send(sock, field.value.encode())),
        _button(widgets, view, eye, "recv", _receive),
        _button(widgets, view, eye, "shutdown", _shutdown),
        _button(widgets, view, eye, "close", _close),
    ]


def _listener(widgets, view, eye):
    return [_visit_button(widgets, view, eye), _button(widgets, view, eye, "close", _close)]


def _call(widgets, view, eye):
    call = eye.thing
    parts = [_button(widgets, view, eye, "cancel", _cancel)]
    if call is not None and call.socket is not None and call.name == "accept" and _listens(call.socket):
        parts.append(_visit_button(widgets, view, eye))
    return parts


def _visit_button(widgets, view, eye):
    return _button(widgets, view, eye, "a visitor connects", _visit)


def _button(widgets, view, eye, name, act):
    """A button that does `act(thing)` and puts what it says, or the error, on the view's status line."""
    button = widgets.Button(description=name, layout={"width": "auto"})
    button.on_click(lambda _: press(view, eye, name, act))
    return button


def press(view, eye, name, act):
    """What a press does; whatever happens is said in the view and never printed into a cell."""
    with _lock:
        thing = eye.thing
        if thing is None:
            said = "nothing refers to it any more"
        else:
            try:
                said = act(thing)
            except Exception as error:
                said = spoken(error)
    view.say(f"{name}: {said}")
    view.refresh()


def spoken(error):
    """An error in words, an OSError by errno's name: `EPIPE: Broken pipe`."""
    if isinstance(error, OSError):
        return f"{errno.errorcode.get(error.errno, type(error).__name__)}: {error.strerror or error}"
    return f"{type(error).__name__}: {error}"


def _send(sock, data):
    if not writable([sock], 0):
        return "the send queue is full; nothing was taken"
    return f"{sock.send(data, _flag('MSG_DONTWAIT') | _flag('MSG_NOSIGNAL'))} of {len(data)} bytes taken"


def _receive(sock):
    if not readable([sock], 0):
        return "nothing there yet"
    data = sock.recv(4096, _flag("MSG_DONTWAIT"))
    if not data and sock.type == socket.SOCK_STREAM:
        return "b'' (end of file: the other end sends no more)"
    return repr(data) if len(data) <= 60 else f"{len(data)} bytes, {data[:40]!r} …"


def _shutdown(sock):
    sock.shutdown(socket.SHUT_WR)
    return "SHUT_WR: this end sends no more"


def _close(thing):
    thing.close()
    return "closed"


def _cancel(call):
    return repr(call) if call.cancel() or call.done else f"{call.thread.name} cannot be freed"


def _visit(thing):
    from labsupport.servers import Visitor

    sock = thing if isinstance(thing, socket.socket) else thing.socket
    address = sock.getsockname()
    if isinstance(address, tuple) and address[0] in ("0.0.0.0", "::"):
        address = ("127.0.0.1" if address[0] == "0.0.0.0" else "::1", *address[1:])
    _visitors[:] = [visitor for visitor in _visitors if not visitor.done]
    _visitors.append(Visitor(address, "send"))
    return "one is on its way; it sends hello and stays"


def _listens(sock):
    try:
        return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False


def _flag(name):
    """A recv or send flag; 0 on a system without it, where the readiness check alone keeps from blocking."""
    return getattr(socket, name, 0)
