// One case per constraint of the ops and attributes; the function's name says the rule.
// RUN: moe-opt %s --split-input-file --verify-diagnostics

// (graph_c1)
func.func @rows_need_counts() {
  // expected-error @+1 {{expects a buffer of counts where there are 'rows'}}
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.buffer @h : experts x rows x f32 in device
  }
  return
}

// -----

// (graph_c1)
func.func @counts_are_one_buffer() {
  // expected-error @+1 {{expects one buffer of counts, but got 'a' and 'b'}}
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.buffer counts @a : experts x index in device
    moe_tile.buffer counts @b : experts x index in device
  }
  return
}

// -----

// (graph_c2)
func.func @names_of_tasks_differ() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.task @a over () {
    }
    // expected-error @+1 {{expects a name of its own, but got 'a' again}}
    moe_tile.task @a  over () {
    }
  }
  return
}

// -----

// (dims_c1)
func.func @sizes_are_positive() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects a positive size, but got 0}}
    moe_tile.buffer @a : 0 x f32 in device
  }
  return
}

// -----

// (dims_c1)
func.func @steps_are_positive() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects a positive step, but got 0}}
    moe_tile.buffer @a : 8 by 0 x f32 in device
  }
  return
}

// -----

// (dims_c1)
func.func @numbers_of_arrivals_are_positive() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.signal @a in device
    // expected-error @+1 {{expects a positive size, but got -1}}
    %0 = moe_tile.wait @a expects 1 + 2 * -1
  }
  return
}

// -----

// (dims_c1)
func.func @steps_of_arrivals_are_positive() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.signal @a in device
    // expected-error @+1 {{expects a positive step, but got 0}}
    %0 = moe_tile.wait @a expects 8 by 0
  }
  return
}

// -----

func.func @products_of_arrivals_have_64_bits() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.signal @a in device
    // expected-error @+1 {{expects a number of 64 bits}}
    %0 = moe_tile.wait @a expects 4294967296 * 4294967296
  }
  return
}

// -----

func.func @sums_of_arrivals_have_64_bits() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.signal @a in device
    // expected-error @+1 {{expects a number of 64 bits}}
    %0 = moe_tile.wait @a expects 9223372036854775807 + 1
  }
  return
}

// -----

// (dims_c1)
func.func @experts_come_one_by_one() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects a step of 1 for 'experts', but got 2}}
    moe_tile.task @a over (%e in experts by 2) {
    }
  }
  return
}

// -----

// (epoch_c1)
func.func @a_cycle_has_two_stamps() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects a modulus of at least 2 with 'cyclic', but got 1}}
    moe_tile.signal @a in device epoch <cyclic(1)>
  }
  return
}

// -----

// (epoch_c1)
func.func @a_modulus_is_that_of_a_cycle() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects a modulus with 'cyclic' alone, but got 'stamp'}}
    moe_tile.signal @a in device epoch <stamp(3)>
  }
  return
}

// -----

// (schedule_c1)
func.func @no_negative_workers() {
  // expected-error @+1 {{expects no negative number of workers, but got -1}}
  moe_tile.graph experts 4 schedule <ticket workers -1> {

  }
  return
}

// -----

// (schedule_c1)
func.func @no_negative_lags() {
  // expected-error @+1 {{expects no negative lag, but got -2}}
  moe_tile.graph experts 4 schedule <ticket sweep = [-2]> {
  }
  return
}

// -----

// (schedule_c2)
func.func @batches_are_of_some_steps() {
  // expected-error @+1 {{expects a batch of a positive number of steps, and of more than 1 under a sweep alone, but got 0}}
  moe_tile.graph experts 4 schedule <ticket sweep = [0] batch 0> {
  }
  return
}

// -----

// (schedule_c2)
func.func @batches_are_of_a_sweep() {
  // expected-error @+1 {{expects a batch of a positive number of steps, and of more than 1 under a sweep alone, but got 2}}
  moe_tile.graph experts 4 schedule <ticket batch 2> {
  }
  return
}

// -----

// (buffer_c1)
func.func @rows_follow_experts() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects 'rows' after 'experts' in a shape, but got #moe_tile.dims<rows>}}
    moe_tile.buffer @a : rows x f32 in device
  }
  return
}

// -----

// (buffer_c1)
func.func @experts_occur_once_with_rows() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects 'experts x rows' once in a shape, but got #moe_tile.dims<experts x experts x rows>}}
    moe_tile.buffer @a : experts x experts x rows x f32 in device
  }
  return
}

// -----

