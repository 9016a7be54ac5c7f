#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

int connect_to(const char *host, const char *port)
{
    // What is not named is 0: any family, and of each address the stream socket alone.
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    if (getaddrinfo(host, port, &hints, &list) != 0)
        return -1; // there is no list then
    int fd = -1, error = 0;
    for (struct addrinfo *one = list; one != NULL; one = one->ai_next) {
        fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (fd == -1) {
            error = errno; // this machine lacks the family, say: the next address may do
            continue;
        }
        if (connect(fd, one->ai_addr, one->ai_addrlen) == 0)
            break;
        error = errno; // kept: close may change it
        close(fd);     // a socket whose connect has failed is spent
        fd = -1;
    }
    freeaddrinfo(list); // the whole list, by its first element
    if (fd == -1)
        errno = error;
    return fd;
}
