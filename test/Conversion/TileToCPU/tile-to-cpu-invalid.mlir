// What a CPU cannot do with a graph; the function's name says it.
// RUN: moe-opt %s --split-input-file --verify-diagnostics --convert-tile-to-cpu

func.func @tasks_are_claimed() {
  // expected-error @+1 {{expects the schedule 'ticket' on a CPU}}
  moe_tile.graph experts 2 schedule <static_wave workers 2 resident 2> {
    moe_tile.signal @s in device
  }
  return
}

// -----

func.func @there_is_one_rank() {
  // expected-error @+1 {{expects one rank on a CPU}}
  moe_tile.graph experts 2 ranks 2 schedule <ticket> {
    %self = moe_tile.rank
  }
  return
}

// -----

func.func @rings_are_of_items() {
  moe_tile.graph experts 2 schedule <ticket> {
    // expected-error @+1 {{expects rings of rows or tokens on a CPU}}
    moe_tile.buffer @h : 4 x f32 in device ring 2
  }
  return
}

// -----

func.func @workers_have_no_rings() {
  moe_tile.graph experts 2 schedule <ticket> {
    // expected-error @+1 {{expects memory of a worker of a fixed size without a ring on a CPU}}
    moe_tile.buffer @h : 4 x f32 in worker ring 2
  }
  return
}

// -----

func.func @who_arrives_does_not_lag() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.signal @s : 4 in device
    moe_tile.task @a over (%n in 4) {
      // expected-error @+1 {{expects arrivals that do not lag on a CPU}}
      moe_tile.arrive @s[%n] behind 1
    }
  }
  return
}

// -----

func.func @no_copies() {
  moe_tile.graph experts 2 schedule <ticket> {
    // expected-error @+1 {{expects buffers of the device or a worker without copies and gaps on a CPU}}
    moe_tile.buffer @h : 4 x f32 in device copies 2
  }
  return
}

// -----

func.func @inputs_are_somewhere() {
  moe_tile.graph experts 2 schedule <ticket> {
    // expected-error @+1 {{expects memory for what the graph does not allocate on a CPU}}
    moe_tile.buffer input @x : 4 x f32 in device
  }
  return
}

// -----

func.func @cells_are_fresh() {
  moe_tile.graph experts 2 schedule <ticket> {
    // expected-error @+1 {{expects signals of the device or a worker that are fresh on a CPU}}
    moe_tile.signal @s in device epoch <monotone>
  }
  return
}

// -----

func.func @cells_are_those_of_one_rank() {
  moe_tile.graph experts 2 schedule <ticket> {
    // expected-error @+1 {{expects signals of the device or a worker that are fresh on a CPU}}
    moe_tile.signal @s : ranks in system
  }
  return
}

// -----

func.func @who_does_not_wait_comes_first() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.signal @s in device
    moe_tile.task @a over () {
      moe_tile.arrive @s
    }
    %k = moe_tile.wait @s expects 1
    moe_tile.task @b over () after %k {
    }
    // expected-error @+1 {{expects tasks that begin at once before those that do not on a CPU}}
    moe_tile.task @c over () {
    }
  }
  return
}

// -----

func.func @rows_that_are_counted_have_memory(%n: memref<3xindex>) {
  // expected-error @+1 {{expects memory for the rows that its tasks count on a CPU}}
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer counts @n : experts x index in device from %n : memref<3xindex>
    moe_tile.task @a over () {
      %0 = moe_tile.compute writes(%ends = @n[*] : memref<2xindex, strided<[1], offset: ?>>) {
        %zero = arith.constant 0 : index
        %one = arith.constant 1 : index
        memref.store %one, %ends[%zero] : memref<2xindex, strided<[1], offset: ?>>
        memref.store %one, %ends[%one] : memref<2xindex, strided<[1], offset: ?>>
      }
    }
  }
  return
}

// -----

func.func @rows_come_second(%n: memref<3xindex>) {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer counts @n : experts x index in device from %n : memref<3xindex>
    // expected-error @+1 {{expects domains of rows that begin with 'experts' and 'rows' on a CPU}}
    moe_tile.task @a over (%k in 4, %e in experts, %m in rows by 32) {
    }
  }
  return
}

// -----

func.func @roles_wait_for_earlier_ones() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.signal @full : 4 in worker
    moe_tile.signal @empty : 4 in worker
    moe_tile.task @a over () {
      moe_tile.role @load {
        moe_tile.for %n in 4 {
          // expected-error @+1 {{expects roles that wait for earlier ones alone on a CPU}}
          moe_tile.wait @empty[%n] behind 1 expects 1
          moe_tile.arrive @full[%n]
        }
      }
      moe_tile.role @store {
        moe_tile.for %n in 4 {
          moe_tile.wait @full[%n] expects 1
          moe_tile.arrive @empty[%n]
        }
      }
    }
  }
  return
}

// -----

func.func @computations_say_how(%y: memref<4xf32>) {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer output @y : 4 x f32 in device from %y : memref<4xf32>
    moe_tile.task @a over () {
      // expected-error @+1 {{expects computations with a body on a CPU}}
      %0 = moe_tile.compute writes(@y[*])
    }
  }
  return
}

// -----

func.func @tokens_are_counted_by_memory() {
  // expected-error @+1 {{expects memory whose dimension is the number of tokens on a CPU}}
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.task @a over (%t in tokens by 32) {
    }
  }
  return
}