// (buffer_c2)
func.func @symmetric_memory_is_somebodys() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects a symmetric buffer to begin with 'ranks', but got #moe_tile.dims<64>}}
    moe_tile.buffer @a : 64 x f32 in symmetric
  }
  return
}

// -----

// (buffer_c3)
func.func @counts_are_indices_of_experts() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects counts to be 'experts x index in device', but got #moe_tile.dims<experts> of 'i32' in device}}
    moe_tile.buffer counts @a : experts x i32 in device
  }
  return
}

// -----

// (buffer_c4)
func.func @an_alignment_is_that_of_rows() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects 'rows' where there is an alignment, but got #moe_tile.dims<64>}}
    moe_tile.buffer @a : 64 x f32 in device align 16 gap zero
  }
  return
}

// -----

// (buffer_c4)
func.func @an_alignment_makes_gaps() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.buffer counts @n : experts x index in device
    // expected-error @+1 {{requires 'align' (16) to be above 1 where and only where 'gap' (none) is undef or zero}}
    moe_tile.buffer @a : experts x rows x f32 in device align 16
  }
  return
}

// -----

// (buffer_c5)
func.func @a_ring_has_a_fixed_number_of_entries() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects a ring to begin with a fixed size, or with 'experts x rows' or 'tokens' under a sweep of these, but got #moe_tile.dims<tokens>}}
    moe_tile.buffer @a : tokens x f32 in worker ring 2
  }
  return
}

// -----

// (graph_c3)
func.func @a_token_sweep_is_of_families_that_use_a_ring_of_tokens() {
  // expected-error @+1 {{requires the number of lags of its token sweep (1) to equal that of tasks that use rings of 'tokens' (0)}}
  moe_tile.graph experts 4 schedule <ticket token_sweep = [0]> {
    moe_tile.task @a over (%t in tokens by 32) {
    }
  }
  return
}

// -----

// (graph_c3)
func.func @families_of_a_sweep_have_the_same_tiles() {
  moe_tile.graph experts 4 schedule <ticket sweep = [0, 1]> {
    moe_tile.buffer counts @n : experts x index in device
    moe_tile.task @a over (%e in experts, %m in rows by 32) {
    }
    // expected-error @+1 {{expects the tiles of rows of the sweep's first task, but got #moe_tile.dims<experts x rows by 16>}}
    moe_tile.task @b over (%e in experts, %m in rows by 16) {
    }
  }
  return
}

// -----

func.func @work_stands_in_tasks() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{'arith.constant' op expects to stand within a task}}
    %0 = arith.constant 0 : index
  }
  return
}

// -----

// (buffer_c6)
func.func @memory_has_the_rank_of_the_shape() {
  %m = memref.alloc() : memref<4x4xf32>
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.buffer counts @n : experts x index in device
    // expected-error @+1 {{requires 'memory' ('memref<4x4xf32>') to have rank 1 and elements of 'f32'}}
    moe_tile.buffer @a : experts x rows x f32 in device from %m : memref<4x4xf32>
  }
  return
}

// -----

// (buffer_c7)
func.func @a_result_is_in_no_workers_memory() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects an output to be one array that all tasks of a rank see, but got memory of a worker}}
    moe_tile.buffer output @y : 64 x f32 in worker
  }
  return
}

// -----

// (buffer_c7)
func.func @an_argument_is_no_ring() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects an input to be one array that all tasks of a rank see, but got a ring}}
    moe_tile.buffer input @x : 64 x f32 in device ring 2
  }
  return
}

// -----

// (buffer_c7)
func.func @a_result_has_no_copies() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects an output to be one array that all tasks of a rank see, but got copies}}
    moe_tile.buffer output @y : 64 x f32 in device copies 2
  }
  return
}

// -----

// (signal_c1)
func.func @cells_of_all_ranks_are_somebodys() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects a signal of system scope to begin with 'ranks', but got #moe_tile.dims<experts>}}
    moe_tile.signal @a : experts in system
  }
  return
}

// -----

// (signal_c2)
func.func @cells_of_rows_are_those_of_experts() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects 'rows' after 'experts' in a shape, but got #moe_tile.dims<rows by 32>}}
    moe_tile.signal @a : rows by 32 in device
  }
  return
}

// -----

// (task_c2)
func.func @rows_are_those_of_an_expert() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.buffer counts @n : experts x index in device
    // expected-error @+1 {{expects 'rows' within a dimension 'experts'}}
    moe_tile.task @a over (%m in rows by 32) {
    }
  }
  return
}

// -----

// (task_c2)
func.func @there_is_one_expert() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects one dimension 'experts', but got two}}
    moe_tile.task @a over (%e in experts, %f in experts) {
    }
  }
  return
}

