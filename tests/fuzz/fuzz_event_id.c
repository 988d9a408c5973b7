/* What parses is printed back byte for byte. */
#include "event_id.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice in = { (const char *)data, size };
	struct buf out = BUF_INIT(64);
	struct event_id id;

	if (event_id_read(in, &id) == RC_OK) {
		event_id_put(&out, &id);
		law(id.stream >= 1 && id.seq >= 0);
		law(slice_eq(in, buf_slice(&out)));
	}
	buf_release(&out);
	return 0;
}
