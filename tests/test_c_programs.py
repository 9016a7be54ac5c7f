"""C programs compiled and run: what is said of them, how they end, and that nothing of them stays."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from compilers import each_compiler, each_sanitizer, needs_compiler
from labsupport import EchoServer, Network, compile_c, run_c, tidy, until
from labsupport.background import _Look
from labsupport.c import CompileError, NoCompiler, compilers, outputs
from labsupport.c.diagnostics import parse
from labsupport.c.programs import Run
from labsupport.c.sanitizers import reports
from needs import needs_network

LINUX = sys.platform.startswith("linux")
linux = pytest.mark.skipif(not LINUX, reason="as Linux has it")
HELLO = '#include <stdio.h>\nint main(void)\n{\n    puts("hello");\n    return 0;\n}\n'
FOREVER = "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n"


def alive(pid):
    """Whether a process still runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.fixture(autouse=True)
def nothing_left(tmp_path_factory, monkeypatch):
    """No thread, no descriptor, and nothing in the folder for temporary files, which is this test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))
    before, descriptors = set(threading.enumerate()), os.listdir("/proc/self/fd") if LINUX else []
    yield
    assert set(threading.enumerate()) <= before
    assert not LINUX or len(os.listdir("/proc/self/fd")) == len(descriptors)
    assert os.listdir(tempfile.gettempdir()) == []


# --- running --------------------------------------------------------------------------------------


@each_compiler
def test_it_is_compiled_and_run(compiler):
    assert run_c(HELLO, compiler=compiler) == Run("hello\n", "exit 0")


@needs_compiler
def test_arguments_input_and_both_outputs_in_order():
    source = """
#include <stdio.h>
int main(int argc, char **argv)
{
    char line[64];
    setvbuf(stdout, NULL, _IONBF, 0);
    for (int i = 1; i < argc; i++)
        printf("[%s]\\n", argv[i]);
    while (fgets(line, sizeof line, stdin))
        fprintf(stderr, "<%.3s>\\n", line);
    puts("done");
    return 7;
}
"""
    run = run_c(source, "a b", 5, stdin="one\ntwo\n")
    assert run == Run("[a b]\n[5]\n<one>\n<two>\ndone\n", "exit 7")
    assert repr(run) == "[a b]\n[5]\n<one>\n<two>\ndone\nexit 7" and not run.ok


@needs_compiler
def test_much_input_that_nobody_reads_does_not_stop_it():
    assert run_c("int main(void) { return 0; }", stdin=b"x" * 1_000_000).ok


@needs_compiler
@linux
def test_a_signal_is_told_by_name():
    source = "#include <signal.h>\nint main(void) { return raise(SIGPIPE); }"
    assert repr(run_c(source)) == "killed by SIGPIPE"


@needs_compiler
@linux
def test_send_to_nobody_ends_a_c_program_without_a_word():
    source = """
#include <sys/socket.h>
int main(void)
{
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    shutdown(pair[0], SHUT_RDWR);
    send(pair[0], "x", 1, 0);
    return 0;
}
"""
    assert run_c(source).status == "killed by SIGPIPE"


@needs_compiler
def test_the_deadline():
    began = time.monotonic()
    assert run_c(FOREVER, deadline=0.5).status == "killed at the deadline of 0.5 s"
    assert time.monotonic() - began < 20


FORKS = """
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    (void)argv;
    pid_t child = fork();
    if (child == 0) {
        if (argc > 1)
            setsid(); /* out of the group */
        for (;;)
            pause();
    }
    printf("%d\\n", (int)child);
    fflush(stdout);
    for (;;)
        pause();
}
"""


@needs_compiler
@linux
@pytest.mark.parametrize("args", [(), ("away",)])
def test_its_children_end_with_it(args):
    run = run_c(FORKS, *args, deadline=1)
    assert run.status.startswith("killed at the deadline")
    until(lambda: not alive(int(run.output)))


@needs_compiler
@linux
def test_an_interrupt_ends_it_and_gives_control_back():
    look, pids = _Look(threading.main_thread().native_id), []

    def heard(text):
        pids.extend(map(int, text.split()))

    def interrupt():
        until(lambda: pids and look.blocked(), timeout=30)
        os.kill(os.getpid(), signal.SIGINT)

    killer = threading.Thread(target=interrupt)
    killer.start()
    with compile_c(FORKS) as program, pytest.raises(KeyboardInterrupt):
        program.run(deadline=60, heard=heard)
        killer.join()
    killer.join()
    until(lambda: not alive(pids[0]))


@needs_compiler
def test_output_comes_while_it_runs():
    source = """
