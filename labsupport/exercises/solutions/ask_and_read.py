import socket


def ask_and_read(address, request):
    """Send `request` to `address`, and its end; the whole answer."""
    answer = bytearray()
    with socket.create_connection(address) as sock:  # IPv4 or IPv6; closed on every way out
        sock.sendall(request)  # send might take a part of it
        sock.shutdown(socket.SHUT_WR)  # the server's recv returns b'': the question is whole
        while piece := sock.recv(65536):  # until b"": the answer is whole, however it was cut
            answer += piece
    return bytes(answer)
