/* Notes what a C program does at its sockets, and does to it on request what a network may do.
 *
 * Preloaded (ld.so(8)), it stands between the program and the C library: each call of the program's own code
 * is noted as it begins and as it returns, in a file that the program maps. So the notes of a program that is
 * killed are whole, and none waits for a reader. Slots are taken by one atomic addition: their numbers are
 * the order of all threads and all forked processes. No descriptor is kept, no lock held, errno left alone.
 *
 * A socket is known by its SO_COOKIE, asked for at each call: a descriptor may be a file by now, or another
 * socket. Calls that libraries make (a resolver's, say) are not noted. Linux; trace.py reads the layout. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

enum { DATA = 40, ADDRESS = 112, RULES = 16, HEADER = 1024 };

/* In the order of trace.py's CALLS. */
enum call {
    NONE, SOCKET, SOCKETPAIR, BIND, LISTEN, ACCEPT, CONNECT, SEND, RECV, SENDTO, RECVFROM, SENDMSG, RECVMSG,
    READ, WRITE, READV, WRITEV, SHUTDOWN, CLOSE, SETSOCKOPT, DUP, FORK, CALLS
};
enum kind { BEGAN = 1, RETURNED = 2 };
enum action { SHORT = 1, FAIL = 2, RESET = 3 };

struct rule {
    uint32_t call, at; /* at: which of these calls, from 1; 0: every one */
    uint32_t action;
    int32_t value; /* bytes for SHORT, an errno for FAIL */
};

struct header {
    uint32_t slots, rules;
    atomic_uint_fast64_t next; /* slots given away, those beyond the last included */
    struct rule rule[RULES];
    atomic_uint count[CALLS]; /* calls so far, of each */
};

struct note {
    atomic_uint kind; /* 0 until the rest is written */
    uint32_t call;
    uint64_t time, began; /* nanoseconds of CLOCK_MONOTONIC; the slot of the beginning, plus 1 */
    int32_t pid, tid, fd, error;
    int64_t result, a, b, c;
    uint64_t cookie, made, also; /* of the socket, of the one that was made, of a pair's other */
    uint8_t family, type, injected, data_size, address_size, local_size, remote_size, unused;
    uint8_t data[DATA], address[ADDRESS], local[ADDRESS], remote[ADDRESS];
};
_Static_assert(sizeof(struct note) == 480, "trace.py reads this layout");
_Static_assert(sizeof(struct header) <= HEADER, "the notes begin behind the header");

static struct header *shared;
static struct note *notes;
static uintptr_t program_start, program_end;

/* ---- setting up --------------------------------------------------------------------------------- */

static int main_program(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size, (void)unused;
    program_start = UINTPTR_MAX;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD)
            continue;
        uintptr_t start = info->dlpi_addr + part->p_vaddr, end = start + part->p_memsz;
        program_start = start < program_start ? start : program_start;
        program_end = end > program_end ? end : program_end;
    }
    return 1; /* the first is the program; the rest are its libraries */
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("LABSUPPORT_C_CALLS");
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    struct stat about;
    if (fd == -1)
        return;
    if (fstat(fd, &about) == 0 && about.st_size > HEADER) {
        void *at = mmap(NULL, (size_t)about.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (at != MAP_FAILED) {
            dl_iterate_phdr(main_program, NULL);
            notes = (struct note *)((char *)at + HEADER);
            shared = at;
        }
    }
    syscall(SYS_close, fd);
}

/* ---- noting ------------------------------------------------------------------------------------- */

static uint64_t cookie_of(int fd)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

static uint8_t option(int fd, int name)
{
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? (uint8_t)value : 0;
}

/* An address's bytes, as many as there is room for; returns how many. */
static uint8_t keep(uint8_t *to, const void *from, socklen_t size)
{
    if (from == NULL)
        return 0;
    size = size < ADDRESS ? size : ADDRESS;
    memcpy(to, from, size);
    return (uint8_t)size;
}