#include <stdio.h>
int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    puts("first");
    fgetc(stdin);
    for (;;) ;
}
"""
    when = []
    with compile_c(source) as program:
        run = program.run(deadline=1.5, heard=lambda text: when.append((text, time.monotonic())))
    assert when[0][0] == "first\n" and time.monotonic() - when[0][1] > 0.5
    assert run.output == "first\n"


@needs_compiler
def test_characters_may_come_in_pieces():
    source = (
        '#include <stdio.h>\n#include <unistd.h>\nint main(void) { write(1, "\\xc3", 1); sleep(1); '
        'write(1, "\\xa4\\n", 2); return 0; }'
    )
    assert run_c(source).output == "ä\n"


@needs_compiler
def test_one_that_was_started_is_looked_at_and_ended():
    with compile_c(FOREVER) as program:
        with program.start() as running:
            assert running.status is None and repr(running) == "cell.c: running"
            with pytest.raises(TimeoutError, match="cell.c has not ended within 0.1 s"):
                running.wait(0.1)
            running.terminate()
            assert running.wait() == "killed by SIGTERM"
        assert repr(running) == "cell.c: killed by SIGTERM" and running.returncode == -signal.SIGTERM
        left = program.start()
        assert "1 program" in repr(tidy())
        assert left.status == "killed by SIGKILL"


@needs_compiler
def test_a_started_one_has_a_deadline_too():
    with compile_c(FOREVER) as program, program.start(deadline=0.3) as running:
        assert until(lambda: running.status, timeout=10) == "killed at the deadline of 0.3 s"


CLIENT = Path(__file__).parent.parent / "notebooks" / "c" / "client.c"


@needs_compiler
def test_a_c_client_and_our_server():
    with EchoServer() as server:
        run = run_c(CLIENT, "127.0.0.1", server.port, stdin=b"hello\n")
    assert (run.output, run.status) == ("hello\n", "exit 0")


@needs_compiler
@needs_network
def test_it_lives_on_a_host():
    with Network() as net, EchoServer(host=net.b, port=7) as server, compile_c(CLIENT) as program:
        run = program.run(net.b.address, server.port, stdin="over there\n", host=net.a)
        assert (run.output, run.status) == ("over there\n", "exit 0")
        with compile_c(FORKS) as forks:
            forked = forks.run("away", host=net.a, deadline=1)
        assert forked.status == "killed at the deadline of 1 s"
        refused = program.run(net.b.address, 1, host=net.a)
        assert not refused.ok and "refused" in refused.output


@needs_compiler
@needs_network
@linux
def test_a_signal_on_a_host():
    with Network() as net, compile_c(FOREVER) as program, program.start(host=net.a) as running:
        running.terminate()
        assert running.wait() == "killed by SIGTERM"


# --- what the compiler says -----------------------------------------------------------------------

FAULTS = """\
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
int bind(int socket, struct sockaddr *address, int addr_len);
int main(void)
{
    FILE *fp;
    struct hostent *hp = gethostbyname("localhost");
    char buf[256];
    int s = socket(AF_INET, SOCK_STREAM, UNSPEC), len, addr_len;
    bzero(buf, sizeof buf);
    bcopy(hp->h_addr, buf, 4);
    accept(s, NULL, &addr_len);
    while (len = recv(s, buf, sizeof buf, 0))
        fputs(buf, stdout);
}
"""
SAID = """\
line 6: error: conflicting types for 'bind'
    int bind(int socket, struct sockaddr *address, int addr_len);
line 9: warning: unused variable 'fp' [-Wunused-variable]
    FILE *fp;
