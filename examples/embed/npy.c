#include "npy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *descr;
  moe_dtype_t dtype;
} dtypes[] = {
    {"|b1", MOE_DTYPE_BOOL}, {"|i1", MOE_DTYPE_I8},  {"<i2", MOE_DTYPE_I16},
    {"<i4", MOE_DTYPE_I32},  {"<i8", MOE_DTYPE_I64}, {"|u1", MOE_DTYPE_U8},
    {"<u2", MOE_DTYPE_U16},  {"<u4", MOE_DTYPE_U32}, {"<u8", MOE_DTYPE_U64},
    {"<f2", MOE_DTYPE_F16},  {"<f4", MOE_DTYPE_F32}, {"<f8", MOE_DTYPE_F64},
};

static int refuse(const char *path, const char *problem) {
  fprintf(stderr, "embed: '%s' %s\n", path, problem);
  return -1;
}

/* The text behind `key` in the header, a Python dictionary; NULL: none. */
static const char *find(const char *header, const char *key) {
  const char *found = strstr(header, key);
  return found ? found + strlen(key) : NULL;
}

static int parse_header(const char *path, const char *header,
                        struct npy *array) {
  const char *descr = find(header, "'descr': '");
  for (size_t i = 0; descr && i < sizeof(dtypes) / sizeof(*dtypes); ++i)
    if (strncmp(descr, dtypes[i].descr, 3) == 0)
      array->type.dtype = dtypes[i].dtype;
  if (!array->type.dtype)
    return refuse(path, "expects little-endian numbers or booleans; save "
                        "another element type as one of these");
  const char *order = find(header, "'fortran_order': ");
  if (!order || strncmp(order, "False", 5) != 0)
    return refuse(path, "expects row-major order; save numpy's "
                        "ascontiguousarray of it");
  const char *shape = find(header, "'shape': (");
  if (!shape)
    return refuse(path, "expects a shape in its header, but has none");
  array->type.dims = array->dims;
  array->bytes = moeRuntimeDtypeSize(array->type.dtype);
  for (char *end; *shape && *shape != ')'; shape = end + strspn(end, ", ")) {
    int64_t size = strtoll(shape, &end, 10);
    if (end == shape || size < 0 || array->type.rank == NPY_MAX_RANK ||
        (size && array->bytes > SIZE_MAX / (size_t)size))
      return refuse(path, "expects at most 16 sizes that are not negative");
    array->dims[array->type.rank++] = size;
    array->bytes *= (size_t)size;
  }
  return 0;
}

static int parse_file(const char *path, FILE *file, struct npy *array) {
  /* Magic, version, length of the header: 2 bytes of it in version 1, else 4.
   */
  unsigned char head[12];
  if (fread(head, 1, 10, file) != 10 || memcmp(head, "\x93NUMPY", 6) != 0)
    return refuse(path, "is no .npy file; write one with numpy.save");
  size_t length = head[8] | (size_t)head[9] << 8;
  if (head[6] > 1) {
    if (fread(head + 10, 1, 2, file) != 2)
      return refuse(path, "ends within its header");
    length |= (size_t)head[10] << 16 | (size_t)head[11] << 24;
  }
  char header[4096];
  if (length >= sizeof(header) || fread(header, 1, length, file) != length)
    return refuse(path, "expects a header of less than 4096 bytes");
  header[length] = '\0';
  if (parse_header(path, header, array) != 0)
    return -1;
  array->data = malloc(array->bytes ? array->bytes : 1);
  if (!array->data)
    return refuse(path, "does not fit into memory");
  if (fread(array->data, 1, array->bytes, file) != array->bytes ||
      fgetc(file) != EOF)
    return refuse(path, "expects as many elements as its shape says");
  return 0;
}

int npy_read(const char *path, struct npy *array) {
  memset(array, 0, sizeof(*array));
  FILE *file = fopen(path, "rb");
  if (!file)
    return refuse(path, strerror(errno));
  int result = parse_file(path, file, array);
  fclose(file);
  return result;
}
