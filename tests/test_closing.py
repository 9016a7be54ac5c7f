"""What was kept is raised at the end, once, and hides nothing that ended the block."""

import contextlib

import pytest

from labsupport import Network, until
from labsupport.classroom import words
from labsupport.classroom.page import Page
from labsupport.classroom.room import Classroom
from labsupport.closing import Closing
from labsupport.servers import EchoServer, Visitor
from class_clients import Client
from needs import needs_network

pytestmark = pytest.mark.usefixtures("nothing_taken")


@contextlib.contextmanager
def failing_server():
    with EchoServer() as server:
        server._loop.later(0, lambda: 1 / 0)
        server._loop._wake_in.send(b"!")
        until(lambda: server.errors)
        yield server


@contextlib.contextmanager
def failing_visitor():
    with Visitor(("127.0.0.1", 9), after=lambda: 1 / 0) as visitor:
        until(lambda: visitor.done)
        yield visitor


@contextlib.contextmanager
def failing_room():
    with pytest.MonkeyPatch.context() as patch, Classroom() as room, Client(room) as client:
        patch.setattr(words, "meaning", lambda line: 1 / 0)
        client.send("I am Ada")
        with contextlib.suppress(ConnectionResetError):
            client.reader.read()
        yield room


@contextlib.contextmanager
def failing_page():
    with Classroom() as room, Page(room) as page:
        page.errors.append(ZeroDivisionError("division by zero"))
        yield page


FAILING = [failing_server, failing_visitor, failing_room, failing_page]


@pytest.mark.parametrize("failing", FAILING)
def test_the_end_of_the_block_raises_what_was_kept(failing):
    with pytest.raises(ZeroDivisionError), failing():
        pass


@pytest.mark.parametrize("failing", FAILING)
def test_it_hides_nothing_that_ended_the_block(failing):
    with pytest.raises(KeyError, match="the learner's own") as raised, failing() as thing:
        raise KeyError("the learner's own")
    kind = type(thing).__name__
    assert raised.value.__notes__ == [f"{kind}.close() raised, too: ZeroDivisionError: division by zero"]
    thing.close()  # it has been said


def test_an_interrupt_stays_an_interrupt():
    with pytest.raises(KeyboardInterrupt), failing_server():
        raise KeyboardInterrupt


def test_the_same_error_is_not_noted_on_itself():
    with pytest.raises(ZeroDivisionError) as raised, failing_visitor() as visitor:
        visitor.wait()
    assert not hasattr(raised.value, "__notes__")


def test_both_kept_errors_of_a_room_are_one_raise():
    room = Classroom()
    room._server.errors.append(ZeroDivisionError("the server's"))
    room._visits.errors.append(ValueError("the visits'"))
    with pytest.raises(ZeroDivisionError):
        room.close()
    room.close()
    assert len(room.errors) == 2


@needs_network
def test_a_network_is_closed_and_the_blocks_exception_goes_on():
    with pytest.raises(KeyError), Network() as net:
        raise KeyError
    assert net.closed


@needs_network
def test_a_network_still_takes_no_name_that_it_does_not_have():
    with Network() as net, pytest.raises(AttributeError):
        net.quickak = False
    assert not hasattr(net, "errors")  # its wire's they are


def test_nothing_kept_is_nothing_raised():
    class Door(Closing):
        closed, errors = 0, ()

        def close(self):
            self.closed += 1
            self._raise_first()

    with Door() as door:
        pass
    assert door.closed == 1
