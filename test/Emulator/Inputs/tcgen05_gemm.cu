// D = A B^T for Blackwell: persistent, warps for copies, for products and for
// what is done with them, accumulators twice in tensor memory. gemm_single
// works on tiles of 128 x 128, gemm_pair has pairs of CTAs work on tiles of
// 256 x 128. nvcc -std=c++17 -arch=sm_100a -ptx makes tcgen05_gemm.ptx of it.
#include <cuda.h>
#include <cstdint>

namespace {

constexpr int kTileM = 128, kTileN = 128, kTileK = 64, kStages = 3;
constexpr int kBytesA = kTileM * kTileK * 2;
constexpr int kWarps = 6, kFirstStoring = 2;

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

__device__ void initialise(uint32_t barrier, uint32_t count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier),
               "r"(count)
               : "memory");
}

__device__ void expect(uint32_t barrier, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(
                   barrier),
               "r"(bytes)
               : "memory");
}

/// The same place in the shared memory of a CTA of the cluster.
__device__ uint32_t of(uint32_t address, uint32_t rank) {
  uint32_t result;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;"
               : "=r"(result)
               : "r"(address), "r"(rank));
  return result;
}

/// Swizzle of 128 bytes, along k: 8 rows have 1024 bytes.
__device__ uint64_t descriptor(uint32_t address) {
  return (address & 0x3ffff) >> 4 | uint64_t(1) << 16 | uint64_t(64) << 32 |
         uint64_t(1) << 46 | uint64_t(2) << 61;
}

__device__ void before() {
  asm volatile("tcgen05.fence::before_thread_sync;" ::: "memory");
}
__device__ void after() {
  asm volatile("tcgen05.fence::after_thread_sync;" ::: "memory");
}

template <bool Pair>
struct Gemm {
  static constexpr int kCtas = Pair ? 2 : 1;
  static constexpr int kBytesB = kTileN / kCtas * kTileK * 2;
  static constexpr int kStageBytes = kBytesA + kBytesB;
  // bf16 operands, f32 accumulators.
  static constexpr uint32_t kInstruction =
      1 << 4 | 1 << 7 | 1 << 10 | kTileN / 8 << 17 |
      kTileM * kCtas / 16 << 24;

  static __device__ void sync() {
    if constexpr (Pair)
      asm volatile("barrier.cluster.arrive.aligned;\n"
                   "barrier.cluster.wait.aligned;" ::
                       : "memory");
    else
      __syncthreads();
  }

