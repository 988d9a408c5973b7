#include "media_type.h"

/* By the bytes of the endings.  Registered names (IANA) where there are any,
 * else what web servers commonly say. */
static const struct {
	const char *ending;
	const char *type;
} types[] = {
	{ "7z", "application/x-7z-compressed" },
	{ "aac", "audio/aac" },
	{ "apng", "image/apng" },
	{ "asc", "text/plain" },
	{ "avi", "video/x-msvideo" },
	{ "avif", "image/avif" },
	{ "bash", "text/x-shellscript" },
	{ "bmp", "image/bmp" },
	{ "bz2", "application/x-bzip2" },
	{ "c", "text/x-c" },
	{ "cc", "text/x-c++" },
	{ "conf", "text/plain" },
	{ "cpp", "text/x-c++" },
	{ "cs", "text/x-csharp" },
	{ "css", "text/css" },
	{ "csv", "text/csv" },
	{ "diff", "text/x-diff" },
	{ "doc", "application/msword" },
	{ "docx",
	    "application/vnd.openxmlformats-officedocument.wordprocessingml"
	    ".document" },
	{ "eml", "message/rfc822" },
	{ "epub", "application/epub+zip" },
	{ "flac", "audio/flac" },
	{ "gif", "image/gif" },
	{ "go", "text/x-go" },
	{ "gz", "application/gzip" },
	{ "h", "text/x-c" },
	{ "hpp", "text/x-c++" },
	{ "htm", "text/html" },
	{ "html", "text/html" },
	{ "ico", "image/vnd.microsoft.icon" },
	{ "ics", "text/calendar" },
	{ "ini", "text/plain" },
	{ "java", "text/x-java" },
	{ "jpeg", "image/jpeg" },
	{ "jpg", "image/jpeg" },
	{ "js", "text/javascript" },
	{ "json", "application/json" },
	{ "jsonl", "application/jsonl" },
	{ "jsonld", "application/ld+json" },
	{ "kt", "text/x-kotlin" },
	{ "log", "text/plain" },
	{ "lua", "text/x-lua" },
	{ "m4a", "audio/mp4" },
	{ "markdown", "text/markdown" },
	{ "md", "text/markdown" },
	{ "mid", "audio/midi" },
	{ "mjs", "text/javascript" },
	{ "mkv", "video/matroska" },
	{ "mov", "video/quicktime" },
	{ "mp3", "audio/mpeg" },
	{ "mp4", "video/mp4" },
	{ "mpeg", "video/mpeg" },
	{ "odp", "application/vnd.oasis.opendocument.presentation" },
	{ "ods", "application/vnd.oasis.opendocument.spreadsheet" },
	{ "odt", "application/vnd.oasis.opendocument.text" },
	{ "oga", "audio/ogg" },
	{ "ogg", "audio/ogg" },
	{ "ogv", "video/ogg" },
	{ "opus", "audio/ogg" },
	{ "patch", "text/x-diff" },
	{ "pdf", "application/pdf" },
	{ "php", "text/x-php" },
	{ "pl", "text/x-perl" },
	{ "png", "image/png" },
	{ "ppt", "application/vnd.ms-powerpoint" },
	{ "pptx",
	    "application/vnd.openxmlformats-officedocument.presentationml"
	    ".presentation" },
	{ "py", "text/x-python" },
	{ "rb", "text/x-ruby" },
	{ "rs", "text/x-rust" },
	{ "rst", "text/x-rst" },
	{ "rtf", "application/rtf" },
	{ "sh", "text/x-shellscript" },
	{ "sql", "application/sql" },
	{ "svg", "image/svg+xml" },
	{ "swift", "text/x-swift" },
	{ "tar", "application/x-tar" },
	{ "tex", "text/x-tex" },
	{ "text", "text/plain" },
	{ "tif", "image/tiff" },
	{ "tiff", "image/tiff" },
	{ "toml", "application/toml" },
	{ "ts", "text/x-typescript" },
	{ "tsv", "text/tab-separated-values" },
	{ "txt", "text/plain" },
	{ "vcf", "text/vcard" },
	{ "vtt", "text/vtt" },
	{ "wasm", "application/wasm" },
	{ "wav", "audio/wav" },
	{ "weba", "audio/webm" },
	{ "webm", "video/webm" },
	{ "webp", "image/webp" },
	{ "woff", "font/woff" },
	{ "woff2", "font/woff2" },
	{ "xhtml", "application/xhtml+xml" },
	{ "xls", "application/vnd.ms-excel" },
	{ "xlsx",
	    "application/vnd.openxmlformats-officedocument.spreadsheetml"
	    ".sheet" },
	{ "xml", "application/xml" },
	{ "xz", "application/x-xz" },
	{ "yaml", "application/yaml" },
	{ "yml", "application/yaml" },
	{ "zip", "application/zip" },
	{ "zst", "application/zstd" },
};

/* No ending is longer. */
#define ENDING_MAX 8

/* What stands behind the last dot, in small letters; empty: nothing that
 * could be in the table. */
static struct slice
ending(struct slice name, char room[ENDING_MAX])
{
	size_t n = 0;

	while (n < name.len && n <= ENDING_MAX &&
	    name.ptr[name.len - n - 1] != '.')
		n++;
	if (n > ENDING_MAX || n == name.len)
		return SLICE("");
	for (size_t i = 0; i < n; i++) {
		char c = name.ptr[name.len - n + i];

		room[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	return (struct slice){ room, n };
}

struct slice
media_type_of(struct slice name)
{
	char room[ENDING_MAX];
	struct slice want = ending(name, room);
	size_t low = 0, high = sizeof(types) / sizeof(*types);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = slice_cmp(slice_of(types[middle].ending), want);

		if (order == 0)
			return slice_of(types[middle].type);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return SLICE_NONE;
}
