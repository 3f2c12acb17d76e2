// Hopper through NVIDIA's headers: cooperative groups of clusters, cuda::barrier
// and cuda::ptx with bulk and tensor copies, programmatic launches.
// nvcc -std=c++17 -arch=sm_90a -ptx makes hopper_kernels.ptx of it.
#include <cooperative_groups.h>
#include <cuda.h>
#include <cuda/barrier>
#include <cuda/pipeline>
#include <cuda/ptx>

namespace cg = cooperative_groups;
namespace ptx = cuda::ptx;

/// Buckets spread over the shared memory of a cluster.
extern "C" __global__ void __cluster_dims__(4, 1, 1)
    cluster_histogram(const int *values, int count, int *histogram) {
  __shared__ int buckets[16];
  cg::cluster_group cluster = cg::this_cluster();
  if (threadIdx.x < 16)
    buckets[threadIdx.x] = 0;
  cluster.sync();
  for (int i = cluster.thread_rank(); i < count; i += cluster.num_threads()) {
    int bucket = values[i] & 63;
    atomicAdd(cluster.map_shared_rank(buckets, bucket / 16) + bucket % 16, 1);
  }
  cluster.sync();
  if (threadIdx.x < 16)
    histogram[cluster.block_rank() * 16 + threadIdx.x] = buckets[threadIdx.x];
}

/// The maximum over a cluster, with split arrival and waiting.
extern "C" __global__ void __cluster_dims__(2, 1, 1)
    cluster_max(const int *values, int *out) {
  __shared__ int most;
  cg::cluster_group cluster = cg::this_cluster();
  if (threadIdx.x == 0)
    most = INT_MIN;
  __syncthreads();
  atomicMax(&most, values[blockIdx.x * blockDim.x + threadIdx.x]);
  auto token = cluster.barrier_arrive();
  cluster.barrier_wait(std::move(token));
  int other = *cluster.map_shared_rank(&most, cluster.block_rank() ^ 1);
  if (threadIdx.x == 0)
    out[blockIdx.x] = max(most, other);
  cluster.sync();
}

/// Adds one to a tile that a bulk copy brings and another takes back.
extern "C" __global__ void bulk_increment(int *data) {
  using barrier = cuda::barrier<cuda::thread_scope_block>;
  __shared__ alignas(16) int tile[1024];
#pragma nv_diag_suppress static_var_with_dynamic_init
  __shared__ barrier bar;
  if (threadIdx.x == 0) {
    init(&bar, blockDim.x);
    ptx::fence_proxy_async(ptx::space_shared);
  }
  __syncthreads();
  int *mine = data + blockIdx.x * 1024;
  barrier::arrival_token token;
  if (threadIdx.x == 0) {
    cuda::memcpy_async(tile, mine, cuda::aligned_size_t<16>(sizeof(tile)), bar);
    token = bar.arrive();
  } else {
    token = bar.arrive();
  }
  bar.wait(std::move(token));
  for (int i = threadIdx.x; i < 1024; i += blockDim.x)
    tile[i] += 1;
  ptx::fence_proxy_async(ptx::space_shared);
  __syncthreads();
  if (threadIdx.x == 0) {
    ptx::cp_async_bulk(ptx::space_global, ptx::space_shared, mine, tile,
                       sizeof(tile));
    ptx::cp_async_bulk_commit_group();
    ptx::cp_async_bulk_wait_group_read(ptx::n32_t<0>());
  }
}

/// Transposes 32 x 32 tiles of a matrix that tensor copies move.
extern "C" __global__ void
tensor_transpose(const __grid_constant__ CUtensorMap from,
                 const __grid_constant__ CUtensorMap to) {
  using barrier = cuda::barrier<cuda::thread_scope_block>;
  __shared__ alignas(128) int in[32][32], out[32][32];
#pragma nv_diag_suppress static_var_with_dynamic_init
  __shared__ barrier bar;
  if (threadIdx.x == 0) {
    init(&bar, blockDim.x);
    ptx::fence_proxy_async(ptx::space_shared);
  }
  __syncthreads();
  int32_t x = blockIdx.x * 32, y = blockIdx.y * 32;
  barrier::arrival_token token;
  if (threadIdx.x == 0) {
    int32_t coordinates[2] = {x, y};
    ptx::cp_async_bulk_tensor(ptx::space_cluster, ptx::space_global, in, &from,
                              coordinates,
                              cuda::device::barrier_native_handle(bar));
    token = cuda::device::barrier_arrive_tx(bar, 1, sizeof(in));
  } else {
    token = bar.arrive();
  }
  bar.wait(std::move(token));
  for (int i = threadIdx.x; i < 1024; i += blockDim.x)
    out[i % 32][i / 32] = in[i / 32][i % 32];
  ptx::fence_proxy_async(ptx::space_shared);
  __syncthreads();
  if (threadIdx.x == 0) {
    int32_t coordinates[2] = {y, x};
    ptx::cp_async_bulk_tensor(ptx::space_global, ptx::space_shared, &to,
                              coordinates, out);
    ptx::cp_async_bulk_commit_group();
    ptx::cp_async_bulk_wait_group_read(ptx::n32_t<0>());
  }
}

/// A pipeline of two stages, filled a stage ahead.
extern "C" __global__ void pipelined_copy(const int *from, int *to, int tiles) {
  __shared__ alignas(16) int buffer[2][512];
  __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, 2> state;
  auto block = cg::this_thread_block();
  auto pipe = cuda::make_pipeline(block, &state);
  auto fetch = [&](int tile) {
    pipe.producer_acquire();
    cuda::memcpy_async(block, buffer[tile % 2], from + tile * 512,
                       cuda::aligned_size_t<16>(2048), pipe);
    pipe.producer_commit();
  };
  fetch(0);
  for (int tile = 0; tile < tiles; ++tile) {
    if (tile + 1 < tiles)
      fetch(tile + 1);
    pipe.consumer_wait();
    for (int i = threadIdx.x; i < 512; i += blockDim.x)
      to[tile * 512 + i] = buffer[tile % 2][511 - i];
    pipe.consumer_release();
  }
}

extern "C" __global__ void produce(int *data) {
  cudaTriggerProgrammaticLaunchCompletion();
  data[blockIdx.x * blockDim.x + threadIdx.x] = threadIdx.x + 5;
}

extern "C" __global__ void consume(const int *data, int *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  cudaGridDependencySynchronize();
  out[i] = data[i] * 2;
}
