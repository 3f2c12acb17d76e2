// Emits what the runtime sees of a compiled model: descriptions as constants,
// the entry wrapper and the calls of the environment.
#include "ArtefactABI.h"
#include "moe-rt/abi.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace moe;

/// The producer string of the module description.
static constexpr const char *producer = "moec 0.1.0";

ABITypes::ABITypes(LLVMContext &context) {
  Type *p = PointerType::get(context, 0);
  Type *i8 = Type::getInt8Ty(context);
  Type *i32 = Type::getInt32Ty(context);
  Type *i64 = Type::getInt64Ty(context);
  auto reserved = [&](unsigned words) { return ArrayType::get(i64, words); };
  buffer = StructType::create({p, p, i32, i32}, "moe_buffer_v1");
  environment = StructType::create({i32, i32, p, p, p, p, p, reserved(3)},
                                   "moe_environment_v1");
  dim = StructType::create({i64, p}, "moe_dim_v1");
  argument =
      StructType::create({p, i32, i32, p, reserved(2)}, "moe_argument_v1");
  entry = StructType::create({p, p, i32, i32, i32, i32, p, p, p, reserved(4)},
                             "moe_entry_v1");
  module =
      StructType::create({i32, i32, i32, i32, i64, p, p, p, p, p, i64,
                          ArrayType::get(i8, 16), i32, i32, p, reserved(6)},
                         "moe_module_v1");
}

namespace {

/// Positions in moe_environment_v1.
enum EnvironmentField { Allocate = 2, Release, ParallelFor, Fail, Trace };

class Emitter {
public:
  Emitter(Module &module, const Interface &interface,
          const ArtefactDescription &description)
      : module(module), interface(interface), description(description),
        context(module.getContext()), types(context), builder(context),
        pointer(PointerType::get(context, 0)), i32(builder.getInt32Ty()),
        i64(builder.getInt64Ty()) {}

  void emit();

private:
  Constant *text(StringRef value);
  Constant *global(Constant *value, StringRef name);
  Constant *words(ArrayRef<int64_t> values);
  Constant *arguments(const std::vector<InterfaceArgument> &list, bool isInput);
  void emitEnvironmentCalls();
  Value *callEnvironment(EnvironmentField field, Type *result,
                         ArrayRef<Value *> operands);
  void defineCall(StringRef name, EnvironmentField field);
  Function *emitEntry();
  Function *emitShare();
  void emitQuery(Function *entry);
  StructType *descriptorType(size_t rank);

  Module &module;
  const Interface &interface;
  const ArtefactDescription &description;
  LLVMContext &context;
  ABITypes types;
  IRBuilder<> builder;
  PointerType *pointer;
  Type *i32, *i64;
  GlobalVariable *environment = nullptr;
};

Constant *Emitter::global(Constant *value, StringRef name) {
  auto *variable =
      new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                         GlobalValue::PrivateLinkage, value, name);
  return variable;
}

Constant *Emitter::text(StringRef value) {
  return global(ConstantDataArray::getString(context, value), "text");
}

Constant *Emitter::words(ArrayRef<int64_t> values) {
  SmallVector<uint64_t> bits(values.begin(), values.end());
  return global(ConstantDataArray::get(context, bits), "coefficients");
}

Constant *Emitter::arguments(const std::vector<InterfaceArgument> &list,
                             bool isInput) {
  SmallVector<Constant *> values;
  for (const InterfaceArgument &argument : list) {
    SmallVector<Constant *> dims;
    for (const InterfaceDim &dim : argument.dims) {
      bool isStatic = dim.unknown || dim.coefficients.empty();
      dims.push_back(ConstantStruct::get(
          types.dim,
          {ConstantInt::get(i64, dim.unknown ? MOE_DIM_UNKNOWN : dim.constant,
                            /*isSigned=*/true),
           isStatic ? ConstantPointerNull::get(pointer)
                    : words(dim.coefficients)}));
    }
    values.push_back(ConstantStruct::get(
        types.argument,
        {text(argument.name), ConstantInt::get(i32, argument.dtype),
         ConstantInt::get(i32, dims.size()),
         global(
             ConstantArray::get(ArrayType::get(types.dim, dims.size()), dims),
             "dims"),
         Constant::getNullValue(types.argument->getElementType(4))}));
  }
  return global(
      ConstantArray::get(ArrayType::get(types.argument, values.size()), values),
      isInput ? "inputs" : "outputs");
}

