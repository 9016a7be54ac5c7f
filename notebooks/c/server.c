/* server [HOST] PORT: an echo server for many clients at once; SIGTERM or SIGINT ends it, and loses nothing.
 *
 * HOST is 127.0.0.1 unless given; "::" is every address of this machine, IPv6 and IPv4. Port 0: the kernel
 * picks one. The first line printed says where it listens. */
#define _POSIX_C_SOURCE 200809L /* getaddrinfo, poll, sigaction and the rest of POSIX, beside plain C */

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST = 500,      /* clients at once; further ones wait in the listener's queue */
    ROOM = 65536,    /* bytes kept for one client; while they are full, it is not read from */
    PATIENCE = 2000, /* milliseconds that the clients have to end when the server does */
    PAUSE = 100,     /* milliseconds without accept when no descriptor is free */
};

struct client {
    int sock;
    size_t from, to; /* data[from..to) has been read and not been sent back */
    bool ended;      /* it has sent all it will */
    bool told;       /* we have said that no more comes */
    char *data;
};

static struct client clients[MOST];
static size_t serving;
static int wakes[2]; /* a pipe: the signal handler writes, poll notices */

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "server: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

/* A handler may do next to nothing (signal-safety(7)); writing to a pipe is allowed. */
static void on_signal(int number)
{
    int before = errno;
    char byte = (char)number;
    if (write(wakes[1], &byte, 1) == -1) {
        /* the pipe is full: it wakes the loop anyway */
    }
    errno = before;
}

static void catch_signals(void)
{
    if (pipe(wakes) == -1)
        fail("pipe", strerror(errno));
    fcntl(wakes[1], F_SETFL, O_NONBLOCK);
    struct sigaction act = {.sa_handler = on_signal};
    sigemptyset(&act.sa_mask);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    signal(SIGPIPE, SIG_IGN); /* an error from send, and not the end of every conversation */
}

/* One socket that listens at an address, or -1 with errno set. */
static int listen_at(const struct addrinfo *at)
{
    int sock = socket(at->ai_family, at->ai_socktype, at->ai_protocol), on = 1, off = 0;
    if (sock == -1)
        return -1;
    /* Again at once after a restart: what is left of old connections (TIME-WAIT) does not keep the port. */
    bool good = setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
    if (good && at->ai_family == AF_INET6)
        good = setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0;
    good = good && bind(sock, at->ai_addr, at->ai_addrlen) == 0 && listen(sock, SOMAXCONN) == 0;
    if (!good) {
        int why = errno;
        close(sock);
        errno = why;
        return -1;
    }
    fcntl(sock, F_SETFL, O_NONBLOCK); /* a caller may have left again when accept is called */
    return sock;
}

static int start(const char *host, const char *port)
{
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    int result = getaddrinfo(host, port, &wanted, &found);
    if (result != 0)
        fail(host, result == EAI_SYSTEM ? strerror(errno) : gai_strerror(result));
    int sock = -1;
    for (struct addrinfo *one = found; one != NULL && sock == -1; one = one->ai_next)
        sock = listen_at(one);
    int why = errno;
    freeaddrinfo(found);
    if (sock == -1)
        fail(host, strerror(why));
    return sock;
}

static void announce(int sock)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address; /* in: the room there is; out: the room that was needed */
    char host[256], port[16];
    if (getsockname(sock, (struct sockaddr *)&address, &length) == -1 ||
        getnameinfo((struct sockaddr *)&address, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        fail("getsockname", strerror(errno));
    printf("listening on %s port %s\n", host, port);
    fflush(stdout); /* on a pipe it would stay in the buffer */
}

static void drop(size_t index)
{
    close(clients[index].sock);
    free(clients[index].data);
    clients[index] = clients[--serving];
}

/* Take one caller; false when none can be taken for now. Whoever waits in the queue stays there. */
static bool welcome(int listener)
{
    int sock = accept(listener, NULL, NULL);
    if (sock == -1)
        return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
    char *data = malloc(ROOM);
    if (data == NULL) {
        close(sock);
        return false;
    }
    clients[serving++] = (struct client){.sock = sock, .data = data};
    return true;
}

/* Do for one client what can be done without waiting; false when its conversation is over. */
static bool carry_on(struct client *one, bool stopping)
{
    if (one->from == one->to) { /* there is room: read. When stopping, what still comes is not ours to answer */
        ssize_t got = recv(one->sock, one->data, ROOM, MSG_DONTWAIT);
        if (got == -1 && errno != EAGAIN && errno != EINTR)
            return false; /* this client broke off; the others did not */
        one->ended = one->ended || got == 0;
        one->from = 0;
        one->to = got > 0 && !one->told ? (size_t)got : 0;
    }
    if (one->from < one->to) {
        ssize_t taken = send(one->sock, one->data + one->from, one->to - one->from, MSG_DONTWAIT);
        if (taken == -1 && errno != EAGAIN && errno != EINTR)
            return false;
        one->from += taken > 0 ? (size_t)taken : 0;
    }
    bool owes = one->from < one->to;
    if (stopping && !owes && !one->told) {
        one->told = true;
        shutdown(one->sock, SHUT_WR);
    }
    return owes || !one->ended;
}

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

/* Wait until there is something to do; waits[0] is the pipe, waits[1] the listener, then the clients. */
static void wait_for(struct pollfd *waits, int listener, bool stopping, long long left)
{
    waits[0] = (struct pollfd){.fd = stopping ? -1 : wakes[0], .events = POLLIN};
    waits[1] = (struct pollfd){.fd = serving < MOST ? listener : -1, .events = POLLIN};
    for (size_t index = 0; index < serving; index++) {
        bool owes = clients[index].from < clients[index].to;
        waits[index + 2] = (struct pollfd){.fd = clients[index].sock, .events = owes ? POLLOUT : POLLIN};
    }
    if (poll(waits, serving + 2, (int)left) == -1 && errno != EINTR)
        fail("poll", strerror(errno));
}

/* Do what can be done for those clients that poll named, or for all. */
static void carry_all_on(const struct pollfd *waits, bool stopping, bool all)
{
    for (size_t index = serving; index-- > 0;) /* from the end: drop puts the last one in the gap */
        if ((all || waits[index + 2].revents) && !carry_on(&clients[index], stopping))
            drop(index);
}

/* Serve until a signal comes; then part with each client in order, within PATIENCE. */
static void serve(int listener)
{
    static struct pollfd waits[MOST + 2];
    long long until = -1, again = 0; /* when patience ends; when accept is tried again */
    while (until == -1 || (serving > 0 && now() < until)) {
        bool stopping = until != -1, pausing = now() < again;
        long long left = stopping ? until - now() : pausing ? PAUSE : -1;
        wait_for(waits, stopping || pausing ? -1 : listener, stopping, left < 0 && stopping ? 0 : left);
        carry_all_on(waits, stopping, false);
        if (waits[1].revents && !welcome(listener))
            again = now() + PAUSE;
        if (waits[0].revents) {
            until = now() + PATIENCE;
            carry_all_on(waits, true, true);
        }
    }
    while (serving > 0)
        drop(serving - 1);
}

int main(int count, char *arguments[])
{
    if (count != 2 && count != 3) {
        fprintf(stderr, "usage: server [HOST] PORT\n");
        return EXIT_FAILURE;
    }
    catch_signals();
    int listener = start(count == 3 ? arguments[1] : "127.0.0.1", arguments[count - 1]);
    announce(listener);
    serve(listener);
    close(listener);
    return EXIT_SUCCESS;
}
