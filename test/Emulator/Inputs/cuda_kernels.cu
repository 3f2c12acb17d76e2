// Kernels of CUDA C++ that do not come from this project's compiler: NVIDIA's own
// headers and compiler decide what PTX they become. test/Unit/Emulator/CudaTest.cpp runs them.
//   nvcc -std=c++17 -arch=sm_80 -ptx cuda_kernels.cu -o cuda_kernels.ptx
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
#include <cooperative_groups/memcpy_async.h>
#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>
#include <cub/block/block_radix_sort.cuh>
#include <cuda/atomic>
#include <cuda/barrier>
#include <cuda/pipeline>

namespace cg = cooperative_groups;

// Sums of 256 numbers, by warps of cooperative groups.
extern "C" __global__ void group_reduce(const int *in, int *out) {
  auto block = cg::this_thread_block();
  auto warp = cg::tiled_partition<32>(block);
  int sum = cg::reduce(warp, in[blockIdx.x * blockDim.x + threadIdx.x], cg::plus<int>());
  if (warp.thread_rank() == 0)
    atomicAdd(&out[blockIdx.x], sum);
}

// Exclusive sums within tiles of 16.
extern "C" __global__ void group_scan(const int *in, int *out) {
  auto tile = cg::tiled_partition<16>(cg::this_thread_block());
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = cg::exclusive_scan(tile, in[i]);
}

// Tiles of two warps, which meet in memory that the system reserves, turn their numbers round.
extern "C" __global__ void wide_tiles(const int *in, int *out) {
  __shared__ int box[256];
  auto tile = cg::tiled_partition<64>(cg::this_thread_block());
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  box[threadIdx.x] = in[i];
  tile.sync();
  out[i] = box[threadIdx.x ^ 63];
}

// Sums of such tiles.
extern "C" __global__ void wide_reduce(const int *in, int *out) {
  auto tile = cg::tiled_partition<64>(cg::this_thread_block());
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = cg::reduce(tile, in[i], cg::plus<int>());
}

// Lanes that agree form a group; the first one adds for all.
extern "C" __global__ void aggregated_atomics(const int *in, int *counters) {
  int bucket = in[blockIdx.x * blockDim.x + threadIdx.x];
  auto active = cg::coalesced_threads();
  auto group = cg::labeled_partition(active, bucket);
  if (group.thread_rank() == 0)
    atomicAdd(&counters[bucket], static_cast<int>(group.size()));
}

extern "C" __global__ void cub_block(const int *in, int *sums, int *prefixes, int *sorted) {
  using Reduce = cub::BlockReduce<int, 128>;
  using Scan = cub::BlockScan<int, 128>;
  using Sort = cub::BlockRadixSort<int, 128, 2>;
  __shared__ union {
    typename Reduce::TempStorage reduce;
    typename Scan::TempStorage scan;
    typename Sort::TempStorage sort;
  } storage;
  int items[2];
  for (int k = 0; k < 2; ++k)
    items[k] = in[blockIdx.x * 256 + threadIdx.x * 2 + k];
  int sum = Reduce(storage.reduce).Sum(items);
  if (threadIdx.x == 0)
    sums[blockIdx.x] = sum;
  __syncthreads();
  int scanned[2];
  Scan(storage.scan).ExclusiveSum(items, scanned);
  __syncthreads();
  Sort(storage.sort).Sort(items);
  for (int k = 0; k < 2; ++k) {
    prefixes[blockIdx.x * 256 + threadIdx.x * 2 + k] = scanned[k];
    sorted[blockIdx.x * 256 + threadIdx.x * 2 + k] = items[k];
  }
}

// Two stages of shared memory, filled asynchronously.
extern "C" __global__ void pipelined_sum(const int *in, int *out, int tiles) {
  __shared__ int stage[2][128];
  auto block = cg::this_thread_block();
  int sum = 0;
  cg::memcpy_async(block, stage[0], in, sizeof(int) * 128);
  for (int t = 0; t < tiles; ++t) {
    if (t + 1 < tiles) {
      cg::memcpy_async(block, stage[(t + 1) % 2], in + (t + 1) * 128, sizeof(int) * 128);
      cg::wait_prior<1>(block);
    } else {
      cg::wait(block);
    }
    sum += stage[t % 2][127 - threadIdx.x];
    block.sync();
  }
  out[threadIdx.x] = sum;
}

// Data through shared memory, handed over by cuda::barrier.
extern "C" __global__ void barrier_exchange(const int *in, int *out) {
  __shared__ cuda::barrier<cuda::thread_scope_block> ready;
  __shared__ int box[128];
  if (threadIdx.x == 0)
    init(&ready, blockDim.x);
  __syncthreads();
  for (int round = 0; round < 3; ++round) {
    box[threadIdx.x] = in[threadIdx.x] + round;
    ready.arrive_and_wait();
    out[round * 128 + threadIdx.x] = box[127 - threadIdx.x];
    ready.arrive_and_wait();
  }
}

// The last CTA to arrive sums what all have left.
extern "C" __global__ void last_block(const int *in, int *partial, unsigned *ticket, int *out) {
  __shared__ bool last;
  int sum = __syncthreads_count(in[blockIdx.x * blockDim.x + threadIdx.x] & 1);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
    cuda::atomic_ref<unsigned, cuda::thread_scope_device> counter(*ticket);
    last = counter.fetch_add(1, cuda::memory_order_acq_rel) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    int total = 0;
    for (unsigned b = 0; b < gridDim.x; ++b)
      total += partial[b];
    *out = total;
  }
}

// A barrier of the whole grid.
extern "C" __global__ void grid_exchange(int *values, int *out) {
  auto grid = cg::this_grid();
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x, n = gridDim.x * blockDim.x;
  values[i] = i * 3;
  grid.sync();
  out[i] = values[n - 1 - i];
}