Value *Emitter::callEnvironment(EnvironmentField field, Type *result,
                                ArrayRef<Value *> operands) {
  Value *table = builder.CreateLoad(pointer, environment);
  Value *address = builder.CreateStructGEP(types.environment, table, field);
  Value *function = builder.CreateLoad(pointer, address);
  SmallVector<Type *> parameters =
      map_to_vector(operands, [](Value *value) { return value->getType(); });
  CallInst *call = builder.CreateCall(
      FunctionType::get(result, parameters, false), function, operands);
  // Fresh memory aliases nothing, which the optimiser cannot see through the
  // pointer.
  if (field == Allocate)
    call->addRetAttr(Attribute::NoAlias);
  return call;
}

/// Gives a function that generated code declares a body that calls the
/// environment.
void Emitter::defineCall(StringRef name, EnvironmentField field) {
  Function *function = module.getFunction(name);
  if (!function || !function->isDeclaration())
    return;
  function->setLinkage(GlobalValue::InternalLinkage);
  function->addFnAttr(Attribute::AlwaysInline);
  builder.SetInsertPoint(BasicBlock::Create(context, "", function));
  SmallVector<Value *> operands;
  for (Argument &argument : function->args())
    operands.push_back(&argument);
  if (field == Allocate) {
    // Generated code passes (alignment, size) or (size).
    Value *alignment =
        operands.size() == 2 ? operands.front() : builder.getInt64(64);
    operands = {operands.back(), alignment};
  }
  Value *result = callEnvironment(field, function->getReturnType(), operands);
  if (field == Fail)
    builder.CreateUnreachable();
  else if (result->getType()->isVoidTy())
    builder.CreateRetVoid();
  else
    builder.CreateRet(result);
}

void Emitter::emitEnvironmentCalls() {
  environment = new GlobalVariable(
      module, pointer, /*isConstant=*/false, GlobalValue::InternalLinkage,
      ConstantPointerNull::get(pointer), "moe_environment");
  defineCall("_mlir_memref_to_llvm_alloc", Allocate);
  defineCall("_mlir_memref_to_llvm_aligned_alloc", Allocate);
  defineCall("_mlir_memref_to_llvm_free", Release);
  defineCall("moe_parallel_for", ParallelFor);
  defineCall("moe_fail", Fail);
  defineCall("moe_trace", Trace);
}

/// The descriptor of a memref of rank `rank`: base, data, offset, sizes,
/// strides.
StructType *Emitter::descriptorType(size_t rank) {
  if (rank == 0)
    return StructType::get(context, {pointer, pointer, i64});
  Type *sizes = ArrayType::get(i64, rank);
  return StructType::get(context, {pointer, pointer, i64, sizes, sizes});
}

/// share(outputs, index, data, bytes): `data`, or a copy of it where an output
/// before `index` already has it, for the runtime owns each output by itself.
Function *Emitter::emitShare() {
  Function *function = Function::Create(
      FunctionType::get(pointer, {pointer, i64, pointer, i64}, false),
      GlobalValue::InternalLinkage, "moe_own_output", module);
  Value *outputs = function->getArg(0), *index = function->getArg(1),
        *data = function->getArg(2), *bytes = function->getArg(3);
  auto block = [&](StringRef name) {
    return BasicBlock::Create(context, name, function);
  };
  BasicBlock *start = block("start"), *loop = block("loop"),
             *check = block("check"), *next = block("next"),
             *copy = block("copy"), *done = block("done");
  builder.SetInsertPoint(start);
  builder.CreateCondBr(builder.CreateICmpEQ(bytes, builder.getInt64(0)), done,
                       loop);
  builder.SetInsertPoint(loop);
  PHINode *position = builder.CreatePHI(i64, 2);
  position->addIncoming(builder.getInt64(0), start);
  builder.CreateCondBr(builder.CreateICmpULT(position, index), check, done);
  builder.SetInsertPoint(check);
  Value *other = builder.CreateLoad(
      pointer, builder.CreateGEP(types.buffer, outputs,
                                 {position, builder.getInt32(0)}));
  builder.CreateCondBr(builder.CreateICmpEQ(other, data), copy, next);
  builder.SetInsertPoint(next);
  position->addIncoming(builder.CreateAdd(position, builder.getInt64(1)), next);
  builder.CreateBr(loop);
  builder.SetInsertPoint(copy);
  Value *fresh =
      callEnvironment(Allocate, pointer, {bytes, builder.getInt64(64)});
  builder.CreateMemCpy(fresh, Align(1), data, Align(1), bytes);
  builder.CreateRet(fresh);
  builder.SetInsertPoint(done);
  builder.CreateRet(data);
  return function;
}

