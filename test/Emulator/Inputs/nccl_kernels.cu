// Kernels over NCCL's device API, whose code comes from NCCL's headers as they are:
// pointers to peers and barriers of ranks that load and store each other's memory
// (LSA), and the network of GPU-initiated transfers (GIN) with its proxy back end, by
// which kernels leave descriptors in a queue that a thread of the host reads.
// nccl_kernels.ptx was made with the headers of NCCL 2.28.9 and nvcc 13.0:
//   nvcc -std=c++17 -arch=compute_90a -DNCCL_GIN_GDAKI_ENABLE=0 -ptx
#include <nccl.h>
#include <nccl_device.h>

// What NcclTest.cpp writes by offset.
static_assert(sizeof(ncclDevComm) == 200 && sizeof(ncclWindow_vidmem) == 72);
static_assert(offsetof(ncclDevComm, lsaRank) == 12 && offsetof(ncclDevComm, windowTable) == 24 &&
              offsetof(ncclDevComm, resourceWindow_inlined) == 40 &&
              offsetof(ncclDevComm, lsaMultimem) == 112 && offsetof(ncclDevComm, lsaBarrier) == 120 &&
              offsetof(ncclDevComm, railGinBarrier) == 128 && offsetof(ncclDevComm, ginContextCount) == 136 &&
              offsetof(ncclDevComm, ginHandles) == 144 && offsetof(ncclDevComm, ginSignalBase) == 176 &&
              offsetof(ncclDevComm, ginSignalShadows) == 192);
static_assert(offsetof(ncclWindow_vidmem, lsaFlatBase) == 8 && offsetof(ncclWindow_vidmem, stride4G) == 24 &&
              offsetof(ncclWindow_vidmem, ginOffset4K) == 32 && offsetof(ncclWindow_vidmem, ginWins) == 40);

// Every rank gives each peer `count` numbers, `epochs` times over. The window has a
// row of `count` numbers per rank that sends; `out` has the sums over ranks and epochs.
extern "C" __global__ void lsa_exchange(const __grid_constant__ ncclDevComm comm, ncclWindow_t window,
                                        const int *in, int *out, int count, int epochs) {
  ncclCoopCta cta;
  ncclLsaBarrierSession<ncclCoopCta> barrier(cta, comm, ncclTeamTagLsa(), blockIdx.x);
  int first = blockIdx.x * blockDim.x + threadIdx.x;
  int sum = 0;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    // Nobody may read the numbers of the epoch before any more.
    barrier.sync(cta, cuda::memory_order_acq_rel);
    for (int i = 1; i <= comm.lsaSize; ++i) {
      int peer = (comm.lsaRank + i) % comm.lsaSize;
      int *row = (int *)ncclGetLsaPointer(window, comm.lsaRank * count * sizeof(int), peer);
      row[first] = in[first] + epoch;
    }
    barrier.sync(cta, cuda::memory_order_acq_rel);
    for (int peer = 0; peer < comm.lsaSize; ++peer)
      sum += ((int *)ncclGetLocalPointer(window, peer * count * sizeof(int)))[first];
  }
  out[first] = sum;
}

// The same sums through the multicast address of the window: the barrier's arrivals
// and the sums are multimem instructions.
extern "C" __global__ void lsa_multimem(const __grid_constant__ ncclDevComm comm, ncclWindow_t window,
                                        const int *in, int *out) {
  ncclCoopCta cta;
  ncclLsaBarrierSession<ncclCoopCta> barrier(cta, comm, ncclTeamTagLsa(), blockIdx.x, true);
  int first = blockIdx.x * blockDim.x + threadIdx.x;
  ((int *)ncclGetLocalPointer(window, 0))[first] = in[first];
  barrier.sync(cta, cuda::memory_order_acq_rel);
  int *all = (int *)ncclGetLsaMultimemPointer(window, 0, comm), sum;
  asm volatile("multimem.ld_reduce.relaxed.sys.global.add.s32 %0, [%1];"
               : "=r"(sum) : "l"(all + first) : "memory");
  out[first] = sum;
}

// NCCL leaves the reserved bits of a descriptor as they are.
__device__ void clear(ncclGinDescriptorSmem &descriptor) {
  if (threadIdx.x == 0)
    for (int i = 0; i < 4; ++i)
      ((uint4 *)&descriptor)[i] = make_uint4(0, 0, 0, 0);
}

