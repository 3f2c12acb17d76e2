// A layer of 4 experts, two per token, in two kernels: rows are gathered, multiplied twice and stored by expert, then summed per token.
func.func @layer() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.buffer input @x : tokens x 64 x f32 in device
    moe_tile.buffer @picks : tokens x 2 x i32 in device
    moe_tile.buffer counts @counts : experts x index in device
    moe_tile.buffer @sources : experts x rows x index in device
    moe_tile.buffer @gathered : experts x rows x 64 x f32 in device align 16 gap zero
    moe_tile.buffer @hidden : experts x rows x 96 x f32 in device
    moe_tile.buffer @results : experts x rows x 64 x f32 in device
    moe_tile.buffer output @y : tokens x 64 x f32 in device
    moe_tile.signal @picked in device epoch <self_clean>
    moe_tile.signal @ordered in device epoch <monotone>
    moe_tile.signal @filled : experts x rows by 32 in device
    moe_tile.signal @active : experts x rows by 32 in device
    moe_tile.signal @finished : 64 by 32 in device
    moe_tile.task @route over (%t in tokens by 32) {
      %0 = moe_tile.compute reads(@x[%t, *]) writes(@picks[%t, *])
      moe_tile.arrive @picked after %0
    }
    moe_tile.task @order over () {
      %0 = moe_tile.wait @picked expects tokens by 32
      %1 = moe_tile.compute reads(@picks[*, *]) writes(@counts[*], @sources[*, *]) after(%0)
      moe_tile.arrive @ordered after %1
    }
    %known = moe_tile.wait @ordered expects 1
    moe_tile.task @gather over (%e in experts, %m in rows by 32) after %known {
      %0 = moe_tile.compute reads(@x[*, *], @sources[%e, %m]) writes(@gathered[%e, %m, *])
      moe_tile.arrive @filled[%e, %m] after %0
    }
    moe_tile.task @up over (%e in experts, %m in rows by 32, %n in 96 by 32) after %known {
      %0 = moe_tile.wait @filled[%e, %m] expects 1
      %1 = moe_tile.compute reads(@gathered[%e, %m, *]) writes(@hidden[%e, %m, %n]) after(%0)
      moe_tile.arrive @active[%e, %m] after %1
    }
    moe_tile.task @down over (%e in experts, %m in rows by 32, %n in 64 by 32) after %known {
      %0 = moe_tile.wait @active[%e, %m] expects 3
      %1 = moe_tile.compute reads(@hidden[%e, %m, *]) writes(@results[%e, %m, %n]) after(%0)
      moe_tile.arrive @finished[%n] after %1
    }
    moe_tile.task @combine over (%t in tokens by 32, %n in 64 by 32) after %known {
      %0 = moe_tile.wait @finished[%n] expects experts * rows by 32
      %1 = moe_tile.compute reads(@picks[%t, *], @results[*, *, %n]) writes(@y[%t, %n]) after(%0)
    }
  }
  return
}
