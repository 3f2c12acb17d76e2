// Calls: reshape, bind, run, results.
#include "Environment.h"
#include "Module.h"
#include "Status.h"

#include <atomic>

using namespace moe::rt;

namespace {

struct InputSlot {
  std::vector<int64_t> dims;
  int64_t bytes = 0;
  const void *data = nullptr;
  bool bound = false;
};

struct OutputSlot {
  std::vector<int64_t> dims; ///< expected; MOE_DIM_DYNAMIC
  void *data = nullptr;      ///< bound memory, or NULL: the runtime's
  size_t capacity = 0;
  std::vector<int64_t> resultDims;
  const void *result = nullptr;
  size_t resultBytes = 0;
};

} // namespace

struct moe_call_impl {
  moe_call_impl(moe_entry_t entry)
      : module(retain(entry->module)), entry(entry), pool(*module->instance),
        inputs(entry->inputs.size()), outputs(entry->outputs.size()),
        inputBuffers(inputs.size()), outputBuffers(outputs.size()) {
    for (size_t i = 0; i < outputs.size(); ++i)
      outputs[i].resultDims.resize(entry->outputs[i].info.rank);
  }

  moe_module_t module; ///< released by moeRuntimeCallRelease
  moe_entry_t entry;
  Pool pool;
  std::vector<InputSlot> inputs;
  std::vector<OutputSlot> outputs;
  std::vector<moe_buffer_v1> inputBuffers;
  std::vector<moe_buffer_v1> outputBuffers;
  bool shaped = false;
  bool hasResult = false;
  std::atomic<bool> inUse{false};
};

namespace {

/// Turns use of one call by two threads at once into an error.
class Use {
public:
  explicit Use(moe_call_t call) : call(call) {
    requireArgument(call, "a function of a call expects a call, but got NULL");
    requireArgument(!call->inUse.exchange(true, std::memory_order_acquire),
                    "the call is in use by another thread; create one call "
                    "for each thread");
  }
  ~Use() { call->inUse.store(false, std::memory_order_release); }
  Use(const Use &) = delete;
  Use &operator=(const Use &) = delete;

private:
  moe_call_t call;
};

} // namespace

/// Text such as "output 'y'".
static std::string outputText(moe_call_t call, size_t index) {
  return std::string("output '") + call->entry->outputs[index].info.name + "'";
}

static void checkIndex(size_t index, size_t count, const char *kind) {
  if (index >= count)
    throw Error(MOE_STATUS_INVALID_ARGUMENT,
                std::string("requires the index of an ") + kind + " (" +
                    std::to_string(index) + ") to be below their number (" +
                    std::to_string(count) + ")");
}

/// The declaration of output `index`; an error where the model has none.
static const moe_argument_t &outputInfo(moe_call_t call, uint32_t index) {
  checkIndex(index, call->outputs.size(), "output");
  return call->entry->outputs[index].info;
}

static void requireShape(moe_call_t call) {
  requireArgument(call->shaped, "the call has no input shapes yet; set them "
                                "with moeRuntimeCallReshape");
}

static void requireAligned(const void *data, moe_dtype_t dtype,
                           const std::string &place) {
  if (reinterpret_cast<uintptr_t>(data) % moeRuntimeDtypeSize(dtype) != 0)
    throw Error(MOE_STATUS_INVALID_ARGUMENT,
                place + " requires its address to be a multiple of " +
                    std::to_string(moeRuntimeDtypeSize(dtype)) +
                    " bytes for elements of type " +
                    moeRuntimeDtypeName(dtype));
}

moe_status_t moeRuntimeCallCreate(moe_entry_t entry, moe_call_t *call) {
  return guard([&] {
    requireArgument(entry && call, "moeRuntimeCallCreate expects an entry and "
                                   "a place for the call, but got NULL");
    requireArgument(!entry->module->describeOnly,
                    "moeRuntimeCallCreate expects a module that was not loaded "
                    "with MOE_LOAD_DESCRIBE_ONLY");
    *call = new moe_call_impl(entry);
  });
}

void moeRuntimeCallRelease(moe_call_t call) {
  if (!call)
    return;
  moe_module_t module = call->module;
  delete call; // gives memory back through the module's instance
  moeRuntimeModuleRelease(module);
}

