// One case per constraint of moe-verify-tile; the function's name says the rule.
// RUN: moe-opt %s --split-input-file --verify-diagnostics --moe-verify-tile

// (tile_c1)
func.func @a_wait_expects_what_arrives() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer output @y : 8 x f32 in device
    moe_tile.signal @s in device
    moe_tile.task @a over (%n in 8 by 2) {
      %0 = moe_tile.compute writes(@y[%n])
      moe_tile.arrive @s after %0
    }
    // expected-error @+1 {{requires 'expects' (3) to equal the arrivals at a cell of 's' (4)}}
    %1 = moe_tile.wait @s expects 3
  }
  return
}

// -----

// (tile_c1)
func.func @somebody_arrives() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.signal @s in device
    // expected-error @+1 {{expects tasks that arrive at 's', but got none}}
    %0 = moe_tile.wait @s expects 1
  }
  return
}

// -----

// (tile_c1)
func.func @arrivals_have_64_bits() {
  moe_tile.graph experts 2 schedule <ticket> {
    // expected-error @+1 {{requires the arrivals at a cell to be a number of 64 bits}}
    moe_tile.signal @s in device
    moe_tile.task @a over (%n in 4294967296, %m in 4294967296) {
      moe_tile.arrive @s
    }
  }
  return
}

// -----

// (tile_c1)
func.func @every_cell_is_arrived_at() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.signal @s : 2 in device
    moe_tile.task @a over () {
      // expected-note @+1 {{arrives here}}
      moe_tile.arrive @s[0]
    }
    moe_tile.task @b over (%n in 2) {
      // expected-error @+1 {{requires every cell of 's' that it waits for to be arrived at, but dimension #0 is one value there}}
      %0 = moe_tile.wait @s[%n] expects 1
    }
  }
  return
}

// -----

// (tile_c2)
func.func @producers_stand_first() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.signal @s in device
    moe_tile.task @a over () {
      // expected-error @+1 {{expects tasks that arrive at 's' to stand before those that wait, but got 'b' later}}
      %0 = moe_tile.wait @s expects 1
    }
    moe_tile.task @b over () {
      // expected-note @+1 {{arrives here}}
      moe_tile.arrive @s
    }
  }
  return
}

// -----

// (tile_c2)
func.func @no_family_waits_for_itself() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.signal @s : 2 in device
    moe_tile.task @a over (%n in 2) {
      // expected-note @+1 {{arrives here}}
      moe_tile.arrive @s[%n]
      // expected-error @+1 {{expects tasks that arrive at 's' to stand before those that wait, but got 'a' itself}}
      %0 = moe_tile.wait @s[%n] expects 1
    }
  }
  return
}

// -----

// (tile_c2)
func.func @ready_tasks_exist() {
  moe_tile.graph experts 2 schedule <central_os workers 2 resident 2> {
    moe_tile.signal @s in device
    moe_tile.signal @t in device
    // expected-error @+1 {{expects tasks that do not wait for each other in a circle}}
    moe_tile.task @a over () {
      %0 = moe_tile.wait @s expects 1
      moe_tile.arrive @t
    }
    moe_tile.task @b over () {
      %0 = moe_tile.wait @t expects 1
      moe_tile.arrive @s
    }
  }
  return
}

// -----

// (tile_c3)
func.func @waiting_workers_are_resident() {
  // expected-error @+1 {{requires 'workers' (4) of schedule 'static_wave' to be known and at most 'resident' (3), because they wait for each other}}
  moe_tile.graph experts 2 schedule <static_wave workers 4 resident 3> {
    moe_tile.signal @s in device
    moe_tile.task @a over () {
      moe_tile.arrive @s
    }
    moe_tile.task @b over () {
      %0 = moe_tile.wait @s expects 1
    }
  }
  return
}

// -----

// (tile_c3)
func.func @waiting_workers_are_counted() {
  // expected-error @+1 {{requires 'workers' (0) of schedule 'per_worker_queue' to be known and at most 'resident' (3), because they wait for each other}}
  moe_tile.graph experts 2 schedule <per_worker_queue resident 3> {
    moe_tile.signal @s in device
    moe_tile.task @a over () {
      moe_tile.arrive @s
    }
    moe_tile.task @b over () {
      %0 = moe_tile.wait @s expects 1
    }
  }
  return
}

