// === right: one buffer for the question, one recv for many bytes
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    size_t count = strlen(line) + 1, sent = 0, got = 0;
    char *question = malloc(count);
    if (question == NULL)
        return -1;
    memcpy(question, line, count - 1);
    question[count - 1] = '\n';
    while (sent < count) {
        ssize_t n = send(sock, question + sent, count - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            free(question);
            return -1;
        }
        if (n > 0)
            sent += n;
    }
    free(question);
    while (got < room) {
        ssize_t n = recv(sock, answer + got, room - got, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0) {
            errno = EPROTO;
            return -1;
        }
        char *end = memchr(answer + got, '\n', n);
        got += n;
        if (end != NULL) {
            *end = '\0';
            return end - answer;
        }
    }
    errno = EMSGSIZE;
    return -1;
}

// === right: SIGPIPE ignored for the time, and read and write
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int all(int fd, const char *from, size_t count)
{
    while (count) {
        ssize_t n = write(fd, from, count);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        from += n;
        count -= n;
    }
    return 0;
}

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    int failed = all(sock, line, strlen(line)) || all(sock, "\n", 1), error = errno;
    signal(SIGPIPE, before);
    errno = error;
    if (failed)
        return -1;
    for (size_t at = 0; at <= room; at++) {
        char c;
        ssize_t n;
        do
            n = read(sock, &c, 1);
        while (n < 0 && errno == EINTR);
        if (n == 0)
            errno = EPROTO;
        if (n <= 0)
            return -1;
        if (c == '\n') {
            if (at == room)
                break;
            answer[at] = 0;
            return at;
        }
        if (at + 1 >= room)
            break;
        answer[at] = c;
    }
    errno = EMSGSIZE;
    return -1;
}

// === wrong: one send and one recv, as the reference does ==> without the '\\n' that ends it
#include <string.h>
#include <sys/socket.h>

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    send(sock, line, strlen(line), 0);
    return recv(sock, answer, room, 0);
}

// === wrong: no end of line ==> Your question came without the '\\n' that ends it
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    send(sock, line, strlen(line), MSG_NOSIGNAL);
    ssize_t n = recv(sock, answer, room - 1, 0);
    if (n >= 0)
        answer[n] = 0;
    return n;
}

// === wrong: sends the NUL ==> A NUL came behind your question
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    send(sock, line, strlen(line) + 1, MSG_NOSIGNAL);
    ssize_t n = recv(sock, answer, room - 1, 0);
    if (n >= 0)
        answer[n] = 0;
    return n;
}

// === wrong: the end of line written into the caller's string ==> killed by SIGSEGV: it went on behind the end of memory
#include <string.h>
#include <sys/socket.h>

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    strcat((char *) line, "\n");
    send(sock, line, strlen(line), MSG_NOSIGNAL);
    return recv(sock, answer, room, 0);
}

// === wrong: a buffer of its own that is too small ==> killed by SIGABRT: it wrote beyond the end of an array of its own
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    char question[4];
    strcpy(question, line);
    strcat(question, "\n");
    send(sock, question, strlen(question), MSG_NOSIGNAL);
    return recv(sock, answer, room, 0);
}

// === wrong: keeps the end of line ==> you left its '\\n' in it
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    size_t got = 0;
    send(sock, line, strlen(line), MSG_NOSIGNAL);
    send(sock, "\n", 1, MSG_NOSIGNAL);
    while (got + 1 < room) {
        ssize_t n = recv(sock, answer + got, 1, 0);
        if (n <= 0)
            return -1;
        if (answer[got++] == '\n')
            break;
    }
    answer[got] = 0;
    return got;
}

// === wrong: no NUL behind the answer ==> no NUL stands behind it
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    send(sock, line, strlen(line), MSG_NOSIGNAL);
    send(sock, "\n", 1, MSG_NOSIGNAL);
    for (size_t got = 0; got < room; got++) {
        char c;
        if (recv(sock, &c, 1, 0) <= 0)
            return -1;
        if (c == '\n')
            return got;
        answer[got] = c;
    }
    errno = EMSGSIZE;
    return -1;
}

// === wrong: no look at the room ==> killed by SIGSEGV: it went on behind the end of memory
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    (void) room;
    send(sock, line, strlen(line), MSG_NOSIGNAL);
    send(sock, "\n", 1, MSG_NOSIGNAL);
    for (size_t got = 0;; got++) {
        char c;
        ssize_t n = recv(sock, &c, 1, 0);
        if (n == 0)
            errno = EPROTO;
        if (n <= 0)
            return -1;
        if (c == '\n') {
            answer[got] = 0;
            return got;
        }
        answer[got] = c;
    }
}

