/* Counts what threads of real-time priority allocate and free, once the program has run for two seconds: loaded with
   LD_PRELOAD, it writes the number and the first call's name to the file LIVE_ALLOCATIONS at the end. In `partita live`
   only audio threads have that priority. tests/live.rs compiles it. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct timespec began;
static unsigned long caught, looked;
static const char *volatile first;

static void note(const char *name) {
  struct timespec now;
  if (!began.tv_sec) return;
  /* Of the calling thread. Not pthread_getschedparam: it locks, and so may whoever allocates. */
  int policy = sched_getscheduler(0) & 0xff;
  if (policy != SCHED_FIFO && policy != SCHED_RR) return;
  __atomic_add_fetch(&looked, 1, __ATOMIC_RELAXED);
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (now.tv_sec - began.tv_sec < 2) return;
  if (!__atomic_fetch_add(&caught, 1, __ATOMIC_RELAXED)) first = name;
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

__attribute__((constructor)) static void begin(void) {
  struct sched_param parameters = {1};
  clock_gettime(CLOCK_MONOTONIC, &began);
  /* The proof that it would see: this thread, for a moment. */
  if (sched_setscheduler(0, SCHED_FIFO, &parameters)) return;
  void *volatile memory = malloc(1);
  free(memory);
  parameters.sched_priority = 0;
  sched_setscheduler(0, SCHED_OTHER, &parameters);
}

__attribute__((destructor)) static void end(void) {
  const char *path = getenv("LIVE_ALLOCATIONS");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%lu %lu %s\n", caught, looked, first ? first : "-");
  fclose(file);
}
