"""What is said of C programs by compilers and sanitizers, where none is, and of recorded runs."""

from __future__ import annotations

import pytest
from c_sources import HELLO
from compilers import each_compiler, each_sanitizer, needs_compiler
from needs import linux

from labsupport import run_c
from labsupport.c import CompileError, NoCompiler, compilers, outputs
from labsupport.c.diagnostics import parse
from labsupport.c.programs import Run
from labsupport.c.sanitizers import reports

pytestmark = pytest.mark.usefixtures("nothing_of_programs_left")


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
