/* Traps what an audio thread must not do, in any build: loaded with LD_PRELOAD, it counts what a thread does between
   guard_enter() and guard_leave() of the following. tests/rtguard/guard.rs compiles it.

   - The C library's calls that allocate, free, lock, wait, sleep or touch files. They count even where they need no help
     of the kernel, as most allocations and free locks.
   - System calls, whoever makes them (Linux 5.11, x86-64: "Syscall User Dispatch"). Only the first between the two is
     seen: it is let through and the trap stays open, so that nothing behaves differently for being watched. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* initial-exec: the first access to a thread's variable must not allocate. */
#define OF_THREAD static __thread __attribute__((tls_model("initial-exec")))
OF_THREAD int inside;
OF_THREAD unsigned long caught;
OF_THREAD const char *first;
OF_THREAD char numbered[32];
/* What the kernel reads at every system call of the thread: 1 traps it. */
OF_THREAD volatile char selector;
OF_THREAD int armed;

static inline void note(const char *name) {
  if (!inside) return;
  if (!caught++) first = name;
}

#if defined(__x86_64__)
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#endif

/* The kernel has undone the call. Two bytes back, at the instruction, it is done again, with the trap open. */
static void trapped(int number, siginfo_t *info, void *context) {
  (void)number;
  selector = 0;
  if (inside) snprintf(numbered, sizeof numbered, "system call %d", info->si_syscall);
  note(numbered);
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] -= 2;
}

static int arm(void) {
  struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
  sigaction(SIGSYS, &action, NULL);
  return prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector) == 0;
}
#else
static int arm(void) { return 0; }
#endif

/* Returns whether system calls are seen. */
int guard_enter(void) {
  if (!armed) armed = arm() ? 1 : -1;
  caught = 0;
  first = NULL;
  inside = 1;
  if (armed == 1) selector = 1;
  return armed == 1;
}

/* How many calls were caught since guard_enter; the first one's name, or "". */
unsigned long guard_leave(const char **name) {
  selector = 0;
  inside = 0;
  if (name) *name = first ? first : "";
  return caught;
}

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

void *malloc(size_t size) { note("malloc"); return __libc_malloc(size); }
void *calloc(size_t count, size_t size) { note("calloc"); return __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { note("realloc"); return __libc_realloc(old, size); }
void free(void *old) { if (old) note("free"); __libc_free(old); }
void *aligned_alloc(size_t to, size_t size) { note("aligned_alloc"); return __libc_memalign(to, size); }
int posix_memalign(void **made, size_t to, size_t size) {
  note("posix_memalign");
  void *memory = __libc_memalign(to, size);
  if (!memory) return ENOMEM;
  *made = memory;
  return 0;
}

/* The real functions. */
#define PASS(type, name, parameters, arguments)                  \
  static type(*real_##name) parameters;                          \
  type name parameters {                                         \
    note(#name);                                                 \
    if (!real_##name) real_##name = dlsym(RTLD_NEXT, #name);     \
    return real_##name arguments;                                \
  }
PASS(int, pthread_mutex_lock, (pthread_mutex_t *m), (m))
PASS(int, pthread_rwlock_rdlock, (pthread_rwlock_t *l), (l))
PASS(int, pthread_rwlock_wrlock, (pthread_rwlock_t *l), (l))
PASS(int, pthread_cond_wait, (pthread_cond_t *c, pthread_mutex_t *m), (c, m))
PASS(int, pthread_cond_timedwait, (pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *t), (c, m, t))
PASS(int, pthread_cond_signal, (pthread_cond_t *c), (c))
PASS(int, pthread_cond_broadcast, (pthread_cond_t *c), (c))
PASS(int, sem_wait, (sem_t *s), (s))
PASS(int, sem_post, (sem_t *s), (s))
PASS(int, pthread_create, (pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *x), (t, a, f, x))
PASS(int, pthread_join, (pthread_t t, void **r), (t, r))
PASS(ssize_t, read, (int f, void *b, size_t n), (f, b, n))
PASS(ssize_t, write, (int f, const void *b, size_t n), (f, b, n))
PASS(int, close, (int f), (f))
PASS(int, nanosleep, (const struct timespec *a, struct timespec *b), (a, b))
PASS(int, clock_nanosleep, (clockid_t c, int f, const struct timespec *a, struct timespec *b), (c, f, a, b))
PASS(int, sched_yield, (void), ())
PASS(void *, mmap, (void *p, size_t n, int pr, int fl, int fd, off_t o), (p, n, pr, fl, fd, o))
PASS(int, munmap, (void *p, size_t n), (p, n))

#define OPEN(name)                                               \
  static int (*real_##name)(const char *, int, ...);             \
  int name(const char *path, int flags, ...) {                   \
    va_list rest;                                                \
    va_start(rest, flags);                                       \
    mode_t mode = va_arg(rest, mode_t);                          \
    va_end(rest);                                                \
    note(#name);                                                 \
    if (!real_##name) real_##name = dlsym(RTLD_NEXT, #name);     \
    return real_##name(path, flags, mode);                       \
  }
OPEN(open)
OPEN(open64)

/* Rust's locks and parked threads wait and wake through syscall(SYS_futex, …). */
static long (*real_syscall)(long, ...);
long syscall(long number, ...) {
  va_list rest;
  long a[6];
  va_start(rest, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_futex) note("futex");
  if (!real_syscall) real_syscall = dlsym(RTLD_NEXT, "syscall");
  return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Those that dlsym itself may need are found before main. */
__attribute__((constructor)) static void find(void) {
  real_syscall = dlsym(RTLD_NEXT, "syscall");
  real_pthread_mutex_lock = dlsym(RTLD_NEXT, "pthread_mutex_lock");
  real_write = dlsym(RTLD_NEXT, "write");
  real_read = dlsym(RTLD_NEXT, "read");
}