  static __device__ void load(uint32_t to, const CUtensorMap *map, int x, int y,
                              uint32_t barrier) {
    if constexpr (Pair)
      asm volatile("cp.async.bulk.tensor.2d.cta_group::2.shared::cluster.global"
                   ".mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];" ::
                       "r"(to),
                   "l"(map), "r"(x), "r"(y), "r"(barrier)
                   : "memory");
    else
      asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::"
                   "complete_tx::bytes [%0], [%1, {%2, %3}], [%4];" ::"r"(to),
                   "l"(map), "r"(x), "r"(y), "r"(barrier)
                   : "memory");
  }

  static __device__ void multiply(uint32_t d, uint64_t a, uint64_t b,
                                  uint32_t accumulate) {
    if constexpr (Pair)
      asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %4, 0;\n"
                   "tcgen05.mma.cta_group::2.kind::f16 [%0], %1, %2, %3, p;\n"
                   "}\n" ::"r"(d),
                   "l"(a), "l"(b), "r"(kInstruction), "r"(accumulate)
                   : "memory");
    else
      asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %4, 0;\n"
                   "tcgen05.mma.cta_group::1.kind::f16 [%0], %1, %2, %3, p;\n"
                   "}\n" ::"r"(d),
                   "l"(a), "l"(b), "r"(kInstruction), "r"(accumulate)
                   : "memory");
  }

  static __device__ void commit(uint32_t barrier) {
    if constexpr (Pair)
      asm volatile("tcgen05.commit.cta_group::2.mbarrier::arrive::one.shared::"
                   "cluster.multicast::cluster.b64 [%0], %1;" ::"r"(barrier),
                   "h"(static_cast<uint16_t>(3))
                   : "memory");
    else
      asm volatile("tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::"
                   "cluster.b64 [%0];" ::"r"(barrier)
                   : "memory");
  }

  static __device__ void run(const CUtensorMap *mapA, const CUtensorMap *mapB,
                             float *d, int m, int n, int k) {
    extern __shared__ __align__(1024) uint8_t tiles[];
    __shared__ __align__(8) uint64_t full[kStages], empty[kStages],
        computed[2], stored[2];
    __shared__ uint32_t address;
    uint32_t warp = threadIdx.x / 32;
    uint32_t rank = Pair ? blockIdx.x % 2 : 0;
    uint32_t base = sharedAddress(tiles);
    if (threadIdx.x == 0) {
      for (int s = 0; s < kStages; ++s) {
        initialise(sharedAddress(&full[s]), 1);
        initialise(sharedAddress(&empty[s]), 1);
      }
      for (int s = 0; s < 2; ++s) {
        initialise(sharedAddress(&computed[s]), 1);
        initialise(sharedAddress(&stored[s]), 4 * kCtas);
      }
      asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    if (warp == kFirstStoring) {
      if constexpr (Pair)
        asm volatile("tcgen05.alloc.cta_group::2.sync.aligned.shared::cta.b32 "
                     "[%0], 256;" ::"r"(sharedAddress(&address))
                     : "memory");
      else
        asm volatile("tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 "
                     "[%0], 256;" ::"r"(sharedAddress(&address))
                     : "memory");
    }
    before();
    sync();
    after();
    uint32_t tensor = address;
    int tilesN = n / kTileN, chunks = k / kTileK;
    int count = m / (kTileM * kCtas) * tilesN;
    int first = blockIdx.x / kCtas, step = gridDim.x / kCtas;
    int stage = 0;
    uint32_t phase = 0;
    auto next = [&] {
      if (++stage == kStages) {
        stage = 0;
        phase ^= 1;
      }
    };
    if (threadIdx.x == 0) {
      for (int tile = first; tile < count; tile += step)
#pragma unroll 1
        for (int chunk = 0; chunk < chunks; ++chunk, next()) {
          wait(sharedAddress(&empty[stage]), phase ^ 1);
          uint32_t barrier = sharedAddress(&full[stage]);
          // The first CTA of a pair is told of what both get.
          if (rank == 0)
            expect(barrier, kStageBytes * kCtas);
          if (Pair)
            barrier = of(barrier, 0);
          uint32_t to = base + stage * kStageBytes;
          load(to, mapA, chunk * kTileK,
               (tile / tilesN * kCtas + rank) * kTileM, barrier);
          load(to + kBytesA, mapB, chunk * kTileK,
               tile % tilesN * kTileN + rank * (kTileN / kCtas), barrier);
        }
    } else if (threadIdx.x == 32 && rank == 0) {
      int half = 0;
      uint32_t round = 0;
      for (int tile = first; tile < count; tile += step) {
        wait(sharedAddress(&stored[half]), round ^ 1);
        after();
#pragma unroll 1
        for (int chunk = 0; chunk < chunks; ++chunk, next()) {
          wait(sharedAddress(&full[stage]), phase);
          uint32_t from = base + stage * kStageBytes;
          for (int i = 0; i < kTileK / 16; ++i)
            multiply(tensor + half * kTileN, descriptor(from + i * 32),
                     descriptor(from + kBytesA + i * 32), chunk + i > 0);
          commit(sharedAddress(&empty[stage]));
        }
        commit(sharedAddress(&computed[half]));
        half ^= 1;
        round ^= half == 0;
      }
    } else if (warp >= kFirstStoring) {
      int half = 0;
      uint32_t round = 0, lanes = warp % 4 * 32;
      for (int tile = first; tile < count; tile += step) {
        wait(sharedAddress(&computed[half]), round);
        after();
        int row = (tile / tilesN * kCtas + rank) * kTileM + lanes +
                  threadIdx.x % 32;
        float *to = d + size_t(row) * n + tile % tilesN * kTileN;
#pragma unroll 1
        for (int column = 0; column < kTileN; column += 8) {
          float v[8];
          asm volatile(
              "tcgen05.ld.sync.aligned.32x32b.x8.b32 {%0, %1, %2, %3, %4, %5, "
              "%6, %7}, [%8];\n"
              : "=f"(v[0]), "=f"(v[1]), "=f"(v[2]), "=f"(v[3]), "=f"(v[4]),
                "=f"(v[5]), "=f"(v[6]), "=f"(v[7])
              : "r"(tensor + (lanes << 16) + half * kTileN + column));
          asm volatile("tcgen05.wait::ld.sync.aligned;" ::: "memory");
          for (int i = 0; i < 8; ++i)
            to[column + i] = v[i];
        }
        before();
        __syncwarp();
        if (threadIdx.x % 32 == 0) {
          uint32_t barrier = sharedAddress(&stored[half]);
          if (Pair)
            barrier = of(barrier, 0);
          asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, "
                       "[%0];" ::"r"(barrier)
                       : "memory");
        }
        half ^= 1;
        round ^= half == 0;
      }
    }
    before();
    __syncwarp();
    sync();
    if (warp == kFirstStoring) {
      if constexpr (Pair)
        asm volatile("tcgen05.relinquish_alloc_permit.cta_group::2.sync.aligned;"
                     "\ntcgen05.dealloc.cta_group::2.sync.aligned.b32 %0, 256;" ::
                         "r"(tensor)
                     : "memory");
      else
        asm volatile("tcgen05.relinquish_alloc_permit.cta_group::1.sync.aligned;"
                     "\ntcgen05.dealloc.cta_group::1.sync.aligned.b32 %0, 256;" ::
                         "r"(tensor)
                     : "memory");
    }
  }
};

} // namespace

extern "C" __global__ void __launch_bounds__(kWarps * 32)
    gemm_single(const __grid_constant__ CUtensorMap mapA,
                const __grid_constant__ CUtensorMap mapB, float *d, int m,
                int n, int k) {
  Gemm<false>::run(&mapA, &mapB, d, m, n, k);
}

extern "C" __global__ void __cluster_dims__(2, 1, 1)
    __launch_bounds__(kWarps * 32)
    gemm_pair(const __grid_constant__ CUtensorMap mapA,
              const __grid_constant__ CUtensorMap mapB, float *d, int m, int n,
              int k) {
  Gemm<true>::run(&mapA, &mapB, d, m, n, k);
}
