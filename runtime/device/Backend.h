// What a back end of the launch interface implements; Device.cpp turns the C
// API into calls of it.
#ifndef MOE_RUNTIME_DEVICE_BACKEND_H
#define MOE_RUNTIME_DEVICE_BACKEND_H

#include "moe-rt/device.h"

#include <memory>
#include <string>
#include <vector>

namespace moe::device {

struct Parameter {
  std::string name;
  uint32_t offset, bytes;
  bool isArray;
};

/// A launch whose parameters have been checked.
struct Launch {
  uint32_t grid[3], block[3], cluster[3];
  uint32_t dynamicShared, registers;
  bool cooperative, programmatic;
  std::vector<char> arguments; ///< as the kernel reads them
};

/// Loaded code. Throws moe::rt::Error where a name is unknown.
class Code {
public:
  virtual ~Code() = default;
  virtual std::vector<std::string> kernels() const = 0;
  virtual std::vector<Parameter>
  parameters(const std::string &kernel) const = 0;
  virtual uint32_t parameterBytes(const std::string &kernel) const = 0;
  virtual uint64_t variable(const std::string &name, uint32_t device) const = 0;
  virtual uint32_t occupancy(const std::string &kernel, uint32_t threads,
                             uint32_t dynamicShared) const = 0;
};

/// Device numbers have been checked; everything else that is wrong is thrown as
/// a moe::rt::Error.
class Backend {
public:
  virtual ~Backend() = default;
  virtual uint32_t deviceCount() const = 0;
  virtual void properties(uint32_t device,
                          moe_device_properties_t &properties) const = 0;
  virtual uint64_t allocate(uint32_t device, uint64_t bytes,
                            const std::string &name) = 0;
  virtual void allocateSymmetric(uint64_t bytes, const std::string &name,
                                 moe_device_window_t &window) = 0;
  virtual void release(uint64_t address) = 0;
  /// Writes 128 bytes.
  virtual void encodeTensorMap(const moe_tensor_map_params_t &params,
                               void *map) = 0;
  virtual std::unique_ptr<Code> load(const std::string &text,
                                     const std::string &name) = 0;
  /// A number for each; not used again.
  virtual uint32_t createStream(uint32_t device) = 0;
  virtual void write(uint32_t device, uint32_t stream, uint64_t to,
                     const void *data, uint64_t bytes) = 0;
  virtual void read(uint32_t device, uint32_t stream, void *data, uint64_t from,
                    uint64_t bytes) = 0;
  virtual void copy(uint32_t device, uint32_t stream, uint64_t to,
                    uint64_t from, uint64_t bytes) = 0;
  virtual void fill(uint32_t device, uint32_t stream, uint64_t to,
                    uint8_t value, uint64_t bytes) = 0;
  virtual uint64_t record(uint32_t device, uint32_t stream) = 0;
  virtual void wait(uint32_t device, uint32_t stream, uint64_t event) = 0;
  virtual bool isComplete(uint64_t event) const = 0;
  virtual void launch(uint32_t device, uint32_t stream, const Code &code,
                      const std::string &kernel, const Launch &launch) = 0;
  virtual void synchronize(uint32_t device, uint32_t stream) = 0;
  virtual void synchronizeAll() = 0;
};

} // namespace moe::device

struct moe_backend_impl {
  std::shared_ptr<moe::device::Backend> backend;
};

#endif // MOE_RUNTIME_DEVICE_BACKEND_H
