# === right: two sends
import struct


def write_message(sock, data):
    if len(data) > 1 << 20:
        raise ValueError("too long")
    sock.sendall(struct.pack("!I", len(data)))
    sock.sendall(data)


# === right: send alone, in a loop
def write_message(sock, data):
    length = len(data)
    if not 0 <= length <= 1048576:
        raise ValueError(length)
    unsent = memoryview(bytes([length >> 24, length >> 16 & 255, length >> 8 & 255, length & 255]) + data)
    while unsent:
        unsent = unsent[sock.send(unsent) :]


# === right: a file without a buffer
def write_message(sock, data):
    if len(data) > 2**20:
        raise ValueError
    with sock.makefile("wb") as file:
        file.write(len(data).to_bytes(4, "big"))
        file.write(data)


# === wrong: the reference's way: one send of the data ==> it came without the four bytes of its length
def write_message(sock, data):
    sock.send(data)


# === wrong: send takes a part ==> only a part of it arrived: `send` takes what there is room for
def write_message(sock, data):
    if len(data) > 2**20:
        raise ValueError
    sock.send(len(data).to_bytes(4) + data)


# === wrong: the machine's own order ==> its length came with the last byte first
import struct


def write_message(sock, data):
    if len(data) > 2**20:
        raise ValueError
    sock.sendall(struct.pack("<I", len(data)) + data)


# === wrong: the length as text ==> the length before it was b"   5"
def write_message(sock, data):
    if len(data) > 2**20:
        raise ValueError
    sock.sendall(f"{len(data):4d}".encode() + data)


# === wrong: one byte for the length ==> b"\\x05hello" arrived
def write_message(sock, data):
    if len(data) > 2**20:
        raise ValueError
    sock.sendall(bytes([len(data) % 256]) + data)


# === wrong: two bytes are enough for 64 kB alone ==> b"\\x00\\x05hello" arrived
import struct


def write_message(sock, data):
    if len(data) > 2**20:
        raise ValueError
    sock.sendall(struct.pack("!H", len(data)) + data)


# === wrong: the length counts itself ==> the length before it was b"\\x00\\x00\\x00\\t", and
def write_message(sock, data):
    if len(data) > 2**20:
        raise ValueError
    sock.sendall((len(data) + 4).to_bytes(4) + data)


# === wrong: nothing is sent for an empty message ==> The message had 0 bytes; nothing arrived, not even its length
def write_message(sock, data):
    if len(data) > 2**20:
        raise ValueError
    if data:
        sock.sendall(len(data).to_bytes(4) + data)


# === wrong: no limit ==> The message had 2\^20 \+ 1 bytes: ValueError was to be raised; you returned None
def write_message(sock, data):
    sock.sendall(len(data).to_bytes(4) + data)


# === wrong: the limit one too low ==> It raised ValueError.* when the message had 2\^20 bytes
def write_message(sock, data):
    if len(data) >= 2**20:
        raise ValueError("too long")
    sock.sendall(len(data).to_bytes(4) + data)


# === wrong: the length goes out before it is looked at ==> you raised ValueError, and had sent 4 bytes by then
def write_message(sock, data):
    sock.sendall(len(data).to_bytes(4))
    if len(data) > 2**20:
        raise ValueError
    sock.sendall(data)


# === wrong: a broken connection is no matter ==> peer had reset the connection: ConnectionResetError or BrokenPipeError was to be raised; you returned None
def write_message(sock, data):
    if len(data) > 2**20:
        raise ValueError
    try:
        sock.sendall(len(data).to_bytes(4) + data)
    except ConnectionError:
        pass


# === wrong: closes ==> You closed the socket: the next message
def write_message(sock, data):
    if len(data) > 2**20:
        raise ValueError
    with sock:
        sock.sendall(len(data).to_bytes(4) + data)


# === wrong: a timeout is overcome by blocking ==> It was blocked in `sendall`.*the peer read nothing
def write_message(sock, data):
    if len(data) > 2**20:
        raise ValueError
    sock.settimeout(None)
    sock.sendall(len(data).to_bytes(4) + data)


# === wrong: text ==> It raised TypeError: a bytes-like object is required
def write_message(sock, data):
    if len(data) > 2**20:
        raise ValueError
    sock.sendall(f"{len(data)}{data.decode()}")
