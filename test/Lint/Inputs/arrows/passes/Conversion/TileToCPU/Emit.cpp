#include "moe-rt/abi.h"
