// === right: each failure goes to the same end
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int close_in_order(int sock)
{
    char buffer[100];
    ssize_t n;
    int error = 0;
    if (shutdown(sock, SHUT_WR) == -1) {
        error = errno;
        goto end;
    }
    do
        n = read(sock, buffer, sizeof buffer);
    while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0)
        error = errno;
end:
    close(sock);
    errno = error;
    return error ? -1 : 0;
}

// === right: a function that drains
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int drain(int sock)
{
    enum { ROOM = 1 << 16 };
    char *into = malloc(ROOM);
    ssize_t n;
    while ((n = recv(sock, into, ROOM, 0)) != 0)
        if (n < 0 && errno != EINTR)
            break;
    free(into);
    return n == 0 ? 0 : -1;
}

int close_in_order(int sock)
{
    int result = shutdown(sock, SHUT_WR);
    if (result == 0)
        result = drain(sock);
    int why = errno;
    if (close(sock) == 0)
        errno = why;
    return result;
}

// === wrong: close alone, as the reference does ==> The peer read your end, said goodbye, and closed; you had not waited
#include <unistd.h>

int close_in_order(int sock)
{
    return close(sock);
}

// === wrong: shutdown of both directions ==> you had not waited for that
#include <sys/socket.h>
#include <unistd.h>

int close_in_order(int sock)
{
    shutdown(sock, SHUT_RDWR);
    return close(sock);
}

// === wrong: says that it is done and does not wait ==> you had not waited for that
#include <sys/socket.h>
#include <unistd.h>

int close_in_order(int sock)
{
    if (shutdown(sock, SHUT_WR) == -1)
        return -1;
    return close(sock);
}

// === wrong: waits before it has said that it is done ==> blocked in `recv` .* you had not said that you are done
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int close_in_order(int sock)
{
    char rest[4096];
    while (recv(sock, rest, sizeof rest, 0) > 0)
        ;
    shutdown(sock, SHUT_WR);
    return close(sock);
}

// === wrong: one recv ==> said goodbye, and closed; you had not waited
#include <sys/socket.h>
#include <unistd.h>

int close_in_order(int sock)
{
    char rest[4096];
    shutdown(sock, SHUT_WR);
    recv(sock, rest, sizeof rest, 0);
    return close(sock);
}

// === wrong: never closes ==> the socket was still open: its descriptor was not given back
#include <errno.h>
#include <sys/socket.h>

int close_in_order(int sock)
{
    char rest[4096];
    ssize_t n;
    if (shutdown(sock, SHUT_WR) == -1)
        return -1;
    while ((n = recv(sock, rest, sizeof rest, 0)) > 0 || (n == -1 && errno == EINTR))
        ;
    return n;
}

// === wrong: an error leaves it open ==> instead of ending it, and the socket was still open
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int close_in_order(int sock)
{
    char rest[4096];
    ssize_t n;
    if (shutdown(sock, SHUT_WR) == -1)
        return -1;
    while ((n = recv(sock, rest, sizeof rest, 0)) != 0) {
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
    }
    return close(sock);
}

// === wrong: a signal ends it ==> `recv` returned -1 with EINTR: you gave up
#include <sys/socket.h>
#include <unistd.h>

int close_in_order(int sock)
{
    char rest[4096];
    if (shutdown(sock, SHUT_WR) == -1) {
        close(sock);
        return -1;
    }
    while (recv(sock, rest, sizeof rest, 0) > 0)
        ;
    return close(sock);
}

// === wrong: an error is no error ==> reset the connection instead of ending it: -1 was to be returned, with errno ECONNRESET; you returned 0
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int close_in_order(int sock)
{
    char rest[4096];
    ssize_t n;
    shutdown(sock, SHUT_WR);
    while ((n = recv(sock, rest, sizeof rest, 0)) > 0 || (n == -1 && errno == EINTR))
        ;
    return close(sock);
}

// === wrong: closes twice ==> closed a descriptor that was closed already \(EBADF\)
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int close_in_order(int sock)
{
    char rest[4096];
    ssize_t n;
    shutdown(sock, SHUT_WR);
    while ((n = recv(sock, rest, sizeof rest, 0)) > 0 || (n == -1 && errno == EINTR))
        ;
    close(sock);
    return close(sock);
}

// === wrong: does not see that the peer has ended ==> going round .* `recv` returned 0, the end of the stream, again and again
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int close_in_order(int sock)
{
    char rest[4096];
    shutdown(sock, SHUT_WR);
    while (recv(sock, rest, sizeof rest, 0) >= 0 || errno == EINTR)
        ;
    return close(sock);
}

// === wrong: errno is what a later call made of it ==> with errno ECONNRESET; you returned -1, and errno was (EBADF|ENOTCONN)
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int close_in_order(int sock)
{
    char rest[4096];
    ssize_t n = shutdown(sock, SHUT_WR);
    if (n == 0)
        while ((n = recv(sock, rest, sizeof rest, 0)) > 0 || (n == -1 && errno == EINTR))
            ;
    shutdown(sock, SHUT_RDWR);
    close(sock);
    return n;
}

// === wrong: a buffer on the stack, told to be larger than it is ==> killed by SIGABRT: it wrote beyond the end of an array of its own
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int close_in_order(int sock)
{
    char rest[16];
    ssize_t n = shutdown(sock, SHUT_WR);
    if (n == 0)
        while ((n = recv(sock, rest, 8192, 0)) > 0 || (n == -1 && errno == EINTR))
            ;
    int error = errno;
    close(sock);
    errno = error;
    return n;
}
