// Two steps of the turns may come at a time: then a family goes on to the next item before others are done with the one before, so rings hold one more.
func.func @batches() {
  moe_tile.graph experts 4 schedule <ticket sweep = [0, 1, 2] batch 2> {
    moe_tile.buffer input @x : tokens x 64 x f32 in device
    moe_tile.buffer counts @counts : experts x index in device
    moe_tile.buffer input @sources : experts x rows x index in device
    moe_tile.buffer @rows : experts x rows x 64 x f32 in device ring 3
    moe_tile.buffer @hidden : experts x rows x 96 x f32 in device ring 3
    moe_tile.buffer @sums : tokens x 64 x f32 in device
    moe_tile.buffer output @y : tokens x 64 x bf16 in device
    moe_tile.signal @started in device
    moe_tile.signal @gathered : experts x rows by 32 in device
    moe_tile.signal @active : experts x rows by 32 in device
    moe_tile.signal @added : experts x rows by 32 x 64 by 32 in device
    moe_tile.signal @drained : experts x rows by 32 in device
    moe_tile.signal @finished in device
    moe_tile.task @start over (%t in tokens by 32) {
      %0 = moe_tile.compute writes(@sums[%t, *])
      moe_tile.arrive @started after %0
    }
    moe_tile.task @gather over (%e in experts, %m in rows by 32) {
      %0 = moe_tile.wait @active[%e, %m] behind 3 expects 3
      %1 = moe_tile.compute reads(@x[*, *], @sources[%e, %m]) writes(@rows[%e, %m, *]) after(%0)
      moe_tile.arrive @gathered[%e, %m] after %1
    }
    moe_tile.task @up over (%e in experts, %m in rows by 32, %n in 96 by 32) {
      %0 = moe_tile.wait @gathered[%e, %m] expects 1
      %1 = moe_tile.wait @drained[%e, %m] behind 3 expects 2
      %2 = moe_tile.compute reads(@rows[%e, %m, *]) writes(@hidden[%e, %m, %n]) after(%0, %1)
      moe_tile.arrive @active[%e, %m] after %2
    }
    moe_tile.task @down over (%e in experts, %m in rows by 32, %n in 64 by 32) {
      %0 = moe_tile.wait @active[%e, %m] expects 3
      %1 = moe_tile.wait @started expects tokens by 32
      %2 = moe_tile.wait @added[%e, %m, %n] behind 1 expects 1
      %3 = moe_tile.compute reads(@sources[%e, %m], @hidden[%e, %m, *]) updates(@sums[*, %n]) after(%0, %1, %2)
      moe_tile.arrive @added[%e, %m, %n] after %3
      moe_tile.arrive @drained[%e, %m] after %3
      moe_tile.arrive @finished after %3
    }
    moe_tile.task @finish over (%t in tokens by 32) {
      %0 = moe_tile.wait @started expects tokens by 32
      %1 = moe_tile.wait @finished expects 2 * experts * rows by 32
      %2 = moe_tile.compute reads(@sums[%t, *]) writes(@y[%t, *]) after(%0, %1)
    }
  }
  return
}