line 12: error: 'UNSPEC' is not declared
    int s = socket(AF_INET, SOCK_STREAM, UNSPEC), len, addr_len;
line 13: error: 'bzero' is called and was not declared [-Wimplicit-function-declaration]
    bzero(buf, sizeof buf);
line 14: error: 'bcopy' is called and was not declared [-Wimplicit-function-declaration]
    bcopy(hp->h_addr, buf, 4);
line 14: error: 'struct hostent' has no member 'h_addr'
    bcopy(hp->h_addr, buf, 4);
line 15: warning: a pointer to a signed integer is given for one to an unsigned, or the other way round \
[-Wpointer-sign]
    accept(s, NULL, &addr_len);
line 16: warning: an assignment is used as a condition [-Wparentheses]
    while (len = recv(s, buf, sizeof buf, 0))"""


@each_compiler
@linux
def test_the_references_faults_are_told_in_the_same_words_by_every_compiler(compiler):
    with pytest.raises(CompileError) as raised:
        run_c(FAULTS, compiler=compiler)
    # clang finds no unused variable in a function that has errors
    told = [line for line in str(raised.value).splitlines() if "fp" not in line]
    assert told == [line for line in SAID.splitlines() if "fp" not in line]


@each_compiler
def test_warnings_stand_beside_the_output(compiler):
    source = HELLO.replace("{\n", "{\n    int len;\n", 1)
    run = run_c(source, compiler=compiler)
    assert repr(run) == "line 4: warning: unused variable 'len' [-Wunused-variable]\n    int len;\nhello"
    with pytest.raises(CompileError, match="line 4: error: unused variable 'len'"):
        run_c(source, compiler=compiler, werror=True)


@each_compiler
def test_what_is_defined_nowhere(compiler):
    with pytest.raises(CompileError, match="linking: error: 'there' is called and defined nowhere"):
        run_c("int there(void);\nint main(void) { return there(); }", compiler=compiler)


@needs_compiler
def test_posix_is_there_and_a_macro_of_its_own_wins():
    uses = "int main(void) { struct addrinfo a; return sizeof a == 0; }"
    assert run_c(f"#include <netdb.h>\n{uses}").diagnostics == ()  # -std=c17 alone has no struct addrinfo
    own = "#define _GNU_SOURCE\n#include <string.h>\nint main(void) { return strchrnul(\"a\", 'a') == 0; }"
    assert run_c(own).ok
    older = f"#define _POSIX_C_SOURCE 200112L\n#include <netdb.h>\n{uses}"
    assert run_c(older).diagnostics == ()


@needs_compiler
def test_a_file_and_what_lies_beside_it(tmp_path):
    (tmp_path / "words.h").write_text('#define WORDS "from beside"\n')
    file = tmp_path / "main.c"
    file.write_text('#include "words.h"\n#include <stdio.h>\nint main(void) { int x; puts(WORDS); }\n')
    run = run_c(file)
    assert run.output == "from beside\n" and run.diagnostics[0].line == 3
    assert run_c(str(file)) == run
    assert str(tmp_path) not in repr(run)


def test_words_that_were_not_met_are_the_compilers_own():
    said = "/tmp/x/cell.c:3:7: warning: something new ‘x’ [-Wnew]\nnoise\n/usr/include/a.h:9: error: odd"
    found = parse(said, "cell.c", "a\nb\nc c\n")
    assert [str(one) for one in found] == [
        "line 3: warning: something new 'x' [-Wnew]\n    c c",
        "a.h, line 9: error: odd",
    ]


@needs_compiler
@pytest.mark.parametrize(
    ("given", "options", "error"),
    [
        (b"int main(void) {}", {}, TypeError),
        (HELLO, {"stdin": 5}, TypeError),
        (HELLO, {"deadline": -1}, ValueError),
        (HELLO, {"compiler": "tcc"}, ValueError),
        ("nowhere.c", {}, FileNotFoundError),
    ],
)
def test_bad_arguments(given, options, error):
    with pytest.raises(error):
        run_c(given, **options)


# --- sanitizers -----------------------------------------------------------------------------------

OVERREAD = """\
#include <stdio.h>
#include <string.h>
int main(void)
{
    char buf[256];
    memset(buf, 'x', sizeof buf);
    fputs(buf, stdout);
}
"""
OVERWRITE = """\
#include <stdlib.h>
int main(int argc, char **argv)
{
    (void)argv;
    char *buf = malloc(8);
    buf[8 * argc] = 'x';
    free(buf);
    return 0;
}
"""
OVERFLOW = """\
#include <limits.h>
int main(int argc, char **argv)
{
    (void)argv;
    int most = INT_MAX;
    return most + argc;
}
"""


@each_sanitizer
@linux
@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            OVERREAD,
            "stack-buffer-overflow, a read by a function of the C library, line 7\n    fputs(buf, stdout);",
        ),
        (OVERWRITE, "heap-buffer-overflow, a write of 1 byte, line 6\n    buf[8 * argc] = 'x';"),
    ],
)
def test_a_report_is_its_kind_and_its_line(compiler, source, said):
    run = run_c(source, compiler=compiler, sanitize=True)
    assert run.report == (f"AddressSanitizer: {said}",) and run.status == "exit 1"
    assert "==" not in run.output and "0x" not in repr(run)


@each_sanitizer
@linux
def test_undefined_behavior_is_told_apart_from_the_output(compiler):
    run = run_c(OVERFLOW, compiler=compiler, sanitize=True)
    assert repr(run) == (
        "UndefinedBehaviorSanitizer: signed integer overflow: 2147483647 + 1 cannot be represented in type "
        "'int', line 6\n    return most + argc;\nexit 1"
    )
    assert run.output == ""


@each_sanitizer
@linux
def test_a_sound_program_is_clean(compiler):
    assert run_c(HELLO, compiler=compiler, sanitize=True) == Run("hello\n", "exit 0")


def test_a_null_pointer_is_a_sentence():
    text = "==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0\n    #0 0x5 in main /tmp/cell.c:2\n"
    assert reports([text], "cell.c", "a\nb\n") == (
        "AddressSanitizer: an access to memory that is not there, line 2\n    b",
    )


# --- no compiler ----------------------------------------------------------------------------------


@pytest.fixture
def no_compiler(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(compilers.importlib.util, "find_spec", lambda name: None)
    compilers._find.cache_clear()
    yield
    compilers._find.cache_clear()


def test_without_a_compiler_it_says_how_to_get_one(no_compiler):
    with pytest.raises(
        NoCompiler, match="no cc, gcc or clang on the PATH.*has no recording.*apt install gcc"
    ) as raised:
        run_c("int main(void) { return 0; } /* never recorded */")
    assert "ziglang" in raised.value.remedy


def test_a_compiler_that_finds_no_headers_is_none(tmp_path, monkeypatch):
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(compilers.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(NoCompiler, match="does not find the system's headers"):
        compilers.find()


@needs_compiler
def test_what_was_recorded_is_shown_and_marked(tmp_path, monkeypatch):
    source = HELLO.replace("{\n", "{\n    int len;\n", 1)
    monkeypatch.setenv(outputs.WANTED, str(tmp_path))
    live = run_c(source, 54321, stdin="x")
    with pytest.raises(CompileError) as refused:
        run_c("int main(void) { return x; }")
    monkeypatch.setattr(outputs, "FOLDER", tmp_path)
    monkeypatch.setattr(compilers, "find", _none)
    recorded = run_c(source, 54322, stdin="x")  # another port is no other program
    assert recorded.recorded and repr(recorded).startswith(
        "recorded earlier: no C compiler here (gone); get one\n"
    )
    assert repr(recorded).partition("\n")[2] == repr(live)
    with pytest.raises(CompileError) as again:
        run_c("int main(void) { return x; }")
    assert str(again.value) == str(refused.value)
    for other in (source + "// edited\n",):
        with pytest.raises(NoCompiler, match="has no recording"):
            run_c(other, 54321, stdin="x")
    with pytest.raises(NoCompiler):
        run_c(source, 80, stdin="x")


def _none(name=None):
    raise NoCompiler("gone", "get one")
