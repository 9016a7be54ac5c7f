# === right: selectors, and a dict of what is under way
import errno
import os
import selectors
import socket
import time


def begin(address):
    sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    sock.setblocking(False)
    try:
        sock.connect(address)
    except BlockingIOError:
        pass
    except OSError:
        sock.close()
        raise
    return sock


def first_to_answer(addresses, timeout):
    deadline, last = time.monotonic() + timeout, None
    with selectors.DefaultSelector() as selector:
        try:
            for address in addresses:
                try:
                    selector.register(begin(address), selectors.EVENT_WRITE)
                except OSError as error:
                    last = error
            while selector.get_map():
                events = selector.select(max(0, deadline - time.monotonic()))
                if not events:
                    raise TimeoutError
                for key, _ in events:
                    code = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    selector.unregister(key.fileobj)
                    if code == 0:
                        key.fileobj.settimeout(None)
                        return key.fileobj
                    key.fileobj.close()
                    last = OSError(code, os.strerror(code))
            raise last
        finally:
            for key in list((selector.get_map() or {}).values()):
                key.fileobj.close()


# === right: asyncio
import asyncio
import socket


async def call(address):
    sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    sock.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


async def first(addresses, timeout):
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    waiting = {asyncio.create_task(call(address)) for address in addresses}
    chosen, error = None, None
    while waiting and chosen is None:
        done, waiting = await asyncio.wait(
            waiting, timeout=deadline - loop.time(), return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            error = TimeoutError()
            break
        for task in done:
            if task.exception():
                error = task.exception()
            elif chosen is None:
                chosen = task.result()
            else:
                task.result().close()
    for task in waiting:
        task.cancel()
    for late in await asyncio.gather(*waiting, return_exceptions=True):
        if isinstance(late, socket.socket):
            late.close()
    if chosen is None:
        raise error
    chosen.setblocking(True)
    return chosen


def first_to_answer(addresses, timeout):
    return asyncio.run(first(list(addresses), timeout))


# === right: a thread an address
import errno
import os
import queue
import select
import socket
import threading
import time


def attempt(address, deadline, answers, enough):
    sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    sock.setblocking(False)
    code = sock.connect_ex(address)
    if code == errno.EINPROGRESS:
        code = errno.ETIMEDOUT
        while time.monotonic() < deadline and not enough.is_set():
            if select.select([], [sock], [], 0.02)[1]:
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                break
    sock.setblocking(True)
    answers.put((code, sock))


def first_to_answer(addresses, timeout):
    deadline, answers, enough = time.monotonic() + timeout, queue.Queue(), threading.Event()
    threads = [threading.Thread(target=attempt, args=(one, deadline, answers, enough)) for one in addresses]
    for thread in threads:
        thread.start()
    chosen, codes = None, []
    for _ in threads:
        code, sock = answers.get()
        codes.append(code)
        if code == 0 and chosen is None:
            chosen = sock
            enough.set()
        else:
            sock.close()
    for thread in threads:
        thread.join()
    if chosen is None:
        code = errno.ETIMEDOUT if errno.ETIMEDOUT in codes else codes[-1]
        raise OSError(code, os.strerror(code))
    return chosen


# === wrong: one after another ==> while you waited for them you had not called the fourth
import socket


def first_to_answer(addresses, timeout):
    last = None
    for address in addresses:
        try:
            sock = socket.create_connection(address, timeout)
        except OSError as error:
            last = error
        else:
            sock.settimeout(None)
            return sock
    raise last


# === wrong: one after another, under one deadline ==> while you waited for them you had not called the fourth
import socket
import time


def first_to_answer(addresses, timeout):
    deadline, last = time.monotonic() + timeout, None
    for address in addresses:
        try:
            sock = socket.create_connection(address, max(0.001, deadline - time.monotonic()))
        except OSError as error:
            last = error
            if time.monotonic() >= deadline:
                raise TimeoutError
        else:
            sock.settimeout(None)
            return sock
    raise last


# === wrong: the time divided among the addresses, in turn ==> while you waited for them you had not called the fourth
import socket


def first_to_answer(addresses, timeout):
    last = None
    for address in addresses:
        sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        sock.settimeout(timeout / len(addresses))
        try:
            sock.connect(address)
        except OSError as error:
            sock.close()
            last = error
        else:
            sock.settimeout(None)
            return sock
    raise last


# === wrong: ready taken for connected ==> not connected, where the first address refuses
import select
import socket


def first_to_answer(addresses, timeout):
    socks = []
    for address in addresses:
        sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        sock.setblocking(False)
        sock.connect_ex(address)
        socks.append(sock)
    _, ready, _ = select.select([], socks, [], timeout)
    if not ready:
        raise TimeoutError
    for sock in socks:
        if sock is not ready[0]:
            sock.close()
    ready[0].setblocking(True)
    return ready[0]


# === wrong: connect of a non-blocking socket is not expected to raise ==> BlockingIOError \(EINPROGRESS\)
import socket


def first_to_answer(addresses, timeout):
    for address in addresses:
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect(address)
        sock.setblocking(True)
        return sock


# === wrong: IPv4 alone ==> needs a socket of AF_INET6
import os
import select
import socket
import time


def first_to_answer(addresses, timeout):
    deadline, waiting, last = time.monotonic() + timeout, [], None
    try:
        for address in addresses:
            sock = socket.socket()
            waiting.append(sock)
            sock.setblocking(False)
            try:
                sock.connect(address)
            except BlockingIOError:
                continue
            except socket.gaierror:
                raise
            except OSError as error:
                waiting.remove(sock)
                sock.close()
                last = error
        while waiting:
            _, ready, _ = select.select([], waiting, [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            for sock in ready:
                waiting.remove(sock)
                number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if number == 0:
                    sock.setblocking(True)
                    return sock
                sock.close()
                last = OSError(number, os.strerror(number))
        raise last
    finally:
        for sock in waiting:
            sock.close()


# === wrong: the others stay open ==> when two addresses answer it never closes a socket
import select
import socket


def first_to_answer(addresses, timeout):
    waiting, number = [], 0
    for host, port in addresses:
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        sock.setblocking(False)
        if sock.connect_ex((host, port)) == 101:
            sock.close()
        else:
            waiting.append(sock)
    while waiting:
        _, ready, _ = select.select([], waiting, [], timeout)
        if not ready:
            raise TimeoutError
        for sock in ready:
            number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number == 0:
                sock.setblocking(True)
                return sock
            waiting.remove(sock)
            sock.close()
    raise OSError(number, "all failed")


# === wrong: the first refusal ends it ==> It raised ConnectionRefusedError .* the first address refuses and at the second somebody listens
import os
import select
import socket


def first_to_answer(addresses, timeout):
    waiting = []
    try:
        for host, port in addresses:
            sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            waiting.append(sock)
            sock.setblocking(False)
            sock.connect_ex((host, port))
        _, ready, _ = select.select([], waiting, [], timeout)
        if not ready:
            raise TimeoutError
        for sock in ready:
            number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                raise OSError(number, os.strerror(number))
            waiting.remove(sock)
            sock.setblocking(True)
            return sock
    finally:
        for sock in waiting:
            sock.close()


# === wrong: waits for the others until the time is over ==> Both addresses had refused at once, and you waited
import errno
import os
import select
import socket
import time


def first_to_answer(addresses, timeout):
    deadline, socks, waiting, last = time.monotonic() + timeout, [], [], None
    try:
        for host, port in addresses:
            sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            socks.append(sock)
            sock.setblocking(False)
            number = sock.connect_ex((host, port))
            if number == errno.EINPROGRESS:
                waiting.append(sock)
            else:
                last = OSError(number, os.strerror(number))
        while time.monotonic() < deadline:
            _, ready, _ = select.select([], waiting, [], deadline - time.monotonic())
            for sock in ready:
                number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                waiting.remove(sock)
                if number == 0:
                    socks.remove(sock)
                    sock.setblocking(True)
                    return sock
                last = OSError(number, os.strerror(number))
        raise TimeoutError if waiting else last
    finally:
        for sock in socks:
            sock.close()


# === wrong: still non-blocking ==> returned is non-blocking
import errno
import os
import select
import socket
import time


def first_to_answer(addresses, timeout):
    deadline, socks, waiting, last = time.monotonic() + timeout, [], [], None
    try:
        for host, port in addresses:
            sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            socks.append(sock)
            sock.setblocking(False)
            number = sock.connect_ex((host, port))
            if number == errno.EINPROGRESS:
                waiting.append(sock)
        while waiting:
            _, ready, _ = select.select([], waiting, [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            for sock in ready:
                number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                waiting.remove(sock)
                if number == 0:
                    socks.remove(sock)
                    return sock
                last = OSError(number, os.strerror(number))
        raise last
    finally:
        for sock in socks:
            sock.close()


# === wrong: silence told as an earlier refusal ==> One address refused, the others were silent, and the time was over: TimeoutError was to be raised; you raised ConnectionRefusedError
import os
import select
import socket


def first_to_answer(addresses, timeout):
    socks, last = [], None
    try:
        for host, port in addresses:
            sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            socks.append(sock)
            sock.setblocking(False)
            if sock.connect_ex((host, port)) not in (0, 115):
                last = OSError(101, os.strerror(101))
                socks.remove(sock)
                sock.close()
        while socks:
            _, ready, _ = select.select([], socks, [], timeout)
            if not ready:
                raise last or TimeoutError
            for sock in ready:
                socks.remove(sock)
                number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if number == 0:
                    sock.setblocking(True)
                    return sock
                sock.close()
                last = OSError(number, os.strerror(number))
        raise last
    finally:
        for sock in socks:
            sock.close()


# === equivalent: left > 0: Gt swapped ==> with exactly 0 left `select` looks once more without waiting