static void ask_addresses(struct note *note, int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        note->local_size = keep(note->local, &address, size);
    size = sizeof address;
    if (getpeername(fd, (struct sockaddr *)&address, &size) == 0)
        note->remote_size = keep(note->remote, &address, size);
}

static void describe(struct note *note, int fd)
{
    note->family = option(fd, SO_DOMAIN);
    note->type = option(fd, SO_TYPE);
    ask_addresses(note, fd);
}

/* Whether this process meets the socket for the first time, as far as is remembered. */
static int is_new(uint64_t cookie)
{
    static atomic_uint_fast64_t met[1024];
    return atomic_exchange_explicit(&met[cookie % 1024], cookie, memory_order_relaxed) != cookie;
}

/* A slot to fill; NULL where all are taken. `mine`: its number, plus 1. */
static struct note *slot(enum call call, uint64_t *mine)
{
    uint64_t number = atomic_fetch_add(&shared->next, 1);
    if (number >= shared->slots)
        return NULL;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct note *note = &notes[number];
    note->call = call;
    note->time = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    note->pid = getpid();
    note->tid = (int32_t)syscall(SYS_gettid);
    *mine = number + 1;
    return note;
}

/* One call on its way: what of it is needed when it returns. */
struct going {
    enum call call;
    uint64_t cookie, began;
    int fd, touched;         /* whether the rule changed anything */
    const struct rule *rule; /* what is to be done to it, or NULL */
};

static const struct rule *rule_for(enum call call)
{
    unsigned nth = atomic_fetch_add(&shared->count[call], 1) + 1;
    for (uint32_t i = 0; i < shared->rules && i < RULES; i++)
        if (shared->rule[i].call == call && (shared->rule[i].at == 0 || shared->rule[i].at == nth))
            return &shared->rule[i];
    return NULL;
}

/* Whether this call is to be noted: it is the program's own, and about a socket. */
static int wanted(struct going *going, enum call call, int fd, const void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    *going = (struct going){.call = call, .fd = fd};
    if (shared == NULL || at < program_start || at >= program_end)
        return 0;
    int error = errno;
    going->cookie = fd >= 0 ? cookie_of(fd) : 0;
    int file = fd >= 0 && going->cookie == 0 && errno == ENOTSOCK;
    errno = error;
    if (file)
        return 0;
    going->rule = rule_for(call);
    return 1;
}

/* What a call was given. */
struct given {
    int64_t a, b, c;
    const void *data;
    size_t data_size;
    const struct sockaddr *address;
    socklen_t address_size;
};

static void began(struct going *going, struct given given)
{
    int error = errno;
    struct note *note = slot(going->call, &going->began);
    if (note != NULL) {
        note->fd = going->fd;
        note->cookie = going->cookie;
        note->a = given.a, note->b = given.b, note->c = given.c;
        note->data_size = (uint8_t)(given.data_size < DATA ? given.data_size : DATA);
        if (given.data != NULL)
            memcpy(note->data, given.data, note->data_size);
        else
            note->data_size = 0;
        note->address_size = keep(note->address, given.address, given.address_size);
        if (going->cookie != 0 && (is_new(going->cookie) || going->call == CLOSE || going->call == SHUTDOWN))
            describe(note, going->fd);
        atomic_store_explicit(&note->kind, BEGAN, memory_order_release);
    }
    errno = error;
}

/* What a call gave. `made`, `also`: descriptors of new sockets, plus 1; 0 for none. */
struct gave {
    int64_t result;
    const void *data;
    const struct sockaddr *address;
    socklen_t address_size;
    int made, also;
};

static int addresses_may_change(enum call call)
{
    return call == BIND || call == LISTEN || call == CONNECT || call == SENDTO;
}

