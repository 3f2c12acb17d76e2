/* Tensors in .npy files, as numpy.save writes them. */
#ifndef EMBED_NPY_H
#define EMBED_NPY_H

#include "moe-rt/runtime.h"

enum { NPY_MAX_RANK = 16 };

struct npy {
  moe_tensor_type_t type; /* type.dims points to dims */
  int64_t dims[NPY_MAX_RANK];
  void *data; /* `bytes` of them, row-major; free() it */
  size_t bytes;
};

/* Reads a file. Returns 0; or -1 after a line on standard error. */
int npy_read(const char *path, struct npy *array);

#endif
