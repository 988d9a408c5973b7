#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOG_TAIL 2000

static bool
set_path(char out[SCRATCH_PATH], const char *folder, const char *name)
{
	int n = snprintf(out, SCRATCH_PATH, "%s/%s", folder, name);

	return n > 0 && n < SCRATCH_PATH;
}

enum rc
scratch_init(struct scratch *s, struct buf *why)
{
	/* NOLINTBEGIN(concurrency-mt-unsafe): one thread */
	const char *build = getenv("MCP_BUILD");
	const char *module = getenv("MCP_GOLDEN_MODULE");
	/* NOLINTEND(concurrency-mt-unsafe) */
	/* Short: the path of a unix socket has 107 bytes. */
	char folder[] = "/tmp/golden-XXXXXX";

	*s = (struct scratch){ .config = BUF_INIT(65536) };
	if (build == NULL || module == NULL) {
		buf_printf(why, "MCP_BUILD or MCP_GOLDEN_MODULE is not set");
		return RC_IO;
	}
	if (!set_path(s->program, build, "bin/mcp-request") ||
	    access(s->program, X_OK) != 0) {
		buf_printf(why, "%s was not built", s->program);
		return RC_NOTFOUND;
	}
	if (snprintf(s->module, SCRATCH_PATH, "%s", module) >= SCRATCH_PATH ||
	    mkdtemp(folder) == NULL || !set_path(s->folder, folder, "") ||
	    !set_path(s->socket, folder, "request.sock")) {
		buf_printf(why, "no scratch folder");
		return RC_IO;
	}
	return RC_OK;
}

enum rc
scratch_write(const char *path, struct slice text, struct buf *why)
{
	FILE *f = fopen(path, "wb");
	bool ok = f != NULL && fwrite(text.ptr, 1, text.len, f) == text.len;

	if (f != NULL && fclose(f) != 0)
		ok = false;
	if (!ok)
		buf_printf(why, "cannot write %s", path);
	return ok ? RC_OK : RC_IO;
}

/* ------------------------------------------------------------- programs */

/* In the child: nothing but async-signal-safe calls. */
static void
become(const char *log, char *const argv[], char *const env[])
{
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	int in = open("/dev/null", O_RDONLY);

	if (out >= 0 && in >= 0 && dup2(in, 0) == 0 && dup2(out, 1) == 1 &&
	    dup2(out, 2) == 2)
		(void)execve(argv[0], argv, env);
	_exit(127);
}

enum rc
scratch_start(struct scratch *s, char *const argv[], char *const env[],
    pid_t *pid, struct buf *why)
{
	char log[SCRATCH_PATH];

	if (!set_path(log, s->folder, "log"))
		return RC_IO;
	*pid = fork();
	if (*pid == 0)
		become(log, argv, env);
	if (*pid > 0)
		return RC_OK;
	*pid = 0;
	buf_printf(why, "cannot fork");
	return RC_IO;
}

bool
scratch_has_ended(pid_t *pid)
{
	if (*pid > 0 && waitpid(*pid, NULL, WNOHANG) == 0)
		return false;
	*pid = 0;
	return true;
}

void
scratch_stop(pid_t *pid)
{
	const struct timespec pause = { 0, 5000000 };

	if (*pid <= 0)
		return;
	(void)kill(*pid, SIGTERM);
	for (int i = 0; i < SCRATCH_WAIT_MS / 5; i++) {
		if (scratch_has_ended(pid))
			return;
		(void)nanosleep(&pause, NULL);
	}
	(void)kill(*pid, SIGKILL);
	(void)waitpid(*pid, NULL, 0);
	*pid = 0;
}

void
scratch_put_log(const struct scratch *s, struct buf *why)
{
	char path[SCRATCH_PATH];
	char bytes[LOG_TAIL];
	FILE *f = set_path(path, s->folder, "log") ? fopen(path, "rb") : NULL;
	size_t n;

	if (f == NULL)
		return;
	if (fseek(f, -LOG_TAIL, SEEK_END) != 0)
		(void)fseek(f, 0, SEEK_SET);
	n = fread(bytes, 1, sizeof(bytes), f);
	buf_printf(why, "\n%.*s", (int)n, bytes);
	(void)fclose(f);
}