static void returned(const struct going *going, struct gave gave)
{
    int error = errno;
    uint64_t mine;
    struct note *note = going->began ? slot(going->call, &mine) : NULL;
    if (note != NULL) {
        note->fd = going->fd;
        note->cookie = going->cookie;
        note->began = going->began;
        note->result = gave.result;
        note->error = gave.result == -1 ? error : 0;
        /* One that was cut short and had less to give anyway was not changed. */
        note->injected = going->touched && (going->rule->action != SHORT || gave.result == going->rule->value);
        if (gave.data != NULL && gave.result > 0) {
            note->data_size = (uint8_t)(gave.result < DATA ? gave.result : DATA);
            memcpy(note->data, gave.data, note->data_size);
        }
        note->address_size = keep(note->address, gave.address, gave.address_size);
        note->made = gave.made ? cookie_of(gave.made - 1) : 0;
        note->also = gave.also ? cookie_of(gave.also - 1) : 0;
        if (gave.made)
            describe(note, gave.made - 1);
        else if (addresses_may_change(going->call))
            describe(note, going->fd);
        atomic_store_explicit(&note->kind, RETURNED, memory_order_release);
    }
    errno = error;
}

/* ---- what a network may do ---------------------------------------------------------------------- */

#define REAL(name) \
    static __typeof__(&name) real; \
    if (real == NULL) \
        real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* Fewer bytes than were asked for. */
static size_t shortened(struct going *going, size_t size)
{
    const struct rule *rule = going->rule;
    if (rule == NULL || rule->action != SHORT || (size_t)rule->value >= size)
        return size;
    going->touched = 1;
    return (size_t)rule->value;
}

/* Whether the call fails instead of being made; errno says how. */
static int fails(struct going *going, int flags)
{
    const struct rule *rule = going->rule;
    if (rule == NULL || rule->action == SHORT)
        return 0;
    going->touched = 1;
    if (rule->action == RESET) { /* connect(2): AF_UNSPEC ends a TCP connection, and its peer gets an RST */
        struct sockaddr nobody = {.sa_family = AF_UNSPEC};
        static __typeof__(&connect) real;
        if (real == NULL)
            real = (__typeof__(&connect))dlsym(RTLD_NEXT, "connect");
        real(going->fd, &nobody, sizeof nobody);
        errno = ECONNRESET;
        return 1;
    }
    if (rule->value == EPIPE && !(flags & MSG_NOSIGNAL))
        raise(SIGPIPE);
    errno = rule->value;
    return 1;
}

/* ---- the calls ---------------------------------------------------------------------------------- */

#define CALLER __builtin_return_address(0)
#define GAVE(...) (struct gave){__VA_ARGS__}

int socket(int domain, int type, int protocol)
{
    REAL(socket);
    struct going going;
    if (!wanted(&going, SOCKET, -1, CALLER))
        return real(domain, type, protocol);
    began(&going, (struct given){.a = domain, .b = type, .c = protocol});
    int result = fails(&going, 0) ? -1 : real(domain, type, protocol);
    returned(&going, GAVE(.result = result, .made = result + 1));
    return result;
}

int socketpair(int domain, int type, int protocol, int pair[2])
{
    REAL(socketpair);
    struct going going;
    if (!wanted(&going, SOCKETPAIR, -1, CALLER))
        return real(domain, type, protocol, pair);
    began(&going, (struct given){.a = domain, .b = type, .c = protocol});
    int result = fails(&going, 0) ? -1 : real(domain, type, protocol, pair);
    int made = result == 0 ? pair[0] + 1 : 0, also = result == 0 ? pair[1] + 1 : 0;
    returned(&going, GAVE(.result = result, .made = made, .also = also));
    return result;
}

int bind(int fd, const struct sockaddr *address, socklen_t size)
{
    REAL(bind);
    struct going going;
    if (!wanted(&going, BIND, fd, CALLER))
        return real(fd, address, size);
    began(&going, (struct given){.address = address, .address_size = size});
    int result = fails(&going, 0) ? -1 : real(fd, address, size);
    returned(&going, GAVE(.result = result));
    return result;
}