// === wrong: an end inside the answer counts as its end ==> The peer ended in the middle of its answer: -1 was to be returned, with errno EPROTO; you returned 6
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    size_t got = 0;
    send(sock, line, strlen(line), MSG_NOSIGNAL);
    send(sock, "\n", 1, MSG_NOSIGNAL);
    while (got + 1 < room) {
        char c;
        ssize_t n = recv(sock, &c, 1, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        if (n == 0 || c == '\n')
            break;
        answer[got++] = c;
    }
    answer[got] = 0;
    return got;
}

// === wrong: an answer that is too long is cut ==> one character longer than there is room for: -1 was to be returned, with errno EMSGSIZE; you returned 63
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    size_t got = 0;
    send(sock, line, strlen(line), MSG_NOSIGNAL);
    send(sock, "\n", 1, MSG_NOSIGNAL);
    while (got + 1 < room) {
        char c;
        ssize_t n = recv(sock, &c, 1, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EPROTO;
        if (n <= 0)
            return -1;
        if (c == '\n')
            break;
        answer[got++] = c;
    }
    answer[got] = 0;
    return got;
}

// === wrong: SIGPIPE ends the program ==> killed by SIGPIPE: it sent to a peer that was gone
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    if (send(sock, line, strlen(line), 0) == -1 || send(sock, "\n", 1, 0) == -1)
        return -1;
    for (size_t got = 0; got < room; got++) {
        ssize_t n = recv(sock, answer + got, 1, 0);
        if (n == 0)
            errno = EPROTO;
        if (n <= 0)
            return -1;
        if (answer[got] == '\n') {
            answer[got] = 0;
            return got;
        }
    }
    errno = EMSGSIZE;
    return -1;
}

// === wrong: a signal is passed on as an error ==> returned -1 with EINTR: you passed that on
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    if (send(sock, line, strlen(line), MSG_NOSIGNAL) == -1 || send(sock, "\n", 1, MSG_NOSIGNAL) == -1)
        return -1;
    for (size_t got = 0; got < room; got++) {
        ssize_t n = recv(sock, answer + got, 1, 0);
        if (n == 0)
            errno = EPROTO;
        if (n <= 0)
            return -1;
        if (answer[got] == '\n') {
            answer[got] = 0;
            return got;
        }
    }
    errno = EMSGSIZE;
    return -1;
}

// === wrong: takes a send for the whole ==> Each `send` took at most 3 bytes, .* of which 3 came to the peer
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static int put(int sock, const char *from, size_t count)
{
    ssize_t n;
    while ((n = send(sock, from, count, MSG_NOSIGNAL)) == -1 && errno == EINTR)
        ;
    return n == -1 ? -1 : 0;
}

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    if (put(sock, line, strlen(line)) || put(sock, "\n", 1))
        return -1;
    for (size_t got = 0; got < room;) {
        ssize_t n = recv(sock, answer + got, 1, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EPROTO;
        if (n <= 0)
            return -1;
        if (answer[got] == '\n') {
            answer[got] = 0;
            return got;
        }
        got++;
    }
    errno = EMSGSIZE;
    return -1;
}

// === wrong: the end of the stream is not noticed ==> going round .* `recv` returned 0, the end of the stream, again and again
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    send(sock, line, strlen(line), MSG_NOSIGNAL);
    send(sock, "\n", 1, MSG_NOSIGNAL);
    size_t got = 0;
    while (got < room) {
        ssize_t n = recv(sock, answer + got, room - got, 0);
        if (n == -1)
            return -1;
        got += n;
        char *end = memchr(answer, '\n', got);
        if (end) {
            *end = 0;
            return end - answer;
        }
    }
    errno = EMSGSIZE;
    return -1;
}

// === wrong: a room of one too few ==> there was room for 9: with its NUL it fits. You returned -1
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

ssize_t ask_line(int sock, const char *line, char *answer, size_t room)
{
    send(sock, line, strlen(line), MSG_NOSIGNAL);
    send(sock, "\n", 1, MSG_NOSIGNAL);
    size_t got = 0;
    while (got + 1 < room) {
        ssize_t n = recv(sock, answer + got, 1, 0);
        if (n == 0)
            errno = EPROTO;
        if (n <= 0)
            return -1;
        if (answer[got] == '\n') {
            answer[got] = 0;
            return got;
        }
        got++;
    }
    errno = EMSGSIZE;
    return -1;
}