// -----

// (tile_c4)
func.func @a_scope_holds_who_arrives_and_waits() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.signal @s in worker
    moe_tile.task @a over () {
      moe_tile.arrive @s
    }
    moe_tile.task @b over () {
      // expected-error @+1 {{requires the scope of 's' (worker) to hold task 'a' that arrives}}
      %0 = moe_tile.wait @s expects 1
    }
  }
  return
}

// -----

// (tile_c5)
func.func @an_output_is_written() {
  moe_tile.graph experts 2 schedule <ticket> {
    // expected-error @+1 {{expects a computation that writes it}}
    moe_tile.buffer output @y : 8 x f32 in device
  }
  return
}

// -----

// (tile_c5)
func.func @an_element_has_one_writer() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer output @y : 8 x f32 in device
    moe_tile.task @a over (%n in 8 by 2, %k in 4) {
      // expected-error @+1 {{expects one writer of each element of 'y', but every tile of 4 writes it}}
      %0 = moe_tile.compute writes(@y[%n])
    }
  }
  return
}

// -----

// (tile_c5)
func.func @a_diagonal_is_not_everything() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer output @y : 8 x 8 x f32 in device
    moe_tile.task @a over (%n in 8 by 2) {
      // expected-error @+1 {{expects an index of its own for dimension #1 of 'y', which is written everywhere}}
      %0 = moe_tile.compute writes(@y[%n, %n])
    }
  }
  return
}

// -----

// (tile_c5)
func.func @two_writers_overlap() {
  moe_tile.graph experts 2 schedule <ticket> {
    // expected-error @+1 {{expects one writer of each element, but got 2}}
    moe_tile.buffer output @y : 8 x f32 in device
    moe_tile.task @a over () {
      // expected-note @+1 {{written here}}
      %0 = moe_tile.compute writes(@y[*])
      // expected-note @+1 {{written here}}
      %1 = moe_tile.compute writes(@y[*]) after(%0)
    }
  }
  return
}

// -----

// (tile_c5)
func.func @numbered_parts_are_all_there_are() {
  moe_tile.graph experts 2 schedule <ticket> {
    // expected-error @+1 {{expects dimension #0 to be written once everywhere, but got 2 writers of 2 of 3 entries}}
    moe_tile.buffer output @y : 3 x f32 in device
    moe_tile.task @a over () {
      %0 = moe_tile.compute writes(@y[0])
      %1 = moe_tile.compute writes(@y[2])
    }
  }
  return
}

// -----

// (tile_c5)
func.func @a_rank_writes_its_own_part_alone() {
  moe_tile.graph experts 2 ranks 2 schedule <ticket> {
    %self = moe_tile.rank
    moe_tile.buffer output @y : ranks x f32 in device
    moe_tile.task @a over () {
      // expected-error @+1 {{expects all of dimension #0 of 'y' to be written, but got the rank's own part}}
      %0 = moe_tile.compute writes(@y[%self])
    }
  }
  return
}

// -----

// (tile_c5)
func.func @every_rank_writes_one_memory() {
  moe_tile.graph experts 2 ranks 2 schedule <ticket> {
    moe_tile.buffer output @y : ranks x 8 x f32 in symmetric
    moe_tile.task @a over (%p in ranks) {
      // expected-error @+1 {{expects one writer of each element of 'y', but every rank writes it}}
      %0 = moe_tile.compute writes(@y[%p, *])
    }
  }
  return
}

// -----

// (tile_c6)
func.func @reads_come_after_writes() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer @h : 8 x f32 in device
    moe_tile.task @a over () {
      // expected-note @+1 {{written here}}
      %0 = moe_tile.compute  writes(@h[*])
    }
    moe_tile.task @b over () {
      // expected-error @+1 {{expects tokens that order it after what writes 'h'}}
      %0 = moe_tile.compute reads(@h[*])
    }
  }
  return
}

// -----

// (tile_c6)
func.func @updates_come_after_the_step_before() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer output @y : 8 x f32 in device
    moe_tile.task @a over () {
      %0 = moe_tile.compute writes(@y[*])
      moe_tile.for %k in 4 {
        // expected-error @+1 {{expects tokens that order it after its step before 'y'}}
        %1 = moe_tile.compute updates(@y[*]) after(%0)
      }
    }
  }
  return
}

