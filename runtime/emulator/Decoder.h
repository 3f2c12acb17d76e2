// Turns a kernel's syntax tree into a Program.
#ifndef MOE_RUNTIME_EMULATOR_DECODER_H
#define MOE_RUNTIME_EMULATOR_DECODER_H

#include "Handlers.h"
#include "Lanes.h"
#include "Problems.h"
#include "Program.h"
#include "Scalar.h"

#include <functional>
#include <optional>
#include <set>

namespace moe::emu {

/// The modifiers of an instruction, taken one by one; what nobody takes is an
/// error, so that nothing is ignored silently.
class Modifiers {
public:
  explicit Modifiers(const ast::Instruction &instruction)
      : rest(instruction.modifiers) {}

  /// Takes the first occurrence of `name`.
  bool take(const std::string &name);
  bool has(const std::string &name) const;
  /// Takes whichever of `names` comes first; its index, or -1.
  int takeOneOf(std::initializer_list<const char *> names);
  /// Takes the next modifier if it is a type.
  Type takeType();
  Type needType();
  std::optional<Rounding> takeRounding();
  bool empty() const { return rest.empty(); }
  const std::string &front() const { return rest.front(); }
  std::string takeFront();
  /// Throws StatementError where something is left.
  void finish() const;

private:
  std::vector<std::string> rest;
};

/// Takes '.cta', '.cluster', '.gpu' or '.sys'.
std::optional<Scope> takeScope(Modifiers &m);

struct DecodeOptions {
  bool checked = true;
  bool weak = false; ///< loads may be late
};

class Decoder {
public:
  Decoder(const ast::Module &module, const ast::Function &kernel,
          Problems &problems, const DecodeOptions &options);
  Program run();

private:
  // ---- values ----
  enum class Width : uint8_t { Pred, W32, W64 };
  struct VirtualRegister {
    Width width;
    bool isSpecial = false;
  };
  /// Codes in operand fields before registers get storage.
  static constexpr uint32_t kVirtualBit = 0x40000000u;

  struct Symbol {
    enum class Kind : uint8_t {
      Register,
      Shared,
      Local,
      Global,
      KernelParam,
      Function,
      Branches
    } kind;
    uint32_t code = 0, high = 0; ///< of registers; `high` of 128-bit ones
    int bits = 0;                ///< of registers: 1, 8 ... 128
    Type type = Type::None;
    uint64_t address = 0; ///< Shared, Local: offset; KernelParam: offset
    std::string name;     ///< Global: the linked symbol
    const ast::Statement *branches = nullptr;
  };

  struct NameScope {
    std::map<std::string, Symbol> symbols;
    std::map<std::string, int> labels;
  };

  struct Node {
    Op op;
    std::vector<uint32_t> defs, uses;
    int target = -1; ///< label
    enum class Kind : uint8_t { Plain, Branch, Exit } kind = Kind::Plain;
    bool guarded = false;
    bool mark = false;  ///< position of a label, no operation
    uint8_t misuse = 0; ///< of wgmma's registers: Accumulators.cpp
  };

  struct Value {
    uint32_t code = 0, high = 0;
    int bits = 0;
    bool isConstant = false;
    uint64_t constant = 0;
  };

  // ---- structure (Decode.cpp) ----
  void declareModule();
  void declareParams();
  void decodeBlock(const ast::Block &block);
  void declareIn(NameScope &scope, const ast::Block &block);
  void declareRegisters(NameScope &scope, const ast::Registers &registers);
  void declareVariable(NameScope &scope, const ast::Variable &variable);
  uint32_t placeShared(const std::string &name, uint64_t size, uint32_t align);
  uint32_t placeReserved();
  uint32_t placeLocal(uint64_t size, uint32_t align);
  void decodeInstruction(const ast::Instruction &instruction);
  const Symbol *find(const std::string &name) const;
  int findLabel(const std::string &name) const;
  int newLabel() { return labelCount++; }
  void placeLabel(int label);

