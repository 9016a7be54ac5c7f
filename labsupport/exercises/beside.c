/* Beside the learner's function, in one library with it.
 *
 * The learner's calls on sockets come through here, for these names are hidden: they bind within the library,
 * and nobody else's calls are touched. Each is counted; the check may let one return early, as a signal does
 * (EINTR) or a full buffer (short). Memory handed to the function ends at a page that nobody may touch, and
 * what a faulty program dies of is told by the exit status, so that a verdict can name it. */
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif
#define HIDDEN __attribute__((visibility("hidden")))
#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_DEFAULT, #name))

enum { ROOMS = 32, PATTERN = 0xA5, STACK = 65536, NODES = 16 };
enum { BEHIND = 100, BEFORE, FREED, NULL_POINTER, ELSEWHERE, PIPE, ABORTED, OTHER, SMASHED }; /* native.py: ENDS */

/* --- what is told: native.py reads it ---------------------------------------------------------------- */

struct {
    const char *volatile in;      /* the call that waits, or NULL */
    volatile long calls;          /* how many there were */
    volatile long ends;           /* receiving calls that returned 0 */
    volatile long told, had;      /* the room that a receiving call was told of, and the room that there was */
    volatile long not_open;       /* closes of what was not open */
    volatile long unfreed;        /* lists of getaddrinfo */
    volatile long freed_again;
} labsupport_seen;

struct {
    volatile long recv_eintr, send_eintr; /* so many calls return -1 with EINTR */
    volatile long recv_short, send_short; /* each call gets through at most so many bytes; 0: no limit */
    char name[64], hosts[256];            /* getaddrinfo: this name has these addresses, with blanks between */
} labsupport_wish;

static void begin(const char *name)
{
    labsupport_seen.calls++;
    labsupport_seen.in = name;
}

/* --- memory that ends where it ends ------------------------------------------------------------------- */

static struct room {
    char *pages, *start, *end; /* one page that nobody may touch before `pages`, one from `end` on */
    size_t whole;
    int freed;
} rooms[ROOMS];
static int count;
static long page;

