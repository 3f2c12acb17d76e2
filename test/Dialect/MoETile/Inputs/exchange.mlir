// Two ranks put a tile into each other's inbox and tell by a signal; neither clears anything between launches.
func.func @exchange() {
  moe_tile.graph experts 2 ranks 2 schedule <ticket> {
    %self = moe_tile.rank
    moe_tile.buffer input @x : ranks x 32 x 64 x f32 in device
    moe_tile.buffer @inbox : ranks x ranks x 32 x 64 x f32 in symmetric copies 2
    moe_tile.buffer output @y : ranks x 32 x 64 x f32 in device
    moe_tile.signal @landed : ranks x ranks in system epoch <cyclic(3)>
    moe_tile.task @put over (%p in ranks) {
      %0 = moe_tile.compute reads(@x[%p, *, *]) writes(@inbox[%p, %self, *, *])
      moe_tile.arrive @landed[%p, %self] after %0
    }
    moe_tile.task @take over (%p in ranks) {
      %0 = moe_tile.wait @landed[%self, %p] expects 1
      %1 = moe_tile.compute reads(@inbox[%self, %p, *, *]) writes(@y[%p, *, *]) after(%0)
    }
  }
  return
}
