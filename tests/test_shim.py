"""A C program's calls on the same timeline as Python's: what is noted of them, and in which words."""

from __future__ import annotations

import socket

from c_sources import CLIENT, HEAD, SERVER
from compilers import each_compiler, each_sanitizer, needs_tracing
from needs import needs_network
from timelines import ladder

from labsupport import EchoServer, Network, compile_c, record, run_c, until
from labsupport.c import outputs, trace
from labsupport.c.compilers import NoCompiler
from labsupport.events import Began

pytestmark = needs_tracing


def python_client(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.connect(("127.0.0.1", port))
    sock.send(b"hello")
    sock.recv(64)
    sock.close()


def recorded(port):
    with record() as timeline:
        python_client(port)
    return timeline


# --- the same timeline ----------------------------------------------------------------------------


@each_compiler
def test_a_c_client_and_a_python_client_give_one_ladder(compiler):
    with EchoServer() as server:
        run = run_c(CLIENT, server.port, record=True, compiler=compiler)
        timeline = recorded(server.port)
    assert run.output == "5 5 \n" and run.timeline.missed == 0
    assert ladder(run.timeline)[1:] == ladder(timeline)[1:]  # the first line is the socket's name
    assert run.timeline.lanes[0]._replace(label="sock") == timeline.lanes[0]
    assert run.timeline.states("client") == timeline.states("sock")
    assert [event.thread for event in run.timeline.calls] == ["main"] * 5


def test_times_are_those_of_pythons_clock():
    with EchoServer() as server:
        run = run_c(CLIENT, server.port, record=True)
    for event in run.timeline.calls:
        assert 0 <= event.elapsed < 5 and event.time >= event.elapsed


def test_a_program_that_waits_is_told_while_it_does_and_after_it_was_killed():
    source = (
        HEAD
        + "int main(void) { int p[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, p); char c; read(p[0], &c, 1); }"
    )
    with compile_c(source) as program, program.start(record=True) as running:
        until(lambda: len(running.timeline.events) == 5, timeout=20)
        running.kill()
        assert running.wait() == "killed by SIGKILL"
    last = running.timeline.events[-1]
    assert isinstance(last, Began) and (last.call, last.arguments) == ("read", "1")
    assert "┌" in repr(running.timeline)


def test_beside_python_in_one_record_block():
    with compile_c(SERVER) as program, program.start(record=True) as running:
        port = int(until(lambda: running.output))
        with record() as timeline:
            pass
        assert not timeline.events  # it was started outside the block
        socket.create_connection(("127.0.0.1", port)).close()
        running.wait()
    with compile_c(SERVER) as program, record() as timeline:
        running = program.start(record=True)
        client = socket.create_connection(("127.0.0.1", int(until(lambda: running.output))))
        client.send(b"ping")
        client.recv(16)
        client.close()
        running.wait()
    roles = {lane.label: lane.role for lane in timeline.lanes}
    assert roles == {"client": "client", "listener in C": "server", "connection in C": "server"}
    calls = [(event.call, event.result) for event in timeline.calls if event.thread == "C program"]
    assert calls == [
        *(
            ("socket", None),
            ("setsockopt", None),
            ("bind", None),
            ("listen", None),
            ("accept", "a new socket"),
        ),
        *(
            ("read", 'b"ping"'),
            ("write", "4"),
            ("read", 'b""'),
            ("shutdown", None),
            ("close", None),
            ("close", None),
        ),
    ]
    paired = next(event for event in timeline.calls if event.call == "send")
    assert timeline.lanes[paired.other].label == "connection in C"
    assert "setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)" in repr(timeline)
    states = [state for state, _ in timeline.paths[2]]
    assert states[:3] == ["SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT"]


def test_both_ladders_are_the_same_in_every_run():
    def once():
        with compile_c(SERVER) as program, record() as timeline:
            running = program.start(record=True)
            client = socket.create_connection(("127.0.0.1", int(until(lambda: running.output))))
            client.sendall(b"ping")
            client.recv(16)
            client.close()
            running.wait()
        return repr(timeline)

    assert len({once() for _ in range(5)}) == 1


# --- what is noted --------------------------------------------------------------------------------


def said(source, *args, **options):
    """Each call of a program as `name(arguments) result`."""
    run = run_c(HEAD + source, *args, record=True, **options)
    return [
        f"{event.call}({event.arguments}) {event.result or ''}{event.error or ''} {event.errno or ''}".strip()
        for event in run.timeline.calls
    ]


def test_datagrams_and_their_addresses():
    source = """
int main(void)
{
    struct sockaddr_in sin = {.sin_family = AF_INET}, from;
    inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
    socklen_t length = sizeof sin;
    int s = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    bind(s, (struct sockaddr *)&sin, sizeof sin);
    getsockname(s, (struct sockaddr *)&sin, &length);
    char buf[100];
    sendto(s, "ask", 3, 0, (struct sockaddr *)&sin, sizeof sin);
    recvfrom(s, buf, sizeof buf, 0, (struct sockaddr *)&from, &length);
    close(s);
}
"""
    assert said(source) == [
        "socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP)",
        'bind(("127.0.0.1", 0))',
        'sendto(b"ask", socket 1\'s address) 3',
        'recvfrom(100) b"ask" from socket 1\'s address',
        "close()",
    ]


def test_only_sockets_and_only_the_programs_own_calls():
    source = """
int main(void)
{
    int file = open("/dev/null", O_WRONLY), s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    write(file, "x", 1);
    puts("stdio writes");
    printf("%d\\n", s);
    close(file);
    close(s);
    send(s, "late", 4, 0);
    send(-1, "never", 5, 0);
}
"""
    assert said(source) == [
        "socket(AF_INET, SOCK_STREAM)",
        "close()",
        'send(b"late") -1 EBADF',
    ]
    assert run_c(HEAD + source, record=True).output.endswith("\n4\n")  # no descriptor of ours in between


def test_messages_vectors_peeks_and_long_data():
    source = """
#include <sys/uio.h>
int main(void)
{
    int p[2];
    char a[30] = {0}, b[30];
    struct iovec two[] = {{a, 30}, {b, 10}};
    struct msghdr message = {.msg_iov = two, .msg_iovlen = 2};
    memset(b, 'b', sizeof b);
    socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    writev(p[0], two, 2);
    recv(p[1], a, 5, MSG_PEEK);
    recv(p[1], a, 30, 0);
    readv(p[1], two, 1);
    sendmsg(p[0], &message, MSG_NOSIGNAL);
    recvmsg(p[1], &message, 0);
}
"""
    assert said(source) == [
        "socketpair()",
        "socketpair()",
        "writev(40 bytes) 40",
        'recv(5, MSG_PEEK) b"\\x00\\x00\\x00\\x00\\x00"',
        "recv(30) 30 bytes",
        "readv(30) 10 bytes",
        "sendmsg(40 bytes, MSG_NOSIGNAL) 40",
        "recvmsg(40) 40 bytes",
    ]


def test_threads_and_processes_have_names_of_their_own():
    source = """
static void *work(void *fd) { char c; read(*(int *)fd, &c, 1); return NULL; }
int main(void)
{
    int p[2];
    pthread_t thread;
    socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    pthread_create(&thread, NULL, work, &p[0]);
    write(p[1], "a", 1);
    pthread_join(thread, NULL);
    if (fork() == 0) {
        write(p[1], "b", 1);
        close(p[1]);
        _exit(0);
    }
    wait(NULL);
    close(p[1]);
    char c;
    read(p[0], &c, 1);
    read(p[0], &c, 1);
}
"""
    run = run_c(HEAD + source, record=True)
    assert {event.thread for event in run.timeline.calls} == {"main", "main 2", "main 3"}
    last = [event for event in run.timeline.calls if event.call == "read"][-1]
    assert last.result == 'b""'


def test_a_socket_with_two_descriptors_is_not_gone_when_one_is_closed():
    source = CLIENT.replace("close(s);", "int t = dup(s); close(s); shutdown(t, SHUT_WR); close(t);")
    with EchoServer() as server:
        run = run_c(source, server.port, record=True)
    # the first close says nothing of the state, shutdown sends the FIN
    assert run.timeline.states("client")[:4] == ("CLOSED", "(SYN-SENT)", "ESTABLISHED", "(FIN-WAIT-1)")


def test_refused_and_unmade():
    source = "int main(void) { socket(AF_INET, 99, 0); return 0; }"
    assert said(source) == ["socket(AF_INET, 3) -1 EINVAL"] or said(source)[0].endswith("EINVAL")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        run = run_c(CLIENT, unused.getsockname()[1], record=True)
    assert run.status == "exit 1" and "✕ -1 (ECONNREFUSED)" in repr(run.timeline)
    assert run.timeline.states("client") == ("CLOSED", "(SYN-SENT)", "CLOSED")


def test_too_many_calls_are_counted(monkeypatch):
    monkeypatch.setattr(trace, "SLOTS", 64)
    source = "int main(void) { for (int i = 0; i < 100; i++) close(socket(AF_INET, SOCK_STREAM, 0)); }"
    run = run_c(HEAD + source, record=True)
    assert len(run.timeline.calls) == 32 and run.timeline.missed == 168


@each_sanitizer
def test_beside_the_sanitizers(compiler):
    with EchoServer() as server:
        run = run_c(
            CLIENT, server.port, record=True, sanitize=True, compiler=compiler, inject="recv 1 short 2"
        )
    assert run.output == "5 2 \n" and run.report == () and run.ok
    assert 'recv(64) → b"he", injected' in repr(run.timeline)


@needs_network
def test_on_a_host():
    source = CLIENT.replace("127.0.0.1", "10.0.0.2")
    with Network() as net, EchoServer(host=net.b, port=7), compile_c(source) as program:
        run = program.run(7, host=net.a, record=True)
    assert run.output == "5 5 \n"
    assert [event.call for event in run.timeline.calls] == ["socket", "connect", "send", "recv", "close"]


def test_recorded_with_its_timeline(tmp_path, monkeypatch):
    monkeypatch.setenv(outputs.WANTED, str(tmp_path))
    with EchoServer() as server:
        live = run_c(CLIENT, server.port, record=True)
    monkeypatch.setattr(outputs, "FOLDER", tmp_path)
    shown = outputs.instead(outputs.wanted(CLIENT, [server.port], record=True), NoCompiler("gone", "get one"))
    assert repr(shown.timeline) == repr(live.timeline)
    assert shown.timeline._svg() == live.timeline._svg()
