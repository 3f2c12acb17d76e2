// The library moe_emulator_driver: what host code without a driver links.
#ifndef MOE_RUNTIME_EMULATOR_CUDADRIVER_H
#define MOE_RUNTIME_EMULATOR_CUDADRIVER_H

#include <cstdint>

/// As in cuda.h; enumerations are passed as int, pointers to cuuint64_t and
/// cuuint32_t as pointers to numbers of 64 and 32 bits. Returns CUDA_SUCCESS,
/// or CUDA_ERROR_INVALID_VALUE where an encoding rule is broken.
extern "C" int cuTensorMapEncodeTiled(void *map, int type, uint32_t rank,
                                      void *address, const uint64_t *dims,
                                      const uint64_t *strides,
                                      const uint32_t *box,
                                      const uint32_t *elementStrides,
                                      int interleave, int swizzle,
                                      int l2Promotion, int oobFill);

#endif // MOE_RUNTIME_EMULATOR_CUDADRIVER_H
