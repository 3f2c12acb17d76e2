// Brute force over the candidate executions of a litmus program.
#include "PtxAxioms.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <sstream>
#include <stdexcept>

using namespace moe::emu::test;
using Op = LitmusOp;

std::string
moe::emu::test::outcomeText(const std::vector<std::vector<uint32_t>> &registers,
                            const std::vector<uint32_t> &memory) {
  std::string text;
  for (size_t t = 0; t < registers.size(); ++t)
    for (size_t r = 0; r < registers[t].size(); ++r)
      text += std::to_string(t) + ":r" + std::to_string(r) + "=" +
              std::to_string(registers[t][r]) + " ";
  for (size_t l = 0; l < memory.size(); ++l)
    text +=
        std::string(l ? " " : "") + "xyz"[l] + "=" + std::to_string(memory[l]);
  return text;
}

// ---- the short form ----

static Op parseOp(const std::string &text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;)
    words.push_back(word);
  Op op{};
  size_t at = 0;
  auto fail = [&] { throw std::runtime_error("cannot read '" + text + "'"); };
  auto registerOf = [](const std::string &word) {
    return word[0] == 'r' ? std::stoi(word.substr(1)) : -1;
  };
  if (words.size() > 2 && words[1] == "=") {
    op.result = registerOf(words[0]);
    at = 2;
  }
  std::istringstream parts(words.at(at++));
  std::vector<std::string> names;
  for (std::string part; std::getline(parts, part, '.');)
    names.push_back(part);
  static const std::vector<std::string> kKinds = {"ld",   "st",    "add",
                                                  "exch", "fence", "bar"},
                                        kOrders = {"weak",    "relaxed",
                                                   "acquire", "release",
                                                   "acq_rel", "sc"},
                                        kScopes = {"cta", "cluster", "gpu",
                                                   "sys"};
  auto indexIn = [&](const std::vector<std::string> &list,
                     const std::string &name) {
    auto found = std::find(list.begin(), list.end(), name);
    if (found == list.end())
      fail();
    return static_cast<uint8_t>(found - list.begin());
  };
  op.kind = static_cast<Op::Kind>(indexIn(kKinds, names[0]));
  if (names.size() > 1)
    op.order = static_cast<Op::Order>(indexIn(kOrders, names[1]));
  if (names.size() > 2)
    op.sharedOnly = names[2] == "shared";
  if (op.sharedOnly)
    op.scope = Op::Scope::Cluster;
  else if (names.size() > 2)
    op.scope = static_cast<Op::Scope>(indexIn(kScopes, names[2]));
  if (op.kind == Op::Kind::Fence || op.kind == Op::Kind::Barrier)
    return op;
  op.location = words.at(at++)[0] - 'x';
  if (op.kind != Op::Kind::Load) {
    op.valueFrom = registerOf(words.at(at));
    if (op.valueFrom < 0)
      op.value = static_cast<uint32_t>(std::stoul(words[at]));
  }
  return op;
}

LitmusProgram
moe::emu::test::parseLitmus(const std::string &text,
                            const std::vector<std::string> &places) {
  LitmusProgram program;
  program.locations = 1;
  size_t begin = 0;
  for (const std::string &place : places) {
    LitmusThread thread;
    std::istringstream numbers(place);
    char dot = 0;
    if (!(numbers >> thread.device >> dot >> thread.cta >> dot >> thread.warp))
      throw std::runtime_error("cannot read '" + place + "'");
    size_t end = text.find("||", begin);
    std::istringstream statements(text.substr(begin, end - begin));
    for (std::string one; std::getline(statements, one, ';');)
      if (one.find_first_not_of(' ') != std::string::npos) {
        thread.ops.push_back(parseOp(one));
        program.locations =
            std::max(program.locations, thread.ops.back().location + 1);
      }
    program.threads.push_back(std::move(thread));
    begin = end + 2;
  }
  return program;
}

// ---- executions ----

namespace {

/// Events are numbered; a relation has the successors of each as bits.
using Relation = std::vector<uint64_t>;

struct Event {
  enum class Kind : uint8_t { Read, Write, Fence, Barrier } kind;
  int thread = -1; ///< -1: the initial write
  const Op *op = nullptr;
  int location = -1;
  bool strong = false;
};

class Checker {
public:
  explicit Checker(const LitmusProgram &program) : program(program) {
    makeEvents();
    makeStatic();
  }

