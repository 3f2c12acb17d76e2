// A layer that routes its own tokens: the product with the router's matrix, blocks of tokens that choose, then one task that counts and orders what they chose, and then families
// that take turns over the rows it found.
func.func @routed() {
  moe_tile.graph experts 4 schedule <ticket sweep = [0, 1, 2]> {
    moe_tile.buffer input @x : tokens x 64 x f32 in device
    moe_tile.buffer input @router : 4 by 2 x 64 x 2 x f32 in device
    moe_tile.buffer @logits : tokens x 4 x f32 in device
    moe_tile.signal @multiplied in device
    moe_tile.buffer @ids : tokens x 2 x i32 in device
    moe_tile.buffer @picks : tokens x 2 x f32 in device
    moe_tile.buffer distinct_counts @counts : experts x index in device
    moe_tile.buffer @sources : experts x rows x index in device
    moe_tile.buffer @weights : experts x rows x f32 in device
    moe_tile.buffer @keys : 4 x 16 x f32 in worker
    moe_tile.buffer @next : 4 x index in worker
    moe_tile.signal @routed in device
    moe_tile.signal @planned in device
    moe_tile.buffer @rows : experts x rows x 64 x f32 in device ring 2
    moe_tile.buffer @hidden : experts x rows x 96 x f32 in device ring 2
    moe_tile.buffer @sums : tokens x 64 x f32 in device
    moe_tile.buffer output @y : tokens x 64 x bf16 in device
    moe_tile.signal @started in device
    moe_tile.signal @gathered : experts x rows by 32 in device
    moe_tile.signal @active : experts x rows by 32 in device
    moe_tile.signal @added : experts x rows by 32 x 64 by 32 in device
    moe_tile.signal @drained : experts x rows by 32 in device
    moe_tile.signal @finished in device
    moe_tile.task @multiply over (%t in tokens by 48, %n in 4 by 2) {
      %0 = moe_tile.compute reads(@x[%t, *], @router[%n, *, *]) writes(@logits[%t, %n])
      moe_tile.arrive @multiplied after %0
    }
    moe_tile.task @route over (%t in tokens by 32) {
      %0 = moe_tile.wait @multiplied expects 2 * tokens by 48
      %1 = moe_tile.compute reads(@logits[%t, *]) writes(@ids[%t, *], @picks[%t, *], @keys[*, *]) after(%0)
      moe_tile.arrive @routed after %1
    }
    moe_tile.task @plan over () {
      %0 = moe_tile.wait @routed expects tokens by 32
      %counted = moe_tile.compute reads(@ids[*, *]) writes(@counts[*]) after(%0)
      %placed = moe_tile.compute reads(@ids[*, *], @picks[*, *], @counts[*]) writes(@sources[*, *], @weights[*, *], @next[*]) after(%counted)
      moe_tile.arrive @planned after %placed
    }
    %known = moe_tile.wait @planned expects 1
    moe_tile.task @start over (%t in tokens by 32) {
      %0 = moe_tile.compute writes(@sums[%t, *])
      moe_tile.arrive @started after %0
    }
    moe_tile.task @gather over (%e in experts, %m in rows by 32) after %known {
      %0 = moe_tile.wait @active[%e, %m] behind 2 expects 3
      %1 = moe_tile.compute reads(@x[*, *], @sources[%e, %m]) writes(@rows[%e, %m, *]) after(%0)
      moe_tile.arrive @gathered[%e, %m] after %1
    }
    moe_tile.task @up over (%e in experts, %m in rows by 32, %n in 96 by 32) after %known {
      %0 = moe_tile.wait @gathered[%e, %m] expects 1
      %1 = moe_tile.wait @drained[%e, %m] behind 2 expects 2
      %2 = moe_tile.compute reads(@rows[%e, %m, *]) writes(@hidden[%e, %m, %n]) after(%0, %1)
      moe_tile.arrive @active[%e, %m] after %2
    }
    moe_tile.task @down over (%e in experts, %m in rows by 32, %n in 64 by 32) after %known {
      %0 = moe_tile.wait @active[%e, %m] expects 3
      %1 = moe_tile.wait @started expects tokens by 32
      %2 = moe_tile.wait @added[%e, %m, %n] behind 1 expects 1
      %3 = moe_tile.compute reads(@sources[%e, %m], @weights[%e, %m], @hidden[%e, %m, *]) updates(@sums[*, %n]) after(%0, %1, %2)
      moe_tile.arrive @added[%e, %m, %n] after %3
      moe_tile.arrive @drained[%e, %m] after %3
      moe_tile.arrive @finished after %3
    }
    moe_tile.task @finish over (%t in tokens by 32) after %known {
      %0 = moe_tile.wait @started expects tokens by 32
      %1 = moe_tile.wait @finished expects 2 * experts * rows by 32
      %2 = moe_tile.compute reads(@sums[%t, *]) writes(@y[%t, *]) after(%0, %1)
    }
  }
  return
}
