// Which of the tables this CPU runs.
#include "Lanes.h"

using namespace moe::emu;

static const LaneTable &bestTable() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4"))
    return laneTableAvx512();
  if (__builtin_cpu_supports("x86-64-v3"))
    return laneTableAvx2();
#endif
  return laneTablePortable();
}

const LaneTable &moe::emu::laneTable() {
  static const LaneTable &table = bestTable();
  return table;
}
