"""Where a private network cannot be had: each ability taken away in turn, and the sentence that says so."""

from __future__ import annotations

import errno
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from needs import needs_network

from labsupport import NetworkUnavailable
from labsupport.network.reasons import unavailable

LAUNCH = str(Path(__file__).with_name("launch.py"))
CANNOT = 77  # launch.py: this kernel does not let it be taken away
PROGRAM = """
import json, os, sys
from labsupport import Network, NetworkUnavailable, doctor

def found():
    try:
        Network()
    except NetworkUnavailable as error:
        assert isinstance(error, OSError) and error.reason in str(error) and error.remedy in str(error)
        return [error.reason, error.remedy]

before = os.listdir("/proc/self/fd")
said = [Network.available(), found(), found(), Network.available()]
report = doctor()
said += [[report[name].present, report[name].found, report[name].remedy] for name in sys.argv[1:]]
assert os.listdir("/proc/self/fd") == before
assert not os.path.exists("/proc/self/task") or not open(f"/proc/self/task/{os.getpid()}/children").read()
print(json.dumps(said))
"""
NAMESPACES, TUN = "user namespaces", "TUN devices"


def said(*options, prologue=""):
    """(reason, remedy) of a process from which `options` of launch.py took something away."""
    command = [
        sys.executable,
        LAUNCH,
        *options,
        "--",
        sys.executable,
        "-c",
        prologue + PROGRAM,
        NAMESPACES,
        TUN,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == CANNOT:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    before, first, second, after, namespaces, tun = json.loads(done.stdout)
    assert (before, after) == (False, False) and first == second
    assert tun[:2] == [False, first[0]] and first[1] in tun[2]  # doctor() says the same
    assert namespaces[0] or namespaces[1:] == tun[1:]
    return *first, namespaces[0]


TAKEN = (

    (
        "--no-namespaces",
        "user namespaces are off (user.max_user_namespaces is 0)",
        "`sudo sysctl user.max_user_namespaces=15000`",
        False,
    ),
    (
        "--no-networks",
        "network namespaces are off (user.max_net_namespaces is 0)",
        "`sudo sysctl user.max_net_namespaces=15000`",
        False,
    ),
    (
        "--no-unshare",
        "a filter on system calls, as containers have it, forbids user namespaces (Operation not permitted)",
        "--security-opt seccomp=unconfined --security-opt systempaths=unconfined --device /dev/net/tun",
        False,
    ),
    (
        "--fixed-settings",
        "no setting of a network can be made, as in most containers: /proc/sys (Read-only file system)",
        "--security-opt systempaths=unconfined",
        True,
    ),
    ("--no-tun", "there is no /dev/net/tun", "`sudo modprobe tun`", True),
    (
        "--closed-tun",
        "/dev/net/tun may not be opened (Permission denied)",
        "`sudo chmod 666 /dev/net/tun`",
        True,
    ),
    ("--other-tun", "/dev/net/tun is not the TUN driver's", "`sudo modprobe tun`", True),
)
# An ordinary user is made by a user namespace here, which these two take away.
NOT_AS_USER = ("--no-namespaces", "--no-networks")


@needs_network
@pytest.mark.parametrize("option, reason, remedy, namespaces", TAKEN)
def test_taken_away(option, reason, remedy, namespaces):
    found, advised, present = said(option)
    assert found == reason and remedy in advised and present == namespaces


@needs_network
@pytest.mark.parametrize(
    "option, reason, remedy, namespaces", [taken for taken in TAKEN if taken[0] not in NOT_AS_USER]
)
def test_taken_away_from_an_ordinary_user(option, reason, remedy, namespaces):
    found, advised, present = said(option, "--user")
    assert found == reason and remedy in advised and present == namespaces


def test_another_system():
    found, advised, present = said(prologue="import sys; sys.platform = 'darwin'\n")
    assert found == "it needs Linux's namespaces, and this is darwin" and "WSL2" in advised and not present


@needs_network
def test_a_helper_that_does_not_start():
    """No interpreter, or one that ends at once; and it is not kept as the last word."""
    program = """
import sys
from labsupport import Network
import labsupport.network.control
python = sys.executable
for sys.executable, reason in (
    ("/nowhere/python", "(No such file or directory)"),
    ("/bin/false", "(exit status 1)"),
    ("/dev/null", "(Permission denied)"),
):
    assert not Network.available()
    try:
        Network()
    except OSError as error:
        assert error.reason.endswith(reason), error.reason
sys.executable = python
assert Network.available()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


@needs_network
def test_no_descriptor_is_left():
    program = """
import resource
from labsupport import Network
resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
assert not Network.available()
resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


SETTINGS = {
    "user/max_user_namespaces": "15000",
    "kernel/unprivileged_userns_clone": None,
    "kernel/apparmor_restrict_unprivileged_userns": None,
}


@pytest.mark.parametrize("step", ("user namespace", "user map", "network namespace"))
@pytest.mark.parametrize("code", (errno.EPERM, errno.EACCES))
@pytest.mark.parametrize(
    "setting, value, reason",
    (
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor"),
        ("kernel/unprivileged_userns_clone", "0", "for root alone"),
    ),
)
def test_settings_that_this_kernel_does_not_have(step, code, setting, value, reason):
    """Ubuntu's and Debian's: which of the steps is refused differs from release to release."""
    error = unavailable(step, code, setting={**SETTINGS, setting: value}.get)
    name = setting.replace("/", ".")
    assert reason in error.reason and f"{name} is {value}" in error.reason
    assert error.remedy == f"`sudo sysctl {name}={1 - int(value)}`"


@pytest.mark.parametrize(
    "step, code, reason",
    (
        (
            "user namespace",
            errno.ENOSPC,
            "too many user namespaces are in use (user.max_user_namespaces is 15000)",
        ),
        (
            "user namespace",
            errno.EUSERS,
            "too many user namespaces are in use (user.max_user_namespaces is 15000)",
        ),
        ("user namespace", errno.EINVAL, "this kernel has no user namespaces (Invalid argument)"),
        ("open TUN", errno.ENODEV, "the kernel has no driver behind /dev/net/tun (No such device)"),
        ("open TUN", errno.ENXIO, "the kernel has no driver behind /dev/net/tun (No such device or address)"),
        ("make TUN", errno.EPERM, "no TUN device could be made (Operation not permitted)"),
        ("IPv6 address", errno.EOPNOTSUPP, "this kernel has no IPv6 (Operation not supported)"),
        ("device", errno.EPERM, "the kernel refused a step, device (Operation not permitted)"),
    ),
)
def test_every_step_has_a_sentence(step, code, reason):
    error = unavailable(step, code, setting=SETTINGS.get)
    assert error.reason == reason and error.remedy and error.step == step
    assert str(error) == f"no private network here: {reason}. To get it: {error.remedy}"


def test_it_can_be_sent_to_another_process():
    error = pickle.loads(pickle.dumps(NetworkUnavailable("a reason", "a remedy", "open TUN")))
    assert (error.reason, error.remedy, error.step) == ("a reason", "a remedy", "open TUN")