/// int32_t run(const moe_buffer_v1 *inputs, moe_buffer_v1 *outputs,
///             const void *weights)
Function *Emitter::emitEntry() {
  Function *share = interface.outputs.size() > 1 ? emitShare() : nullptr;
  Function *function = Function::Create(
      FunctionType::get(i32, {pointer, pointer, pointer}, false),
      GlobalValue::InternalLinkage, "moe_entry_" + interface.entry, module);
  builder.SetInsertPoint(BasicBlock::Create(context, "", function));
  Value *inputs = function->getArg(0), *outputs = function->getArg(1),
        *weights = function->getArg(2);
  Value *zero = builder.getInt64(0);

  SmallVector<Value *> operands;
  SmallVector<Type *> resultTypes;
  for (const InterfaceArgument &output : interface.outputs)
    resultTypes.push_back(descriptorType(output.dims.size()));
  Type *resultType = resultTypes.size() == 1
                         ? resultTypes.front()
                         : StructType::get(context, resultTypes);
  Value *results = nullptr;
  if (!resultTypes.empty()) {
    results = builder.CreateAlloca(resultType);
    operands.push_back(results);
  }

  for (auto [index, input] : enumerate(interface.inputs)) {
    StructType *type = descriptorType(input.dims.size());
    Value *buffer = builder.CreateConstGEP1_64(types.buffer, inputs, index);
    Value *data = builder.CreateLoad(pointer, buffer);
    Value *shape = builder.CreateLoad(
        pointer, builder.CreateStructGEP(types.buffer, buffer, 1));
    Value *descriptor = PoisonValue::get(type);
    descriptor = builder.CreateInsertValue(descriptor, data, 0);
    descriptor = builder.CreateInsertValue(descriptor, data, 1);
    descriptor = builder.CreateInsertValue(descriptor, zero, 2);
    Value *stride = builder.getInt64(1);
    for (unsigned d = input.dims.size(); d-- > 0;) {
      Value *size =
          builder.CreateLoad(i64, builder.CreateConstGEP1_64(i64, shape, d));
      descriptor = builder.CreateInsertValue(descriptor, size, {3, d});
      descriptor = builder.CreateInsertValue(descriptor, stride, {4, d});
      stride = builder.CreateMul(stride, size);
    }
    Value *slot = builder.CreateAlloca(type);
    builder.CreateStore(descriptor, slot);
    operands.push_back(slot);
  }
  StructType *bytesType = descriptorType(1);
  Value *bytes = PoisonValue::get(bytesType);
  bytes = builder.CreateInsertValue(bytes, weights, 0);
  bytes = builder.CreateInsertValue(bytes, weights, 1);
  bytes = builder.CreateInsertValue(bytes, zero, 2);
  bytes = builder.CreateInsertValue(
      bytes, builder.getInt64(description.weights.size), {3, 0});
  bytes = builder.CreateInsertValue(bytes, builder.getInt64(1), {4, 0});
  Value *bytesSlot = builder.CreateAlloca(bytesType);
  builder.CreateStore(bytes, bytesSlot);
  operands.push_back(bytesSlot);

  Function *callee = module.getFunction("_mlir_ciface_" + interface.entry);
  assert(callee && "the pipeline emits the C interface of the entry");
  builder.CreateCall(callee, operands);

  for (auto [index, output] : enumerate(interface.outputs)) {
    Value *slot = resultTypes.size() == 1
                      ? results
                      : builder.CreateStructGEP(resultType, results, index);
    Value *descriptor = builder.CreateLoad(resultTypes[index], slot);
    Value *data = builder.CreateExtractValue(descriptor, 1);
    Value *buffer = builder.CreateConstGEP1_64(types.buffer, outputs, index);
    Value *shape = builder.CreateLoad(
        pointer, builder.CreateStructGEP(types.buffer, buffer, 1));
    Value *size = builder.getInt64(output.elementBytes);
    for (unsigned d = 0; d < output.dims.size(); ++d) {
      Value *extent = builder.CreateExtractValue(descriptor, {3, d});
      builder.CreateStore(extent, builder.CreateConstGEP1_64(i64, shape, d));
      size = builder.CreateMul(size, extent);
    }
    if (share)
      data = builder.CreateCall(share,
                                {outputs, builder.getInt64(index), data, size});
    builder.CreateStore(data, buffer);
  }
  builder.CreateRet(builder.getInt32(0));
  return function;
}

