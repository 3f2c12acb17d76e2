// A layer with a shared expert, whose rows are all tokens in their order: its families take turns by tiles of tokens and begin at once. What it gives waits in the result until the
// sums of the others are complete.
func.func @shared() {
  moe_tile.graph experts 4 schedule <ticket sweep = [0, 1, 2] token_sweep = [0, 1]> {
    moe_tile.buffer input @x : tokens x 64 x f32 in device
    moe_tile.buffer input @gates : tokens x 1 x f32 in device
    moe_tile.buffer counts @counts : experts x index in device
    moe_tile.buffer input @sources : experts x rows x index in device
    moe_tile.buffer @shared_hidden : tokens x 160 x f32 in device ring 2
    moe_tile.buffer @rows : experts x rows x 64 x f32 in device ring 2
    moe_tile.buffer @hidden : experts x rows x 96 x f32 in device ring 2
    moe_tile.buffer @sums : tokens x 64 x f32 in device
    moe_tile.buffer output @y : tokens x 64 x f32 in device
    moe_tile.signal @shared_active : tokens by 32 in device
    moe_tile.signal @shared_drained : tokens by 32 in device
    moe_tile.signal @shared_given in device
    moe_tile.signal @started in device
    moe_tile.signal @gathered : experts x rows by 32 in device
    moe_tile.signal @active : experts x rows by 32 in device
    moe_tile.signal @added : experts x rows by 32 x 64 by 32 in device
    moe_tile.signal @drained : experts x rows by 32 in device
    moe_tile.signal @finished in device
    moe_tile.task @shared_up over (%t in tokens by 32, %n in 160 by 32) {
      %0 = moe_tile.wait @shared_drained[%t] behind 2 expects 4
      %1 = moe_tile.compute reads(@x[%t, *]) writes(@shared_hidden[%t, %n]) after(%0)
      moe_tile.arrive @shared_active[%t] after %1
    }
    moe_tile.task @shared_down over (%t in tokens by 32, %n in 64 by 16) {
      %0 = moe_tile.wait @shared_active[%t] expects 5
      %1 = moe_tile.compute reads(@shared_hidden[%t, *]) writes(@y[%t, %n]) after(%0)
      moe_tile.arrive @shared_drained[%t] after %1
      moe_tile.arrive @shared_given after %1
    }
    moe_tile.task @start over (%t in tokens by 16) {
      %0 = moe_tile.compute writes(@sums[%t, *])
      moe_tile.arrive @started after %0
    }
    moe_tile.task @gather over (%e in experts, %m in rows by 32) {
      %0 = moe_tile.wait @active[%e, %m] behind 2 expects 3
      %1 = moe_tile.compute reads(@x[*, *], @sources[%e, %m]) writes(@rows[%e, %m, *]) after(%0)
      moe_tile.arrive @gathered[%e, %m] after %1
    }
    moe_tile.task @up over (%e in experts, %m in rows by 32, %n in 96 by 32) {
      %0 = moe_tile.wait @gathered[%e, %m] expects 1
      %1 = moe_tile.wait @drained[%e, %m] behind 2 expects 2
      %2 = moe_tile.compute reads(@rows[%e, %m, *]) writes(@hidden[%e, %m, %n]) after(%0, %1)
      moe_tile.arrive @active[%e, %m] after %2
    }
    moe_tile.task @down over (%e in experts, %m in rows by 32, %n in 64 by 32) {
      %0 = moe_tile.wait @active[%e, %m] expects 3
      %1 = moe_tile.wait @started expects tokens by 16
      %2 = moe_tile.wait @added[%e, %m, %n] behind 1 expects 1
      %3 = moe_tile.compute reads(@sources[%e, %m], @hidden[%e, %m, *]) updates(@sums[*, %n]) after(%0, %1, %2)
      moe_tile.arrive @added[%e, %m, %n] after %3
      moe_tile.arrive @drained[%e, %m] after %3
      moe_tile.arrive @finished after %3
    }
    moe_tile.task @finish over (%t in tokens by 16) {
      %0 = moe_tile.wait @started expects tokens by 16
      %1 = moe_tile.wait @finished expects 2 * experts * rows by 32
      %2 = moe_tile.wait @shared_given expects 4 * tokens by 32
      %3 = moe_tile.compute reads(@sums[%t, *], @gates[%t, *]) updates(@y[%t, *]) after(%0, %1, %2)
    }
  }
  return
}