// -----

// (tile_c6)
func.func @a_wait_for_rows_orders_nothing_where_there_are_none() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer counts @n : experts x index in device
    moe_tile.buffer @h : 8 x f32 in device
    moe_tile.buffer output @y : 8 x f32 in device
    moe_tile.signal @counted in device
    moe_tile.signal @made in device
    moe_tile.signal @used in device
    moe_tile.task @count over () {
      %0 = moe_tile.compute writes(@n[*])
      moe_tile.arrive @counted after %0
    }
    moe_tile.task @make over () {
      // expected-note @+1 {{written here}}
      %0 = moe_tile.compute writes(@h[*])
      moe_tile.arrive @made after %0
    }
    %known = moe_tile.wait @counted expects 1
    moe_tile.task @use over (%e in experts, %m in rows by 4) after %known {
      %0 = moe_tile.wait @made expects 1
      %1 = moe_tile.compute reads(@h[*]) after(%0)
      moe_tile.arrive @used after %1
    }
    moe_tile.task @end over () after %known {
      %0 = moe_tile.wait @used expects experts * rows by 4
      // expected-error @+1 {{expects tokens that order it after what writes 'h'}}
      %1 = moe_tile.compute reads(@h[*]) writes(@y[*]) after(%0)
    }
  }
  return
}

// -----

// (tile_c6)
func.func @what_other_ranks_write_comes_in_system_scope() {
  moe_tile.graph experts 2 ranks 2 schedule <ticket> {
    %self = moe_tile.rank
    moe_tile.buffer @h : ranks x ranks x f32 in symmetric copies 2
    moe_tile.signal @s in device
    moe_tile.task @a over (%p in ranks) {
      // expected-note @+1 {{written here}}
      %0 = moe_tile.compute  writes(@h[%p, %self])
      moe_tile.arrive @s after %0
    }
    moe_tile.task @b over () {
      %0 = moe_tile.wait @s expects ranks
      // expected-error @+1 {{expects tokens that order it after what writes 'h', in system scope}}
      %1 = moe_tile.compute reads(@h[%self, *]) after(%0)
    }
  }
  return
}

// -----

// (tile_c7)
func.func @counts_are_known_before_their_domain() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer counts @n : experts x index in device
    moe_tile.task @a over () {
      // expected-note @+1 {{'n' is written here}}
      %0 = moe_tile.compute writes(@n[*])
    }
    // expected-error @+1 {{expects to begin after the counts of its rows are known}}
    moe_tile.task @b over (%e in experts, %m in rows by 32) {
    }
  }
  return
}

// -----

// (tile_c8)
func.func @memory_of_a_worker_is_that_of_one_task() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer @h : 8 x f32 in worker
    moe_tile.signal @s in device
    moe_tile.task @a over () {
      %0 = moe_tile.compute writes(@h[*])
      moe_tile.arrive @s after %0
    }
    moe_tile.task @b over () {
      %0 = moe_tile.wait @s expects 1
      // expected-error @+1 {{expects one task to use 'h' in space 'worker', but got 'a' and 'b'}}
      %1 = moe_tile.compute reads(@h[*]) after(%0)
    }
  }
  return
}

// -----

// (tile_c9)
func.func @an_entry_is_waited_for_within_the_ring() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer @h : 8 x f32 in worker ring 2
    moe_tile.signal @full : 8 in worker
    moe_tile.signal @empty : 8 in worker
    moe_tile.task @a over () {
      moe_tile.role @in {
        moe_tile.for %k in 8 {
          // expected-error @+1 {{requires 'behind' (3) to be at most the depth of ring 'h' (2)}}
          %0 = moe_tile.wait @empty[%k] behind 3 expects 1
          %1 = moe_tile.compute writes(@h[%k]) after(%0)
          moe_tile.arrive @full[%k] after %1
        }
      }
      moe_tile.role @out {
        moe_tile.for %k in 8 {
          %0 = moe_tile.wait @full[%k] expects 1
          %1 = moe_tile.compute reads(@h[%k]) after(%0)
          moe_tile.arrive @empty[%k] after %1
        }
      }
    }
  }
  return
}

// -----