void Emitter::emitQuery(Function *entry) {
  auto null = ConstantPointerNull::get(pointer);
  SmallVector<Constant *> symbols = map_to_vector(
      interface.symbols, [&](const std::string &name) { return text(name); });
  auto number = [&](uint32_t value) { return ConstantInt::get(i32, value); };
  Constant *entries =
      global(ConstantStruct::get(
                 types.entry,
                 {text(interface.entry),
                  global(ConstantArray::get(
                             ArrayType::get(pointer, symbols.size()), symbols),
                         "symbols"),
                  number(symbols.size()), number(interface.inputs.size()),
                  number(interface.outputs.size()), number(0),
                  arguments(interface.inputs, true),
                  arguments(interface.outputs, false), entry,
                  Constant::getNullValue(types.entry->getElementType(9))}),
             "entries");
  bool hasWeights = !description.weightsFile.empty();
  Constant *value = ConstantStruct::get(
      types.module, {number(MOE_ABI_MAGIC), number(MOE_ABI_MAJOR),
                     number(MOE_ABI_MINOR), number(1), ConstantInt::get(i64, 0),
                     text(producer), text(description.triple),
                     text(description.cpu), text(description.features),
                     hasWeights ? text(description.weightsFile) : null,
                     ConstantInt::get(i64, description.weights.size),
                     ConstantDataArray::get(
                         context, ArrayRef<uint8_t>(description.weights.hash)),
                     number(1), number(0), entries,
                     Constant::getNullValue(types.module->getElementType(15))});
  Constant *moduleConstant = global(value, "moe_module");

  Function *query =
      Function::Create(FunctionType::get(pointer, {pointer}, false),
                       GlobalValue::ExternalLinkage, MOE_QUERY_SYMBOL, module);
  query->setDSOLocal(true);
  // The runtime asks before it knows whether this CPU can run the rest.
  query->addFnAttr("target-cpu", Triple(description.triple).isX86_64()
                                     ? "x86-64"
                                     : "generic");
  query->addFnAttr("target-features", "");
  BasicBlock *start = BasicBlock::Create(context, "", query);
  BasicBlock *accept = BasicBlock::Create(context, "accept", query);
  BasicBlock *done = BasicBlock::Create(context, "done", query);
  builder.SetInsertPoint(start);
  Value *major = builder.CreateLoad(i32, query->getArg(0));
  builder.CreateCondBr(
      builder.CreateICmpEQ(major, builder.getInt32(MOE_ABI_MAJOR)), accept,
      done);
  builder.SetInsertPoint(accept);
  builder.CreateStore(query->getArg(0), environment);
  builder.CreateBr(done);
  builder.SetInsertPoint(done);
  builder.CreateRet(moduleConstant);
}

void Emitter::emit() {
  for (Function &function : module)
    if (!function.isDeclaration())
      function.setLinkage(GlobalValue::InternalLinkage);
  emitEnvironmentCalls();
  emitQuery(emitEntry());
}

} // namespace

void moe::emitArtefactABI(Module &module, const Interface &interface,
                          const ArtefactDescription &description) {
  Emitter(module, interface, description).emit();
}
