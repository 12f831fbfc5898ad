/* Sound cards that can be pulled out, on a machine that has none: loaded with LD_PRELOAD, it lets ALSA's own calls fail
   with the errno that stands in the file LIVE_FAULT, while that file is there, and gives every device a clock: at 48 kHz,
   the input's faster by LIVE_PPM millionths. With LIVE_REFUSED they are cards, and the kernel gives nobody real-time
   priority. tests/live.rs compiles it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef long frames;

static int fault(void) {
  const char *path = getenv("LIVE_FAULT");
  FILE *file = path ? fopen(path, "r") : NULL;
  int number = 0;
  if (!file) return 0;
  if (fscanf(file, "%d", &number) != 1) number = 19;
  fclose(file);
  return number;
}

/* One clock for each direction: its beginning, and what has passed. */
static struct {
  struct timespec began;
  double passed;
} clocks[2];

static void pass(int input, frames count) {
  const char *faster = getenv("LIVE_PPM");
  double rate = 48000.0 * (1.0 + (input && faster ? atof(faster) * 1e-6 : 0.0));
  if (count <= 0) return;
  if (!clocks[input].began.tv_sec) clock_gettime(CLOCK_MONOTONIC, &clocks[input].began);
  clocks[input].passed += count / rate;
  struct timespec until = clocks[input].began;
  long nanoseconds = until.tv_nsec + (long)(clocks[input].passed * 1e9);
  until.tv_sec += nanoseconds / 1000000000;
  until.tv_nsec = nanoseconds % 1000000000;
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

#define FAIL                 \
  int number = fault();      \
  if (number) return -number
#define REAL(type, name, parameters)                        \
  static type(*real) parameters;                            \
  if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, name)

int snd_pcm_open(void **pcm, const char *name, int stream, int mode) {
  REAL(int, "snd_pcm_open", (void **, const char *, int, int));
  FAIL;
  clocks[stream == 1].began.tv_sec = 0;
  clocks[stream == 1].passed = 0;
  return real(pcm, name, stream, mode);
}

frames snd_pcm_readi(void *pcm, void *buffer, unsigned long size) {
  REAL(frames, "snd_pcm_readi", (void *, void *, unsigned long));
  FAIL;
  frames read = real(pcm, buffer, size);
  pass(1, read);
  return read;
}

frames snd_pcm_writei(void *pcm, const void *buffer, unsigned long size) {
  REAL(frames, "snd_pcm_writei", (void *, const void *, unsigned long));
  FAIL;
  frames written = real(pcm, buffer, size);
  pass(0, written);
  return written;
}

int snd_pcm_info_get_card(const void *info) {
  REAL(int, "snd_pcm_info_get_card", (const void *));
  return getenv("LIVE_REFUSED") ? 0 : real(info);
}

int pthread_setschedparam(pthread_t thread, int policy, const struct sched_param *parameters) {
  REAL(int, "pthread_setschedparam", (pthread_t, int, const struct sched_param *));
  return getenv("LIVE_REFUSED") ? EPERM : real(thread, policy, parameters);
}
