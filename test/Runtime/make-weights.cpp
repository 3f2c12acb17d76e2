// Writes the weights file of the fake artefact, damaged variants of it, and a
// header with its hash: make-weights <folder of weights> <header>.
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

  std::string text = "#define FAKE_WEIGHTS_SIZE " +
                     std::to_string(sizeof(weights)) +
                     "\n#define FAKE_WEIGHTS_HASH {";
  for (unsigned char byte : hash.digest)
    text += std::to_string(byte) + ", ";
  ok &= write(argv[2], text + "}\n");
  return ok ? 0 : 1;
}
