"""The code of scenes, and what is drawn of them, for their tests."""

import socket
import threading


def listening(net, port=7, backlog=5):
    server = net.b.socket()
    server.bind((net.b.address, port))
    server.listen(backlog)
    return server


def refused(net):
    client = net.a.socket()
    client.connect((net.b.address, 80))


def handshake(net):
    server = listening(net)
    client = net.a.socket()
    client.connect(server.getsockname())


def echo(net):
    server = listening(net)

    def serve():
        conn, _ = server.accept()
        while data := conn.recv(100):
            conn.sendall(data.upper())
        conn.close()

    thread = threading.Thread(target=serve)
    thread.start()
    client = net.a.socket()
    client.connect((net.b.address, 7))
    client.sendall(b"hello")
    got = client.recv(100)
    client.close()
    thread.join()
    return got


def crowded(net):
    server = listening(net, backlog=1)
    for _ in range(2):
        net.a.socket().connect(server.getsockname())
    client = net.a.socket()
    client.settimeout(0.5)  # half of what its kernel waits before it asks again
    client.connect(server.getsockname())


def lost_fin(net):
    server = listening(net)
    client = net.a.socket()
    client.connect((net.b.address, 7))
    conn, _ = server.accept()
    net.wire.drop(lambda packet: packet.fin)
    client.close()
    conn.recv(10)
    conn.close()


def unreachable(net):
    client = net.a.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect((net.b.address, 9))
    client.send(b"anybody")
    client.recv(10)


def several_threads(net):
    server = listening(net)
    got = []

    def serve():
        conn, _ = server.accept()
        got.append(conn.recv(10))
        conn.sendall(b"bye")
        conn.close()

    def talk(word):
        client = net.a.socket()
        client.connect((net.b.address, 7))
        client.sendall(word)
        client.recv(10)
        client.close()

    threads = [threading.Thread(target=serve) for _ in range(2)]
    threads += [threading.Thread(target=talk, args=(word,)) for word in (b"one", b"two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(got)


ALL = (refused, handshake, echo, crowded, lost_fin, unreachable, several_threads)


def drawn(timeline):
    """The timeline without what no drawing shows: times, and the bytes of packets."""
    settled = []
    for event in timeline.events:
        fields = event._asdict()
        fields.pop("time"), fields.pop("elapsed", None)
        settled.append((type(event).__name__, *fields.values()))
    return settled, timeline.lanes, timeline.hosts, [packet.said for packet in timeline.packets]