// Every rank puts its `count` numbers into its row of every peer's window, tells it by
// a signal per sender, changes them as soon as they may be changed, and does it again.
extern "C" __global__ void gin_exchange(const __grid_constant__ ncclDevComm comm, ncclWindow_t window,
                                        ncclWindow_t source, int *out, int count, int epochs) {
  ncclCoopCta cta;
  ncclGin gin(comm, 0);
  ncclTeam world = ncclTeamWorld(comm);
  size_t bytes = count * sizeof(int);
  int *mine = (int *)ncclGetLocalPointer(source, 0);
  __shared__ ncclGinDescriptorSmem descriptor;
  clear(descriptor);
  int sum = 0;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    // One half of the window for even epochs, the other for odd ones: a peer puts
    // into this half again when it has had this rank's signal of the next epoch.
    size_t half = epoch % 2 * world.nRanks * bytes;
    if (threadIdx.x == 0)
      for (int i = 1; i < world.nRanks; ++i) {
        int peer = (world.rank + i) % world.nRanks;
        gin.put(world, peer, window, half + world.rank * bytes, source, 0, bytes,
                ncclGin_SignalInc{ncclGinSignal_t(world.rank)}, ncclGin_None{}, ncclCoopThread{},
                ncclGin_DescriptorSmem{&descriptor});
      }
    for (int peer = 0; peer < world.nRanks; ++peer)
      if (peer != world.rank) {
        gin.waitSignal(cta, peer, epoch + 1);
        sum += ((int *)ncclGetLocalPointer(window, half + peer * bytes))[threadIdx.x];
      }
    gin.flush(cta);
    mine[threadIdx.x] += 1;
    __syncthreads();
  }
  out[threadIdx.x] = sum;
}

// Rank r tells its neighbour numbers by putValue and how much it has told by SignalAdd;
// a counter tells it when its source may be changed.
extern "C" __global__ void gin_values(const __grid_constant__ ncclDevComm comm, ncclWindow_t window,
                                      ncclWindow_t source, long long *out) {
  ncclGin gin(comm, 0);
  ncclTeam world = ncclTeamWorld(comm);
  ncclCoopThread thread;
  int next = (world.rank + 1) % world.nRanks;
  __shared__ ncclGinDescriptorSmem space;
  clear(space);
  ncclGin_DescriptorSmem descriptor{&space};
  if (threadIdx.x == 0) {
    gin.putValue(world, next, window, 0, (unsigned long long)(world.rank + 1) << 40, ncclGin_None{},
                 thread, descriptor);
    clear(space);
    gin.putValue(world, next, window, 8, world.rank + 7, ncclGin_SignalAdd{1, 1000}, thread, descriptor);
    clear(space);
    int *mine = (int *)ncclGetLocalPointer(source, 0);
    gin.put(world, next, window, 16, source, 0, 4, ncclGin_SignalAdd{1, 24}, ncclGin_CounterInc{0},
            thread, descriptor);
    gin.waitCounter(thread, 0, 1);
    *mine = -1;
    gin.waitSignal(thread, 1, 1024);
    char *got = (char *)ncclGetLocalPointer(window, 0);
    out[0] = *(long long *)got;
    out[1] = *(int *)(got + 8);
    out[2] = *(int *)(got + 16);
  }
}

// Every rank writes a number into its own memory; behind the barrier of the network
// all read those of their peers.
extern "C" __global__ void gin_barrier(const __grid_constant__ ncclDevComm comm, ncclWindow_t window,
                                       int *out) {
  ncclCoopCta cta;
  ncclGin gin(comm, 0);
  ((int *)ncclGetLocalPointer(window, 0))[threadIdx.x] = comm.rank * 1000 + threadIdx.x * 3 + 1;
  {
    ncclGinBarrierSession<ncclCoopCta> barrier(cta, gin, ncclTeamWorld(comm), comm.railGinBarrier, 0);
    barrier.sync(cta, cuda::memory_order_acq_rel, ncclGinFenceLevel::Relaxed);
  }
  int sum = 0;
  for (int peer = 0; peer < comm.nRanks; ++peer)
    sum += ((int *)ncclGetLsaPointer(window, 0, peer))[threadIdx.x];
  out[threadIdx.x] = sum;
}
