//===- MoETileBase.td - the moe_tile dialect ------------------------------===//
#ifndef MOE_DIALECT_MOETILE_MOETILEBASE_TD
#define MOE_DIALECT_MOETILE_MOETILEBASE_TD

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def MoETile_Dialect : Dialect {
  let name = "moe_tile";
  let cppNamespace = "::moe::tile";
  let summary = "Task graphs of Mixture-of-Experts layers";
  let description = [{
    How a layer is cut into tile tasks, what each of them reads and writes, and what it waits for. One `graph` is what one launch does on every rank;
    `task` families run over domains whose bounds are data (rows per expert); `buffer` and `signal` are what tasks share; `wait`, `compute` and
    `arrive` are what they do. Sizes are never computed in the IR: a dimension names what it counts (`experts`, `rows`, `tokens`, `ranks` or a number) and the
    step of its tiles, so that bounds, regions and arrival counts can be compared as text.

    `rows` are the rows that the launch routed to one expert: of the expert that the same domain runs over, or that the same index list selects.

    Order inside of a task is that of its tokens alone: a `compute` happens after what its tokens stand for, and an `arrive` publishes what its tokens stand
    for. What an index list leaves out of the text, `*`, is the whole dimension.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerTypes();
  }];
}

class MoETile_Enum<string name, string summary, list<I32EnumCase> cases> : I32Enum<name, summary, cases> {
  let cppNamespace = "::moe::tile";
}

def MoETile_Extent : MoETile_Enum<"Extent", "what a dimension counts", [
  I32EnumCase<"Static", 0, "static">, I32EnumCase<"Ranks", 1, "ranks">, I32EnumCase<"Experts", 2, "experts">, I32EnumCase<"Rows", 3, "rows">,
  I32EnumCase<"Tokens", 4, "tokens">]>;

def MoETile_Space : MoETile_Enum<"Space", "where a buffer lives and who reaches it", [
  I32EnumCase<"Worker", 0, "worker">, I32EnumCase<"Device", 1, "device">, I32EnumCase<"Symmetric", 2, "symmetric">]>;

def MoETile_Scope : MoETile_Enum<"Scope", "among whom a signal orders memory", [
  I32EnumCase<"Worker", 0, "worker">, I32EnumCase<"Device", 1, "device">, I32EnumCase<"System", 2, "system">]>;

def MoETile_Role : MoETile_Enum<"Role", "what a buffer is to the graph", [
  I32EnumCase<"Scratch", 0, "scratch">, I32EnumCase<"Input", 1, "input">, I32EnumCase<"Output", 2, "output">, I32EnumCase<"Counts", 3, "counts">,
  I32EnumCase<"DistinctCounts", 4, "distinct_counts">]>;

def MoETile_Gap : MoETile_Enum<"Gap", "what rows between an expert's last one and the next aligned one hold", [
  I32EnumCase<"None", 0, "none">, I32EnumCase<"Undef", 1, "undef">, I32EnumCase<"Zero", 2, "zero">]>;

def MoETile_Mode : MoETile_Enum<"Mode", "what a computation does with a region", [
  I32EnumCase<"Read", 0, "read">, I32EnumCase<"Update", 1, "update">, I32EnumCase<"Write", 2, "write">]>;

def MoETile_EpochKind : MoETile_Enum<"EpochKind", "how a signal's cells tell one launch from the next", [
  I32EnumCase<"Fresh", 0, "fresh">, I32EnumCase<"Monotone", 1, "monotone">, I32EnumCase<"Stamp", 2, "stamp">, I32EnumCase<"Cyclic", 3, "cyclic">,
  I32EnumCase<"SelfClean", 4, "self_clean">]>;

def MoETile_ScheduleKind : MoETile_Enum<"ScheduleKind", "how workers come to their tasks", [
  I32EnumCase<"Ticket", 0, "ticket">, I32EnumCase<"StaticWave", 1, "static_wave">, I32EnumCase<"PerWorkerQueue", 2, "per_worker_queue">,
  I32EnumCase<"CentralOS", 3, "central_os">]>;

def MoETile_SpaceAttr : EnumAttr<MoETile_Dialect, MoETile_Space, "space">;
def MoETile_ScopeAttr : EnumAttr<MoETile_Dialect, MoETile_Scope, "scope">;
def MoETile_RoleAttr : EnumAttr<MoETile_Dialect, MoETile_Role, "role">;
def MoETile_GapAttr : EnumAttr<MoETile_Dialect, MoETile_Gap, "gap">;

#endif // MOE_DIALECT_MOETILE_MOETILEBASE_TD