moe_status_t moeRuntimeCallReshape(moe_call_t call,
                                   const moe_tensor_type_t *inputs,
                                   uint32_t count) {
  return guard([&] {
    Use use(call);
    call->shaped = false;
    std::vector<std::optional<int64_t>> symbols =
        solveSymbols(*call->entry, inputs, count);
    for (size_t i = 0; i < count; ++i) {
      InputSlot &slot = call->inputs[i];
      slot.dims.assign(inputs[i].dims, inputs[i].dims + inputs[i].rank);
      slot.bytes =
          *tensorBytes(inputs[i].dtype, inputs[i].dims, inputs[i].rank);
      slot.data = nullptr;
      slot.bound = false;
    }
    for (size_t i = 0; i < call->outputs.size(); ++i) {
      OutputSlot &slot = call->outputs[i];
      const moe_argument_v1 &argument = *call->entry->outputs[i].raw;
      slot.data = nullptr;
      slot.capacity = 0;
      slot.dims.resize(argument.rank);
      for (uint32_t d = 0; d < argument.rank; ++d) {
        slot.dims[d] =
            evaluateDim(argument.dims[d], symbols).value_or(MOE_DIM_DYNAMIC);
        if (slot.dims[d] < MOE_DIM_DYNAMIC)
          throw Error(MOE_STATUS_INVALID_ARGUMENT,
                      outputText(call, i) + " has type " +
                          call->entry->outputs[i].text +
                          ", of which dimension #" + std::to_string(d) +
                          " would be " + std::to_string(slot.dims[d]) +
                          " for these inputs");
      }
    }
    call->shaped = true;
  });
}

moe_status_t moeRuntimeCallOutputType(moe_call_t call, uint32_t index,
                                      moe_tensor_type_t *type) {
  return guard([&] {
    Use use(call);
    requireArgument(type, "moeRuntimeCallOutputType expects a place for the "
                          "type, but got NULL");
    const moe_argument_t &info = outputInfo(call, index);
    requireShape(call);
    *type = {info.dtype, info.rank, call->outputs[index].dims.data()};
  });
}

moe_status_t moeRuntimeCallBindInput(moe_call_t call, uint32_t index,
                                     const void *data, size_t bytes) {
  return guard([&] {
    Use use(call);
    checkIndex(index, call->inputs.size(), "input");
    requireShape(call);
    InputSlot &slot = call->inputs[index];
    const moe_argument_t &info = call->entry->inputs[index].info;
    std::string place = std::string("input '") + info.name + "'";
    if (bytes != static_cast<size_t>(slot.bytes))
      throw Error(MOE_STATUS_INVALID_ARGUMENT,
                  place + " expects " + std::to_string(slot.bytes) +
                      " bytes for " +
                      typeText(info.dtype, slot.dims.data(), info.rank) +
                      ", but got " + std::to_string(bytes));
    if (!data && bytes > 0)
      throw Error(MOE_STATUS_INVALID_ARGUMENT,
                  place + " expects a pointer, but got NULL");
    requireAligned(data, info.dtype, place);
    slot.data = data;
    slot.bound = true;
  });
}

moe_status_t moeRuntimeCallBindOutput(moe_call_t call, uint32_t index,
                                      void *data, size_t capacity) {
  return guard([&] {
    Use use(call);
    const moe_argument_t &info = outputInfo(call, index);
    requireShape(call);
    OutputSlot &slot = call->outputs[index];
    bool known = true;
    for (int64_t dim : slot.dims)
      known &= dim != MOE_DIM_DYNAMIC;
    if (data && known) {
      std::optional<int64_t> bytes =
          tensorBytes(info.dtype, slot.dims.data(), info.rank);
      if (!bytes || static_cast<size_t>(*bytes) > capacity)
        throw Error(
            MOE_STATUS_INVALID_ARGUMENT,
            outputText(call, index) + " expects room for " +
                typeText(info.dtype, slot.dims.data(), info.rank) +
                (bytes ? " (" + std::to_string(*bytes) + " bytes)" : "") +
                ", but got " + std::to_string(capacity) + " bytes");
    }
    slot.data = data;
    slot.capacity = data ? capacity : 0;
  });
}

[[noreturn]] static void brokenOutput(moe_call_t call, size_t index,
                                      const std::string &problem) {
  throw Error(MOE_STATUS_INTERNAL,
              outputText(call, index) +
                  " does not hold what the model promised: " + problem +
                  "; this is a defect of the compiler");
}

