/* SPDX-License-Identifier: MIT */
/*
 * As much of POSIX as the tests ask for, over Winsock: what their headers of
 * that name would declare. For the tests alone; the library knows Winsock.
 */
#ifndef POSIX_H
#define POSIX_H

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <winsock2.h>
#include <ws2tcpip.h>
#include <afunix.h>

#include <direct.h>
#include <io.h>
#include <process.h>
#include <sys/types.h>

/* Names that tests use for things of their own. */
#undef interface
#undef near
#undef far
#undef small
#undef IN
#undef OUT
#undef ERROR

#define MSG_NOSIGNAL 0
#define MSG_DONTWAIT 0x10000
#define SHUT_RD SD_RECEIVE
#define SHUT_WR SD_SEND
#define SHUT_RDWR SD_BOTH
#define SOCK_CLOEXEC 0
#define SOCK_NONBLOCK 0x1000

#define FD_CLOEXEC 1
#define F_GETFD 1
#define F_SETFD 2
#define F_GETFL 3
#define F_SETFL 4
#ifndef O_NONBLOCK
#define O_NONBLOCK 0x4000
#endif

typedef unsigned long nfds_t;

#define EAI_SYSTEM 99999

/* Of signals and processes there are the names: each call fails, ENOSYS. */
#define SIGALRM 14
#define SIG_SETMASK 0
#define SIG_BLOCK 1
#define ITIMER_REAL 0
#define RLIMIT_NOFILE 0
#define WNOHANG 1
#define WIFEXITED(status) 0
#define WEXITSTATUS(status) 0
typedef unsigned long sigset_t;
struct sigaction {
	void (*sa_handler)(int);
	sigset_t sa_mask;
	int sa_flags;
};
struct itimerval {
	struct timeval it_interval, it_value;
};
struct rlimit {
	unsigned long rlim_cur, rlim_max;
};
struct rusage {
	struct timeval ru_utime, ru_stime;
	long ru_maxrss;
};
#define RUSAGE_SELF 0
int
posix_none(void);
#define getrusage(who, usage) posix_none()
#define fork() posix_none()
#define waitpid(pid, status, flags) posix_none()
#define sigaction(number, handle, before) posix_none()
#define setitimer(which, value, before) posix_none()
#define getrlimit(which, limit) posix_none()
#define setrlimit(which, limit) posix_none()
#define pthread_sigmask(how, set, before) posix_none()
#define sigemptyset(set) posix_none()
#define sigfillset(set) posix_none()
#define sigismember(set, number) posix_none()

int
setenv(const char *name, const char *value, int again);
int
unsetenv(const char *name);
void *
memmem(const void *p, size_t n, const void *part, size_t m);

/* The errors of these are in errno. */
int
posix_socket(int family, int type, int protocol);
int
posix_connect(int fd, const void *address, int n);
int
posix_accept(int fd, void *address, int *n);
ptrdiff_t
posix_recv(int fd, void *p, size_t n, int flags);
int
posix_poll(struct pollfd *p, nfds_t n, int ms);
int
socketpair(int family, int type, int protocol, int fd[2]);
int
fcntl(int fd, int command, ...);
int
pipe(int fd[2]);

#define socket posix_socket
#define connect posix_connect
#define accept posix_accept
#define poll posix_poll
#define recv posix_recv
#define mkdir(path, mode) _mkdir(path)

#endif
