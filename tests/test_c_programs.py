"""C programs run: with which input, on which host, how they end, and that nothing of them stays."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from c_sources import FOREVER, HELLO
from compilers import each_compiler, needs_compiler
from needs import linux, needs_network

from labsupport import EchoServer, Network, compile_c, run_c, tidy, until
from labsupport.background import _Look
from labsupport.c.programs import Run

pytestmark = pytest.mark.usefixtures("nothing_of_programs_left")


def alive(pid):
    """Whether a process still runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


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
    run = run_c(FORKS, *args, deadline=3)  # a busy machine starts it late
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
@linux
def test_output_comes_while_it_runs():
    source = """
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    printf("%d\\n", (int)getpid());
    fflush(stdout);
    for (;;)
        pause();
}
"""

    def heard(text):
        ran.append(alive(int(text)))
        os.kill(int(text), signal.SIGKILL)

    ran = []
    with compile_c(source) as program:
        run = program.run(deadline=60, heard=heard)
    assert ran == [True] and run.status == "killed by SIGKILL"


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
