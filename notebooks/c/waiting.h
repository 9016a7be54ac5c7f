/*
 * What a program needs before it can try listen or accept: sockets of its own that call, or are in the way.
 *
 * All of them are on 127.0.0.1, and stay open until the program ends.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* End the program where a call failed, and say which; else hand its result on. */
static inline int need(int result, const char *call)
{
    if (result == -1) {
        perror(call);
        exit(1);
    }
    return result;
}

/* A socket bound to `here`, with SO_REUSEADDR; where the port was 0, `here` has the kernel's choice then. */
static inline int bound(struct sockaddr_in *here)
{
    struct sockaddr *address = (struct sockaddr *)here;
    socklen_t length = sizeof *here;
    int on = 1, s = need(socket(AF_INET, SOCK_STREAM, 0), "socket");

    need(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
    need(bind(s, address, length), "bind");
    need(getsockname(s, address, &length), "getsockname");
    return s;
}

static inline struct sockaddr_in loopback(void)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A bound socket, on whose address another socket, bound before it, listens by now. */
static inline int bound_beside_a_listener(void)
{
    struct sockaddr_in here = loopback();
    int other = bound(&here), late = bound(&here);

    need(listen(other, 5), "listen");
    return late;
}

/* A listening socket with so many callers in its queue. */
static inline int listener_with(int callers)
{
    struct sockaddr_in here = loopback();
    int caller, listener = bound(&here);

    need(listen(listener, callers), "listen");
    while (callers-- > 0) {
        caller = need(socket(AF_INET, SOCK_STREAM, 0), "socket");
        need(connect(caller, (struct sockaddr *)&here, sizeof here), "connect");
    }
    return listener;
}
