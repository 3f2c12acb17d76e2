#include "moe/Transforms/Passes.h"
