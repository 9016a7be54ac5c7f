"""From a scene's notes to a Timeline: lanes and hosts with names, calls in words, packets in few."""

from __future__ import annotations

from labsupport.events import Arrived, Became, Began, End, Held, Lane, Returned, Sent
from labsupport.naming import Names, Words, thread_names
from labsupport.timeline import Timeline

_ROLES = {"active": "client", "passive": "server"}


def tell(recorder, **scene):
    """The Timeline of a SceneRecorder that has stopped; `scene`: its result and error."""
    return _Teller(recorder).timeline(scene)


class _Teller:
    def __init__(self, recorder):
        self.log, self.net = recorder.log, recorder.scenery.net
        self.kernels, self.scenery = {}, recorder.scenery
        self.started = recorder.started
        for entry in self.log:
            for kernel in self._of(entry):
                self.kernels.setdefault(kernel, len(self.kernels))
        self.lanes = self._lanes()
        calls = [entry for entry in self.log if entry[0] in ("began", "returned")]
        self.threads = thread_names(calls, recorder.main)
        self.words = Words(recorder.started, {}, self.lanes, Names(None), self.threads)
        self.events, self.orders, self.packets = [], {}, []

    def timeline(self, scene):
        for kind, *noted in self.log:
            getattr(self, f"_{kind}")(*noted)
        return Timeline(
            self.events,
            self.lanes,
            hosts=self._hosts(),
            packets=[record.packet for record in self.packets],
            keeps_time=self.scenery.kept_time,
            **scene,
        )

    # Who

    def _of(self, entry):
        """The Kernels that one note is about."""
        kind, about = entry[0], entry[1]
        if kind not in ("began", "returned"):
            return [about] if about is not None else []
        notes = [about.lane, about.new] if kind == "returned" else [about.lane]
        found = [self._kernel(note) for note in notes if note is not None]
        return [kernel for kernel in found if kernel is not None]

    def _kernel(self, note):
        return self.scenery.kernels.get(note.cookie) if note is not None else None

    def _lane(self, kernel):
        return self.kernels.get(kernel)

    def _lanes(self):
        """A Lane for each socket: named as the program does, else by what it is."""
        lanes, taken = [], {}
        for kernel in self.kernels:
            note = kernel.note
            label = (note.name if note is not None else None) or self._unnamed(kernel)
            taken[label] = taken.get(label, 0) + 1
            if taken[label] > 1:
                label = f"{label} {taken[label]}"
            family = note.family if note is not None else "AF_INET6" if ":" in kernel.local[0] else "AF_INET"
            kind = note.type if note is not None else "SOCK_STREAM"
            lanes.append(Lane(label, self._role(kernel), family, kind, kernel.host))
        return tuple(lanes)

    @staticmethod
    def _unnamed(kernel):
        return "new socket" if kernel.opened == "passive" else "socket"

    def _role(self, kernel):
        role = _ROLES.get(kernel.opened)
        if role is None and kernel.note is not None:
            calls = {
                entry[1].name for entry in self.log if entry[0] == "began" and entry[1].lane is kernel.note
            }
            served = (
                "bind" in calls and kernel.note.type == "SOCK_DGRAM" and not calls & {"connect", "connect_ex"}
            )
            if calls & {"listen", "accept"} or served:
                role = "server"
            elif calls & {"connect", "connect_ex", "sendto"}:
                role = "client"
            elif "bind" in calls:
                role = "server"
        return role

    def _hosts(self):
        """An End for each host, called by its one role, else by its name."""
        ends = []
        for number, host in enumerate(self.net.hosts):
            roles = {lane.role for lane in self.lanes if lane.host == number} - {None}
            ends.append((host, roles.pop() if len(roles) == 1 else None))
        roles = [role for _, role in ends]
        if len(roles) == 2 and None in roles and roles != [None, None]:
            other = "server" if "client" in roles else "client"
            if not any(lane.host == roles.index(None) for lane in self.lanes):
                roles[roles.index(None)] = other  # a host without a socket, that was spoken to
        labels = [
            role if role and roles.count(role) == 1 else host.name
            for (host, _), role in zip(ends, roles, strict=True)
        ]
        return tuple(
            End(host.name, label, role, host.address)
            for (host, _), label, role in zip(ends, labels, roles, strict=True)
        )

    # What

    def _add(self, make, *values, **more):
        self.events.append(make(len(self.events), *values, **more))
        return len(self.events) - 1

    def _at(self, moment):
        return moment - self.started

    def _began(self, call):
        kernel = self._kernel(call.lane)
        self.orders[id(call)] = self._add(
            *(Began, self._at(call.began_at), self.threads[call.thread], self._lane(kernel)),
            *(call.name, self.words.arguments(call)),
        )

    def _returned(self, call):
        other = self._lane(self._kernel(call.new)) if call.name == "accept" else None
        self._add(
            *(
                Returned,
                self._at(call.ended_at),
                self.threads[call.thread],
                self._lane(self._kernel(call.lane)),
            ),
            *(call.name, self.words.arguments(call), self.words.result(call) if call.error is None else None),
            *(call.error, call.errno, call.ended_at - call.began_at, self.orders[id(call)]),
            amount=call.amount,
            other=other,
        )

    def _became(self, kernel, state, moment):
        self._add(Became, self._at(moment), self._lane(kernel), state, True)

    def _held(self, kernel, queues, moment):
        self._add(Held, self._at(moment), self._lane(kernel), *queues)

    def _sent(self, kernel, record, note, moment):
        self.packets.append(record)
        self.orders[id(record)] = self._add(
            *(Sent, self._at(moment), record.sender, self._lane(kernel), len(self.packets) - 1),
            *(record.packet.said, record.fate, note),
        )

    def _arrived(self, kernel, record, moment):
        self._add(Arrived, self._at(moment), record.receiver, self._lane(kernel), self.orders[id(record)])