  uint32_t mnemonicOf(const std::string &opcode);
  uint32_t newRegister(Width width);
  uint32_t special(const std::string &name, Width width);
  uint32_t constant(uint64_t bits, Width width);
  /// The same for the address of a shared variable (Program::sharedAddresses).
  uint32_t sharedAddress(uint64_t address, Width width);
  uint32_t newConstant(uint64_t bits, Width width);
  static uint32_t isVirtual(uint32_t code) {
    return (code & (kConstantBit | kVirtualBit)) == kVirtualBit;
  }

  /// The value of an operand that an instruction of this type reads.
  Value read(const ast::Operand &operand, Type type);
  uint32_t readCode(const ast::Operand &operand, Type type) {
    return read(operand, type).code;
  }
  Value readSymbol(const ast::Operand &operand, Type type);
  uint32_t readPredicate(const ast::Operand &operand, bool &negated);
  /// The register that an operand names; a place to throw results away for '_'.
  Value write(const ast::Operand &operand, Type type);
  uint32_t writePredicate(const ast::Operand &operand);
  Value registerOf(const ast::Operand &operand);
  struct Address {
    uint32_t code;
    int64_t offset;
    bool is32;
    const Symbol *symbol = nullptr;
  };
  Address address(const ast::Operand &operand);
  uint64_t immediate(const ast::Operand &operand, const char *what);

  static Width widthOf(Type type) {
    return type == Type::Pred   ? Width::Pred
           : bitsOf(type) == 64 ? Width::W64
                                : Width::W32;
  }
  uint32_t use(uint32_t code);
  uint32_t def(uint32_t code);

  /// Adds an operation with the guard of the current instruction, using and
  /// defining what use() and def() saw since the last one.
  Node &emit(const Op &op);
  void emitFast(LaneOp op, uint32_t dst, uint32_t a, uint32_t b = 0,
                uint32_t c = 0, uint32_t flags = 0, uint64_t imm = 0);
  void emitLane(LaneFunction function, uint64_t imm, uint32_t dst,
                Width dstWidth,
                std::initializer_list<std::pair<uint32_t, Width>> sources,
                uint32_t flags = 0);
  template <typename Info>
  Info *newInfo() {
    auto info = std::make_unique<Info>();
    Info *result = info.get();
    program.infos.push_back(std::move(info));
    return result;
  }
  void need(bool condition, const std::string &message) {
    if (!condition)
      throw StatementError(message);
  }
  void needOperands(const ast::Instruction &i, size_t least, size_t most);

  // ---- instructions ----
  using Method = void (Decoder::*)(const ast::Instruction &, Modifiers &);
  static const std::map<std::string, Method> &methods();

  // DecodeAlu.cpp
  void decodeArithmetic(const ast::Instruction &, Modifiers &);
  void decodeIntArithmetic(const ast::Instruction &, Modifiers &, Type type);
  void decodePairArithmetic(const ast::Instruction &, Modifiers &);
  void decodeFloatArithmetic(const ast::Instruction &, Modifiers &, Type type);
  void decodeExtended(const ast::Instruction &, Modifiers &);
  void decodeLogic(const ast::Instruction &, Modifiers &);
  void decodeShift(const ast::Instruction &, Modifiers &);
  void decodeBits(const ast::Instruction &, Modifiers &);
  void decodePermute(const ast::Instruction &, Modifiers &);
  void decodeSetp(const ast::Instruction &, Modifiers &);
  void decodeSelect(const ast::Instruction &, Modifiers &);
  void decodeMov(const ast::Instruction &, Modifiers &);
  void decodeCvt(const ast::Instruction &, Modifiers &);
  void decodeCvta(const ast::Instruction &, Modifiers &);
  void decodeIsspacep(const ast::Instruction &, Modifiers &);
  void decodeTestp(const ast::Instruction &, Modifiers &);
  void emitCompare(Comparison comparison, Type type, bool ftz, bool high,
                   uint32_t dst, const ast::Operand &a, const ast::Operand &b);
  void emitMove(uint32_t dst, int dstBits, uint32_t src, int srcBits);
  void emitExtract(uint32_t dst, int dstBits, uint32_t src, int srcBits,
                   int shift, int width);
  void emitInsert(uint32_t dst, int dstBits, uint32_t old, uint32_t part,
                  int partRegisterBits, int shift, int width);
  void emitPack(const Value &dst, const std::vector<ast::Operand> &parts,
                int partBits);
  void unpackTo(const std::vector<ast::Operand> &parts, const Value &src,
                int partBits);

