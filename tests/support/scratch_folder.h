#ifndef MCP_SCRATCH_FOLDER_H
#define MCP_SCRATCH_FOLDER_H

#include "run_dir.h"

/* A folder for one test. */
struct scratch_folder {
	char path[64];
};

void scratch_folder_init(struct scratch_folder *f);

/* With everything in it. */
void scratch_folder_release(struct scratch_folder *f);

/* <path>/run, opened; run_dir_free() it.  Ends the test if it cannot be. */
struct run_dir *scratch_folder_run_dir(const char *path);

#endif
