"""C programs that several test modules compile."""

from __future__ import annotations

HELLO = '#include <stdio.h>\nint main(void)\n{\n    puts("hello");\n    return 0;\n}\n'
FOREVER = "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n"
HEAD = """\
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
"""
# A client as the reference's, in few lines: argv[1] is a port of this machine.
CLIENT = (
    HEAD
    + """
int main(int argc, char **argv)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 0)};
    inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s, (struct sockaddr *)&sin, sizeof sin) == -1) {
        perror("connect");
        return 1;
    }
    char buf[64];
    ssize_t sent = send(s, "hello", 5, 0), got = recv(s, buf, sizeof buf, 0);
    printf("%zd %zd %s\\n", sent, got, got == -1 ? strerror(errno) : "");
    close(s);
}
"""
)
SERVER = (
    HEAD
    + """
int main(void)
{
    struct sockaddr_in sin = {.sin_family = AF_INET};
    inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
    socklen_t length = sizeof sin;
    int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bind(s, (struct sockaddr *)&sin, sizeof sin);
    listen(s, 5);
    getsockname(s, (struct sockaddr *)&sin, &length);
    printf("%d\\n", ntohs(sin.sin_port));
    fflush(stdout);
    int c = accept(s, NULL, NULL);
    char buf[16];
    ssize_t got;
    while ((got = read(c, buf, sizeof buf)) > 0)
        write(c, buf, (size_t)got);
    shutdown(c, SHUT_WR);
    close(c);
    close(s);
}
"""
)
