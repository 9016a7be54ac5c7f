// === right: read and write, SIGPIPE ignored
#include <errno.h>
#include <signal.h>
#include <unistd.h>

int echo_until_end(int sock)
{
    char all[70000], *at;
    ssize_t n, m;
    signal(SIGPIPE, SIG_IGN);
    while ((n = read(sock, all, sizeof all)) != 0) {
        if (n < 0) {
            if (errno != EINTR)
                return -1;
            continue;
        }
        for (at = all; n > 0; at += m, n -= m) {
            m = write(sock, at, n);
            if (m < 0 && errno == EINTR)
                m = 0;
            if (m < 0)
                return -1;
        }
    }
    return 0;
}

// === right: two functions
#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>

static bool again(ssize_t n)
{
    return n == -1 && errno == EINTR;
}

static int send_back(int sock, const char *from, const char *end)
{
    while (from < end) {
        ssize_t n = send(sock, from, end - from, MSG_NOSIGNAL);
        if (!again(n) && n < 0)
            return -1;
        from += n > 0 ? n : 0;
    }
    return 0;
}

int echo_until_end(int sock)
{
    char data[512];
    ssize_t n;
    while ((n = recv(sock, data, sizeof data, 0)) > 0 || again(n))
        if (n > 0 && send_back(sock, data, data + n) == -1)
            return -1;
    return n;
}

// === wrong: one recv and one send, as the reference does ==> You returned after the client's first words
#include <sys/socket.h>

int echo_until_end(int sock)
{
    char buffer[1024];
    ssize_t n = recv(sock, buffer, sizeof buffer, 0);
    send(sock, buffer, n, 0);
    return 0;
}

// === wrong: bytes taken for a string ==> bytes that begin with a NUL, .* they are no string
#include <string.h>
#include <sys/socket.h>

int echo_until_end(int sock)
{
    char buffer[1024];
    ssize_t n;
    while ((n = recv(sock, buffer, sizeof buffer - 1, 0)) > 0) {
        buffer[n] = 0;
        send(sock, buffer, strlen(buffer), MSG_NOSIGNAL);
    }
    return n;
}

// === wrong: sends the whole buffer back ==> others came back
#include <string.h>
#include <sys/socket.h>

int echo_until_end(int sock)
{
    char buffer[1024];
    ssize_t n;
    memset(buffer, 0, sizeof buffer);
    while ((n = recv(sock, buffer, sizeof buffer, 0)) > 0)
        send(sock, buffer, sizeof buffer, MSG_NOSIGNAL);
    return n;
}

// === wrong: does not see that the client has ended ==> going round .* `recv` returned 0, the end of the stream, again and again
#include <sys/socket.h>

int echo_until_end(int sock)
{
    char buffer[1024];
    for (;;) {
        ssize_t n = recv(sock, buffer, sizeof buffer, 0);
        if (n == -1)
            return -1;
        send(sock, buffer, n, MSG_NOSIGNAL);
    }
}

// === wrong: takes a send for the whole ==> `send` took 5 of 14 bytes, .*: 5 came back
#include <errno.h>
#include <sys/socket.h>

int echo_until_end(int sock)
{
    char buffer[1024];
    ssize_t n;
    while ((n = recv(sock, buffer, sizeof buffer, 0)) > 0 || (n == -1 && errno == EINTR))
        if (n > 0 && send(sock, buffer, n, MSG_NOSIGNAL) == -1)
            return -1;
    return n;
}

// === wrong: SIGPIPE ends the server ==> killed by SIGPIPE: it sent to a peer that was gone
#include <sys/socket.h>

int echo_until_end(int sock)
{
    char buffer[1024];
    ssize_t n;
    while ((n = recv(sock, buffer, sizeof buffer, 0)) > 0)
        for (ssize_t sent = 0, m; sent < n; sent += m)
            if ((m = send(sock, buffer + sent, n - sent, 0)) == -1)
                return -1;
    return n;
}

// === wrong: a signal ends it ==> a call returned -1 with EINTR: you gave up
#include <sys/socket.h>

int echo_until_end(int sock)
{
    char buffer[1024];
    ssize_t n;
    while ((n = recv(sock, buffer, sizeof buffer, 0)) > 0)
        for (ssize_t sent = 0, m; sent < n; sent += m)
            if ((m = send(sock, buffer + sent, n - sent, MSG_NOSIGNAL)) == -1)
                return -1;
    return n;
}

// === wrong: an error counts as the end ==> The client reset the connection: -1 was to be returned, with errno ECONNRESET; you returned 0
#include <errno.h>
#include <sys/socket.h>

int echo_until_end(int sock)
{
    char buffer[1024];
    ssize_t n;
    while ((n = recv(sock, buffer, sizeof buffer, 0)) > 0 || (n == -1 && errno == EINTR))
        for (ssize_t sent = 0, m; sent < n; sent += m > 0 ? m : 0)
            if ((m = send(sock, buffer + sent, n - sent, MSG_NOSIGNAL)) == -1 && errno != EINTR)
                return -1;
    return 0;
}

// === wrong: what send says is not looked at ==> The client was gone before its bytes could come back: -1 was to be returned, with errno .*; you returned 0
#include <errno.h>
#include <sys/socket.h>

int echo_until_end(int sock)
{
    char buffer[1024];
    ssize_t n;
    while ((n = recv(sock, buffer, sizeof buffer, 0)) > 0 || (n == -1 && errno == EINTR))
        if (n > 0)
            send(sock, buffer, n, MSG_NOSIGNAL);
    return n;
}

// === wrong: closes the caller's socket ==> closes the socket that it was given
#include <sys/socket.h>
#include <unistd.h>

int echo_until_end(int sock)
{
    char buffer[1024];
    ssize_t n;
    while ((n = recv(sock, buffer, sizeof buffer, 0)) > 0)
        send(sock, buffer, n, MSG_NOSIGNAL);
    close(sock);
    return n;
}

// === wrong: a negative count added to the position ==> still running .*: the client was gone before its answer
#include <errno.h>
#include <sys/socket.h>

int echo_until_end(int sock)
{
    char buffer[1024];
    ssize_t n;
    while ((n = recv(sock, buffer, sizeof buffer, 0)) > 0 || (n == -1 && errno == EINTR))
        for (ssize_t sent = 0; sent < n;)
            sent += send(sock, buffer + sent, n - sent, MSG_NOSIGNAL);
    return n;
}

// === wrong: reads all first and answers then ==> The client sent 3 bytes, and nothing came back to it
#include <errno.h>
#include <sys/socket.h>

int echo_until_end(int sock)
{
    static char all[2000000];
    size_t got = 0;
    ssize_t n;
    while ((n = recv(sock, all + got, sizeof all - got, 0)) > 0)
        got += n;
    return send(sock, all, got, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

// === wrong: the buffer is told to be larger than it is ==> killed by SIGABRT: it wrote beyond the end of an array of its own
#include <errno.h>
#include <sys/socket.h>

int echo_until_end(int sock)
{
    char buffer[8];
    ssize_t n;
    while ((n = recv(sock, buffer, 1024, 0)) > 0 || (n == -1 && errno == EINTR))
        for (ssize_t sent = 0, m; sent < n; sent += m > 0 ? m : 0)
            if ((m = send(sock, buffer + sent, n - sent, MSG_NOSIGNAL)) == -1 && errno != EINTR)
                return -1;
    return n;
}
