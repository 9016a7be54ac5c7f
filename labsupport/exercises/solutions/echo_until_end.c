#include <errno.h>
#include <sys/socket.h>

int echo_until_end(int sock)
{
    char buffer[4096];
    for (;;) {
        ssize_t n = recv(sock, buffer, sizeof buffer, 0);
        if (n == 0)
            return 0; // the client is done; the socket is the caller's to close
        if (n == -1 && errno == EINTR)
            continue; // a signal came; with the connection nothing is wrong
        if (n == -1)
            return -1;
        for (ssize_t sent = 0; sent < n;) {
            // n bytes, not a string's; and no SIGPIPE where the client is gone: other clients are served too
            ssize_t m = send(sock, buffer + sent, (size_t) (n - sent), MSG_NOSIGNAL);
            if (m == -1 && errno != EINTR)
                return -1;
            if (m > 0)
                sent += m; // it may have taken a part only
        }
    }
}
