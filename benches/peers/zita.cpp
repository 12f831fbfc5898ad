// zita-convolver behind five C functions, so that the benchmark can load it at run time where it is
// installed. Built by `cargo xtask bench`.
#include <zita-convolver.h>

#include <chrono>
#include <cstring>
#include <sched.h>
#include <thread>

namespace {
constexpr unsigned SMALLEST = 64; // zita's own minimum of a partition
constexpr unsigned LARGEST = 8192;

struct Engine {
  Convproc process;
  int inputs, outputs, block;
};
} // namespace

extern "C" {

// Null if zita refuses.
void *zita_new(int inputs, int outputs, unsigned frames, int block) {
  auto *engine = new Engine{{}, inputs, outputs, block};
  engine->process.set_options(Convproc::OPT_FFTW_MEASURE | Convproc::OPT_VECTOR_MODE);
  unsigned smallest = block < static_cast<int>(SMALLEST) ? SMALLEST : block;
  if (engine->process.configure(inputs, outputs, frames, block, smallest, LARGEST, 0.0f) == 0) return engine;
  delete engine;
  return nullptr;
}

int zita_response(void *handle, int input, int output, float *samples, unsigned frames) {
  auto *engine = static_cast<Engine *>(handle);
  return engine->process.impdata_create(input, output, 1, samples, 0, frames);
}

// Starts zita's threads, just below the caller's own priority, as jconvolver does.
int zita_start(void *handle) {
  auto *engine = static_cast<Engine *>(handle);
  sched_param parameters{};
  bool fifo = sched_getscheduler(0) == SCHED_FIFO && sched_getparam(0, &parameters) == 0;
  int failed = engine->process.start_process(fifo ? parameters.sched_priority : 0, fifo ? SCHED_FIFO : SCHED_OTHER);
  // A callback before the threads have come up is served out of step.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return failed;
}

// `wait`: every level is waited for, so that nothing is late however fast the callbacks come.
int zita_process(void *handle, const float *const *inputs, float *const *outputs, int wait) {
  auto *engine = static_cast<Engine *>(handle);
  size_t bytes = sizeof(float) * engine->block;
  for (int i = 0; i < engine->inputs; i++) std::memcpy(engine->process.inpdata(i), inputs[i], bytes);
  int late = engine->process.process(wait != 0);
  for (int i = 0; i < engine->outputs; i++) std::memcpy(outputs[i], engine->process.outdata(i), bytes);
  return late;
}

void zita_free(void *handle) {
  auto *engine = static_cast<Engine *>(handle);
  engine->process.stop_process();
  engine->process.cleanup();
  delete engine;
}
}
