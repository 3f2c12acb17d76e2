// D = A B^T (gemm_kn) and D = A B (gemm_nk) for Hopper: persistent, a producer
// warp and two consumer warpgroups, clusters of two CTAs that share B by
// multicast. nvcc -std=c++17 -arch=sm_90a -ptx makes wgmma_gemm.ptx of it.
#include <cuda.h>
#include <cuda_bf16.h>
#include <cstdint>

namespace {

constexpr int kTileM = 128, kTileN = 128, kTileK = 64, kStages = 4;
constexpr int kStageBytes = kTileM * kTileK * 2;

__device__ uint32_t sharedAddress(const void *p) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}

__device__ void wait(uint32_t barrier, uint32_t parity) {
  asm volatile("{\n.reg .pred done;\nagain:\n"
               "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
               "@!done bra again;\n}\n" ::"r"(barrier),
               "r"(parity)
               : "memory");
}

__device__ void arriveAt(uint32_t barrier, uint32_t rank) {
  asm volatile("{\n.reg .b32 remote;\n"
               "mapa.shared::cluster.u32 remote, %0, %1;\n"
               "mbarrier.arrive.release.cluster.shared::cluster.b64 _, "
               "[remote];\n}\n" ::"r"(barrier),
               "r"(rank)
               : "memory");
}

__device__ void expect(uint32_t barrier, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(
                   barrier),
               "r"(bytes)
               : "memory");
}

__device__ void load(uint32_t to, const CUtensorMap *map, int x, int y,
                     uint32_t barrier) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::"
      "bytes [%0], [%1, {%2, %3}], [%4];" ::"r"(to),
      "l"(map), "r"(x), "r"(y), "r"(barrier)
      : "memory");
}

__device__ void loadMulticast(uint32_t to, const CUtensorMap *map, int x, int y,
                              uint32_t barrier, uint16_t mask) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::"
      "bytes.multicast::cluster [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(to),
      "l"(map), "r"(x), "r"(y), "r"(barrier), "h"(mask)
      : "memory");
}

/// Swizzle of 128 bytes.
__device__ uint64_t descriptor(uint32_t address, uint32_t leading,
                               uint32_t stride) {
  return uint64_t(address >> 4 & 0x3fff) | uint64_t(leading >> 4) << 16 |
         uint64_t(stride >> 4) << 32 | uint64_t(1) << 62;
}

#define D4(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define D16(i) D4(i), D4(i + 4), D4(i + 8), D4(i + 12)

template <int TransposeB>
__device__ void multiply(float (&d)[64], uint64_t a, uint64_t b,
                         int accumulate) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 "
      "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, "
      "%30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, "
      "%44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, "
      "%58, %59, %60, %61, %62, %63}, %64, %65, p, 1, 1, 0, %67;\n}\n"
      : D16(0), D16(16), D16(32), D16(48)
      : "l"(a), "l"(b), "r"(accumulate), "n"(TransposeB));
}