  // DecodeControl.cpp
  void decodeBranch(const ast::Instruction &, Modifiers &);
  void decodeBrx(const ast::Instruction &, Modifiers &);
  void decodeReturn(const ast::Instruction &, Modifiers &);
  void decodeExit(const ast::Instruction &, Modifiers &);
  void decodeTrap(const ast::Instruction &, Modifiers &);
  void decodeCall(const ast::Instruction &, Modifiers &);
  void decodeNothing(const ast::Instruction &, Modifiers &);
  void emitBranch(int label, uint32_t predicate, bool negated);
  void bindParam(const ast::Variable &formal, const ast::Operand &actual,
                 NameScope &scope, bool isResult);

  // DecodeMemory.cpp
  void decodeLoadStore(const ast::Instruction &, Modifiers &);
  void decodeAtomic(const ast::Instruction &, Modifiers &);
  void decodeFence(const ast::Instruction &, Modifiers &);
  void decodePrefetch(const ast::Instruction &, Modifiers &);
  void decodeCreatePolicy(const ast::Instruction &, Modifiers &);
  MemoryInfo *memoryInfo(const ast::Operand &operand, Space space, Op &op);
  void takeCacheModifiers(Modifiers &modifiers);
  Space takeSpace(Modifiers &modifiers);
  bool foldParamLoad(const ast::Instruction &, Type type, unsigned count);

  // DecodeWarp.cpp
  void decodeBar(const ast::Instruction &, Modifiers &);
  void decodeShfl(const ast::Instruction &, Modifiers &);
  void decodeVote(const ast::Instruction &, Modifiers &);
  void decodeMatch(const ast::Instruction &, Modifiers &);
  void decodeRedux(const ast::Instruction &, Modifiers &);
  void decodeActivemask(const ast::Instruction &, Modifiers &);
  void decodeElect(const ast::Instruction &, Modifiers &);
  void decodeNanosleep(const ast::Instruction &, Modifiers &);
  void decodeSetmaxnreg(const ast::Instruction &, Modifiers &);
  void decodeMapa(const ast::Instruction &, Modifiers &);
  void decodeGriddepcontrol(const ast::Instruction &, Modifiers &);

  // DecodeAsync.cpp
  void decodeCp(const ast::Instruction &, Modifiers &);
  void decodeBulk(const ast::Instruction &, Modifiers &);
  void decodeReduceBulk(const ast::Instruction &, Modifiers &);
  void emitBulk(const ast::Instruction &, BulkInfo *, bool toShared, bool hint);
  void decodeLaunchControl(const ast::Instruction &, Modifiers &);
  void decodeCancelQuery(const ast::Instruction &, Modifiers &);
  void decodeStoreAsync(const ast::Instruction &, Modifiers &, bool reduces);
  void decodeBulkPrefetch(const ast::Instruction &, Modifiers &);
  void readTensorPlace(const ast::Operand &operand, BulkInfo &info, Op &op,
                       uint32_t Op::*code, size_t index);
  void decodeCpAsync(const ast::Instruction &, Modifiers &);
  void decodeMbarrier(const ast::Instruction &, Modifiers &);