int listen(int fd, int backlog)
{
    REAL(listen);
    struct going going;
    if (!wanted(&going, LISTEN, fd, CALLER))
        return real(fd, backlog);
    began(&going, (struct given){.a = backlog});
    int result = fails(&going, 0) ? -1 : real(fd, backlog);
    returned(&going, GAVE(.result = result));
    return result;
}

int accept(int fd, struct sockaddr *address, socklen_t *size)
{
    REAL(accept);
    struct going going;
    if (!wanted(&going, ACCEPT, fd, CALLER))
        return real(fd, address, size);
    began(&going, (struct given){.a = 0});
    int result = fails(&going, 0) ? -1 : real(fd, address, size);
    returned(&going, GAVE(.result = result, .made = result + 1));
    return result;
}

int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    REAL(accept4);
    struct going going;
    if (!wanted(&going, ACCEPT, fd, CALLER))
        return real(fd, address, size, flags);
    began(&going, (struct given){.a = 0});
    int result = fails(&going, 0) ? -1 : real(fd, address, size, flags);
    returned(&going, GAVE(.result = result, .made = result + 1));
    return result;
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    REAL(connect);
    struct going going;
    if (!wanted(&going, CONNECT, fd, CALLER))
        return real(fd, address, size);
    began(&going, (struct given){.address = address, .address_size = size});
    int result = fails(&going, 0) ? -1 : real(fd, address, size);
    returned(&going, GAVE(.result = result));
    return result;
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    REAL(send);
    struct going going;
    if (!wanted(&going, SEND, fd, CALLER))
        return real(fd, data, size, flags);
    began(&going, (struct given){.a = (int64_t)size, .b = flags, .data = data, .data_size = size});
    ssize_t result = fails(&going, flags) ? -1 : real(fd, data, shortened(&going, size), flags);
    returned(&going, GAVE(.result = result));
    return result;
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
    REAL(recv);
    struct going going;
    if (!wanted(&going, RECV, fd, CALLER))
        return real(fd, data, size, flags);
    began(&going, (struct given){.a = (int64_t)size, .b = flags});
    ssize_t result = fails(&going, flags) ? -1 : real(fd, data, shortened(&going, size), flags);
    returned(&going, GAVE(.result = result, .data = data));
    return result;
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t to_size)
{
    REAL(sendto);
    struct going going;
    if (!wanted(&going, SENDTO, fd, CALLER))
        return real(fd, data, size, flags, to, to_size);
    began(&going, (struct given){(int64_t)size, flags, 0, data, size, to, to_size});
    ssize_t result = fails(&going, flags) ? -1 : real(fd, data, shortened(&going, size), flags, to, to_size);
    returned(&going, GAVE(.result = result));
    return result;
}

ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *from_size)
{
    REAL(recvfrom);
    struct going going;
    if (!wanted(&going, RECVFROM, fd, CALLER))
        return real(fd, data, size, flags, from, from_size);
    began(&going, (struct given){.a = (int64_t)size, .b = flags});
    socklen_t room = from_size != NULL ? *from_size : 0;
    size = shortened(&going, size);
    ssize_t result = fails(&going, flags) ? -1 : real(fd, data, size, flags, from, from_size);
    socklen_t came = from_size != NULL && *from_size < room ? *from_size : room;
    const struct sockaddr *address = result >= 0 ? from : NULL;
    returned(&going, GAVE(.result = result, .data = data, .address = address, .address_size = came));
    return result;
}

static size_t total(const struct iovec *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += parts[i].iov_len;
    return size;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    REAL(sendmsg);
    struct going going;
    if (!wanted(&going, SENDMSG, fd, CALLER))
        return real(fd, message, flags);
    size_t size = total(message->msg_iov, message->msg_iovlen);
    began(&going, (struct given){(int64_t)size, flags, 0, NULL, 0, message->msg_name, message->msg_namelen});
    ssize_t result = fails(&going, flags) ? -1 : real(fd, message, flags);
    returned(&going, GAVE(.result = result));
    return result;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    REAL(recvmsg);
    struct going going;
    if (!wanted(&going, RECVMSG, fd, CALLER))
        return real(fd, message, flags);
    began(&going, (struct given){.a = (int64_t)total(message->msg_iov, message->msg_iovlen), .b = flags});
    ssize_t result = fails(&going, flags) ? -1 : real(fd, message, flags);
    returned(&going, GAVE(.result = result));
    return result;
}