/// Takes over what the entry point left in output buffer `index`.
static void takeOutput(moe_call_t call, size_t index) {
  OutputSlot &slot = call->outputs[index];
  const moe_buffer_v1 &buffer = call->outputBuffers[index];
  const Argument &argument = call->entry->outputs[index];
  uint32_t rank = argument.info.rank;
  moe_dtype_t dtype = argument.info.dtype;
  const int64_t *dims = slot.resultDims.data();
  for (uint32_t d = 0; d < rank; ++d)
    if (dims[d] < 0 ||
        (slot.dims[d] != MOE_DIM_DYNAMIC && slot.dims[d] != dims[d]))
      brokenOutput(call, index,
                   "expects " + typeText(dtype, slot.dims.data(), rank) +
                       ", but got " + typeText(dtype, dims, rank));
  std::optional<int64_t> bytes = tensorBytes(dtype, dims, rank);
  if (!bytes)
    brokenOutput(call, index, "its size does not fit into 64 bits");
  size_t size = static_cast<size_t>(*bytes);
  if (size > 0 && !(slot.data ? call->pool.owns(buffer.data, size)
                              : call->pool.makeResult(buffer.data, size)))
    brokenOutput(call, index, "its data is not memory of this run");
  slot.result = size > 0 ? buffer.data : nullptr;
  slot.resultBytes = size;
  if (!slot.data)
    return;
  if (size > slot.capacity)
    throw Error(MOE_STATUS_INVALID_ARGUMENT,
                outputText(call, index) + " expects room for " +
                    typeText(dtype, dims, rank) + " (" + std::to_string(size) +
                    " bytes), but is bound to " +
                    std::to_string(slot.capacity) + " bytes");
  if (size > 0)
    std::memcpy(slot.data, buffer.data, size);
  slot.result = slot.data;
}

moe_status_t moeRuntimeCallRun(moe_call_t call) {
  return guard([&] {
    Use use(call);
    requireShape(call);
    for (size_t i = 0; i < call->inputs.size(); ++i) {
      InputSlot &slot = call->inputs[i];
      const moe_argument_t &info = call->entry->inputs[i].info;
      if (!slot.bound)
        throw Error(MOE_STATUS_INVALID_ARGUMENT,
                    std::string("input '") + info.name + "' " + info.text +
                        " is not bound; bind it with moeRuntimeCallBindInput");
      call->inputBuffers[i] = {const_cast<void *>(slot.data), slot.dims.data(),
                               info.rank, info.dtype};
    }
    for (size_t i = 0; i < call->outputs.size(); ++i) {
      OutputSlot &slot = call->outputs[i];
      const moe_argument_t &info = call->entry->outputs[i].info;
      std::fill(slot.resultDims.begin(), slot.resultDims.end(),
                MOE_DIM_DYNAMIC);
      call->outputBuffers[i] = {nullptr, slot.resultDims.data(), info.rank,
                                info.dtype};
    }
    call->hasResult = false;

    RunContext context(*call->module->instance, call->pool);
    int32_t returned = 0;
    bool ended = enterRun(context, call->entry->raw->run,
                          call->inputBuffers.data(), call->outputBuffers.data(),
                          call->module->weightsData(), returned);
    try {
      if (!ended)
        throw Error(MOE_STATUS_MODEL_FAILED,
                    std::string("entry '") + call->entry->raw->name +
                        "' failed: " + context.message);
      if (returned != 0)
        throw Error(MOE_STATUS_INTERNAL, std::string("entry '") +
                                             call->entry->raw->name +
                                             "' expects to return 0, but got " +
                                             std::to_string(returned));
      for (size_t i = 0; i < call->outputs.size(); ++i)
        takeOutput(call, i);
    } catch (...) {
      call->pool.endRun(/*succeeded=*/false);
      throw;
    }
    call->pool.endRun(/*succeeded=*/true);
    call->hasResult = true;
  });
}

moe_status_t moeRuntimeCallOutput(moe_call_t call, uint32_t index,
                                  moe_tensor_t *tensor) {
  return guard([&] {
    Use use(call);
    requireArgument(tensor, "moeRuntimeCallOutput expects a place for the "
                            "tensor, but got NULL");
    const moe_argument_t &info = outputInfo(call, index);
    requireArgument(call->hasResult, "the call has no result: it has not run, "
                                     "or its last run failed");
    const OutputSlot &slot = call->outputs[index];
    *tensor = {{info.dtype, info.rank, slot.resultDims.data()},
               slot.result,
               slot.resultBytes};
  });
}

moe_status_t moeRuntimeCallMemory(moe_call_t call, moe_memory_stats_t *stats) {
  return guard([&] {
    requireArgument(call && stats, "moeRuntimeCallMemory expects a call and a "
                                   "place for the numbers, but got NULL");
    moe_memory_stats_t known = {};
    known.struct_size = stats->struct_size;
    call->pool.readStats(known);
    std::memcpy(stats, &known, std::min(stats->struct_size, sizeof(known)));
  });
}

void moeRuntimeCallTrim(moe_call_t call) {
  if (call)
    call->pool.trim();
}