  std::set<std::string> run() {
    chooseReads(0);
    return std::move(outcomes);
  }

private:
  void makeEvents();
  void makeStatic();
  void chooseReads(size_t index);
  bool computeValues();
  void chooseOrders(size_t location);
  void chooseFences();
  void check();

  bool has(const Relation &r, size_t a, size_t b) const {
    return r[a] >> b & 1;
  }
  static Relation closure(Relation r) {
    for (size_t k = 0; k < r.size(); ++k)
      for (size_t i = 0; i < r.size(); ++i)
        if (r[i] >> k & 1)
          r[i] |= r[k];
    return r;
  }
  Relation then(const Relation &a, const Relation &b) const {
    Relation result(events.size());
    for (size_t i = 0; i < events.size(); ++i)
      for (size_t k = 0; k < events.size(); ++k)
        if (a[i] >> k & 1)
          result[i] |= b[k];
    return result;
  }
  bool includes(Op::Scope scope, int from, int to) const {
    const LitmusThread &a = program.threads[from], &b = program.threads[to];
    return scope == Op::Scope::Sys ||
           (a.device == b.device &&
            (scope == Op::Scope::Gpu || a.cta == b.cta ||
             (scope == Op::Scope::Cluster && a.cta / 2 == b.cta / 2)));
  }
  bool isRmw(const Op &op) const {
    return op.kind == Op::Kind::Add || op.kind == Op::Kind::Exchange;
  }
  static bool releases(const Op &op) {
    return op.order == Op::Order::Release || op.order == Op::Order::AcqRel ||
           op.order == Op::Order::Sc;
  }
  static bool acquires(const Op &op) {
    return op.order == Op::Order::Acquire || op.order == Op::Order::AcqRel ||
           op.order == Op::Order::Sc;
  }

  const LitmusProgram &program;
  std::vector<Event> events;
  std::vector<size_t> reads, fences;
  std::vector<std::vector<size_t>> writes; ///< by location, initial first
  Relation po, strongly, rmw, barriers, releasePattern, acquirePattern;
  std::vector<size_t> readsFrom;          ///< by event
  std::vector<uint32_t> values;           ///< read or written, by event
  std::vector<std::vector<size_t>> order; ///< of the writes of each location
  std::vector<size_t> fenceOrder;
  std::set<std::string> outcomes;
};

} // namespace

void Checker::makeEvents() {
  writes.resize(static_cast<size_t>(program.locations));
  for (int l = 0; l < program.locations; ++l) {
    writes[static_cast<size_t>(l)].push_back(events.size());
    events.push_back({Event::Kind::Write, -1, nullptr, l, false});
  }
  for (size_t t = 0; t < program.threads.size(); ++t)
    for (const Op &op : program.threads[t].ops) {
      auto add = [&](Event::Kind kind) {
        bool isAccess = kind == Event::Kind::Read || kind == Event::Kind::Write;
        Event event{kind, static_cast<int>(t), &op, isAccess ? op.location : -1,
                    op.order != Op::Order::Weak};
        if (kind == Event::Kind::Read)
          reads.push_back(events.size());
        if (kind == Event::Kind::Write)
          writes[static_cast<size_t>(op.location)].push_back(events.size());
        if (kind == Event::Kind::Fence && op.order == Op::Order::Sc)
          fences.push_back(events.size());
        events.push_back(event);
      };
      switch (op.kind) {
      case Op::Kind::Fence:
        add(Event::Kind::Fence);
        break;
      case Op::Kind::Barrier:
        add(Event::Kind::Barrier);
        break;
      default:
        if (op.kind != Op::Kind::Store)
          add(Event::Kind::Read);
        if (op.kind != Op::Kind::Load)
          add(Event::Kind::Write);
      }
    }
  readsFrom.resize(events.size());
  values.resize(events.size());
  order.resize(writes.size());
}

