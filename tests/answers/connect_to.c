// === right: one way out
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int connect_to(const char *host, const char *port)
{
    struct addrinfo hints, *list = NULL, *one;
    int fd = -1, error;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    if ((error = getaddrinfo(host, port, &hints, &list)) != 0)
        goto end;
    for (one = list; one; one = one->ai_next) {
        if ((fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol)) < 0)
            continue;
        if (!connect(fd, one->ai_addr, one->ai_addrlen))
            break;
        error = errno;
        close(fd);
        errno = error;
        fd = -1;
    }
end:
    error = errno;
    if (list)
        freeaddrinfo(list);
    errno = error;
    return fd;
}

// === right: a function for one address
#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

static int try(const struct addrinfo *at)
{
    int fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
    if (fd == -1 || connect(fd, at->ai_addr, at->ai_addrlen) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    struct addrinfo *list, *at;
    int fd = -1;
    if (getaddrinfo(host, port, &hints, &list))
        return -1;
    for (at = list; at != NULL && fd == -1; at = at->ai_next)
        fd = try(at);
    freeaddrinfo(list);
    return fd;
}

// === wrong: inet_pton and one address, as the reference does ==> The host was a name with one address; you returned -1
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int connect_to(const char *host, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return -1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *) &address, sizeof address) == -1) {
        close(fd);
        return -1;
    }
    return fd;
}

// === wrong: the port in the host's byte order ==> The host was 127.0.0.1, and somebody listened there; you returned -1, and errno was ECONNREFUSED
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int connect_to(const char *host, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = atoi(port)};
    inet_pton(AF_INET, host, &address.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *) &address, sizeof address) == -1) {
        close(fd);
        return -1;
    }
    return fd;
}

// === wrong: the first address alone ==> the first refused, at the second somebody listened; you returned -1, and errno was ECONNREFUSED
#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    if (getaddrinfo(host, port, &hints, &list))
        return -1;
    int fd = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
    if (connect(fd, list->ai_addr, list->ai_addrlen)) {
        int why = errno;
        close(fd);
        fd = -1;
        errno = why;
    }
    freeaddrinfo(list);
    return fd;
}

// === wrong: the list is never freed ==> does not give back the list that `getaddrinfo` made
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    if (getaddrinfo(host, port, &hints, &list))
        return -1;
    for (; list; list = list->ai_next) {
        int fd = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
        if (connect(fd, list->ai_addr, list->ai_addrlen) == 0)
            return fd;
        close(fd);
    }
    return -1;
}

// === wrong: walks with the only pointer, then frees it ==> does not give back the list that `getaddrinfo` made: `freeaddrinfo` takes its first element
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int fd = -1;
    if (getaddrinfo(host, port, &hints, &list))
        return -1;
    while (list) {
        fd = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
        if (connect(fd, list->ai_addr, list->ai_addrlen) == 0)
            break;
        close(fd);
        fd = -1;
        list = list->ai_next;
    }
    freeaddrinfo(list);
    return fd;
}

// === wrong: frees the list and goes on with it ==> killed by SIGSEGV: it used a list of `getaddrinfo`'s after `freeaddrinfo` had given it back
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    if (getaddrinfo(host, port, &hints, &list))
        return -1;
    int fd = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
    freeaddrinfo(list);
    if (connect(fd, list->ai_addr, list->ai_addrlen)) {
        close(fd);
        return -1;
    }
    return fd;
}

// === wrong: failed sockets stay open ==> when it fails it leaves a socket open at each call
#include <netdb.h>
#include <sys/socket.h>

int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int result = -1;
    if (getaddrinfo(host, port, &hints, &list))
        return -1;
    for (struct addrinfo *one = list; one && result == -1; one = one->ai_next) {
        int fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (connect(fd, one->ai_addr, one->ai_addrlen) == 0)
            result = fd;
    }
    freeaddrinfo(list);
    return result;
}

// === wrong: returns the number of a closed descriptor ==> returned the number of a closed descriptor
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int fd = -1;
    if (getaddrinfo(host, port, &hints, &list))
        return -1;
    for (struct addrinfo *one = list; one; one = one->ai_next) {
        fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (connect(fd, one->ai_addr, one->ai_addrlen) == 0)
            break;
        close(fd);
    }
    freeaddrinfo(list);
    return fd;
}

// === wrong: one socket for all addresses ==> you returned -1, and errno was EAFNOSUPPORT. An address of one family
#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    if (getaddrinfo(host, port, &hints, &list))
        return -1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    for (struct addrinfo *one = list; one; one = one->ai_next)
        if (connect(fd, one->ai_addr, one->ai_addrlen) == 0) {
            freeaddrinfo(list);
            return fd;
        }
    int why = errno;
    freeaddrinfo(list);
    close(fd);
    errno = why;
    return -1;
}

// === wrong: IPv4 alone ==> ::1, an IPv6 address; you returned -1
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list;
    int fd = -1;
    if (getaddrinfo(host, port, &hints, &list))
        return -1;
    for (struct addrinfo *one = list; one; one = one->ai_next) {
        fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (connect(fd, one->ai_addr, one->ai_addrlen) == 0)
            break;
        close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    return fd;
}

// === wrong: errno is lost ==> refused: -1 was to be returned, with errno ECONNREFUSED; you returned -1, and errno was EBADF
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int fd = -1;
    if (getaddrinfo(host, port, &hints, &list))
        return -1;
    for (struct addrinfo *one = list; one; one = one->ai_next) {
        fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (connect(fd, one->ai_addr, one->ai_addrlen) == 0)
            break;
        close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    if (fd == -1)
        shutdown(fd, SHUT_RDWR);
    return fd;
}

// === wrong: does not look at what getaddrinfo says ==> killed by SIGSEGV: it read or wrote where a NULL pointer points
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    getaddrinfo(host, port, &hints, &list);
    int fd = -1;
    struct addrinfo *one = list;
    do {
        fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (connect(fd, one->ai_addr, one->ai_addrlen) == 0)
            break;
        close(fd);
        fd = -1;
        one = one->ai_next;
    } while (one);
    freeaddrinfo(list);
    return fd;
}

// === wrong: does not look at what connect says ==> Nobody could be connected to, and you returned a descriptor all the same
#include <netdb.h>
#include <sys/socket.h>

int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    if (getaddrinfo(host, port, &hints, &list))
        return -1;
    int fd = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
    connect(fd, list->ai_addr, list->ai_addrlen);
    freeaddrinfo(list);
    return fd;
}

// === wrong: the last address that answers ==> you connected to another address
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int found = -1;
    if (getaddrinfo(host, port, &hints, &list))
        return -1;
    for (struct addrinfo *one = list; one; one = one->ai_next) {
        int fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (connect(fd, one->ai_addr, one->ai_addrlen) == 0) {
            if (found != -1)
                close(found);
            found = fd;
        } else
            close(fd);
    }
    freeaddrinfo(list);
    return found;
}
