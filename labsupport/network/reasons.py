"""Why a private network cannot be had on this machine, and what to do about it.

The helper tells the step that failed, and its errno; the machine's own settings tell why. `doctor()` asks
here too, so a learner reads the same sentence in every place.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

# The helper's steps, in its own words, by the ability that doctor() names.
USER_STEPS = ("system", "start", "answer", "user namespace", "user map", "network namespace")
TUN_STEPS = ("settings", "open TUN", "make TUN")  # the first: what a TUN needs around it

_REFUSED = (errno.EPERM, errno.EACCES)
_CONTAINER = (
    "run the container with `--security-opt seccomp=unconfined --security-opt systempaths=unconfined "
    "--device /dev/net/tun`, or the course outside of it"
)
_TUN_DEVICE = "`sudo modprobe tun`; in a container start that with `--device /dev/net/tun`"
_ELSEWHERE = "use Linux: on Windows WSL2 (`wsl --install`), on other systems a virtual machine"
_REPORT = "`python -m labsupport doctor` shows what else this machine has"


class NetworkUnavailable(OSError):
    """A private network cannot be had here: `reason` says what was found, `remedy` what to do about it.

    `step`: the step of the helper that failed.
    """

    def __init__(self, reason, remedy, step=""):
        super().__init__(f"no private network here: {reason}. To get it: {remedy}")
        self.reason, self.remedy, self.step = reason, remedy, step

    def __reduce__(self):
        return type(self), (self.reason, self.remedy, self.step)


def unavailable(step, code=None, detail="", setting=None):
    """The NetworkUnavailable for a helper that failed at `step` with errno `code`, or as `detail` says.

    `setting` reads one of the settings below /proc/sys: text, or None where there is none of that name.
    """
    reason, remedy = _explained(step, code, detail, setting or read_setting)
    return NetworkUnavailable(reason, remedy, step)


def read_setting(name):
    """One of Linux's settings below /proc/sys, as text; None where there is none or it cannot be read."""
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return None


def _explained(step, code, detail, setting):
    said = os.strerror(code) if code else detail or "no more is known"
    if step == "system":
        return f"it needs Linux's namespaces, and this is {detail}", _ELSEWHERE
    if step in ("user namespace", "user map", "network namespace"):
        return _namespaces(step, code, said, setting)
    if step == "settings":
        return f"no setting of a network can be made, as in most containers: /proc/sys ({said})", _CONTAINER
    if step in TUN_STEPS:
        return _tun(step, code, said)
    if step == "IPv6 address":
        return (
            f"this kernel has no IPv6 ({said})",
            "Network() without ipv6=True, or boot without ipv6.disable=1",
        )
    if step in ("start", "answer"):
        return f"its helper, a process of {sys.executable}, did not start ({said})", _REPORT
    return f"the kernel refused a step, {step} ({said})", _REPORT


def _namespaces(step, code, said, setting):
    """unshare(2), or a map of user_namespaces(7), failed."""
    kind = "network" if step == "network namespace" else "user"
    if code in (errno.ENOSPC, errno.EUSERS):
        name = f"user.max_{'net' if kind == 'network' else 'user'}_namespaces"
        limit = setting(name.replace(".", "/"))
        found = f"{kind} namespaces are off" if limit == "0" else f"too many {kind} namespaces are in use"
        return f"{found} ({name} is {limit})", f"`sudo sysctl {name}=15000`"
    if code in _REFUSED and setting("kernel/unprivileged_userns_clone") == "0":
        return (
            "user namespaces are for root alone (kernel.unprivileged_userns_clone is 0)",
            "`sudo sysctl kernel.unprivileged_userns_clone=1`",
        )
    if code in _REFUSED and setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor keeps ordinary programs from user namespaces, as Ubuntu sets it "
            "(kernel.apparmor_restrict_unprivileged_userns is 1)",
            "`sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`",
        )
    if code == errno.EINVAL or code == errno.ENOSYS:
        return (
            f"this kernel has no {kind} namespaces ({said})",
            "use a kernel with CONFIG_USER_NS and CONFIG_NET_NS",
        )
    if code in _REFUSED and _filtered():
        return (
            f"a filter on system calls, as containers have it, forbids {kind} namespaces ({said})",
            _CONTAINER,
        )
    return f"the kernel refused a {kind} namespace ({said})", _CONTAINER


def _filtered():
    """Whether a seccomp filter is at work on this process, seccomp(2)."""
    try:
        return "\nSeccomp:\t2" in Path("/proc/self/status").read_text()
    except OSError:
        return False


def _tun(step, code, said):
    if step == "open TUN" and code == errno.ENOENT:
        return "there is no /dev/net/tun", _TUN_DEVICE
    if step == "open TUN" and code in (errno.ENODEV, errno.ENXIO):
        return f"the kernel has no driver behind /dev/net/tun ({said})", _TUN_DEVICE
    if step == "open TUN":
        return f"/dev/net/tun may not be opened ({said})", "`sudo chmod 666 /dev/net/tun`; " + _TUN_DEVICE
    if code == errno.ENOTTY:
        return "/dev/net/tun is not the TUN driver's", _TUN_DEVICE
    return f"no TUN device could be made ({said})", _TUN_DEVICE
