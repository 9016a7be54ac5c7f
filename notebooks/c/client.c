/* client HOST PORT: sends its standard input to a server, and prints what comes back.
 *
 * It ends when the server ends. Exit status: 0, or 1 with a sentence on standard error. */
#define _POSIX_C_SOURCE 200809L /* getaddrinfo, poll and the rest of POSIX, beside plain C */

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 65536, PATIENCE = 10000 /* milliseconds of silence that are borne while an answer is due */ };

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "client: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

/* A reset shows as ECONNRESET, EPIPE or ENOTCONN, by the call that meets it: to the reader it is one thing. */
static void broke_off(void)
{
    fprintf(stderr, "client: the server broke off\n");
    exit(EXIT_FAILURE);
}

/* A connection to the first of the name's addresses that answers, IPv6 and IPv4 alike. */
static int reach(const char *host, const char *port)
{
    struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    int result = getaddrinfo(host, port, &wanted, &found);
    if (result != 0)
        fail(host, result == EAI_SYSTEM ? strerror(errno) : gai_strerror(result));
    int sock = -1, why = 0;
    for (struct addrinfo *one = found; one != NULL && sock == -1; one = one->ai_next) {
        sock = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (sock != -1 && connect(sock, one->ai_addr, one->ai_addrlen) == -1) {
            why = errno; /* before close may change it */
            close(sock);
            sock = -1;
        } else if (sock == -1) {
            why = errno;
        }
    }
    freeaddrinfo(found);
    if (sock == -1)
        fail(host, strerror(why));
    return sock;
}

/* All of it: write may take less than it was given, and a signal may interrupt it. */
static void print(const char *data, size_t count)
{
    while (count > 0) {
        ssize_t taken = write(STDOUT_FILENO, data, count);
        if (taken == -1 && errno != EINTR)
            fail("standard output", strerror(errno));
        if (taken > 0) {
            data += taken;
            count -= (size_t)taken;
        }
    }
}

/* What is on its way from standard input to the server. */
struct sending {
    char data[ROOM];
    size_t from, to; /* data[from..to) has been read and not been sent */
    bool ended;      /* there is no more input, and the server has been told */
};

/* Read more input; at its end say so to the server, which may go on talking. */
static void read_input(int sock, struct sending *out)
{
    ssize_t got = read(STDIN_FILENO, out->data, sizeof out->data);
    if (got == -1 && errno != EINTR)
        fail("standard input", strerror(errno));
    if (got == 0) {
        out->ended = true;
        if (shutdown(sock, SHUT_WR) == -1)
            broke_off();
    }
    out->from = 0;
    out->to = got > 0 ? (size_t)got : 0;
}

/* Send as much as the kernel takes now. */
static void send_some(int sock, struct sending *out)
{
    ssize_t taken = send(sock, out->data + out->from, out->to - out->from, MSG_DONTWAIT);
    if (taken == -1 && errno != EAGAIN && errno != EINTR)
        broke_off();
    if (taken > 0)
        out->from += (size_t)taken;
}

/* Print what has come; false at the end of the stream. `last` keeps the last byte: a line ends with \n. */
static bool receive(int sock, char *last)
{
    char data[ROOM];
    ssize_t got = recv(sock, data, sizeof data, MSG_DONTWAIT);
    if (got == -1 && errno != EAGAIN && errno != EINTR)
        broke_off();
    if (got > 0) {
        print(data, (size_t)got);
        *last = data[got - 1];
    }
    return got != 0;
}

/* Send and receive at the same time: a server may answer, and fill our buffers, before we have sent all. */
static void converse(int sock)
{
    static struct sending out;
    char last = '\n';
    for (;;) {
        bool owes = out.from < out.to;
        struct pollfd waits[2] = {
            {.fd = sock, .events = (short)(POLLIN | (owes ? POLLOUT : 0))},
            {.fd = owes || out.ended ? -1 : STDIN_FILENO, .events = POLLIN},
        };
        int ready = poll(waits, 2, out.ended || owes ? PATIENCE : -1);
        if (ready == -1 && errno != EINTR)
            fail("poll", strerror(errno));
        if (ready == 0)
            fail("the server", "no answer in time");
        if (ready <= 0)
            continue;
        if (waits[0].revents & (POLLIN | POLLHUP | POLLERR) && !receive(sock, &last)) {
            if (!out.ended)
                fail("the server", "ended before it was told to");
            if (last != '\n')
                fail("the server", "ended in the middle of a line");
            return;
        }
        if (waits[0].revents & POLLOUT)
            send_some(sock, &out);
        if (waits[1].revents)
            read_input(sock, &out);
    }
}

int main(int count, char *arguments[])
{
    if (count != 3) {
        fprintf(stderr, "usage: client HOST PORT\n");
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN); /* an error from send, and not the end of the program without a word */
    int sock = reach(arguments[1], arguments[2]);
    converse(sock);
    if (close(sock) == -1)
        fail("close", strerror(errno));
    return EXIT_SUCCESS;
}
