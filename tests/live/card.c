/* A sound card that can be pulled out, on a machine that has none: loaded with LD_PRELOAD, it lets ALSA's own calls fail
   with the errno that stands in the file LIVE_FAULT, while that file is there, and makes a read take as long as its
   sound. tests/live.rs compiles it. */
#define _GNU_SOURCE
#include <dlfcn.h>
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

#define FAIL                 \
  int number = fault();      \
  if (number) return -number
#define REAL(type, name, parameters)                        \
  static type(*real) parameters;                            \
  if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, name)

int snd_pcm_open(void **pcm, const char *name, int stream, int mode) {
  REAL(int, "snd_pcm_open", (void **, const char *, int, int));
  FAIL;
  return real(pcm, name, stream, mode);
}

frames snd_pcm_readi(void *pcm, void *buffer, unsigned long size) {
  REAL(frames, "snd_pcm_readi", (void *, void *, unsigned long));
  FAIL;
  frames read = real(pcm, buffer, size);
  if (read > 0) {
    struct timespec time = {0, read * 1000000000L / 48000};
    nanosleep(&time, NULL);
  }
  return read;
}

frames snd_pcm_writei(void *pcm, const void *buffer, unsigned long size) {
  REAL(frames, "snd_pcm_writei", (void *, const void *, unsigned long));
  FAIL;
  return real(pcm, buffer, size);
}
