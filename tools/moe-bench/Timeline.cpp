// Events of tasks, kept and written as Chrome's trace-event JSON.
#include "Timeline.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <map>

using namespace moe::bench;

void Timeline::tell(void *timeline, const moe_trace_event_t *event) {
  auto &self = *static_cast<Timeline *>(timeline);
  std::lock_guard<std::mutex> lock(self.mutex);
  if (!self.listens)
    return;
  self.runs.back().events.push_back(
      {event->name,
       {event->point[0], event->point[1], event->point[2]},
       event->ends != 0,
       event->thread,
       event->nanoseconds});
}

void Timeline::begin(const llvm::Twine &name) {
  std::lock_guard<std::mutex> lock(mutex);
  runs.push_back({name.str(), {}});
  listens = true;
}

void Timeline::end() {
  std::lock_guard<std::mutex> lock(mutex);
  listens = false;
}

void Timeline::Run::forEach(
    llvm::function_ref<void(const Event &, const Event &, const Event *)> tell)
    const {
  // What has begun on each thread; a task lies within its range.
  std::map<uint32_t, std::vector<const Event *>> open;
  for (const Event &event : events) {
    std::vector<const Event *> &stack = open[event.thread];
    if (!event.ends) {
      stack.push_back(&event);
      continue;
    }
    // The run may have been listened to from its middle on.
    if (stack.empty())
      continue;
    const Event &begun = *stack.back();
    stack.pop_back();
    tell(begun, event, stack.empty() ? nullptr : stack.back());
  }
}

std::optional<double>
Timeline::secondsOf(std::initializer_list<llvm::StringRef> names) const {
  uint64_t nanoseconds = 0;
  bool found = false;
  runs.back().forEach(
      [&](const Event &begun, const Event &ended, const Event *around) {
        uint64_t own = ended.nanoseconds - begun.nanoseconds;
        if (llvm::is_contained(names, begun.name)) {
          nanoseconds += own;
          found = true;
        } else if (around && llvm::is_contained(names, around->name)) {
          nanoseconds -= own;
        }
      });
  return found ? std::optional<double>(1e-9 * double(nanoseconds))
               : std::nullopt;
}

llvm::Error Timeline::write(llvm::StringRef path) const {
  std::error_code code;
  llvm::raw_fd_ostream os(path, code);
  if (code)
    return llvm::createFileError(path, code);
  llvm::json::OStream json(os);
  json.object([&] {
    json.attribute("displayTimeUnit", "ms");
    json.attributeArray("traceEvents", [&] {
      for (size_t process = 0; process < runs.size(); ++process) {
        const Run &run = runs[process];
        json.object([&] {
          json.attribute("name", "process_name");
          json.attribute("ph", "M");
          json.attribute("pid", process);
          json.attributeObject("args",
                               [&] { json.attribute("name", run.name); });
        });
        uint64_t first = UINT64_MAX;
        for (const Event &event : run.events)
          first = std::min(first, event.nanoseconds);
        run.forEach([&](const Event &begun, const Event &ended, const Event *) {
          json.object([&] {
            json.attribute("name", begun.name);
            json.attribute("ph", "X");
            json.attribute("pid", process);
            json.attribute("tid", begun.thread);
            json.attribute("ts", double(begun.nanoseconds - first) * 1e-3);
            json.attribute(
                "dur", double(ended.nanoseconds - begun.nanoseconds) * 1e-3);
            json.attributeObject("args", [&] {
              json.attributeArray("point", [&] {
                for (int64_t index : begun.point)
                  if (index >= 0)
                    json.value(index);
              });
            });
          });
        });
      }
    });
  });
  os << '\n';
  os.close();
  if (!os.has_error())
    return llvm::Error::success();
  code = os.error();
  os.clear_error();
  return llvm::createFileError(path, code);
}