void Checker::makeStatic() {
  size_t count = events.size();
  po = strongly = rmw = barriers = releasePattern = acquirePattern =
      Relation(count);
  auto isWrite = [&](size_t e) { return events[e].kind == Event::Kind::Write; };
  auto isRead = [&](size_t e) { return events[e].kind == Event::Kind::Read; };
  for (size_t a = 0; a < count; ++a)
    for (size_t b = 0; b < count; ++b) {
      const Event &x = events[a], &y = events[b];
      if (x.thread < 0 || y.thread < 0 || a == b)
        continue;
      bool sameThread = x.thread == y.thread;
      if (sameThread && a < b)
        po[a] |= uint64_t(1) << b;
      if (x.op == y.op && isRead(a) && isWrite(b))
        rmw[a] |= uint64_t(1) << b;
      bool scoped = x.strong && y.strong &&
                    includes(x.op->scope, x.thread, y.thread) &&
                    includes(y.op->scope, y.thread, x.thread);
      bool overlap =
          x.location < 0 || y.location < 0 || x.location == y.location;
      if ((sameThread || scoped) && overlap)
        strongly[a] |= uint64_t(1) << b;
      bool barrier = x.kind == Event::Kind::Barrier &&
                     y.kind == Event::Kind::Barrier && !sameThread;
      if (barrier &&
          program.threads[x.thread].device ==
              program.threads[y.thread].device &&
          program.threads[x.thread].cta == program.threads[y.thread].cta) {
        // The n-th barrier of one thread is the n-th of the other.
        auto number = [&](size_t e) {
          size_t n = 0;
          for (size_t other = 0; other < e; ++other)
            n += events[other].kind == Event::Kind::Barrier &&
                 events[other].thread == events[e].thread;
          return n;
        };
        if (number(a) == number(b))
          barriers[a] |= uint64_t(1) << b;
      }
    }
  for (size_t a = 0; a < count; ++a)
    for (size_t b = 0; b < count; ++b) {
      const Event &x = events[a], &y = events[b];
      if (x.thread < 0 || y.thread < 0)
        continue;
      bool follows = po[a] >> b & 1, same = x.location == y.location;
      // a releases, b is the last strong write of the pattern.
      if (isWrite(b) && y.strong &&
          ((isWrite(a) && releases(*x.op) && (a == b || (follows && same))) ||
           (x.kind == Event::Kind::Fence && releases(*x.op) && follows)))
        releasePattern[a] |= uint64_t(1) << b;
      // a is the first strong read, b acquires. Reductions, of which nobody
      // gets the result, begin no such pattern.
      bool reduces = isRead(a) && isRmw(*x.op) && x.op->result < 0;
      if (isRead(a) && x.strong && (!reduces || a == b) &&
          ((isRead(b) && acquires(*y.op) && (a == b || (follows && same))) ||
           (y.kind == Event::Kind::Fence && acquires(*y.op) && follows)))
        acquirePattern[a] |= uint64_t(1) << b;
    }
}

void Checker::chooseReads(size_t index) {
  if (index == reads.size()) {
    if (computeValues())
      chooseOrders(0);
    return;
  }
  size_t read = reads[index];
  for (size_t write : writes[static_cast<size_t>(events[read].location)])
    if (events[write].op != events[read].op || events[write].thread < 0) {
      readsFrom[read] = write;
      chooseReads(index + 1);
    }
}

/// False where values come out of thin air: reads-from and dependencies have a
/// cycle.
bool Checker::computeValues() {
  std::vector<int> state(events.size()); // 1: being computed, 2: known
  bool acyclic = true;
  auto compute = [&](auto &self, size_t e) -> void {
    if (state[e] == 2)
      return;
    if (state[e] == 1) {
      acyclic = false;
      return;
    }
    state[e] = 1;
    const Event &event = events[e];
    if (event.kind == Event::Kind::Read) {
      self(self, readsFrom[e]);
      values[e] = values[readsFrom[e]];
    } else if (event.kind == Event::Kind::Write && event.thread >= 0) {
      const Op &op = *event.op;
      uint32_t value = op.value;
      if (op.valueFrom >= 0)
        for (size_t other = 0; other < e; ++other)
          if (events[other].kind == Event::Kind::Read &&
              events[other].thread == event.thread &&
              events[other].op->result == op.valueFrom) {
            self(self, other);
            value = values[other];
          }
      if (op.kind == Op::Kind::Add) {
        self(self, e - 1);
        value += values[e - 1];
      }
      values[e] = value;
    }
    state[e] = 2;
  };
  for (size_t e = 0; e < events.size(); ++e)
    compute(compute, e);
  return acyclic;
}

void Checker::chooseOrders(size_t location) {
  if (location == writes.size()) {
    chooseFences();
    return;
  }
  order[location] = writes[location];
  do
    chooseOrders(location + 1);
  while (std::next_permutation(order[location].begin() + 1,
                               order[location].end()));
  order[location] = writes[location];
}

void Checker::chooseFences() {
  fenceOrder = fences;
  do
    check();
  while (std::next_permutation(fenceOrder.begin(), fenceOrder.end()));
}

