"""What the system's headers declare, as far as the course calls it: types for cffi, and prototypes to compare
with.

A prototype alone says nothing of `socklen_t` or `struct sockaddr`; in C the headers do, and cffi reads none.
So the types stand here, as POSIX names them and as this system lays them out. The prototypes are
POSIX.1-2017's (the same in glibc, musl and macOS), each under the header that has it. Sources:
sys_socket.h(0p), netinet_in.h(0p), the calls' own pages in section 3p.
"""

from __future__ import annotations

import sys

MACOS = sys.platform == "darwin"

_FAMILY = (
    "typedef uint8_t sa_family_t; typedef unsigned int nfds_t; typedef int suseconds_t;"
    if MACOS
    else "typedef unsigned short sa_family_t; typedef unsigned long nfds_t; typedef long suseconds_t;"
)
_LENGTH = "uint8_t {0}_len; sa_family_t {0}_family;" if MACOS else "sa_family_t {0}_family;"
_NAMES = "char *ai_canonname; struct sockaddr *ai_addr;"
_ADDRESSES = _NAMES if MACOS else "struct sockaddr *ai_addr; char *ai_canonname;"
_PATH = 104 if MACOS else 108  # sys/un.h

TYPES = f"""
typedef unsigned int socklen_t; typedef uint16_t in_port_t; typedef uint32_t in_addr_t;
typedef int pid_t; typedef long time_t; {_FAMILY}
struct sockaddr {{ {_LENGTH.format("sa")} char sa_data[14]; }};
struct sockaddr_storage {{ {_LENGTH.format("ss")} char ss_data[126]; }};
struct in_addr {{ in_addr_t s_addr; }};
struct sockaddr_in {{
    {_LENGTH.format("sin")} in_port_t sin_port; struct in_addr sin_addr; char sin_zero[8];
}};
struct in6_addr {{ uint8_t s6_addr[16]; }};
struct sockaddr_in6 {{
    {_LENGTH.format("sin6")} in_port_t sin6_port; uint32_t sin6_flowinfo;
    struct in6_addr sin6_addr; uint32_t sin6_scope_id;
}};
struct sockaddr_un {{ {_LENGTH.format("sun")} char sun_path[{_PATH}]; }};
struct addrinfo {{
    int ai_flags; int ai_family; int ai_socktype; int ai_protocol; socklen_t ai_addrlen;
    {_ADDRESSES} struct addrinfo *ai_next;
}};
struct pollfd {{ int fd; short events; short revents; }};
struct timeval {{ time_t tv_sec; suseconds_t tv_usec; }};
struct linger {{ int l_onoff; int l_linger; }};
"""

_BY_HEADER = {
    "<sys/socket.h>": """
int socket(int domain, int type, int protocol);
int socketpair(int domain, int type, int protocol, int socket_vector[2]);
int bind(int socket, const struct sockaddr *address, socklen_t address_len);
int listen(int socket, int backlog);
int accept(int socket, struct sockaddr *address, socklen_t *address_len);
int connect(int socket, const struct sockaddr *address, socklen_t address_len);
ssize_t send(int socket, const void *buffer, size_t length, int flags);
ssize_t recv(int socket, void *buffer, size_t length, int flags);
ssize_t sendto(int socket, const void *message, size_t length, int flags,
    const struct sockaddr *dest_addr, socklen_t dest_len);
ssize_t recvfrom(int socket, void *buffer, size_t length, int flags,
    struct sockaddr *address, socklen_t *address_len);
int shutdown(int socket, int how);
int getsockname(int socket, struct sockaddr *address, socklen_t *address_len);
int getpeername(int socket, struct sockaddr *address, socklen_t *address_len);
int getsockopt(int socket, int level, int option_name, void *option_value, socklen_t *option_len);
int setsockopt(int socket, int level, int option_name, const void *option_value, socklen_t option_len);
""",
    "<unistd.h>": """
int close(int fildes);
ssize_t read(int fildes, void *buf, size_t nbyte);
ssize_t write(int fildes, const void *buf, size_t nbyte);
int dup(int fildes);
int dup2(int fildes, int fildes2);
int gethostname(char *name, size_t namelen);
""",
    "<arpa/inet.h>": """
uint16_t htons(uint16_t hostshort);
uint16_t ntohs(uint16_t netshort);
uint32_t htonl(uint32_t hostlong);
uint32_t ntohl(uint32_t netlong);
int inet_pton(int af, const char *src, void *dst);
const char *inet_ntop(int af, const void *src, char *dst, socklen_t size);
""",
    "<netdb.h>": """
int getaddrinfo(const char *nodename, const char *servname,
    const struct addrinfo *hints, struct addrinfo **res);
void freeaddrinfo(struct addrinfo *ai);
const char *gai_strerror(int ecode);
""",
    "<poll.h>": "int poll(struct pollfd *fds, nfds_t nfds, int timeout);",
    "<fcntl.h>": "int fcntl(int fildes, int cmd, ...);",
}  # fmt: skip

# name → (header, prototype)
SYSTEM = {
    prototype.partition("(")[0].split()[-1].lstrip("*"): (header, " ".join(f"{prototype};".split()))
    for header, prototypes in _BY_HEADER.items()
    for prototype in prototypes.strip().rstrip(";").split(";")
}

# getaddrinfo returns no -1 with an errno beside it but an EAI_ number, some of them negative (netdb.h(0p)).
NO_ERRNO = frozenset({"getaddrinfo", "htons", "ntohs", "htonl", "ntohl"})