// -----

// (for_c1)
func.func @walked_rows_are_those_of_an_expert() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.buffer counts @n : experts x index in device
    moe_tile.task @a over () {
      // expected-error @+1 {{expects 'rows' within a dimension 'experts'}}
      moe_tile.for %m in rows {
      }
    }
  }
  return
}

// -----

// (for_c2)
func.func @a_walk_yields_what_it_carries() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.task @a over () {
      %0 = moe_tile.compute
      // expected-error @+1 {{requires the number of yielded tokens (0) to equal that of carried ones (1)}}
      %1 = moe_tile.for %k in 4 carry (%t = %0) {
        moe_tile.yield
      }
    }
  }
  return
}

// -----

// (task_c1)
func.func @a_task_has_an_index_for_each_dimension() {
  moe_tile.graph experts 4 schedule <ticket> {
    // expected-error @+1 {{expects an index for each of 1 dimensions as arguments of its body}}
    "moe_tile.task"() <{domain = #moe_tile.dims<4>, name = "a"}> ({
    ^bb0(%n: i32):
    }) : () -> ()
  }
  return
}

// -----

// (for_c1)
func.func @a_walk_is_along_one_dimension() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.task @a over () {
      // expected-error @+1 {{expects one dimension, but got #moe_tile.dims<4 x 2>}}
      "moe_tile.for"() <{dim = #moe_tile.dims<4 x 2>}> ({
      ^bb0(%k: index):
        moe_tile.yield
      }) : () -> ()
    }
  }
  return
}

// -----

// (for_c2)
func.func @a_walk_has_an_index() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.task @a over () {
      // expected-error @+1 {{expects an index and 0 tokens as arguments of its body}}
      "moe_tile.for"() <{dim = #moe_tile.dims<4>}> ({
      ^bb0:
        moe_tile.yield
      }) : () -> ()
    }
  }
  return
}

// -----

// (wait_c1)
func.func @a_wait_names_a_signal() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.buffer input @s : 8 x f32 in device
    moe_tile.task @a over () {
      // expected-error @+1 {{expects a signal of the graph, but got 's'}}
      %0 = moe_tile.wait @s[0] expects 1
    }
  }
  return
}

// -----

// (wait_c1)
func.func @a_cell_has_an_index_for_each_dimension() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.signal @s : 8 by 2 in device
    moe_tile.task @a over () {
      // expected-error @+1 {{requires the number of indices (0) to equal that of the dimensions of signal 's' (1)}}
      %0 = moe_tile.wait @s expects 1
    }
  }
  return
}

// -----

// (wait_c1)
func.func @a_cell_is_one() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.signal @s : 8 by 2 in device
    moe_tile.task @a over () {
      // expected-error @+1 {{expects an index of one cell for dimension #0 of signal 's', but got '*'}}
      %0 = moe_tile.wait @s[*] expects 1
    }
  }
  return
}

// -----

// (wait_c1)
func.func @a_cell_exists() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.signal @s : 8 by 2 in device
    moe_tile.task @a over () {
      // expected-error @+1 {{requires index #0 (4) to lie within dimension #0 of signal 's' (8 by 2)}}
      %0 = moe_tile.wait @s[4] expects 1
    }
  }
  return
}

// -----

// (wait_c1)
func.func @an_index_has_the_step_of_the_cells() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.signal @s : 8 by 2 in device
    moe_tile.task @a over (%n in 8 by 4) {
      // expected-error @+1 {{requires index #0 (over 8 by 4) to run over dimension #0 of signal 's' (8 by 2)}}
      %0 = moe_tile.wait @s[%n] expects 1
    }
  }
  return
}

// -----

// (wait_c1)
func.func @an_index_is_one_of_the_graph() {
  %c = arith.constant 1 : index
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.signal @s : 8 by 2 in device
    moe_tile.task @a over () {
      // expected-error @+1 {{expects indices of tasks, walks and the rank, but got another value for dimension #0 of signal 's'}}
      %0 = moe_tile.wait @s[%c] expects 1
    }
  }
  return
}

// -----

// (wait_c1)
func.func @steps_behind_are_counted_in_a_fixed_dimension() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.signal @s : experts in device
    moe_tile.task @a over (%e in experts) {
      // expected-error @+1 {{expects a leading dimension of fixed size, or the items of a sweep, in signal 's' where there is 'behind'}}
      %0 = moe_tile.wait @s[%e] behind 1 expects 1
    }
  }
  return
}

// -----

