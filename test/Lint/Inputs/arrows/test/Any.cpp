#include "moe/Pipelines/Compiler.h"
#include "moe-rt/runtime.h"
