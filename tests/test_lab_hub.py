"""`lab.py hub`: what a JupyterHub starts for each learner, on a small course."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys

import launch
import pytest
from lab_course import FIVE, NOTEBOOKS, course_for_all, today, visible

LAUNCH = pathlib.Path(launch.__file__)
# Stands in for jupyterhub-singleuser: tells how it was started.
SINGLEUSER = """
import json, os, sys
names = ("JUPYTER_CONFIG_PATH", "JUPYTER_DATA_DIR", "PATH", "VIRTUAL_ENV")
said = {name: os.environ.get(name) for name in names}
print(json.dumps(dict(said, cwd=os.getcwd(), arguments=sys.argv[1:])))
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="JupyterHub does not run on Windows; macOS has other folders for data"
)


@pytest.fixture
def classroom():
    """A course that everybody can read, and an environment, outside it, with a stand-in for JupyterHub."""
    with course_for_all() as folder:
        make = [sys.executable, "-m", "venv", "--without-pip", folder / "env"]
        subprocess.run(make, check=True, timeout=60)
        package = next((folder / "env").glob("lib/python*/site-packages")) / "jupyterhub"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "singleuser.py").write_text(SINGLEUSER)
        yield folder


def log_in(classroom, *arguments, as_root=True, **variables):
    """What the stand-in was told, and what the hub's log would get; as an ordinary user unless `as_root`."""
    command = [classroom / "env/bin/python", classroom / "course/lab.py", "hub", *arguments]
    environment = {
        "HOME": str(classroom / "home"),
        "PATH": "/usr/bin:/bin",
        "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:0/user/ada/",
        "XDG_RUNTIME_DIR": str(classroom / "run"),
    } | variables
    (classroom / "run").mkdir(exist_ok=True)
    if not as_root:  # without root's leave to write everywhere
        command = [sys.executable, LAUNCH, "--user", "--", *command]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    if not as_root and done.returncode == launch.CANNOT:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done


def mine(classroom):
    return classroom / "home/.local/share/sockets-live/my-notebooks"


def snapshot(folder):
    return {path: (path.stat().st_mtime_ns, path.stat().st_mode) for path in [folder, *folder.rglob("*")]}


def test_the_first_login_copies_the_whole_course_and_starts_the_server_there(classroom):
    before = snapshot(classroom / "course")
    told, done = log_in(classroom, "--debug")
    assert visible(mine(classroom)) == sorted(NOTEBOOKS)
    assert told["cwd"] == str(mine(classroom)) and told["VIRTUAL_ENV"] == str(classroom / "env")
    assert told["JUPYTER_DATA_DIR"] is None  # the usual
    assert told["JUPYTER_CONFIG_PATH"] == str(classroom / "course/labsetup/settings")
    assert told["PATH"] == f"{classroom / 'env/bin'}:/usr/bin:/bin"
    assert told["arguments"][-1] == "--debug"
    assert f"--ServerApp.root_dir={mine(classroom)}" in told["arguments"]
    assert "--ServerApp.default_url=/lab/tree/00-start-here.ipynb" in told["arguments"]
    assert "--LabApp.extension_manager=readonly" in told["arguments"]
    assert not [argument for argument in told["arguments"] if ".ip=" in argument]  # the hub says where
    assert done.stderr == "" and snapshot(classroom / "course") == before


def test_a_later_login_keeps_everything_and_brings_what_is_new(classroom):
    log_in(classroom)
    (mine(classroom) / FIVE).write_text("my work")
    (classroom / "course/notebooks" / FIVE).write_text("course's, improved")
    (classroom / "course/notebooks/06-new.ipynb").write_text("new")
    told, done = log_in(classroom)
    offered = f"05-new-{today()}-connecting-to-a-server.ipynb"
    assert visible(mine(classroom)) == sorted([*NOTEBOOKS, "06-new.ipynb", offered])
    assert (mine(classroom) / FIVE).read_text() == "my work"
    assert done.stdout.count("The course has a newer") == 1


def test_two_logins_of_one_user_at_once_do_not_clash(classroom):
    log_in(classroom)
    (classroom / "course/notebooks" / FIVE).write_text("course's, improved")
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        logins = [pool.submit(log_in, classroom) for _ in range(3)]
        assert sum(login.result()[1].stdout.count("has a newer") for login in logins) == 1
    assert len(visible(mine(classroom))) == len(NOTEBOOKS) + 1


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--ServerApp.root_dir=/srv", "--ServerApp.default_url=/lab"], {}),
        (["--notebook-dir", "/srv"], {}),
        ([], {"JUPYTERHUB_ROOT_DIR": "/srv", "JUPYTERHUB_DEFAULT_URL": "/lab"}),
    ],
)
def test_what_the_hub_says_comes_before_what_we_say(classroom, arguments, variables):
    told, _ = log_in(classroom, *arguments, **variables)
    assert not [said for said in told["arguments"] if str(mine(classroom)) in said or "00-" in said]
    assert told["arguments"][-len(arguments) :] == arguments or not arguments
    assert visible(mine(classroom)) == sorted(NOTEBOOKS)