template <bool TransposeB>
__device__ void gemm(const CUtensorMap *mapA, const CUtensorMap *mapB, float *d,
                     int m, int n, int k) {
  extern __shared__ __align__(1024) unsigned char tiles[];
  __shared__ __align__(8) uint64_t full[kStages], empty[kStages];
  uint32_t rank, clusters, cluster;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  asm("mov.u32 %0, %%nclusterid.x;" : "=r"(clusters));
  asm("mov.u32 %0, %%clusterid.x;" : "=r"(cluster));
  int warpgroup = threadIdx.x / 128;
  uint32_t a = sharedAddress(tiles), b = a + kStages * kStageBytes;
  uint32_t fullAt = sharedAddress(full), emptyAt = sharedAddress(empty);
  if (threadIdx.x == 0) {
    for (int s = 0; s < kStages; ++s) {
      asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(fullAt + s * 8));
      // A thread of each consumer of both CTAs.
      asm volatile("mbarrier.init.shared::cta.b64 [%0], 4;" ::"r"(emptyAt +
                                                                 s * 8));
    }
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  asm volatile("barrier.cluster.arrive.aligned;\n"
               "barrier.cluster.wait.aligned;" ::: "memory");

  // Two tiles one above the other, one for each CTA of the cluster.
  int columns = n / kTileN, pairs = m / (2 * kTileM) * columns, steps = k / kTileK;
  if (warpgroup == 0) {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
    if (threadIdx.x == 0) {
      uint32_t stage = 0, phase = 0;
      for (int pair = cluster; pair < pairs; pair += clusters) {
        int row = (pair / columns * 2 + rank) * kTileM,
            column = pair % columns * kTileN;
        for (int step = 0; step < steps; ++step) {
          wait(emptyAt + stage * 8, phase ^ 1);
          uint32_t barrier = fullAt + stage * 8;
          expect(barrier, 2 * kStageBytes);
          load(a + stage * kStageBytes, mapA, step * kTileK, row, barrier);
          // Each CTA loads one half of B for both.
          uint32_t half = b + stage * kStageBytes + rank * (kStageBytes / 2);
          int other = column + rank * (kTileN / 2);
          if (TransposeB)
            loadMulticast(half, mapB, other, step * kTileK, barrier, 3);
          else
            loadMulticast(half, mapB, step * kTileK, other, barrier, 3);
          if (++stage == kStages) {
            stage = 0;
            phase ^= 1;
          }
        }
      }
    }
  } else {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
    int consumer = warpgroup - 1;
    uint32_t stage = 0, phase = 0;
    for (int pair = cluster; pair < pairs; pair += clusters) {
      float sums[64];
      uint32_t previous = 0;
      for (int step = 0; step < steps; ++step) {
        wait(fullAt + stage * 8, phase);
        asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
        uint32_t rows = a + stage * kStageBytes + consumer * (64 * 128),
                 inner = b + stage * kStageBytes;
        for (int i = 0; i < kTileK / 16; ++i)
          multiply<TransposeB>(
              sums, descriptor(rows + i * 32, 16, 1024),
              TransposeB ? descriptor(inner + i * 2048, 8192, 1024)
                         : descriptor(inner + i * 32, 16, 1024),
              step > 0 || i > 0);
        asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
        // The stage before has been read when one group at most is open.
        asm volatile("wgmma.wait_group.sync.aligned 1;" ::: "memory");
        if (step > 0 && threadIdx.x % 128 < 2)
          arriveAt(emptyAt + previous * 8, threadIdx.x % 128);
        previous = stage;
        if (++stage == kStages) {
          stage = 0;
          phase ^= 1;
        }
      }
      asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
#pragma unroll
      for (int i = 0; i < 64; ++i)
        asm volatile("" : "+f"(sums[i])::"memory");
      if (threadIdx.x % 128 < 2)
        arriveAt(emptyAt + previous * 8, threadIdx.x % 128);
      int warp = threadIdx.x / 32 % 4, lane = threadIdx.x % 32;
      int row = (pair / columns * 2 + rank) * kTileM + consumer * 64 +
                warp * 16 + lane / 4,
          column = pair % columns * kTileN + lane % 4 * 2;
#pragma unroll
      for (int j = 0; j < 16; ++j)
#pragma unroll
        for (int half = 0; half < 2; ++half)
          *reinterpret_cast<float2 *>(
              &d[size_t(row + half * 8) * n + column + j * 8]) =
              make_float2(sums[j * 4 + half * 2], sums[j * 4 + half * 2 + 1]);
    }
  }
  // Nobody leaves while others arrive at his barriers.
  asm volatile("barrier.cluster.arrive;\nbarrier.cluster.wait;" ::: "memory");
}

} // namespace

extern "C" __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(384)
    gemm_kn(const __grid_constant__ CUtensorMap a,
            const __grid_constant__ CUtensorMap b, float *d, int m, int n,
            int k) {
  gemm<false>(&a, &b, d, m, n, k);
}

extern "C" __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(384)
    gemm_nk(const __grid_constant__ CUtensorMap a,
            const __grid_constant__ CUtensorMap b, float *d, int m, int n,
            int k) {
  gemm<true>(&a, &b, d, m, n, k);
}
