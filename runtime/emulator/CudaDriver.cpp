// cuTensorMapEncodeTiled, which only a CUDA driver has: host code that makes
// tensor maps links this library instead, and gets maps of the emulator. A
// library of its own, since a process with a driver must not have it.
#include "CudaDriver.h"
#include "moe-rt/emulator.h"

#include <algorithm>
#include <cstring>

using namespace moe::emu;

/// What the driver calls CUDA_SUCCESS and CUDA_ERROR_INVALID_VALUE.
static constexpr int kSuccess = 0, kInvalidValue = 1;

int cuTensorMapEncodeTiled(void *map, int type, uint32_t rank, void *address,
                           const uint64_t *dims, const uint64_t *strides,
                           const uint32_t *box, const uint32_t *elementStrides,
                           int interleave, int swizzle, int l2Promotion,
                           int oobFill) {
  constexpr uintptr_t kMapAlignment = 64;
  if (!map || reinterpret_cast<uintptr_t>(map) % kMapAlignment != 0 || !dims ||
      !box || !elementStrides || rank < 1 || rank > 5 || (rank > 1 && !strides))
    return kInvalidValue;
  // An address of zero is fine: CUTLASS makes maps of operands that are absent,
  // which nobody uses.
  TensorMapParams params;
  params.type = static_cast<uint32_t>(type);
  params.rank = rank;
  params.address = reinterpret_cast<uintptr_t>(address);
  std::copy_n(dims, rank, params.dims.begin());
  if (rank > 1)
    std::copy_n(strides, rank - 1, params.strides.begin());
  std::copy_n(box, rank, params.box.begin());
  std::copy_n(elementStrides, rank, params.elementStrides.begin());
  params.interleave = static_cast<uint32_t>(interleave);
  params.swizzle = static_cast<uint32_t>(swizzle);
  params.l2Promotion = static_cast<uint32_t>(l2Promotion);
  params.oobFill = static_cast<uint32_t>(oobFill);
  try {
    std::array<char, 128> bytes = encodeTensorMap(params);
    std::memcpy(map, bytes.data(), bytes.size());
    return kSuccess;
  } catch (const UsageError &) {
    return kInvalidValue;
  }
}
