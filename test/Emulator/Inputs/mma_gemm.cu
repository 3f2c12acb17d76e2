// D = A B^T with bf16 operands and f32 accumulators: CTAs of 128x128 with four
// warps of 64x64, three stages of cp.async, XOR swizzle, ldmatrix, mma.sync.
// M, N multiples of 128, K of 32. Macros make the wrong versions that
// MutantTest.cpp runs.
//   nvcc -std=c++17 -arch=sm_80 -ptx mma_gemm.cu -o mma_gemm.ptx
#include <cstdint>

constexpr int kRows = 128, kDepth = 32, kStages = 3;

__device__ uint32_t place(int row, int chunk) {
  return static_cast<uint32_t>(row * kDepth * 2 + ((chunk ^ (row / 2 % 4)) * 16));
}

__device__ void copyTile(uint32_t shared, const uint16_t *global, int k) {
  for (int i = 0; i < 4; ++i) {
    int row = threadIdx.x / 4 + 32 * i, chunk = threadIdx.x % 4;
    const uint16_t *from = global + static_cast<size_t>(row) * k + chunk * 8;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared + place(row, chunk)), "l"(from) : "memory");
  }
}

__device__ void load4(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}

extern "C" __global__ void __launch_bounds__(128) mma_gemm(const uint16_t *a, const uint16_t *b, float *d, int n, int k) {
  __shared__ alignas(128) uint16_t tiles[kStages][2][kRows * kDepth];
  auto base = static_cast<uint32_t>(__cvta_generic_to_shared(&tiles[0][0][0]));
  constexpr uint32_t kTile = kRows * kDepth * 2;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  int row0 = warp / 2 * 64, column0 = warp % 2 * 64;
  a += static_cast<size_t>(blockIdx.y) * kRows * k;
  b += static_cast<size_t>(blockIdx.x) * kRows * k;
  float sum[4][8][4] = {};
  int steps = k / kDepth;
  auto issue = [&](int step) {
    if (step < steps) {
      uint32_t stage = base + step % kStages * 2 * kTile;
      copyTile(stage, a + step * kDepth, k);
      copyTile(stage + kTile, b + step * kDepth, k);
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
  };
  for (int s = 0; s < kStages - 1; ++s)
    issue(s);
  for (int step = 0; step < steps; ++step) {
    asm volatile("cp.async.wait_group %0;" ::"n"(kStages - 2) : "memory");
    __syncthreads();
    issue(step + kStages - 1);
    uint32_t stage = base + step % kStages * 2 * kTile;
    for (int half = 0; half < kDepth / 16; ++half) {
      uint32_t fa[4][4], fb[4][4];
      for (int i = 0; i < 4; ++i)
        load4(fa[i], stage + place(row0 + 16 * i + lane % 16, half * 2 + lane / 16));
      for (int j = 0; j < 4; ++j)
        load4(fb[j], stage + kTile + place(column0 + 16 * j + lane % 8 + lane / 16 * 8, half * 2 + lane / 8 % 2));
#pragma unroll
      for (int i = 0; i < 4; ++i)
#pragma unroll
        for (int j = 0; j < 8; ++j)
          asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                       : "+f"(sum[i][j][0]), "+f"(sum[i][j][1]), "+f"(sum[i][j][2]), "+f"(sum[i][j][3])
                       : "r"(fa[i][0]), "r"(fa[i][1]), "r"(fa[i][2]), "r"(fa[i][3]), "r"(fb[j / 2][j % 2 * 2]), "r"(fb[j / 2][j % 2 * 2 + 1]));
    }
  }
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 8; ++j)
      for (int h = 0; h < 2; ++h) {
        size_t row = blockIdx.y * kRows + row0 + 16 * i + 8 * h + lane / 4, column = blockIdx.x * kRows + column0 + 8 * j + lane % 4 * 2;
        *reinterpret_cast<float2 *>(d + row * n + column) = make_float2(sum[i][j][2 * h], sum[i][j][2 * h + 1]);
      }
}
