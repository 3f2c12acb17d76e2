// A grouped GEMM of CUTLASS for sm_90a, D[g] = A[g] B[g] with A by rows and B by
// columns: the "ping-pong" kernel, whose warps change tensor maps in shared memory
// for every group and hand them to the copies through global memory; bf16 with f32
// accumulation, clusters of 2 with multicast. And the parameters of its kernel, made
// by the host code of CUTLASS, which this program prints. cutlass_grouped_sm90.ptx
// and .params were made as cutlass_sm90.cu says.
#include "cute/tensor.hpp"
#include "cutlass/cutlass.h"
#include "cutlass/epilogue/collective/collective_builder.hpp"
#include "cutlass/gemm/collective/collective_builder.hpp"
#include "cutlass/gemm/device/gemm_universal_adapter.h"
#include "cutlass/gemm/group_array_problem_shape.hpp"
#include "cutlass/gemm/kernel/gemm_universal.hpp"
#include <cstdio>
#include <new>

using namespace cute;
using GroupTile = Shape<_64, _64, _64>;
using GroupCluster = Shape<_2, _1, _1>;
using GroupProblem = cutlass::gemm::GroupProblemShape<Shape<int, int, int>>;
using GroupEpilogue = cutlass::epilogue::collective::CollectiveBuilder<
    cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, GroupTile, GroupCluster,
    cutlass::epilogue::collective::EpilogueTileAuto, float, float, void,
    cutlass::layout::RowMajor *, 4, float, cutlass::layout::RowMajor *, 4,
    cutlass::epilogue::PtrArrayTmaWarpSpecializedPingpong>::CollectiveOp;
using GroupMainloop = cutlass::gemm::collective::CollectiveBuilder<
    cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, cutlass::bfloat16_t,
    cutlass::layout::RowMajor *, 8, cutlass::bfloat16_t,
    cutlass::layout::ColumnMajor *, 8, float, GroupTile, GroupCluster,
    cutlass::gemm::collective::StageCount<3>,
    cutlass::gemm::KernelPtrArrayTmaWarpSpecializedPingpong>::CollectiveOp;
using GroupKernel =
    cutlass::gemm::kernel::GemmUniversal<GroupProblem, GroupMainloop, GroupEpilogue>;

template __global__ void cutlass::device_kernel<GroupKernel>(CUTLASS_GRID_CONSTANT GroupKernel::Params const);

// Where device memory has the tables of the groups, one after the other.
template <typename T> T *table(unsigned long long index) {
  return (T *)(0x700400000000ull + index * 256);
}

int main() {
  GroupKernel::Arguments arguments{
      cutlass::gemm::GemmUniversalMode::kGrouped,
      {3, table<GroupProblem::UnderlyingProblemShape>(0), nullptr},
      {table<cutlass::bfloat16_t const *>(1), table<GroupKernel::InternalStrideA>(2),
       table<cutlass::bfloat16_t const *>(3), table<GroupKernel::InternalStrideB>(4)},
      {{}, nullptr, nullptr, table<float *>(5), table<GroupKernel::InternalStrideD>(6)}};
  arguments.epilogue.thread.alpha = 1.0f;
  arguments.epilogue.thread.beta = 0.0f;
  arguments.hw_info.sm_count = 4;
  alignas(128) static char storage[sizeof(GroupKernel::Params)];
  auto *params = new (storage) GroupKernel::Params(
      GroupKernel::to_underlying_arguments(arguments, (void *)0x700500000000ull));
  dim3 grid = GroupKernel::get_grid_shape(*params), block = GroupKernel::get_block_shape();
  std::fprintf(stderr, "grid %u %u %u block %u shared %d workspace %zu strides %zu %zu %zu\n",
               grid.x, grid.y, grid.z, block.x, GroupKernel::SharedStorageSize,
               GroupKernel::get_workspace_size(arguments),
               sizeof(GroupKernel::InternalStrideA), sizeof(GroupKernel::InternalStrideB),
               sizeof(GroupKernel::InternalStrideD));
  for (size_t i = 0; i < sizeof(storage); ++i)
    std::printf("%02x", (unsigned char)storage[i]);
  std::printf("\n");
}
