/* Runs a compiled model:

     embed model.so <input>=<file.npy>... [<output>=<file.npy>...]

   Outputs that are given are compared with what the model computes. */
#include "run.h"

#include <stdio.h>

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: embed model.so <input>=<file.npy>... "
                    "[<output>=<file.npy>...]\n");
    return 2;
  }
  return run_model(argv[1], argc - 2, argv + 2);
}
