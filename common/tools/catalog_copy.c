#include "catalog_copy.h"

#include <fcntl.h>
#include <unistd.h>

#include "catalog_files.h"
#include "definition.h"

static int
open_state(const char *state)
{
	if (state == NULL)
		return -1;
	return open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool
copy_write(const char *state, const char *name, struct slice text)
{
	struct buf old = BUF_INIT(DEFINITION_MAX);
	int folder = open_state(state);
	bool is_kept;

	if (folder < 0)
		return state == NULL;
	/* Each process of the host comes here; one of them writes. */
	is_kept = (files_read(folder, name, &old) == RC_OK &&
		      slice_eq(buf_slice(&old), text)) ||
	    files_write(folder, name, text) == RC_OK;
	buf_release(&old);
	(void)close(folder);
	return is_kept;
}

bool
copy_read(const char *state, const char *name, struct buf *out)
{
	int folder = open_state(state);
	bool is_there;

	if (folder < 0)
		return false;
	is_there = files_read(folder, name, out) == RC_OK;
	(void)close(folder);
	return is_there;
}

void
copy_remove(const char *state, const char *name)
{
	int folder = open_state(state);

	if (folder < 0)
		return;
	(void)unlinkat(folder, name, 0);
	(void)close(folder);
}

void
copy_sweep(
    const char *state, bool (*is_wanted)(void *, const char *name), void *ctx)
{
	struct file_names copies;
	int folder = open_state(state);

	if (folder < 0)
		return;
	if (files_list(folder, &copies) == RC_OK) {
		for (size_t i = 0; i < copies.n; i++)
			if (!is_wanted(ctx, copies.name[i]))
				(void)unlinkat(folder, copies.name[i], 0);
		file_names_release(&copies);
	}
	(void)close(folder);
}
