#include <errno.h>
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    char *at = buffer; // a void pointer has no size to count in
    size_t got = 0;
    while (got < count) {
        // Never more than is missing: behind it the buffer ends, and the bytes are the next reader's.
        ssize_t n = recv(sock, at + got, count - got, 0);
        if (n == 0)
            break; // the peer is done: what came is what there is
        if (n == -1 && errno == EINTR)
            continue; // a signal came; with the connection nothing is wrong
        if (n == -1)
            return -1; // errno says why
        got += (size_t) n;
    }
    return (ssize_t) got;
}
