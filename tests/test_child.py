"""Plain code in a child process: what it prints, how it ends, what it may do; and nothing of it stays."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from labsupport import until
from labsupport.background import _Look
from labsupport.child import LONGEST, Outcome, Process, run_child

LINUX = sys.platform.startswith("linux")
linux = pytest.mark.skipif(not LINUX, reason="as Linux has it")


def alive(pid):
    """Whether a process still runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.fixture(autouse=True)
def nothing_left():
    before, descriptors = set(threading.enumerate()), os.listdir("/proc/self/fd") if LINUX else []
    yield
    assert set(threading.enumerate()) <= before
    assert not LINUX or len(os.listdir("/proc/self/fd")) <= len(descriptors)


def test_output_and_errors_come_in_the_order_they_were_printed():
    outcome = run_child("import sys\nprint(1)\nprint(2, file=sys.stderr)\nprint(3)")
    assert outcome == Outcome("1\n2\n3\n", "exit 0")
    assert repr(outcome) == "1\n2\n3\nexit 0"


def test_it_is_a_plain_program_of_its_own():
    outcome = run_child("import sys\nprint(__name__, sys.argv, sys.stdin.read() == '')", "a", "b c")
    assert outcome.output == "__main__ ['cell', 'a', 'b c'] True\n"
    assert run_child("print(socket)").output.endswith("NameError: name 'socket' is not defined\n")


def test_the_package_can_be_imported_there():
    assert run_child("from labsupport import until\nprint(until(lambda: 5))") == Outcome("5\n", "exit 0")


@linux
def test_nothing_is_open_there_but_the_standard_three():
    assert run_child("import socket\nprint(socket.socket().fileno())").output == "3\n"


def test_an_uncaught_exception_is_two_lines():
    outcome = run_child("def f():\n    raise ValueError('no')\n\nf()")
    assert outcome == Outcome("    raise ValueError('no')\nValueError: no\n", "exit 1")
    refused = "import socket\nsocket.create_connection(('127.0.0.1', 1))"
    said = run_child(refused).output.splitlines()
    assert (
        said[0] == "    socket.create_connection(('127.0.0.1', 1))"
    )  # the program's own line, not the library's
    assert said[1].startswith("ConnectionRefusedError: ") and len(said) == 2
    assert run_child("x = (").output == "    x = (\nSyntaxError: '(' was never closed\n"


def test_an_exception_of_a_thread_too():
    source = (
        "import threading\nthread = threading.Thread(target=lambda: 1 / 0)\nthread.start()\nthread.join()"
    )
    assert "ZeroDivisionError: division by zero\n" in run_child(source).output


def test_its_own_exit_status():
    assert run_child("import sys\nsys.exit(3)").status == "exit 3"


@linux
def test_a_signal_is_told_by_name():
    source = """
import os, signal
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
read, write = os.pipe()
os.close(read)
os.write(write, b"x")
"""
    assert run_child(source) == Outcome("", "killed by SIGPIPE")


@pytest.fixture
def counted_from_its_first_line(monkeypatch):
    """The deadline begins when the child has printed a line: a start takes its time on a busy machine."""
    ends_within = Process.ends_within

    def once_it_has_begun(process, deadline):
        until(lambda: "\n" in process.output, timeout=60)
        return ends_within(process, deadline)

    monkeypatch.setattr(Process, "ends_within", once_it_has_begun)


def test_the_deadline(counted_from_its_first_line):
    outcome = run_child("import time\nprint('begun')\ntime.sleep(1000)", deadline=0.5)
    assert outcome == Outcome("begun\n", "killed at the deadline of 0.5 s")


@linux
def test_the_childs_own_children_end_with_it(counted_from_its_first_line):
    source = """
import os, time
grandchild = os.fork()
if not grandchild:
    time.sleep(1000)
print(grandchild)
"""
    outcome = run_child(source)
    assert outcome.status == "exit 0"
    until(lambda: not alive(int(outcome.output)))
    outcome = run_child(source + "time.sleep(1000)\n", deadline=0.5)
    assert outcome.status.startswith("killed at the deadline")
    until(lambda: not alive(int(outcome.output)))


@linux
def test_an_interrupt_ends_the_child_and_gives_control_back(tmp_path):
    note = tmp_path / "pid"
    look = _Look(threading.main_thread().native_id)

    def interrupt():
        until(lambda: note.exists() and note.read_text().endswith("\n") and look.blocked(), timeout=20)
        os.kill(os.getpid(), signal.SIGINT)

    killer = threading.Thread(target=interrupt)
    source = f"import os, time\nopen({str(note)!r}, 'w').write(f'{{os.getpid()}}\\n')\ntime.sleep(1000)"
    with pytest.raises(KeyboardInterrupt):
        killer.start()
        run_child(source, deadline=60)
        killer.join()
    killer.join()
    assert not alive(int(note.read_text()))


