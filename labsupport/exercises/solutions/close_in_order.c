#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int close_in_order(int sock)
{
    char rest[4096];
    ssize_t n = shutdown(sock, SHUT_WR); // the peer reads all that was sent, then our end
    while (n != -1) {
        n = recv(sock, rest, sizeof rest, 0);
        if (n == 0)
            break; // the peer is done too: nothing unread is left that would make close send a reset
        if (n == -1 && errno == EINTR)
            n = 1; // a signal came: wait on
    }
    int error = errno; // close may change it
    close(sock);       // once, whatever happened: also after an error the descriptor is ours
    errno = error;
    return n == 0 ? 0 : -1;
}
