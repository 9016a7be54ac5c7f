"""The drawings as text: for a page without a kernel, a screen reader, and the tests that compare stored
outputs.

Only settled figures stand here: addresses without ports, states, payload counts. What varies from run to run
is left to the live view.
"""

from __future__ import annotations


def path_text(path):
    """The way through the states, the ones implied and not seen in parentheses: `CLOSED → (SYN-SENT) →
    ESTABLISHED`.
    """
    return " → ".join(state if seen or state == "…" else f"({state})" for state, seen in path)


def host(address):
    """An address without its port, a Unix path without its folder: what is the same in every run. None for no
    address.
    """
    if isinstance(address, tuple) and address:
        return str(address[0])
    return str(address).rpartition("/")[2] if address else None


def full(address):
    """An address as `ss` writes it: `127.0.0.1:7`, `[::1]:7`, a path; None if there is none."""
    if isinstance(address, tuple) and len(address) >= 2:
        place = f"[{address[0]}]" if ":" in str(address[0]) else address[0]
        return f"{place}:{address[1]}"
    return str(address) if address else None


def unbound(address):
    """Whether the kernel has given no address yet: none at all, or the wildcard with port 0."""
    return not address or (isinstance(address, tuple) and len(address) >= 2 and address[1] == 0)


def ends(snapshot, spell=host):
    """Both ends, `127.0.0.1 → 127.0.0.1`, as far as there are any; `spell` writes an address."""
    here = None if unbound(snapshot.local) else spell(snapshot.local)
    there = spell(snapshot.peer) if snapshot.peer else None
    if there:
        return f"{here or 'no address'} → {there}"
    return here or "no address"


def plural(count, noun):
    """`1 connection`, `2 connections`."""
    return f"{count} {noun}" + ("" if count == 1 else "s")


def card_text(model):
    """A card as text: `client  127.0.0.1 → 127.0.0.1   ESTABLISHED   (CLOSED → …)   sent 5, received 5`."""
    head = _socket_line(model) if model.snapshot is not None else _thing_line(model)
    lines = [*(row.text() for row in model.listing or ()), *model.log]
    return "\n".join([head, *(f"  {line}" for line in lines)])


def _socket_line(model):
    snapshot = model.snapshot
    if snapshot.state:
        parts = [f"{model.label}  {ends(snapshot)}", snapshot.state]
        if len(model.path) > 1:
            parts.append(f"({path_text(model.path)})")
        # After close it depends on the moment of the last look how much was counted.
        if snapshot.fd is not None and (snapshot.bytes_sent or snapshot.bytes_received):
            parts.append(f"sent {snapshot.bytes_sent}, received {snapshot.bytes_received}")
    else:
        parts = [f"{model.label}  {model.kind}, {ends(snapshot)}"]
    if model.waiting:
        parts.append(model.waiting)
    return "   ".join(parts)


def _thing_line(model):
    return (
        f"{model.label}  {model.words}"
        if model.label and not model.words.startswith(model.label)
        else model.words
    )