def test_output_without_end_is_cut():
    outcome = run_child("import sys\nfor _ in range(30):\n    sys.stdout.write('x' * 100_000)")
    assert outcome.output == "x" * LONGEST + f"\n… and {3_000_000 - LONGEST} bytes more\n"


@linux
def test_a_lowered_limit_on_descriptors_can_be_put_back():
    source = """
import socket, resource
kept = []
try:
    while True:
        kept.append(socket.socket())
except OSError as error:
    print(len(kept), error)
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
socket.socket()
"""
    assert run_child(source, files=12) == Outcome("9 [Errno 24] Too many open files\n", "exit 0")


FORBIDDEN = """
import socket
for attempt in (
    lambda: socket.socket().bind(("127.0.0.1", 80)),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
):
    try:
        attempt()
    except PermissionError as error:
        print(error)
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
print("loopback")
"""
REFUSED = "[Errno 13] Permission denied\n[Errno 1] Operation not permitted\nloopback\n"


@linux
def test_without_privileges_the_kernel_refuses_what_it_refuses_an_ordinary_user():
    assert run_child(FORBIDDEN, user=True) == Outcome(REFUSED, "exit 0")


@linux
def test_privileges_do_not_come_back_with_another_program():
    source = """
import subprocess, sys
bind = "import socket; socket.socket().bind(('', 80))"
print(subprocess.run([sys.executable, "-c", bind], capture_output=True).stderr[-18:])
"""
    assert "Permission denied" in run_child(source, user=True).output


def where_every_port_is_free(program, before=":"):
    """What `program` prints in a network where programs may take every port, as in many containers."""
    script = (
        f'{before}; echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start && ip link set lo up && exec "$@"'
    )
    command = ["unshare", "-Urn", "sh", "-c", script, "sh", sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if not ran.stdout:
        pytest.skip(f"no such network can be made here: {ran.stderr}")
    return ran.stdout


ATTEMPT = f"from labsupport.child import run_child\nprint(run_child({FORBIDDEN!r}, user=True).output, end='')"


@pytest.mark.skipif(not shutil.which("unshare") or not shutil.which("ip"), reason="needs unshare and ip")
def test_the_same_where_every_program_may_take_port_80():
    assert where_every_port_is_free(ATTEMPT) == REFUSED


@pytest.mark.skipif(not shutil.which("unshare") or not shutil.which("ip"), reason="needs unshare and ip")
def test_one_line_where_that_cannot_be_had():
    said = where_every_port_is_free(ATTEMPT, before="echo 0 > /proc/sys/user/max_user_namespaces")
    assert said.startswith(
        "not available here: every program may bind to the ports from 0 up, and a network of its own"
    )
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        ((b"pass",), {}, TypeError),
        (("pass",), {"deadline": -1}, ValueError),
        (("pass",), {"deadline": None}, TypeError),
        (("pass",), {"files": 3}, ValueError),
        (("pass",), {"files": True}, ValueError),
    ],
)
def test_bad_arguments(arguments, options, error):
    with pytest.raises(error):
        run_child(*arguments, **options)


@pytest.fixture
def shell():
    config = Config()
    config.HistoryManager.enabled = False  # it has a thread of its own
    interactive = InteractiveShell(config=config)
    interactive.run_line_magic("load_ext", "labsupport")
    return interactive


def test_the_cell_magic(shell, capsys):
    shell.run_cell_magic("child", "a 'b c'", "import sys\nprint(sys.argv[1:])")
    assert capsys.readouterr().out == "['a', 'b c']\n"
    shell.run_cell_magic("child", "--deadline 1.5", "import time\ntime.sleep(1000)")
    assert capsys.readouterr().out == "killed at the deadline of 1.5 s\n"
    shell.run_cell_magic("child", "", "import sys\nsys.stdout.write('no newline')\nsys.exit(2)")
    assert capsys.readouterr().out == "no newline\nexit 2\n"


def test_what_a_cell_in_a_child_gave_can_be_kept(shell, capsys):
    shell.run_cell_magic("child", "--into seen a", "import sys\nprint(sys.argv[1:])\nsys.exit(2)")
    seen = shell.user_ns["seen"]
    assert (seen.output, seen.status) == ("['a']\n", "exit 2")
    assert capsys.readouterr().out == "['a']\nexit 2\n"


@linux
def test_the_cell_magics_options(shell, capsys):
    shell.run_cell_magic(
        "child", "--user --files 5", "import socket\nsocket.socket().bind(('127.0.0.1', 80))"
    )
    assert capsys.readouterr().out == (
        "    socket.socket().bind(('127.0.0.1', 80))\nPermissionError: [Errno 13] Permission denied\nexit 1\n"
    )
