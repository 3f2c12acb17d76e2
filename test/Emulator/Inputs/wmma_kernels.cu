// wmma through NVIDIA's header: D = A B + C, scaled element by element, one warp
// per CTA. nvcc -std=c++17 -arch=sm_80 -ptx makes wmma_kernels.ptx of it.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>

using namespace nvcuda;

namespace {

template <int M, int N, int K, typename Operand, typename Storage,
          typename Sum, typename LayoutA, typename LayoutB>
__device__ void product(const Storage *a, const Storage *b, const Sum *c,
                        Sum *d, Sum *shared) {
  constexpr bool rowA = std::is_same_v<LayoutA, wmma::row_major>,
                 rowB = std::is_same_v<LayoutB, wmma::row_major>;
  wmma::fragment<wmma::matrix_a, M, N, K, Operand, LayoutA> fa;
  wmma::fragment<wmma::matrix_b, M, N, K, Operand, LayoutB> fb;
  wmma::fragment<wmma::accumulator, M, N, K, Sum> fc;
  wmma::load_matrix_sync(fa, a, rowA ? K : M);
  wmma::load_matrix_sync(fb, b, rowB ? N : K);
  wmma::load_matrix_sync(fc, c, N, wmma::mem_row_major);
  wmma::mma_sync(fc, fa, fb, fc);
  for (int i = 0; i < fc.num_elements; ++i)
    fc.x[i] = fc.x[i] + fc.x[i];
  // Through shared memory, by columns.
  wmma::store_matrix_sync(shared, fc, M, wmma::mem_col_major);
  __syncwarp();
  for (int i = threadIdx.x; i < M * N; i += 32)
    d[i] = shared[i % N * M + i / N];
}

} // namespace

#define KERNEL(name, m, n, k, operand, storage, sum, la, lb)                   \
  extern "C" __global__ void name(const storage *a, const storage *b,          \
                                  const sum *c, sum *d) {                      \
    __shared__ alignas(32) sum shared[m * n];                                  \
    product<m, n, k, operand, storage, sum, wmma::la, wmma::lb>(a, b, c, d,    \
                                                                shared);       \
  }

KERNEL(f16_f32, 16, 16, 16, half, half, float, row_major, col_major)
KERNEL(f16_f16, 16, 16, 16, half, half, half, col_major, row_major)
KERNEL(f16_wide, 8, 32, 16, half, half, float, row_major, row_major)
KERNEL(f16_tall, 32, 8, 16, half, half, float, col_major, col_major)
KERNEL(bf16_f32, 16, 16, 16, __nv_bfloat16, __nv_bfloat16, float, row_major,
       col_major)
KERNEL(bf16_tall, 32, 8, 16, __nv_bfloat16, __nv_bfloat16, float, row_major,
       row_major)
KERNEL(tf32_f32, 16, 16, 8, wmma::precision::tf32, float, float, row_major,
       col_major)
KERNEL(s8_s32, 16, 16, 16, signed char, signed char, int, row_major, col_major)
KERNEL(u8_wide, 8, 32, 16, unsigned char, unsigned char, int, col_major,
       row_major)
