#include "finding.h"

#include <stdarg.h>
#include <stdio.h>

#define SENTENCE_MAX 512

size_t
finding_line(struct slice text, size_t offset)
{
	size_t line = 1;

	for (size_t i = 0; i < text.len && i < offset; i++)
		line += text.ptr[i] == '\n';
	return line;
}

/* Text from a file must not forge a second finding, or move a terminal. */
static void
put_printable(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c == 0x7f)
			buf_put_char(out, '?');
		else
			buf_put_char(out, *s);
	}
}

void
finding_put_at(struct findings *f, size_t offset, const char *sentence)
{
	buf_put_u64(f->out, finding_line(f->text, offset));
	buf_put(f->out, ": ", 2);
	put_printable(f->out, sentence);
	buf_put_char(f->out, '\n');
	f->n++;
}

void
finding_put(struct findings *f, const struct json *at, const char *fmt, ...)
{
	char sentence[SENTENCE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	finding_put_at(
	    f, at == NULL ? 0 : (size_t)(at->raw.ptr - f->text.ptr), sentence);
}
