/*
 * What ours is compared with: a prefork libfcgi program that reads every
 * request to its end, answers with the bytes of a file, and does no work.
 * It follows the same good practice: as many workers as told, a blocking
 * accept, one write, and an end that does not wait for the peer.
 *
 *     bench_bare SOCKET WORKERS FILE
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcgiapp.h>

#define BACKLOG 1024
#define WORKERS_MAX 64
#define ANSWER_MAX 65536

struct answer {
	char bytes[ANSWER_MAX];
	int len;
};

static bool
answer_read(struct answer *a, const char *file)
{
	FILE *f = fopen(file, "re");

	if (f == NULL)
		return false;
	a->len = (int)fread(a->bytes, 1, sizeof(a->bytes), f);
	(void)fclose(f);
	return a->len > 0;
}

static void
serve(int listening, const struct answer *a)
{
	FCGX_Request request;
	char waste[16384];

	if (FCGX_Init() != 0 || FCGX_InitRequest(&request, listening, 0) != 0)
		return;
	while (FCGX_Accept_r(&request) == 0) {
		while (FCGX_GetStr(waste, sizeof(waste), request.in) ==
		    (int)sizeof(waste))
			continue;
		(void)FCGX_PutStr(a->bytes, a->len, request.out);
		FCGX_Detach(&request);
		FCGX_Finish_r(&request);
	}
}

static int
run(int listening, int workers, const struct answer *a)
{
	pid_t child[WORKERS_MAX];
	sigset_t stop;
	int got;

	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTERM);
	(void)sigaddset(&stop, SIGINT);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	(void)sigprocmask(SIG_BLOCK, &stop, NULL);
	for (int i = 0; i < workers; i++) {
		child[i] = fork();
		if (child[i] == 0) {
			serve(listening, a);
			_exit(EXIT_FAILURE);
		}
	}
	(void)sigwait(&stop, &got);
	for (int i = 0; i < workers; i++) {
		if (child[i] > 0)
			(void)kill(child[i], SIGKILL);
	}
	while (wait(NULL) > 0)
		continue;
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	static struct answer answer;
	int workers = argc == 4 ? (int)strtol(argv[2], NULL, 10) : 0;
	int listening;

	if (workers < 1 || workers > WORKERS_MAX) {
		(void)fputs("usage: bench_bare SOCKET WORKERS FILE\n", stderr);
		return 2;
	}
	if (!answer_read(&answer, argv[3])) {
		perror(argv[3]);
		return EXIT_FAILURE;
	}
	listening = FCGX_OpenSocket(argv[1], BACKLOG);
	if (listening < 0)
		return EXIT_FAILURE;
	return run(listening, workers, &answer);
}
