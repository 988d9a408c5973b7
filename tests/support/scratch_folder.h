#ifndef MCP_SCRATCH_FOLDER_H
#define MCP_SCRATCH_FOLDER_H

/* A folder for one test. */
struct scratch_folder {
	char path[64];
};

void scratch_folder_init(struct scratch_folder *f);

/* With everything in it. */
void scratch_folder_release(struct scratch_folder *f);

#endif