// (wait_c2)
func.func @expected_rows_are_those_of_an_expert() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.signal @s in device
    moe_tile.task @a over () {
      // expected-error @+1 {{expects 'rows' of an expert's cell, or a product with 'experts', but signal 's' has no dimension 'experts'}}
      %0 = moe_tile.wait @s expects rows by 32
    }
  }
  return
}

// -----

// (arrive_c1)
func.func @an_arrival_names_a_signal() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.task @a over () {
      // expected-error @+1 {{expects a signal of the graph, but got 's'}}
      moe_tile.arrive @s
    }
  }
  return
}

// -----

// (compute_c1)
func.func @accesses_are_reads_updates_writes() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.buffer input @x : 8 x 4 x f32 in device
    moe_tile.buffer @y : 8 x 4 x f32 in device
    moe_tile.task @a over () {
      // expected-error @+1 {{expects reads, then updates, then writes, but got 'read' after 'write'}}
      %0 = "moe_tile.compute"() <{accesses = [#moe_tile.access<write, @y[*, *]>, #moe_tile.access<read, @x[*, *]>], operandSegmentSizes = array<i32: 0, 0>}> ({}) : () -> !moe_tile.token
    }
  }
  return
}

// -----

// (compute_c1)
func.func @every_index_operand_has_a_place() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.buffer input @x : 8 x 4 x f32 in device
    moe_tile.buffer @y : 8 x 4 x f32 in device
    moe_tile.task @a over (%n in 8) {
      // expected-error @+1 {{requires the number of index operands (1) to equal that of places in accesses (0)}}
      %0 = "moe_tile.compute"(%n) <{accesses = [#moe_tile.access<read, @x[*, *]>], operandSegmentSizes = array<i32: 1, 0>}> ({}) : (index) -> !moe_tile.token
    }
  }
  return
}

// -----

// (compute_c2)
func.func @an_access_names_a_buffer() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.signal @s : 8 by 2 in device
    moe_tile.task @a over () {
      // expected-error @+1 {{expects a buffer of the graph, but got 's'}}
      %0 = moe_tile.compute reads(@s[*])
    }
  }
  return
}

// -----

// (compute_c2)
func.func @an_index_counts_what_its_dimension_counts() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.buffer input @x : 8 x 4 x f32 in device
    moe_tile.buffer @y : 8 x 4 x f32 in device
    moe_tile.task @a over (%n in 4) {
      // expected-error @+1 {{requires index #0 (over 4) to run over dimension #0 of buffer 'x' (8)}}
      %0 = moe_tile.compute reads(@x[%n, *])
    }
  }
  return
}

// -----

// (compute_c3)
func.func @all_experts_go_with_all_rows() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.buffer counts @n : experts x index in device
    moe_tile.buffer @h : experts x rows x f32 in device
    moe_tile.task @a over (%e in experts, %m in rows by 32) {
      // expected-error @+1 {{expects all rows with all experts in buffer 'h'}}
      %0 = moe_tile.compute reads(@h[*, %m])
    }
  }
  return
}

// -----

// (compute_c4)
func.func @a_view_has_the_rank_of_the_region() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.buffer input @x : 8 x 4 x f32 in device
    moe_tile.buffer @y : 8 x 4 x f32 in device
    moe_tile.task @a over (%n in 8) {
      // expected-error @+1 {{requires body argument #0 ('memref<1x4xf32>') to have rank 1 and elements of 'f32'}}
      %0 = moe_tile.compute reads(%v = @x[%n, *] : memref<1x4xf32>) {
      }
    }
  }
  return
}

// -----

// (compute_c4)
func.func @a_body_has_a_view_of_each_region() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.buffer input @x : 8 x 4 x f32 in device
    moe_tile.buffer @y : 8 x 4 x f32 in device
    moe_tile.task @a over () {
      // expected-error @+1 {{requires the number of body arguments (0) to equal that of accesses (1)}}
      %0 = "moe_tile.compute"() <{accesses = [#moe_tile.access<read, @x[*, *]>], operandSegmentSizes = array<i32: 0, 0>}> ({
      ^bb0:
      }) : () -> !moe_tile.token
    }
  }
  return
}

// -----

// (compute_c5)
func.func @inputs_are_read_alone() {
  moe_tile.graph experts 4 schedule <ticket> {
    moe_tile.buffer input @x : 8 x 4 x f32 in device
    moe_tile.buffer @y : 8 x 4 x f32 in device
    moe_tile.task @a over () {
      // expected-error @+1 {{expects reads alone of input 'x'}}
      %0 = moe_tile.compute writes(@x[*, *])
    }
  }
  return
}
