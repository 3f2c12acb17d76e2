// A warp-specialised GEMM of CUTLASS for sm_90a, D = A B with A by rows and B by
// columns: tensor copies with multicast in clusters of 2, wgmma, an epilogue with
// tensor copies; bf16 with f32 accumulation. And the parameters of its kernel, made
// by the host code of CUTLASS, which this program prints. cutlass_sm90.ptx and
// .params were made with the headers of nvidia-cutlass 4.2.0 and nvcc 13.0:
//   nvcc -std=c++17 --expt-relaxed-constexpr -arch=compute_90a -ptx
//   nvcc -std=c++17 --expt-relaxed-constexpr -arch=sm_90a
//        -DCUTLASS_ENABLE_DIRECT_CUDA_DRIVER_CALL=1, linked with
//        libmoe_emulator_driver.a and libmoe_emulator.a, run
#include "cute/tensor.hpp"
#include "cutlass/cutlass.h"
#include "cutlass/epilogue/collective/collective_builder.hpp"
#include "cutlass/gemm/collective/collective_builder.hpp"
#include "cutlass/gemm/device/gemm_universal_adapter.h"
#include "cutlass/gemm/kernel/gemm_universal.hpp"
#include "cutlass/util/packed_stride.hpp"
#include <cstdio>
#include <new>

using namespace cute;
using GemmTile = Shape<_128, _64, _64>;
using GemmCluster = Shape<_2, _1, _1>;
using GemmEpilogue = cutlass::epilogue::collective::CollectiveBuilder<
    cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, GemmTile, GemmCluster,
    cutlass::epilogue::collective::EpilogueTileAuto, float, float, float,
    cutlass::layout::RowMajor, 4, float, cutlass::layout::RowMajor, 4,
    cutlass::epilogue::TmaWarpSpecialized>::CollectiveOp;
using GemmMainloop = cutlass::gemm::collective::CollectiveBuilder<
    cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, cutlass::bfloat16_t,
    cutlass::layout::RowMajor, 8, cutlass::bfloat16_t,
    cutlass::layout::ColumnMajor, 8, float, GemmTile, GemmCluster,
    cutlass::gemm::collective::StageCount<3>,
    cutlass::gemm::KernelTmaWarpSpecialized>::CollectiveOp;
using GemmKernel = cutlass::gemm::kernel::GemmUniversal<Shape<int, int, int, int>,
                                                    GemmMainloop, GemmEpilogue>;

template __global__ void cutlass::device_kernel<GemmKernel>(CUTLASS_GRID_CONSTANT GemmKernel::Params const);

int main() {
  int m = 256, n = 192, k = 320;
  auto at = [](unsigned long long address) { return (void *)address; };
  GemmKernel::Arguments arguments{
      cutlass::gemm::GemmUniversalMode::kGemm,
      {m, n, k, 1},
      {(cutlass::bfloat16_t *)at(0x700100000000ull),
       cutlass::make_cute_packed_stride(GemmKernel::StrideA{}, {m, k, 1}),
       (cutlass::bfloat16_t *)at(0x700200000000ull),
       cutlass::make_cute_packed_stride(GemmKernel::StrideB{}, {n, k, 1})},
      {{1.0f, 0.0f},
       nullptr,
       cutlass::make_cute_packed_stride(GemmKernel::StrideC{}, {m, n, 1}),
       (float *)at(0x700300000000ull),
       cutlass::make_cute_packed_stride(GemmKernel::StrideD{}, {m, n, 1})}};
  arguments.hw_info.sm_count = 132;
  alignas(128) static char storage[sizeof(GemmKernel::Params)];
  auto *params = new (storage) GemmKernel::Params(
      GemmKernel::to_underlying_arguments(arguments, nullptr));
  dim3 grid = GemmKernel::get_grid_shape(*params), block = GemmKernel::get_block_shape();
  std::printf("grid %u %u %u block %u shared %d\n", grid.x, grid.y, grid.z,
              block.x, GemmKernel::SharedStorageSize);
  for (size_t i = 0; i < sizeof(storage); ++i)
    std::printf("%02x", (unsigned char)storage[i]);
  std::printf("\n");
}