  // DecodeTensormap.cpp
  void decodeTensormap(const ast::Instruction &, Modifiers &);
  void decodeTensormapFence(const ast::Instruction &, Modifiers &);
  void takeRestriction(Modifiers &, FenceInfo &);
  void decodeTensormapReplace(const ast::Instruction &, Modifiers &);
  /// The address operand `index` of `info`.
  void readTensormap(const ast::Operand &operand, TensormapInfo &info,
                     uint32_t &code, size_t index);

  // DecodeTensor.cpp
  void decodeLdmatrix(const ast::Instruction &, Modifiers &);
  void decodeMma(const ast::Instruction &, Modifiers &);

  // DecodeWmma.cpp
  void decodeWmma(const ast::Instruction &, Modifiers &);
  void decodeMultimem(const ast::Instruction &, Modifiers &);
  void decodeCvtPack(const ast::Instruction &, Modifiers &);

  // DecodeWgmma.cpp
  void decodeWgmma(const ast::Instruction &, Modifiers &);
  void decodeMmaAsync(const ast::Instruction &, Modifiers &);

  // DecodeTcgen05.cpp
  void decodeTcgen05(const ast::Instruction &, Modifiers &);
  void decodeTensorAlloc(const ast::Instruction &, Modifiers &, int which);
  void decodeTensorMove(const ast::Instruction &, Modifiers &, bool store);
  void decodeTensorCopy(const ast::Instruction &, Modifiers &);
  void decodeTensorCommit(const ast::Instruction &, Modifiers &);
  void decodeTensorMma(const ast::Instruction &, Modifiers &);
  /// Takes '.cta_group::N', which is the same in all instructions of a kernel;
  /// whether it names a pair.
  bool takeCtaGroup(Modifiers &m);
  /// An address in tensor memory; what is added to it.
  uint32_t tensorAddress(const ast::Operand &operand, int64_t &offset);

  // ---- analysis (Layout.cpp) ----
  struct Blocks;
  void finish();
  void findBlocks(Blocks &blocks);
  void findPostDominators(Blocks &blocks);
  void findLiveness(Blocks &blocks);
  void findAccumulatorMisuse(const Blocks &blocks);
  std::vector<std::vector<bool>> findAssigned(const Blocks &blocks);
  void assignStorage(const Blocks &blocks, const std::vector<bool> &tracked);
  bool isPlain() const;
  bool letsPass(const Node &node, const Node &load) const;
  void findLateLoads(const Blocks &blocks, const std::vector<uint32_t> &behind);
  void buildOps(const Blocks &blocks, const std::vector<bool> &tracked,
                const std::vector<std::vector<uint32_t>> &unsure);

  const ast::Module &module;
  const ast::Function &kernel;
  Problems &problems;
  DecodeOptions options;
  const LaneTable &table;
  Program program;

  std::map<std::string, const ast::Function *> functions;
  std::vector<NameScope> scopes;
  std::vector<VirtualRegister> registers;
  std::vector<uint32_t> storage; ///< by virtual register, after assignStorage
  std::vector<Node> nodes;
  std::vector<int> labelPositions;
  int labelCount = 0;
  std::map<std::pair<uint64_t, Width>, uint32_t> constants, sharedAddresses;
  std::map<std::pair<std::string, int64_t>, uint32_t> relocated;
  std::map<std::string, uint32_t> mnemonicIndex;
  std::vector<uint32_t> pendingDefs, pendingUses;
  uint32_t fixedEnd;
  uint32_t carry = 0; ///< the condition code register, once something uses it

  /// Functions whose bodies are being inlined, the kernel first.
  struct Frame {
    const ast::Function *function;
    size_t firstScope;
    int returnLabel;
  };
  std::vector<Frame> frames;
  // Of the current instruction:
  uint32_t guardCode = 0;
  bool guardNegated = false;
  uint32_t line = 0, mnemonic = 0;
};

/// Predicates at fixed offsets of every register file.
inline constexpr uint32_t kTrue = 0, kPredicateTrash = 4, kTrash = 128;

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_DECODER_H
