#include "../../passes/Transforms/Private.h"
#include "Local.h"
