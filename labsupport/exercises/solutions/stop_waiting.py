import socket


def stop_waiting(sock, thread):
    """Set `thread` free, which is blocked in `sock.recv`, and close the socket."""
    with sock:  # closes last, when nobody uses it any more
        # close would not wake the thread: its call holds the connection. shutdown ends that.
        sock.shutdown(socket.SHUT_RDWR)
        thread.join(2)  # seconds at most; that it still runs is no error of join
