/* Runs a compiled model once. */
#ifndef EMBED_RUN_H
#define EMBED_RUN_H

/* Loads the library at `path` and runs it. An argument is <name>=<file.npy>: an
   input of the model, or an output and what it is compared with. Prints each
   output and its error. Returns the exit status: 0, or 1 after an error, or
   where an output is not what was expected. */
int run_model(const char *path, int count, char **arguments);

#endif