ssize_t read(int fd, void *data, size_t size)
{
    REAL(read);
    struct going going;
    if (!wanted(&going, READ, fd, CALLER))
        return real(fd, data, size);
    began(&going, (struct given){.a = (int64_t)size});
    ssize_t result = fails(&going, 0) ? -1 : real(fd, data, shortened(&going, size));
    returned(&going, GAVE(.result = result, .data = data));
    return result;
}

ssize_t write(int fd, const void *data, size_t size)
{
    REAL(write);
    struct going going;
    if (!wanted(&going, WRITE, fd, CALLER))
        return real(fd, data, size);
    began(&going, (struct given){.a = (int64_t)size, .data = data, .data_size = size});
    ssize_t result = fails(&going, 0) ? -1 : real(fd, data, shortened(&going, size));
    returned(&going, GAVE(.result = result));
    return result;
}

ssize_t readv(int fd, const struct iovec *parts, int count)
{
    REAL(readv);
    struct going going;
    if (!wanted(&going, READV, fd, CALLER))
        return real(fd, parts, count);
    began(&going, (struct given){.a = (int64_t)total(parts, (size_t)count)});
    ssize_t result = fails(&going, 0) ? -1 : real(fd, parts, count);
    returned(&going, GAVE(.result = result));
    return result;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REAL(writev);
    struct going going;
    if (!wanted(&going, WRITEV, fd, CALLER))
        return real(fd, parts, count);
    began(&going, (struct given){.a = (int64_t)total(parts, (size_t)count)});
    ssize_t result = fails(&going, 0) ? -1 : real(fd, parts, count);
    returned(&going, GAVE(.result = result));
    return result;
}

int shutdown(int fd, int how)
{
    REAL(shutdown);
    struct going going;
    if (!wanted(&going, SHUTDOWN, fd, CALLER))
        return real(fd, how);
    began(&going, (struct given){.a = how});
    int result = fails(&going, 0) ? -1 : real(fd, how);
    returned(&going, GAVE(.result = result));
    return result;
}

int close(int fd)
{
    REAL(close);
    struct going going;
    if (!wanted(&going, CLOSE, fd, CALLER))
        return real(fd);
    began(&going, (struct given){.a = 0});
    int result = fails(&going, 0) ? -1 : real(fd);
    returned(&going, GAVE(.result = result));
    return result;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    REAL(setsockopt);
    struct going going;
    if (!wanted(&going, SETSOCKOPT, fd, CALLER))
        return real(fd, level, name, value, size);
    began(&going, (struct given){level, name, size, value, size, NULL, 0});
    int result = fails(&going, 0) ? -1 : real(fd, level, name, value, size);
    returned(&going, GAVE(.result = result));
    return result;
}

/* Noted, not shown: a socket with two descriptors, or in two processes, is not gone when one is closed. */

static void also(enum call call, int fd, int other, const void *caller)
{
    struct going going;
    if (other >= 0 && wanted(&going, call, fd, caller)) {
        began(&going, (struct given){.a = other});
        returned(&going, GAVE(.result = other));
    }
}

int dup(int fd)
{
    REAL(dup);
    int result = real(fd);
    also(DUP, fd, result, CALLER);
    return result;
}

int dup2(int fd, int other)
{
    REAL(dup2);
    int result = real(fd, other);
    also(DUP, fd, result, CALLER);
    return result;
}

pid_t fork(void)
{
    REAL(fork);
    pid_t result = real();
    if (result > 0)
        also(FORK, -1, result, CALLER);
    return result;
}
