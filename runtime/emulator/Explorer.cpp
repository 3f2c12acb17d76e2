// The exhaustive search over the choices of a run.
#include "Explorer.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace moe::emu;

Explorer::Explorer(uint64_t maxRuns) : state(std::make_unique<State>()) {
  state->maxRuns = maxRuns;
}

Explorer::Explorer(const std::string &path) : state(std::make_unique<State>()) {
  state->maxRuns = 1;
  // Words that are shared, ':', choices.
  const char *at = path.c_str();
  bool choices = false;
  while (*at) {
    char *end = nullptr;
    unsigned long long number = std::strtoull(at, &end, choices ? 10 : 16);
    if (end != at && choices)
      state->path.push_back({static_cast<uint32_t>(number), 0});
    else if (end != at)
      state->words[number] = {0, true, true};
    if ((*end && *end != ',' && (*end != ':' || choices)))
      throw UsageError("expects the path of a run, but got '" + path + "'");
    choices |= *end == ':';
    at = *end ? end + 1 : end;
  }
}

Explorer::~Explorer() = default;

bool Explorer::next() {
  State &s = *state;
  if (s.complete || s.runs >= s.maxRuns)
    return false;
  if (s.started) {
    if (s.grown)
      s.path.clear(); // more words are shared than the search knew
    while (!s.grown && !s.path.empty() && !s.path.back().next())
      s.path.pop_back();
    if (!s.grown && s.path.empty()) {
      s.complete = true;
      return false;
    }
  }
  s.started = true;
  s.grown = s.redundant = false;
  s.at = 0;
  s.asleep.clear();
  s.events.clear();
  ++s.runs;
  return true;
}

bool Explorer::redundant() const { return state->redundant; }
bool Explorer::complete() const { return state->complete; }
uint64_t Explorer::runs() const { return state->runs; }

std::string Explorer::path() const {
  std::string text;
  for (const auto &[word, known] : state->words)
    if (known.isShared()) {
      char number[24];
      std::snprintf(number, sizeof(number), "%s%llx", text.empty() ? "" : ",",
                    static_cast<unsigned long long>(word));
      text += number;
    }
  text += ':';
  for (size_t i = 0; i < state->at; ++i)
    text += (i ? "," : "") + std::to_string(state->path[i].picked);
  return text;
}

uint32_t Explorer::State::pick(uint32_t count) {
  if (count == 1)
    return 0;
  if (at == path.size())
    path.push_back({0, count});
  Choice &choice = path[at++];
  choice.count = count;
  if (choice.picked >= count)
    throw UsageError("the path of a run does not fit the program");
  return choice.picked;
}

bool Explorer::State::touch(uint64_t address, uint32_t bytes, uint32_t thread,
                            bool isWrite) {
  bool shared = false;
  for (uint64_t word = address / 4; word <= (address + bytes - 1) / 4; ++word) {
    Word &known = words[word];
    bool before = known.isShared();
    if (replays && !before)
      continue;
    known.several |= known.thread != ~0u && known.thread != thread;
    known.thread = thread;
    known.written |= isWrite;
    grown |= !replays && known.isShared() && !before;
    if (known.isShared()) {
      shared = true;
      step.words.emplace(word, isWrite);
    }
  }
  return shared;
}

/// Whether the order of two steps of different warps matters.
static bool dependent(const Explorer::State::Step &a,
                      const Explorer::State::Step &b) {
  if (a.all || b.all || (a.fence && b.fence))
    return true;
  return std::any_of(a.words.begin(), a.words.end(), [&](const auto &word) {
    return b.words.count({word.first, true}) ||
           (word.second && b.words.count({word.first, false}));
  });
}

static bool sleeps(const std::vector<Explorer::State::Step> &asleep,
                   uint64_t warp) {
  return std::any_of(asleep.begin(), asleep.end(),
                     [&](const auto &step) { return step.warp == warp; });
}

bool Explorer::State::Choice::next() {
  if (!isOfSchedule())
    return ++picked < count;
  tried.push_back(std::move(current));
  current = {};
  for (uint32_t i = 0; i < warps.size(); ++i)
    if (wanted.count(warps[i]) && !sleeps(tried, warps[i]) &&
        !sleeps(asleep, warps[i])) {
      picked = i;
      return true;
    }
  return false;
}

uint32_t Explorer::State::pickWarp(const std::vector<uint64_t> &warps) {
  if (at == path.size())
    path.emplace_back();
  Choice &choice = path[at];
  if (choice.warps.empty()) { // new, or of a path that is replayed
    bool isNew = choice.count == 0 && !replays;
    choice.warps = warps;
    choice.count = static_cast<uint32_t>(warps.size());
    choice.asleep = asleep;
    while (isNew && choice.picked < choice.count &&
           sleeps(asleep, warps[choice.picked]))
      ++choice.picked;
    if (isNew && choice.picked == choice.count) {
      path.pop_back();
      throw RunRedundant();
    }
    if (choice.picked < choice.count)
      choice.wanted.insert(warps[choice.picked]);
  }
  if (choice.picked >= choice.count)
    throw UsageError("the path of a run does not fit the program");
  step = {};
  step.warp = warps[choice.picked];
  events.push_back({{}, at++});
  return choice.picked;
}

void Explorer::State::endStep() {
  Choice &choice = path[events.back().choice];
  events.back().step = step;
  choice.current.warp = step.warp;
  choice.current.words.insert(step.words.begin(), step.words.end());
  choice.current.fence |= step.fence;
  choice.current.all |= step.all;
  asleep.insert(asleep.end(), choice.tried.begin(), choice.tried.end());
  std::erase_if(asleep, [&](const Step &sleeper) {
    return sleeper.warp == step.warp || dependent(sleeper, step);
  });
  findRaces();
}

/// Nothing comes behind it, so that all others have to be tried before it.
void Explorer::State::endLastStep() {
  step.all = true;
  endStep();
  Choice &choice = path[events.back().choice];
  choice.wanted.insert(choice.warps.begin(), choice.warps.end());
}

/// The last step may come before earlier ones that it depends on.
void Explorer::State::findRaces() {
  size_t last = events.size() - 1;
  std::vector<bool> &after = events[last].after;
  after.assign(last, false);
  for (size_t i = last; i-- > 0;) {
    const Step &earlier = events[i].step;
    bool same = earlier.warp == step.warp;
    if (!same && !dependent(earlier, step))
      continue;
    bool known = after[i]; // through another step in between
    after[i] = true;
    for (size_t k = 0; k < i; ++k)
      if (events[i].after[k])
        after[k] = true;
    if (!same && !known)
      want(i, last);
  }
}

/// Where `first` was chosen, a warp has to be tried that can lead to `second`
/// without it.
void Explorer::State::want(size_t first, size_t second) {
  Choice &choice = path[events[first].choice];
  // What comes behind `first` and does not depend on it, then `second`.
  std::vector<size_t> without;
  for (size_t i = first + 1; i < second; ++i)
    if (!events[i].after[first])
      without.push_back(i);
  without.push_back(second);
  std::set<uint64_t> candidates;
  for (size_t i : without) {
    bool depends = std::any_of(without.begin(), without.end(), [&](size_t k) {
      return k < i && events[i].after[k];
    });
    if (!depends)
      candidates.insert(events[i].step.warp);
  }
  for (uint64_t warp : candidates)
    if (choice.wanted.count(warp))
      return;
  for (uint64_t warp : candidates)
    if (std::count(choice.warps.begin(), choice.warps.end(), warp)) {
      choice.wanted.insert(warp);
      return;
    }
  choice.wanted.insert(choice.warps.begin(), choice.warps.end());
}
