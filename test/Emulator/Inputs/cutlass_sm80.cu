// A multistage GEMM of CUTLASS for sm_80, D = A B with A by rows and B by columns, bf16
// with f32 accumulation; and the parameters of its kernel, made by CUTLASS's own
// host code. Compiled by hand with the headers of the package nvidia-cutlass.
#include "cutlass/cutlass.h"
#include "cutlass/gemm/device/gemm.h"
#include <cstdio>
#include <new>
#include <cstring>

using Gemm = cutlass::gemm::device::Gemm<
    cutlass::bfloat16_t, cutlass::layout::RowMajor, cutlass::bfloat16_t,
    cutlass::layout::ColumnMajor, float, cutlass::layout::RowMajor, float,
    cutlass::arch::OpClassTensorOp, cutlass::arch::Sm80,
    cutlass::gemm::GemmShape<64, 64, 32>, cutlass::gemm::GemmShape<32, 32, 32>,
    cutlass::gemm::GemmShape<16, 8, 16>,
    cutlass::epilogue::thread::LinearCombination<float, 4, float, float>,
    cutlass::gemm::threadblock::GemmIdentityThreadblockSwizzle<>, 3>;
using Kernel = Gemm::GemmKernel;

template __global__ void cutlass::Kernel<Kernel>(Kernel::Params);

int main() {
  int m = 128, n = 192, k = 160;
  auto at = [](unsigned long long address) { return (void *)address; };
  cutlass::gemm::GemmCoord problem(m, n, k);
  cutlass::gemm::threadblock::GemmIdentityThreadblockSwizzle<> swizzle;
  auto tiled = swizzle.get_tiled_shape(problem, {64, 64, 32}, 1);
  alignas(16) static char storage[sizeof(Kernel::Params)]; // zeros
  auto *made = new (storage) Kernel::Params(
      problem, tiled, {(cutlass::bfloat16_t *)at(0x700100000000ull), k},
      {(cutlass::bfloat16_t *)at(0x700200000000ull), k},
      {(float *)at(0x700300000000ull), n}, {(float *)at(0x700300000000ull), n},
      {1.0f, 0.0f});
  dim3 grid = swizzle.get_grid_shape(tiled);
  std::printf("grid %u %u %u block %d shared %zu\n", grid.x, grid.y, grid.z,
              Kernel::kThreadCount, sizeof(Kernel::SharedStorage));
  const unsigned char *bytes = (const unsigned char *)made;
  for (size_t i = 0; i < sizeof(storage); ++i)
    std::printf("%02x", bytes[i]);
  std::printf("\n");
}
