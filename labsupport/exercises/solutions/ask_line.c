#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static int send_whole(int sock, const char *from, size_t count)
{
    while (count > 0) {
        // Without MSG_NOSIGNAL a peer that is gone would end the whole program, by SIGPIPE.
        ssize_t n = send(sock, from, count, MSG_NOSIGNAL);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        from += n; // it may have taken a part only
        count -= (size_t) n;
    }
    return 0;
}

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    if (send_whole(sock, line, strlen(line)) == -1 || send_whole(sock, "\n", 1) == -1)
        return -1;
    size_t length = 0;
    for (;;) {
        char one;
        ssize_t n = recv(sock, &one, 1, 0); // one byte: what follows the line is the next reader's
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        if (n == 0) {
            errno = EPROTO; // the peer ended, and the line had not
            return -1;
        }
        if (one == '\n') {
            answer[length] = '\0';
            return (ssize_t) length;
        }
        if (length + 1 >= room) { // the last place is the NUL's
            errno = EMSGSIZE;
            return -1;
        }
        answer[length++] = one;
    }
}
