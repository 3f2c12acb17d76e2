// Writes the weights file of the fake artefact, damaged variants of it, a case
// for its entry, and a header with its hash: make-weights <folder> <header>.
#include "moe-rt/abi.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

static bool write(const std::string &path, const std::string &bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return file.flush().good();
}

/// A row-major array as numpy saves it.
template <typename T>
static std::string npy(const char *descr, const char *shape,
                       const std::vector<T> &values) {
  std::string header = std::string("{'descr': '") + descr +
                       "', 'fortran_order': False, 'shape': " + shape + ", }";
  header.append(118 - header.size() - 1, ' ').append("\n");
  return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header +
         std::string(reinterpret_cast<const char *>(values.data()),
                     values.size() * sizeof(T));
}

/// What entry 'main' of the fake computes, with numbers that are exact.
static bool writeCase(const std::string &folder, const float (&weights)[4]) {
  std::vector<float> x(24), r(8), y(24);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = float(int(i * 7 % 17) - 8) / 8;
  for (size_t i = 0; i < r.size(); ++i)
    r[i] = float(i);
  for (size_t i = 0; i < y.size(); ++i)
    y[i] = x[i] * weights[i % 4] + r[i / 12 * 4 + i % 4];
  std::vector<float> wrong = y;
  wrong.back() += 1;
  return write(folder + "x.npy", npy("<f4", "(2, 3, 4)", x)) &&
         write(folder + "r.npy", npy("<f4", "(2, 4)", r)) &&
         write(folder + "y.npy", npy("<f4", "(2, 3, 4)", y)) &&
         write(folder + "wrong-y.npy", npy("<f4", "(2, 3, 4)", wrong)) &&
         write(folder + "n.npy", npy<int64_t>("<i8", "()", {6}));
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  const float weights[] = {2, 3, -1, 0.5f};
  XXH128_canonical_t hash;
  XXH128_canonicalFromHash(&hash, XXH3_128bits(weights, sizeof(weights)));
  moe_weights_header_v1 header = {};
  header.magic = MOE_WEIGHTS_MAGIC;
  header.abi_major = MOE_ABI_MAJOR;
  header.abi_minor = MOE_ABI_MINOR;
  header.size = sizeof(weights);
  std::memcpy(header.hash, hash.digest, sizeof(header.hash));

  auto file = [&](const moe_weights_header_v1 &head) {
    std::string bytes(MOE_WEIGHTS_DATA_OFFSET, '\0');
    std::memcpy(bytes.data(), &head, sizeof(head));
    return bytes.append(reinterpret_cast<const char *>(weights),
                        sizeof(weights));
  };
  std::string folder = std::string(argv[1]) + "/";
  std::string good = file(header);
  bool ok = write(folder + "fake.weights", good);
  ok &= write(folder + "short.weights", good.substr(0, good.size() - 1));
  ok &= write(folder + "tiny.weights", good.substr(0, 100));
  std::string damaged = good;
  damaged.back() ^= 1;
  ok &= write(folder + "damaged.weights", damaged);
  moe_weights_header_v1 other = header;
  other.hash[3] ^= 0x10;
  ok &= write(folder + "other-hash.weights", file(other));
  other = header;
  other.magic ^= 1;
  ok &= write(folder + "magic.weights", file(other));
  other = header;
  other.abi_major += 1;
  ok &= write(folder + "major.weights", file(other));

  ok &= writeCase(folder, weights);

  std::string text = "#define FAKE_WEIGHTS_SIZE " +
                     std::to_string(sizeof(weights)) +
                     "\n#define FAKE_WEIGHTS_HASH {";
  for (unsigned char byte : hash.digest)
    text += std::to_string(byte) + ", ";
  ok &= write(argv[2], text + "}\n");
  return ok ? 0 : 1;
}