static struct room *make(size_t size)
{
    if (count == ROOMS)
        abort();
    page = sysconf(_SC_PAGESIZE);
    struct room *room = &rooms[count++];
    room->whole = (size + page - 1) / page * page;
    char *all = mmap(NULL, room->whole + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        abort();
    room->pages = all + page;
    room->end = room->pages + room->whole;
    room->start = room->end - size;
    room->freed = 0;
    if (room->whole) {
        mprotect(room->pages, room->whole, PROT_READ | PROT_WRITE);
        memset(room->pages, PATTERN, room->whole);
    }
    return room;
}

void *labsupport_room(size_t size)
{
    return make(size)->start;
}

/* Whether something was written before the memory that begins at `start`. */
int labsupport_before(const void *start)
{
    for (int i = 0; i < count; i++)
        if (rooms[i].start == start)
            for (const char *at = rooms[i].pages; at < rooms[i].start; at++)
                if ((unsigned char) *at != PATTERN)
                    return 1;
    return 0;
}

void labsupport_begin(void)
{
    while (count) {
        struct room *room = &rooms[--count];
        munmap(room->pages - page, room->whole + 2 * page);
    }
    memset(&labsupport_seen, 0, sizeof labsupport_seen);
    memset(&labsupport_wish, 0, sizeof labsupport_wish);
}

/* --- how a faulty program ends ------------------------------------------------------------------------ */

static int cause(int number, const char *at)
{
    if (number == SIGPIPE || number == SIGABRT)
        return number == SIGPIPE ? PIPE : ABORTED;
    if (number != SIGSEGV && number != SIGBUS)
        return OTHER;
    for (int i = 0; i < count; i++) {
        if (rooms[i].freed && at >= rooms[i].pages && at < rooms[i].end)
            return FREED;
        if (at >= rooms[i].end && at < rooms[i].end + page)
            return BEHIND;
        if (at < rooms[i].pages && at >= rooms[i].pages - page)
            return BEFORE;
    }
    return (size_t) at < 4096 ? NULL_POINTER : ELSEWHERE;
}

static void dies(int number, siginfo_t *info, void *context)
{
    (void) context;
    _exit(cause(number, info->si_addr));
}

/* Called by what the compiler adds (-fstack-protector-all) where a function has written beyond its array. */
HIDDEN void __stack_chk_fail(void)
{
    _exit(SMASHED);
}

void labsupport_ready(void)
{
    static char stack[STACK]; /* the program's own may be used up */
    sigaltstack(&(stack_t) {.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    struct sigaction action = {.sa_sigaction = dies, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    const int all[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPIPE};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        sigaction(all[i], &action, NULL);
    setvbuf(stdout, NULL, _IONBF, 0); /* what it printed is seen however it ends */
}

/* --- calls on sockets --------------------------------------------------------------------------------- */

static int cut(volatile long *left)
{
    if (*left <= 0)
        return 0;
    (*left)--;
    errno = EINTR;
    return 1;
}

static size_t at_most(size_t size, long limit)
{
    return limit > 0 && size > (size_t) limit ? (size_t) limit : size;
}

static ssize_t came(ssize_t result, size_t size)
{
    labsupport_seen.in = NULL;
    if (result == 0 && size)
        labsupport_seen.ends++;
    return result;
}

static ssize_t done(ssize_t result)
{
    labsupport_seen.in = NULL;
    return result;
}

/* Remember a receiving call that was told of more room than there is. */
static void look(const char *into, size_t size)
{
    for (int i = 0; i < count; i++)
        if (into >= rooms[i].start && into <= rooms[i].end && size > (size_t) (rooms[i].end - into)
            && !labsupport_seen.told) {
            labsupport_seen.told = size > 1000000000 ? 1000000000 : (long) size;
            labsupport_seen.had = rooms[i].end - into;
        }
}

HIDDEN ssize_t recv(int fd, void *into, size_t size, int flags)
{
    begin("recv");
    look(into, size);
    if (cut(&labsupport_wish.recv_eintr))
        return done(-1);
    return came(REAL(recv)(fd, into, at_most(size, labsupport_wish.recv_short), flags), size);
}

HIDDEN ssize_t recvfrom(int fd, void *restrict into, size_t size, int flags, struct sockaddr *restrict from,
                        socklen_t *restrict length)
{
    begin("recvfrom");
    look(into, size);
    if (cut(&labsupport_wish.recv_eintr))
        return done(-1);
    return came(REAL(recvfrom)(fd, into, at_most(size, labsupport_wish.recv_short), flags, from, length), size);
}

HIDDEN ssize_t read(int fd, void *into, size_t size)
{
    begin("read");
    look(into, size);
    if (cut(&labsupport_wish.recv_eintr))
        return done(-1);
    return came(REAL(read)(fd, into, at_most(size, labsupport_wish.recv_short)), size);
}

HIDDEN ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    begin("recvmsg");
    return cut(&labsupport_wish.recv_eintr) ? done(-1) : came(REAL(recvmsg)(fd, message, flags), 1);
}

HIDDEN ssize_t send(int fd, const void *from, size_t size, int flags)
{
    begin("send");
    if (cut(&labsupport_wish.send_eintr))
        return done(-1);
    return done(REAL(send)(fd, from, at_most(size, labsupport_wish.send_short), flags));
}

HIDDEN ssize_t sendto(int fd, const void *from, size_t size, int flags, const struct sockaddr *to,
                      socklen_t length)
{
    begin("sendto");
    if (cut(&labsupport_wish.send_eintr))
        return done(-1);
    return done(REAL(sendto)(fd, from, at_most(size, labsupport_wish.send_short), flags, to, length));
}

HIDDEN ssize_t write(int fd, const void *from, size_t size)
{
    begin("write");
    if (cut(&labsupport_wish.send_eintr))
        return done(-1);
    return done(REAL(write)(fd, from, at_most(size, labsupport_wish.send_short)));
}

HIDDEN ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    begin("sendmsg");
    return cut(&labsupport_wish.send_eintr) ? done(-1) : done(REAL(sendmsg)(fd, message, flags));
}

HIDDEN int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    begin("connect");
    return (int) done(REAL(connect)(fd, address, length));
}

HIDDEN int poll(struct pollfd *all, nfds_t number, int timeout)
{
    begin("poll");
    return (int) done(REAL(poll)(all, number, timeout));
}

HIDDEN int select(int number, fd_set *restrict in, fd_set *restrict out, fd_set *restrict more,
                  struct timeval *restrict timeout)
{
    begin("select");
    return (int) done(REAL(select)(number, in, out, more, timeout));
}

HIDDEN int shutdown(int fd, int how)
{
    begin("shutdown");
    return (int) done(REAL(shutdown)(fd, how));
}

HIDDEN int close(int fd)
{
    begin("close");
    int result = REAL(close)(fd);
    if (result == -1 && errno == EBADF && fd >= 0)
        labsupport_seen.not_open++;
    return (int) done(result);
}

/* --- names: a list of getaddrinfo's that cannot be read any more once it is freed ----------------------- */

struct node {
    struct addrinfo info;
    struct sockaddr_storage address;
    char name[256];
};

struct list {
    struct node node[NODES];
    int used;
};

static void add(struct list *list, const struct addrinfo *found)
{
    for (; found != NULL && list->used < NODES; found = found->ai_next) {
        struct node *node = &list->node[list->used++];
        node->info = *found;
        node->info.ai_next = NULL;
        node->info.ai_addr = (struct sockaddr *) &node->address;
        memcpy(&node->address, found->ai_addr, found->ai_addrlen);
        if (found->ai_canonname != NULL) {
            snprintf(node->name, sizeof node->name, "%s", found->ai_canonname);
            node->info.ai_canonname = node->name;
        }
        if (list->used > 1)
            node[-1].info.ai_next = &node->info;
    }
}

static int ask(struct list *list, const char *host, const char *port, const struct addrinfo *hints)
{
    struct addrinfo *found = NULL;
    int error = REAL(getaddrinfo)(host, port, hints, &found);
    if (error == 0) {
        add(list, found);
        REAL(freeaddrinfo)(found);
    }
    return error;
}

/* The name of the check's own: each of its addresses, of the family that is wanted. */
static int ask_ours(struct list *list, const char *port, const struct addrinfo *hints)
{
    char hosts[sizeof labsupport_wish.hosts], *rest = NULL;
    memcpy(hosts, labsupport_wish.hosts, sizeof hosts);
    int wanted = hints != NULL ? hints->ai_family : AF_UNSPEC, error = EAI_NONAME;
    for (char *host = strtok_r(hosts, " ", &rest); host != NULL; host = strtok_r(NULL, " ", &rest)) {
        int family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
        if (wanted != AF_UNSPEC && wanted != family)
            continue;
        error = ask(list, host, port, hints);
        if (error != 0)
            break;
    }
    return error;
}

HIDDEN int getaddrinfo(const char *restrict host, const char *restrict port,
                       const struct addrinfo *restrict hints, struct addrinfo **restrict result)
{
    begin("getaddrinfo");
    struct list list = {.used = 0};
    int ours = host != NULL && *labsupport_wish.name && strcmp(host, labsupport_wish.name) == 0;
    int error = ours ? ask_ours(&list, port, hints) : ask(&list, host, port, hints);
    labsupport_seen.in = NULL;
    if (error != 0)
        return error;
    struct list *kept = (struct list *) (void *) make(sizeof list)->pages;
    *kept = list;
    for (int i = 0; i < list.used; i++) {
        kept->node[i].info.ai_addr = (struct sockaddr *) &kept->node[i].address;
        kept->node[i].info.ai_next = i + 1 < list.used ? &kept->node[i + 1].info : NULL;
        if (list.node[i].info.ai_canonname != NULL)
            kept->node[i].info.ai_canonname = kept->node[i].name;
    }
    *result = &kept->node[0].info;
    labsupport_seen.unfreed++;
    return 0;
}

HIDDEN void freeaddrinfo(struct addrinfo *list)
{
    begin("freeaddrinfo");
    labsupport_seen.in = NULL;
    for (int i = 0; list != NULL && i < count; i++)
        if (rooms[i].pages == (char *) list) {
            if (rooms[i].freed++)
                labsupport_seen.freed_again++;
            else
                labsupport_seen.unfreed--;
            mprotect(rooms[i].pages, rooms[i].whole, PROT_NONE);
        }
}
