// Tensor maps: what a tensor copy needs to know about a tensor in global
// memory.
#ifndef MOE_RUNTIME_EMULATOR_TENSORMAP_H
#define MOE_RUNTIME_EMULATOR_TENSORMAP_H

#include <cstdint>

namespace moe::emu {

/// The bytes that encodeTensorMap makes: only the emulator reads them.
struct TensorMap {
  static constexpr uint32_t kMagic = 0x74656d61;
  /// Of the elements of CUtensorMapDataType.
  static constexpr uint8_t kElementBytes[] = {1, 2, 4, 4, 8, 8, 2,
                                              4, 8, 2, 4, 4, 4};
  uint32_t magic;
  uint8_t type, rank, swizzle, elementBytes;
  uint64_t address;
  uint64_t dims[5];
  uint64_t strides[4]; ///< of dimensions 1 to 4
  uint16_t box[5];
  uint8_t elementStrides[5];

  /// Elements of a box along a dimension.
  uint32_t extent(int dim) const {
    return (box[dim] + elementStrides[dim] - 1u) / elementStrides[dim];
  }
  /// Bytes of a box in shared memory; below 2^43 with boxes of up to 256.
  uint64_t boxBytes() const {
    uint64_t bytes = uint64_t(box[0]) * elementBytes;
    for (int dim = 1; dim < rank; ++dim)
      bytes *= extent(dim);
    return bytes;
  }
};
static_assert(sizeof(TensorMap) <= 128);

/// Where the 16-byte chunk at `offset` of shared memory lies with a swizzle of
/// 32 << (mode - 1) bytes; 0: where it is.
inline uint32_t swizzled(uint32_t mode, uint32_t offset) {
  return offset ^ ((offset >> 7 & ((1u << mode) - 1)) << 4);
}

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_TENSORMAP_H