/* --------------------------------------------------------------- server */

static enum rc
write_config(struct scratch *s, const char *path, struct buf *why)
{
	struct buf text = BUF_INIT(65536);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *trace = getenv("MCP_TRACE");
	enum rc rc;

	if (trace != NULL)
		buf_printf(&text, "[server]\ntrace = %s\n", trace);
	/* A section may be opened again further down. */
	buf_printf(&text,
	    "[server]\nstate = %sstate\nworkers = 2\n"
	    "[store]\nurl = sqlite://%ssessions.db\n"
	    "[catalog]\nmodules = %s\n%.*s",
	    s->folder, s->folder, s->module, SLICE_FMT(buf_slice(&s->config)));
	rc = buf_finish(&text);
	if (rc == RC_OK)
		rc = scratch_write(path, buf_slice(&text), why);
	buf_release(&text);
	return rc;
}

static enum rc
start_server(struct scratch *s, struct buf *why)
{
	char option_c[] = "-c";
	char option_s[] = "-s";
	char path[SCRATCH_PATH];
	char *argv[] = { s->program, option_c, path, option_s, s->socket,
		NULL };
	/* Sanitizers hear nothing from the environment but this. */
	char leaks[] = "LSAN_OPTIONS=exitcode=23";
	char *env[] = { leaks, NULL };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	enum rc rc;

	if (!set_path(path, s->folder, "mcp-fcgi.conf") ||
	    strlen(s->socket) >= sizeof(to.sun_path))
		return RC_IO;
	memcpy(to.sun_path, s->socket, strlen(s->socket) + 1);
	rc = write_config(s, path, why);
	if (rc == RC_OK)
		rc = scratch_start(s, argv, env, &s->server, why);
	if (rc == RC_OK)
		rc = wire_wait(
		    (const struct sockaddr *)&to, sizeof(to), &s->server);
	if (rc != RC_OK) {
		buf_printf(why, "mcp-request does not serve");
		scratch_put_log(s, why);
	}
	return rc;
}

enum rc
scratch_serve(struct scratch *s, const struct script *script, struct buf *why)
{
	struct slice config = script->config_text;

	if (s->server != 0 && slice_eq(config, buf_slice(&s->config)))
		return RC_OK;
	scratch_stop(&s->server);
	buf_reset(&s->config);
	buf_put_slice(&s->config, config);
	if (buf_finish(&s->config) != RC_OK)
		return RC_NOMEM;
	return start_server(s, why);
}

/* The files of one folder, and the folder. */
static void
remove_files(const char *folder)
{
	DIR *d = opendir(folder);
	const struct dirent *e;
	char path[SCRATCH_PATH];

	if (d == NULL)
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] != '.' && set_path(path, folder, e->d_name))
			(void)unlink(path);
	}
	(void)closedir(d);
	(void)rmdir(folder);
}

/* Read what the programs wrote, for words that only sanitizers use. */
static bool
log_is_clean(const struct scratch *s)
{
	char path[SCRATCH_PATH];
	char line[1024];
	bool clean = true;
	FILE *f = set_path(path, s->folder, "log") ? fopen(path, "r") : NULL;

	if (f == NULL)
		return true;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strstr(line, "Sanitizer") != NULL ||
		    strstr(line, "runtime error:") != NULL)
			clean = false;
		if (!clean)
			(void)fputs(line, stderr);
	}
	(void)fclose(f);
	return clean;
}

bool
scratch_release(struct scratch *s)
{
	char state[SCRATCH_PATH];
	char tools[SCRATCH_PATH];
	bool clean;

	scratch_stop(&s->server);
	buf_release(&s->config);
	if (s->folder[0] == '\0')
		return true;
	clean = log_is_clean(s);
	if (set_path(state, s->folder, "state") &&
	    set_path(tools, state, "tools")) {
		remove_files(tools);
		remove_files(state);
	}
	remove_files(s->folder);
	return clean;
}
