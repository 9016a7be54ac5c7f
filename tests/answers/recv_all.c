// === right: the count goes down, the pointer up
#include <errno.h>
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    char *next = buffer, *end = next + count;
    ssize_t n = 1;
    while (next < end && n != 0) {
        do
            n = recv(sock, next, end - next, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
            return -1;
        next += n;
    }
    return next - (char *) buffer;
}

// === right: read, and a function of its own
#include <errno.h>
#include <unistd.h>

static ssize_t once(int fd, char *into, size_t room)
{
    ssize_t n;
    while ((n = read(fd, into, room)) == -1 && errno == EINTR)
        ;
    return n;
}

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    size_t got = 0;
    for (ssize_t n; got < count; got += n) {
        n = once(sock, (char *) buffer + got, count - got);
        if (n <= 0)
            return n < 0 ? n : (ssize_t) got;
    }
    return got;
}

// === right: MSG_WAITALL in a loop
#include <errno.h>
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    size_t got = 0;
    while (got < count) {
        ssize_t n = recv(sock, (char *) buffer + got, count - got, MSG_WAITALL);
        if (n == -1 && errno != EINTR)
            return -1;
        if (n == 0)
            break;
        if (n > 0)
            got += n;
    }
    return got;
}

// === wrong: one recv ==> in three pieces; you returned after the first: got 3 of 16
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    return recv(sock, buffer, count, 0);
}

// === wrong: the end of the stream is not noticed ==> going round .* `recv` returned 0, the end of the stream, again and again
#include <errno.h>
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    size_t got = 0;
    while (got < count) {
        ssize_t n = recv(sock, (char *) buffer + got, count - got, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        got += n;
    }
    return got;
}

// === wrong: every piece to the beginning ==> three pieces; .* in the buffer there is a part that nothing was written to
#include <errno.h>
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    size_t got = 0;
    while (got < count) {
        ssize_t n = recv(sock, buffer, count - got, 0);
        if (n == 0)
            break;
        if (n == -1)
            return -1;
        got += n;
    }
    return got;
}

// === wrong: asks for the whole count each time ==> room for 16 bytes where there were 13 bytes left
#include <errno.h>
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    size_t got = 0;
    while (got < count) {
        ssize_t n = recv(sock, (char *) buffer + got, count, 0);
        if (n == 0)
            break;
        if (n == -1)
            return -1;
        got += n;
    }
    return got;
}

// === wrong: a fixed 1024, as one reads it everywhere ==> room for 1,024 bytes where there were 16 bytes left
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    (void) count;
    return recv(sock, buffer, 1024, 0);
}

// === wrong: ends the buffer with a NUL ==> killed by SIGSEGV: it went on behind the end of memory
#include <errno.h>
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    char *at = buffer;
    size_t got = 0;
    while (got < count) {
        ssize_t n = recv(sock, at + got, count - got, 0);
        if (n == 0)
            break;
        if (n == -1)
            return -1;
        got += n;
    }
    at[got] = '\0';
    return got;
}

// === wrong: a signal counts as an error ==> `recv` returned -1 with EINTR: you passed that on
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    size_t got = 0;
    while (got < count) {
        ssize_t n = recv(sock, (char *) buffer + got, count - got, 0);
        if (n == 0)
            break;
        if (n < 0)
            return -1;
        got += n;
    }
    return got;
}

// === wrong: an error counts as the end ==> reset the connection after 3 of 16 bytes: -1 was to be returned, with errno ECONNRESET; you returned 3
#include <errno.h>
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    size_t got = 0;
    while (got < count) {
        ssize_t n = recv(sock, (char *) buffer + got, count - got, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += n;
    }
    return got;
}

// === wrong: -1 where the peer ends early ==> ended after 3 of 16 bytes: 3 was to be returned, .* you returned -1
#include <errno.h>
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    size_t got = 0;
    while (got < count) {
        ssize_t n = recv(sock, (char *) buffer + got, count - got, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        got += n;
    }
    return got;
}

// === wrong: an unsigned count, in which -1 is no error ==> `recv` returned -1 with EINTR: you passed that on
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    size_t got = 0, n;
    while (got < count) {
        n = recv(sock, (char *) buffer + got, count - got, 0);
        if (n <= 0)
            break;
        got += n;
    }
    return got;
}

// === wrong: exit on an error, as programs do ==> ended the whole process \(exit 1\) instead of returning
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    size_t got = 0;
    while (got < count) {
        ssize_t n = recv(sock, (char *) buffer + got, count - got, 0);
        if (n == 0)
            break;
        if (n == -1) {
            perror("recv");
            exit(1);
        }
        got += n;
    }
    return got;
}

// === wrong: tries again after every error ==> reset the connection after 3 of 16 bytes: .* you returned 3
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    size_t got = 0;
    while (got < count) {
        ssize_t n = recv(sock, (char *) buffer + got, count - got, 0);
        if (n == 0)
            break;
        if (n > 0)
            got += n;
    }
    return got;
}

// === wrong: waits for all with one flag ==> blocked in `recv` .*: 0 bytes were asked for
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    return recv(sock, buffer, count, MSG_WAITALL);
}

// === wrong: the parentheses of the condition ==> blocked in `recv` .*: all 16 bytes had come
#include <errno.h>
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    size_t got = 0;
    ssize_t n;
    while (got < count && (n = recv(sock, (char *) buffer + got, count - got, 0) > 0))
        got += n;
    return got;
}

// === wrong: reads before it looks at the count ==> 0 bytes were asked for
#include <errno.h>
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    size_t got = 0;
    char one;
    do {
        ssize_t n = recv(sock, count ? (char *) buffer + got : &one, count ? count - got : 1, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        if (n == 0)
            break;
        got += n;
    } while (got < count);
    return got;
}

// === wrong: closes when it is done ==> closes the socket that it was given
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    size_t got = 0;
    while (got < count) {
        ssize_t n = recv(sock, (char *) buffer + got, count - got, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += n;
    }
    close(sock);
    return got;
}

// === wrong: does not compile ==> does not compile, and nothing was run. In line 6: 'cout' is not declared
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    cout = recv(sock, buffer, count, 0);
    return cout;
}

// === wrong: another result than was asked for ==> does not compile.* conflicting types for 'recv_all'
#include <sys/socket.h>

int recv_all(int sock, void *buffer, int count)
{
    return recv(sock, buffer, count, 0);
}

// === wrong: another name ==> There is no function `recv_all`
#include <sys/socket.h>

ssize_t receive_all(int sock, void *buffer, size_t count)
{
    return recv(sock, buffer, count, 0);
}