void Checker::check() {
  size_t count = events.size();
  auto isWrite = [&](size_t e) { return events[e].kind == Event::Kind::Write; };
  auto isRead = [&](size_t e) { return events[e].kind == Event::Kind::Read; };
  Relation rf(count), fenceSc(count);
  for (size_t read : reads)
    rf[readsFrom[read]] |= uint64_t(1) << read;
  for (size_t i = 0; i < fenceOrder.size(); ++i)
    for (size_t j = i + 1; j < fenceOrder.size(); ++j)
      if (has(strongly, fenceOrder[i], fenceOrder[j]))
        fenceSc[fenceOrder[i]] |= uint64_t(1) << fenceOrder[j];

  // Observation: morally strong reads-from, through read-modify-writes.
  Relation seen(count);
  for (size_t e = 0; e < count; ++e)
    seen[e] = rf[e] & strongly[e];
  for (size_t round = 0; round < count; ++round) {
    Relation further = then(then(seen, rmw), seen);
    for (size_t e = 0; e < count; ++e)
      seen[e] |= further[e];
  }
  Relation base = then(then(releasePattern, seen), acquirePattern);
  for (size_t e = 0; e < count; ++e)
    base[e] = (base[e] & strongly[e]) | po[e] | fenceSc[e] | barriers[e];
  base = closure(base);
  auto overlap = [&](size_t a, size_t b) {
    return events[a].location >= 0 && events[a].location == events[b].location;
  };
  Relation preserved(count);
  for (size_t a = 0; a < count; ++a)
    for (size_t b = 0; b < count; ++b)
      if (overlap(a, b) && has(base, a, b) && a != b)
        preserved[a] |= uint64_t(1) << b;
  Relation cause = then(seen, preserved);
  for (size_t e = 0; e < count; ++e)
    cause[e] |= preserved[e];

  // Fence-SC.
  for (size_t a : fenceOrder)
    for (size_t b : fenceOrder)
      if (a != b && has(strongly, a, b) && has(base, a, b) &&
          !has(fenceSc, a, b))
        return;
  // Coherence: the order relates what is morally strong or causally ordered.
  Relation co(count);
  for (const auto &sequence : order)
    for (size_t i = 0; i < sequence.size(); ++i)
      for (size_t j = i + 1; j < sequence.size(); ++j) {
        size_t a = sequence[i], b = sequence[j];
        if (has(cause, b, a))
          return;
        if (i == 0 || has(strongly, a, b) || has(cause, a, b))
          co[a] |= uint64_t(1) << b;
      }
  co = closure(co);
  Relation fr(count);
  for (size_t read : reads)
    fr[read] = co[readsFrom[read]];
  // Causality.
  for (size_t a = 0; a < count; ++a)
    for (size_t b = 0; b < count; ++b)
      if ((has(rf, a, b) || has(fr, a, b)) && has(cause, b, a))
        return;
  // Atomicity of read-modify-writes.
  for (size_t r = 0; r < count; ++r)
    for (size_t w = 0; w < count; ++w)
      for (size_t other = 0; has(rmw, r, w) && other < count; ++other)
        if (other != w && isWrite(other) && has(fr, r, other) &&
            has(strongly, r, other) && has(co, other, w) &&
            has(strongly, other, w))
          return;
  // Sequential consistency per location of what is morally strong.
  Relation local(count);
  for (size_t a = 0; a < count; ++a)
    for (size_t b = 0; b < count; ++b) {
      if (!overlap(a, b))
        continue;
      bool communicates = has(rf, a, b) || has(fr, a, b) || has(co, a, b);
      if (has(po, a, b) ||
          (communicates && (has(strongly, a, b) || events[a].thread < 0)))
        local[a] |= uint64_t(1) << b;
    }
  local = closure(local);
  for (size_t e = 0; e < count; ++e)
    if (has(local, e, e))
      return;

  std::vector<std::vector<uint32_t>> registers(program.threads.size());
  for (size_t e = 0; e < count; ++e)
    if (isRead(e) && events[e].op->result >= 0) {
      auto &own = registers[static_cast<size_t>(events[e].thread)];
      auto index = static_cast<size_t>(events[e].op->result);
      own.resize(std::max(own.size(), index + 1));
      own[index] = values[e];
    }
  std::vector<uint32_t> memory;
  for (const auto &sequence : order)
    memory.push_back(values[sequence.back()]);
  outcomes.insert(outcomeText(registers, memory));
}

std::set<std::string>
moe::emu::test::outcomesByAxioms(const LitmusProgram &program) {
  return Checker(program).run();
}