def protect(folder):
    """Take everybody's leave to write away, but root's."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def test_a_home_that_cannot_be_written_shows_the_course_to_read(classroom):
    protect(classroom / "course")
    protect(classroom / "home")
    told, done = log_in(classroom, as_root=False)
    (classroom / "home").chmod(0o755)
    assert "cannot be written" in done.stderr and "Traceback" not in done.stderr
    assert told["cwd"] == str(classroom / "course/notebooks")
    assert f"--ServerApp.root_dir={told['cwd']}" in told["arguments"]
    assert "--ServerApp.default_url=/lab/tree/00-start-here.ipynb" in told["arguments"]
    assert told["JUPYTER_DATA_DIR"].startswith(str(classroom / "run"))


def test_what_is_shown_to_read_cannot_be_saved_and_says_so(classroom):
    protect(classroom / "course")
    code = """if True:
        import sys, nbformat
        from jupyter_server.services.contents.largefilemanager import LargeFileManager
        manager = LargeFileManager(root_dir=sys.argv[1])
        assert manager.get("00-start-here.ipynb", content=False)["writable"] is False
        try:
            manager.save({"type": "file", "format": "text", "content": "work"}, "00-start-here.ipynb")
        except Exception as error:
            print(error)
    """
    command = [sys.executable, LAUNCH, "--user", "--", sys.executable, "-c", code]
    command.append(classroom / "course/notebooks")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode == launch.CANNOT:
        pytest.skip(done.stderr)
    assert done.returncode == 0 and "Permission denied" in done.stdout, done.stderr
    assert (classroom / "course/notebooks" / NOTEBOOKS[0]).read_text() == f"course's {NOTEBOOKS[0]}"


def test_one_who_could_write_in_the_course_gets_a_copy_to_read(classroom):
    before = snapshot(classroom / "course")
    told, done = log_in(classroom, HOME=str(classroom / "course/pins.txt"))  # not even root can write there
    assert "cannot be written" in done.stderr and "Traceback" not in done.stderr
    shown = pathlib.Path(told["cwd"])
    assert shown.is_relative_to(classroom / "run") and visible(shown) == sorted(NOTEBOOKS)
    assert {stat.S_IMODE((shown / name).stat().st_mode) for name in NOTEBOOKS} == {0o444}
    assert snapshot(classroom / "course") == before


@pytest.fixture
def small_home(classroom):
    """The home on a file system of 4 MB; it can be filled, and is gone afterwards."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    options = ["-t", "tmpfs", "-o", "size=4m", "tmpfs", classroom / "home"]
    if subprocess.run(["mount", *options], capture_output=True).returncode:
        pytest.skip("this root may not mount")
    yield classroom
    subprocess.run(["umount", "--lazy", classroom / "home"], check=True)


def test_a_full_disk_at_the_first_login_copies_all_or_nothing(small_home):
    (small_home / "home/ballast").write_bytes(bytes(2_500_000))
    (small_home / "course/notebooks/07-large.ipynb").write_bytes(bytes(1_000_000))
    protect(small_home / "course")
    told, done = log_in(small_home, as_root=False)
    assert "No space left" in done.stderr and "make room" in done.stderr
    assert told["cwd"] == str(small_home / "course/notebooks") and not mine(small_home).exists()
    (small_home / "home/ballast").unlink()
    told, done = log_in(small_home, as_root=False)
    assert told["cwd"] == str(mine(small_home)) and len(visible(mine(small_home))) == 4


def test_a_full_disk_at_a_later_login_shows_the_learners_own(small_home):
    log_in(small_home, as_root=False)
    (mine(small_home) / FIVE).write_text("my work")
    with pytest.raises(OSError, match="No space"):
        (small_home / "home/ballast").write_bytes(bytes(8_000_000))
    (small_home / "course/notebooks" / FIVE).write_text("course's, improved")
    told, done = log_in(small_home, as_root=False)
    assert "No space left" in done.stderr
    assert told["cwd"] == str(mine(small_home)) and (mine(small_home) / FIVE).read_text() == "my work"
    assert told["JUPYTER_DATA_DIR"].startswith(str(small_home / "run"))  # a kernel can start
    assert visible(mine(small_home)) == sorted(NOTEBOOKS)
    (small_home / "home/ballast").unlink()
    log_in(small_home, as_root=False)
    assert len(visible(mine(small_home))) == len(NOTEBOOKS) + 1  # the offer comes when there is room


def test_without_a_hub_or_without_jupyterhub_it_says_what_to_do(classroom):
    command = [classroom / "env/bin/python", classroom / "course/lab.py", "hub"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 1 and "To open the course: python3 lab.py" in done.stderr
    shutil.rmtree(next((classroom / "env").glob("lib/python*/site-packages/jupyterhub")))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 1 and "lab.py setup classroom" in done.stderr
