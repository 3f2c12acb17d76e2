// Two roles of one worker: one loads tiles of both operands into a ring, the other multiplies them and gives a tile back one step later, when the
// multiplication that reads it has surely begun to end.
func.func @ring() {
  moe_tile.graph experts 1 schedule <ticket> {
    moe_tile.buffer input @a : 128 x 256 x f32 in device
    moe_tile.buffer input @b : 256 x 64 x f32 in device
    moe_tile.buffer @stage_a : 256 by 32 x 64 x 32 x f32 in worker ring 2
    moe_tile.buffer @stage_b : 256 by 32 x 32 x 64 x f32 in worker ring 2
    moe_tile.buffer output @c : 128 x 64 x f32 in device
    moe_tile.signal @full : 256 by 32 in worker
    moe_tile.signal @empty : 256 by 32 in worker
    moe_tile.task @gemm over (%m in 128 by 64) {
      moe_tile.role @load {
        moe_tile.for %k in 256 by 32 {
          %0 = moe_tile.wait @empty[%k] behind 2 expects 1
          %1 = moe_tile.compute reads(@a[%m, %k], @b[%k, *]) writes(@stage_a[%k, *, *], @stage_b[%k, *, *]) after(%0)
          moe_tile.arrive @full[%k] after %1
        }
      }
      %done = moe_tile.role @multiply {
        %zero = moe_tile.compute writes(@c[%m, *])
        %sum = moe_tile.for %k in 256 by 32 carry (%before = %zero) {
          %0 = moe_tile.wait @full[%k] expects 1
          %1 = moe_tile.compute reads(@stage_a[%k, *, *], @stage_b[%k, *, *]) updates(@c[%m, *]) after(%before, %0)
          moe_tile.arrive @empty[%k] behind 1 after %before
          moe_tile.yield %1
        }
        moe_tile.yield %sum
      }
    }
  }
  return
}
