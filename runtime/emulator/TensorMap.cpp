// The encoding rules of tensor maps, as the CUDA driver has them.
#include "TensorMap.h"

#include "moe-rt/emulator.h"

#include <cstring>

using namespace moe::emu;

std::array<char, 128> moe::emu::encodeTensorMap(const TensorMapParams &params) {
  auto need = [](bool condition, const std::string &message) {
    if (!condition)
      throw UsageError("tensor map: " + message);
  };
  auto at = [](const char *what, uint32_t dim, uint64_t value) {
    return std::string(what) + " of dimension " + std::to_string(dim) +
           ", but got " + std::to_string(value);
  };
  need(params.type < std::size(TensorMap::kElementBytes),
       "expects an element type from 0 to 12, but got " +
           std::to_string(params.type));
  need(params.rank >= 1 && params.rank <= 5,
       "expects a rank from 1 to 5, but got " + std::to_string(params.rank));
  need(params.interleave == 0, "interleaved layouts are not supported");
  need(params.swizzle <= 3, "expects a swizzle of none, 32, 64 or 128 bytes");
  need(params.l2Promotion <= 3, "expects an L2 promotion from 0 to 3");
  need(params.oobFill == 0, "filling with NaN is not supported");
  need(params.address % 16 == 0,
       "expects a global address that is a multiple of 16");
  TensorMap map{};
  map.magic = TensorMap::kMagic;
  map.type = static_cast<uint8_t>(params.type);
  map.rank = static_cast<uint8_t>(params.rank);
  map.swizzle = static_cast<uint8_t>(params.swizzle);
  map.elementBytes = TensorMap::kElementBytes[params.type];
  map.address = params.address;
  for (uint32_t dim = 0; dim < params.rank; ++dim) {
    need(params.dims[dim] >= 1 && params.dims[dim] <= uint64_t(1) << 32,
         at("expects a size from 1 to 2^32", dim, params.dims[dim]));
    need(params.box[dim] >= 1 && params.box[dim] <= 256,
         at("expects a box from 1 to 256", dim, params.box[dim]));
    // The innermost stride is ignored without an interleaved layout.
    uint32_t elementStride = dim ? params.elementStrides[dim] : 1;
    need(elementStride >= 1 && elementStride <= 8,
         at("expects an element stride from 1 to 8", dim, elementStride));
    map.dims[dim] = params.dims[dim];
    map.box[dim] = static_cast<uint16_t>(params.box[dim]);
    map.elementStrides[dim] = static_cast<uint8_t>(elementStride);
    if (dim == 0)
      continue;
    uint64_t stride = params.strides[dim - 1];
    // A stride of zero is fine: host code gives it to dimensions of size 1.
    need(stride % 16 == 0 && stride < uint64_t(1) << 40,
         at("expects a stride that is a multiple of 16 below 2^40", dim,
            stride));
    map.strides[dim - 1] = stride;
  }
  uint32_t inner = params.box[0] * map.elementBytes;
  need(inner % 16 == 0, "expects an innermost box of a multiple of 16 bytes, "
                        "but got " +
                            std::to_string(inner));
  need(params.swizzle == 0 || inner <= 16u << params.swizzle,
       "expects an innermost box of at most the " +
           std::to_string(16u << params.swizzle) +
           " bytes of the swizzle, but got " + std::to_string(inner));
  std::array<char, 128> bytes{};
  std::memcpy(bytes.data(), &map, sizeof(map));
  return bytes;
}
