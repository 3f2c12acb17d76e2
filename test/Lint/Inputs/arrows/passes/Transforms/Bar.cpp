#include "moe/Pipelines/Compiler.h"
#include "moe/Dialect/Foo/Foo.h"