// (tile_c9)
func.func @who_gives_back_does_not_wait_for_that() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer @h : 8 x f32 in worker ring 2
    moe_tile.signal @full : 8 in worker
    moe_tile.signal @empty : 8 in worker
    moe_tile.task @a over () {
      moe_tile.role @in {
        moe_tile.for %k in 8 {
          %0 = moe_tile.wait @empty[%k] behind 2 expects 1
          %1 = moe_tile.compute writes(@h[%k]) after(%0)
          moe_tile.arrive @full[%k] after %1
        }
      }
      moe_tile.role @out {
        moe_tile.for %k in 8 {
          %0 = moe_tile.wait @full[%k] expects 1
          %1 = moe_tile.compute reads(@h[%k]) after(%0)
          // expected-error @+1 {{requires 'behind' (2) to be below that of who waits for 'empty' (2), which it would wait for itself}}
          moe_tile.arrive @empty[%k] behind 2 after %1
        }
      }
    }
  }
  return
}

// -----

// (tile_c9)
func.func @an_entry_is_given_back_after_its_use() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer @h : 8 x f32 in worker ring 2
    moe_tile.signal @full : 8 in worker
    moe_tile.signal @empty : 8 in worker
    moe_tile.task @a over () {
      moe_tile.role @in {
        moe_tile.for %k in 8 {
          %0 = moe_tile.wait @empty[%k] behind 2 expects 1
          %1 = moe_tile.compute writes(@h[%k])  after(%0)
          moe_tile.arrive @full[%k] after %1
        }
      }
      moe_tile.role @out {
        moe_tile.for %k in 8 {
          %0 = moe_tile.wait @full[%k] expects 1
          %1 = moe_tile.compute reads(@h[%k]) after(%0)
          // expected-error @+1 {{expects tokens of all that reads ring 'h'}}
          moe_tile.arrive @empty[%k]  after %0
        }
      }
    }
  }
  return
}

// -----

// (tile_c9)
func.func @an_entry_is_waited_for() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer @h : 8 x f32 in worker ring 2
    moe_tile.signal @full : 8 in worker
    moe_tile.signal @empty : 8 in worker
    moe_tile.task @a over () {
      moe_tile.role @in {
        moe_tile.for %k in 8 {
          %0 = moe_tile.wait @empty[%k] behind 2 expects 1
          // expected-error @+1 {{expects to wait for an entry of ring 'h' that was given back}}
          %1 = moe_tile.compute writes(@h[%k])
          moe_tile.arrive @full[%k] after %1
        }
      }
      moe_tile.role @out {
        moe_tile.for %k in 8 {
          %0 = moe_tile.wait @full[%k] expects 1
          %1 = moe_tile.compute reads(@h[%k]) after(%0)
          moe_tile.arrive @empty[%k] after %1
        }
      }
    }
  }
  return
}

// -----

// (tile_c10)
func.func @a_worker_begins_afresh() {
  moe_tile.graph experts 2 schedule <ticket> {
    // expected-error @+1 {{expects epoch 'fresh' in scope 'worker', but got 'monotone'}}
    moe_tile.signal @s in worker epoch <monotone>
  }
  return
}

// -----

// (tile_c10)
func.func @nobody_clears_what_others_arrive_at() {
  moe_tile.graph experts 2 ranks 2 schedule <ticket> {
    %self = moe_tile.rank
    // expected-error @+1 {{expects an epoch that is not 'fresh' in scope 'system': a rank that is ahead arrives before another one has cleared its cells}}
    moe_tile.signal @s : ranks x ranks in system
    moe_tile.task @a over (%p in ranks) {
      moe_tile.arrive @s[%p, %self]
    }
  }
  return
}

// -----

// (tile_c10)
func.func @a_monotone_cell_has_one_number_of_arrivals() {
  moe_tile.graph experts 2 schedule <ticket> {
    // expected-error @+1 {{requires the arrivals at a 'monotone' cell (tokens by 32) to be the same number in each launch}}
    moe_tile.signal @s in device epoch <monotone>
    moe_tile.task @a over (%t in tokens by 32) {
      moe_tile.arrive @s
    }
  }
  return
}

// -----

