"""A C program's calls on the same timeline as Python's, and what is done to them: short, interrupted,
reset."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from compilers import each_compiler, each_sanitizer, needs_compiler
from labsupport import EchoServer, Network, compile_c, record, run_c, until
from labsupport.c import CannotTrace, outputs, trace
from labsupport.c.compilers import NoCompiler
from labsupport.c.trace import Rule, Trace, rules
from labsupport.events import Began, Returned
from needs import needs_network

pytestmark = [
    needs_compiler,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="LD_PRELOAD and SO_COOKIE are Linux's"),
]

HEAD = """\
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
"""
# A client as the reference's, in few lines: argv[1] is a port of this machine.
CLIENT = (
    HEAD
    + """
int main(int argc, char **argv)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 0)};
    inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s, (struct sockaddr *)&sin, sizeof sin) == -1) {
        perror("connect");
        return 1;
    }
    char buf[64];
    ssize_t sent = send(s, "hello", 5, 0), got = recv(s, buf, sizeof buf, 0);
    printf("%zd %zd %s\\n", sent, got, got == -1 ? strerror(errno) : "");
    close(s);
}
"""
)


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


def ladder(timeline):
    return repr(timeline).splitlines()


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


SERVER = (
    HEAD
    + """
int main(void)
{
    struct sockaddr_in sin = {.sin_family = AF_INET};
    inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
    socklen_t length = sizeof sin;
    int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bind(s, (struct sockaddr *)&sin, sizeof sin);
    listen(s, 5);
    getsockname(s, (struct sockaddr *)&sin, &length);
    printf("%d\\n", ntohs(sin.sin_port));
    fflush(stdout);
    int c = accept(s, NULL, NULL);
    char buf[16];
    ssize_t got;
    while ((got = read(c, buf, sizeof buf)) > 0)
        write(c, buf, (size_t)got);
    shutdown(c, SHUT_WR);
    close(c);
    close(s);
}
"""
)


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


# --- what is done to a program --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inject", "output", "told"),
    [
        ("send 1 short 3", "3 3 ", 'send(b"hello") → 3, injected'),
        ("recv every short 1", "5 1 ", 'recv(64) → b"h", injected'),
        ("recv 1 EINTR", "5 -1 Interrupted system call", "recv(64) ✕ -1, injected (EINTR)"),
        ("recv 1 reset", "5 -1 Connection reset by peer", "recv(64) ✕ -1, injected (ECONNRESET)"),
        ("recv 2 EINTR", "5 5 ", 'recv(64) → b"hello"'),
        ("recv 1 short 100", "5 5 ", 'recv(64) → b"hello"'),
        (["send 1 short 3", "recv 1 short 1"], "3 1 ", 'recv(64) → b"h", injected'),
    ],
)
def test_done_to_a_call(inject, output, told):
    with EchoServer() as server:
        run = run_c(CLIENT, server.port, record=True, inject=inject)
    assert run.output == output + "\n"
    assert any(told in line for line in ladder(run.timeline)), run.timeline


def test_a_reset_is_one_at_the_other_end_too():
    with EchoServer() as server:
        run_c(CLIENT, server.port, inject="recv 1 reset")
        until(lambda: server.connections == () or "reset" in repr(server.log))
        assert "reset" in repr(server.log)


def test_nobody_listens_any_more():
    with EchoServer() as server:
        assert run_c(CLIENT, server.port, inject="send 1 EPIPE").status == "killed by SIGPIPE"
        assert run_c(CLIENT, server.port, inject="connect 1 ETIMEDOUT").output.startswith("connect: ")


# The reference's kind of server: what came is printed as if it were one line, and ended by a NUL.
CARELESS = (
    SERVER.replace("write(c, buf, (size_t)got);", "fputs(buf, stdout);")
    .replace("char buf[16];", "char buf[256];")
    .replace("while ((got = read(c, buf, sizeof buf)) > 0)", "while ((got = recv(c, buf, sizeof buf, 0)))")
)


def lines_printed(inject=()):
    with compile_c(CARELESS) as program, program.start(inject=inject) as running:
        with socket.create_connection(("127.0.0.1", int(until(lambda: running.output)))) as client:
            client.sendall(b"".join(b"line %02d\n\0" % number for number in range(20)))
        running.wait()
    return [line for line in running.output.splitlines()[1:] if line.startswith("line ") and len(line) == 7]


def test_the_references_kind_of_server_is_seen_to_lose_data():
    assert len(lines_printed("recv every short 9")) == 20  # as if each message came alone
    assert len(lines_printed("recv every short 27")) == 7  # three at once, of which it prints the first
    assert len(lines_printed("recv 3 EINTR, recv every short 9")) == 21  # -1 is taken for data


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("send 2 short 3", [Rule("send", 2, trace.SHORT, 3)]),
        ("recv every EINTR", [Rule("recv", 0, trace.FAIL, 4)]),
        (
            " read 1 reset , write 2 short 1 ,",
            [Rule("read", 1, trace.RESET), Rule("write", 2, trace.SHORT, 1)],
        ),
        ([], []),
    ],
)
def test_rules(text, found):
    assert rules(text) == found


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("send", ValueError, "'send' is none of: CALL NUMBER short BYTES"),
        ("sent 1 reset", ValueError, "'sent 1 reset' is none of"),
        ("send x reset", ValueError, "is none of"),
        ("send 0 reset", ValueError, "the first send is number 1"),
        ("send 1 short 0", ValueError, "short BYTES .1 or more."),
        ("send 1 ENOTHING", ValueError, "an errno"),
        ("accept 1 short 2", ValueError, "accept cannot be cut short; read, recv"),
        ([3], TypeError, "is text such as"),
        (["send 1 reset"] * 17, ValueError, "at most 16"),
    ],
)
def test_what_is_no_rule(text, error, said):
    with pytest.raises(error, match=said):
        rules(text)


def test_what_cannot_be_had(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(CannotTrace, match="on Linux alone"):
        Trace(tmp_path)


@pytest.mark.parametrize("name", ["gcc", "clang"])
def test_it_is_compiled_without_a_warning(name, tmp_path):
    if not shutil.which(name):
        pytest.skip(f"no {name} here")
    command = [
        name,
        "-std=c17",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-O2",
        "-fPIC",
        "-shared",
        "-o",
        tmp_path / "shim.so",
    ]
    done = subprocess.run([*command, trace.SOURCE, "-ldl"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_it_is_part_of_the_package():
    import tomllib

    root = Path(__file__).parent.parent
    project = tomllib.loads((root / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["labsupport"]
    assert any(trace.SOURCE in (root / "labsupport").glob(pattern) for pattern in patterns)
    assert isinstance(trace.SOURCE.read_text(), str) and Returned


def test_nothing_of_it_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(trace, "IN_MEMORY", str(tmp_path))
    trace._library.cache_clear()
    with compile_c(HEAD + "int main(void) { return 0; }") as program:
        program.run(record=True)
        program.start(inject="send 1 reset").close()
    assert list(tmp_path.iterdir()) == []
