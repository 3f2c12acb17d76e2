// Sound graphs run under every schedule; a finding says what replays it.
// RUN: moe-opt %S/../Dialect/MoETile/Inputs/layer.mlir --moe-interpret-tile='runs=5' 2>&1 | FileCheck %s --check-prefix=RANDOM
// RUN: moe-opt %S/../Dialect/MoETile/Inputs/layer.mlir --moe-interpret-tile='runs=2 launches=3 tokens=33 rows=33,0,1,32 workers=3 resident=1' 2>&1 | FileCheck %s --check-prefix=GIVEN
// RUN: moe-opt %S/../Dialect/MoETile/Inputs/exchange.mlir --moe-interpret-tile='schedule=central_os workers=4 resident=4' 2>&1 | FileCheck %s --check-prefix=CENTRAL
// RUN: not moe-opt %S/../Dialect/MoETile/Inputs/layer.mlir --moe-interpret-tile='schedule=central_os workers=4 resident=3 tokens=8 rows=4,4,4,4' 2>&1 | FileCheck %s --check-prefix=STARVED
// RUN: not moe-opt %S/../Dialect/MoETile/Inputs/layer.mlir --moe-interpret-tile='schedule=best' 2>&1 | FileCheck %s --check-prefix=SCHEDULE
// RUN: not moe-opt %S/../Dialect/MoETile/Inputs/layer.mlir --moe-interpret-tile='rows=1,2' 2>&1 | FileCheck %s --check-prefix=ROWS
// RUN: moe-opt %S/../Dialect/MoETile/Inputs/layer.mlir --moe-interpret-tile='max-tokens=0 runs=3 launches=1' 2>&1 | FileCheck %s --check-prefix=IDLE
// RUN: not moe-opt %S/../Dialect/MoETile/Inputs/layer.mlir --moe-interpret-tile='max-tokens=-1' 2>&1 | FileCheck %s --check-prefix=NEGATIVE -DOPTION=max-tokens
// RUN: not moe-opt %S/../Dialect/MoETile/Inputs/layer.mlir --moe-interpret-tile='workers=-1' 2>&1 | FileCheck %s --check-prefix=NEGATIVE -DOPTION=workers
// RUN: not moe-opt %S/../Dialect/MoETile/Inputs/layer.mlir --moe-interpret-tile='resident=-1' 2>&1 | FileCheck %s --check-prefix=NEGATIVE -DOPTION=resident
// RUN: not moe-opt %S/../Dialect/MoETile/Inputs/layer.mlir --moe-interpret-tile='rows=1,1,-1,1' 2>&1 | FileCheck %s --check-prefix=NEGATIVE -DOPTION=rows
// RUN: moe-opt %s --verify-diagnostics --moe-interpret-tile='seed=40'

// RANDOM: layer.mlir:3:{{.*}} remark: ran 5 times 4 launches: {{[1-9][0-9]+}} tasks
// route 2, order 1, gather 4, up 12, down 8, combine 4: six launches.
// GIVEN: remark: ran 2 times 3 launches: 186 tasks
// CENTRAL: remark: ran 20 times 4 launches: 640 tasks
// STARVED: layer.mlir:3:{{.*}} error: deadlock: no worker can go on: the one that hands out tasks is not resident, or has no task that is ready
// STARVED: note: replay with seed=0 runs=1
// SCHEDULE: error: expects ticket, static_wave, per_worker_queue or central_os as a schedule, but got 'best'
// ROWS: error: 'moe_tile.graph' op requires the number of rows given (2) to equal that of its experts (4)
// Without tokens, what is left is the one task that orders.
// IDLE: remark: ran 3 times 1 launches: 3 tasks
// NEGATIVE: error: expects option '[[OPTION]]' not to be negative, but got -1

func.func @waits_for_too_much() {
  // expected-note @+1 {{replay with seed=40 runs=1}}
  moe_tile.graph experts 1 schedule <ticket> {
    moe_tile.signal @s : 4 in device
    moe_tile.task @a over (%n in 4) {
      moe_tile.arrive @s[%n]
    }
    moe_tile.task @b over (%n in 4) {
      // expected-error @+1 {{deadlock: no worker can go on: task 'b' (0), rank 0, launch 0 waits for 2 arrivals at 's'[0], which has 1}}
      %0 = moe_tile.wait @s[%n] expects 2
    }
  }
  return
}