// (tile_c10)
func.func @a_counter_belongs_to_one_rank() {
  moe_tile.graph experts 2 ranks 2 schedule <ticket> {
    %self = moe_tile.rank
    // expected-error @+1 {{expects arrivals of one rank at a 'self_clean' cell: one that is ahead would stand for one that is not}}
    moe_tile.signal @s : ranks in system epoch <self_clean>
    moe_tile.task @a over (%p in ranks) {
      moe_tile.arrive @s[%p]
    }
  }
  return
}

// -----

// (tile_c10)
func.func @one_wait_clears_a_cell() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.signal @s in device epoch <self_clean>
    moe_tile.task @a over () {
      moe_tile.arrive @s
    }
    moe_tile.task @b over (%n in 2) {
      // expected-error @+1 {{expects one wait for each 'self_clean' cell of 's', which it clears}}
      %0 = moe_tile.wait @s expects 1
    }
  }
  return
}

// -----

// (tile_c10)
func.func @a_stamp_is_one_arrival() {
  moe_tile.graph experts 2 schedule <ticket> {
    // expected-error @+1 {{requires the arrivals at a 'stamp' cell (2) to equal 1}}
    moe_tile.signal @s in device epoch <stamp>
    moe_tile.task @a over (%n in 2) {
      moe_tile.arrive @s
    }
  }
  return
}

// -----

// (tile_c10)
func.func @a_cycle_is_longer_than_the_skew() {
  moe_tile.graph experts 2 ranks 2 schedule <ticket> {
    %self = moe_tile.rank
    // expected-error @+1 {{requires the modulus of 'cyclic' (9) to be at least 2 more than the launches that a rank can be ahead (unbounded)}}
    moe_tile.signal @s : ranks x ranks in system epoch <cyclic(9)>
    moe_tile.task @a over (%p in ranks) {
      moe_tile.arrive @s[%p, %self]
    }
  }
  return
}

// -----

// (tile_c10)
func.func @a_cycle_has_no_gaps() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer counts @n : experts x index in device
    moe_tile.signal @s : experts x rows by 32 in device epoch <cyclic(2)>
    moe_tile.task @a over (%e in experts, %m in rows by 32) {
      // expected-error @+1 {{expects an arrival at every 'cyclic' cell in each launch, but rows by 32 may be none}}
      moe_tile.arrive @s[%e, %m]
    }
  }
  return
}

// -----

// (tile_c11)
func.func @the_last_tile_fills_the_gap() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer counts @n : experts x index in device
    moe_tile.buffer @h : experts x rows x f32 in device align 16 gap zero
    moe_tile.task @a over (%e in experts, %m in rows by 24) {
      // expected-error @+1 {{requires the step of its rows (24) to be a multiple of the alignment of 'h' (16), so that the last tile of an expert fills the gap}}
      %0 = moe_tile.compute writes(@h[%e, %m])
    }
  }
  return
}

// -----

// (tile_c12)
func.func @what_others_reach_has_copies() {
  moe_tile.graph experts 2 ranks 2 schedule <ticket> {
    %self = moe_tile.rank
    // expected-error @+1 {{requires 'copies' (1) to exceed the launches that a rank can be ahead (1), because other ranks reach it}}
    moe_tile.buffer @h : ranks x ranks x f32 in symmetric
    moe_tile.signal @s : ranks x ranks in system epoch <stamp>
    moe_tile.task @a over (%p in ranks) {
      %0 = moe_tile.compute writes(@h[%p, %self])
      moe_tile.arrive @s[%p, %self] after %0
    }
    moe_tile.task @b over (%p in ranks) {
      %0 = moe_tile.wait @s[%self, %p] expects 1
      %1 = moe_tile.compute reads(@h[%self, %p]) after(%0)
    }
  }
  return
}

// -----

// (tile_c6)
func.func @tasks_that_add_to_the_same_are_ordered() {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer output @y : 8 x f32 in device
    moe_tile.signal @begun in device
    moe_tile.task @begin over () {
      %0 = moe_tile.compute writes(@y[*])
      moe_tile.arrive @begun after %0
    }
    moe_tile.task @add over (%e in experts) {
      %0 = moe_tile.wait @begun expects 1
      // expected-error @+1 {{expects tokens that order it after its step before 'y'}}
      %1 = moe_tile.compute updates(@y[*]) after(%0)
    }
  }
  return
}
