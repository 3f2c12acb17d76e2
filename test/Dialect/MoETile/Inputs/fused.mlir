// A layer in one kernel: the task that multiplies rows gathers them, and one that owns columns of the result adds what experts give in their order.
func.func @fused() {
  moe_tile.graph experts 4 schedule <static_wave workers 4 resident 4> {
    moe_tile.buffer input @x : tokens x 64 x f32 in device
    moe_tile.buffer counts @counts : experts x index in device
    moe_tile.buffer input @sources : experts x rows x index in device
    moe_tile.buffer @hidden : experts x rows x 96 x f32 in device
    moe_tile.buffer output @y : tokens x 64 x f32 in device
    moe_tile.signal @active : experts in device
    moe_tile.task @up over (%e in experts, %m in rows by 32, %n in 96 by 64) {
      %0 = moe_tile.compute reads(@x[*, *], @sources[%e, %m]) writes(@hidden[%e, %m, %n])
      moe_tile.arrive @active[%e] after %0
    }
    moe_tile.task @down over (%n in 64 by 32) {
      %zero = moe_tile.compute writes(@y[*, %n])
      %sum = moe_tile.for %e in experts carry (%before = %zero) {
        %0 = moe_tile.wait @active[%e] expects 2 * rows by 32
        %1 = moe_tile.compute reads(@sources[%e, *], @hidden[%e, *, *]) updates(@y[*, %n]) after(%before, %0)
        moe_tile.yield %1
      }
    }
  }
  return
}
